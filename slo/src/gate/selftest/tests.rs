use std::path::Path;

use super::*;
use crate::objective::{Counted, Indicator, Method, Operator, Ratio, Raw, Threshold};
use crate::query::Query;

fn bundled() -> Vec<Objective> {
    crate::load(&[Path::new(env!("CARGO_MANIFEST_DIR")).join("objectives")]).unwrap()
}

/// One objective of every kind.
fn every_kind() -> Vec<Objective> {
    let base = bundled().remove(0);
    let of = |name: &str, method: Method, indicator: Indicator| Objective {
        name: name.to_owned(),
        target: 0.99,
        method,
        indicator,
        ..base.clone()
    };
    let counter = |text: &str| Query::parse(text, Some(true)).unwrap();
    let ratio = Indicator::Ratio(Ratio {
        counted: Counted::Good(counter("good_total")),
        total: counter("all_total"),
    });
    let shown = |text: &str| counter("x").with_text(text.to_owned());
    let raw = Indicator::Raw(Raw {
        share: Counted::Good(shown("recorded:ratio")),
    });
    let threshold = Indicator::Threshold(Threshold {
        query: shown("queue_depth"),
        operator: Operator::AtMost,
        value: 5.0,
    });
    let slice = Duration::from_secs(300);
    let slices = Method::Timeslices { slice, target: 0.9 };
    vec![
        of("good", Method::Occurrences, ratio.clone()),
        of("slices", slices, ratio.clone()),
        of("averaged", Method::RatioTimeslices { slice }, ratio),
        of("raw", Method::Occurrences, raw.clone()),
        of("raw-slices", slices, raw),
        of("threshold", Method::Occurrences, threshold.clone()),
        of("threshold-slices", slices, threshold),
    ]
}

#[tokio::test]
async fn every_kind_of_objective_blocks_and_passes_nothing_unknown() {
    let mut columns = Vec::new();
    for objective in bundled().iter().chain(&every_kind()) {
        columns.push(column(objective).await.unwrap());
    }
    let (text, outcome) = table::table(&columns);
    insta::assert_snapshot!(text);
    assert_eq!(outcome, Outcome::Held, "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 80));
}

#[tokio::test]
async fn an_objective_that_cannot_block_is_found() {
    // Both count the same events, so no event is ever bad.
    let mut objective = bundled().remove(0);
    let query = Query::parse("all_total", Some(true)).unwrap();
    objective.indicator = Indicator::Ratio(Ratio {
        counted: Counted::Good(query.clone()),
        total: query,
    });
    let (text, outcome) = table::table(&[column(&objective).await.unwrap()]);
    assert_eq!(outcome, Outcome::Missed, "{text}");
    assert!(text.contains("≠fail"), "{text}");
}

#[test]
fn an_objective_blocks_by_the_policy_too() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let objectives = bundled();
    let policy = crate::policy::read(&folder.join("gate.yaml"), &objectives).unwrap();
    for index in 0..objectives.len() {
        let cells = weighed::weighed(&policy, &objectives, index);
        assert!(cells.iter().all(|cell| cell.is_right()), "{cells:?}");
    }
}
