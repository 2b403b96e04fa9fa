//! A question and its answer as they go over the wire.

use jiff::Timestamp;
use serde::Serialize;

/// A question to the API, without what is no part of its meaning (server, timeout, credentials).
///
/// Equal questions are equal values, so a question can be the key of what was answered.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Asked {
    /// What is asked, below `/api/v1/`: `query`, `query_range`, `status/buildinfo`.
    pub path: &'static str,
    /// Names and values, not encoded, in a fixed order.
    pub parameters: Vec<(&'static str, String)>,
}

impl Asked {
    /// What `query` gives at `time` (RFC 3339 or seconds since 1970), or now when there is none.
    #[must_use]
    pub fn query(query: &str, time: Option<String>) -> Self {
        let mut parameters = vec![("query", query.to_owned())];
        parameters.extend(time.map(|time| ("time", time)));
        Self {
            path: "query",
            parameters,
        }
    }

    /// What `query` gives from `start` to `end`, both included, every `step_millis`, at least 1.
    #[must_use]
    pub fn range(query: &str, start: String, end: String, step_millis: i64) -> Self {
        Self {
            path: "query_range",
            parameters: vec![
                ("query", query.to_owned()),
                ("start", start),
                ("end", end),
                ("step", format!("{}ms", step_millis.max(1))),
            ],
        }
    }

    /// Which version the server is; see [`version_of`](super::version_of).
    #[must_use]
    pub fn version() -> Self {
        Self {
            path: "status/buildinfo",
            parameters: Vec::new(),
        }
    }

    /// The names of all metrics that the server has; see [`names_of`](super::names_of).
    #[must_use]
    pub fn names() -> Self {
        Self {
            path: "label/__name__/values",
            parameters: Vec::new(),
        }
    }

    /// Whether the API takes a `timeout` for it.
    pub(super) fn takes_timeout(&self) -> bool {
        matches!(self.path, "query" | "query_range")
    }
}

/// What a server answered with status 200.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// The body, at most 16 MiB, without any secret of the client that the server put into it.
    pub body: Vec<u8>,
    /// What time it is by the clock of whoever answered, in whole seconds: the `Date` header.
    pub date: Option<Timestamp>,
}
