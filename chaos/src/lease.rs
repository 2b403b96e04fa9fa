//! The time for which a run may break things: faults outlive their runner by at most a lease.
//!
//! The embedded server has leases of its own, and undoes by itself what was done under one that
//! ended. For a real server a [`guard`] does it: a process that is told before each fault how to
//! undo it.

mod message;
mod ledger;
mod marks;
pub(crate) mod guard;
mod link;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::client::{Change, ClientError, Refused, Toxiproxy};
use crate::toxiproxy::LEASE_SECONDS_MAX;
use link::Guard;
use message::{Order, Reply, Undo};

/// Pause after a renewal that failed, when a third of the lease is longer.
const RETRY_PAUSE: Duration = Duration::from_secs(1);

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
    #[error("a lease of {0:?} cannot be had, expected whole seconds from 1 s to 600 s")]
    Time(Duration),
    #[error(transparent)]
    Client(#[from] ClientError),
}

/// A lease over some proxies, renewed by a task of its own every third of its time. When it is
/// dropped, everything under it is undone: by a guard at once, by the embedded server when the lease
/// has run out.
#[derive(Debug)]
pub(crate) struct Lease {
    shared: Arc<Shared>,
    renewing: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    keeper: Keeper,
    time: Duration,
    expires: Mutex<Instant>,
    lost: CancellationToken,
    /// Nobody renews it any more.
    given_back: CancellationToken,
    next_number: AtomicU64,
}

/// Who undoes what this process cannot undo any more.
#[derive(Debug)]
enum Keeper {
    /// The server, which calls the lease by this name.
    Server {
        toxiproxy: Toxiproxy,
        id: String,
    },
    Guard(Guard),
    /// There is nothing that could be broken.
    Nobody,
}

impl Lease {
    /// Takes the lease over `proxies` in the name of `holder`. On a server that has no leases a guard
    /// process is started first, which undoes everything when this process dies or stops renewing.
    ///
    /// # Errors
    /// [`LeaseError`]; nothing is leased then, or only until the lease runs out.
    pub(crate) async fn take(
        toxiproxy: &Toxiproxy,
        holder: &str,
        proxies: &[String],
        time: Duration,
    ) -> Result<Self, LeaseError> {
        let seconds = time.as_secs();
        if !(1..=LEASE_SECONDS_MAX).contains(&seconds) || time.subsec_nanos() > 0 {
            return Err(LeaseError::Time(time));
        }
        // The lease cannot be older than the question for it.
        let asked = Instant::now();
        let keeper = if proxies.is_empty() {
            Keeper::Nobody
        } else if toxiproxy.has_leases().await? {
            take_from_server(toxiproxy, holder, proxies, time).await?
        } else {
            start_guard(toxiproxy, holder, proxies, time).await?
        };
        let shared = Arc::new(Shared {
            keeper,
            time,
            expires: Mutex::new(asked + time),
            lost: CancellationToken::new(),
            given_back: CancellationToken::new(),
            next_number: AtomicU64::new(0),
        });
        let renewing = tokio::spawn(Arc::clone(&shared).keep());
        Ok(Self { shared, renewing })
    }

    /// Makes a fault's change under this lease: it is known how to undo it before it is made. A
    /// change that undoes a fault is made whether or not the lease lives.
    ///
    /// # Errors
    /// [`ClientError::LeaseEnded`] when the lease was lost: what was set before is being undone, and
    /// so is this change if it was made. Any other when it is not known to have been made.
    pub(crate) async fn make(
        &self,
        toxiproxy: &Toxiproxy,
        change: &Change,
    ) -> Result<(), ClientError> {
        let shared = &self.shared;
        let Some(undo) = change.undo() else {
            toxiproxy.make(change).await?;
            shared.forget(change).await;
            return Ok(());
        };
        if shared.is_over(Instant::now()) {
            shared.lost.cancel();
            return Err(ClientError::LeaseEnded);
        }
        match &shared.keeper {
            Keeper::Nobody => Err(ClientError::NoProxy(change.proxy().to_owned())),
            Keeper::Server { id, .. } => {
                let made = toxiproxy.make_under(change, Some(id)).await;
                shared.unless_ended(made).await
            }
            Keeper::Guard(guard) => {
                let number = shared.next_number.fetch_add(1, Ordering::Relaxed);
                let undo = Undo::Proxy(undo);
                shared.tell(guard, Order::AboutTo { number, undo }).await?;
                toxiproxy.make(change).await?;
                // Whoever was stopped in between made a change that nobody expected any more.
                shared.tell(guard, Order::Made { number }).await
            }
        }
    }

    /// How long faults would last if this process died now.
    pub(crate) fn left(&self, now: Instant) -> Duration {
        self.shared.expires().saturating_duration_since(now)
    }

    /// Cancelled when the lease ran out or was refused: what was broken has been or is being mended.
    pub(crate) fn lost(&self) -> &CancellationToken {
        &self.shared.lost
    }

