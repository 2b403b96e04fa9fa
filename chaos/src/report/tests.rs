use quick_xml::Reader;
use quick_xml::events::Event;

use super::*;
use crate::timeline::sample;

/// Names of others at their worst.
const HOSTILE: &str =
    "</style></title><script>alert(1)</script>\"'><img src=x onerror=a>&\u{202e}\u{1b}[31m|]]>";

/// Reads all of it: tags match, attributes are quoted, nothing but known entities.
fn elements(page: &str) -> Vec<String> {
    let mut reader = Reader::from_str(page);
    reader.config_mut().check_end_names = true;
    let (mut found, mut depth) = (Vec::new(), 0);
    loop {
        let event = reader
            .read_event()
            .unwrap_or_else(|error| panic!("{error}"));
        match &event {
            Event::Start(start) | Event::Empty(start) => {
                assert!(
                    start.attributes().all(|attribute| attribute.is_ok()),
                    "{start:?}"
                );
                found.push(String::from_utf8(start.name().as_ref().to_vec()).unwrap());
                depth += i32::from(matches!(event, Event::Start(_)));
            }
            Event::End(_) => depth -= 1,
            Event::Eof => break,
            _ => {}
        }
    }
    assert_eq!(depth, 0, "every element is closed");
    found
}

fn written(journal: &Journal) -> (String, String) {
    let folder = tempfile::tempdir().unwrap();
    write(journal, folder.path()).unwrap();
    let name = &journal.experiment.name;
    let read = |kind: &str| std::fs::read(folder.path().join(format!("{name}.{kind}"))).unwrap();
    assert_eq!(&read("timeline.png")[1..4], b"PNG");
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().count(),
        3,
        "no partial file"
    );
    let text = |kind: &str| String::from_utf8(read(kind)).unwrap();
    let (page, markdown) = (text("html"), text("md"));
    if let Some(folder) = std::env::var_os("TIMELINE_PICTURES") {
        let file = format!("{name}-{}.html", journal.outcome);
        std::fs::write(Path::new(&folder).join(file), &page).unwrap();
    }
    (page, markdown)
}

#[test]
fn the_summary_of_an_experiment_that_held() {
    insta::assert_snapshot!(written(&sample::held()).1);
}

#[test]
fn the_summary_of_an_experiment_that_proved_nothing() {
    insta::assert_snapshot!(written(&sample::unfelt()).1);
}

#[test]
fn the_page_is_well_formed_and_has_every_part() {
    let (page, _) = written(&sample::held());
    let elements = elements(&page);
    let count = |name: &str| elements.iter().filter(|one| *one == name).count();
    for once in ["html", "head", "title", "body", "main", "h1", "img"] {
        assert_eq!(count(once), 1, "{once}");
    }
    for part in [
        "Stages",
        "Faults",
        "Probes",
        "What users noticed",
        "Rollback",
    ] {
        assert!(page.contains(&format!("<h2>{part}</h2>")), "{part}");
    }
    assert!(page.contains("<body class=\"held\">"));
}

#[test]
fn names_of_others_stay_text() {
    let (page, markdown) = written(&sample::crowded(HOSTILE));
    let elements = elements(&page);
    assert!(elements.iter().all(|name| name != "script"), "{elements:?}");
    assert_eq!(elements.iter().filter(|name| *name == "img").count(), 1);
    for text in [&page, &markdown] {
        assert!(!text.contains("<script"));
        let hidden = |one: char| one == '\u{202e}' || one.is_control() && one != '\n';
        assert!(!text.contains(hidden));
    }
    assert!(page.contains("LEFT BEHIND") && markdown.contains("LEFT BEHIND"));
}

#[test]
fn what_cannot_be_drawn_is_told_all_the_same() {
    let mut journal = sample::held();
    journal.samples[0].points[0].0 = f64::NAN;
    let folder = tempfile::tempdir().unwrap();
    let failure = write(&journal, folder.path()).unwrap_err();
    assert!(
        failure.to_string().contains("point 0 of p95-seconds"),
        "{failure}"
    );
    let page = std::fs::read_to_string(folder.path().join("redis-slow.html")).unwrap();
    assert!(page.contains("It could not be drawn.") && !page.contains("NaN"));
}

#[test]
fn a_name_leads_to_no_other_folder() {
    for name in ["../redis", "", ".hidden", "a/b", "a\\b", "a\n"] {
        let mut journal = sample::held();
        name.clone_into(&mut journal.experiment.name);
        let folder = tempfile::tempdir().unwrap();
        assert!(write(&journal, folder.path()).is_err(), "{name:?}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let failure = write(&sample::held(), Path::new("/nowhere/at/all")).unwrap_err();
    assert!(
        failure
            .to_string()
            .contains("/nowhere/at/all/redis-slow.html"),
        "{failure}"
    );
}
