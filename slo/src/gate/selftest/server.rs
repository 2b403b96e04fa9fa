//! The query API over HTTP on loopback, for as long as it is held.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use outcome::{Failure, OrFail};
use reqwest::Url;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::input::Input;
use super::world::World;

/// A server that is gone when this is dropped.
#[derive(Debug)]
pub(super) struct Server {
    address: SocketAddr,
    serving: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Server {
    /// # Errors
    /// [`Failure::broken`] when loopback gives no port.
    pub(super) async fn start(world: World) -> Result<Self, Failure> {
        let sentence = "cannot listen on loopback";
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.or_broken(sentence)?;
        let address = listener.local_addr().or_broken(sentence)?;
        if world.input == Input::Unreachable {
            // The port was ours and is nobody's now.
            drop(listener);
            let serving = tokio::spawn(async {});
            return Ok(Self { address, serving });
        }
        let state = Arc::new(world);
        let app = Router::new()
            .route("/api/v1/query", get(answer).post(answer))
            .route("/api/v1/query_range", get(answer).post(answer))
            .with_state(state);
        let serving = tokio::spawn(async move {
            // It ends by being aborted.
            let _ = axum::serve(listener, app).await;
        });
        Ok(Self { address, serving })
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

async fn answer(State(world): State<Arc<World>>, RawQuery(raw): RawQuery, form: Bytes) -> Response {
    let query = query_of(raw.as_deref().unwrap_or_default(), &form);
    let json = |status: StatusCode, body: String| {
        (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
    };
    let error = r#"{"status":"error","errorType":"execution","error":"out of order"}"#;
    match world.input {
        Input::Silent => std::future::pending().await,
        Input::Refused => json(StatusCode::UNPROCESSABLE_ENTITY, error.to_owned()),
        Input::HiddenError => json(StatusCode::OK, error.to_owned()),
        Input::Page => axum::response::Html("<!doctype html><p>Please log in").into_response(),
        Input::Redirect => (
            StatusCode::FOUND,
            [(header::LOCATION, "http://127.0.0.1:1/")],
            "",
        )
            .into_response(),
        Input::Truncated => {
            let mut body = world.json(&query);
            body.truncate(body.len() / 2);
            json(StatusCode::OK, body)
        }
        _ => json(StatusCode::OK, world.json(&query)),
    }
}

/// The query of a URL or of a form.
fn query_of(raw: &str, form: &[u8]) -> String {
    let form = String::from_utf8_lossy(form);
    let encoded = if form.is_empty() { raw } else { &form };
    let url = Url::parse(&format!("http://localhost/?{encoded}"));
    let Ok(url) = url else { return String::new() };
    let found = url.query_pairs().find(|(name, _)| name == "query");
    found.map_or_else(String::new, |(_, query)| query.into_owned())
}
