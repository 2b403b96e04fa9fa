//! SIGINT, SIGTERM and SIGHUP, which from here on end nothing by themselves.

use outcome::{Failure, OrFail};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Which signal asked to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stopped {
    /// A person pressed Ctrl-C, or closed the terminal.
    Interrupted,
    /// A supervisor sent SIGTERM.
    Terminated,
}

/// Listens for all three. From the first [`Interrupt::listen`] to the end of the process none has its
/// default effect, so a second Ctrl-C cannot skip what the first one started.
#[derive(Debug)]
pub(crate) struct Interrupt {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
}

impl Interrupt {
    pub(crate) fn listen() -> Result<Self, Failure> {
        let sentence = "cannot listen for signals";
        Ok(Self {
            interrupt: signal(SignalKind::interrupt()).or_broken(sentence)?,
            terminate: signal(SignalKind::terminate()).or_broken(sentence)?,
            hangup: signal(SignalKind::hangup()).or_broken(sentence)?,
        })
    }

    pub(crate) async fn wait(&mut self) -> Stopped {
        tokio::select! {
            _ = self.interrupt.recv() => Stopped::Interrupted,
            _ = self.hangup.recv() => Stopped::Interrupted,
            _ = self.terminate.recv() => Stopped::Terminated,
        }
    }
}
