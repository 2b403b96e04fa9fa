//! A TCP stream that gives up on a client who does not read, and says when everything has left.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep};

use super::refusal::discard;
use super::{Limits, Slot};

/// A stream under a write timeout.
#[derive(Debug)]
pub(super) struct GuardedStream {
    stream: TcpStream,
    slot: Arc<Slot>,
    /// Longest time without a byte taken.
    write_timeout: Duration,
    /// Longest time from the first refusal to a whole answer.
    answer_timeout: Duration,
    /// Since when the client has been holding up the answer; none while it reads as fast as we
    /// write, which is nearly always.
    held_up: Option<HeldUp>,
}

#[derive(Debug)]
struct HeldUp {
    until: Instant,
    timer: Pin<Box<Sleep>>,
    /// Whether the client has taken something since the timer was set.
    has_progressed: bool,
}

impl GuardedStream {
    pub(super) fn new(stream: TcpStream, limits: Limits, slot: Arc<Slot>) -> Self {
        let Limits {
            write_timeout,
            answer_timeout,
            ..
        } = limits;
        Self {
            stream,
            slot,
            write_timeout,
            answer_timeout,
            held_up: None,
        }
    }

    /// Takes note of one attempt to write, and fails once the client has had its time.
    fn watch<T>(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            if let Some(held_up) = &mut self.held_up {
                held_up.has_progressed = true;
            }
            return written;
        }
        let now = Instant::now();
        let (write_timeout, answer_timeout) = (self.write_timeout, self.answer_timeout);
        let held_up = self.held_up.get_or_insert_with(|| HeldUp {
            until: now + answer_timeout,
            timer: Box::pin(tokio::time::sleep(write_timeout)),
            has_progressed: false,
        });
        if held_up.has_progressed {
            held_up.has_progressed = false;
            held_up
                .timer
                .as_mut()
                .reset((now + write_timeout).min(held_up.until));
        }
        ready!(held_up.timer.as_mut().poll(context));
        Poll::Ready(Err(io::Error::new(
            io::ErrorKind::TimedOut,
            "the client does not read",
        )))
    }
}

impl Drop for GuardedStream {
    fn drop(&mut self) {
        // A last answer is not lost because more was sent than was wanted.
        discard(&self.stream);
    }
}

impl AsyncRead for GuardedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for GuardedStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.watch(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.watch(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        // Called when nothing is left to write: the answer is with the kernel.
        ready!(Pin::new(&mut self.stream).poll_flush(context))?;
        self.held_up = None;
        self.slot.flushed();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
