//! SIGINT and SIGTERM, which from here on end nothing by themselves.

use outcome::{Failure, OrFail};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Which signal asked to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stopped {
    /// A person pressed Ctrl-C.
    Interrupted,
    /// A supervisor sent SIGTERM.
    Terminated,
}

/// Listens for both signals. From the first [`Interrupt::listen`] to the end of the process neither
/// has its default effect, so a second Ctrl-C cannot skip what the first one started.
#[derive(Debug)]
pub(crate) struct Interrupt {
    interrupt: Signal,
    terminate: Signal,
}

impl Interrupt {
    pub(crate) fn listen() -> Result<Self, Failure> {
        let sentence = "cannot listen for signals";
        Ok(Self {
            interrupt: signal(SignalKind::interrupt()).or_broken(sentence)?,
            terminate: signal(SignalKind::terminate()).or_broken(sentence)?,
        })
    }

    pub(crate) async fn wait(&mut self) -> Stopped {
        tokio::select! {
            _ = self.interrupt.recv() => Stopped::Interrupted,
            _ = self.terminate.recv() => Stopped::Terminated,
        }
    }
}
