//! One direction of one connection: the sockets and the clock of a [`Chain`].
//!
//! Every wait is in one select with changes of toxics and with the end of the connection, so
//! neither has to wait for a peer that sends nothing or reads nothing. The sockets are shared and
//! used through `try_read` and `try_write`: an owned write half would send FIN when it is dropped,
//! which spoils an RST.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::BytesMut;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::chain::{Chain, End};
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

/// What the two links of a connection share.
#[derive(Debug)]
pub(crate) struct Ends {
    /// Cancelled when the connection has to go, by whomever.
    pub(crate) closed: CancellationToken,
    /// Links through which something can still come.
    alive: AtomicUsize,
}

impl Ends {
    /// The ends of a connection of two links.
    pub(crate) fn new(closed: CancellationToken) -> Self {
        Self {
            closed,
            alive: AtomicUsize::new(2),
        }
    }

    fn one_is_exhausted(&self) {
        if self.alive.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.closed.cancel();
        }
    }
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
        let mut buffer = BytesMut::new();
        let mut counted = false;
        loop {
            let now = Instant::now();
            self.chain.advance(now);
            if self.chain.is_exhausted() && !counted {
                counted = true;
                self.ends.one_is_exhausted();
            }
            match self.chain.end() {
                Some(End::Finished) => return self.hang_up(),
                Some(End::Cut) => return self.ends.closed.cancel(),
                None => {}
            }
            let carried = match self.next_event(now).await {
                Event::Closed => return,
                Event::Changed(change) => {
                    self.adopt(change);
                    Ok(())
                }
                Event::Readable => self.read(&mut buffer),
                Event::Writable => self.write(),
                Event::Due => Ok(()),
            };
            if carried.is_err() {
                // A peer is gone; the other one learns it by losing its connection too.
                return self.ends.closed.cancel();
            }
        }
    }

    async fn next_event(&mut self, now: Instant) -> Event {
        let wake = self.chain.next_wake(now);
        let due = async {
            match wake {
                Some(wake) => tokio::time::sleep_until(wake).await,
                None => std::future::pending().await,
            }
        };
        // An error of readiness comes back from the read or write that follows.
        tokio::select! {
            biased;
            () = self.ends.closed.cancelled() => Event::Closed,
            Some(change) = self.changes.recv() => Event::Changed(change),
            _ = self.destination.writable(), if self.chain.output().is_some() => Event::Writable,
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
                self.chain.push(buffer.split().freeze(), now);
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    fn write(&mut self) -> io::Result<()> {
        let Some(output) = self.chain.output() else {
            return Ok(());
        };
        match self.destination.try_write(output) {
            Ok(count) => {
                self.traffic.sent(self.stream, count);
                self.chain.written(count);
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
