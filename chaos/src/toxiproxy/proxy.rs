//! One proxy: where it listens, where it leads, and its toxics.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use super::connections::Connections;
use super::ends::Patience;
use super::error::ApiError;
use super::limit::{CHANGE_TIME_MAX, TOXICS_MAX};
use super::toxic::{NewToxic, Stream, Toxic, ToxicUpdate, Validation, checked_name};
use super::traffic::{Reading, Traffic};

/// Pause after a failed accept, such as one for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// What the API is sent to create a proxy.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct NewProxy {
    #[serde(default)]
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) listen: String,
    #[serde(default)]
    pub(crate) upstream: String,
    pub(crate) enabled: Option<bool>,
    /// The lease with whose end it is removed again.
    #[serde(default)]
    pub(crate) lease: Option<String>,
}

impl NewProxy {
    /// Where it is to listen; a proxy that nobody placed stays on loopback.
    fn listening(&self) -> &str {
        match self.listen.as_str() {
            "" => "127.0.0.1:0",
            listen => listen,
        }
    }
}

/// What the API is sent to change a proxy.
#[derive(Debug, Deserialize)]
pub(crate) struct ProxyUpdate {
    listen: Option<String>,
    upstream: Option<String>,
    enabled: Option<bool>,
    /// The lease with whose end it is enabled again.
    #[serde(default)]
    pub(crate) lease: Option<String>,
}

/// Which hosts a proxy may listen on and lead to.
#[derive(Debug, Clone, Default)]
pub(crate) struct Hosts {
    /// Hosts beside loopback.
    pub(crate) allowed: Vec<String>,
}

/// What all proxies of a server have in common.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rules {
    pub(crate) hosts: Hosts,
    pub(crate) validation: Validation,
    pub(crate) patience: Patience,
}

impl Hosts {
    fn check(&self, what: &str, host: &str) -> Result<(), ApiError> {
        outcome::check_target(host, &self.allowed)
            .map_err(|refused| ApiError::NotAllowed(format!("{what}: {refused}")))
    }

    /// An upstream may be anything: one without a port is never reached.
    fn check_upstream(&self, upstream: &str) -> Result<(), ApiError> {
        let host = upstream.rsplit_once(':').map_or(upstream, |(host, _)| host);
        self.check("upstream", host)
    }

    /// The address that a text names, looked up when it has a name.
    async fn resolve(&self, listen: &str) -> Result<SocketAddr, ApiError> {
        let bad = |what: &str, why: &str| Err(ApiError::Address(format!("address {what}: {why}")));
        let Some((host, port)) = listen.rsplit_once(':') else {
            return bad(listen, "missing port in address");
        };
        if port.parse::<u16>().is_err() {
            return bad(port, "invalid port");
        }
        self.check("listen", host)?;
        let lookup = tokio::time::timeout(CHANGE_TIME_MAX, tokio::net::lookup_host(listen)).await;
        let found: Vec<SocketAddr> = match lookup {
            Ok(Ok(found)) => found.collect(),
            Ok(Err(error)) => return Err(ApiError::Address(format!("lookup {host}: {error}"))),
            Err(_) => return Err(ApiError::Stuck),
        };
        let preferred = found.iter().find(|address| address.is_ipv4());
        let address = preferred.or(found.first()).copied();
        address.ok_or_else(|| ApiError::Address(format!("lookup {host}: no such host")))
    }
}

/// A proxy of the server.
#[derive(Debug)]
pub(crate) struct Proxy {
    name: String,
    /// The address that was asked for, perhaps with port 0, or the one that was bound, once it was.
    listen: SocketAddr,
    /// The same as the API shows it: in the words of whoever asked, until it is bound.
    listen_shown: String,
    upstream: String,
    toxics: Vec<Toxic>,
    connections: Connections,
    traffic: Arc<Traffic>,
    /// `None` while disabled.
    running: Option<Running>,
    leased: Leased,
}

/// What was done under leases, by their names.
#[derive(Debug, Default)]
struct Leased {
    /// Toxics that were added, with the lease of each.
    toxics: BTreeMap<String, String>,
    disabled: Option<String>,
    created: Option<String>,
}

/// Listens and serves until it is dropped.
#[derive(Debug)]
struct Running {
    closed: DropGuard,
    accepting: JoinHandle<()>,
}

