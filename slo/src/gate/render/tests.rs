use std::path::PathBuf;
use std::time::Duration;

use unicode_width::UnicodeWidthStr as _;

use super::super::decide::{Decision, PeriodFigures};
use super::super::evidence::{Counts, Terms, Unit};
use super::super::history::History;
use super::super::reason::{Reason, Which};
use super::super::report::{REPORT_SCHEMA, Seen, Severity, Verdict};
use super::*;
use crate::budget::Events;
use crate::objective::{Counted, Indicator, Method, Objective, Ratio};
use crate::query::Query;
use crate::statistics::Bound;

fn objective(name: &str) -> Objective {
    let query = |text: &str| Query::parse(text, Some(true)).unwrap();
    Objective {
        name: name.to_owned(),
        display_name: name.to_owned(),
        description: String::new(),
        service: "proofmark".to_owned(),
        target: 0.9995,
        window: Duration::from_secs(7 * 86_400),
        window_text: "7d".to_owned(),
        calendar: None,
        method: Method::Occurrences,
        indicator: Indicator::Ratio(Ratio {
            counted: Counted::Bad(query("bad")),
            total: query("total"),
        }),
        source: None,
        file: PathBuf::from("a.yaml"),
        line: 1,
    }
}

fn terms() -> Terms {
    Terms {
        target: 0.9995,
        counts: Counts::Bad,
        events_min: 1_000,
        window: Duration::from_secs(3_600),
        unit: Unit::Events,
        bound: Bound::default(),
        is_budget_left_to_policy: false,
    }
}

fn judged(name: &str, verdict: Verdict, bad: f64, reasons: Vec<Reason>) -> Judged {
    let events = Some(Events {
        total: 12_345.0,
        bad,
    });
    let week = Events {
        total: 1e6,
        bad: 100.0,
    };
    let period = Some(PeriodFigures {
        events: week,
        is_complete: true,
    });
    let decision = Decision {
        verdict,
        reasons,
        events,
        period,
    };
    Judged::new(
        &objective(name),
        &terms(),
        decision,
        Seen {
            observed_seconds: Some(3_600.0),
            has_up: Some(true),
        },
    )
}

fn unknown(name: &str, reasons: Vec<Reason>) -> Judged {
    let verdict = Verdict::Inconclusive;
    let decision = Decision {
        verdict,
        reasons,
        events: None,
        period: None,
    };
    Judged::new(&objective(name), &terms(), decision, Seen::default())
}

fn report(objectives: Vec<Judged>) -> Report {
    let verdict = Report::worst(&objectives);
    Report {
        schema: REPORT_SCHEMA.to_owned(),
        verdict,
        exit_code: verdict.outcome().exit_code(),
        severity: Severity::Usual,
        release: Some("1.4.0".to_owned()),
        prometheus: "http://127.0.0.1:9090".to_owned(),
        at: Some("2026-11-22T12:00:00Z".parse().unwrap()),
        window: "1h".to_owned(),
        matchers: Vec::new(),
        min_events: 1_000,
        tool: "proofmark 0.1.0".to_owned(),
        reasons: Vec::new(),
        remarks: Vec::new(),
        objectives,
        releases: None,
        policy: None,
        faults: Vec::new(),
    }
}

fn passing() -> Report {
    report(vec![
        judged("availability", Verdict::Pass, 1.0, Vec::new()),
        judged("latency", Verdict::Pass, 0.0, Vec::new()),
    ])
}

fn failing() -> Report {
    let missed = Reason::Missed {
        error_ratio: 0.01,
        allowed_ratio: 0.0005,
        total: 12_345.0,
    };
    let down = Reason::TargetDown {
        target: "proofmark/127.0.0.1:8081".to_owned(),
        detail: "failed 12 of 240 scrapes in the window".to_owned(),
    };
    report(vec![
        judged("availability", Verdict::Fail, 123.45, vec![missed, down]),
        judged("latency", Verdict::Pass, 0.0, Vec::new()),
    ])
}

