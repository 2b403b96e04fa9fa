//! Accepts connections and serves HTTP/1.1 on each: bounded in number, in silence, and in how long
//! a stop takes.
//!
//! At the cap, the connection that has waited longest for a request gives way to a new one; one that
//! is being answered never does.

mod seats;
mod delivery;
mod stream;
mod refusal;
mod connection;

use std::future::Future;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

pub(crate) use delivery::{Body, Slot};

use crate::clock;
use crate::config::Config;
use crate::telemetry::Telemetry;
use refusal::Shedding;
use seats::{NoSeat, Seated, Seats};

/// Pause after the system refused a connection, for example for want of descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How often silent connections are looked for: eight times in the time that they have, within
/// these.
const SWEEP_MIN: Duration = Duration::from_millis(5);
const SWEEP_MAX: Duration = Duration::from_millis(250);

/// How often a newcomer lets others run until it is refused after all.
const LEAVING_TURNS_MAX: usize = 16;

/// How often a stop looks whether it is done.
const DRAIN_LOOK: Duration = Duration::from_millis(1);

/// What a listener allows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) connections_max: usize,
    pub(crate) head_bytes_max: usize,
    pub(crate) header_timeout: Duration,
    pub(crate) write_timeout: Duration,
    pub(crate) answer_timeout: Duration,
    pub(crate) drain_idle: Duration,
    pub(crate) drain_deadline: Duration,
}

/// Something that answers requests.
pub(crate) trait Service: Send + Sync + 'static {
    /// Answers one request; `slot` is told when the answer has been delivered.
    fn answer(&self, request: Request<Incoming>, slot: Arc<Slot>) -> Answer<'_>;
}

/// An answer, now or later. What is there now costs no task, no timer and no box.
#[expect(
    clippy::large_enum_variant,
    reason = "the large one is the frequent one, and a box for each is what it avoids"
)]
pub(crate) enum Answer<'a> {
    /// It is there; none once it was taken.
    Now(Option<Response<Body>>),
    /// It has to be waited for.
    Later(Pin<Box<dyn Future<Output = Response<Body>> + Send + 'a>>),
}

impl Future for Answer<'_> {
    type Output = Response<Body>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Response<Body>> {
        match &mut *self {
            Self::Now(response) => response.take().map_or(Poll::Pending, Poll::Ready),
            Self::Later(future) => future.as_mut().poll(context),
        }
    }
}

/// A listener at work. It does not stop by itself when dropped: [`Listener::drain`] or
/// [`Listener::cut`] ends it.
#[derive(Debug)]
pub(crate) struct Listener {
    accepting: JoinHandle<()>,
    sweeping: JoinHandle<()>,
    stop: Arc<Stop>,
    seats: Arc<Seats>,
    limits: Limits,
}

/// How far a stop has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
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

/// The phase, read by every connection whenever it does something.
#[derive(Debug, Default)]
struct Stop {
    phase: AtomicU8,
    begun: Notify,
}

impl Stop {
    fn phase(&self) -> Phase {
        match self.phase.load(Ordering::Acquire) {
            0 => Phase::Open,
            1 => Phase::Last,
            2 => Phase::Closing,
            _ => Phase::Cut,
        }
    }

    fn enter(&self, phase: Phase) {
        self.phase.store(phase as u8, Ordering::Release);
        self.begun.notify_one();
    }
}

