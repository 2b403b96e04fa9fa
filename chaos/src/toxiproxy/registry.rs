//! The proxies of a server, by name.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::error::ApiError;
use super::limit::PROXIES_MAX;
use super::proxy::{Hosts, NewProxy, Proxy};

/// All proxies of a server.
#[derive(Debug)]
pub(crate) struct Registry {
    proxies: BTreeMap<String, Proxy>,
    hosts: Hosts,
    seed: u64,
}

impl Registry {
    /// No proxies yet.
    pub(crate) fn new(hosts: Hosts, seed: u64) -> Self {
        Self {
            proxies: BTreeMap::new(),
            hosts,
            seed,
        }
    }

    /// Which hosts its proxies may use.
    pub(crate) fn hosts(&self) -> &Hosts {
        &self.hosts
    }

    /// The proxy of this name.
    pub(crate) fn proxy(&mut self, name: &str) -> Result<&mut Proxy, ApiError> {
        self.proxies.get_mut(name).ok_or(ApiError::NoProxy)
    }

    /// Adds a proxy.
    pub(crate) async fn create(&mut self, wanted: NewProxy) -> Result<Value, ApiError> {
        check_fields(&wanted, "")?;
        if self.proxies.contains_key(&wanted.name) {
            return Err(ApiError::ProxyExists);
        }
        self.insert(wanted).await
    }

    async fn insert(&mut self, wanted: NewProxy) -> Result<Value, ApiError> {
        if self.proxies.len() >= PROXIES_MAX {
            return Err(ApiError::TooMany {
                what: "proxies",
                max: PROXIES_MAX,
            });
        }
        let name = wanted.name.clone();
        self.seed = self.seed.wrapping_add(1);
        let proxy = Proxy::new(wanted, &self.hosts, self.seed).await?;
        let json = proxy.to_json();
        self.proxies.insert(name, proxy);
        Ok(json)
    }

    /// Makes sure that these proxies exist. One that is there already and equal stays as it is,
    /// with its toxics; any other of the same name is replaced. Toxics are never created.
    ///
    /// The proxies that exist are returned even when a later one could not be made.
    pub(crate) async fn populate(
        &mut self,
        wanted: Vec<NewProxy>,
    ) -> (Vec<Value>, Result<(), ApiError>) {
        let mut made = Vec::new();
        let checked = wanted.iter().enumerate();
        for (number, proxy) in checked {
            if let Err(error) = check_fields(proxy, &format!(" at proxy {}", number + 1)) {
                return (made, Err(error));
            }
        }
        for proxy in wanted {
            match self.make(proxy).await {
                Ok(json) => made.push(json),
                Err(error) => return (made, Err(error)),
            }
        }
        (made, Ok(()))
    }

    async fn make(&mut self, wanted: NewProxy) -> Result<Value, ApiError> {
        match self.proxies.get_mut(&wanted.name) {
            Some(same) if same.equals(&wanted) => return Ok(same.to_json()),
            Some(other) => other.disable().await?,
            None => {}
        }
        self.proxies.remove(&wanted.name);
        self.insert(wanted).await
    }

    /// Removes a proxy with its connections.
    pub(crate) async fn delete(&mut self, name: &str) -> Result<(), ApiError> {
        self.proxy(name)?.disable().await?;
        self.proxies.remove(name);
        Ok(())
    }

    /// Enables all proxies and removes all toxics; goes on after a failure and reports the first.
    pub(crate) async fn reset(&mut self) -> Result<(), ApiError> {
        let mut first_failure = Ok(());
        for proxy in self.proxies.values_mut() {
            let reset = proxy.reset().await;
            first_failure = first_failure.and(reset);
        }
        first_failure
    }

    /// All proxies as the API shows them.
    pub(crate) fn to_json(&self) -> Value {
        let all = self.proxies.iter();
        let all: Map<String, Value> = all
            .map(|(name, proxy)| (name.clone(), proxy.to_json()))
            .collect();
        json!(all)
    }
}

fn check_fields(wanted: &NewProxy, place: &str) -> Result<(), ApiError> {
    let fields = [("name", &wanted.name), ("upstream", &wanted.upstream)];
    match fields.into_iter().find(|(_, value)| value.is_empty()) {
        Some((field, _)) => Err(ApiError::MissingField(format!("{field}{place}"))),
        None => Ok(()),
    }
}
