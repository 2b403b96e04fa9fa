//! What the desk answers: `/webhook`, `/alerts`, `/livez`, `/metrics`.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http_body_util::BodyExt;
use jiff::Timestamp;
use meter::Meter;
use serde::{Deserialize, Serialize};
use signals::{DESK_WEBHOOKS, WebhookResult};
use tokio::sync::Semaphore;

use crate::message::{Alert, WebhookError, read_webhook};
use crate::record::{AlertList, AlertRecord};
use crate::store::{Store, StoreError};

/// Largest webhook.
const BODY_SIZE_MAX_BYTES: usize = 1024 * 1024;
/// How long a webhook may take to arrive.
const BODY_TIMEOUT: Duration = Duration::from_secs(5);
/// Requests that may use or wait for the store; more are refused, and Alertmanager tries again.
const STORE_QUEUE_MAX: usize = 32;
/// Alerts that `/alerts` lists unless asked.
const LIST_DEFAULT: u32 = 1_000;
/// Most alerts that `/alerts` lists.
pub(crate) const LIST_MAX: u32 = 100_000;

/// What the handlers share.
#[derive(Debug)]
pub(crate) struct Desk {
    store: Mutex<Store>,
    queue: Semaphore,
    meter: Meter,
}

impl Desk {
    pub(crate) fn new(store: Store) -> Arc<Self> {
        let meter = Meter::new(&[DESK_WEBHOOKS.metric()]).with_process();
        for result in WebhookResult::ALL {
            meter.seed(&DESK_WEBHOOKS, (*result,));
        }
        Arc::new(Self {
            store: Mutex::new(store),
            queue: Semaphore::new(STORE_QUEUE_MAX),
            meter,
        })
    }

    /// Uses the store on a thread that may wait for the disk.
    async fn with_store<T: Send + 'static>(
        self: &Arc<Self>,
        act: impl FnOnce(&mut Store) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Problem> {
        let busy = Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "too many requests are waiting",
        );
        let _slot = self.queue.try_acquire().map_err(|_| busy)?;
        let desk = Arc::clone(self);
        let acting = tokio::task::spawn_blocking(move || {
            // SQLite rolls a broken-off transaction back, so the store is whole.
            act(&mut desk.store.lock().unwrap_or_else(PoisonError::into_inner))
        });
        match acting.await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(error)) => Err(Problem::of_store(&error)),
            Err(panic) => Err(Problem::of_store(&panic)),
        }
    }
}

/// The routes of the desk.
pub(crate) fn app(desk: Arc<Desk>) -> Router {
    Router::new()
        .route("/webhook", post(post_webhook))
        .route("/alerts", get(get_alerts))
        .route("/livez", get(|| async { "alive\n" }))
        .route("/metrics", get(get_metrics))
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .with_state(desk)
}

/// `POST /webhook`: keeps the alerts of a message; 200 only after they are durably written.
///
/// 400 not a webhook of version 4; 408 too slow; 413 too large; 415 not JSON; 500 not written;
/// 503 too many at once.
async fn post_webhook(
    State(desk): State<Arc<Desk>>,
    headers: HeaderMap,
    body: Body,
) -> Result<&'static str, Problem> {
    let kept = match read_alerts(&headers, body).await {
        Ok(alerts) => keep(&desk, alerts).await,
        Err(problem) => Err(problem),
    };
    let result = match &kept {
        Ok(()) => WebhookResult::Accepted,
        Err(problem) if problem.status.is_server_error() => WebhookResult::Failed,
        Err(_) => WebhookResult::Rejected,
    };
    desk.meter.add(&DESK_WEBHOOKS, (result,), 1);
    kept.map(|()| "kept\n")
}

async fn keep(desk: &Arc<Desk>, alerts: Vec<Alert>) -> Result<(), Problem> {
    let now = Timestamp::now();
    desk.with_store(move |store| store.keep(&alerts, now)).await
}

