//! The questions of a history, as text.

use std::time::Duration;

use super::plan::{DependencyMetric, HistoryPlan, RequestMetric};
use crate::objective::{Counted, Indicator, Method, Objective};
use crate::{promql, window};

/// Values side by side in a picture.
pub(super) const COLUMNS: u32 = 60;

/// Rates look back over this many scrapes, so that one that is late leaves no gap.
const SCRAPES_OF_A_RATE: u32 = 4;

/// Scrapes between two columns: fewer would draw the same sample twice.
const SCRAPES_OF_A_COLUMN: u32 = 2;

/// Time between two scrapes when it is not known.
const INTERVAL_ASSUMED: Duration = Duration::from_secs(30);

/// Time over which scrapes are counted.
const COUNTED_OVER: Duration = Duration::from_secs(600);

/// How a stretch of time is cut into columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Columns {
    /// From one column to the next.
    pub(super) step: Duration,
    /// How far each looks back; at least a step.
    pub(super) back: Duration,
}

impl Columns {
    /// About [`COLUMNS`] columns over `span`, of whole seconds; `interval` is the time between two
    /// scrapes.
    pub(super) fn over(span: Duration, interval: Option<Duration>) -> Self {
        let interval = interval.unwrap_or(INTERVAL_ASSUMED);
        let least = (interval * SCRAPES_OF_A_COLUMN).max(Duration::from_secs(1));
        let step = whole_seconds((span / COLUMNS).max(least));
        let back = whole_seconds(step.max(interval * SCRAPES_OF_A_RATE));
        Self { step, back }
    }
}

fn whole_seconds(span: Duration) -> Duration {
    Duration::from_secs(span.as_secs() + u64::from(span.subsec_nanos() > 0))
}

/// A query, or why it cannot be written.
pub(super) type Written = Result<String, String>;

impl HistoryPlan<'_> {
    fn narrowed(&self, query: &str) -> Written {
        promql::with_matchers(query, &self.matchers)
    }

    /// How many scrapes the best known series had, and over which time.
    pub(super) fn scrapes(&self) -> Option<(Written, Duration)> {
        let of_requests = self.requests.as_ref().map(|metric| &metric.histogram);
        let of_calls = || self.dependencies.first().map(|metric| &metric.histogram);
        let histogram = of_requests.or_else(of_calls)?;
        let over = self.window.min(COUNTED_OVER);
        let text = window::text(over);
        let query = format!("max(count_over_time({histogram}_count[{text}]))");
        Some((self.narrowed(&query), over))
    }

    /// Bad requests of each route over the whole window.
    pub(super) fn bad_by_route(&self, metric: &RequestMetric) -> Written {
        let RequestMetric {
            histogram,
            route,
            bad,
        } = metric;
        let over = window::text(self.window);
        self.narrowed(&format!(
            "sum by ({route}) (increase({histogram}_count{{{bad}}}[{over}]))"
        ))
    }

    /// Share of bad requests of each route that was asked for. A route that has no series of bad
    /// requests had none; whether bad requests are recorded at all is another question, which
    /// [`Self::bad_by_route`] answers.
    pub(super) fn bad_share_by_route(&self, metric: &RequestMetric, columns: Columns) -> Written {
        let RequestMetric {
            histogram,
            route,
            bad,
        } = metric;
        let back = window::text(columns.back);
        let bad = format!("sum by ({route}) (rate({histogram}_count{{{bad}}}[{back}]))");
        let all = format!("sum by ({route}) (rate({histogram}_count[{back}]))");
        self.narrowed(&format!("({bad} or {all} * 0) / ({all} > 0)"))
    }

    /// Requests per second up to each bound of latency.
    pub(super) fn by_bucket(&self, metric: &RequestMetric, columns: Columns) -> Written {
        let (histogram, back) = (&metric.histogram, window::text(columns.back));
        self.narrowed(&format!("sum by (le) (rate({histogram}_bucket[{back}]))"))
    }

    /// Releases that are up.
    pub(super) fn releases(metric: &str, label: &str) -> String {
        format!("count by ({label}) ({metric})")
    }

    /// Faults that are there.
    pub(super) fn faults(metric: &str, columns: Columns) -> String {
        let step = window::text(columns.step);
        format!("max without (job, instance) (max_over_time({metric}[{step}])) > 0")
    }
}

impl DependencyMetric {
    /// P99 of each dependency, in seconds.
    pub(super) fn slowest(&self, columns: Columns) -> String {
        let Self { histogram, label } = self;
        let back = window::text(columns.back);
        format!("histogram_quantile(0.99, sum by (le, {label}) (rate({histogram}_bucket[{back}])))")
    }
}

/// How the spending of a budget is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Spending {
    /// All events and bad or good events of each column.
    Events {
        all: String,
        counted: String,
        /// Whether what is counted is bad.
        is_bad: bool,
    },
    /// The share of bad time of each column.
    Share(String),
}

impl Spending {
    /// `None` for an objective whose budget is made of slices: no sum of columns is its budget.
    pub(super) fn new(
        objective: &Objective,
        columns: Columns,
        matchers: &[(String, String)],
    ) -> Option<Result<Self, String>> {
        if objective.method != Method::Occurrences {
            return None;
        }
        let narrowed = |query: &str| promql::with_matchers(query, matchers);
        let step = window::text(columns.step);
        let Indicator::Ratio(ratio) = &objective.indicator else {
            let share = narrowed(&objective.indicator.error_ratio(&step));
            return Some(share.map(Self::Share));
        };
        let both = narrowed(&ratio.total.events(&step)).and_then(|all| {
            let counted = narrowed(&ratio.counted.query().events(&step))?;
            let is_bad = matches!(ratio.counted, Counted::Bad(_));
            Ok(Self::Events {
                all,
                counted,
                is_bad,
            })
        });
        Some(both)
    }
}
