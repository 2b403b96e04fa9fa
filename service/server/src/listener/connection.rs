//! One connection, from its first byte to its last.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::{HeaderValue, Request, Response, header};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::refusal::record_bad_head;
use super::stream::GuardedStream;
use super::{Answer, Body, Host, Phase, Service, Slot, Stop};
use crate::telemetry::Telemetry;

/// What hyper may read ahead beyond the largest head that is taken, so that our limit is the one
/// that speaks.
const READ_AHEAD_BYTES: usize = 8 * 1024;

/// The connection was told to go before its request was read.
#[derive(Debug, thiserror::Error)]
#[error("the connection had to go")]
struct Gone;

/// Serves the requests of one connection until either side ends it.
pub(super) async fn serve<S: Service>(host: Arc<Host<S>>, stream: TcpStream, slot: Arc<Slot>) {
    let _counted = Counted::new(slot.telemetry());
    let mut watch = Watch::new(&host.stop, &slot);
    // A connection that says nothing costs no buffer.
    let has_said_something = std::future::poll_fn(|context| match watch.look(context) {
        None | Some(Phase::Closing | Phase::Cut) => Poll::Ready(false),
        Some(Phase::Open | Phase::Last) => stream.poll_read_ready(context).map(|_| true),
    });
    if !has_said_something.await {
        return;
    }
    let guarded = GuardedStream::new(stream, host.limits, Arc::clone(&slot));
    let answer = |request: Request<Incoming>| Answering {
        answer: slot
            .begin()
            .then(|| host.service.answer(request, Arc::clone(&slot))),
        stop: &host.stop,
    };
    // Of more than 100 headers hyper speaks itself, with a bare 431 that is counted below: room for
    // more would be taken from the heap for each request and cost an eighth of the hits. Nor does it
    // time the head: that would set a timer for each request.
    let mut connection = pin!(
        http1::Builder::new()
            .header_read_timeout(None)
            .max_buf_size(host.limits.head_bytes_max + READ_AHEAD_BYTES)
            .serve_connection(TokioIo::new(guarded), service_fn(answer))
    );
    let mut is_closing = false;
    let ended = std::future::poll_fn(|context| {
        match watch.look(context) {
            None | Some(Phase::Cut) => return Poll::Ready(Ok(())),
            Some(Phase::Closing) if !is_closing => {
                is_closing = true;
                connection.as_mut().graceful_shutdown();
            }
            Some(_) => {}
        }
        connection.as_mut().poll(context)
    });
    // How a connection ends is its caller's business, and what was answered is in its record; only
    // hyper's own refusal of a head has none.
    if let (Err(error), Some(telemetry)) = (ended.await, slot.telemetry()) {
        record_bad_head(telemetry, &error);
    }
}

/// Looks whether a connection has to go or to close.
struct Watch<'a> {
    stop: &'a Stop,
    slot: &'a Slot,
    is_watched: bool,
}

impl<'a> Watch<'a> {
    fn new(stop: &'a Stop, slot: &'a Slot) -> Self {
        Self {
            stop,
            slot,
            is_watched: false,
        }
    }

    /// The phase; none if the connection has to go.
    fn look(&mut self, context: &Context<'_>) -> Option<Phase> {
        // First of all, so that nothing that happens from now on is missed. The waker of a task
        // stays the same.
        if !self.is_watched {
            self.slot.watch(context.waker());
            self.is_watched = true;
        }
        (!self.slot.is_gone()).then(|| self.stop.phase())
    }
}

/// A request that is being answered. Written out, because an async block would keep the answer
/// twice.
struct Answering<'a> {
    /// None if the connection was told to go first.
    answer: Option<Answer<'a>>,
    stop: &'a Stop,
}

impl Future for Answering<'_> {
    type Output = Result<Response<Body>, Gone>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(answer) = &mut self.answer else {
            return Poll::Ready(Err(Gone));
        };
        let mut response = ready!(Pin::new(answer).poll(context));
        if self.stop.phase() > Phase::Open {
            let close = HeaderValue::from_static("close");
            response.headers_mut().insert(header::CONNECTION, close);
        }
        Poll::Ready(Ok(response))
    }
}

/// An open connection in the figures.
struct Counted<'a> {
    telemetry: Option<&'a Arc<Telemetry>>,
}

impl<'a> Counted<'a> {
    fn new(telemetry: Option<&'a Arc<Telemetry>>) -> Self {
        if let Some(telemetry) = telemetry {
            telemetry.figures.connections.inc();
        }
        Self { telemetry }
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        if let Some(telemetry) = self.telemetry {
            telemetry.figures.connections.dec();
        }
    }
}
