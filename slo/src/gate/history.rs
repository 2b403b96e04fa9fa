//! What happened around the window, for the pictures of a report. It decides nothing.
//!
//! Whatever Prometheus does not tell becomes a note, never an error and never a zero: a gap stays a
//! gap. [`history()`] asks; all else here is pure.

mod plan;
mod queries;
mod shape;
mod collect;

pub(super) use collect::history;
pub(super) use plan::{DependencyMetric, HistoryPlan, RequestMetric};

/// What is drawn beside a verdict. Times are in seconds since 1970, points ascend by time, and a
/// point that is not there or no number is not known.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct History {
    /// Beginning of the window.
    pub from: f64,
    /// End of the window.
    pub until: f64,
    /// Share of bad requests, 0 to 1, of each route; the worst at the top.
    pub routes: Option<Grid>,
    /// Share of the answers, 0 to 1, in each bucket of latency; the slowest at the top.
    pub buckets: Option<Grid>,
    /// How long the calls of each dependency took.
    pub dependencies: Vec<Dependency>,
    /// How the error budgets were spent.
    pub budgets: Vec<BudgetLine>,
    /// Releases that came up in the time of the budgets.
    pub releases: Vec<Mark>,
    /// Faults that were there in that time.
    pub faults: Vec<Span>,
    /// What is not shown, and why, in sentences.
    pub notes: Vec<String>,
}

/// Rows of values over time.
#[derive(Debug, Clone, PartialEq)]
pub struct Grid {
    /// From top to bottom.
    pub rows: Vec<Row>,
    /// Time that one value stands for, up to its own time.
    pub step_seconds: f64,
}

/// One row.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// What it is of.
    pub name: String,
    /// What else is to be said of it, such as `1,302 bad`; may be empty.
    pub detail: String,
    /// Time and value.
    pub points: Vec<(f64, f64)>,
}

/// P99 of the calls of one dependency, in seconds.
#[derive(Debug, Clone, PartialEq)]
pub struct Dependency {
    /// As its label calls it.
    pub name: String,
    /// In the window.
    pub now: Vec<(f64, f64)>,
    /// A week before, its times moved a week ahead.
    pub week_before: Vec<(f64, f64)>,
}

/// The error budget of one objective.
#[derive(Debug, Clone, PartialEq)]
pub struct BudgetLine {
    /// Name of the objective.
    pub objective: String,
    /// The window that the budget is of, such as `7d`.
    pub window: String,
    /// Share that was left: 1 untouched, 0 spent.
    pub points: Vec<(f64, f64)>,
}

/// A moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Mark {
    /// When.
    pub at: f64,
    /// What happened.
    pub text: String,
}

/// A stretch of time.
#[derive(Debug, Clone, PartialEq)]
pub struct Span {
    /// Its beginning.
    pub from: f64,
    /// Its end.
    pub until: f64,
    /// What there was.
    pub text: String,
}

#[cfg(test)]
mod tests;
