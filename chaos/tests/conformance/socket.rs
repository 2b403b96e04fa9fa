//! One end of a connection: writes in the background, reads when a step asks.

use std::io::ErrorKind;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::OwnedReadHalf;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use crate::PATIENCE;

/// Writes that wait for their turn on one socket.
const WRITES_MAX: usize = 64;

/// Size of one write of a flood.
const FLOOD_BYTES: usize = 64 * 1024;

/// A flood that has not moved for this long stands still.
const STILL: Duration = Duration::from_millis(300);

enum Write {
    Bytes(Vec<u8>),
    Flood,
    Half,
}

/// A socket of a case.
pub(crate) struct Socket {
    read: OwnedReadHalf,
    writes: mpsc::Sender<Write>,
    written: watch::Receiver<u64>,
    writer: JoinHandle<()>,
    /// Bytes of the pattern that were read, so that the next ones can be checked.
    pattern_read: usize,
    pattern_written: usize,
}

/// Bytes of which each place can be told from its neighbours: none may be lost or come twice.
fn pattern(from: usize, count: usize) -> Vec<u8> {
    (from..from + count)
        .map(|place| u8::try_from((place ^ (place >> 8) ^ (place >> 16)) % 251).unwrap_or(0))
        .collect()
}

/// A number of bytes: `300`, `64kB`, `2MB`.
pub(crate) fn bytes(text: &str) -> Option<usize> {
    let (digits, factor) = match text {
        text if text.ends_with("kB") => (&text[..text.len() - 2], 1000),
        text if text.ends_with("MB") => (&text[..text.len() - 2], 1_000_000),
        text => (text, 1),
    };
    digits.parse::<usize>().ok().map(|count| count * factor)
}

impl Socket {
    pub(crate) fn new(stream: TcpStream) -> Self {
        let (read, mut write) = stream.into_split();
        let (writes, mut wanted) = mpsc::channel(WRITES_MAX);
        let (count, written) = watch::channel(0);
        let writer = tokio::spawn(async move {
            while let Some(next) = wanted.recv().await {
                let done = match next {
                    Write::Bytes(bytes) => write.write_all(&bytes).await,
                    Write::Half => write.shutdown().await,
                    Write::Flood => {
                        let block = vec![0; FLOOD_BYTES];
                        loop {
                            match write.write(&block).await {
                                Ok(more) => count.send_modify(|sum| *sum += more as u64),
                                Err(error) => break Err(error),
                            }
                        }
                    }
                };
                if done.is_err() {
                    return;
                }
            }
            // The socket stays whole until the case lets it go.
            std::future::pending::<()>().await;
        });
        Self {
            read,
            writes,
            written,
            writer,
            pattern_read: 0,
            pattern_written: 0,
        }
    }

    /// Queues text, or as many bytes of the pattern as `what` says.
    pub(crate) async fn send(&mut self, what: &str) -> Result<(), String> {
        let data = if let Some(count) = bytes(what) {
            let data = pattern(self.pattern_written, count);
            self.pattern_written += count;
            data
        } else {
            what.as_bytes().to_vec()
        };
        self.queue(Write::Bytes(data)).await
    }

    pub(crate) async fn half(&mut self) -> Result<(), String> {
        self.queue(Write::Half).await
    }

    pub(crate) async fn flood(&mut self) -> Result<(), String> {
        self.queue(Write::Flood).await
    }

    async fn queue(&mut self, write: Write) -> Result<(), String> {
        // A writer that met an error is gone; what the peer did shows when it is read.
        let _ = self.writes.send(write).await;
        Ok(())
    }

    /// Waits until a flood stands still.
    pub(crate) async fn still(&mut self) -> Result<(), String> {
        let wait = async {
            while let Ok(Ok(())) = tokio::time::timeout(STILL, self.written.changed()).await {}
        };
        tokio::time::timeout(PATIENCE, wait)
            .await
            .map_err(|_| "the flood never stops".to_owned())
    }

    /// Closes both ways, or resets.
    pub(crate) async fn close(mut self, reset: bool) -> Result<(), String> {
        self.writer.abort();
        let _ = (&mut self.writer).await;
        if reset {
            let set = socket2::SockRef::from(self.read.as_ref()).set_linger(Some(Duration::ZERO));
            set.map_err(|error| format!("cannot reset: {error}"))?;
        }
        Ok(())
    }

    /// Reads up to `count` bytes and says what came.
    pub(crate) async fn read(&mut self, count: usize) -> String {
        let mut got = vec![0; count];
        let mut filled = 0;
        while filled < count {
            match tokio::time::timeout(PATIENCE, self.read.read(&mut got[filled..])).await {
                Ok(Ok(0)) => return self.tell(&got[..filled], Some("FIN")),
                Ok(Ok(more)) => filled += more,
                Ok(Err(error)) => return self.tell(&got[..filled], Some(end_of(&error))),
                Err(_) => return self.tell(&got[..filled], Some("nothing more")),
            }
        }
        self.tell(&got, None)
    }

    /// Reads until the end and says what came, and how it ended.
    pub(crate) async fn end(&mut self) -> String {
        let mut all = Vec::new();
        let told = tokio::time::timeout(PATIENCE, self.read.read_to_end(&mut all)).await;
        let how = match told {
            Ok(Ok(_)) => "FIN",
            Ok(Err(error)) => end_of(&error),
            Err(_) => "no end",
        };
        self.tell(&all, Some(how))
    }

    /// Waits this long for something to come.
    pub(crate) async fn silence(&mut self, time: Duration) -> String {
        let mut one = [0; 1];
        match tokio::time::timeout(time, self.read.peek(&mut one)).await {
            Err(_) => "silence".to_owned(),
            Ok(Ok(0)) => "FIN".to_owned(),
            Ok(Ok(_)) => "bytes".to_owned(),
            Ok(Err(error)) => end_of(&error).to_owned(),
        }
    }

    fn tell(&mut self, got: &[u8], end: Option<&str>) -> String {
        let mut parts = Vec::new();
        if !got.is_empty() {
            parts.push(self.describe(got));
        }
        parts.extend(end.map(str::to_owned));
        parts.join(", ")
    }

    fn describe(&mut self, got: &[u8]) -> String {
        let expected = pattern(self.pattern_read, got.len());
        if got == expected {
            self.pattern_read += got.len();
            return format!("{} bytes in order", got.len());
        }
        match std::str::from_utf8(got) {
            Ok(text) if text.len() < 100 && text.is_ascii() => format!("{text:?}"),
            _ => {
                let place = got
                    .iter()
                    .zip(&expected)
                    .position(|(got, wanted)| got != wanted);
                format!("{} bytes, wrong at {}", got.len(), place.unwrap_or(0))
            }
        }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.writer.abort();
    }
}

fn end_of(error: &std::io::Error) -> &'static str {
    match error.kind() {
        ErrorKind::ConnectionReset => "RST",
        ErrorKind::BrokenPipe => "broken pipe",
        _ => "an error",
    }
}
