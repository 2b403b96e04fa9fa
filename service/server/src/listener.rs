//! Accepts connections and serves HTTP/1.1 on each: bounded in number, in silence, and in how long
//! a stop takes.

mod delivery;
mod stream;
mod refusal;

use std::future::Future;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http::{Request, Response, header};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinHandle;

pub(crate) use delivery::{Body, Slot};

use crate::config::Config;
use crate::telemetry::Telemetry;
use refusal::{Shedding, record_bad_head};
use stream::GuardedStream;

/// Bytes that hyper may read ahead; above our own limits, so that these are the ones that speak.
const READ_BUFFER_BYTES: usize = 64 * 1024;

/// Pause after the system refused a connection, for example for want of descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// What a listener allows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) connections_max: usize,
    pub(crate) header_timeout: Duration,
    pub(crate) write_timeout: Duration,
    pub(crate) answer_timeout: Duration,
    pub(crate) drain_idle: Duration,
    pub(crate) drain_deadline: Duration,
}

/// Something that answers requests.
pub(crate) trait Service: Send + Sync + 'static {
    /// Answers one request; `slot` is told when the answer has been delivered.
    fn answer(
        self: Arc<Self>,
        request: Request<Incoming>,
        slot: Arc<Slot>,
    ) -> impl Future<Output = Response<Body>> + Send;
}

/// A listener at work. It does not stop by itself when dropped: [`Listener::drain`] or
/// [`Listener::cut`] ends it.
#[derive(Debug)]
pub(crate) struct Listener {
    accepting: JoinHandle<()>,
    phase: watch::Sender<Phase>,
    connections: Arc<Semaphore>,
    limits: Limits,
}

/// How far a stop has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    /// Not stopping.
    Open,
    /// No new connections; each open one may send one more request.
    Last,
    /// Idle connections are closed.
    Closing,
    /// Every connection is cut.
    Cut,
}

impl Limits {
    pub(crate) fn of(config: &Config) -> Self {
        let http = &config.http;
        Self {
            connections_max: http.connections_max.get(),
            header_timeout: http.header_timeout.get(),
            write_timeout: http.write_timeout.get(),
            answer_timeout: http.answer_timeout.get(),
            drain_idle: http.drain_idle.get(),
            drain_deadline: http.drain_deadline.get(),
        }
    }
}

impl Listener {
    /// Starts accepting. With telemetry, connections are counted, and so is what is refused here
    /// before it reaches the service.
    pub(crate) fn start<S: Service>(
        socket: TcpListener,
        limits: Limits,
        telemetry: Option<Arc<Telemetry>>,
        service: Arc<S>,
    ) -> Self {
        let (phase, seen) = watch::channel(Phase::Open);
        let connections = Arc::new(Semaphore::new(limits.connections_max));
        let host = Host {
            limits,
            telemetry,
            service,
            connections: Arc::clone(&connections),
            phase: seen,
        };
        Self {
            accepting: tokio::spawn(host.accept(socket)),
            phase,
            connections,
            limits,
        }
    }

    /// Stops in order; gives the number of connections that had to be cut.
    pub(crate) async fn drain(&self) -> usize {
        self.phase.send_replace(Phase::Last);
        // The next request of a busy connection is already on its way: it is answered with
        // `connection: close` instead of meeting a closed socket.
        if self.all_closed(self.limits.drain_idle).await {
            return 0;
        }
        self.phase.send_replace(Phase::Closing);
        if self.all_closed(self.limits.drain_deadline).await {
            return 0;
        }
        let open = self.limits.connections_max - self.connections.available_permits();
        self.cut();
        open
    }

    /// Stops at once.
    pub(crate) fn cut(&self) {
        self.accepting.abort();
        self.phase.send_replace(Phase::Cut);
    }

    async fn all_closed(&self, patience: Duration) -> bool {
        let accepted_all = async {
            // The accept task ends once the backlog is empty; until then there may be more.
            while !self.accepting.is_finished() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            // There are never more permits than fit 32 bits.
            let all = u32::try_from(self.limits.connections_max).unwrap_or(u32::MAX);
            let _ = self.connections.acquire_many(all).await;
        };
        tokio::time::timeout(patience, accepted_all).await.is_ok()
    }
}

/// What the accept loop and every connection share.
struct Host<S> {
    limits: Limits,
    telemetry: Option<Arc<Telemetry>>,
    service: Arc<S>,
    connections: Arc<Semaphore>,
    phase: watch::Receiver<Phase>,
}

