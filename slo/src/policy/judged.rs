//! What the policy says of a release, as data for the report.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::gate::Verdict;

/// How a figure lies to one criterion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CriterionOutcome {
    /// It is known and holds.
    Held,
    /// It is known and does not hold.
    NotHeld,
    /// There is no figure to hold against it.
    NoFigure,
    /// It needs a baseline, and that is not known.
    NoBaseline,
    /// The figure, the baseline or the bound is no finite number.
    NotANumber,
    /// It compares with what there cannot be yet.
    LeftOut,
}

impl CriterionOutcome {
    /// Whether nobody can say if it holds.
    #[must_use]
    pub const fn is_unknown(self) -> bool {
        matches!(self, Self::NoFigure | Self::NoBaseline | Self::NotANumber)
    }
}

/// Which of the two sets of criteria.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Set {
    /// `pass`.
    Pass,
    /// `warning`.
    Warning,
}

impl fmt::Display for Set {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pass => "pass",
            Self::Warning => "warning",
        })
    }
}

/// One criterion and what was seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct CriterionJudged {
    /// Which set it belongs to.
    pub set: Set,
    /// Which entry of the set, from 0: within an entry all must hold, and one entry is enough.
    pub entry: usize,
    /// The criterion as it is written: `<=+10%`.
    pub text: String,
    /// The bound that it means, in the unit of the figure; `None` when that is not known.
    pub limit: Option<f64>,
    /// The figure; `None` when it is not known.
    pub observed: Option<f64>,
    /// How they lie to each other.
    pub outcome: CriterionOutcome,
}

/// One objective by the policy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct CriteriaJudged {
    /// The service of the objective.
    pub service: String,
    /// Its name.
    pub objective: String,
    /// The verdict on its own promise, from the gate.
    pub promise: Verdict,
    /// The verdict on promise and criteria together; never better than the promise.
    pub verdict: Verdict,
    /// Points that it gives for a pass.
    pub weight: u64,
    /// Whether its fail alone fails the release.
    pub key_sli: bool,
    /// What relative criteria were measured from, as an error ratio, when it is known.
    pub baseline: Option<f64>,
    /// Its criteria, in the order of the file.
    pub criteria: Vec<CriterionJudged>,
    /// What it says to people: why it is no pass, and what was left out.
    pub sentences: Vec<String>,
}

/// The total score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ScoreJudged {
    /// Share of all points that was reached, 0 to 1; `None` while an objective is inconclusive.
    pub reached: Option<f64>,
    /// The share if all inconclusive objectives passed.
    pub best: f64,
    /// The share if all inconclusive objectives failed.
    pub worst: f64,
    /// At least this share passes.
    pub pass: f64,
    /// At least this share passes with a warning.
    pub warning: f64,
    /// The verdict.
    pub verdict: Verdict,
    /// What it says to people.
    pub sentences: Vec<String>,
}

/// How the error budget of one objective lies to the freeze.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BudgetState {
    /// Enough is left.
    Enough,
    /// Less is left than the policy asks for.
    Frozen,
    /// The history is shorter than the window of the objective: the budget does not count yet.
    HistoryTooShort,
    /// It is not known.
    Unknown,
}

/// The error budget of one objective.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct BudgetOfOne {
    /// The service of the objective.
    pub service: String,
    /// Its name.
    pub objective: String,
    /// Share of the budget of its own window that is left: 1 untouched, below 0 overspent.
    pub left: Option<f64>,
    /// How that lies to the freeze.
    pub state: BudgetState,
}

/// Whether an override has effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OverrideState {
    /// It lets releases through a freeze.
    InForce,
    /// Its time is over: it has no effect.
    Over,
    /// It ends later than an override may: it has no effect.
    TooLong,
}

/// An override of the freeze.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct OverrideJudged {
    /// The person who answers for it.
    pub by: String,
    /// Why releases may not wait.
    pub reason: String,
    /// From when on it has no effect.
    #[schemars(with = "String")]
    pub until: Timestamp,
    /// Whether it has effect at the time that is judged.
    pub state: OverrideState,
}

/// The error budgets by the policy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct BudgetJudged {
    /// The verdict.
    pub verdict: Verdict,
    /// With less than this share left an objective freezes releases.
    pub freeze_below: f64,
    /// Each objective.
    pub objectives: Vec<BudgetOfOne>,
    /// The override that the policy has, with effect or without.
    #[serde(rename = "override")]
    pub overriding: Option<OverrideJudged>,
    /// What it says to people. An override is always among it.
    pub sentences: Vec<String>,
}

/// One of the four golden signals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Signal {
    /// P99 of requests, in seconds.
    LatencyP99,
    /// Errors by requests, 0 to 1.
    Errors,
    /// Requests per second.
    Traffic,
    /// How full the service is, 0 to 1.
    Saturation,
}

impl Signal {
    /// Its name for people.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::LatencyP99 => "P99 latency",
            Self::Errors => "Error ratio",
            Self::Traffic => "Traffic",
            Self::Saturation => "Saturation",
        }
    }

    /// Its unit: `seconds`, `share` (0 to 1) or `requests per second`.
    #[must_use]
    pub const fn unit(self) -> &'static str {
        match self {
            Self::LatencyP99 => "seconds",
            Self::Errors | Self::Saturation => "share",
            Self::Traffic => "requests per second",
        }
    }
}

/// One golden signal by the policy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct SignalJudged {
    /// Which.
    pub signal: Signal,
    /// Its name for people.
    pub title: String,
    /// Its unit.
    pub unit: String,
    /// Its figure over the window of the gate, when it is known.
    pub now: Option<f64>,
    /// The same one hour earlier, when it is known.
    pub hour_ago: Option<f64>,
    /// The same one week earlier, when it is known.
    pub week_ago: Option<f64>,
    /// How it lies to the limit against the hour; `None` without such a limit.
    pub hour: Option<CriterionOutcome>,
    /// How it lies to the limit against the week; `None` without such a limit.
    pub week: Option<CriterionOutcome>,
    /// The verdict on both.
    pub verdict: Verdict,
    /// What it says to people.
    pub sentences: Vec<String>,
}

/// Twelve significant digits: more is noise of binary fractions. What is no finite number is not
/// known.
pub(super) fn rounded(figure: f64) -> Option<f64> {
    let text = format!("{figure:.11e}");
    text.parse().ok().filter(|figure: &f64| figure.is_finite())
}
