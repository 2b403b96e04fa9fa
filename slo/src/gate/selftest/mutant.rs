//! Objectives with one thing changed. A verdict that does not change with it rests on nothing.

use super::input::{Expected, Input};
use crate::objective::{Counted, Indicator, Objective, Operator, Ratio, Raw, Threshold};
use crate::query::Query;

/// What is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mutant {
    /// A quarter is promised, and half is bad.
    Target,
    /// Good is bad, and bad is good.
    Operator,
    /// The metrics have other names.
    Metric,
}

impl Mutant {
    pub(super) const ALL: &[Self] = &[Self::Target, Self::Operator, Self::Metric];

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Target => "target of 25 %",
            Self::Operator => "good for bad",
            Self::Metric => "metric renamed",
        }
    }

    /// The input with which it shows: the unchanged objective fails or passes with it.
    pub(super) const fn input(self) -> Input {
        match self {
            Self::Target => Input::HalfBad,
            Self::Operator | Self::Metric => Input::Good,
        }
    }

    /// What the verdict turns to.
    pub(super) const fn expected(self) -> Expected {
        match self {
            Self::Target => Expected::Pass,
            Self::Operator => Expected::NoPass,
            Self::Metric => Expected::Inconclusive,
        }
    }

    /// The changed objective; `None` when half bad is good enough for it, or it cannot be changed.
    pub(super) fn of(self, objective: &Objective) -> Option<Objective> {
        let mut changed = objective.clone();
        match self {
            Self::Target => {
                self.input().expected(objective)?;
                changed.target = 0.25;
            }
            Self::Operator => changed.indicator = turned(&objective.indicator),
            Self::Metric => changed.indicator = renamed(&objective.indicator)?,
        }
        Some(changed)
    }
}

fn turned(indicator: &Indicator) -> Indicator {
    let turned = |counted: &Counted| match counted {
        Counted::Good(query) => Counted::Bad(query.clone()),
        Counted::Bad(query) => Counted::Good(query.clone()),
    };
    match indicator {
        Indicator::Ratio(ratio) => Indicator::Ratio(Ratio {
            counted: turned(&ratio.counted),
            total: ratio.total.clone(),
        }),
        Indicator::Raw(raw) => Indicator::Raw(Raw {
            share: turned(&raw.share),
        }),
        Indicator::Threshold(threshold) => Indicator::Threshold(Threshold {
            operator: match threshold.operator {
                Operator::AtMost | Operator::Below => Operator::Above,
                Operator::AtLeast | Operator::Above => Operator::Below,
            },
            ..threshold.clone()
        }),
    }
}

fn renamed(indicator: &Indicator) -> Option<Indicator> {
    let counted = |counted: &Counted| {
        Some(match counted {
            Counted::Good(query) => Counted::Good(renamed_query(query)?),
            Counted::Bad(query) => Counted::Bad(renamed_query(query)?),
        })
    };
    Some(match indicator {
        Indicator::Ratio(ratio) => Indicator::Ratio(Ratio {
            counted: counted(&ratio.counted)?,
            total: renamed_query(&ratio.total)?,
        }),
        Indicator::Raw(raw) => Indicator::Raw(Raw {
            share: counted(&raw.share)?,
        }),
        Indicator::Threshold(threshold) => Indicator::Threshold(Threshold {
            query: renamed_query(&threshold.query)?,
            ..threshold.clone()
        }),
    })
}

/// The query with every metric in it called something else.
fn renamed_query(query: &Query) -> Option<Query> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    let selectors = query.selectors();
    let names = selectors.iter().map(|selector| {
        let end = selector.find(|c| !is_name(c)).unwrap_or(selector.len());
        &selector[..end]
    });
    let mut text = query.as_str().to_owned();
    let mut names: Vec<&str> = names.filter(|name| !name.is_empty()).collect();
    names.sort_unstable();
    names.dedup();
    // Longer ones first: one name may begin another.
    for name in names.iter().rev() {
        text = text.replace(name, &format!("{name}_of_nobody"));
    }
    (text != query.as_str()).then(|| query.with_text(text))
}