impl Proxy {
    /// The proxy that a request describes; it listens when it is enabled.
    pub(crate) async fn new(wanted: NewProxy, rules: &Rules, seed: u64) -> Result<Self, ApiError> {
        rules.hosts.check_upstream(&wanted.upstream)?;
        let resolved = rules.hosts.resolve(wanted.listening()).await;
        let listen = resolved.map_err(ApiError::of_listening)?;
        let traffic = Arc::new(Traffic::default());
        let mut proxy = Self {
            name: checked_name(&wanted.name)?.to_owned(),
            listen,
            listen_shown: wanted.listening().to_owned(),
            upstream: wanted.upstream,
            toxics: Vec::new(),
            connections: Connections::new(seed, Arc::clone(&traffic), rules.patience),
            traffic,
            running: None,
            leased: Leased {
                created: wanted.lease,
                ..Leased::default()
            },
        };
        if wanted.enabled.unwrap_or(true) {
            proxy.enable().await?;
        }
        Ok(proxy)
    }

    /// Changes where it listens, where it leads, and whether it is enabled.
    pub(crate) async fn update(
        &mut self,
        wanted: ProxyUpdate,
        hosts: &Hosts,
    ) -> Result<(), ApiError> {
        let listen = match &wanted.listen {
            Some(listen) => hosts.resolve(listen).await?,
            None => self.listen,
        };
        let upstream = wanted.upstream.unwrap_or_else(|| self.upstream.clone());
        hosts.check_upstream(&upstream)?;
        let enabled = wanted.enabled.unwrap_or(self.running.is_some());
        if wanted.lease.is_some() && !self.leads(listen, &upstream) {
            return Err(ApiError::NotAllowed(
                "under a lease only enabled can be changed, expected listen and upstream as they are"
                    .to_owned(),
            ));
        }
        if !enabled && self.running.is_some() {
            // Noted first: a change that gets stuck is undone as well.
            self.leased.disabled = wanted.lease;
        }
        if !self.leads(listen, &upstream) {
            self.disable().await?;
            self.listen_shown = wanted.listen.unwrap_or_else(|| listen.to_string());
            self.listen = listen;
            self.upstream = upstream;
        }
        if enabled {
            self.enable().await
        } else {
            self.disable().await
        }
    }

    /// Whether a description asks for what this proxy is, whatever its toxics. Port 0 is another port
    /// than the one that is bound.
    pub(crate) async fn equals(&self, wanted: &NewProxy, hosts: &Hosts) -> Result<bool, ApiError> {
        let listen = hosts.resolve(wanted.listening()).await?;
        Ok(self.leads(listen, &wanted.upstream))
    }

    fn leads(&self, listen: SocketAddr, upstream: &str) -> bool {
        listen == self.listen && upstream == self.upstream
    }

    /// Starts to listen, unless it does already.
    pub(crate) async fn enable(&mut self) -> Result<(), ApiError> {
        if self.running.is_some() {
            return Ok(());
        }
        let failed = |source| ApiError::Listen {
            address: self.listen.to_string(),
            source,
        };
        let listener = TcpListener::bind(self.listen).await.map_err(failed)?;
        self.listen = listener.local_addr().map_err(failed)?;
        self.listen_shown = self.listen.to_string();
        let closed = CancellationToken::new();
        let upstream = Arc::from(self.upstream.as_str());
        let serving = accept(listener, upstream, self.connections.clone(), closed.clone());
        let accepting = tokio::spawn(serving);
        let closed = closed.drop_guard();
        self.running = Some(Running { closed, accepting });
        self.leased.disabled = None;
        Ok(())
    }

    /// Stops listening and closes all connections; both are done when this returns.
    pub(crate) async fn disable(&mut self) -> Result<(), ApiError> {
        let Some(Running { closed, accepting }) = self.running.take() else {
            return Ok(());
        };
        drop(closed);
        let ended = tokio::time::timeout(CHANGE_TIME_MAX, accepting).await;
        ended.map(|_| ()).map_err(|_| ApiError::Stuck)
    }

    /// Removes all toxics and starts to listen.
    pub(crate) async fn reset(&mut self) -> Result<(), ApiError> {
        self.toxics.clear();
        let changed = self.connections.change(Vec::new()).await;
        if changed.is_ok() {
            self.leased.toxics.clear();
        }
        self.enable().await.and(changed)
    }

    /// Whether it goes with this lease.
    pub(crate) fn was_created_under(&self, lease: &str) -> bool {
        self.leased.created.as_deref() == Some(lease)
    }

