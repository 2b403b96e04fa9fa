//! An embedded server with Toxiproxy's REST API: proxies that can be made slow, silent or absent.
//!
//! [`ToxiproxyServer`] runs inside a process; [`run`] is `proofmark toxiproxy`. It speaks the API of
//! Toxiproxy 2.12 with the toxics `latency`, `timeout`, `reset_peer` and `noop`, on loopback unless
//! told otherwise. A change of toxics takes effect on open connections before the API answers, and
//! loses, repeats or reorders no byte. Unlike the original it passes a half-closed connection on as
//! one, and refuses attributes that are out of range.

mod limit;
mod error;
mod toxic;
mod chain;
mod link;
mod connections;
mod proxy;
mod registry;
mod api;

use std::io::Write;
use std::net::SocketAddr;

use outcome::{Failure, OrFail, Outcome};
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::interrupt::{Interrupt, Stopped};
use proxy::Hosts;
use registry::Registry;

/// Arguments of `proofmark toxiproxy`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Address of the API; port 0 takes a free one.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8474")]
    pub listen: SocketAddr,
    /// Decides everything that is random: jitter, and which connections a toxic spares.
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// A host that is not loopback and may all the same be listened on or led to.
    #[arg(long, value_name = "HOST")]
    pub allow_remote: Vec<String>,
}

/// Serves until SIGTERM, which is how a server is stopped, SIGINT or SIGHUP. Prints
/// `listening http://ADDR` once it listens.
///
/// # Errors
/// [`Failure::misused`] for an address that is not loopback; [`Failure::broken`] when the port is
/// taken, or nobody reads the address.
pub async fn run(args: Args) -> Result<Outcome, Failure> {
    let mut interrupt = Interrupt::listen()?;
    let server = ToxiproxyServer::start(args.listen, args.seed, args.allow_remote).await?;
    // Who cannot be told the address cannot use the server.
    writeln!(std::io::stdout(), "listening http://{}", server.address)
        .or_broken("cannot say where it listens")?;
    match interrupt.wait().await {
        Stopped::Terminated => Ok(Outcome::Held),
        Stopped::Interrupted => Ok(Outcome::Interrupted),
    }
}

/// A running server; it stops, with all its proxies and their connections, when it is dropped.
#[derive(Debug)]
pub struct ToxiproxyServer {
    /// Where its API listens.
    pub address: SocketAddr,
    _stop: DropGuard,
}

impl ToxiproxyServer {
    /// Starts a server whose API listens on `listen`; port 0 takes a free one. Its proxies may
    /// listen on and lead to loopback and the hosts of `allow_remote`.
    ///
    /// # Errors
    /// [`Failure::misused`] when `listen` is not loopback and not allowed; [`Failure::broken`] when
    /// the port is taken.
    pub async fn start(
        listen: SocketAddr,
        seed: u64,
        allow_remote: Vec<String>,
    ) -> Result<Self, Failure> {
        outcome::check_target(&listen.ip().to_string(), &allow_remote)?;
        let sentence = || format!("cannot offer Toxiproxy on {listen}");
        let listener = TcpListener::bind(listen).await.or_broken(sentence())?;
        let address = listener.local_addr().or_broken(sentence())?;
        let hosts = Hosts {
            allowed: allow_remote,
        };
        let app = api::router(Registry::new(hosts, seed));
        let stop = CancellationToken::new();
        // Idle connections of the API are closed too; the proxies go with the last of them.
        let stopped = stop.clone().cancelled_owned();
        tokio::spawn(async move {
            // It ends when it is stopped; a failed accept is retried by axum.
            let _ = axum::serve(listener, app)
                .with_graceful_shutdown(stopped)
                .await;
        });
        let _stop = stop.drop_guard();
        Ok(Self { address, _stop })
    }
}
