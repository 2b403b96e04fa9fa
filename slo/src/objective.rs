//! What a service promises, and how that is measured.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::calendar::Calendar;
use crate::promql;
use crate::query::Query;

/// One promise: at least this share of events, slices or time is good, over this window.
#[derive(Debug, Clone, PartialEq)]
pub struct Objective {
    /// Its name: lower-case letters, digits and hyphens, at most 63.
    pub name: String,
    /// Its name for people; the name when the file gives none.
    pub display_name: String,
    /// What it means, in sentences; may be empty.
    pub description: String,
    /// The service that promises it.
    pub service: String,
    /// Share of good events that is promised, above 0 and below 1.
    pub target: f64,
    /// Window over which it holds; of a calendar window the longest that it can be.
    pub window: Duration,
    /// The window in its largest exact unit, as [`crate::window::text`] writes it: `7d`.
    pub window_text: String,
    /// When the window begins and ends, when it does not roll.
    pub calendar: Option<Calendar>,
    /// What the budget is made of.
    pub method: Method,
    /// How good and bad are measured.
    pub indicator: Indicator,
    /// Address of the Prometheus that its file names, as it stands there.
    pub source: Option<String>,
    /// The file that it was read from.
    pub file: PathBuf,
    /// The line on which it begins, from 1.
    pub line: usize,
}

impl Objective {
    /// Share of events that may be bad.
    #[must_use]
    pub fn budget(&self) -> f64 {
        1.0 - self.target
    }

    /// Where one of its queries was read from, as `file:line`: the query may be of another file.
    #[must_use]
    pub fn place_of(&self, query: &Query) -> String {
        let own = || format!("{}:{}", self.file.display(), self.line);
        query.place().unwrap_or_else(own)
    }
}

/// The events of an objective over some window, as PromQL without labels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventCounts {
    /// Counts all events.
    pub total: String,
    /// Counts the bad ones.
    pub bad: String,
}

impl Objective {
    /// The value of Sloth's label `sloth_id` on what recording rules keep of it.
    #[must_use]
    pub fn recorded_id(&self) -> String {
        format!("{}-{}", self.service, self.name)
    }

    /// Its events over `window` (`5m`), summed. `None` unless its budget is made of events that are
    /// counted over any window.
    ///
    /// Either is empty when a series is missing: no bad events are not the same as no series of
    /// them.
    #[must_use]
    pub fn event_counts(&self, window: &str) -> Option<EventCounts> {
        let (Method::Occurrences, Indicator::Ratio(ratio)) = (self.method, &self.indicator) else {
            return None;
        };
        let total = ratio.total.events_summed(window)?;
        let counted = ratio.counted.query().events_summed(window)?;
        let bad = match ratio.counted {
            Counted::Bad(_) => counted,
            Counted::Good(_) => format!("{total}\n-\n{counted}"),
        };
        Some(EventCounts { total, bad })
    }
}

/// What the budget of an objective is made of: OpenSLO's `budgetingMethod`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Method {
    /// Each event counts for itself. Of an indicator that counts no events, each point in time does.
    Occurrences,
    /// Each slice of the window is good or bad as a whole.
    Timeslices {
        /// Length of a slice.
        slice: Duration,
        /// Share of good events that makes a slice good, above 0 and up to 1. It has no meaning
        /// for an [`Indicator::Threshold`], whose slices are good when their mean fits.
        target: f64,
    },
    /// The shares of good events of all slices are averaged.
    RatioTimeslices {
        /// Length of a slice.
        slice: Duration,
    },
}

/// How good and bad are told apart.
#[derive(Debug, Clone, PartialEq)]
pub enum Indicator {
    /// Two counts of events.
    Ratio(Ratio),
    /// A share that is recorded as such.
    Raw(Raw),
    /// A value that must stay on one side of a bound.
    Threshold(Threshold),
}

/// A ratio of two counts of events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ratio {
    /// Counts the good events, or the bad ones.
    pub counted: Counted,
    /// Counts all events.
    pub total: Query,
}

/// A share of good or of bad events, between 0 and 1, that a query gives at any time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raw {
    /// The share, good or bad.
    pub share: Counted,
}

/// A value against a bound.
#[derive(Debug, Clone, PartialEq)]
pub struct Threshold {
    /// Gives the value at any time.
    pub query: Query,
    /// How a good value lies to the bound.
    pub operator: Operator,
    /// The bound, in the unit of the value; finite.
    pub value: f64,
}

/// How a good value lies to its bound: OpenSLO's `op`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `lte`.
    AtMost,
    /// `lt`.
    Below,
    /// `gte`.
    AtLeast,
    /// `gt`.
    Above,
}

impl Operator {
    /// Whether `value` is good. NaN never is.
    #[must_use]
    pub fn holds(self, value: f64, bound: f64) -> bool {
        match self {
            Self::AtMost => value <= bound,
            Self::Below => value < bound,
            Self::AtLeast => value >= bound,
            Self::Above => value > bound,
        }
    }

    /// As PromQL writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AtMost => "<=",
            Self::Below => "<",
            Self::AtLeast => ">=",
            Self::Above => ">",
        }
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Which part of the events is counted beside their total.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Counted {
    /// The good ones; the rest is bad.
    Good(Query),
    /// The bad ones.
    Bad(Query),
}

impl Counted {
    /// The query of either.
    #[must_use]
    pub fn query(&self) -> &Query {
        match self {
            Self::Good(query) | Self::Bad(query) => query,
        }
    }
}

/// Step of the subqueries that average what is no counter, and the resolution of what has a window.
const STEP: &str = "1m";

