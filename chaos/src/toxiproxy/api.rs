//! Toxiproxy's REST API, as version 2.12 speaks it, and leases beside it.

mod body;
mod gate;

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{StatusCode, header};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::error::ApiError;
use super::lease::UnderLease;
use super::limit::BODY_BYTES_MAX;
use super::proxy::NewProxy;
use super::registry::Registry;
use super::traffic;
pub(crate) use body::parse;
pub(crate) use gate::Token;

/// What `/version` says: the version whose API this is.
pub(crate) const VERSION: &str = "2.12.0";

type Answer = Result<Response, ApiError>;

/// What the API offers beside the routes that are always there.
#[derive(Debug, Clone, Default)]
pub(crate) struct Offer {
    /// `/metrics` counts the bytes of each proxy.
    pub(crate) metrics: bool,
    /// `/metrics` describes the process.
    pub(crate) runtime_metrics: bool,
    /// Exactly the original's API: no leases.
    pub(crate) as_original: bool,
    /// Whoever calls must know it.
    pub(crate) token: Option<Token>,
}

#[derive(Debug, Clone)]
struct Shared {
    registry: Arc<Registry>,
    offer: Arc<Offer>,
}

/// The API over these proxies.
pub(crate) fn router(registry: Arc<Registry>, offer: Offer) -> Router {
    let mut routes = Router::new()
        .route("/version", get(version))
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
        );
    if !offer.as_original {
        routes = routes
            .route("/leases", get(list_leases).post(take_lease))
            .route("/leases/{lease}", post(renew_lease).delete(end_lease));
    }
    if offer.metrics || offer.runtime_metrics {
        routes = routes.route("/metrics", get(metrics));
    }
    let token = offer.token.clone();
    let offer = Arc::new(offer);
    routes
        .fallback(nothing_there)
        .layer(middleware::from_fn(gate::complete))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(middleware::from_fn_with_state(token, gate::admit))
        .layer(middleware::from_fn(gate::as_json))
        .layer(middleware::from_fn(gate::number))
        .with_state(Shared { registry, offer })
}

fn answer(status: StatusCode, body: Value) -> Answer {
    Ok((status, Json(body)).into_response())
}

fn no_content() -> Answer {
    Ok(StatusCode::NO_CONTENT.into_response())
}

impl Shared {
    /// Reads a body, and the lease that it names; the original ignores the latter.
    fn under_lease<T: DeserializeOwned>(
        &self,
        body: &[u8],
    ) -> Result<(T, Option<String>), ApiError> {
        let wanted = parse(body)?;
        if self.offer.as_original {
            return Ok((wanted, None));
        }
        let under: UnderLease = parse(body)?;
        Ok((wanted, under.lease))
    }

    fn without_lease(&self, lease: &mut Option<String>) {
        if self.offer.as_original {
            *lease = None;
        }
    }

    fn new_proxies(&self, mut wanted: Vec<NewProxy>) -> Vec<NewProxy> {
        for proxy in &mut wanted {
            self.without_lease(&mut proxy.lease);
        }
        wanted
    }
}

async fn nothing_there() -> Response {
    (StatusCode::NOT_FOUND, "404 page not found\n").into_response()
}

async fn version() -> Response {
    let kind = [(header::CONTENT_TYPE, "application/json;charset=utf-8")];
    (kind, format!("{{\"version\": \"{VERSION}\"}}\n")).into_response()
}

async fn list_proxies(State(app): State<Shared>) -> Answer {
    answer(StatusCode::OK, app.registry.to_json().await)
}

async fn create_proxy(State(app): State<Shared>, body: Bytes) -> Answer {
    let mut wanted: NewProxy = parse(&body)?;
    app.without_lease(&mut wanted.lease);
    answer(StatusCode::CREATED, app.registry.create(wanted).await?)
}

