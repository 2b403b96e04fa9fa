//! Why there is no answer.

use std::time::Duration;

/// Why Prometheus gave no answer that can be used. Text of the server in it is one bounded line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
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
    #[error("{address} answered {status}: {message}")]
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
    #[error("the answer of {address} is larger than {limit_bytes} bytes")]
    TooLarge {
        /// The server, without credentials.
        address: String,
        /// The most that is read.
        limit_bytes: usize,
    },
}
