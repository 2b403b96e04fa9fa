//! SIGINT, SIGTERM and SIGHUP, as something that can be awaited.

use outcome::{Failure, OrFail, Outcome};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals by which a person or a supervisor ends a command.
#[derive(Debug)]
pub(crate) struct Interrupt {
    signals: [Signal; 3],
}

impl Interrupt {
    /// From now on a signal no longer ends the process by itself.
    ///
    /// # Errors
    /// [`Failure::broken`] when the system does not allow it.
    pub(crate) fn listen() -> Result<Self, Failure> {
        let listen = |kind| signal(kind).or_broken("cannot listen for signals");
        let kinds = [
            SignalKind::interrupt(),
            SignalKind::terminate(),
            SignalKind::hangup(),
        ];
        let [int, term, hup] = kinds.map(listen);
        Ok(Self {
            signals: [int?, term?, hup?],
        })
    }

    /// Waits for the first of them.
    pub(crate) async fn wait(&mut self) {
        let [int, term, hup] = &mut self.signals;
        tokio::select! {
            _ = int.recv() => {}
            _ = term.recv() => {}
            _ = hup.recv() => {}
        }
    }
}

/// Runs a command that leaves nothing to undo until it ends or a signal comes.
///
/// # Errors
/// Those of the command, and [`Failure::interrupted`] after a signal.
pub(crate) async fn until_interrupted(
    command: impl Future<Output = Result<Outcome, Failure>>,
) -> Result<Outcome, Failure> {
    let mut interrupt = Interrupt::listen()?;
    tokio::select! {
        found = command => found,
        () = interrupt.wait() => Err(Failure::interrupted("interrupted")),
    }
}
