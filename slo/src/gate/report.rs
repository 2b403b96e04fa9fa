//! What the gate says, as data.

use std::fmt;

use jiff::Timestamp;
use outcome::Outcome;
use serde::{Deserialize, Serialize};

use super::decide::Decision;
use super::evidence::{Terms, Unit};
use super::faults::FaultSeen;
use super::reason::Reason;
use super::releases::Releases;
use crate::budget::Events;
use crate::objective::Objective;
use crate::policy::PolicyJudged;
use crate::statistics::Bound;

/// Name and version of the shape of [`Report`] in JSON. A reader refuses another one; fields may
/// be added without a new version.
pub const REPORT_SCHEMA: &str = "proofmark.gate/2";

/// What was found out. The order is the order of badness.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Everything is known, and it holds.
    Pass,
    /// Everything is known, and it holds, but not well.
    Warn,
    /// It is not known.
    Inconclusive,
    /// It does not hold.
    Fail,
}

impl Verdict {
    /// The verdict in one lower-case word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Warn => "warn",
            Self::Inconclusive => "inconclusive",
            Self::Fail => "fail",
        }
    }

    /// How a command with this verdict ends.
    #[must_use]
    pub const fn outcome(self) -> Outcome {
        match self {
            Self::Pass | Self::Warn => Outcome::Held,
            Self::Inconclusive => Outcome::Inconclusive,
            Self::Fail => Outcome::Missed,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What a verdict means for the exit code.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Pass and warn are 0, fail is 1, inconclusive is 3.
    #[default]
    Usual,
    /// A warn is 1, too.
    Strict,
    /// Every verdict is 0: it is only reported.
    Advisory,
}

impl Severity {
    /// How a command with this verdict ends.
    #[must_use]
    pub const fn outcome(self, verdict: Verdict) -> Outcome {
        match (self, verdict) {
            (Self::Strict, Verdict::Warn) => Outcome::Missed,
            (Self::Advisory, _) => Outcome::Held,
            (_, verdict) => verdict.outcome(),
        }
    }
}

/// The whole judgement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Report {
    /// [`REPORT_SCHEMA`].
    pub schema: String,
    /// The worst verdict of all objectives; inconclusive when there are none.
    pub verdict: Verdict,
    /// Exit code that goes with it: 0, 1 or 3.
    pub exit_code: u8,
    /// What the verdict means for it.
    pub severity: Severity,
    /// The release that was judged, as the caller calls it.
    pub release: Option<String>,
    /// The Prometheus that was asked, without credentials.
    pub prometheus: String,
    /// The time that was looked at; `None` when Prometheus could not even say what time it is.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub at: Option<Timestamp>,
    /// The window that was judged, such as `1h`.
    pub window: String,
    /// Matchers that were added to every selector, as `label="value"`.
    pub matchers: Vec<String>,
    /// Fewer events than this are inconclusive.
    pub min_events: u64,
    /// The program that judged, with its version.
    pub tool: String,
    /// Why the whole is not a pass, beside the reasons of single objectives.
    pub reasons: Vec<Explained>,
    /// What else is worth knowing, in sentences.
    pub remarks: Vec<String>,
    /// One entry for each objective, in the order of the files.
    pub objectives: Vec<Judged>,
    /// This release beside earlier ones; `None` when no release is known.
    pub releases: Option<Releases>,
    /// What the policy says; `None` without one.
    pub policy: Option<PolicyJudged>,
    /// Faults that an experiment set while the window ran, the earliest first; left out when none is
    /// known. They decide nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<FaultSeen>,
}

/// The judgement on one objective. What is not known is `null`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Judged {
    /// Name of the objective.
    pub name: String,
    /// Its name for people.
    pub display_name: String,
    /// Service that it is about.
    pub service: String,
    /// Share of good events that is promised, 0 to 1.
    pub target: f64,
    /// The verdict.
    pub verdict: Verdict,
    /// Why it is not a pass.
    pub reasons: Vec<Explained>,
    /// What is counted: events, slices of the window, or points in time.
    pub unit: Unit,
    /// All events in the window.
    pub total_events: Option<f64>,
    /// Bad events in the window.
    pub bad_events: Option<f64>,
    /// Share of bad events, 0 to 1.
    pub error_ratio: Option<f64>,
    /// The share of bad events that is at least true, at the level of confidence; `None` where
    /// nothing is drawn from a larger whole.
    pub error_ratio_lower: Option<f64>,
    /// The share of bad events that is at most true.
    pub error_ratio_upper: Option<f64>,
    /// Share of good events, 0 to 1.
    pub attainment: Option<f64>,
    /// Bad events that the objective allows in the window.
    pub allowed_bad_events: Option<f64>,
    /// Share of the window's budget that is left: 1 untouched, below 0 overspent.
    pub budget_left: Option<f64>,
    /// How many times faster than allowed the budget is spent.
    pub burn_rate: Option<f64>,
    /// Part of the window that was observed, in seconds, when it is known.
    pub observed_seconds: Option<f64>,
    /// Whether `up` says how the targets did. Without it gaps in the window go unseen.
    pub has_up: Option<bool>,
    /// The objective's own window.
    pub period: Option<PeriodJudged>,
}

