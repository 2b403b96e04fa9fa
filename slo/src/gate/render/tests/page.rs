//! The page, read by a strict reader.

use quick_xml::Reader;
use quick_xml::events::Event;

use super::super::super::history::{BudgetLine, Dependency, Grid, Mark, Row, Span};
use super::*;

/// Names of others at their worst.
const HOSTILE: &str =
    "</style></title><script>alert(1)</script>\"'><img src=x onerror=a>&\u{0}\u{202e}\u{1b}[31m]]>";

/// Reads all of it: tags match, attributes are quoted and come once, nothing but known entities.
fn elements(page: &str) -> Vec<(String, Vec<(String, String)>)> {
    let mut reader = Reader::from_str(page);
    reader.config_mut().check_end_names = true;
    let mut found = Vec::new();
    let mut depth = 0;
    loop {
        let event = reader
            .read_event()
            .unwrap_or_else(|error| panic!("{error}: {page}"));
        match &event {
            Event::Start(start) | Event::Empty(start) => {
                let name = String::from_utf8(start.name().as_ref().to_vec()).unwrap();
                let attributes = start.attributes().map(|attribute| {
                    let attribute = attribute.unwrap_or_else(|error| panic!("{error}: {name}"));
                    let key = String::from_utf8(attribute.key.as_ref().to_vec()).unwrap();
                    let value = String::from_utf8(attribute.value.to_vec()).unwrap();
                    (key, value)
                });
                let attributes: Vec<_> = attributes.collect();
                found.push((name, attributes));
                depth += i32::from(matches!(event, Event::Start(_)));
            }
            Event::End(_) => depth -= 1,
            Event::GeneralRef(entity) => {
                let name = entity.decode().unwrap();
                assert!(
                    ["lt", "gt", "amp", "quot", "apos", "#39"].contains(&name.as_ref()),
                    "{name}"
                );
            }
            Event::Eof => break,
            _ => {}
        }
    }
    assert_eq!(depth, 0, "every element is closed");
    found
}

fn count_of(elements: &[(String, Vec<(String, String)>)], name: &str) -> usize {
    elements.iter().filter(|(found, _)| found == name).count()
}

/// A history of everything, each name as given.
fn history(name: &str) -> History {
    let points = |value: f64| (1..=10).map(|at| (f64::from(at) * 60.0, value)).collect();
    let rows = |value: f64| {
        let row = Row {
            name: name.to_owned(),
            detail: name.to_owned(),
            points: points(value),
        };
        Some(Grid {
            rows: vec![row],
            step_seconds: 60.0,
        })
    };
    History {
        from: 0.0,
        until: 600.0,
        routes: rows(0.25),
        buckets: rows(1.0),
        dependencies: vec![Dependency {
            name: name.to_owned(),
            now: points(0.3),
            week_before: points(0.1),
        }],
        budgets: vec![BudgetLine {
            objective: name.to_owned(),
            window: "7d".to_owned(),
            points: vec![(0.0, 1.0), (300.0, 0.5), (600.0, -19.0)],
        }],
        releases: vec![Mark {
            at: 120.0,
            text: name.to_owned(),
        }],
        faults: vec![Span {
            from: 200.0,
            until: 300.0,
            text: name.to_owned(),
        }],
        notes: vec![name.to_owned()],
    }
}

fn hostile() -> Report {
    let mut report = failing();
    report.release = Some(HOSTILE.to_owned());
    report.prometheus = HOSTILE.to_owned();
    report.matchers = vec![HOSTILE.to_owned()];
    report.tool = HOSTILE.to_owned();
    report.remarks = vec![HOSTILE.to_owned()];
    report.releases = Some(parts::releases(HOSTILE));
    report.faults = parts::faults(HOSTILE);
    for judged in &mut report.objectives {
        judged.name = HOSTILE.to_owned();
        judged.display_name = HOSTILE.to_owned();
        judged.service = HOSTILE.to_owned();
        for explained in &mut judged.reasons {
            explained.sentence = HOSTILE.to_owned();
        }
    }
    report
}

#[test]
fn the_page_is_well_formed_for_every_verdict() {
    for report in [passing(), failing(), inconclusive(), report(Vec::new())] {
        for history in [history("redis"), History::default()] {
            let page = html(&report, &history);
            let elements = elements(&page);
            assert!(page.starts_with("<!DOCTYPE html>\n<html lang=\"en\">"));
            for once in ["html", "head", "title", "body", "main", "h1"] {
                assert_eq!(count_of(&elements, once), 1, "{once}");
            }
        }
    }
}

