//! The marks of a lease on all its proxies, on a server that has no leases of its own.

use std::time::Duration;

use crate::client::{Change, ClientError, Marker, Proxies, Toxiproxy};

/// Somebody else's lease over one of the proxies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Taken {
    pub(super) proxy: String,
    pub(super) holder: String,
    pub(super) seconds_left: u64,
}

/// The marks that one guard sets.
#[derive(Debug)]
pub(super) struct Marks {
    pub(super) holder: String,
    pub(super) proxies: Vec<String>,
    pub(super) time: Duration,
    /// Tells them from those of others.
    pub(super) nonce: u64,
}

impl Marks {
    /// Marks all proxies, and looks again afterwards: of two that come at the same moment each sees
    /// the other, and whoever sees another one withdraws.
    ///
    /// # Errors
    /// [`ClientError`] when they are not known to be marked; then no mark is meant to stay.
    pub(super) async fn claim(
        &self,
        toxiproxy: &Toxiproxy,
        now_ms: i64,
    ) -> Result<Result<(), Taken>, ClientError> {
        let found = toxiproxy.proxies().await?;
        let mut names = self.proxies.iter();
        if let Some(missing) = names.find(|name| !found.contains_key(*name)) {
            return Err(ClientError::NoProxy(missing.clone()));
        }
        if let Some(taken) = self.taken(&found, now_ms) {
            return Ok(Err(taken));
        }
        let claimed = self.mark_and_look(toxiproxy, now_ms).await;
        if !matches!(claimed, Ok(Ok(()))) {
            // What cannot be removed expires.
            let _ = self.sweep(toxiproxy, |marker| self.is_own(marker)).await;
        }
        claimed
    }

    async fn mark_and_look(
        &self,
        toxiproxy: &Toxiproxy,
        now_ms: i64,
    ) -> Result<Result<(), Taken>, ClientError> {
        self.sweep(toxiproxy, |marker| marker.seconds_left(now_ms) == 0)
            .await?;
        self.mark(toxiproxy, now_ms).await?;
        let found = toxiproxy.proxies().await?;
        Ok(self.taken(&found, now_ms).map_or(Ok(()), Err))
    }

    /// Sets marks that expire later, and removes the ones before them.
    ///
    /// # Errors
    /// [`ClientError`] when not all are known to be set.
    pub(super) async fn renew(
        &self,
        toxiproxy: &Toxiproxy,
        now_ms: i64,
    ) -> Result<(), ClientError> {
        let new = self.mark(toxiproxy, now_ms).await?;
        self.sweep(toxiproxy, |marker| self.is_own(marker) && *marker != new)
            .await
    }

    /// Removes all own marks.
    ///
    /// # Errors
    /// [`ClientError`] when not all are known to be gone; they expire.
    pub(super) async fn withdraw(&self, toxiproxy: &Toxiproxy) -> Result<(), ClientError> {
        self.sweep(toxiproxy, |marker| self.is_own(marker)).await
    }

    async fn mark(&self, toxiproxy: &Toxiproxy, now_ms: i64) -> Result<Marker, ClientError> {
        let time_ms = i64::try_from(self.time.as_millis()).unwrap_or(i64::MAX);
        let marker = Marker::new(&self.holder, self.nonce, now_ms.saturating_add(time_ms));
        for proxy in &self.proxies {
            let (proxy, toxic) = (proxy.clone(), marker.toxic());
            let add = Change::Add { proxy, toxic };
            if !toxiproxy.has(&add).await? {
                toxiproxy.make(&add).await?;
            }
        }
        Ok(marker)
    }

    async fn sweep(
        &self,
        toxiproxy: &Toxiproxy,
        is_unwanted: impl Fn(&Marker) -> bool,
    ) -> Result<(), ClientError> {
        let found = toxiproxy.proxies().await?;
        for proxy in &self.proxies {
            let toxics = found.get(proxy).map(|found| found.toxics.as_slice());
            for toxic in toxics.unwrap_or_default() {
                if !Marker::parse(&toxic.name).is_some_and(|marker| is_unwanted(&marker)) {
                    continue;
                }
                let (proxy, name) = (proxy.clone(), toxic.name.clone());
                let remove = Change::Remove { proxy, name };
                let removed = toxiproxy.make(&remove).await;
                // Somebody else who cleans up may have been faster.
                if removed.is_err() && !toxiproxy.has(&remove).await? {
                    removed?;
                }
            }
        }
        Ok(())
    }

    /// The other one's live mark on one of the proxies, if there is any.
    fn taken(&self, found: &Proxies, now_ms: i64) -> Option<Taken> {
        self.proxies.iter().find_map(|proxy| {
            let toxics = found.get(proxy)?.toxics.iter();
            let mut marks = toxics.filter_map(|toxic| Marker::parse(&toxic.name));
            let other =
                marks.find(|marker| !self.is_own(marker) && marker.seconds_left(now_ms) > 0)?;
            Some(Taken {
                proxy: proxy.clone(),
                seconds_left: other.seconds_left(now_ms),
                holder: other.holder,
            })
        })
    }

    fn is_own(&self, marker: &Marker) -> bool {
        marker.nonce == format!("{:016x}", self.nonce)
    }
}
