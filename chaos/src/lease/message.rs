//! What a runner and its guard say to each other: one JSON object a line, each answered by one.

use std::net::SocketAddr;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

use crate::client::Change;

/// Most bytes of a line.
const LINE_BYTES_MAX: usize = 64 * 1024;

/// What a runner says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "say", rename_all = "kebab-case")]
pub(super) enum Order {
    /// Once, before anything else.
    Hello {
        address: SocketAddr,
        token: Option<String>,
        holder: String,
        proxies: Vec<String>,
        /// Longest time without a word from the runner.
        lease: Duration,
    },
    /// The runner is about to set a fault, and this undoes it.
    AboutTo { number: u64, undo: Undo },
    /// The change with this number has been made.
    Made { number: u64 },
    /// The runner has undone this itself.
    Undone { undo: Undo },
    /// The runner lives.
    Renew,
    /// The runner has undone everything and needs no guard any more.
    Goodbye,
}

/// What a guard answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "say", rename_all = "kebab-case")]
pub(super) enum Reply {
    /// It is done, or will be remembered.
    Noted,
    /// Somebody else has a lease over one of the proxies.
    Taken {
        proxy: String,
        holder: String,
        seconds_left: u64,
    },
    /// The lease has ended; all faults have been or are being undone.
    Lost,
    /// It cannot be done.
    Failed { cause: String },
}

/// How to take a fault away.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Undo {
    /// A change of a proxy.
    Proxy(Change),
}

/// One end of the conversation.
#[derive(Debug)]
pub(super) struct Line {
    stream: UnixStream,
    /// What has arrived and was not read yet.
    arrived: Vec<u8>,
}

impl Line {
    pub(super) fn new(stream: UnixStream) -> Self {
        let arrived = Vec::new();
        Self { stream, arrived }
    }

    /// The next message; `None` when the other side is gone. Giving up loses nothing.
    ///
    /// # Errors
    /// The system's; of kind `InvalidData` for what is no message.
    pub(super) async fn hear<T: DeserializeOwned>(&mut self) -> std::io::Result<Option<T>> {
        loop {
            if let Some(end) = self.arrived.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.arrived.drain(..=end).collect();
                return serde_json::from_slice(&line).map(Some).map_err(Into::into);
            }
            if self.arrived.len() > LINE_BYTES_MAX {
                return Err(std::io::ErrorKind::InvalidData.into());
            }
            if self.stream.read_buf(&mut self.arrived).await? == 0 {
                return Ok(None);
            }
        }
    }

    /// Says something.
    ///
    /// # Errors
    /// The system's, when the other side is gone.
    pub(super) async fn say(&mut self, message: &impl Serialize) -> std::io::Result<()> {
        let mut line = serde_json::to_vec(message)?;
        line.push(b'\n');
        self.stream.write_all(&line).await
    }
}
