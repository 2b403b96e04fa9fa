//! The keeper's API.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::Act;
use super::table::{Keeper, Refusal, Table};

/// Most bytes of a body.
const BODY_BYTES_MAX: usize = 4096;

/// How long a body may take to arrive.
const BODY_TIME_MAX: Duration = Duration::from_secs(10);

/// Longest lease, as that of a proxy.
const LEASE_SECONDS_MAX: u64 = crate::toxiproxy::LEASE_SECONDS_MAX;

/// Most bytes of a holder's name.
const HOLDER_BYTES_MAX: usize = 200;

/// Offers a keeper on a listener, which should be on loopback, until `stop`; then undoes everything
/// that is done to its processes, and returns.
pub async fn serve<K: Keeper>(listener: TcpListener, keeper: K, stop: CancellationToken) {
    let table = Arc::new(Table::new(keeper));
    let app = router(Arc::clone(&table));
    crate::toxiproxy::serve::serve(listener, app, stop).await;
    table.undo_all().await;
}

fn router<K: Keeper>(table: Arc<Table<K>>) -> Router {
    Router::new()
        .route("/processes", get(list::<K>))
        .route("/processes/{process}/{act}", post(act::<K>))
        .with_state(table)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(from_fn(admit))
}

/// A page in a browser could otherwise be made to reach this API on loopback.
async fn admit(request: Request, next: Next) -> Response {
    let headers = request.headers();
    let agent = headers.get(header::USER_AGENT);
    let is_browser = agent.is_some_and(|agent| agent.as_bytes().starts_with(b"Mozilla/"));
    if is_browser || headers.contains_key(header::ORIGIN) {
        return refused(StatusCode::FORBIDDEN, "browsers are not answered");
    }
    match tokio::time::timeout(BODY_TIME_MAX, with_body(request)).await {
        Ok(Ok(request)) => next.run(request).await,
        Ok(Err(too_large)) => too_large,
        Err(_) => refused(StatusCode::REQUEST_TIMEOUT, "the body took too long"),
    }
}

/// The request, with its body in memory.
async fn with_body(request: Request) -> Result<Request, Response> {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, BODY_BYTES_MAX).await;
    let body = body.map_err(|_| {
        let sentence = format!("expected a whole body of at most {BODY_BYTES_MAX} bytes");
        refused(StatusCode::PAYLOAD_TOO_LARGE, &sentence)
    })?;
    Ok(Request::from_parts(parts, body.into()))
}

/// `GET /processes`.
async fn list<K: Keeper>(State(table): State<Arc<Table<K>>>) -> Json<Value> {
    let now = Instant::now();
    let list = table.list().into_iter().map(|(name, held)| {
        let left = held.as_ref().map(|held| {
            let left = held.expires.saturating_duration_since(now);
            left.as_secs() + u64::from(left.subsec_nanos() > 0)
        });
        json!({
            "name": name,
            "act": held.as_ref().map(|held| held.act.as_str()),
            "holder": held.as_ref().map(|held| held.holder.as_str()),
            "expires_in_seconds": left,
        })
    });
    Json(Value::Array(list.collect()))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    holder: String,
    lease_seconds: u64,
}

/// Anybody may undo: to mend is never wrong. Who names himself undoes only what is his. A lease
/// that a caller sends all the same means nothing here.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Undone {
    holder: Option<String>,
    #[serde(rename = "lease_seconds")]
    _lease_seconds: Option<u64>,
}

/// `POST /processes/NAME/ACT`.
async fn act<K: Keeper>(
    State(table): State<Arc<Table<K>>>,
    Path((process, word)): Path<(String, String)>,
    body: Bytes,
) -> Response {
    let answered = match (word.as_str(), Act::from_word(&word)) {
        ("undo", _) => parse_undone(&body).map(|undone| {
            tokio::spawn(async move { table.undo(&process, undone.holder.as_deref()).await })
        }),
        (_, Some(act)) => parse_wanted(&body).map(|wanted| {
            let lease = Duration::from_secs(wanted.lease_seconds);
            tokio::spawn(async move { table.act(&process, act, &wanted.holder, lease).await })
        }),
        (_, None) => {
            let sentence = format!("there is no act {word:?}, expected pause, kill, restart, undo");
            return refused(StatusCode::NOT_FOUND, &sentence);
        }
    };
    // A task of its own comes to its end, also when the caller has gone.
    match answered {
        Err(sentence) => refused(StatusCode::BAD_REQUEST, &sentence),
        Ok(work) => match work.await {
            Ok(Ok(())) => Json(json!({})).into_response(),
            Ok(Err(refusal)) => refused(status_of(&refusal), &refusal.to_string()),
            Err(_) => refused(StatusCode::INTERNAL_SERVER_ERROR, "a bug: the act panicked"),
        },
    }
}

fn parse_wanted(body: &[u8]) -> Result<Wanted, String> {
    let expected = "expected {\"holder\": \"…\", \"lease_seconds\": 1 to 600}";
    let wanted: Wanted =
        serde_json::from_slice(body).map_err(|error| format!("{error}, {expected}"))?;
    let is_name = (1..=HOLDER_BYTES_MAX).contains(&wanted.holder.len())
        && !wanted.holder.chars().any(char::is_control);
    if !is_name || !(1..=LEASE_SECONDS_MAX).contains(&wanted.lease_seconds) {
        return Err(expected.to_owned());
    }
    Ok(wanted)
}

fn parse_undone(body: &[u8]) -> Result<Undone, String> {
    if body.is_empty() {
        return Ok(Undone::default());
    }
    let expected = "expected nothing or {\"holder\": \"…\"}";
    serde_json::from_slice(body).map_err(|error| format!("{error}, {expected}"))
}

fn status_of(refusal: &Refusal) -> StatusCode {
    match refusal {
        Refusal::Unknown { .. } => StatusCode::NOT_FOUND,
        Refusal::Taken { .. } => StatusCode::CONFLICT,
        Refusal::Busy { .. } => StatusCode::SERVICE_UNAVAILABLE,
        Refusal::Failed { .. } => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

fn refused(status: StatusCode, sentence: &str) -> Response {
    let body = json!({ "error": sentence, "status": status.as_u16() });
    (status, Json(body)).into_response()
}
