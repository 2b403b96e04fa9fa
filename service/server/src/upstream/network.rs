//! Names to addresses, and addresses to connections: the part of the network that tests replace.

use std::fmt::Debug;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::pin::Pin;
use std::sync::Arc;

use tokio::net::TcpStream;
use tokio::sync::Semaphore;

/// What will be once it was waited for.
pub(super) type Pending<'a, T> = Pin<Box<dyn Future<Output = io::Result<T>> + Send + 'a>>;

/// The two questions that are asked of a network. They are apart, so that what was resolved can be
/// looked at before it is connected to, and is not resolved again.
pub(super) trait Network: Debug + Send + Sync {
    /// All addresses of a name, the preferred ones first.
    fn resolve<'a>(&'a self, name: &'a str) -> Pending<'a, Vec<IpAddr>>;

    /// A connection to exactly this address.
    fn connect(&self, address: SocketAddr) -> Pending<'_, TcpStream>;
}

/// The network of this machine. Proxies of the environment are not looked at.
#[derive(Debug)]
pub(super) struct SystemNetwork {
    lookups: Arc<Semaphore>,
}

impl SystemNetwork {
    /// The resolver of the system blocks a thread for as long as it likes, so at most `lookups_max`
    /// are in it at a time.
    pub(super) fn new(lookups_max: usize) -> Self {
        Self {
            lookups: Arc::new(Semaphore::new(lookups_max)),
        }
    }
}

impl Network for SystemNetwork {
    fn resolve<'a>(&'a self, name: &'a str) -> Pending<'a, Vec<IpAddr>> {
        Box::pin(async move {
            let lookups = Arc::clone(&self.lookups);
            let permit = lookups.acquire_owned().await.map_err(io::Error::other)?;
            let name = name.to_owned();
            let lookup = tokio::task::spawn_blocking(move || {
                // It goes on after nobody waits any more, and so does its permit.
                let _permit = permit;
                let addresses = (name.as_str(), 0).to_socket_addrs()?;
                Ok(addresses.map(|address| address.ip()).collect())
            });
            lookup.await.map_err(io::Error::other)?
        })
    }

    fn connect(&self, address: SocketAddr) -> Pending<'_, TcpStream> {
        Box::pin(TcpStream::connect(address))
    }
}
