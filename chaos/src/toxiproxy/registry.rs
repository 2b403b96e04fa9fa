//! The proxies of a server by name, and the leases over them.
//!
//! Each proxy has a lock of its own, so a change that waits for open connections holds up no other
//! proxy. The list itself is only ever locked for a moment. A name is taken while its proxy is being
//! made: its slot is there, locked and vacant.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::sync::{OwnedMappedMutexGuard, OwnedMutexGuard};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::error::ApiError;
use super::lease::{Book, NewLease, Signs};
use super::limit::PROXIES_MAX;
use super::proxy::{NewProxy, Proxy, ProxyUpdate, Rules};
use super::toxic::{NewToxic, ToxicUpdate};
use super::traffic::Reading;

/// Pause between two attempts to undo what was done under a lease.
const UNDO_PAUSE: Duration = Duration::from_millis(250);

type Slot = Arc<tokio::sync::Mutex<Option<Proxy>>>;

/// All proxies of a server.
#[derive(Debug)]
pub(crate) struct Registry {
    slots: Mutex<BTreeMap<String, Slot>>,
    rules: Rules,
    seed: AtomicU64,
    book: Mutex<Book>,
    stop: CancellationToken,
}

impl Registry {
    /// No proxies yet. Nothing is undone any more once `stop` is cancelled.
    pub(crate) fn new(rules: Rules, seed: u64, stop: CancellationToken) -> Self {
        Self {
            slots: Mutex::default(),
            rules,
            seed: AtomicU64::new(seed),
            book: Mutex::default(),
            stop,
        }
    }

    fn slots(&self) -> MutexGuard<'_, BTreeMap<String, Slot>> {
        // Nothing under the lock can leave it half changed.
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn slot(&self, name: &str) -> Result<Slot, ApiError> {
        let slot = self.slots().get(name).cloned();
        slot.ok_or(ApiError::NoProxy)
    }

    /// The proxy of this name, locked.
    pub(crate) async fn proxy(
        &self,
        name: &str,
    ) -> Result<OwnedMappedMutexGuard<Option<Proxy>, Proxy>, ApiError> {
        let slot = self.slot(name)?.lock_owned().await;
        OwnedMutexGuard::try_map(slot, Option::as_mut).map_err(|_| ApiError::NoProxy)
    }

    /// Adds a proxy.
    pub(crate) async fn create(&self, wanted: NewProxy) -> Result<Value, ApiError> {
        check_fields(&wanted, "")?;
        let mut slot = self.reserve(&wanted.name)?.ok_or(ApiError::ProxyExists)?;
        let name = wanted.name.clone();
        let made = self.fill(&mut slot, wanted).await;
        if made.is_err() {
            self.slots().remove(&name);
        }
        made
    }

    /// Takes a name, with its slot locked; `None` when it is taken already.
    fn reserve(&self, name: &str) -> Result<Option<OwnedMutexGuard<Option<Proxy>>>, ApiError> {
        let mut slots = self.slots();
        if let Some(slot) = slots.get(name) {
            let vacant = slot.clone().try_lock_owned().ok();
            return Ok(vacant.filter(|slot| slot.is_none()));
        }
        if slots.len() >= PROXIES_MAX {
            return Err(ApiError::TooMany {
                what: "proxies",
                max: PROXIES_MAX,
            });
        }
        let slot = Slot::default();
        let locked = slot.clone().try_lock_owned().ok();
        slots.insert(name.to_owned(), slot);
        Ok(locked)
    }

    async fn fill(&self, slot: &mut Option<Proxy>, wanted: NewProxy) -> Result<Value, ApiError> {
        if let Some(lease) = &wanted.lease {
            self.book().check(lease, &wanted.name, Instant::now())?;
        }
        let seed = self.seed.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
        let proxy = Proxy::new(wanted, &self.rules, seed).await?;
        Ok(slot.insert(proxy).to_json())
    }