async fn read_alerts(headers: &HeaderMap, body: Body) -> Result<Vec<Alert>, Problem> {
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .unwrap_or("");
    let kind = kind.split(';').next().unwrap_or("").trim();
    if !kind.eq_ignore_ascii_case("application/json") {
        let detail = format!("content type {kind:?}: expected application/json");
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail));
    }
    let late = Problem::new(
        StatusCode::REQUEST_TIMEOUT,
        "the body did not arrive within 5 s",
    );
    let bytes = tokio::time::timeout(BODY_TIMEOUT, collect(body))
        .await
        .map_err(|_| late)??;
    read_webhook(&bytes).map_err(|error| {
        let status = match error {
            WebhookError::TooMany { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            _ => StatusCode::BAD_REQUEST,
        };
        Problem::new(status, with_causes(&error))
    })
}

async fn collect(mut body: Body) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let broken = |_| Problem::new(StatusCode::BAD_REQUEST, "the body broke off");
        let Ok(data) = frame.map_err(broken)?.into_data() else {
            continue;
        };
        if bytes.len() + data.len() > BODY_SIZE_MAX_BYTES {
            let detail = format!("the body is larger than {BODY_SIZE_MAX_BYTES} bytes");
            return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail));
        }
        bytes.extend_from_slice(&data);
    }
    Ok(bytes)
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ListQuery {
    limit: Option<u32>,
}

/// `GET /alerts?limit=N`: the newest alerts as JSON, 1,000 unless asked.
///
/// 400 unknown parameter or a limit that is not 1 to 100,000.
async fn get_alerts(
    State(desk): State<Arc<Desk>>,
    query: Result<Query<ListQuery>, QueryRejection>,
) -> Result<axum::Json<AlertList>, Problem> {
    let limit = match query {
        Ok(Query(query)) => query.limit.unwrap_or(LIST_DEFAULT),
        Err(rejection) => return Err(Problem::new(StatusCode::BAD_REQUEST, rejection.body_text())),
    };
    if !(1..=LIST_MAX).contains(&limit) {
        let detail = format!("limit {limit}: expected 1 to {LIST_MAX}");
        return Err(Problem::new(StatusCode::BAD_REQUEST, detail));
    }
    let alerts: Vec<AlertRecord> = desk.with_store(move |store| store.newest(limit)).await?;
    Ok(axum::Json(AlertList::new(alerts)))
}

async fn get_metrics(State(desk): State<Arc<Desk>>) -> impl IntoResponse {
    (
        [(header::CONTENT_TYPE, meter::CONTENT_TYPE)],
        desk.meter.encode(),
    )
}

async fn not_found(uri: Uri) -> Problem {
    let known = "/webhook, /alerts, /livez and /metrics";
    Problem::new(
        StatusCode::NOT_FOUND,
        format!("{}: expected one of {known}", uri.path()),
    )
}

async fn method_not_allowed(method: Method, uri: Uri) -> Problem {
    let expected = if uri.path() == "/webhook" {
        "POST"
    } else {
        "GET"
    };
    let detail = format!("{method} {}: expected {expected}", uri.path());
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, detail)
}

/// An error as RFC 9457 has it.
#[derive(Debug)]
struct Problem {
    status: StatusCode,
    detail: String,
}

#[derive(Debug, Serialize)]
struct ProblemBody<'a> {
    r#type: &'static str,
    title: &'a str,
    status: u16,
    detail: &'a str,
}

impl Problem {
    fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            status,
            detail: detail.into(),
        }
    }

    /// The caller is told that it failed; why belongs to who runs the desk.
    fn of_store(error: &(dyn std::error::Error + 'static)) -> Self {
        eprintln!("desk: the store failed: {}", with_causes(error));
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "the alerts could not be written or read",
        )
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = ProblemBody {
            r#type: "about:blank",
            title: self.status.canonical_reason().unwrap_or(""),
            status: self.status.as_u16(),
            detail: &self.detail,
        };
        let mut response = (self.status, axum::Json(body)).into_response();
        let kind = header::HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, header::HeaderValue::from(1));
        }
        response
    }
}

fn with_causes(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
