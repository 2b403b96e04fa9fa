//! Servers that a rehearsal brings with it.

use std::net::{Ipv4Addr, SocketAddr};

use axum::Router;
use outcome::{Failure, OrFail};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A server in this process; it ends when it is dropped.
#[derive(Debug)]
pub(super) struct OwnServer {
    /// Where it listens.
    pub(super) address: SocketAddr,
    serving: JoinHandle<()>,
}

impl OwnServer {
    /// Offers `app` on a free port of loopback; `what` it is goes into a failure.
    pub(super) async fn start(what: &str, app: Router) -> Result<Self, Failure> {
        let sentence = || format!("cannot offer {what}");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
        let listener = listener.await.or_broken(sentence())?;
        let address = listener.local_addr().or_broken(sentence())?;
        let serving = tokio::spawn(async move {
            // A failed accept is retried; it ends when it is aborted.
            let _ = axum::serve(listener, app).await;
        });
        Ok(Self { address, serving })
    }
}

impl Drop for OwnServer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}
