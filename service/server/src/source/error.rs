//! Why there is no data, and what that means to whoever asked.

use std::time::Duration;

use signals::{ErrorType, Status};

use crate::web::Problem;

/// Whose fault a refused query is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Blame {
    /// It stood in the URL.
    Caller,
    /// It stands in the configuration.
    Configuration,
}

/// Why there is no data. Its text can be shown: it holds no address and no password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SourceError {
    /// There is no Prometheus.
    #[error("no Prometheus is configured: prometheus.url is empty")]
    NotConfigured,
    /// Prometheus cannot evaluate the query; `message` is what it says, in one short line.
    #[error("Prometheus refuses the query: {message}")]
    BadQuery {
        message: String,
        /// Whether it could not even be parsed.
        is_syntax: bool,
        blame: Blame,
    },
    /// The query gives more series than a chart has room for.
    #[error("the query gives {actual} series, more than {limit}")]
    TooManySeries { limit: usize, actual: usize },
    /// The query gives more points than a chart has room for.
    #[error("the query gives {actual} points, more than {limit}")]
    TooManyPoints { limit: usize, actual: usize },
    /// The answer is longer than it may be.
    #[error("the answer of Prometheus has more than {limit_bytes} bytes")]
    TooLarge { limit_bytes: usize },
    /// Prometheus could not be asked, or gave no answer of its kind.
    #[error("Prometheus gives no data: {reason}")]
    Unavailable { reason: String, error: ErrorType },
    /// There was not time enough.
    #[error("Prometheus gave no answer before the deadline of the request")]
    Late,
    /// It failed so often that it is left alone.
    #[error("Prometheus failed too often; the next try is in {retry_after:?}")]
    CircuitOpen { retry_after: Duration },
    /// Too many queries are being answered.
    #[error("too many queries wait for Prometheus")]
    Refused,
}

impl SourceError {
    /// Whether older data is better than this answer: the request itself was in order.
    pub(crate) fn is_outage(&self) -> bool {
        matches!(
            self,
            Self::Unavailable { .. } | Self::Late | Self::CircuitOpen { .. } | Self::Refused
        )
    }

    /// How metrics call it.
    pub(crate) fn error_type(&self) -> ErrorType {
        match self {
            Self::Unavailable { error, .. } => *error,
            Self::Late => ErrorType::Timeout,
            Self::CircuitOpen { .. } => ErrorType::CircuitOpen,
            Self::Refused => ErrorType::Shed,
            Self::BadQuery {
                blame: Blame::Configuration,
                ..
            } => ErrorType::Response,
            _ => ErrorType::None,
        }
    }

    /// The same, now that it is known where the query stood.
    pub(super) fn blamed_on(mut self, whom: Blame) -> Self {
        if let Self::BadQuery { blame, .. } = &mut self {
            *blame = whom;
        }
        self
    }

    fn status(&self) -> Status {
        match self {
            Self::NotConfigured => Status::NotFound,
            Self::BadQuery {
                blame: Blame::Configuration,
                ..
            }
            | Self::Unavailable { .. } => Status::BadGateway,
            Self::BadQuery {
                is_syntax: true, ..
            } => Status::BadRequest,
            Self::BadQuery { .. }
            | Self::TooManySeries { .. }
            | Self::TooManyPoints { .. }
            | Self::TooLarge { .. } => Status::Unprocessable,
            Self::Late => Status::GatewayTimeout,
            Self::CircuitOpen { .. } | Self::Refused => Status::Unavailable,
        }
    }

    fn kind(&self) -> (&'static str, &'static str) {
        match self {
            Self::NotConfigured => ("not-configured", "Not configured"),
            Self::BadQuery { .. } => ("bad-query", "Bad query"),
            Self::TooManySeries { .. } | Self::TooManyPoints { .. } | Self::TooLarge { .. } => {
                ("limit-exceeded", "Limit exceeded")
            }
            Self::Unavailable { .. } | Self::CircuitOpen { .. } => {
                ("source-unavailable", "Source unavailable")
            }
            Self::Late => ("deadline-exceeded", "Deadline exceeded"),
            Self::Refused => ("overloaded", "Overloaded"),
        }
    }
}

/// 404, 400, 422, 502, 503 with `Retry-After`, or 504.
impl From<SourceError> for Problem {
    fn from(source: SourceError) -> Self {
        let (kind, title) = source.kind();
        let words = source.to_string();
        let mut letters = words.chars();
        let first = letters.next().into_iter().flat_map(char::to_uppercase);
        let detail = first.chain(letters).chain(['.']).collect::<String>();
        let mut problem = Problem::new(source.status(), kind, title, detail);
        problem.error = source.error_type();
        let is_of_the_query =
            problem.status == Status::Unprocessable || problem.status == Status::BadRequest;
        problem.parameter = is_of_the_query.then(|| "query".to_owned());
        (problem.limit, problem.actual) = match source {
            SourceError::TooManySeries { limit, actual }
            | SourceError::TooManyPoints { limit, actual } => {
                (Some(limit as u64), Some(actual as u64))
            }
            SourceError::TooLarge { limit_bytes } => (Some(limit_bytes as u64), None),
            _ => (None, None),
        };
        problem.retry_after = match source {
            SourceError::CircuitOpen { retry_after } => {
                Some(retry_after.as_secs().saturating_add(1))
            }
            SourceError::Refused => Some(1),
            _ => None,
        };
        problem
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_is_an_answer() {
        let bad = |is_syntax, blame| SourceError::BadQuery {
            message: "parse error".to_owned(),
            is_syntax,
            blame,
        };
        let all = [
            SourceError::NotConfigured,
            bad(true, Blame::Caller),
            bad(false, Blame::Caller),
            bad(true, Blame::Configuration),
            SourceError::TooManySeries {
                limit: 32,
                actual: 40,
            },
            SourceError::TooManyPoints {
                limit: 100_000,
                actual: 100_001,
            },
            SourceError::TooLarge { limit_bytes: 1_024 },
            SourceError::Unavailable {
                reason: "it answered 503".to_owned(),
                error: ErrorType::Response,
            },
            SourceError::Late,
            SourceError::CircuitOpen {
                retry_after: Duration::from_millis(1_200),
            },
            SourceError::Refused,
        ];
        let report = all.map(|error| {
            let is_outage = error.is_outage();
            let problem = Problem::from(error);
            format!(
                "{} {} {:?} {:?} outage={is_outage}: {}",
                problem.status.as_str(),
                problem.kind,
                problem.error,
                problem.retry_after,
                problem.detail
            )
        });
        insta::assert_snapshot!(report.join("\n"));
    }
}
