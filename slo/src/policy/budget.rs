//! The error budget: what is left of it against the freeze, and who lifts that.

use jiff::{SignedDuration, Timestamp};

use super::file::{ErrorBudget, Override};
use super::judge::ObjectiveFigures;
use super::judged::{
    BudgetJudged, BudgetOfOne, BudgetState, OverrideJudged, OverrideState, rounded,
};
use super::words::{Unit, apart, figure};
use crate::gate::Verdict;
use crate::text::shown;

/// The longest time that an override may still have ahead of it: 90 days.
pub const OVERRIDE_MAX: SignedDuration = SignedDuration::from_hours(90 * 24);

/// The most objectives of one kind that get a sentence of their own.
const SENTENCES_MAX: usize = 10;

/// What is left of the error budget of an objective's own window.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum BudgetLeft {
    /// This share: 1 untouched, 0 spent, below 0 overspent.
    Known(f64),
    /// The history is shorter than the window: the budget does not count yet, and that is said.
    HistoryTooShort,
    /// Nobody knows.
    Unknown,
}

/// Judges all budgets at `at`.
pub(super) fn judge(
    policy: &ErrorBudget,
    objectives: &[ObjectiveFigures],
    at: Timestamp,
) -> BudgetJudged {
    let all: Vec<BudgetOfOne> = objectives
        .iter()
        .map(|figures| of_one(figures, policy.freeze_below))
        .collect();
    let overriding = policy.overriding.as_ref().map(|given| given.judge(at));
    let is_lifted = overriding
        .as_ref()
        .is_some_and(|given| given.state == OverrideState::InForce);
    let of_state = |state: BudgetState| match state {
        BudgetState::Enough | BudgetState::HistoryTooShort => Verdict::Pass,
        BudgetState::Frozen if is_lifted => Verdict::Warn,
        BudgetState::Frozen => Verdict::Fail,
        BudgetState::Unknown => Verdict::Inconclusive,
    };
    let verdicts = all.iter().map(|one| of_state(one.state));
    let mut judged = BudgetJudged {
        verdict: verdicts.max().unwrap_or(Verdict::Inconclusive),
        freeze_below: policy.freeze_below,
        objectives: all,
        overriding,
        sentences: Vec::new(),
    };
    judged.sentences = sentences(&judged);
    judged
}

fn of_one(figures: &ObjectiveFigures, freeze_below: f64) -> BudgetOfOne {
    let (left, state) = match figures.budget_left {
        // More than all of it cannot be left.
        BudgetLeft::Known(left) if left.is_finite() && left <= 1.0 + 1e-9 => {
            let is_frozen = left < freeze_below - 1e-9;
            let state = if is_frozen {
                BudgetState::Frozen
            } else {
                BudgetState::Enough
            };
            (rounded(left), state)
        }
        BudgetLeft::HistoryTooShort => (None, BudgetState::HistoryTooShort),
        BudgetLeft::Known(_) | BudgetLeft::Unknown => (None, BudgetState::Unknown),
    };
    BudgetOfOne {
        service: figures.service.clone(),
        objective: figures.name.clone(),
        left,
        state,
    }
}

impl Override {
    fn judge(&self, at: Timestamp) -> OverrideJudged {
        let state = match self.until.duration_since(at) {
            ahead if ahead <= SignedDuration::ZERO => OverrideState::Over,
            ahead if ahead > OVERRIDE_MAX => OverrideState::TooLong,
            _ => OverrideState::InForce,
        };
        OverrideJudged {
            by: self.by.clone(),
            reason: self.reason.clone(),
            until: self.until,
            state,
        }
    }
}

fn sentences(judged: &BudgetJudged) -> Vec<String> {
    let mut sentences = Vec::new();
    let of = |state: BudgetState| judged.objectives.iter().filter(move |o| o.state == state);
    for one in of(BudgetState::Frozen).take(SENTENCES_MAX) {
        let left = one.left.unwrap_or(f64::NEG_INFINITY);
        let (left, least) = apart(left, judged.freeze_below, Unit::Share);
        sentences.push(format!(
            "{}: {left} of the error budget is left, less than {least}: releases are frozen. Ship \
             what makes it reliable again, or wait until the window has moved on.",
            shown(&one.objective)
        ));
    }
    for one in of(BudgetState::Unknown).take(SENTENCES_MAX) {
        sentences.push(format!(
            "{}: nobody knows what is left of its error budget, and the policy freezes releases \
             below {}.",
            shown(&one.objective),
            figure(judged.freeze_below, Unit::Share)
        ));
    }
    let short: Vec<String> = of(BudgetState::HistoryTooShort)
        .take(SENTENCES_MAX)
        .map(|one| shown(&one.objective))
        .collect();
    if !short.is_empty() {
        sentences.push(format!(
            "The history is shorter than the window of {}: that budget does not count yet.",
            short.join(", ")
        ));
    }
    let unsaid: usize = [
        BudgetState::Frozen,
        BudgetState::Unknown,
        BudgetState::HistoryTooShort,
    ]
    .map(|state| of(state).count().saturating_sub(SENTENCES_MAX))
    .iter()
    .sum();
    if unsaid > 0 {
        sentences.push(format!("The same is true of {unsaid} more objectives."));
    }
    sentences.extend(judged.overriding.as_ref().map(OverrideJudged::sentence));
    sentences
}

impl OverrideJudged {
    fn sentence(&self) -> String {
        let (by, reason, until) = (shown(&self.by), shown(&self.reason), self.until);
        match self.state {
            OverrideState::InForce => format!(
                "{by} lets releases through a freeze until {until}: \u{201c}{reason}\u{201d}."
            ),
            OverrideState::Over => format!(
                "The override of {by} (\u{201c}{reason}\u{201d}) was over at {until} and has no \
                 effect: take it out of the policy."
            ),
            OverrideState::TooLong => format!(
                "The override of {by} (\u{201c}{reason}\u{201d}) lasts until {until} and has no \
                 effect: it may end at most 90 days from now."
            ),
        }
    }
}