    /// Undoes what was done under a lease. After a failure it can be called again.
    pub(crate) async fn undo(&mut self, lease: &str) -> Result<(), ApiError> {
        let all = self.leased.toxics.iter();
        let own: Vec<String> = all
            .filter(|(_, under)| under.as_str() == lease)
            .map(|(name, _)| name.clone())
            .collect();
        if !own.is_empty() {
            self.toxics.retain(|toxic| !own.contains(&toxic.name));
            self.adopt().await?;
            self.leased.toxics.retain(|_, under| under != lease);
        }
        if self.leased.disabled.as_deref() == Some(lease) {
            self.enable().await?;
        }
        Ok(())
    }

    /// Adds a toxic, to open connections too.
    pub(crate) async fn add_toxic(
        &mut self,
        wanted: NewToxic,
        validation: Validation,
        lease: Option<String>,
    ) -> Result<Value, ApiError> {
        let is_taken = |name: &str| self.toxics.iter().any(|other| other.name == name);
        let toxic = Toxic::new(wanted, validation, is_taken)?;
        if self.toxics.len() >= TOXICS_MAX {
            return Err(ApiError::TooMany {
                what: "toxics of this proxy",
                max: TOXICS_MAX,
            });
        }
        let json = toxic.to_json();
        match lease {
            Some(lease) => self.leased.toxics.insert(toxic.name.clone(), lease),
            None => self.leased.toxics.remove(&toxic.name),
        };
        self.toxics.push(toxic);
        self.adopt().await?;
        Ok(json)
    }

    /// Changes a toxic, on open connections too.
    pub(crate) async fn update_toxic(
        &mut self,
        name: &str,
        update: &ToxicUpdate,
        validation: Validation,
        lease: Option<&str>,
    ) -> Result<Value, ApiError> {
        let place = self.place(name)?;
        let under = self.leased.toxics.get(name).map(String::as_str);
        if lease.is_some() && under != lease {
            return Err(ApiError::NotUnder(name.to_owned()));
        }
        self.toxics[place] = self.toxics[place].updated(update, validation)?;
        self.adopt().await?;
        Ok(self.toxics[place].to_json())
    }

    /// Removes a toxic, from open connections too.
    pub(crate) async fn remove_toxic(&mut self, name: &str) -> Result<(), ApiError> {
        let place = self.place(name)?;
        self.toxics.remove(place);
        self.adopt().await?;
        self.leased.toxics.remove(name);
        Ok(())
    }

    /// One toxic as the API shows it.
    pub(crate) fn toxic_json(&self, name: &str) -> Result<Value, ApiError> {
        Ok(self.toxics[self.place(name)?].to_json())
    }

    /// All toxics as the API shows them: those upstream first, each stream in the order in which
    /// they were added.
    pub(crate) fn toxics_json(&self) -> Vec<Value> {
        let of = |stream| {
            self.toxics
                .iter()
                .filter(move |toxic| toxic.stream == stream)
        };
        let all = of(Stream::Upstream).chain(of(Stream::Downstream));
        all.map(Toxic::to_json).collect()
    }

    /// What went through it.
    pub(crate) fn traffic(&self) -> Reading {
        self.traffic
            .read(&self.name, &self.listen_shown, &self.upstream)
    }

    /// The proxy as the API shows it.
    pub(crate) fn to_json(&self) -> Value {
        json!({
            "name": self.name,
            "listen": self.listen_shown,
            "upstream": self.upstream,
            "enabled": self.running.is_some(),
            "toxics": self.toxics_json(),
        })
    }

    fn place(&self, name: &str) -> Result<usize, ApiError> {
        let place = self.toxics.iter().position(|toxic| toxic.name == name);
        place.ok_or(ApiError::NoToxic)
    }

    async fn adopt(&self) -> Result<(), ApiError> {
        self.connections.change(self.toxics.clone()).await
    }
}

/// Accepts clients until the proxy is disabled, and returns when they are all gone.
async fn accept(
    listener: TcpListener,
    upstream: Arc<str>,
    connections: Connections,
    closed: CancellationToken,
) {
    let clients = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            biased;
            () = closed.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((client, _)) => {
                let upstream = Arc::clone(&upstream);
                clients.spawn(connections.clone().serve(client, upstream, closed.clone()));
            }
            Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
        }
    }
    drop(listener);
    clients.close();
    clients.wait().await;
}