/// Faults of others' tests.
pub(in super::super) fn sample_faults() -> Vec<super::super::faults::FaultSeen> {
    parts::faults("redis-slow")
}

/// Reports of others' tests.
pub(in super::super) fn sample_report() -> Report {
    failing()
}

pub(in super::super) fn sample_releases() -> super::super::releases::Releases {
    parts::releases("1.4.0")
}

fn inconclusive() -> Report {
    let few = Reason::TooFewEvents {
        seen: 412.0,
        needed: 1_000,
        unit: Unit::Events,
    };
    let mut short = judged("availability", Verdict::Inconclusive, 0.0, vec![few]);
    short.total_events = Some(412.0);
    short.observed_seconds = Some(600.0);
    short.has_up = Some(false);
    if let Some(period) = &mut short.period {
        period.is_complete = false;
    }
    let mut report = report(vec![
        short,
        unknown(
            "a-latency-with-a-name-that-is-long",
            vec![Reason::NoData { query: Which::Good }],
        ),
    ]);
    report.matchers = vec!["instance=\"a|b\"".to_owned()];
    report
}

#[test]
fn text_for_a_terminal() {
    for (name, report) in [
        ("pass", passing()),
        ("fail", failing()),
        ("inconclusive", inconclusive()),
    ] {
        let text = terminal(&report, Style::Plain);
        for line in text.lines() {
            assert!(line.width() <= 80, "{line}");
        }
        assert!(text.ends_with(&format!("\nverdict: {name}\n")), "{text}");
        insta::assert_snapshot!(format!("terminal_{name}"), text);
    }
}

#[test]
fn markdown_for_a_comment() {
    for (name, report) in [
        ("pass", passing()),
        ("fail", failing()),
        ("inconclusive", inconclusive()),
    ] {
        insta::assert_snapshot!(format!("markdown_{name}"), markdown(&report));
    }
}

#[test]
fn junit_for_a_pipeline() {
    for (name, report) in [
        ("pass", passing()),
        ("fail", failing()),
        ("inconclusive", inconclusive()),
    ] {
        insta::assert_snapshot!(format!("junit_{name}"), junit(&report));
    }
}

#[test]
fn json_for_programs_can_be_read_back() {
    for (name, report) in [
        ("pass", passing()),
        ("fail", failing()),
        ("inconclusive", inconclusive()),
    ] {
        let text = report.json();
        assert_eq!(
            serde_json::from_str::<Report>(&text).unwrap(),
            report,
            "{text}"
        );
        insta::assert_snapshot!(format!("json_{name}"), text);
    }
}

#[test]
fn no_figure_breaks_its_column() {
    for number in [0.0, 999.9, 9_999_999.0, 12_345_678.0, 1e10, 1e13, 1e300] {
        assert!(events(Some(number)).width() <= 9, "{number}");
    }
    for left in [
        1.0,
        0.999_9,
        0.001,
        0.0,
        -0.001,
        -9.0,
        -1e9,
        f64::NEG_INFINITY,
    ] {
        assert!(
            budget(Some(left)).width() <= 8,
            "{left}: {}",
            budget(Some(left))
        );
    }
    assert_eq!(
        [1.0, 0.9999, -0.001].map(|left| budget(Some(left))),
        ["100 %", "99 %", "-1 %"]
    );
}

#[test]
fn what_a_server_says_cannot_steer_a_terminal_or_a_page() {
    let message = "\x1b]0;evil\x07 <script>|".to_owned();
    let report = report(vec![unknown(
        "a",
        vec![Reason::Partial {
            message: crate::text::shown(&message),
        }],
    )]);
    let text = terminal(&report, Style::Plain);
    assert!(!text.contains('\x1b') && !junit(&report).contains("<script>"));
    assert!(!markdown(&report).contains("<script>"));
}

mod large;
mod page;
mod parts;
