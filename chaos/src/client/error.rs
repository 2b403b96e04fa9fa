//! What can go wrong between us and a Toxiproxy.

use outcome::Failure;

/// Why a change of a Toxiproxy is not known to have been made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClientError {
    #[error("Toxiproxy did not {what} within {seconds} s")]
    TimedOut { what: String, seconds: u64 },
    #[error("Toxiproxy cannot be reached to {what}: {cause}")]
    Unreachable { what: String, cause: String },
    #[error("Toxiproxy answered {status} when asked to {what}: {text}")]
    Refused {
        what: String,
        status: u16,
        text: String,
    },
    #[error("what Toxiproxy answered when asked to {what} cannot be read: {cause}")]
    Unreadable { what: String, cause: String },
    #[error("Toxiproxy was asked to {what} and said yes, but {found}")]
    NotDone { what: String, found: String },
    #[error("Toxiproxy has no proxy called {0:?}")]
    NoProxy(String),
    #[error("Toxiproxy is version {0}, expected 2.1 or later")]
    TooOld(String),
    #[error(
        "{what} is called {name:?}, expected 1 to 128 printable characters other than . and .."
    )]
    BadName { what: &'static str, name: String },
    #[error("the lease under which faults are set has ended, so no fault is set any more")]
    LeaseEnded,
    #[error("the guard that would undo the fault did not {what}: {cause}")]
    Guard { what: &'static str, cause: String },
    #[error("a bug: the client of Toxiproxy panicked")]
    Panicked,
    #[error("the client of Toxiproxy cannot be started")]
    NoThread(#[source] std::io::Error),
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        Self::broken("the faults are not under control").because(error)
    }
}
