//! The end of the line for spans and log records: a collector that takes them and keeps none.

use std::net::{Ipv4Addr, SocketAddr};

use axum::Router;
use axum::body::Bytes;
use axum::extract::DefaultBodyLimit;
use axum::http::header;
use axum::routing::post;
use outcome::{Failure, OrFail};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// Largest batch that is taken.
const BATCH_BYTES_MAX: usize = 16 * 1024 * 1024;

/// A collector that speaks OTLP over HTTP; it ends when it is dropped.
#[derive(Debug)]
pub(super) struct Collector {
    /// Where it listens.
    pub(super) address: SocketAddr,
    serving: JoinHandle<()>,
}

impl Collector {
    /// Listens on a free port of loopback.
    pub(super) async fn start() -> Result<Self, Failure> {
        let sentence = "cannot offer a collector";
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
        let listener = listener.await.or_broken(sentence)?;
        let address = listener.local_addr().or_broken(sentence)?;
        let app = Router::new()
            .route("/v1/traces", post(take))
            .route("/v1/logs", post(take))
            .layer(DefaultBodyLimit::max(BATCH_BYTES_MAX));
        let serving = tokio::spawn(async move {
            // A failed accept is retried; it ends when it is aborted.
            let _ = axum::serve(listener, app).await;
        });
        Ok(Self { address, serving })
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// An answer without fields is an empty message: everything was taken.
async fn take(_batch: Bytes) -> ([(header::HeaderName, &'static str); 1], &'static str) {
    ([(header::CONTENT_TYPE, "application/x-protobuf")], "")
}
