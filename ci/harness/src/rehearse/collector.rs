//! The end of the line for spans and log records: a collector that takes them and keeps none.

use axum::Router;
use axum::body::Bytes;
use axum::extract::DefaultBodyLimit;
use axum::http::header;
use axum::routing::post;
use outcome::Failure;

use super::own_server::OwnServer;

/// Largest batch that is taken.
const BATCH_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Starts a collector that speaks OTLP over HTTP.
pub(super) async fn start() -> Result<OwnServer, Failure> {
    let app = Router::new()
        .route("/v1/traces", post(take))
        .route("/v1/logs", post(take))
        .layer(DefaultBodyLimit::max(BATCH_BYTES_MAX));
    OwnServer::start("a collector", app).await
}

/// An answer without fields is an empty message: everything was taken.
async fn take(_batch: Bytes) -> ([(header::HeaderName, &'static str); 1], &'static str) {
    ([(header::CONTENT_TYPE, "application/x-protobuf")], "")
}
