//! What went wrong, as `application/problem+json` (RFC 9457).

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use render::{LimitError, MissingGlyphs};
use serde::Serialize;
use signals::{ErrorType, Status};

use crate::pictures::{DrawError, Failed};
use crate::signature::SignatureError;
use crate::telemetry::Timing;
use crate::upstream::NotAllowed;

/// An answer that is an error. Boxed, because most answers are none.
#[derive(Debug, Clone)]
pub(crate) struct Problem(Box<Facts>);

/// What is known about a problem.
#[derive(Debug, Clone)]
pub(crate) struct Facts {
    pub(crate) status: Status,
    /// For metrics; none when the caller is at fault.
    pub(crate) error: ErrorType,
    /// Last part of the type: stable, for programs.
    pub(crate) kind: &'static str,
    pub(crate) title: &'static str,
    pub(crate) detail: String,
    pub(crate) parameter: Option<String>,
    pub(crate) limit: Option<u64>,
    pub(crate) actual: Option<u64>,
    /// In seconds.
    pub(crate) retry_after: Option<u64>,
    /// Methods that the route takes.
    pub(crate) allow: Option<&'static str>,
    /// Whether the connection cannot be used again.
    pub(crate) closes: bool,
    /// What was done until then.
    pub(crate) timings: Option<Arc<Vec<Timing>>>,
}

/// The members in the order in which a reader wants them.
#[derive(Serialize)]
struct Members<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    detail: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    parameter: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    actual: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace_id: Option<&'a str>,
}

impl std::ops::Deref for Problem {
    type Target = Facts;

    fn deref(&self) -> &Facts {
        &self.0
    }
}

impl std::ops::DerefMut for Problem {
    fn deref_mut(&mut self) -> &mut Facts {
        &mut self.0
    }
}

impl Problem {
    /// What is known about it, to take apart.
    pub(crate) fn into_facts(self) -> Facts {
        *self.0
    }

    pub(crate) fn new(
        status: Status,
        kind: &'static str,
        title: &'static str,
        detail: impl Into<String>,
    ) -> Self {
        Self(Box::new(Facts {
            status,
            error: ErrorType::None,
            kind,
            title,
            detail: detail.into(),
            parameter: None,
            limit: None,
            actual: None,
            retry_after: None,
            allow: None,
            closes: false,
            timings: None,
        }))
    }

    fn limited(mut self, limit: usize, actual: usize) -> Self {
        self.limit = Some(limit as u64);
        self.actual = Some(actual as u64);
        self
    }

    /// 400: a parameter that cannot be understood.
    pub(crate) fn parameter(parameter: &str, detail: impl Into<String>) -> Self {
        let mut problem = Self::new(
            Status::BadRequest,
            "invalid-parameter",
            "Invalid parameter",
            detail,
        );
        problem.parameter = Some(parameter.to_owned());
        problem
    }

    /// 400: the body ended before its end, or its chunks cannot be told apart.
    pub(crate) fn body_broken_off() -> Self {
        let mut problem = Self::parameter("body", "The body broke off.");
        problem.closes = true;
        problem
    }

    /// 422: more than a named limit allows.
    pub(crate) fn limit(error: &LimitError) -> Self {
        let mut problem = Self::new(
            Status::Unprocessable,
            "limit-exceeded",
            "Limit exceeded",
            format!("{error}."),
        );
        problem.parameter = Some(error.parameter.clone());
        problem.limit = Some(error.limit);
        problem.actual = Some(error.actual);
        problem
    }

    /// 422: a picture from where none may come.
    pub(crate) fn picture_not_allowed(why: &NotAllowed) -> Self {
        let mut problem = Self::new(
            Status::Unprocessable,
            "picture-not-allowed",
            "Picture not allowed",
            format!("{why}."),
        );
        problem.parameter = Some("picture".to_owned());
        problem
    }

    /// 422: a strict request with characters that no font has.
    pub(crate) fn missing_glyphs(missing: &MissingGlyphs) -> Self {
        Self::new(
            Status::Unprocessable,
            "missing-glyphs",
            "Missing glyphs",
            format!("No font has {missing}."),
        )
    }

    /// 422: JSON in JSON in JSON.
    pub(crate) fn too_deep(limit: usize, actual: usize) -> Self {
        let detail = format!("The body is nested {actual} deep, more than {limit}.");
        let mut problem = Self::new(
            Status::Unprocessable,
            "limit-exceeded",
            "Limit exceeded",
            detail,
        );
        problem.parameter = Some("body".to_owned());
        problem.limited(limit, actual)
    }

    /// 404.
    pub(crate) fn not_found() -> Self {
        Self::new(
            Status::NotFound,
            "not-found",
            "Not found",
            "There is nothing here; / shows what there is.",
        )
    }

    /// 405.
    pub(crate) fn method_not_allowed(allow: &'static str) -> Self {
        let detail = format!("This route takes {allow}.");
        let mut problem = Self::new(
            Status::MethodNotAllowed,
            "method-not-allowed",
            "Method not allowed",
            detail,
        );
        problem.allow = Some(allow);
        problem
    }