impl Indicator {
    /// Share of bad events over `window` (`5m`), as one PromQL expression without labels. Of a
    /// threshold it is the share of the time.
    ///
    /// It is NaN when there were no events, and empty when a series is missing.
    #[must_use]
    pub fn error_ratio(&self, window: &str) -> String {
        match self {
            Self::Ratio(ratio) => ratio.error_ratio(window),
            Self::Raw(raw) => raw.error_ratio(window),
            Self::Threshold(threshold) => threshold.error_ratio(window),
        }
    }

    /// The queries; of a ratio the total first.
    #[must_use]
    pub fn queries(&self) -> Vec<&Query> {
        match self {
            Self::Ratio(ratio) => vec![&ratio.total, ratio.counted.query()],
            Self::Raw(raw) => vec![raw.share.query()],
            Self::Threshold(threshold) => vec![&threshold.query],
        }
    }
}

impl Ratio {
    fn error_ratio(&self, window: &str) -> String {
        let total = self.total.rate(window);
        match &self.counted {
            Counted::Bad(bad) => format!("{}\n/\n{total}", bad.rate(window)),
            Counted::Good(good) => format!("1 - (\n{}\n/\n{total}\n)", good.rate(window)),
        }
    }
}

impl Raw {
    /// An expression with the window is a mean over it; any other is averaged over it. Of several
    /// series, which are a mistake, the worst counts.
    fn error_ratio(&self, window: &str) -> String {
        let share = self.share.query();
        let text = share.fill(window);
        let worst = match self.share {
            Counted::Bad(_) => format!("max({text})"),
            Counted::Good(_) => format!("min({text})"),
        };
        let mean = if promql::has_window(share.as_str()) {
            worst
        } else {
            format!("avg_over_time({worst}[{window}:{STEP}])")
        };
        match self.share {
            Counted::Bad(_) => mean,
            Counted::Good(_) => format!("1 - {mean}"),
        }
    }
}

impl Threshold {
    /// The share of the points that lie on the wrong side. Of several series, which are a mistake, the
    /// worst counts.
    fn error_ratio(&self, window: &str) -> String {
        let value = self.query.fill(STEP);
        let worst = match self.operator {
            Operator::AtMost | Operator::Below => "max",
            Operator::AtLeast | Operator::Above => "min",
        };
        let (operator, bound) = (self.operator, number(self.value));
        format!("1 - avg_over_time(({worst}({value}) {operator} bool {bound})[{window}:{STEP}])")
    }
}

/// A number as PromQL reads it: the largest and the smallest not in hundreds of digits.
fn number(value: f64) -> String {
    let is_plain = value == 0.0 || (1e-6..1e15).contains(&value.abs());
    if is_plain {
        value.to_string()
    } else {
        format!("{value:e}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(text: &str) -> Query {
        Query::parse(text, Some(true)).unwrap()
    }

    #[test]
    fn counters_become_rates_that_are_summed() {
        let indicator = Ratio {
            counted: Counted::Bad(query(r#"answers_total{code=~"5.."}"#)),
            total: query("answers_total"),
        };
        insta::assert_snapshot!(indicator.error_ratio("5m"), @r#"
        sum(rate(answers_total{code=~"5.."}[5m]))
        /
        sum(rate(answers_total[5m]))
        "#);
    }

    #[test]
    fn good_events_are_turned_round() {
        let indicator = Ratio {
            counted: Counted::Good(query(r#"seconds_bucket{le="0.5"}"#)),
            total: query("sum(increase(seconds_count[{{.window}}]))"),
        };
        insta::assert_snapshot!(indicator.error_ratio("1h"), @r#"
        1 - (
        sum(rate(seconds_bucket{le="0.5"}[1h]))
        /
        sum(sum(increase(seconds_count[1h])))
        )
        "#);
        for window in ["5m", "7d"] {
            assert!(crate::promql::parse(&indicator.error_ratio(window)).is_ok());
        }
    }

    fn with_share(text: &str, is_good: bool) -> Indicator {
        let query = Query::value(text).unwrap();
        let share = if is_good {
            Counted::Good(query)
        } else {
            Counted::Bad(query)
        };
        Indicator::Raw(Raw { share })
    }

    fn with_bound(text: &str, operator: Operator, value: f64) -> Indicator {
        let query = Query::value(text).unwrap();
        Indicator::Threshold(Threshold {
            query,
            operator,
            value,
        })
    }

    #[test]
    fn every_kind_has_an_error_ratio_that_is_promql() {
        let gauge = |text: &str| Query::parse(text, Some(false)).unwrap();
        let quantile = "histogram_quantile(0.99, sum by (le) (rate(s_bucket[{{.window}}])))";
        let kinds = [
            Indicator::Ratio(Ratio {
                counted: Counted::Bad(gauge("waiting")),
                total: gauge("sum(waiting) + sum(running)"),
            }),
            with_share("errors:ratio", false),
            with_share("good:ratio", true),
            with_share(
                "1 - (sum(rate(a[{{.window}}])) / sum(rate(b[{{.window}}])))",
                false,
            ),
            with_bound(quantile, Operator::AtMost, 0.3),
            with_bound("free_bytes", Operator::Above, 1e300),
            with_bound("temperature", Operator::AtLeast, -5.0),
            with_bound("temperature", Operator::Below, 0.000_000_1),
        ];
        let texts = kinds.map(|kind| kind.error_ratio("1h"));
        for text in &texts {
            assert!(
                promql::parse(text).is_ok(),
                "{text}: {:?}",
                promql::parse(text)
            );
        }
        insta::assert_snapshot!(texts.join("\n\n"));
    }
}
