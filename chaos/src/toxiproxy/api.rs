//! Toxiproxy's REST API, as version 2.12 speaks it.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::sync::Mutex;

use super::error::ApiError;
use super::limit::BODY_BYTES_MAX;
use super::proxy::{NewProxy, ProxyUpdate};
use super::registry::Registry;
use super::toxic::{NewToxic, ToxicUpdate};

/// What `/version` says: the version whose API this is.
pub(crate) const VERSION: &str = "2.12.0";

type Shared = Arc<Mutex<Registry>>;
type Answer = Result<Response, ApiError>;

/// The API over these proxies.
pub(crate) fn router(registry: Registry) -> Router {
    let registry: Shared = Arc::new(Mutex::new(registry));
    Router::new()
        .route(
            "/version",
            get(async || Json(json!({ "version": VERSION }))),
        )
        .route("/proxies", get(list_proxies).post(create_proxy))
        .route("/populate", post(populate))
        .route("/reset", post(reset))
        .route(
            "/proxies/{proxy}",
            get(show_proxy)
                .post(update_proxy)
                .patch(update_proxy)
                .delete(delete_proxy),
        )
        .route(
            "/proxies/{proxy}/toxics",
            get(list_toxics).post(create_toxic),
        )
        .route(
            "/proxies/{proxy}/toxics/{toxic}",
            get(show_toxic)
                .post(update_toxic)
                .patch(update_toxic)
                .delete(delete_toxic),
        )
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(middleware::from_fn(refuse_browsers))
        .with_state(registry)
}

/// A page in a browser could otherwise be made to reach this API on loopback.
async fn refuse_browsers(request: Request, next: Next) -> Response {
    let agent = request.headers().get(header::USER_AGENT);
    if agent.is_some_and(|agent| agent.as_bytes().starts_with(b"Mozilla/")) {
        let body = json!({ "error": "User agent not allowed", "status": 403 });
        return (StatusCode::FORBIDDEN, Json(body)).into_response();
    }
    next.run(request).await
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    serde_json::from_slice(body).map_err(|error| ApiError::BadBody(error.to_string()))
}

fn answer(status: StatusCode, body: Value) -> Answer {
    Ok((status, Json(body)).into_response())
}

fn no_content() -> Answer {
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn list_proxies(State(registry): State<Shared>) -> Answer {
    answer(StatusCode::OK, registry.lock().await.to_json())
}

async fn create_proxy(State(registry): State<Shared>, body: Bytes) -> Answer {
    let wanted: NewProxy = parse(&body)?;
    let made = registry.lock().await.create(wanted).await?;
    answer(StatusCode::CREATED, made)
}

/// Takes a list of proxies, or one proxy alone.
async fn populate(State(registry): State<Shared>, body: Bytes) -> Answer {
    let wanted: Vec<NewProxy> = parse(&body).or_else(|error| {
        let alone: Result<NewProxy, ApiError> = parse(&body);
        alone.map(|proxy| vec![proxy]).map_err(|_| error)
    })?;
    match registry.lock().await.populate(wanted).await {
        (made, Ok(())) => answer(StatusCode::CREATED, json!({ "proxies": made })),
        (made, Err(error)) => {
            let status = error.status();
            let text = error.to_string();
            let body = json!({ "error": text, "status": status.as_u16(), "proxies": made });
            answer(status, body)
        }
    }
}

async fn reset(State(registry): State<Shared>) -> Answer {
    registry.lock().await.reset().await?;
    no_content()
}

async fn show_proxy(State(registry): State<Shared>, Path(name): Path<String>) -> Answer {
    answer(
        StatusCode::OK,
        registry.lock().await.proxy(&name)?.to_json(),
    )
}

async fn update_proxy(
    State(registry): State<Shared>,
    Path(name): Path<String>,
    body: Bytes,
) -> Answer {
    let mut registry = registry.lock().await;
    let hosts = registry.hosts().clone();
    let proxy = registry.proxy(&name)?;
    let wanted: ProxyUpdate = parse(&body)?;
    proxy.update(wanted, &hosts).await?;
    answer(StatusCode::OK, proxy.to_json())
}

async fn delete_proxy(State(registry): State<Shared>, Path(name): Path<String>) -> Answer {
    registry.lock().await.delete(&name).await?;
    no_content()
}

async fn list_toxics(State(registry): State<Shared>, Path(name): Path<String>) -> Answer {
    let toxics = registry.lock().await.proxy(&name)?.toxics_json();
    answer(StatusCode::OK, json!(toxics))
}

async fn create_toxic(
    State(registry): State<Shared>,
    Path(name): Path<String>,
    body: Bytes,
) -> Answer {
    let mut registry = registry.lock().await;
    let proxy = registry.proxy(&name)?;
    let wanted: NewToxic = parse(&body)?;
    answer(StatusCode::OK, proxy.add_toxic(wanted).await?)
}

async fn show_toxic(
    State(registry): State<Shared>,
    Path((name, toxic)): Path<(String, String)>,
) -> Answer {
    let toxic = registry.lock().await.proxy(&name)?.toxic_json(&toxic)?;
    answer(StatusCode::OK, toxic)
}

async fn update_toxic(
    State(registry): State<Shared>,
    Path((name, toxic)): Path<(String, String)>,
    body: Bytes,
) -> Answer {
    let mut registry = registry.lock().await;
    let proxy = registry.proxy(&name)?;
    let update: ToxicUpdate = parse(&body)?;
    answer(StatusCode::OK, proxy.update_toxic(&toxic, &update).await?)
}

async fn delete_toxic(
    State(registry): State<Shared>,
    Path((name, toxic)): Path<(String, String)>,
) -> Answer {
    registry
        .lock()
        .await
        .proxy(&name)?
        .remove_toxic(&toxic)
        .await?;
    no_content()
}
