//! What stands between the service and what it depends on: proxies that experiments can break.

use std::net::SocketAddr;

use outcome::{Failure, OrFail};

use super::stack::Stack;
use super::{collector, pictures};

/// Where the service reaches what it depends on. The names of the proxies are those that the
/// experiments use.
#[derive(Debug)]
pub(super) struct Ways {
    /// Proxy `redis`.
    pub(super) redis: SocketAddr,
    /// Proxy `prometheus`, for charts. The gate asks Prometheus itself.
    pub(super) charts: SocketAddr,
    /// Proxy `collector`, of spans and log records.
    pub(super) collector: SocketAddr,
    /// Proxy `pictures`, of what cards show.
    pub(super) pictures: SocketAddr,
}

impl Stack {
    /// Puts a proxy before everything that the service depends on.
    pub(super) async fn put_proxies(&mut self, redis: SocketAddr) -> Result<Ways, Failure> {
        let (collector, studio) = (collector::start().await?, pictures::start().await?);
        let ways = Ways {
            redis: self.put_proxy("redis", redis).await?,
            // Prometheus starts last, because it scrapes the others; its proxy can be there before it.
            charts: self.put_proxy("prometheus", self.prometheus).await?,
            collector: self.put_proxy("collector", collector.address).await?,
            pictures: self.put_proxy("pictures", studio.address).await?,
        };
        (self.collector, self.studio) = (Some(collector), Some(studio));
        Ok(ways)
    }

    /// Puts a proxy before a server; gives the proxy's address.
    async fn put_proxy(&self, name: &str, upstream: SocketAddr) -> Result<SocketAddr, Failure> {
        let proxy = serde_json::json!({
            "name": name, "listen": "127.0.0.1:0", "upstream": upstream.to_string(), "enabled": true,
        });
        let sentence = || format!("cannot put the proxy {name} before {upstream}");
        let url = format!("http://{}/proxies", self.toxiproxy);
        let answer = self.http.post(url).json(&proxy).send().await;
        let answer = answer.or_broken(sentence())?.error_for_status();
        let made = answer.or_broken(sentence())?.json().await;
        let made: serde_json::Value = made.or_broken(sentence())?;
        let listen = made["listen"].as_str().unwrap_or_default();
        listen.parse().or_broken(sentence())
    }
}
