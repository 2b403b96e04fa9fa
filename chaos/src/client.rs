//! A careful client of a Toxiproxy, embedded or real (2.1 or later).
//!
//! It works through `toxiproxy_rust`, which never looks at the status of an answer; so every change
//! is read back and compared, and what that crate cannot say (`reset_peer`, names, removing one
//! toxic, large values) goes through plain calls beside it. Every call has a deadline.

mod error;
mod worker;
mod state;
mod change;
mod environment;
mod marker;
mod wire;
mod leases;

use std::collections::BTreeMap;
use std::net::SocketAddr;

use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::json;
use toxiproxy_rust::client::Client;
use toxiproxy_rust::proxy::{Proxy, ProxyPack};

use crate::toxiproxy::Token;
pub(crate) use change::Change;
pub(crate) use environment::keep_calls_direct;
pub(crate) use error::ClientError;
pub(crate) use leases::Refused;
pub(crate) use marker::Marker;
pub(crate) use state::{ProxyState, Toxic};
use wire::{Wire, checked_name};
use worker::Worker;

/// All proxies of a server, by name.
pub(crate) type Proxies = BTreeMap<String, ProxyState>;

/// A proxy that an experiment brings with it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProxyWanted {
    pub(crate) name: String,
    pub(crate) listen: String,
    pub(crate) upstream: String,
}

/// A Toxiproxy that answers.
#[derive(Debug)]
pub(crate) struct Toxiproxy {
    address: SocketAddr,
    wire: Wire,
    /// `None` where `toxiproxy_rust` is not to be used: it can send no token.
    worker: Option<tokio::sync::Mutex<Worker>>,
}

impl Toxiproxy {
    /// Finds out whether there is a Toxiproxy at `address` that is new enough.
    ///
    /// # Errors
    /// [`ClientError`] when there is not.
    pub(crate) async fn connect(address: SocketAddr) -> Result<Self, ClientError> {
        let worker = Some(tokio::sync::Mutex::new(Worker::start(address)?));
        let wire = Wire::new(address, None)?;
        Self::checked(Self {
            address,
            wire,
            worker,
        })
        .await
    }

    /// As [`Toxiproxy::connect`], without `toxiproxy_rust` and the environment that it obeys, and
    /// for servers that want a token.
    ///
    /// # Errors
    /// As [`Toxiproxy::connect`].
    pub(crate) async fn connect_plainly(
        address: SocketAddr,
        token: Option<&Token>,
    ) -> Result<Self, ClientError> {
        let wire = Wire::new(address, token)?;
        let worker = None;
        Self::checked(Self {
            address,
            wire,
            worker,
        })
        .await
    }

    async fn checked(toxiproxy: Self) -> Result<Self, ClientError> {
        let what = "say its version";
        let answered = match &toxiproxy.worker {
            Some(worker) => {
                let mut worker = worker.lock().await;
                worker.call(what, |client| client.version()).await?
            }
            None => toxiproxy.wire.text(what, &["version"]).await?,
        };
        let version = version_in(&answered);
        if is_supported(version) {
            return Ok(toxiproxy);
        }
        Err(ClientError::TooOld(version.chars().take(40).collect()))
    }

    /// Where it is.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it is sent with every call.
    pub(crate) fn token(&self) -> Option<&Token> {
        self.wire.token()
    }

    /// All proxies with their toxics.
    ///
    /// # Errors
    /// [`ClientError`] when they are not known.
    pub(crate) async fn proxies(&self) -> Result<Proxies, ClientError> {
        self.wire.get("list its proxies", &["proxies"]).await
    }

    /// Makes sure that these proxies exist.
    ///
    /// # Errors
    /// [`ClientError`] when one does not exist afterwards.
    pub(crate) async fn populate(&self, wanted: &[ProxyWanted]) -> Result<(), ClientError> {
        for proxy in wanted {
            checked_name("a proxy", &proxy.name)?;
        }
        let what = "make proxies";
        let Some(worker) = &self.worker else {
            let body = json!(wanted);
            self.wire
                .send(what, Method::POST, &["populate"], Some(body))
                .await?;
            return self.are_there(wanted).await;
        };
        let packs = wanted.iter().cloned();
        let packs: Vec<ProxyPack> = packs
            .map(|proxy| ProxyPack::new(proxy.name, proxy.listen, proxy.upstream))
            .collect();
        let populate = move |client: &Client| client.populate(packs).map(drop);
        worker.lock().await.call(what, populate).await?;
        self.are_there(wanted).await
    }

