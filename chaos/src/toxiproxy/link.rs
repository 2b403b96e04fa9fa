//! One direction of one connection: the sockets and the clock of a [`Chain`].
//!
//! Every wait is in one select with changes of toxics and with the end of the connection, so
//! neither has to wait for a peer that sends nothing or reads nothing. The sockets are shared and
//! used through `try_read` and `try_write`: an owned write half would send FIN when it is dropped,
//! which spoils an RST.

use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;

use bytes::BytesMut;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::WaitForCancellationFuture;

use super::alarm::Alarm;
use super::chain::{Chain, End};
use super::ends::Ends;
use super::limit::READ_BYTES_MAX;
use super::toxic::{Stream, Toxic};
use super::traffic::Traffic;

/// Room for a read below which a new block is taken.
const READ_BYTES_MIN: usize = 4 * 1024;

/// New toxics for a link.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    /// All toxics of the proxy.
    pub(crate) toxics: Arc<[Toxic]>,
    /// Dropped when the link has adopted them; whoever made the change waits for that.
    pub(crate) adopted: mpsc::Sender<()>,
}

/// One direction of one connection.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) stream: Stream,
    pub(crate) chain: Chain,
    pub(crate) source: Arc<TcpStream>,
    pub(crate) destination: Arc<TcpStream>,
    pub(crate) changes: mpsc::Receiver<Change>,
    pub(crate) ends: Arc<Ends>,
    pub(crate) traffic: Arc<Traffic>,
}

enum Event {
    Closed,
    Changed(Change),
    Readable,
    Writable,
    Due,
}

impl Link {
    /// Carries bytes until the connection is closed or this direction has ended.
    pub(crate) async fn run(mut self) {
        let ends = Arc::clone(&self.ends);
        let mut closed = pin!(ends.closed.cancelled());
        let (mut buffer, mut alarm) = (BytesMut::new(), Alarm::default());
        let mut counted = false;
        loop {
            let now = Instant::now();
            // Most bytes can go at once, without asking whether they may.
            let Ok(is_full) = self.carry(now) else {
                // A peer is gone; the other one learns it by losing its connection too.
                return ends.closed.cancel();
            };
            if self.chain.is_exhausted() && !counted {
                counted = true;
                ends.one_is_exhausted();
            }
            match self.chain.end() {
                Some(End::Finished) => return self.hang_up(),
                Some(End::Cut) => return ends.closed.cancel(),
                None => {}
            }
            match self
                .next_event(now, is_full, closed.as_mut(), &mut alarm)
                .await
            {
                Event::Closed => return,
                Event::Changed(change) => self.adopt(change),
                Event::Readable if self.read(&mut buffer).is_err() => return ends.closed.cancel(),
                Event::Readable | Event::Writable | Event::Due => {}
            }
        }
    }

    /// Moves everything that is due as far as it goes; true when the destination takes no more.
    fn carry(&mut self, now: Instant) -> io::Result<bool> {
        self.chain.advance(now);
        while let Some(output) = self.chain.output() {
            match self.destination.try_write(output) {
                Ok(count) => {
                    self.traffic.sent(self.stream, count);
                    self.ends.moved(now);
                    self.chain.written(count);
                    self.chain.advance(now);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(true),
                Err(error) => return Err(error),
            }
        }
        Ok(false)
    }

    async fn next_event(
        &mut self,
        now: Instant,
        is_full: bool,
        closed: Pin<&mut WaitForCancellationFuture<'_>>,
        alarm: &mut Alarm,
    ) -> Event {
        let wake = self.chain.next_wake(now);
        self.ends.set_waiting(self.stream, wake.is_some());
        let due = async {
            match wake {
                Some(wake) => alarm.until(wake).await,
                None => std::future::pending().await,
            }
        };
        // An error of readiness comes back from the read or write that follows.
        tokio::select! {
            biased;
            () = closed => Event::Closed,
            Some(change) = self.changes.recv() => Event::Changed(change),
            _ = self.destination.writable(), if is_full => Event::Writable,
            () = due => Event::Due,
            _ = self.source.readable(), if self.chain.wants_input() => Event::Readable,
        }
    }

    fn adopt(&mut self, change: Change) {
        let own = change
            .toxics
            .iter()
            .filter(|toxic| toxic.stream == self.stream);
        self.chain.change(own, Instant::now());
        drop(change.adopted);
    }

    fn read(&mut self, buffer: &mut BytesMut) -> io::Result<()> {
        if buffer.capacity() < READ_BYTES_MIN {
            buffer.reserve(READ_BYTES_MAX);
        }
        let now = Instant::now();
        match self.source.try_read_buf(buffer) {
            Ok(0) => self.chain.finish(now),
            Ok(count) => {
                self.traffic.received(self.stream, count);
                self.ends.moved(now);
                self.chain.push(buffer.split().freeze(), now);
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Passes the end of the source on and leaves the other direction open.
    fn hang_up(&self) {
        // It fails only when the peer is gone, and then there is nobody to tell.
        let _ = socket2::SockRef::from(&*self.destination).shutdown(std::net::Shutdown::Write);
    }
}
