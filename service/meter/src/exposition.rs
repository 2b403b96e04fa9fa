//! `/metrics` for a runner that has no listener of its own.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::http::header;
use axum::routing::get;
use outcome::{Failure, OrFail};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::Meter;

/// Content type of [`Meter::encode`].
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// A running `/metrics` endpoint; it stops when this is dropped.
#[derive(Debug)]
pub struct Exposition {
    /// Where it listens.
    pub address: SocketAddr,
    task: JoinHandle<()>,
}

impl Drop for Exposition {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Offers `meter` on `/metrics` at `address` (port 0 takes a free one) until it is dropped.
///
/// # Errors
/// [`Failure::broken`] when the port is taken.
pub async fn serve(meter: Arc<Meter>, address: SocketAddr) -> Result<Exposition, Failure> {
    let sentence = || format!("cannot offer metrics on {address}");
    let listener = TcpListener::bind(address).await.or_broken(sentence())?;
    let address = listener.local_addr().or_broken(sentence())?;
    let text = move || async move { ([(header::CONTENT_TYPE, CONTENT_TYPE)], meter.encode()) };
    let app = Router::new().route("/metrics", get(text));
    let task = tokio::spawn(async move {
        // It ends with its task; a failed accept is retried by axum.
        let _ = axum::serve(listener, app).await;
    });
    Ok(Exposition { address, task })
}

#[cfg(test)]
mod tests {
    use super::*;
    use signals::{DESK_WEBHOOKS, WebhookResult};

    #[tokio::test]
    async fn prometheus_can_read_it_over_http() {
        let meter = Arc::new(Meter::new(&[DESK_WEBHOOKS.metric()]));
        meter.add(&DESK_WEBHOOKS, (WebhookResult::Accepted,), 3);
        let exposition = serve(meter, "127.0.0.1:0".parse().unwrap()).await.unwrap();
        let answer = reqwest::get(format!("http://{}/metrics", exposition.address))
            .await
            .unwrap();
        assert_eq!(
            answer.headers()[header::CONTENT_TYPE.as_str()],
            CONTENT_TYPE
        );
        let text = answer.text().await.unwrap();
        assert!(
            text.contains("desk_webhooks_total{result=\"accepted\"} 3"),
            "{text}"
        );
    }
}