    async fn are_there(&self, wanted: &[ProxyWanted]) -> Result<(), ClientError> {
        let found = self.proxies().await?;
        match wanted.iter().find(|proxy| !found.contains_key(&proxy.name)) {
            Some(missing) => Err(ClientError::NoProxy(missing.name.clone())),
            None => Ok(()),
        }
    }

    /// Removes a proxy, and is content when it is gone, whoever removed it.
    ///
    /// # Errors
    /// [`ClientError`] when it is not known to be gone.
    pub(crate) async fn delete(&self, proxy: &str) -> Result<(), ClientError> {
        if !self.proxies().await?.contains_key(proxy) {
            return Ok(());
        }
        let what = format!("delete {proxy}");
        let path = ["proxies", checked_name("a proxy", proxy)?];
        self.wire.send(&what, Method::DELETE, &path, None).await?;
        if self.proxies().await?.contains_key(proxy) {
            let found = "it is still there".to_owned();
            return Err(ClientError::NotDone { what, found });
        }
        Ok(())
    }

    /// Makes a change, reads it back and compares.
    ///
    /// # Errors
    /// [`ClientError`] when it is not known to have been made; it may have been.
    pub(crate) async fn make(&self, change: &Change) -> Result<(), ClientError> {
        self.make_under(change, None).await
    }

    /// As [`Toxiproxy::make`], under a lease of the embedded server.
    ///
    /// # Errors
    /// As [`Toxiproxy::make`].
    pub(crate) async fn make_under(
        &self,
        change: &Change,
        lease: Option<&str>,
    ) -> Result<(), ClientError> {
        checked_name("a proxy", change.proxy())?;
        let what = change.to_string();
        match self.said_by_crate(change, lease) {
            Some((worker, call)) => worker.lock().await.call(&what, call).await?,
            None => self.say(&what, change, lease).await?,
        }
        let found = self.proxy(change.proxy()).await?;
        match not_done(change, &found) {
            Some(found) => Err(ClientError::NotDone { what, found }),
            None => Ok(()),
        }
    }

    /// Whether a change is in effect, as far as the server says.
    ///
    /// # Errors
    /// [`ClientError`] when that is not known.
    pub(crate) async fn has(&self, change: &Change) -> Result<bool, ClientError> {
        let found = self.proxy(change.proxy()).await?;
        Ok(not_done(change, &found).is_none())
    }

    /// Waits until no change that was given up can take effect any more.
    pub(crate) async fn settle(&self) {
        if let Some(worker) = &self.worker {
            worker.lock().await.settle().await;
        }
    }

    async fn proxy(&self, name: &str) -> Result<ProxyState, ClientError> {
        let mut all = self.proxies().await?;
        all.remove(name)
            .ok_or_else(|| ClientError::NoProxy(name.to_owned()))
    }

    /// The call of `toxiproxy_rust` that makes this change, when it has one.
    fn said_by_crate(
        &self,
        change: &Change,
        lease: Option<&str>,
    ) -> Option<(&tokio::sync::Mutex<Worker>, Call)> {
        let worker = self.worker.as_ref().filter(|_| lease.is_none())?;
        let name = change.proxy().to_owned();
        // It builds paths without encoding them.
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        if !name.chars().all(is_plain) {
            return None;
        }
        let call: Call = match change {
            Change::Add { toxic, .. } => {
                let add = adding(toxic)?;
                Box::new(move |client| client.find_proxy(&name).map(|proxy| add(&proxy)))
            }
            Change::Enable { enabled: true, .. } => Box::new(move |client| {
                let proxy = client.find_proxy(&name)?;
                proxy.enable()
            }),
            Change::Enable { enabled: false, .. } => Box::new(move |client| {
                let proxy = client.find_proxy(&name)?;
                proxy.disable()
            }),
            Change::Update { .. } | Change::Remove { .. } => return None,
        };
        Some((worker, call))
    }