impl Limits {
    pub(crate) fn of(config: &Config) -> Self {
        let http = &config.http;
        Self {
            connections_max: http.connections_max.get(),
            head_bytes_max: http.head_bytes_max.get(),
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
        let seats = Arc::new(Seats::new(limits.connections_max, clock::now()));
        let stop = Arc::new(Stop::default());
        let host = Host {
            limits,
            telemetry,
            service,
            seats: Arc::clone(&seats),
            stop: Arc::clone(&stop),
        };
        let sweep = sweep(Arc::clone(&seats), limits.header_timeout);
        Self {
            accepting: tokio::spawn(Arc::new(host).accept(socket)),
            sweeping: tokio::spawn(sweep),
            stop,
            seats,
            limits,
        }
    }

    /// Stops in order; gives the number of connections that had to be cut.
    pub(crate) async fn drain(&self) -> usize {
        self.stop.enter(Phase::Last);
        // The next request of a busy connection is already on its way: it is answered with
        // `connection: close` instead of meeting a closed socket.
        if self.all_closed(self.limits.drain_idle).await {
            return 0;
        }
        self.stop.enter(Phase::Closing);
        self.seats.wake_all();
        if self.all_closed(self.limits.drain_deadline).await {
            return 0;
        }
        let open = self.seats.open();
        self.cut();
        open
    }

    /// Stops at once.
    pub(crate) fn cut(&self) {
        self.accepting.abort();
        self.sweeping.abort();
        self.stop.enter(Phase::Cut);
        self.seats.wake_all();
    }

    async fn all_closed(&self, patience: Duration) -> bool {
        let closed = async {
            // The accept task ends once the backlog is empty; until then there may be more.
            while !self.accepting.is_finished() || self.seats.open() > 0 {
                tokio::time::sleep(DRAIN_LOOK).await;
            }
        };
        tokio::time::timeout(patience, closed).await.is_ok()
    }
}

/// Tells connections that have been silent for too long to go.
async fn sweep(seats: Arc<Seats>, patience: Duration) {
    let pause = (patience / 8).clamp(SWEEP_MIN, SWEEP_MAX);
    loop {
        tokio::time::sleep(pause).await;
        seats.expire(patience, clock::now());
    }
}

/// What the accept loop and every connection share.
struct Host<S> {
    limits: Limits,
    telemetry: Option<Arc<Telemetry>>,
    service: Arc<S>,
    seats: Arc<Seats>,
    stop: Arc<Stop>,
}

impl<S: Service> Host<S> {
    async fn accept(self: Arc<Self>, socket: TcpListener) {
        let mut shedding = Shedding::default();
        while self.stop.phase() == Phase::Open {
            let accepted = tokio::select! {
                accepted = socket.accept() => accepted,
                () = self.stop.begun.notified() => break,
            };
            match accepted {
                Ok(connection) => self.admit(connection, &mut shedding).await,
                // Nobody is served by giving up: descriptors come free again, the sooner if whoever
                // waited longest goes.
                Err(_) => {
                    if self.seats.make_room(clock::now()) {
                        shedding.displaced(self.telemetry.as_deref());
                    }
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
        // Connections that the kernel took before the listener closes are served as well.
        while let Some(Ok(connection)) = at_once(socket.accept()).await {
            self.admit(connection, &mut shedding).await;
        }
    }

    async fn admit(
        self: &Arc<Self>,
        (stream, _): (TcpStream, SocketAddr),
        shedding: &mut Shedding,
    ) {
        let telemetry = self.telemetry.as_deref();
        let Some(seated) = self.seat().await else {
            return shedding.refuse(stream, telemetry);
        };
        if seated.displaced {
            shedding.displaced(telemetry);
        }
        // Answers leave at once; without this only latency suffers.
        let _ = stream.set_nodelay(true);
        let slot = Arc::new(Slot::new(Arc::clone(&self.seats), seated.index, telemetry));
        tokio::spawn(connection::serve(Arc::clone(self), stream, slot));
    }

    /// A seat for a newcomer; those who were told to go get a few turns to leave.
    async fn seat(&self) -> Option<Seated> {
        for _ in 0..LEAVING_TURNS_MAX {
            match self.seats.sit(clock::now()) {
                Ok(seated) => return Some(seated),
                Err(NoSeat::AllBusy) => return None,
                Err(NoSeat::Leaving) => tokio::task::yield_now().await,
            }
        }
        None
    }
}

/// The output of a future that is ready now.
async fn at_once<F: Future>(future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    std::future::poll_fn(|context| {
        Poll::Ready(match Pin::as_mut(&mut future).poll(context) {
            Poll::Ready(output) => Some(output),
            Poll::Pending => None,
        })
    })
    .await
}
