//! From what was found to what is sent.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use signals::{DegradedLevel, DegradedReason, ErrorType, Kind, Method, Status};

use super::conditional;
use super::problem::Problem;
use crate::listener::{Body, Slot};
use crate::pictures::{Picture, Served};
use crate::telemetry::{Ending, Record, TRACEPARENT};

/// Pictures may be kept, but must be asked about each time.
const REVALIDATE: HeaderValue = HeaderValue::from_static("public, max-age=0, must-revalidate");
/// What can never change may be kept for as long as anything is.
const IMMUTABLE: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
const PNG: HeaderValue = HeaderValue::from_static("image/png");
pub(crate) const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");
const PROBLEM: HeaderValue = HeaderValue::from_static("application/problem+json");
const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");

/// Says that an answer is less than what was asked for, and why.
const DEGRADED: HeaderName = HeaderName::from_static("render-degraded");
/// How many characters of a picture no font has.
const MISSING_GLYPHS: HeaderName = HeaderName::from_static("render-missing-glyphs");

/// An answer in the making.
#[derive(Debug)]
pub(crate) enum Reply {
    /// A picture; asked for by POST, it has no conditional answer.
    Picture(Shown),
    /// An error as a picture.
    Apology { problem: Problem, png: Bytes },
    /// The gallery.
    Page {
        body: Bytes,
        etag: HeaderValue,
        policy: HeaderValue,
    },
    /// An error.
    Problem(Problem),
}

/// A picture to send, and what to say of it.
#[derive(Debug)]
pub(crate) struct Shown {
    pub(crate) served: Served,
    pub(crate) kind: Kind,
    pub(crate) keep: Keep,
    pub(crate) degraded: Option<Degraded>,
}

/// How long a picture may be kept by whoever gets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keep {
    /// Until it is asked for again: what it shows may change.
    Revalidate,
    /// For ever: it says itself what it shows.
    Pinned,
    /// As long as its signature holds, by its caller alone, in seconds.
    Signed { seconds: u64 },
}

/// How an answer is less than what was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Degraded {
    pub(crate) level: DegradedLevel,
    pub(crate) reason: DegradedReason,
}

impl Reply {
    /// A picture that was there already.
    pub(crate) fn remembered(picture: Arc<Picture>, kind: Kind) -> Self {
        Self::Picture(Shown {
            served: Served::remembered(picture),
            kind,
            keep: Keep::Revalidate,
            degraded: None,
        })
    }

    /// The response to send. It is recorded once it has been delivered.
    pub(crate) fn into_response(
        self,
        method: Method,
        asked: &HeaderMap,
        mut record: Record,
        slot: Arc<Slot>,
    ) -> Response<Body> {
        let mut headers = HeaderMap::with_capacity(8);
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, NOSNIFF);
        let (mut ending, content) = match self {
            Self::Picture(shown) => picture(&mut headers, shown),
            Self::Apology { problem, png } => {
                let (ending, _) = failure(&mut headers, problem, &record.trace_id());
                headers.insert(header::CONTENT_TYPE, PNG);
                (ending, png)
            }
            Self::Page { body, etag, policy } => {
                headers.insert(header::CONTENT_TYPE, HTML);
                headers.insert(header::ETAG, etag);
                headers.insert(header::CONTENT_SECURITY_POLICY, policy);
                (Ending::plain(Status::Ok, ErrorType::None), body)
            }
            Self::Problem(problem) => failure(&mut headers, problem, &record.trace_id()),
        };
        headers.entry(header::CACHE_CONTROL).or_insert(REVALIDATE);
        let is_read = matches!(method, Method::Get | Method::Head);
        if let Some(etag) = headers.get(header::ETAG).filter(|_| is_read)
            && conditional::is_known(asked, etag)
        {
            ending.status = Status::NotModified;
            headers.remove(header::CONTENT_TYPE);
        }
        let content = match (ending.status, method) {
            (Status::NotModified, _) => Bytes::new(),
            (_, Method::Head) => {
                headers.insert(header::CONTENT_LENGTH, HeaderValue::from(content.len()));
                Bytes::new()
            }
            _ => content,
        };
        ending.body_bytes = content.len() as u64;
        let status = status_code(ending.status);
        headers.insert(TRACEPARENT, record.answer(ending));
        let mut response = Response::new(Body::recorded(content, record, slot));
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        response
    }
}

fn picture(headers: &mut HeaderMap, shown: Shown) -> (Ending, Bytes) {
    let Shown {
        served,
        kind,
        keep,
        degraded,
    } = shown;
    headers.insert(header::CONTENT_TYPE, PNG);
    headers.insert(header::ETAG, served.picture.etag.clone());
    match (degraded, keep) {
        (Some(Degraded { level, reason }), _) => {
            let text = format!("{}; {}", level.as_str(), reason.as_str());
            insert_text(headers, DEGRADED, text);
            headers.insert(header::CACHE_CONTROL, NO_STORE);
        }
        (None, Keep::Revalidate) => {}
        (None, Keep::Pinned) => {
            headers.insert(header::CACHE_CONTROL, IMMUTABLE);
        }
        (None, Keep::Signed { seconds }) => {
            let text = format!("private, max-age={seconds}, immutable");
            insert_text(headers, header::CACHE_CONTROL, text);
        }
    }
    if served.picture.missing_glyphs > 0 {
        let count = HeaderValue::from(served.picture.missing_glyphs);
        headers.insert(MISSING_GLYPHS, count);
    }
    let mut ending = Ending::plain(Status::Ok, ErrorType::None);
    ending.is_degraded = degraded.is_some();
    ending.kind = Some(kind);
    ending.source = Some(served.source);
    ending.timings = served.timings;
    (ending, served.picture.png.clone())
}

fn failure(headers: &mut HeaderMap, problem: Problem, trace_id: &str) -> (Ending, Bytes) {
    let content = problem.body(Some(trace_id));
    set_problem_headers(headers, &problem);
    let mut ending = Ending::plain(problem.status, problem.error);
    let facts = problem.into_facts();
    ending.reason = Some(facts.detail);
    ending.timings = facts.timings;
    (ending, content)
}

/// The headers of a problem.
pub(crate) fn set_problem_headers(headers: &mut HeaderMap, problem: &Problem) {
    headers.insert(header::CONTENT_TYPE, PROBLEM);
    headers.insert(header::CACHE_CONTROL, NO_STORE);
    let level = DegradedLevel::Fallback.as_str();
    self::insert_text(headers, DEGRADED, format!("{level}; {}", problem.kind));
    let mut insert_text = |name: HeaderName, value: &'static str| {
        headers.insert(name, HeaderValue::from_static(value));
    };
    if let Some(allow) = problem.allow {
        insert_text(header::ALLOW, allow);
    }
    if problem.status == Status::Unauthorized {
        // RFC 9110 wants the scheme to be named; `proofmark sign` speaks it.
        insert_text(header::WWW_AUTHENTICATE, "Proofmark-Signed-URL");
    }
    if problem.closes {
        insert_text(header::CONNECTION, "close");
    }
    if let Some(seconds) = problem.retry_after {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
}

/// Inserts a header of our own words, all of them visible ASCII.
fn insert_text(headers: &mut HeaderMap, name: HeaderName, text: String) {
    if let Ok(value) = HeaderValue::from_maybe_shared(Bytes::from(text)) {
        headers.insert(name, value);
    }
}

/// The code of a status.
pub(crate) fn status_code(status: Status) -> StatusCode {
    // Every status of the catalog is a code.
    status
        .as_str()
        .parse()
        .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}
