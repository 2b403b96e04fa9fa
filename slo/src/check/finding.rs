//! What can be said about one objective without asking anyone.

use super::part;
use crate::objective::{Counted, Indicator, Objective};
use crate::promql::{self, Catalog};
use crate::query::{Form, Query};

/// How much it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    /// The objective cannot work as it is.
    Wrong,
    /// A person should look at it.
    Note,
}

/// One thing that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) level: Level,
    /// Where, as `file:line`.
    pub(super) place: String,
    /// What of the objective it is about: `total`, `bad`.
    pub(super) part: &'static str,
    /// What it is, and what to do about it.
    pub(super) message: String,
}

/// The queries of an objective with what they are called; of a ratio the total first.
pub(super) fn parts(objective: &Objective) -> Vec<(&'static str, &Query)> {
    let counted = |counted: &Counted| match counted {
        Counted::Good(_) => "good",
        Counted::Bad(_) => "bad",
    };
    match &objective.indicator {
        Indicator::Ratio(ratio) => {
            vec![
                ("total", &ratio.total),
                (counted(&ratio.counted), ratio.counted.query()),
            ]
        }
        Indicator::Raw(raw) => vec![("raw", raw.share.query())],
        Indicator::Threshold(threshold) => vec![("threshold", &threshold.query)],
    }
}

/// Everything that is found in an objective, given the metrics that there are.
pub(super) fn findings(objective: &Objective, catalog: &Catalog) -> Vec<Finding> {
    let mut found = Vec::new();
    for (part, query) in parts(objective) {
        let text = match query.form() {
            Form::Expression => query.fill("5m"),
            _ => query.events("5m"),
        };
        let problems = promql::check(&text, catalog).err().unwrap_or_default();
        found.extend(problems.iter().map(|problem| Finding {
            level: Level::Wrong,
            place: objective.place_of(query),
            part,
            message: problem.to_string(),
        }));
        found.extend(part::all_buckets(query).map(|message| Finding {
            level: Level::Wrong,
            place: objective.place_of(query),
            part,
            message,
        }));
    }
    if let Indicator::Ratio(ratio) = &objective.indicator {
        let query = ratio.counted.query();
        found.extend(
            part::beyond(query, &ratio.total).map(|(level, message)| Finding {
                level,
                place: objective.place_of(query),
                part: parts(objective)[1].0,
                message,
            }),
        );
    }
    found
}
