//! Who did what to which process, and until when.
//!
//! Acts on one process follow each other. What is about to be done is written down before it is
//! done, so that there is always somebody who undoes it: an act that fails is undone at once, one
//! whose lease ends by a task that waits for that, and what cannot be undone is tried again.

use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::task::AbortHandle;
use tokio::time::Instant;

use super::Act;

/// How long a call waits for the one before it on the same process.
const TURN_TIME_MAX: Duration = Duration::from_secs(5);

/// Pause between attempts to undo what could not be undone.
const RETRY_PAUSE: Duration = Duration::from_secs(1);

/// Whoever started some processes and can do things to them.
pub trait Keeper: fmt::Debug + Send + Sync + 'static {
    /// What they are called; it does not change.
    fn names(&self) -> Vec<String>;

    /// Does it to a process that runs as it was started, and returns when it is done; a process
    /// that was restarted is ready then.
    ///
    /// # Errors
    /// A sentence that says why it is not known to be done.
    fn act(&self, process: &str, act: Act) -> impl Future<Output = Result<(), String>> + Send;

    /// Undoes it, and returns when the process is as it was, with the same arguments and addresses,
    /// and ready. An act that failed half way is undone, too, and one that was undone already is
    /// no error.
    ///
    /// # Errors
    /// A sentence that says why the process is not known to be as it was.
    fn undo(&self, process: &str, act: Act) -> impl Future<Output = Result<(), String>> + Send;
}

/// Why the table refuses.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    #[error("there is no process {process}, expected one of {names:?}")]
    Unknown { process: String, names: Vec<String> },
    #[error("{process} is under the act {act} of {holder}, for {seconds_left} s more at most")]
    Taken {
        process: String,
        act: Act,
        holder: String,
        seconds_left: u64,
    },
    #[error("{process} is still busy with what was asked before")]
    Busy { process: String },
    #[error("{process}: {act} failed: {cause}")]
    Failed {
        process: String,
        act: Act,
        cause: String,
    },
}

/// What is done to a process now.
#[derive(Debug, Clone)]
pub(super) struct Held {
    pub(super) act: Act,
    pub(super) holder: String,
    pub(super) expires: Instant,
}

#[derive(Debug)]
struct Process {
    name: String,
    /// Held by whoever does or undoes something.
    turn: tokio::sync::Mutex<()>,
    held: Mutex<Option<Held>>,
    /// The task that undoes it when its lease ends.
    watch: Mutex<Option<AbortHandle>>,
}

impl Process {
    fn held(&self) -> Option<Held> {
        self.held
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn hold(&self, held: Option<Held>) {
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) = held;
    }

    fn watched_by(&self, watch: Option<AbortHandle>) {
        let mut slot = self.watch.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(before) = std::mem::replace(&mut *slot, watch) {
            before.abort();
        }
    }
}

/// All processes of a keeper.
#[derive(Debug)]
pub(super) struct Table<K> {
    keeper: K,
    processes: Vec<Process>,
}

impl<K: Keeper> Table<K> {
    pub(super) fn new(keeper: K) -> Self {
        let processes = keeper.names().into_iter().map(|name| Process {
            name,
            turn: tokio::sync::Mutex::new(()),
            held: Mutex::new(None),
            watch: Mutex::new(None),
        });
        let processes = processes.collect();
        Self { keeper, processes }
    }

    /// Each process, and what is done to it now.
    pub(super) fn list(&self) -> Vec<(&str, Option<Held>)> {
        let each = self.processes.iter();
        each.map(|process| (process.name.as_str(), process.held()))
            .collect()
    }

    fn find(&self, process: &str) -> Result<&Process, Refusal> {
        let found = self.processes.iter().find(|each| each.name == process);
        found.ok_or_else(|| Refusal::Unknown {
            process: process.to_owned(),
            names: self.keeper.names(),
        })
    }