    /// Makes sure that these proxies exist. One that is there already and equal stays as it is,
    /// with its toxics; any other of the same name is replaced. Toxics are never created.
    ///
    /// The proxies that exist are returned even when a later one could not be made.
    pub(crate) async fn populate(
        &self,
        wanted: Vec<NewProxy>,
    ) -> (Vec<Value>, Result<(), ApiError>) {
        let mut made = Vec::new();
        for (number, proxy) in wanted.iter().enumerate() {
            if let Err(error) = check_fields(proxy, &format!(" at proxy {}", number + 1)) {
                return (made, Err(error));
            }
        }
        for proxy in wanted {
            match self.make(proxy).await {
                Ok(json) => {
                    note_replaced(&mut made, &json);
                    made.push(json);
                }
                Err(error) => return (made, Err(error)),
            }
        }
        (made, Ok(()))
    }

    async fn make(&self, wanted: NewProxy) -> Result<Value, ApiError> {
        let Ok(slot) = self.slot(&wanted.name) else {
            return self.create(wanted).await;
        };
        let mut slot = slot.lock_owned().await;
        match slot.as_mut() {
            Some(same) if same.equals(&wanted, &self.rules.hosts).await? => Ok(same.to_json()),
            // Nothing could bring the other one back when the lease ends.
            Some(_) if wanted.lease.is_some() => Err(ApiError::ProxyExists),
            Some(other) => {
                other.disable().await?;
                self.fill(&mut slot, wanted).await
            }
            // It was removed in this moment.
            None => {
                drop(slot);
                self.create(wanted).await
            }
        }
    }

    /// Changes a proxy, perhaps under a lease.
    pub(crate) async fn update(
        &self,
        name: &str,
        wanted: impl FnOnce() -> Result<ProxyUpdate, ApiError>,
    ) -> Result<Value, ApiError> {
        let mut proxy = self.proxy(name).await?;
        let wanted = wanted()?;
        if let Some(lease) = &wanted.lease {
            self.book().check(lease, name, Instant::now())?;
        }
        proxy.update(wanted, &self.rules.hosts).await?;
        Ok(proxy.to_json())
    }

    /// Adds a toxic, perhaps under a lease.
    pub(crate) async fn add_toxic(
        &self,
        name: &str,
        wanted: impl FnOnce() -> Result<(NewToxic, Option<String>), ApiError>,
    ) -> Result<Value, ApiError> {
        let mut proxy = self.proxy(name).await?;
        let (toxic, lease) = wanted()?;
        if let Some(lease) = &lease {
            self.book().check(lease, name, Instant::now())?;
        }
        proxy.add_toxic(toxic, self.rules.validation, lease).await
    }

    /// Changes a toxic, perhaps under a lease.
    pub(crate) async fn update_toxic(
        &self,
        (name, toxic): (&str, &str),
        wanted: impl FnOnce() -> Result<(ToxicUpdate, Option<String>), ApiError>,
    ) -> Result<Value, ApiError> {
        let mut proxy = self.proxy(name).await?;
        proxy.toxic_json(toxic)?;
        let (update, lease) = wanted()?;
        if let Some(lease) = &lease {
            self.book().check(lease, name, Instant::now())?;
        }
        proxy
            .update_toxic(toxic, &update, self.rules.validation, lease.as_deref())
            .await
    }

    /// Removes a proxy with its connections.
    pub(crate) async fn delete(&self, name: &str) -> Result<(), ApiError> {
        let mut slot = self.slot(name)?.lock_owned().await;
        let proxy = slot.as_mut().ok_or(ApiError::NoProxy)?;
        proxy.disable().await?;
        *slot = None;
        self.slots().remove(name);
        Ok(())
    }

    /// Enables all proxies and removes all toxics; goes on after a failure and reports the first.
    pub(crate) async fn reset(&self) -> Result<(), ApiError> {
        let mut first_failure = Ok(());
        for slot in self.all() {
            if let Some(proxy) = slot.lock().await.as_mut() {
                let reset = proxy.reset().await;
                first_failure = first_failure.and(reset);
            }
        }
        first_failure
    }

    /// Closes all proxies and their connections, side by side, as the server stops.
    pub(crate) async fn close(&self) {
        let mut closing = tokio::task::JoinSet::new();
        for slot in self.all() {
            closing.spawn(async move {
                if let Some(proxy) = slot.lock().await.as_mut() {
                    // What does not close in time ends with the process.
                    let _ = proxy.disable().await;
                }
            });
        }
        closing.join_all().await;
    }

