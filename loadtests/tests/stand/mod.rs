//! A small service to load, and the way the command line calls the load.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::HashSet;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use clap::Parser;
use outcome::{Failure, Outcome};

/// What the service saw.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) requests: AtomicU64,
    pub(crate) traces: Mutex<HashSet<String>>,
    pub(crate) unmarked: AtomicU64,
}

/// Starts a service on a free port; it ends with the test.
pub(crate) async fn serve(seen: Arc<Seen>) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = Router::new().fallback(answer).with_state(seen);
    tokio::spawn(async move { axum::serve(listener, app).await });
    address
}

async fn answer(State(seen): State<Arc<Seen>>, request: Request) -> Response {
    seen.requests.fetch_add(1, Ordering::Relaxed);
    let of = |headers: &HeaderMap, name: &str| {
        headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or("")
            .to_owned()
    };
    let headers = request.headers().clone();
    let trace = of(&headers, "traceparent");
    let is_marked = of(&headers, "user-agent").starts_with("proofmark-load/");
    if !is_marked || trace.len() != 55 || !trace.ends_with("-01") {
        seen.unmarked.fetch_add(1, Ordering::Relaxed);
    }
    seen.traces.lock().unwrap().insert(trace);
    match request.uri().path() {
        "/fail" => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        "/bad" => StatusCode::UNPROCESSABLE_ENTITY.into_response(),
        "/hang" => std::future::pending().await,
        "/slow" => {
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
            "slow".into_response()
        }
        "/known" if of(&headers, "if-none-match") == "\"tag\"" => {
            (StatusCode::NOT_MODIFIED, [(header::ETAG, "\"tag\"")]).into_response()
        }
        "/known" => ([(header::ETAG, "\"tag\"")], "known").into_response(),
        "/echo" => {
            let text = axum::body::to_bytes(request.into_body(), 1_024)
                .await
                .unwrap();
            let parsed: serde_json::Value = serde_json::from_slice(&text).unwrap();
            assert_eq!(of(&headers, "content-type"), "application/json");
            assert!(parsed["n"].is_number() && parsed["word"].is_string());
            "echo".into_response()
        }
        _ => "fine".into_response(),
    }
}

#[derive(Debug, Parser)]
struct Cli {
    #[command(flatten)]
    args: loadtests::Args,
}

/// Runs `proofmark load` with this plan and these further arguments.
pub(crate) async fn load(
    target: SocketAddr,
    plan: &str,
    folder: &Path,
    more: &[&str],
) -> Result<Outcome, Failure> {
    std::fs::create_dir_all(folder).unwrap();
    let file = folder.join("plan.yaml");
    std::fs::write(&file, plan).unwrap();
    let target = format!("http://{target}");
    let (file, folder) = (file.to_str().unwrap(), folder.to_str().unwrap());
    let line = ["load", "--target", &target, "--plan", file, "--out", folder];
    let cli = Cli::parse_from(line.iter().chain(more));
    loadtests::run(cli.args).await
}

/// `load.json` as it was written.
pub(crate) fn result(folder: &Path) -> loadtests::LoadResult {
    let text = std::fs::read_to_string(folder.join("load.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}
