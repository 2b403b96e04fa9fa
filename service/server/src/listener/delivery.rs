//! When an answer has really left: the body hands its record over, the stream says when it is out.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Frame, SizeHint};

use crate::telemetry::Record;

/// Answers that may wait for one flush: a client that sends many requests ahead is answered one
/// after the other, so there are rarely two.
const WAITING_MAX: usize = 16;

/// The records of one connection whose bytes are written but not flushed.
#[derive(Debug, Default)]
pub(crate) struct Slot {
    waiting: Mutex<Vec<Record>>,
}

impl Slot {
    fn lock(&self) -> MutexGuard<'_, Vec<Record>> {
        // Pushing and taking leave it whole.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait(&self, record: Record) {
        let mut waiting = self.lock();
        if waiting.len() < WAITING_MAX {
            waiting.push(record);
            return;
        }
        drop(waiting);
        record.delivered();
    }

    /// Everything that was written has left.
    pub(super) fn flushed(&self) {
        let mut waiting = self.lock();
        // Finished under the lock: the vector keeps its memory, and nobody else wants it.
        for record in waiting.drain(..) {
            record.delivered();
        }
    }
}

/// The body of an answer: bytes that are there already, and the record to finish with them.
#[derive(Debug)]
pub(crate) struct Body {
    data: Option<Bytes>,
    delivery: Option<(Record, Arc<Slot>)>,
}

impl Body {
    /// A body that nobody keeps a record of.
    pub(crate) fn unrecorded(data: Bytes) -> Self {
        Self {
            data: Some(data).filter(|data| !data.is_empty()),
            delivery: None,
        }
    }

    /// A body whose delivery finishes a record.
    pub(crate) fn recorded(data: Bytes, record: Record, slot: Arc<Slot>) -> Self {
        Self {
            data: Some(data).filter(|data| !data.is_empty()),
            delivery: Some((record, slot)),
        }
    }

    fn hand_over(&mut self) {
        if let Some((record, slot)) = self.delivery.take() {
            slot.wait(record);
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
        }
    }
}
