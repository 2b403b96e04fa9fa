//! Processes that can be paused, killed and restarted: those of a rehearsal, through whoever started
//! them.

use std::time::Duration;

/// What can be done to a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    /// Stop it in its tracks; it goes on when the lease ends.
    Pause,
    /// Kill it; it is started when the lease ends.
    Kill,
    /// Kill it and start it at once.
    Restart,
}

/// Why a process was not, or is not known to be, as it was asked to be.
#[derive(Debug, thiserror::Error)]
#[error("the keeper of processes did not {what}: {cause}")]
pub(crate) struct ProcessError {
    pub(crate) what: String,
    pub(crate) cause: String,
}

/// The keeper of processes that a rehearsal offers on loopback.
#[derive(Debug)]
pub(crate) struct Processes;

impl Processes {
    /// Finds out whether a keeper answers at `url`.
    pub(crate) async fn connect(_url: &str) -> Result<Self, ProcessError> {
        Ok(Self)
    }

    /// The process that is not as it was started, if any, and how.
    pub(crate) async fn trouble(&self, _process: &str) -> Result<Option<String>, ProcessError> {
        Ok(None)
    }

    /// Does it in the name of `holder`, for `lease`; doing the same again renews the lease.
    pub(crate) async fn act(
        &self,
        _process: &str,
        _act: Act,
        _holder: &str,
        _lease: Duration,
    ) -> Result<(), ProcessError> {
        Ok(())
    }

    /// Undoes it, and waits until the process is as it was; content when it is so already.
    pub(crate) async fn undo(&self, _process: &str) -> Result<(), ProcessError> {
        Ok(())
    }
}