impl<S> Clone for Host<S> {
    fn clone(&self) -> Self {
        Self {
            limits: self.limits,
            telemetry: self.telemetry.clone(),
            service: Arc::clone(&self.service),
            connections: Arc::clone(&self.connections),
            phase: self.phase.clone(),
        }
    }
}

impl<S: Service> Host<S> {
    async fn accept(self, socket: TcpListener) {
        let mut phase = self.phase.clone();
        let mut shedding = Shedding::default();
        loop {
            let accepted = tokio::select! {
                accepted = socket.accept() => accepted,
                _ = phase.wait_for(|phase| *phase > Phase::Open) => break,
            };
            match accepted {
                Ok(connection) => self.admit(connection, &mut shedding),
                // Nobody is served by giving up: descriptors come free again.
                Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
            }
        }
        // Connections that the kernel took before the listener closes are served as well.
        while let Some(Ok(connection)) = at_once(socket.accept()).await {
            self.admit(connection, &mut shedding);
        }
    }

    fn admit(&self, (stream, _): (TcpStream, SocketAddr), shedding: &mut Shedding) {
        let Ok(permit) = Arc::clone(&self.connections).try_acquire_owned() else {
            return shedding.refuse(&stream, self.telemetry.as_deref());
        };
        // Answers leave at once; without this only latency suffers.
        let _ = stream.set_nodelay(true);
        let host = self.clone();
        tokio::spawn(async move {
            let _counted = Counted::new(host.telemetry.clone(), permit);
            host.serve(stream).await;
        });
    }

    async fn serve(self, stream: TcpStream) {
        let slot = Arc::new(Slot::default());
        let is_last = Arc::new(AtomicBool::new(*self.phase.borrow() > Phase::Open));
        let guarded = GuardedStream::new(stream, self.limits, Arc::clone(&slot));
        let (service, last) = (Arc::clone(&self.service), Arc::clone(&is_last));
        let answer = move |request| {
            let answered = Arc::clone(&service).answer(request, Arc::clone(&slot));
            let last = Arc::clone(&last);
            async move {
                let mut response = answered.await;
                if last.load(Ordering::Relaxed) {
                    let close = header::HeaderValue::from_static("close");
                    response.headers_mut().insert(header::CONNECTION, close);
                }
                Ok::<_, std::convert::Infallible>(response)
            }
        };
        // Of more than 100 headers hyper speaks itself, with a bare 431 that is counted below: room
        // for more would be taken from the heap for each request and cost an eighth of the hits.
        let mut connection = pin!(
            http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(self.limits.header_timeout)
                .max_buf_size(READ_BUFFER_BYTES)
                .serve_connection(TokioIo::new(guarded), service_fn(answer))
        );
        let mut phase = self.phase;
        loop {
            tokio::select! {
                biased;
                ended = connection.as_mut() => {
                    // How a connection ends is its caller's business, and what was answered is in
                    // its record; only hyper's own refusal of a head has none.
                    if let (Err(error), Some(telemetry)) = (ended, &self.telemetry) {
                        record_bad_head(telemetry, &error);
                    }
                    return;
                }
                changed = phase.changed() => match (changed, *phase.borrow_and_update()) {
                    (Err(_), _) | (_, Phase::Cut) => return,
                    (_, Phase::Closing) => connection.as_mut().graceful_shutdown(),
                    (_, Phase::Last) => is_last.store(true, Ordering::Relaxed),
                    (_, Phase::Open) => {}
                },
            }
        }
    }
}

/// The output of a future that is ready now.
async fn at_once<F: Future>(future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    std::future::poll_fn(|context| {
        std::task::Poll::Ready(match Pin::as_mut(&mut future).poll(context) {
            std::task::Poll::Ready(output) => Some(output),
            std::task::Poll::Pending => None,
        })
    })
    .await
}

/// An open connection in the figures and under the cap.
struct Counted {
    telemetry: Option<Arc<Telemetry>>,
    _permit: OwnedSemaphorePermit,
}

impl Counted {
    fn new(telemetry: Option<Arc<Telemetry>>, permit: OwnedSemaphorePermit) -> Self {
        if let Some(telemetry) = &telemetry {
            telemetry.figures.connections.inc();
        }
        Self {
            telemetry,
            _permit: permit,
        }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        if let Some(telemetry) = &self.telemetry {
            telemetry.figures.connections.dec();
        }
    }
}
