//! What a service promises, and how that is measured.

use std::path::PathBuf;
use std::time::Duration;

use crate::query::Query;

/// One promise: at least this share of events is good, over this rolling window.
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
    /// Rolling window over which it holds.
    pub window: Duration,
    /// The window in its largest exact unit, as [`crate::window::text`] writes it: `7d`.
    pub window_text: String,
    /// How good and bad are measured.
    pub indicator: Indicator,
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

/// A ratio of two counts of events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Indicator {
    /// Counts the good events, or the bad ones.
    pub counted: Counted,
    /// Counts all events.
    pub total: Query,
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

impl Indicator {
    /// Share of bad events over `window` (`5m`), as one PromQL expression without labels.
    ///
    /// It is NaN when there were no events, and empty when a series is missing.
    #[must_use]
    pub fn error_ratio(&self, window: &str) -> String {
        let total = self.total.rate(window);
        match &self.counted {
            Counted::Bad(bad) => format!("{}\n/\n{total}", bad.rate(window)),
            Counted::Good(good) => format!("1 - (\n{}\n/\n{total}\n)", good.rate(window)),
        }
    }

    /// The queries, total first.
    #[must_use]
    pub fn queries(&self) -> [&Query; 2] {
        [&self.total, self.counted.query()]
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
        let indicator = Indicator {
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
        let indicator = Indicator {
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
}