    /// 408: the body did not arrive in time.
    pub(crate) fn body_late(timeout: Duration) -> Self {
        let detail = format!("The body did not arrive within {timeout:?}.");
        let mut problem = Self::new(
            Status::RequestTimeout,
            "body-timeout",
            "Request timeout",
            detail,
        );
        problem.closes = true;
        problem
    }

    /// 413. `actual` is as much as is known.
    pub(crate) fn body_too_large(limit: usize, actual: usize) -> Self {
        let detail = format!("The body has more than {limit} bytes.");
        let mut problem = Self::new(
            Status::ContentTooLarge,
            "content-too-large",
            "Content too large",
            detail,
        );
        problem.parameter = Some("body".to_owned());
        problem.closes = true;
        problem.limited(limit, actual)
    }

    /// 503: the bodies that others send hold as much memory as bodies may.
    pub(crate) fn bodies_full() -> Self {
        let detail = "Too many bodies are being read; try again later.";
        let mut problem = Self::new(Status::Unavailable, "overloaded", "Overloaded", detail);
        problem.error = ErrorType::Shed;
        problem.retry_after = Some(1);
        problem
    }

    /// 414.
    pub(crate) fn url_too_long(limit: usize, actual: usize) -> Self {
        let detail = format!("Path and query have {actual} bytes, more than {limit}.");
        Self::new(Status::UriTooLong, "uri-too-long", "URI too long", detail).limited(limit, actual)
    }

    /// 415.
    pub(crate) fn not_json() -> Self {
        let detail = "The body must be application/json in UTF-8, without a content encoding.";
        Self::new(
            Status::UnsupportedMediaType,
            "unsupported-media-type",
            "Unsupported media type",
            detail,
        )
    }

    /// 431.
    pub(crate) fn head_too_large(limit: usize, actual: usize) -> Self {
        let detail = format!("The head of the request has {actual} bytes, more than {limit}.");
        let (kind, title) = ("headers-too-large", "Request header fields too large");
        Self::new(Status::HeadersTooLarge, kind, title, detail).limited(limit, actual)
    }

    /// 500: a bug.
    pub(crate) fn internal() -> Self {
        let detail = "The service has a bug; the trace leads to it.";
        let mut problem = Self::new(
            Status::InternalServerError,
            "internal",
            "Internal error",
            detail,
        );
        problem.error = ErrorType::Internal;
        problem
    }

    /// 500: the fault switch of a rehearsal.
    pub(crate) fn injected() -> Self {
        let detail = "A rehearsal asked the service to fail.";
        let mut problem = Self::new(
            Status::InternalServerError,
            "injected-fault",
            "Injected fault",
            detail,
        );
        problem.error = ErrorType::Injected;
        problem
    }

    /// The body.
    pub(crate) fn body(&self, trace_id: Option<&str>) -> Bytes {
        let members = Members {
            r#type: format!("urn:proofmark:problem:{}", self.kind),
            title: self.title,
            // Every status of the catalog is a number.
            status: self.status.as_str().parse().unwrap_or(500),
            detail: &self.detail,
            parameter: self.parameter.as_deref(),
            limit: self.limit,
            actual: self.actual,
            trace_id,
        };
        // Texts and numbers always serialise.
        serde_json::to_vec(&members).unwrap_or_default().into()
    }
}

impl From<LimitError> for Problem {
    fn from(error: LimitError) -> Self {
        Self::limit(&error)
    }
}

impl From<SignatureError> for Problem {
    fn from(error: SignatureError) -> Self {
        let title = match error.status() {
            Status::Unauthorized => "Signature needed",
            Status::Forbidden => "Signature refused",
            _ => "Invalid parameter",
        };
        let mut problem = Self::new(error.status(), error.kind(), title, format!("{error}."));
        problem.parameter = Some(error.parameter().to_owned());
        problem
    }
}

impl From<MissingGlyphs> for Problem {
    fn from(missing: MissingGlyphs) -> Self {
        Self::missing_glyphs(&missing)
    }
}

impl From<Failed> for Problem {
    fn from(failed: Failed) -> Self {
        let mut problem = match failed.why {
            DrawError::Full { retry_after } => {
                let detail = "Too many pictures wait to be drawn; try again later.";
                let mut problem =
                    Self::new(Status::Unavailable, "overloaded", "Overloaded", detail);
                problem.error = ErrorType::Shed;
                problem.retry_after = Some(retry_after.as_secs_f64().ceil().max(1.0) as u64);
                problem
            }
            DrawError::TooDear { limit, actual } => {
                let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
                Self::limit(&LimitError {
                    parameter: "picture".to_owned(),
                    counted: "milliseconds of drawing",
                    limit: millis(limit),
                    actual: millis(actual),
                })
            }
            DrawError::Late => {
                let detail = "The picture was not there before the deadline of the request.";
                let (kind, title) = ("deadline-exceeded", "Deadline exceeded");
                let mut problem = Self::new(Status::GatewayTimeout, kind, title, detail);
                problem.error = ErrorType::Timeout;
                problem
            }
            DrawError::Failed { reason } => {
                let detail = format!("Drawing failed: {reason}.");
                let (kind, title) = ("drawing-failed", "Drawing failed");
                let mut problem = Self::new(Status::InternalServerError, kind, title, detail);
                problem.error = ErrorType::Render;
                problem
            }
        };
        problem.timings = failed.timings;
        problem
    }
}
