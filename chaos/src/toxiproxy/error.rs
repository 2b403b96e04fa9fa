//! What the API answers when it cannot do what it was asked to.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

/// Why a request to the API failed, in Toxiproxy's words.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApiError {
    #[error("bad request body: {0}")]
    BadBody(String),
    #[error("missing required field: {0}")]
    MissingField(String),
    #[error("proxy not found")]
    NoProxy,
    #[error("proxy already exists")]
    ProxyExists,
    #[error("stream was invalid, can be either upstream or downstream")]
    BadStream,
    #[error("invalid toxic type: {0:?}; this server has latency, timeout, reset_peer and noop")]
    BadType(String),
    #[error("toxic not found")]
    NoToxic,
    #[error("toxic already exists")]
    ToxicExists,
    #[error("{what} is out of range, expected {expected}")]
    OutOfRange {
        what: String,
        expected: &'static str,
    },
    #[error("there are {max} {what} already, which is the limit")]
    TooMany { what: &'static str, max: usize },
    #[error("{0}")]
    NotAllowed(String),
    #[error("listen {address}: {source}")]
    Listen {
        address: String,
        source: std::io::Error,
    },
    #[error("open connections did not adopt the change in time")]
    Stuck,
}

impl ApiError {
    /// The status that goes with it.
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::BadBody(_)
            | Self::MissingField(_)
            | Self::BadStream
            | Self::BadType(_)
            | Self::OutOfRange { .. }
            | Self::TooMany { .. }
            | Self::NotAllowed(_) => StatusCode::BAD_REQUEST,
            Self::NoProxy | Self::NoToxic => StatusCode::NOT_FOUND,
            Self::ProxyExists | Self::ToxicExists => StatusCode::CONFLICT,
            Self::Listen { .. } | Self::Stuck => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = self.status();
        let body = serde_json::json!({ "error": self.to_string(), "status": status.as_u16() });
        (status, Json(body)).into_response()
    }
}
