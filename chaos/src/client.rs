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

use std::collections::BTreeMap;
use std::net::SocketAddr;

use reqwest::Method;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use toxiproxy_rust::proxy::{Proxy, ProxyPack};

pub(crate) use change::Change;
pub(crate) use environment::keep_calls_direct;
pub(crate) use error::ClientError;
pub(crate) use state::{ProxyState, Toxic};
use worker::{CALL_TIME_MAX, Worker};

/// Most of an answer that is repeated in an error.
const ERROR_CHARS_MAX: usize = 200;

/// All proxies of a server, by name.
pub(crate) type Proxies = BTreeMap<String, ProxyState>;

/// A proxy that an experiment brings with it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
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
    http: reqwest::Client,
    worker: tokio::sync::Mutex<Worker>,
}

impl Toxiproxy {
    /// Finds out whether there is a Toxiproxy at `address` that is new enough.
    ///
    /// # Errors
    /// [`ClientError`] when there is not.
    pub(crate) async fn connect(address: SocketAddr) -> Result<Self, ClientError> {
        let http = reqwest::Client::builder()
            .no_proxy()
            .timeout(CALL_TIME_MAX)
            .build();
        let http = http.map_err(|error| unreachable("be called", &error))?;
        let worker = tokio::sync::Mutex::new(Worker::start(address)?);
        let toxiproxy = Self {
            address,
            http,
            worker,
        };
        let answered = toxiproxy
            .call("say its version", |client| client.version())
            .await?;
        let version = version_in(&answered);
        if is_supported(version) {
            return Ok(toxiproxy);
        }
        Err(ClientError::TooOld(version.chars().take(40).collect()))
    }

    async fn call<T: Send + 'static>(
        &self,
        what: &str,
        call: impl FnOnce(&toxiproxy_rust::client::Client) -> Result<T, String> + Send + 'static,
    ) -> Result<T, ClientError> {
        self.worker.lock().await.call(what, call).await
    }

    /// All proxies with their toxics.
    ///
    /// # Errors
    /// [`ClientError`] when they are not known.
    pub(crate) async fn proxies(&self) -> Result<Proxies, ClientError> {
        self.get("list its proxies", "proxies").await
    }

    /// Makes sure that these proxies exist.
    ///
    /// # Errors
    /// [`ClientError`] when one does not exist afterwards.
    pub(crate) async fn populate(&self, wanted: &[ProxyWanted]) -> Result<(), ClientError> {
        let packs = wanted.iter().cloned();
        let packs: Vec<ProxyPack> = packs
            .map(|proxy| ProxyPack::new(proxy.name, proxy.listen, proxy.upstream))
            .collect();
        self.call("make proxies", move |client| {
            client.populate(packs).map(drop)
        })
        .await?;
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
        let path = format!("proxies/{proxy}");
        self.send(&what, Method::DELETE, &path, None).await?;
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
        let what = change.to_string();
        match change {
            Change::Add { proxy, toxic } => self.add(&what, proxy, toxic).await?,
            Change::Remove { proxy, name } => self.remove(&what, proxy, name).await?,
            Change::Enable { proxy, enabled } => self.enable(&what, proxy, *enabled).await?,
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
        self.worker.lock().await.settle().await;
    }

    async fn proxy(&self, name: &str) -> Result<ProxyState, ClientError> {
        let mut all = self.proxies().await?;
        all.remove(name)
            .ok_or_else(|| ClientError::NoProxy(name.to_owned()))
    }

    async fn add(&self, what: &str, proxy: &str, toxic: &Toxic) -> Result<(), ClientError> {
        let Some(add) = said_by_crate(toxic) else {
            let path = format!("proxies/{proxy}/toxics");
            return self
                .send(what, Method::POST, &path, Some(json!(toxic)))
                .await;
        };
        let name = proxy.to_owned();
        self.call(what, move |client| {
            client.find_proxy(&name).map(|proxy| add(&proxy))
        })
        .await
    }

    async fn remove(&self, what: &str, proxy: &str, name: &str) -> Result<(), ClientError> {
        let path = format!("proxies/{proxy}/toxics/{name}");
        self.send(what, Method::DELETE, &path, None).await
    }

    async fn enable(&self, what: &str, proxy: &str, enabled: bool) -> Result<(), ClientError> {
        let name = proxy.to_owned();
        let switch = if enabled {
            Proxy::enable
        } else {
            Proxy::disable
        };
        self.call(what, move |client| {
            client.find_proxy(&name).and_then(|proxy| switch(&proxy))
        })
        .await
    }

    async fn get<T: DeserializeOwned>(&self, what: &str, path: &str) -> Result<T, ClientError> {
        let text = self.answer(what, Method::GET, path, None).await?;
        serde_json::from_str(&text).map_err(|error| ClientError::Unreadable {
            what: what.to_owned(),
            cause: error.to_string(),
        })
    }

    async fn send(
        &self,
        what: &str,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<(), ClientError> {
        self.answer(what, method, path, body).await.map(drop)
    }

    async fn answer(
        &self,
        what: &str,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<String, ClientError> {
        let url = format!("http://{}/{path}", self.address);
        let mut request = self.http.request(method, url);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request
            .send()
            .await
            .map_err(|error| unreachable(what, &error))?;
        let status = answer.status();
        let text = answer
            .text()
            .await
            .map_err(|error| unreachable(what, &error))?;
        if status.is_success() {
            return Ok(text);
        }
        Err(ClientError::Refused {
            what: what.to_owned(),
            status: status.as_u16(),
            text: text.trim().chars().take(ERROR_CHARS_MAX).collect(),
        })
    }
}

fn unreachable(what: &str, error: &reqwest::Error) -> ClientError {
    if error.is_timeout() {
        return ClientError::TimedOut {
            what: what.to_owned(),
            seconds: CALL_TIME_MAX.as_secs(),
        };
    }
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    ClientError::Unreachable {
        what: what.to_owned(),
        cause: cause.to_string(),
    }
}

/// How `found` shows that a change is not in effect.
fn not_done(change: &Change, found: &ProxyState) -> Option<String> {
    let toxic = |name: &str| found.toxics.iter().find(|toxic| toxic.name == name);
    match change {
        Change::Add { toxic: wanted, .. } => match toxic(&wanted.name) {
            Some(found) => wanted.difference(found),
            None => Some("there is no such toxic".to_owned()),
        },
        Change::Remove { name, .. } => toxic(name).map(|_| "the toxic is still there".to_owned()),
        Change::Enable { enabled, .. } => (found.enabled != *enabled).then(|| {
            let state = if found.enabled { "enabled" } else { "disabled" };
            format!("it is {state}")
        }),
    }
}

type Adding = Box<dyn FnOnce(&Proxy) + Send>;

/// The call of `toxiproxy_rust` that adds this toxic, when it has one.
fn said_by_crate(toxic: &Toxic) -> Option<Adding> {
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