#[test]
fn nothing_of_others_becomes_markup() {
    let page = html(&hostile(), &history(HOSTILE));
    let elements = elements(&page);
    assert_eq!(count_of(&elements, "script"), 0);
    assert_eq!(count_of(&elements, "style"), 1);
    let images: Vec<_> = elements.iter().filter(|(name, _)| name == "img").collect();
    assert!(images.len() >= 5, "{}", images.len());
    for (_, attributes) in images {
        let source = &attributes.iter().find(|(key, _)| key == "src").unwrap().1;
        assert!(
            source.starts_with("data:image/png;base64,iVBOR"),
            "{source:.40}"
        );
        assert!(attributes.iter().all(|(key, _)| !key.starts_with("on")));
        assert!(
            attributes
                .iter()
                .any(|(key, alt)| key == "alt" && !alt.is_empty())
        );
    }
    for forbidden in ['\u{0}', '\u{1b}', '\u{202e}'] {
        assert!(!page.contains(forbidden), "{forbidden:?}");
    }
}

#[test]
fn the_page_loads_nothing_and_runs_nothing() {
    let page = html(&failing(), &history("redis"));
    let elements = elements(&page);
    for (name, attributes) in &elements {
        assert!(
            !["script", "link", "iframe", "object", "form"].contains(&name.as_str()),
            "{name}"
        );
        for (key, value) in attributes {
            let is_local = value.starts_with('#') || value.starts_with("data:image/png;base64,");
            assert!(
                !["src", "href"].contains(&key.as_str()) || is_local,
                "{key}={value:.60}"
            );
        }
    }
    assert!(!include_str!("../html/page.css").contains("url("));
    assert!(page.contains("default-src 'none'"));
}

#[test]
fn anchors_are_unique_and_every_link_has_one() {
    let alike = report(vec![
        judged("a b", Verdict::Pass, 0.0, Vec::new()),
        judged("a-b", Verdict::Pass, 0.0, Vec::new()),
        judged("é", Verdict::Pass, 0.0, Vec::new()),
        judged("", Verdict::Pass, 0.0, Vec::new()),
    ]);
    let elements = elements(&html(&alike, &history("redis")));
    let all = elements.iter().flat_map(|(_, attributes)| attributes);
    let of = |name: &str| {
        let values = all.clone().filter(move |(key, _)| key == name);
        values.map(|(_, value)| value.clone()).collect::<Vec<_>>()
    };
    let mut anchors = of("id");
    for link in of("href") {
        assert!(
            anchors.iter().any(|anchor| link == format!("#{anchor}")),
            "{link}"
        );
    }
    let count = anchors.len();
    anchors.sort();
    anchors.dedup();
    assert_eq!(anchors.len(), count);
}

/// The page without pictures and styles, as its reader sees it.
fn first_screen(page: &str) -> String {
    let from = page.find("<header>").unwrap();
    let until = page.find("</header>").unwrap();
    page[from..until].to_owned()
}

#[test]
fn the_first_screen_answers_what_next_and_why() {
    let quiet = History::default();
    insta::assert_snapshot!(
        "first_screen_fail",
        first_screen(&html(&failing(), &history("/v1/card.png")))
    );
    insta::assert_snapshot!(
        "first_screen_inconclusive",
        first_screen(&html(&inconclusive(), &quiet))
    );
    insta::assert_snapshot!("first_screen_pass", first_screen(&html(&passing(), &quiet)));
}

#[test]
fn the_title_says_the_verdict() {
    for (report, expected) in [
        (
            passing(),
            "<title>✓ pass: Release 1.4.0 may ship: both objectives hold.</title>",
        ),
        (
            failing(),
            "<title>✗ fail: Release 1.4.0 must not ship: 1 of 2 objectives is missed.</title>",
        ),
        (
            report(Vec::new()),
            "<title>? inconclusive: Nobody knows whether release 1.4.0 may ship: there is no \
             objective to judge it by.</title>",
        ),
    ] {
        let page = html(&report, &History::default());
        assert!(page.contains(expected), "{page:.900}");
    }
}

#[test]
fn xml_for_a_pipeline_is_well_formed_whatever_is_in_it() {
    let mut report = hostile();
    report.reasons = report.objectives[0].reasons.clone();
    let text = junit(&report);
    let elements = elements(&text);
    assert_eq!(
        count_of(&elements, "testcase"),
        3,
        "two objectives and the release"
    );
    assert!(
        text.chars().all(|one| !one.is_control() || one == '\n'),
        "{text}"
    );
}
