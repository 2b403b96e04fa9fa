//! What every request passes: who may call, how long it may take, and that errors are JSON.

use std::time::Duration;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::json;
use subtle::ConstantTimeEq;

use super::super::error::ApiError;
use super::super::limit::BODY_BYTES_MAX;

/// The header that tells one answer from another.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-toxiproxy-request-id");

/// How long the body of a request may take to arrive.
const BODY_TIME_MAX: Duration = Duration::from_secs(10);

/// How long an answer may take. A change waits for open connections, and for changes of the same
/// proxy before it, each of them for a few seconds at most.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(20);

/// Characters of a token, at least and at most.
const TOKEN_CHARS: std::ops::RangeInclusive<usize> = 8..=256;

/// What a caller must know; it never shows itself.
#[derive(Clone)]
pub(crate) struct Token(String);

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token")
    }
}

impl Token {
    /// The token in the text of a file, which may end in a line break.
    ///
    /// # Errors
    /// What was expected, when the text is no token.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let token = text.trim();
        if TOKEN_CHARS.contains(&token.len()) && token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Ok(Self(token.to_owned()));
        }
        Err("expected one token of 8 to 256 printable ASCII characters".to_owned())
    }

    /// Its characters, for the header of a call.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }

    /// Whether a header such as `Bearer TOKEN` holds it; how long that takes says nothing.
    fn is_in(&self, request: &Request) -> bool {
        let given = request.headers().get(header::AUTHORIZATION);
        let given = given.map(|given| given.as_bytes()).unwrap_or_default();
        let (scheme, given) = given.split_at(given.len().min("Bearer ".len()));
        scheme.eq_ignore_ascii_case(b"Bearer ") && bool::from(given.ct_eq(self.0.as_bytes()))
    }
}

/// A page in a browser could otherwise be made to reach this API on loopback. Whoever does not know
/// the token learns the version, as a probe of life, and no more.
pub(super) async fn admit(
    State(token): State<Option<Token>>,
    request: Request,
    next: Next,
) -> Response {
    let agent = request.headers().get(header::USER_AGENT);
    if agent.is_some_and(|agent| agent.as_bytes().starts_with(b"Mozilla/")) {
        return (StatusCode::FORBIDDEN, "User agent not allowed\n").into_response();
    }
    let is_open = request.uri().path() == "/version";
    match token {
        Some(token) if !is_open && !token.is_in(&request) => ApiError::NoToken.into_response(),
        _ => next.run(request).await,
    }
}

/// Reads the body, and then carries the request out to its end, even when the caller has gone: half
/// a change is worse than either.
pub(super) async fn complete(request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let whole = Request::from_parts(parts.clone(), body);
    let body = tokio::time::timeout(BODY_TIME_MAX, Bytes::from_request(whole, &())).await;
    let body = match body {
        Ok(Ok(body)) => body,
        Ok(Err(refused)) if refused.status() == StatusCode::PAYLOAD_TOO_LARGE => {
            return ApiError::TooLarge(BODY_BYTES_MAX).into_response();
        }
        Ok(Err(refused)) => return ApiError::BadBody(refused.body_text()).into_response(),
        Err(_) => return ApiError::TooSlow(BODY_TIME_MAX.as_secs()).into_response(),
    };
    let work = tokio::spawn(next.run(Request::from_parts(parts, Body::from(body))));
    match tokio::time::timeout(ANSWER_TIME_MAX, work).await {
        Ok(Ok(response)) => response,
        Ok(Err(_)) => ApiError::Bug.into_response(),
        Err(_) => ApiError::Late(ANSWER_TIME_MAX.as_secs()).into_response(),
    }
}

/// Gives every refusal the shape `{"error", "status"}`. What the original says in words of its own
/// stays: that nothing is there, a method that is not, a browser.
pub(super) async fn as_json(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let status = response.status();
    let is_refusal = status.is_client_error() || status.is_server_error();
    let kind = response.headers().get(header::CONTENT_TYPE);
    let is_said = matches!(
        status,
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED | StatusCode::FORBIDDEN
    );
    if !is_refusal || is_said || kind.is_some_and(|kind| kind == "application/json") {
        return response;
    }
    let reason = status
        .canonical_reason()
        .unwrap_or("refused")
        .to_lowercase();
    let body = json!({ "error": reason, "status": status.as_u16() });
    (status, Json(body)).into_response()
}

/// Gives every answer a name of its own, by which people speak of it.
pub(super) async fn number(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let id = format!("{:020x}", rand::random::<u128>() >> 48);
    if let Ok(id) = HeaderValue::try_from(id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}