/// How well the targets were seen.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Seen {
    pub(super) observed_seconds: Option<f64>,
    pub(super) has_up: Option<bool>,
}

/// The objective's own window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct PeriodJudged {
    /// Its length, such as `7d`.
    pub window: String,
    /// Whether the history is as long; else this is only information.
    pub is_complete: bool,
    /// All events in it.
    pub total_events: f64,
    /// Bad events in it.
    pub bad_events: f64,
    /// Share of good events; `None` without events.
    pub attainment: Option<f64>,
    /// Share of the budget that is left.
    pub budget_left: Option<f64>,
}

/// A reason with its sentence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Explained {
    /// The reason, its `code` among its fields.
    #[serde(flatten)]
    pub reason: Reason,
    /// What it says to people.
    pub sentence: String,
}

impl From<Reason> for Explained {
    fn from(reason: Reason) -> Self {
        Self {
            sentence: reason.to_string(),
            reason,
        }
    }
}

impl Report {
    /// The worst of several verdicts; none at all is not a pass.
    #[must_use]
    pub fn worst(objectives: &[Judged]) -> Verdict {
        let verdicts = objectives.iter().map(|judged| judged.verdict);
        verdicts.max().unwrap_or(Verdict::Inconclusive)
    }

    /// How a command with this report ends.
    #[must_use]
    pub const fn outcome(&self) -> Outcome {
        self.severity.outcome(self.verdict)
    }

    /// The report as JSON for people and programs, with a newline at its end.
    ///
    /// # Panics
    /// Never: every field can be written.
    #[must_use]
    pub fn json(&self) -> String {
        serde_json::to_string_pretty(self).expect("a report has only plain fields") + "\n"
    }
}

impl Judged {
    pub(super) fn new(
        objective: &Objective,
        terms: &Terms,
        decision: Decision,
        seen: Seen,
    ) -> Self {
        let target = objective.target;
        let figure = |of: &dyn Fn(Events) -> Option<f64>| decision.events.and_then(of).map(rounded);
        let bound = |of: fn(&Bound, f64, f64) -> Option<f64>| {
            let events = decision.events.filter(|_| terms.unit == Unit::Events)?;
            of(&terms.bound, events.bad, events.total).map(rounded)
        };
        let period = decision.period.map(|period| PeriodJudged {
            window: objective.window_text.clone(),
            is_complete: period.is_complete,
            total_events: rounded(period.events.total),
            bad_events: rounded(period.events.bad),
            attainment: period.events.attainment().map(rounded),
            budget_left: period.events.budget_left(target).map(rounded),
        });
        Self {
            name: objective.name.clone(),
            display_name: objective.display_name.clone(),
            service: objective.service.clone(),
            target,
            unit: terms.unit,
            error_ratio_lower: bound(Bound::lower),
            error_ratio_upper: bound(Bound::upper),
            verdict: decision.verdict,
            total_events: figure(&|events| Some(events.total)),
            bad_events: figure(&|events| Some(events.bad)),
            error_ratio: figure(&Events::error_ratio),
            attainment: figure(&Events::attainment),
            allowed_bad_events: figure(&|events| Some(events.allowed(target))),
            budget_left: figure(&|events| events.budget_left(target)),
            burn_rate: figure(&|events| events.burn_rate(target)),
            reasons: decision.reasons.into_iter().map(Explained::from).collect(),
            observed_seconds: seen.observed_seconds,
            has_up: seen.has_up,
            period,
        }
    }
}

/// Nine decimals: more is noise of binary fractions.
fn rounded(figure: f64) -> f64 {
    (figure * 1e9).round() / 1e9
}