    async fn say(
        &self,
        what: &str,
        change: &Change,
        lease: Option<&str>,
    ) -> Result<(), ClientError> {
        let proxy = change.proxy();
        let (method, path, mut body) = match change {
            Change::Add { toxic, .. } => {
                checked_name("a toxic", &toxic.name)?;
                let path = vec!["proxies", proxy, "toxics"];
                (Method::POST, path, json!(toxic))
            }
            Change::Update { toxic, .. } => {
                let path = vec![
                    "proxies",
                    proxy,
                    "toxics",
                    checked_name("a toxic", &toxic.name)?,
                ];
                let numbers = json!({ "toxicity": toxic.toxicity, "attributes": toxic.attributes });
                // PATCH came with 2.6; POST works everywhere.
                (Method::POST, path, numbers)
            }
            Change::Remove { name, .. } => {
                let path = ["proxies", proxy, "toxics", checked_name("a toxic", name)?];
                return self.wire.send(what, Method::DELETE, &path, None).await;
            }
            Change::Enable { enabled, .. } => {
                let path = vec!["proxies", proxy];
                (Method::POST, path, json!({ "enabled": enabled }))
            }
        };
        if let Some(lease) = lease.filter(|_| change.undo().is_some()) {
            body["lease"] = json!(lease);
        }
        self.wire.send(what, method, &path, Some(body)).await
    }
}

/// How `found` shows that a change is not in effect.
fn not_done(change: &Change, found: &ProxyState) -> Option<String> {
    let toxic = |name: &str| found.toxics.iter().find(|toxic| toxic.name == name);
    match change {
        Change::Add { toxic: wanted, .. } | Change::Update { toxic: wanted, .. } => {
            match toxic(&wanted.name) {
                Some(found) => wanted.difference(found),
                None => Some("there is no such toxic".to_owned()),
            }
        }
        Change::Remove { name, .. } => toxic(name).map(|_| "the toxic is still there".to_owned()),
        Change::Enable { enabled, .. } => (found.enabled != *enabled).then(|| {
            let state = if found.enabled { "enabled" } else { "disabled" };
            format!("it is {state}")
        }),
    }
}

type Adding = Box<dyn FnOnce(&Proxy) + Send>;
type Call = Box<dyn FnOnce(&Client) -> Result<(), String> + Send>;

/// The call of `toxiproxy_rust` that adds this toxic, when it has one.
fn adding(toxic: &Toxic) -> Option<Adding> {
    if toxic.name != format!("{}_{}", toxic.kind, toxic.stream) {
        return None;
    }
    let stream = toxic.stream.clone();
    // Compared with what was asked for after it was read back.
    #[expect(clippy::cast_possible_truncation, reason = "the crate speaks f32")]
    let toxicity = toxic.toxicity as f32;
    let value = |name: &str| u32::try_from(toxic.attributes.get(name).copied().unwrap_or(0)).ok();
    match toxic.kind.as_str() {
        "latency" => {
            let (latency, jitter) = (value("latency")?, value("jitter")?);
            Some(Box::new(move |proxy| {
                proxy.with_latency(stream, latency, jitter, toxicity);
            }))
        }
        "timeout" => {
            let timeout = value("timeout")?;
            Some(Box::new(move |proxy| {
                proxy.with_timeout(stream, timeout, toxicity);
            }))
        }
        _ => None,
    }
}

/// The version in an answer of `/version`, which was plain text before 2.6.
fn version_in(answered: &str) -> &str {
    let quoted = answered
        .split('"')
        .nth(3)
        .filter(|_| answered.trim_start().starts_with('{'));
    quoted.unwrap_or(answered).trim()
}

fn is_supported(version: &str) -> bool {
    // A build of the original from source has no number to go by.
    let numbers = version.trim_start_matches('v').trim_start_matches("git-");
    let mut parts = numbers.split(['.', '-', '+']).map(str::parse::<u32>);
    matches!((parts.next(), parts.next()), (Some(Ok(major)), Some(Ok(minor))) if (major, minor) >= (2, 1))
        || version.starts_with("git")
}

#[cfg(test)]
mod tests;
