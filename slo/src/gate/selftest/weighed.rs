//! The policy beside the promise: what one bad or unknown objective does to the whole.

use jiff::Timestamp;

use super::super::report::Verdict;
use super::super::weigh::limited;
use super::Cell;
use super::input::Expected;
use crate::objective::Objective;
use crate::policy::{Baseline, BudgetLeft, Figures, ObjectiveFigures, Past, Policy, SignalFigures};

/// What one objective is while all others are good. The order is that of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weighed {
    /// As good as it can be.
    Good,
    /// All of its events are bad.
    Bad,
    /// Nothing is known of it.
    Unknown,
}

impl Weighed {
    pub(super) const ALL: &[Self] = &[Self::Good, Self::Bad, Self::Unknown];

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Good => "all are good",
            Self::Bad => "it is all bad",
            Self::Unknown => "it is unknown",
        }
    }

    const fn expected(self) -> Expected {
        match self {
            Self::Good => Expected::Pass,
            Self::Bad => Expected::Fail,
            Self::Unknown => Expected::Inconclusive,
        }
    }

    fn figures(self, objective: &Objective) -> ObjectiveFigures {
        let (promise, error_ratio, budget_left) = match self {
            Self::Good => (Verdict::Pass, Some(0.0), BudgetLeft::Known(1.0)),
            Self::Bad => (Verdict::Fail, Some(1.0), BudgetLeft::Known(-1.0)),
            Self::Unknown => (Verdict::Inconclusive, None, BudgetLeft::Unknown),
        };
        ObjectiveFigures {
            service: objective.service.clone(),
            name: objective.name.clone(),
            promise,
            error_ratio,
            baseline: Baseline::FirstRelease,
            budget_left,
        }
    }
}

/// What the policy says of the whole when the objective at `index` is each of [`Weighed::ALL`].
pub(super) fn weighed(policy: &Policy, objectives: &[Objective], index: usize) -> Vec<Cell> {
    let golden = policy.golden_signals.iter().flat_map(limited);
    let steady = golden.map(|signal| SignalFigures {
        signal,
        now: Some(0.5),
        hour_ago: Past::Known(0.5),
        week_ago: Past::Known(0.5),
    });
    let signals: Vec<SignalFigures> = steady.collect();
    let verdict = |weighed: Weighed| {
        let all = objectives.iter().enumerate();
        let figures = all.map(|(other, objective)| {
            let state = if other == index {
                weighed
            } else {
                Weighed::Good
            };
            state.figures(objective)
        });
        let judged = policy.judge(&Figures {
            at: Timestamp::UNIX_EPOCH,
            objectives: &figures.collect::<Vec<_>>(),
            signals: &signals,
        });
        judged.verdict
    };
    let cell = |weighed: &Weighed| Cell {
        expected: Some(weighed.expected()),
        seen: Some(verdict(*weighed)),
    };
    Weighed::ALL.iter().map(cell).collect()
}