    async fn turn<'a>(
        &self,
        process: &'a Process,
    ) -> Result<tokio::sync::MutexGuard<'a, ()>, Refusal> {
        let turn = tokio::time::timeout(TURN_TIME_MAX, process.turn.lock()).await;
        turn.map_err(|_| Refusal::Busy {
            process: process.name.clone(),
        })
    }

    /// Does it in the name of a holder, or renews the lease of the same act.
    ///
    /// The future must be driven to its end: what it began has a lease only when it returns.
    pub(super) async fn act(
        self: &Arc<Self>,
        process: &str,
        act: Act,
        holder: &str,
        lease: Duration,
    ) -> Result<(), Refusal> {
        let process = self.find(process)?;
        let _turn = self.turn(process).await?;
        let wanted = Held {
            act,
            holder: holder.to_owned(),
            expires: Instant::now() + lease,
        };
        if let Some(held) = process.held() {
            if held.act != act || held.holder != holder {
                return Err(taken(process, held));
            }
            process.hold(Some(wanted));
            return Ok(());
        }
        process.hold(Some(wanted.clone()));
        let done = self.keeper.act(&process.name, act).await;
        // The lease counts from when the fault is there: a restart may take longer than its lease.
        let expires = Instant::now() + lease;
        process.hold(Some(Held { expires, ..wanted }));
        self.watch(process);
        let Err(cause) = done else {
            return Ok(());
        };
        // Half an act is worse than none. When this fails as well, the watch goes on trying.
        let _ = self.mend(process, act).await;
        Err(Refusal::Failed {
            process: process.name.clone(),
            act,
            cause,
        })
    }

    /// Undoes what is done to a process; content when nothing is. With a holder, only what is his.
    pub(super) async fn undo(&self, process: &str, holder: Option<&str>) -> Result<(), Refusal> {
        let process = self.find(process)?;
        let _turn = self.turn(process).await?;
        let Some(held) = process.held() else {
            return Ok(());
        };
        if holder.is_some_and(|holder| holder != held.holder) {
            return Err(taken(process, held));
        }
        self.mend(process, held.act).await
    }

    /// Undoes everything, so that the processes can be stopped in order.
    pub(super) async fn undo_all(&self) {
        for process in &self.processes {
            // Whoever keeps the processes stops them next, also those that could not be mended.
            let _ = self.undo(&process.name, None).await;
            process.watched_by(None);
        }
    }

    /// Undoes an act whose turn it is.
    async fn mend(&self, process: &Process, act: Act) -> Result<(), Refusal> {
        let undone = self.keeper.undo(&process.name, act).await;
        undone.map_err(|cause| Refusal::Failed {
            process: process.name.clone(),
            act,
            cause: format!("it was not undone: {cause}"),
        })?;
        process.hold(None);
        process.watched_by(None);
        Ok(())
    }

    /// Starts the task that undoes an act when its lease has ended.
    fn watch(self: &Arc<Self>, process: &Process) {
        let (table, name) = (Arc::downgrade(self), process.name.clone());
        let watch = tokio::spawn(async move {
            while let Some(table) = table.upgrade() {
                let Some(wake) = table.expire(&name).await else {
                    return;
                };
                drop(table);
                tokio::time::sleep_until(wake).await;
            }
        });
        process.watched_by(Some(watch.abort_handle()));
    }

    /// Undoes an act whose lease has ended; says when to look again, if there is anything left.
    async fn expire(&self, process: &str) -> Option<Instant> {
        let process = self.find(process).ok()?;
        let _turn = process.turn.lock().await;
        let held = process.held()?;
        if Instant::now() < held.expires {
            return Some(held.expires);
        }
        let undone = self.keeper.undo(&process.name, held.act).await;
        if undone.is_err() {
            return Some(Instant::now() + RETRY_PAUSE);
        }
        process.hold(None);
        None
    }
}

fn taken(process: &Process, held: Held) -> Refusal {
    let left = held.expires.saturating_duration_since(Instant::now());
    Refusal::Taken {
        process: process.name.clone(),
        act: held.act,
        holder: held.holder,
        seconds_left: left.as_secs() + u64::from(left.subsec_nanos() > 0),
    }
}