    /// Gives it back after everything was undone; what was not is undone now.
    ///
    /// # Errors
    /// [`ClientError`] when it is not known that everything was undone.
    pub(crate) async fn release(mut self) -> Result<(), ClientError> {
        self.shared.given_back.cancel();
        // It ends after the answer that it waits for, and with it the other reference to what is
        // shared.
        let _ = (&mut self.renewing).await;
        let shared = std::mem::replace(&mut self.shared, Arc::new(Shared::nobody()));
        let Some(shared) = Arc::into_inner(shared) else {
            return Err(ClientError::LeaseEnded);
        };
        match shared.keeper {
            Keeper::Nobody => Ok(()),
            Keeper::Server { toxiproxy, id } => toxiproxy.end_lease(&id).await,
            Keeper::Guard(guard) => guard.dismiss().await,
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.renewing.abort();
    }
}

async fn take_from_server(
    toxiproxy: &Toxiproxy,
    holder: &str,
    proxies: &[String],
    time: Duration,
) -> Result<Keeper, LeaseError> {
    // Renewing must not wait for a change that is on its way.
    let own = Toxiproxy::connect_plainly(toxiproxy.address(), toxiproxy.token()).await?;
    match own.take_lease(holder, time, proxies).await? {
        Ok(granted) => Ok(Keeper::Server {
            toxiproxy: own,
            id: granted.id,
        }),
        Err(Refused {
            proxy,
            holder,
            expires_in_seconds,
        }) => Err(LeaseError::Taken {
            target: proxy,
            holder,
            seconds_left: expires_in_seconds,
        }),
    }
}

async fn start_guard(
    toxiproxy: &Toxiproxy,
    holder: &str,
    proxies: &[String],
    time: Duration,
) -> Result<Keeper, LeaseError> {
    let hello = Order::Hello {
        address: toxiproxy.address(),
        token: toxiproxy.token().map(|token| token.reveal().to_owned()),
        holder: holder.to_owned(),
        proxies: proxies.to_vec(),
        lease: time,
    };
    match Guard::start(hello).await? {
        (guard, Reply::Noted) => Ok(Keeper::Guard(guard)),
        (
            _,
            Reply::Taken {
                proxy,
                holder,
                seconds_left,
            },
        ) => Err(LeaseError::Taken {
            target: proxy,
            holder,
            seconds_left,
        }),
        (_, Reply::Lost) => Err(ClientError::LeaseEnded.into()),
        (_, Reply::Failed { cause }) => {
            let what = "begin";
            Err(ClientError::Guard { what, cause }.into())
        }
    }
}

impl Shared {
    fn nobody() -> Self {
        Self {
            keeper: Keeper::Nobody,
            time: Duration::ZERO,
            expires: Mutex::new(Instant::now()),
            lost: CancellationToken::new(),
            given_back: CancellationToken::new(),
            next_number: AtomicU64::new(0),
        }
    }

    fn expires(&self) -> Instant {
        *self.expires.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_over(&self, now: Instant) -> bool {
        self.lost.is_cancelled() || now >= self.expires()
    }

    /// Renews the lease until it is lost.
    async fn keep(self: Arc<Self>) {
        let mut pause = self.time / 3;
        loop {
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = self.lost.cancelled() => return,
                () = self.given_back.cancelled() => return,
            }
            // This process may have been stopped for longer than the lease lasted.
            let asked = Instant::now();
            let renewed = if asked >= self.expires() {
                Ok(false)
            } else {
                tokio::time::timeout_at(self.expires(), self.renew())
                    .await
                    .unwrap_or(Ok(false))
            };
            pause = match renewed {
                Ok(true) => {
                    *self.expires.lock().unwrap_or_else(PoisonError::into_inner) =
                        asked + self.time;
                    self.time / 3
                }
                Ok(false) => return self.lost.cancel(),
                Err(_) => RETRY_PAUSE.min(self.time / 3),
            };
        }
    }

    /// False when the lease has ended.
    async fn renew(&self) -> Result<bool, ClientError> {
        match &self.keeper {
            Keeper::Nobody => Ok(true),
            Keeper::Server { toxiproxy, id } => toxiproxy.renew_lease(id).await,
            // Without an answer the conversation has ended, and the guard undoes everything.
            Keeper::Guard(guard) => Ok(matches!(guard.ask(Order::Renew).await, Ok(Reply::Noted))),
        }
    }

    /// What became of a change; one that did not stay may have gone with the lease meanwhile.
    async fn unless_ended(&self, made: Result<(), ClientError>) -> Result<(), ClientError> {
        if made.is_ok() || !matches!(self.renew().await, Ok(false)) {
            return made;
        }
        self.lost.cancel();
        Err(ClientError::LeaseEnded)
    }

    /// Tells a guard something that counts only while the lease lives.
    async fn tell(&self, guard: &Guard, order: Order) -> Result<(), ClientError> {
        match guard.ask(order).await {
            Ok(Reply::Noted) => Ok(()),
            Ok(Reply::Failed { cause }) => {
                let what = "remember how to undo it";
                Err(ClientError::Guard { what, cause })
            }
            Ok(Reply::Lost | Reply::Taken { .. }) => {
                self.lost.cancel();
                Err(ClientError::LeaseEnded)
            }
            Err(error) => {
                self.lost.cancel();
                Err(error)
            }
        }
    }

    /// A guard need not undo what was undone; that it would do so once more does no harm.
    async fn forget(&self, change: &Change) {
        if let Keeper::Guard(guard) = &self.keeper {
            let undo = Undo::Proxy(change.clone());
            let _ = guard.ask(Order::Undone { undo }).await;
        }
    }
}

#[cfg(test)]
mod tests;
