//! What can be wrong with a query.

use std::fmt;

/// How the sentence about an unknown metric begins.
pub(crate) const NOBODY: &str = "nobody records";

/// One thing that is wrong with a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// It is not PromQL, or not what Prometheus takes.
    Syntax(String),
    /// Nobody records this metric.
    UnknownMetric {
        /// The name in the query.
        name: String,
        /// What may have been meant.
        hint: Option<String>,
    },
    /// The metric has no such label.
    UnknownLabel {
        /// The metric, or the expression that is grouped.
        of: String,
        /// The label in the query.
        label: String,
        /// The labels that there are.
        known: Vec<String>,
    },
    /// The label never has this value.
    UnknownValue {
        /// The metric.
        metric: String,
        /// The matcher as the query has it.
        matcher: String,
        /// The values that there are.
        known: Vec<String>,
    },
    /// The matchers of one label leave none of its values.
    NothingLeft {
        /// The metric.
        metric: String,
        /// The label.
        label: String,
    },
    /// A function of counters is given something that is none, or the other way round.
    WrongKind {
        /// The function.
        function: String,
        /// The metric.
        metric: String,
        /// What the metric is: `gauge`, `counter`, `recorded series`.
        kind: &'static str,
    },
    /// A quantile of something without `le`.
    NoBuckets {
        /// The function.
        function: String,
    },
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax(message) => write!(f, "not PromQL: {message}"),
            Self::UnknownMetric { name, hint: None } => write!(f, "{NOBODY} {name}"),
            Self::UnknownMetric {
                name,
                hint: Some(hint),
            } => {
                write!(f, "{NOBODY} {name}; {hint}")
            }
            Self::UnknownLabel { of, label, known } => {
                write!(f, "{of} has no label {label}; expected {}", one_of(known))
            }
            Self::UnknownValue {
                metric,
                matcher,
                known,
            } => {
                write!(
                    f,
                    "{matcher} matches no value of {metric}; expected {}",
                    one_of(known)
                )
            }
            Self::NothingLeft { metric, label } => {
                write!(f, "the matchers of {label} leave no value of {metric}")
            }
            Self::WrongKind {
                function,
                metric,
                kind,
            } => {
                write!(f, "{function}() of {metric}, which is a {kind}")
            }
            Self::NoBuckets { function } => {
                write!(
                    f,
                    "{function}() needs the label le, which its argument has lost"
                )
            }
        }
    }
}

impl std::error::Error for Problem {}

fn one_of(known: &[String]) -> String {
    match known {
        [] => "none".to_owned(),
        [one] => one.clone(),
        many => format!("one of {}", many.join(", ")),
    }
}
