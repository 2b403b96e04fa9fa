//! Connections of the API: how many, how slow, and how they end.
//!
//! `axum::serve` waits for a header as long as its client likes, and for ever for a client that does
//! not read its answer. Here both have a limit, so that no client can hold the API up.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::Sleep;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Connections of the API; further ones are closed as soon as they are accepted.
const API_CONNECTIONS_MAX: usize = 256;

/// How long a connection may wait for the next request, and that for the last byte of its header.
const HEADER_TIME_MAX: Duration = Duration::from_secs(15);

/// Most bytes of a header.
const HEADER_BYTES_MAX: usize = 16 * 1024;

/// How long a client may leave an answer unread.
const WRITE_TIME_MAX: Duration = Duration::from_secs(10);

/// How long requests that are being answered may take to end when the server stops.
const STOP_TIME_MAX: Duration = Duration::from_secs(3);

/// Pause after a failed accept, such as one for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves until `stop`; then accepts nobody, lets each request that has begun end, and returns in
/// bounded time.
pub(crate) async fn serve(listener: TcpListener, app: Router, stop: CancellationToken) {
    let slots = Arc::new(Semaphore::new(API_CONNECTIONS_MAX));
    let (clients, abandoned) = (TaskTracker::new(), CancellationToken::new());
    loop {
        let accepted = tokio::select! {
            biased;
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        let Ok((client, _)) = accepted else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let Ok(slot) = Arc::clone(&slots).try_acquire_owned() else {
            continue;
        };
        let (app, stop, abandoned) = (app.clone(), stop.clone(), abandoned.clone());
        clients.spawn(async move {
            tokio::select! {
                () = answer(client, app, stop) => {}
                () = abandoned.cancelled() => {}
            }
            drop(slot);
        });
    }
    drop(listener);
    clients.close();
    let _ = tokio::time::timeout(STOP_TIME_MAX, clients.wait()).await;
    abandoned.cancel();
}

async fn answer(client: TcpStream, app: Router, stop: CancellationToken) {
    if client.set_nodelay(true).is_err() {
        return;
    }
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIME_MAX)
        .max_buf_size(HEADER_BYTES_MAX)
        .serve_connection(
            TokioIo::new(Impatient::new(client)),
            TowerToHyperService::new(app),
        );
    let mut connection = std::pin::pin!(connection);
    // How a connection of the API ends is its client's affair.
    tokio::select! {
        _ = connection.as_mut() => return,
        () = stop.cancelled() => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}

/// A connection that fails when its peer takes nothing for [`WRITE_TIME_MAX`].
#[derive(Debug)]
struct Impatient {
    stream: TcpStream,
    /// Runs while a write waits.
    patience: Option<Pin<Box<Sleep>>>,
}

impl Impatient {
    fn new(stream: TcpStream) -> Self {
        Self {
            stream,
            patience: None,
        }
    }

    fn watch<T>(
        &mut self,
        context: &mut Context<'_>,
        polled: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if polled.is_ready() {
            self.patience = None;
            return polled;
        }
        let start = || Box::pin(tokio::time::sleep(WRITE_TIME_MAX));
        let patience = self.patience.get_or_insert_with(start);
        ready!(patience.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Impatient {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Impatient {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.watch(context, polled)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
