//! Why there is no answer.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Why Prometheus gave no answer that can be used. Text of the server in it is one bounded line
/// without secrets. Serialised, its `kind` is the name in snake case.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum SourceError {
    /// No connection, or it broke off.
    #[error("cannot reach {address}: {cause}")]
    Unreachable {
        /// The server, without credentials.
        address: String,
        /// What the network said.
        cause: String,
    },
    /// It did not answer in time.
    #[error("{address} did not answer within {}", crate::window::text(*.limit))]
    Late {
        /// The server, without credentials.
        address: String,
        /// How long it had.
        limit: Duration,
    },
    /// It answered with an error.
    #[error("{address} answered {status}: {message}{}", advice(*.status))]
    Refused {
        /// The server, without credentials.
        address: String,
        /// HTTP status; 200 when only the body says that it is an error.
        status: u16,
        /// What it said.
        message: String,
    },
    /// What it answered is not the answer of the query API.
    #[error("{address} did not answer as Prometheus does: {message}")]
    NotAnApi {
        /// The server, without credentials.
        address: String,
        /// What is wrong with the answer.
        message: String,
    },
    /// The answer is too large.
    #[error("the answer of {address} has more than {} {of}", crate::text::count(*.limit as f64))]
    TooLarge {
        /// The server, without credentials.
        address: String,
        /// The most that is read.
        limit: usize,
        /// Of what there is too much.
        of: Part,
    },
}

/// Of what an answer can have too much.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// The body.
    Bytes,
    /// Series.
    Series,
    /// Points of one series.
    Points,
    /// Names of metrics.
    Names,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bytes => "bytes",
            Self::Series => "series",
            Self::Points => "points in one series",
            Self::Names => "names",
        })
    }
}

/// What to do about an HTTP status, in parentheses; nothing where the message must say it.
fn advice(status: u16) -> &'static str {
    match status {
        401 => " (check the credentials: --bearer-file or --basic-file)",
        403 => " (who asks may not query: check the credentials, and the tenant in --header-file)",
        404 => " (there is no query API: name the address as it is before /api/v1)",
        407 => " (a proxy on the way wants credentials)",
        413 => " (the question is too long for a proxy on the way: narrow it with --match)",
        429 => " (it takes fewer questions at a time: ask again later)",
        500 => " (a fault of the server: its log says more)",
        502 | 504 => " (a proxy on the way got no answer: check that Prometheus runs behind it)",
        503 => " (it is overloaded or starting, or gave up on the query: ask again later)",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address() -> String {
        "http://prometheus:9090".to_owned()
    }

    fn every() -> Vec<SourceError> {
        let refused = |status, message: &str| SourceError::Refused {
            address: address(),
            status,
            message: message.to_owned(),
        };
        let too_large = |limit, of| SourceError::TooLarge {
            address: address(),
            limit,
            of,
        };
        let mut errors = vec![
            SourceError::Unreachable {
                address: address(),
                cause: "Connection refused (os error 111)".to_owned(),
            },
            SourceError::Late {
                address: address(),
                limit: Duration::from_millis(1_500),
            },
            SourceError::NotAnApi {
                address: address(),
                message: "status is success, and there is no data".to_owned(),
            },
            too_large(16_777_216, Part::Bytes),
            too_large(20_000, Part::Series),
            too_large(11_000, Part::Points),
            too_large(200_000, Part::Names),
            refused(200, "execution: too many samples"),
            refused(422, "execution: too many samples"),
        ];
        let statuses = [401, 403, 404, 407, 413, 429, 500, 502, 503, 504];
        errors.extend(statuses.map(|status| refused(status, "no")));
        errors
    }

    #[test]
    fn every_failure_says_what_to_do_where_it_is_known() {
        let texts: Vec<String> = every().iter().map(ToString::to_string).collect();
        insta::assert_snapshot!(texts.join("\n"));
    }

    #[test]
    fn a_failure_that_was_kept_is_the_same_failure() {
        for error in every() {
            let text = serde_json::to_string(&error).unwrap();
            assert_eq!(serde_json::from_str::<SourceError>(&text).unwrap(), error);
        }
        let text = serde_json::to_string(&every()[1]).unwrap();
        assert!(text.starts_with(r#"{"kind":"late","#), "{text}");
        let more = r#"{"kind":"unreachable","address":"a","cause":"b","verdict":"pass"}"#;
        assert!(serde_json::from_str::<SourceError>(more).is_err());
    }
}
