//! The server as a child process, for a run that brings its own.
//!
//! In a process of its own it goes on when the run is stopped, so that leases can end; and it ends
//! with the run, because nobody else holds the pipe that it reads.

use std::ffi::OsStr;
use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;

use outcome::{Failure, OrFail};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, ChildStdout, Command};

use crate::helper;

/// How long it may take to listen.
const START_TIME_MAX: Duration = Duration::from_secs(10);

/// Most bytes that it may say before it says where it listens.
const WORDS_BYTES_MAX: u64 = 16 * 1024;

/// What it says when it listens.
const LISTENING: &str = "listening http://";

/// A server that stops, with all its proxies, when this is dropped or this process ends.
#[derive(Debug)]
pub(crate) struct ToxiproxyChild {
    _process: Child,
}

impl ToxiproxyChild {
    /// Starts a server whose API listens on `listen`, which names a port.
    ///
    /// # Errors
    /// [`Failure::broken`] when it does not listen in time, such as on a port that is taken; it has
    /// said why on standard error.
    pub(crate) async fn start(
        listen: SocketAddr,
        allow_remote: &[String],
    ) -> Result<Self, Failure> {
        let sentence = || format!("cannot start a Toxiproxy on {listen}");
        let listen_word = listen.to_string();
        let mut words = vec![
            "toxiproxy",
            "--until-stdin-closes",
            "--listen",
            &listen_word,
        ];
        for host in allow_remote {
            words.extend(["--allow-remote", host.as_str()]);
        }
        let words: Vec<&OsStr> = words.into_iter().map(OsStr::new).collect();
        let command = helper::command(&words).or_broken(sentence())?;
        let mut process = Command::from(command)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .or_broken(sentence())?;
        let words = process.stdout.take();
        let said = async { address(words?).await };
        let address = tokio::time::timeout(START_TIME_MAX, said).await.ok();
        match address.flatten() {
            Some(address) if address == listen => Ok(Self { _process: process }),
            _ => Err(Failure::broken(sentence())),
        }
    }
}

/// Where it says that it listens; `None` when it ends without.
async fn address(words: ChildStdout) -> Option<SocketAddr> {
    let mut lines = BufReader::new(words.take(WORDS_BYTES_MAX)).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        if let Some((_, address)) = line.split_once(LISTENING) {
            return address.trim().parse().ok();
        }
    }
    None
}