/// Takes a list of proxies; also a failure lists those that were made before it.
async fn populate(State(app): State<Shared>, body: Bytes) -> Answer {
    let (made, done) = match parse(&body) {
        Ok(wanted) => app.registry.populate(app.new_proxies(wanted)).await,
        Err(error) => (Vec::new(), Err(error)),
    };
    // The original's list of nothing is not there at all.
    let made = Some(made).filter(|made| !made.is_empty());
    let Err(error) = done else {
        return answer(StatusCode::CREATED, json!({ "proxies": made }));
    };
    let (status, text) = (error.status(), error.to_string());
    let body = json!({ "error": text, "status": status.as_u16(), "proxies": made });
    answer(status, body)
}

async fn reset(State(app): State<Shared>) -> Answer {
    app.registry.reset().await?;
    no_content()
}

async fn show_proxy(State(app): State<Shared>, Path(name): Path<String>) -> Answer {
    answer(StatusCode::OK, app.registry.proxy(&name).await?.to_json())
}

async fn update_proxy(State(app): State<Shared>, Path(name): Path<String>, body: Bytes) -> Answer {
    let wanted = || {
        let mut wanted: super::proxy::ProxyUpdate = parse(&body)?;
        app.without_lease(&mut wanted.lease);
        Ok(wanted)
    };
    answer(StatusCode::OK, app.registry.update(&name, wanted).await?)
}

async fn delete_proxy(State(app): State<Shared>, Path(name): Path<String>) -> Answer {
    app.registry.delete(&name).await?;
    no_content()
}

async fn list_toxics(State(app): State<Shared>, Path(name): Path<String>) -> Answer {
    let toxics = app.registry.proxy(&name).await?.toxics_json();
    answer(StatusCode::OK, json!(toxics))
}

async fn create_toxic(State(app): State<Shared>, Path(name): Path<String>, body: Bytes) -> Answer {
    let wanted = || app.under_lease(&body);
    answer(StatusCode::OK, app.registry.add_toxic(&name, wanted).await?)
}

async fn show_toxic(
    State(app): State<Shared>,
    Path((name, toxic)): Path<(String, String)>,
) -> Answer {
    let toxic = app.registry.proxy(&name).await?.toxic_json(&toxic)?;
    answer(StatusCode::OK, toxic)
}

async fn update_toxic(
    State(app): State<Shared>,
    Path((name, toxic)): Path<(String, String)>,
    body: Bytes,
) -> Answer {
    let wanted = || app.under_lease(&body);
    let updated = app.registry.update_toxic((&name, &toxic), wanted).await?;
    answer(StatusCode::OK, updated)
}

async fn delete_toxic(
    State(app): State<Shared>,
    Path((name, toxic)): Path<(String, String)>,
) -> Answer {
    let mut proxy = app.registry.proxy(&name).await?;
    proxy.remove_toxic(&toxic).await?;
    no_content()
}

async fn list_leases(State(app): State<Shared>) -> Answer {
    answer(StatusCode::OK, app.registry.leases_json())
}

async fn take_lease(State(app): State<Shared>, body: Bytes) -> Answer {
    let taken = app.registry.take_lease(parse(&body)?)?;
    answer(StatusCode::CREATED, taken)
}

async fn renew_lease(State(app): State<Shared>, Path(lease): Path<String>) -> Answer {
    answer(StatusCode::OK, app.registry.renew_lease(&lease)?)
}

async fn end_lease(State(app): State<Shared>, Path(lease): Path<String>) -> Answer {
    app.registry.end_lease(&lease).await?;
    no_content()
}

/// The content type of Prometheus's text format.
const METRICS_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

async fn metrics(State(app): State<Shared>) -> Response {
    let mut page = String::new();
    if app.offer.metrics {
        page += &traffic::page(&app.registry.traffic().await);
    }
    if app.offer.runtime_metrics {
        // What the system does not tell is left out.
        let read = |file: &str| std::fs::read_to_string(file).unwrap_or_default();
        let open_files = std::fs::read_dir("/proc/self/fd").map(Iterator::count).ok();
        let (statm, stat) = (read("/proc/self/statm"), read("/proc/self/stat"));
        page += &traffic::process_page(&statm, &stat, open_files);
    }
    ([(header::CONTENT_TYPE, METRICS_TYPE)], page).into_response()
}
