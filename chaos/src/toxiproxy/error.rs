//! What the API answers when it cannot do what it was asked to.

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

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
    #[error("invalid toxic type")]
    BadType,
    #[error("attribute {name} is unknown to {kind}")]
    UnknownAttribute { kind: &'static str, name: String },
    #[error("toxic not found")]
    NoToxic,
    #[error("toxic already exists")]
    ToxicExists,
    #[error("{what} is out of range, expected {expected}")]
    OutOfRange { what: String, expected: String },
    #[error("there are {max} {what} already, which is the limit")]
    TooMany { what: &'static str, max: usize },
    #[error("{0}")]
    NotAllowed(String),
    #[error("{0}")]
    Address(String),
    #[error("listen tcp {address}: bind: {}", in_words(.source))]
    Listen {
        address: String,
        source: std::io::Error,
    },
    #[error("open connections did not adopt the change in time")]
    Stuck,
    #[error("proxy {proxy} is leased by {holder}, for {seconds_left} s more at most")]
    Leased {
        proxy: String,
        holder: String,
        seconds_left: u64,
    },
    #[error("lease not found, or it has ended")]
    NoLease,
    #[error("the lease is unknown or has ended; nothing was changed")]
    LeaseEnded,
    #[error("the lease does not cover the proxy {0}; nothing was changed")]
    NotCovered(String),
    #[error("the toxic {0} was not added under this lease; nothing was changed")]
    NotUnder(String),
    #[error("request body is larger than {0} bytes")]
    TooLarge(usize),
    #[error("the request was not sent whole within {0} s")]
    TooSlow(u64),
    #[error("a bearer token is needed, and this is not it")]
    NoToken,
    #[error("not done within {0} s; it is still being done")]
    Late(u64),
    #[error("a bug: the request could not be handled")]
    Bug,
}

impl ApiError {
    /// The same with the words that the original puts before a bad address of a new proxy.
    pub(crate) fn of_listening(self) -> Self {
        match self {
            Self::Address(text) => Self::Address(format!("listen tcp: {text}")),
            other => other,
        }
    }

    /// The status that goes with it.
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::BadBody(_)
            | Self::MissingField(_)
            | Self::BadStream
            | Self::BadType
            | Self::UnknownAttribute { .. }
            | Self::OutOfRange { .. }
            | Self::TooMany { .. }
            | Self::NotAllowed(_) => StatusCode::BAD_REQUEST,
            Self::NoProxy | Self::NoToxic | Self::NoLease => StatusCode::NOT_FOUND,
            Self::ProxyExists
            | Self::ToxicExists
            | Self::Leased { .. }
            | Self::LeaseEnded
            | Self::NotCovered(_)
            | Self::NotUnder(_) => StatusCode::CONFLICT,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow(_) => StatusCode::REQUEST_TIMEOUT,
            Self::NoToken => StatusCode::UNAUTHORIZED,
            Self::Late(_) => StatusCode::SERVICE_UNAVAILABLE,
            // The original takes the caller's mistake in an address for one of its own.
            Self::Address(_) | Self::Listen { .. } | Self::Stuck | Self::Bug => {
                StatusCode::INTERNAL_SERVER_ERROR
            }
        }
    }
}

/// What the system says, without its number: `address already in use`.
fn in_words(source: &std::io::Error) -> String {
    let text = source.to_string();
    let words = text.split(" (os error").next().unwrap_or_default();
    words.to_lowercase()
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = self.status();
        let mut body = json!({ "error": self.to_string(), "status": status.as_u16() });
        if let Self::Leased {
            proxy,
            holder,
            seconds_left,
        } = self
        {
            body["proxy"] = json!(proxy);
            body["holder"] = json!(holder);
            body["expires_in_seconds"] = json!(seconds_left);
            return (status, Json(body)).into_response();
        }
        let challenge = [(header::WWW_AUTHENTICATE, "Bearer")];
        match status {
            StatusCode::UNAUTHORIZED => (status, challenge, Json(body)).into_response(),
            _ => (status, Json(body)).into_response(),
        }
    }
}
