//! Parts beside the objectives, and the answer.

use super::super::super::faults::FaultSeen;
use super::super::super::releases::{Compared, Figure, Release, Releases};
use super::super::answer::Answer;
use super::*;

pub(super) fn releases(name: &str) -> Releases {
    let release = |name: &str| Release {
        name: name.to_owned(),
        since: "2026-11-20T09:00:00Z".parse().unwrap(),
        until: "2026-11-22T12:00:00Z".parse().unwrap(),
    };
    let row = |figure, current, verdict, sentence: &str| Compared {
        figure,
        objective: None,
        current,
        earlier: vec![Some(0.142), None],
        p_value: Some(0.000_2),
        shift: Some(0.5),
        verdict,
        sentence: sentence.to_owned(),
    };
    Releases {
        current: release(name),
        earlier: vec![release("1.3.0"), release(name)],
        rows: vec![
            row(
                Figure::P50,
                Some(0.012),
                Verdict::Pass,
                "P50 12 ms, no worse.",
            ),
            row(
                Figure::P99,
                Some(0.214),
                Verdict::Fail,
                "P99 214 ms, was 142 ms in 1.3.0: 51 % slower, not chance (p 0.0002).",
            ),
            row(
                Figure::Saturation,
                None,
                Verdict::Inconclusive,
                "Saturation is not known.",
            ),
        ],
        is_first: false,
    }
}

pub(super) fn faults(name: &str) -> Vec<FaultSeen> {
    let fault = |fault: &str, target: &str, from: &str, until: &str| FaultSeen {
        fault: fault.to_owned(),
        target: target.to_owned(),
        experiment: name.to_owned(),
        stage: "full".to_owned(),
        from: from.parse().unwrap(),
        until: until.parse().unwrap(),
    };
    vec![
        fault(
            "latency",
            "redis",
            "2026-11-22T11:20:00Z",
            "2026-11-22T11:32:15Z",
        ),
        fault(name, "", "2026-11-22T11:58:00Z", "2026-11-22T12:00:00Z"),
    ]
}

#[test]
fn what_was_broken_on_purpose_is_in_every_form_and_decides_nothing() {
    let without = passing();
    let report = Report {
        faults: faults("redis-slow"),
        ..passing()
    };
    assert_eq!(report.outcome(), without.outcome());
    let text = terminal(&report, Style::Plain);
    assert!(text.lines().all(|line| line.width() <= 80), "{text}");
    insta::assert_snapshot!("terminal_faults", text);
    insta::assert_snapshot!("markdown_faults", markdown(&report));
    let page = html(&report, &History::default());
    assert!(page.contains("<section id=\"faults-in-this-window\">"));
    // The words of a report without faults are as they were.
    assert!(!without.json().contains("faults"));
    let json: serde_json::Value = serde_json::from_str(&report.json()).unwrap();
    assert_eq!(json["faults"][0]["until"], "2026-11-22T11:32:15Z");
    let again: Report = serde_json::from_str(&report.json()).unwrap();
    assert_eq!(again, report);
}

fn compared() -> Report {
    let mut report = passing();
    report.releases = Some(releases("1.4.0"));
    report.remarks = vec!["The freeze is lifted by A. Turing: a fix must go out.".to_owned()];
    report.verdict = Verdict::Fail;
    report.exit_code = 1;
    report
}

#[test]
fn releases_and_remarks_are_in_every_form() {
    let report = compared();
    let text = terminal(&report, Style::Plain);
    assert!(text.lines().all(|line| line.width() <= 80), "{text}");
    insta::assert_snapshot!("terminal_releases", text);
    insta::assert_snapshot!("markdown_releases", markdown(&report));
    let page = html(&report, &History::default());
    assert!(
        page.contains("alt=\"P99: P99 214 ms, was 142 ms"),
        "{page:.4000}"
    );
    assert!(junit(&report).contains("name=\"release\""));
    let answer = Answer::new(&report, None);
    let expected = "Release 1.4.0 must not ship: see “Beside earlier releases”.";
    assert_eq!((answer.sentence.as_str(), answer.why.len()), (expected, 1));
    assert_eq!(answer.next, ["See what changed since 1.3.0."]);
}

#[test]
fn a_terminal_has_eighty_columns_whatever_the_names_are() {
    let mut report = compared();
    let long = "名前-a-very-long-name-".repeat(20);
    report.releases = Some(releases(&long));
    report.release = Some(long.clone());
    report.prometheus = long.clone();
    report.objectives[0].name = long.clone();
    report.remarks = vec!["x".repeat(3_000)];
    let text = terminal(&report, Style::Plain);
    assert!(text.lines().all(|line| line.width() <= 80), "{text}");
}

#[test]
fn colours_change_nothing_but_colour() {
    let report = compared();
    let painted = terminal(&report, Style::Colour);
    assert!(painted.contains("\x1b[31mfail"), "{painted}");
    let mut plain = painted;
    for code in ["\x1b[31m", "\x1b[32m", "\x1b[33m", "\x1b[35m", "\x1b[0m"] {
        plain = plain.replace(code, "");
    }
    assert_eq!(plain, terminal(&report, Style::Plain));
}

#[test]
fn equal_reasons_are_told_once_and_misses_first() {
    let unreachable = Reason::SourceUnreachable {
        message: "http://127.0.0.1:9090 cannot be reached".to_owned(),
    };
    let missed = Reason::Missed {
        error_ratio: 0.01,
        allowed_ratio: 0.0005,
        total: 12_345.0,
    };
    let mut all: Vec<Judged> = (0..200)
        .map(|index| unknown(&format!("o{index}"), vec![unreachable.clone()]))
        .collect();
    all.push(judged("last", Verdict::Fail, 123.0, vec![missed]));
    let report = report(all);
    let answer = Answer::new(&report, None);
    let codes: Vec<&str> = answer.why.iter().filter_map(|why| why.code).collect();
    assert_eq!(codes, ["missed", "source_unreachable"]);
    assert_eq!(answer.why[1].subjects(&report), "o0, o1, o2 and 197 more");
}

#[test]
fn the_largest_number_of_events_is_asked_for_once() {
    let few = |name: &str, seen: f64| {
        let needed = 3_407;
        unknown(
            name,
            vec![Reason::TooFewEvents {
                seen,
                needed,
                unit: Unit::Events,
            }],
        )
    };
    let report = report(vec![few("a", 3_000.0), few("b", 412.0)]);
    let answer = Answer::new(&report, None);
    assert_eq!(answer.next, ["Send 2,995 more requests, then judge again."]);
}

#[test]
fn a_report_without_known_reasons_still_says_what_next() {
    let mut report = passing();
    report.verdict = Verdict::Fail;
    let answer = Answer::new(&report, None);
    assert_eq!(
        answer.sentence,
        "Release 1.4.0 must not ship: see the reasons."
    );
    assert_eq!(answer.next.len(), 1);
    report.verdict = Verdict::Inconclusive;
    report.exit_code = 0;
    assert!(markdown(&report).contains("Advisory: it is only reported"));
}
