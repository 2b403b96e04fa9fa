//! What was learned of one objective, before anyone decides.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::reason::Reason;
use crate::prometheus::SourceError;
use crate::statistics::Bound;

/// What a question gave, or why it gave nothing.
pub type Asked<T> = Result<T, Lost>;

/// A question without answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lost {
    /// What kind of failure it was.
    pub kind: LostKind,
    /// One sentence about it.
    pub message: String,
}

/// How a question can fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LostKind {
    /// No connection, or no answer in time.
    Unreachable,
    /// The server answered with an error.
    Refused,
    /// The server does not take the query for PromQL.
    BadQuery,
    /// The server is no Prometheus.
    NotAnApi,
    /// The answer was larger than is read.
    TooLarge,
}

impl From<SourceError> for Lost {
    fn from(error: SourceError) -> Self {
        let kind = match &error {
            SourceError::Unreachable { .. } | SourceError::Late { .. } => LostKind::Unreachable,
            SourceError::Refused {
                status: 400,
                message,
                ..
            } if is_of_query(message) => LostKind::BadQuery,
            SourceError::Refused { .. } => LostKind::Refused,
            SourceError::NotAnApi { .. } => LostKind::NotAnApi,
            SourceError::TooLarge { .. } => LostKind::TooLarge,
        };
        Self {
            kind,
            message: error.to_string(),
        }
    }
}

/// Whether the server blames the query for its error.
fn is_of_query(message: &str) -> bool {
    message.starts_with("bad_data") && message.contains("parse error")
}

/// The values that a query for a count gave: one is meant.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Reading {
    /// One value of each series.
    pub values: Vec<f64>,
}

/// Which events a second count counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counts {
    /// The good ones.
    Good,
    /// The bad ones.
    Bad,
}

/// What the counts of an objective count.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Events, such as requests.
    #[default]
    Events,
    /// Slices of the window.
    Slices,
    /// Points in time.
    Points,
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Events => "events",
            Self::Slices => "slices",
            Self::Points => "points",
        })
    }
}

/// A scraped process whose series are part of the indicator.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Target {
    /// Its `job`; empty when its series have none.
    pub job: String,
    /// Its `instance`; empty when its series have none.
    pub instance: String,
    /// `up` now; `None` when it is not scraped, or no longer.
    pub up_now: Option<f64>,
    /// Scrapes in the window.
    pub scrapes: f64,
    /// Of them, those that failed.
    pub scrapes_failed: f64,
    /// Time from scrape to scrape, in seconds; `None` when there are too few to tell.
    pub interval_seconds: Option<f64>,
    /// Age of the newest sample of the indicator, in seconds; `None` when a series that was there
    /// in the window is not there now.
    pub age_seconds: Option<f64>,
    /// The longest time without any scrape since the first one in the window, in seconds; `None`
    /// when there are too few to tell.
    pub gap_seconds: Option<f64>,
    /// `up` at the beginning of the window; `None` when it was not scraped then.
    pub up_at_start: Option<f64>,
    /// First values of the counters of the indicator that were not there at the beginning of the
    /// window, summed; NaN when they cannot be told, `None` when there are no such counters.
    pub born_at: Option<f64>,
    /// The same of those that were not there at the first scrape of the target; they began at 0.
    pub born_late_at: Option<f64>,
}

/// The counts over the objective's own window.
#[derive(Debug, Clone, PartialEq)]
pub struct Period {
    /// All events.
    pub total: Asked<Reading>,
    /// The good or the bad ones.
    pub counted: Asked<Reading>,
    /// Series at the beginning of the window: none when the history is shorter.
    pub history: Asked<Reading>,
    /// Why there are no counts; empty when there are.
    pub unmeasured: Vec<Reason>,
}

/// Everything that was learned of one objective.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    /// All events over the window of the gate.
    pub total: Asked<Reading>,
    /// The good or the bad ones.
    pub counted: Asked<Reading>,
    /// Who recorded them.
    pub targets: Asked<Vec<Target>>,
    /// The objective's own window, unless the gate looks at the same.
    pub period: Option<Period>,
    /// What the server doubts about its answers.
    pub warnings: Vec<String>,
    /// Why there are no counts; empty when there are.
    pub unmeasured: Vec<Reason>,
}

/// What the evidence is held against.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Terms {
    /// Share of good events that is promised, above 0 and below 1.
    pub target: f64,
    /// What the second count counts.
    pub counts: Counts,
    /// Fewer events than this prove nothing.
    pub events_min: u64,
    /// The window of the gate.
    pub window: Duration,
    /// What is counted.
    pub unit: Unit,
    /// How sure a verdict on events must be.
    pub bound: Bound,
    /// Whether a policy says what a spent budget means; else it is a fail.
    pub is_budget_left_to_policy: bool,
}
