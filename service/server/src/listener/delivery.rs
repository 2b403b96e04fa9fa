//! When an answer has really left: the body hands its record over, the stream says when it is out.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http_body::{Frame, SizeHint};

use super::seats::Seats;
use crate::clock;
use crate::telemetry::{Record, Telemetry};

/// Answers that may wait for one flush: a client that sends many requests ahead is answered one
/// after the other, so there are rarely two.
const WAITING_MAX: usize = 16;

/// What one connection's parts know of each other: its seat, and the records whose bytes are written
/// but not flushed.
#[derive(Debug)]
pub(crate) struct Slot {
    seats: Arc<Seats>,
    seat: usize,
    telemetry: Option<Arc<Telemetry>>,
    progress: Mutex<Progress>,
}

#[derive(Debug, Default)]
struct Progress {
    waiting: Vec<Record>,
    /// Requests whose answer is not with hyper yet.
    unanswered: u32,
    is_busy: bool,
}

impl Slot {
    /// A slot that takes `seat` and gives it back in the end.
    pub(super) fn new(seats: Arc<Seats>, seat: usize, telemetry: Option<&Telemetry>) -> Self {
        Self {
            seats,
            seat,
            // An own one: the counter of a shared one would be every core's bottleneck.
            telemetry: telemetry.map(|telemetry| Arc::new(telemetry.clone())),
            progress: Mutex::default(),
        }
    }

    /// What this connection records to, if anything.
    pub(crate) fn telemetry(&self) -> Option<&Arc<Telemetry>> {
        self.telemetry.as_ref()
    }

    /// Who is woken when the connection has to go.
    pub(super) fn watch(&self, waker: &Waker) {
        self.seats.watch(self.seat, waker);
    }

    /// Whether the connection has to go.
    pub(super) fn is_gone(&self) -> bool {
        self.seats.is_gone(self.seat)
    }

    /// A request begins. False if the connection was told to go before.
    pub(super) fn begin(&self) -> bool {
        let mut progress = self.lock();
        if !progress.is_busy && !self.seats.begin(self.seat) {
            return false;
        }
        progress.is_busy = true;
        progress.unanswered += 1;
        true
    }

    /// Everything that was written has left.
    pub(super) fn flushed(&self) {
        let mut progress = self.lock();
        if !progress.is_busy {
            return;
        }
        let now = clock::now();
        // Finished under the lock: the vector keeps its memory, and nobody else wants it.
        for record in progress.waiting.drain(..) {
            record.delivered(now);
        }
        if progress.unanswered == 0 {
            progress.is_busy = false;
            self.seats.wait(self.seat, now);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Progress> {
        // Pushing and taking leave it whole.
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An answer is with hyper, or given up.
    fn answered(&self, record: Option<Record>) {
        let mut progress = self.lock();
        progress.unanswered = progress.unanswered.saturating_sub(1);
        let Some(record) = record else { return };
        if progress.waiting.len() < WAITING_MAX {
            progress.waiting.push(record);
            return;
        }
        drop(progress);
        record.delivered(clock::now());
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.seats.leave(self.seat);
    }
}

/// The body of an answer: bytes that are there already, and the record to finish with them.
#[derive(Debug)]
pub(crate) struct Body {
    data: Option<Bytes>,
    record: Option<Record>,
    slot: Option<Arc<Slot>>,
}

impl Body {
    /// A body that nobody keeps a record of.
    pub(crate) fn unrecorded(data: Bytes, slot: Arc<Slot>) -> Self {
        Self {
            data: Some(data).filter(|data| !data.is_empty()),
            record: None,
            slot: Some(slot),
        }
    }

    /// A body whose delivery finishes a record.
    pub(crate) fn recorded(data: Bytes, record: Record, slot: Arc<Slot>) -> Self {
        let mut body = Self::unrecorded(data, slot);
        body.record = Some(record);
        body
    }

    fn hand_over(&mut self) {
        if let Some(slot) = self.slot.take() {
            slot.answered(self.record.take());
        }
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let data = self.data.take();
        self.hand_over();
        Poll::Ready(data.map(|data| Ok(Frame::data(data))))
    }

    fn is_end_stream(&self) -> bool {
        self.data.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.data.as_ref().map_or(0, |data| data.len() as u64))
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        // An empty body is never polled. One with data left was not sent: its record, dropped with
        // it, says that the caller went away.
        if self.data.is_none() {
            self.hand_over();
        } else if let Some(slot) = self.slot.take() {
            slot.answered(None);
        }
    }
}
