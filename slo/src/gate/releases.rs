//! This release beside the ones before it.
//!
//! Releases are told apart by a label of a metric that every process has (`version` of
//! `build_info`): one begins when its value is first seen and ends when it is last seen, and one
//! that comes again after another is a release of its own. What they did is read over the latest
//! time in which each was alone, because most series do not say which release they are of; where
//! they do, a matcher on that label (`--match version=…`) tells them apart even side by side.

mod spans;
mod ranks;
mod figures;
mod compare;
mod look;

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::report::Verdict;
use crate::objective::Objective;
use crate::promql;

pub(super) use look::releases;
pub use look::side_by_side;

/// The longest time in which releases are looked for: 30 days.
const LOOKBACK_MAX: Duration = Duration::from_secs(30 * 86_400);

/// The most earlier releases that this one is set beside.
const NUMBER_MAX: usize = 10;

/// Fewer intervals tell nothing from chance.
const INTERVALS_MIN: u32 = 8;

/// What is looked at to set releases side by side.
#[derive(Debug, Clone, PartialEq)]
pub struct ReleasesPlan<'a> {
    /// The metric that tells them: `build_info`.
    pub metric: String,
    /// Its label that names them: `version`.
    pub label: String,
    /// How many earlier ones this one is set beside, 1 to 10.
    pub number: usize,
    /// How far back they are looked for, at most 30 days.
    pub lookback: Duration,
    /// How much of each is compared: its latest time of this length.
    pub window: Duration,
    /// Label and value of matchers that are added to every selector. One of [`Self::label`] stands
    /// for the release that is looked at: each is asked for by its own name.
    pub matchers: Vec<(String, String)>,
    /// The requests of the service; without them neither latency nor error ratio is compared.
    pub requests: Option<Requests>,
    /// PromQL that gives one number, the share of the capacity that is used; it may contain
    /// `{{.window}}`.
    pub saturation: Option<String>,
    /// Objectives whose attainment is compared.
    pub objectives: &'a [Objective],
}

/// Where the requests of a service are counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requests {
    /// A histogram of seconds, without `_bucket`.
    pub histogram: String,
    /// Matchers that leave the bad ones: `http_response_status_code=~"5.."`.
    pub bad: String,
}

impl ReleasesPlan<'_> {
    /// Whether everything in it can be asked for.
    ///
    /// # Errors
    /// One sentence that names the field and what was expected.
    pub fn check(&self) -> Result<(), String> {
        let is_name = |text: &str, more: &str| {
            let first = text.chars().next();
            let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || more.contains(c);
            first.is_some_and(|first| !first.is_ascii_digit()) && text.chars().all(fits)
        };
        if !is_name(&self.metric, ":") {
            let metric = &self.metric;
            return Err(format!(
                "metric: {metric:?} is no metric such as build_info"
            ));
        }
        if !is_name(&self.label, "") {
            let label = &self.label;
            return Err(format!("label: {label:?} is no label such as version"));
        }
        if !(1..=NUMBER_MAX).contains(&self.number) {
            let number = self.number;
            return Err(format!("number: {number}; expected 1 to {NUMBER_MAX}"));
        }
        if self.lookback.is_zero() || self.lookback > LOOKBACK_MAX {
            let lookback = crate::window::text(self.lookback);
            return Err(format!("lookback: {lookback}; expected up to 30d"));
        }
        if self.window < Duration::from_secs(u64::from(INTERVALS_MIN)) {
            return Err(format!("window: expected {INTERVALS_MIN}s or more"));
        }
        if let Some(requests) = &self.requests
            && !is_name(&requests.histogram, ":")
        {
            let name = &requests.histogram;
            return Err(format!("requests: {name:?} is no name of a histogram"));
        }
        self.check_queries()
    }

    fn check_queries(&self) -> Result<(), String> {
        for row in figures::rows(self, "5m") {
            let named = |message: String| match (&row.objective, row.figure) {
                (Some(objective), _) => format!("objective {objective}: {message}"),
                (None, Figure::Saturation) => format!("saturation: {message}"),
                (None, _) => format!("requests: {message}"),
            };
            promql::parse(&row.query).map_err(named)?;
            promql::with_matchers(&row.query, &self.matchers).map_err(named)?;
        }
        Ok(())
    }

    /// The matchers for `release`.
    fn matchers_of(&self, release: &str) -> Vec<(String, String)> {
        let mut matchers = self.matchers.clone();
        for (label, value) in &mut matchers {
            if *label == self.label {
                release.clone_into(value);
            }
        }
        matchers
    }

    /// Whether every series says which release it is of.
    fn tells_apart(&self) -> bool {
        self.matchers.iter().any(|(label, _)| *label == self.label)
    }
}

/// A release, as its metric told it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Release {
    /// What the metric calls it.
    pub name: String,
    /// When it was first seen.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub since: Timestamp,
    /// When it was last seen; the time that is looked at for one that is there now.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub until: Timestamp,
}

/// What is set side by side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Figure {
    /// Share of good events of an objective, 0 to 1.
    Attainment,
    /// Share of bad requests, 0 to 1.
    ErrorRatio,
    /// Median latency, in seconds.
    P50,
    /// Latency that one of twenty exceeds, in seconds.
    P95,
    /// Latency that one of a hundred exceeds, in seconds.
    P99,
    /// Share of the capacity that is used, 0 to 1.
    Saturation,
}

/// One figure of all releases.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Compared {
    /// Which figure.
    pub figure: Figure,
    /// The objective that it is of; `None` for one of the whole service.
    pub objective: Option<String>,
    /// Median of the intervals of this release; `None` when it is not known.
    pub current: Option<f64>,
    /// The same of the earlier releases, in their order.
    pub earlier: Vec<Option<f64>>,
    /// How likely it is that a difference as large comes from chance alone.
    pub p_value: Option<f64>,
    /// By how much this release differs from the earlier ones together, as a share of their median.
    pub shift: Option<f64>,
    /// Pass when it is no worse, fail when it is worse by more than chance and more than the
    /// least that matters, inconclusive when it is not known.
    pub verdict: Verdict,
    /// What it says to people.
    pub sentence: String,
}

/// This release beside the ones before it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Releases {
    /// This one.
    pub current: Release,
    /// Those before it, latest first; none when it is the first.
    pub earlier: Vec<Release>,
    /// What was compared.
    pub rows: Vec<Compared>,
    /// Whether it is the first release that Prometheus knows of.
    pub is_first: bool,
}

#[cfg(test)]
mod tests;