    /// All proxies as the API shows them.
    pub(crate) async fn to_json(&self) -> Value {
        let slots = self.slots().clone();
        let mut all = Map::new();
        for (name, slot) in slots {
            if let Some(proxy) = slot.lock().await.as_ref() {
                all.insert(name, proxy.to_json());
            }
        }
        json!(all)
    }

    /// What went through each proxy.
    pub(crate) async fn traffic(&self) -> Vec<Reading> {
        let mut readings = Vec::new();
        for slot in self.all() {
            readings.extend(slot.lock().await.as_ref().map(Proxy::traffic));
        }
        readings
    }

    fn all(&self) -> Vec<Slot> {
        self.slots().values().cloned().collect()
    }

    /// Takes a lease, whose end is watched from here on.
    pub(crate) fn take_lease(self: &Arc<Self>, wanted: NewLease) -> Result<Value, ApiError> {
        let id = format!("{:032x}", rand::random::<u128>());
        let (json, signs) = self.book().take(&id, wanted, Instant::now())?;
        tokio::spawn(Arc::clone(self).watch(id, signs));
        Ok(json)
    }

    /// Gives a lease its whole time again.
    pub(crate) fn renew_lease(&self, id: &str) -> Result<Value, ApiError> {
        self.book().renew(id, Instant::now())
    }

    /// Ends a lease, and returns when everything under it has been undone.
    pub(crate) async fn end_lease(&self, id: &str) -> Result<(), ApiError> {
        let signs = self.book().end(id)?;
        tokio::select! {
            () = signs.undone.cancelled() => Ok(()),
            () = self.stop.cancelled() => Err(ApiError::Stuck),
        }
    }

    /// All leases as the API shows them.
    pub(crate) fn leases_json(&self) -> Value {
        self.book().to_json(Instant::now())
    }

    /// Waits for the end of a lease, and undoes what was done under it until that has worked.
    async fn watch(self: Arc<Self>, id: String, signs: Signs) {
        loop {
            let due = self.book().due(&id, Instant::now());
            let Some(due) = due else { break };
            tokio::select! {
                () = tokio::time::sleep_until(due) => {}
                () = signs.ended.cancelled() => {}
                () = self.stop.cancelled() => return,
            }
        }
        let proxies = self.book().proxies(&id);
        // Side by side: one that cannot be mended yet keeps no other one broken.
        let mut undoing = tokio::task::JoinSet::new();
        for name in proxies {
            undoing.spawn(Arc::clone(&self).undo(name, id.clone()));
        }
        undoing.join_all().await;
        self.book().forget(&id);
        signs.undone.cancel();
    }

    async fn undo(self: Arc<Self>, name: String, lease: String) {
        while self.undo_once(&name, &lease).await.is_err() {
            tokio::select! {
                () = tokio::time::sleep(UNDO_PAUSE) => {}
                () = self.stop.cancelled() => return,
            }
        }
    }

    async fn undo_once(&self, name: &str, lease: &str) -> Result<(), ApiError> {
        let Ok(slot) = self.slot(name) else {
            return Ok(());
        };
        let mut slot = slot.lock_owned().await;
        let Some(proxy) = slot.as_mut() else {
            return Ok(());
        };
        if proxy.was_created_under(lease) {
            proxy.disable().await?;
            *slot = None;
            self.slots().remove(name);
            return Ok(());
        }
        proxy.undo(lease).await
    }
}

/// Notes that a proxy took the place of one that the same request made.
fn note_replaced(made: &mut [Value], last: &Value) {
    let is_other = |one: &Value, field| one[field] != last[field];
    for earlier in made.iter_mut().filter(|one| !is_other(one, "name")) {
        if is_other(earlier, "listen") || is_other(earlier, "upstream") {
            earlier["enabled"] = json!(false);
        }
    }
}

fn check_fields(wanted: &NewProxy, place: &str) -> Result<(), ApiError> {
    let fields = [("name", &wanted.name), ("upstream", &wanted.upstream)];
    match fields.into_iter().find(|(_, value)| value.is_empty()) {
        Some((field, _)) => Err(ApiError::MissingField(format!("{field}{place}"))),
        None => Ok(()),
    }
}
