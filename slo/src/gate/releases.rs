//! This release beside the ones before it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::report::Verdict;

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
