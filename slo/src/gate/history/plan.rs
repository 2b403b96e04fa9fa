//! What a history is to show.

use std::time::Duration;

use crate::objective::Objective;

/// What to ask for, with the names that the service under judgement uses.
#[derive(Debug, Clone)]
pub(in crate::gate) struct HistoryPlan<'a> {
    /// The window of the gate.
    pub(in crate::gate) window: Duration,
    /// Where its requests are counted and timed.
    pub(in crate::gate) requests: Option<RequestMetric>,
    /// Where the calls of its dependencies are timed.
    pub(in crate::gate) dependencies: Vec<DependencyMetric>,
    /// Whose budgets are shown.
    pub(in crate::gate) objectives: &'a [Objective],
    /// Metric and label that tell releases apart, such as `build_info` and `version`.
    pub(in crate::gate) build_info: Option<(String, String)>,
    /// A gauge above 0 while a fault is there, such as `chaos_fault_active`.
    pub(in crate::gate) faults: Option<String>,
    /// Label and value of matchers that are added to every selector; releases, faults and
    /// dependencies are asked for without them, because they are recorded by others as well.
    pub(in crate::gate) matchers: Vec<(String, String)>,
}

/// A histogram of requests, in seconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::gate) struct RequestMetric {
    /// Its name, without `_bucket`.
    pub(in crate::gate) histogram: String,
    /// The label of the route.
    pub(in crate::gate) route: String,
    /// The matcher of bad requests, such as `http_response_status_code=~"5.."`.
    pub(in crate::gate) bad: String,
}

/// A histogram of the calls of dependencies, in seconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::gate) struct DependencyMetric {
    /// Its name, without `_bucket`.
    pub(in crate::gate) histogram: String,
    /// The label of the dependency.
    pub(in crate::gate) label: String,
}
