//! An embedded server with Toxiproxy's REST API: proxies that can be made slow, silent or absent.
//!
//! [`ToxiproxyServer`] runs inside a process; [`run`] is `proofmark toxiproxy`. It speaks the API of
//! Toxiproxy 2.12, on loopback unless told otherwise. A change of toxics takes effect on open
//! connections before the API answers, and loses, repeats or reorders no byte. Unlike the original
//! it knows leases: what is broken under one is mended when it ends (`POST /leases` with holder,
//! seconds and proxies; `"lease": ID` in the body of a change); no call takes longer than its limit;
//! and on request everything that makes no sense is refused, and every call needs a token.

mod limit;
mod error;
mod toxic;
mod chain;
mod ends;
mod alarm;
mod link;
mod traffic;
mod connections;
mod proxy;
mod lease;
mod registry;
mod api;
pub(crate) mod serve;
mod child;

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use outcome::{Failure, OrFail, Outcome};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::interrupt::{Interrupt, Stopped};
use api::Offer;
pub(crate) use api::Token;
pub(crate) use child::ToxiproxyChild;
use ends::Patience;
pub(crate) use lease::LEASE_SECONDS_MAX;
use proxy::{Hosts, NewProxy, Rules};
use registry::Registry;
use toxic::Validation;

/// Most bytes of a file with a token.
const TOKEN_FILE_BYTES_MAX: u64 = 4096;

/// Arguments of `proofmark toxiproxy`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Address of the API, of IPv4 or IPv6; port 0 takes a free one.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8474")]
    pub listen: SocketAddr,
    /// JSON file with the proxies to begin with, as /populate takes them.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Decides everything that is random: jitter, and which connections a toxic spares.
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// A host that is not loopback and may all the same be listened on or led to.
    #[arg(long, value_name = "HOST")]
    pub allow_remote: Vec<String>,
    /// Offer /metrics: bytes through each proxy, under the original's names.
    #[arg(long, alias = "proxy-metrics")]
    pub metrics: bool,
    /// Offer /metrics: memory, processor time and open files of this process.
    #[arg(long)]
    pub runtime_metrics: bool,
    /// Refuse what makes no sense and the original accepts: a toxicity outside 0 to 1, negative
    /// times, unknown attributes.
    #[arg(long)]
    pub validate: bool,
    /// File with a token of 8 to 256 characters; whoever calls must send it, as `Authorization:
    /// Bearer TOKEN`. Only /version needs none.
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// Close a connection over which nothing has moved for so long, 100ms to 7days.
    #[arg(long, value_name = "DURATION", default_value = "1h", value_parser = silence)]
    pub idle_timeout: Duration,
    /// The same for a connection of which one side has ended.
    #[arg(long, value_name = "DURATION", default_value = "5m", value_parser = silence)]
    pub half_open_timeout: Duration,
    /// Offer exactly the original's API: no leases, and what it does not know is ignored.
    #[arg(long, hide = true)]
    pub as_original: bool,
    /// Stop when standard input is closed, and leave the terminal: for whoever starts this server
    /// for itself.
    #[arg(long, hide = true)]
    pub until_stdin_closes: bool,
}

/// How long a connection may be silent, from text such as `1h`.
fn silence(text: &str) -> Result<Duration, String> {
    let silence = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    if (limit::SILENCE_MIN..=limit::SILENCE_MAX).contains(&silence) {
        return Ok(silence);
    }
    Err("expected 100ms to 7days".to_owned())
}

/// Serves until SIGTERM, which is how a server is stopped, SIGINT or SIGHUP. Prints
/// `listening http://ADDR` once it listens. Proxies and their connections are closed at the end.
///
/// # Errors
/// [`Failure::misused`] for an address that is not loopback, or a file of proxies or of a token that
/// makes no sense; [`Failure::broken`] when a port is taken, or nobody reads the address.
pub async fn run(args: Args) -> Result<Outcome, Failure> {
    let mut interrupt = Interrupt::listen()?;
    let left_alone = CancellationToken::new();
    if args.until_stdin_closes {
        // In a session of its own neither Ctrl-C nor a closed terminal reaches it: whoever started
        // it still needs it to mend things. It fails when it leads its group, which is as good.
        let _ = rustix::process::setsid();
        let closed = left_alone.clone();
        std::thread::spawn(move || {
            // Whatever ends the input, an error or its end, there is nobody any more.
            let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
            closed.cancel();
        });
    }
    let server = ToxiproxyServer::start_with(Settings::from_args(args)?).await?;
    // Who cannot be told the address cannot use the server.
    writeln!(std::io::stdout(), "listening http://{}", server.address)
        .or_broken("cannot say where it listens")?;
    let stopped = tokio::select! {
        stopped = interrupt.wait() => stopped,
        () = left_alone.cancelled() => Stopped::Terminated,
    };
    server.stop().await;
    match stopped {
        Stopped::Terminated => Ok(Outcome::Held),
        Stopped::Interrupted => Ok(Outcome::Interrupted),
    }
}

/// What a server is to be.
#[derive(Debug, Clone)]
pub struct Settings {
    listen: SocketAddr,
    seed: u64,
    rules: Rules,
    offer: Offer,
    /// The proxies to begin with.
    proxies: Vec<NewProxy>,
}

impl Settings {
    fn from_args(args: Args) -> Result<Self, Failure> {
        let offer = Offer {
            metrics: args.metrics,
            runtime_metrics: args.runtime_metrics,
            as_original: args.as_original,
            token: args.token_file.as_deref().map(read_token).transpose()?,
        };
        Ok(Self {
            listen: args.listen,
            seed: args.seed,
            rules: Rules {
                hosts: Hosts {
                    allowed: args.allow_remote,
                },
                validation: match args.validate {
                    true => Validation::Strict,
                    false => Validation::AsOriginal,
                },
                patience: Patience {
                    idle: args.idle_timeout,
                    half_open: args.half_open_timeout,
                },
            },
            offer,
            proxies: args
                .config
                .as_deref()
                .map(read_proxies)
                .transpose()?
                .unwrap_or_default(),
        })
    }
}

/// Reads the proxies that a file describes.
fn read_proxies(file: &Path) -> Result<Vec<NewProxy>, Failure> {
    let sentence = || format!("{}: cannot read proxies", file.display());
    let opened = std::fs::File::open(file).or_misused(sentence())?;
    let mut text = Vec::new();
    let max = limit::BODY_BYTES_MAX as u64;
    opened
        .take(max + 1)
        .read_to_end(&mut text)
        .or_misused(sentence())?;
    if text.len() as u64 > max {
        let sentence = format!("{}: larger than {max} bytes", file.display());
        return Err(Failure::misused(sentence));
    }
    api::parse(&text).or_misused(sentence())
}

/// Why a server cannot begin with its proxies: they make no sense, or a port is taken.
fn not_begun(error: error::ApiError) -> Failure {
    let sentence = "cannot make the proxies to begin with";
    match error.status().is_client_error() {
        true => Failure::misused(sentence).because(error),
        false => Failure::broken(sentence).because(error),
    }
}

/// Reads the token that a file holds.
///
/// # Errors
/// [`Failure::misused`] that names the file and what was expected.
pub(crate) fn read_token(file: &Path) -> Result<Token, Failure> {
    let sentence = || format!("{}: cannot read a token", file.display());
    let opened = std::fs::File::open(file).or_misused(sentence())?;
    let mut text = String::new();
    opened
        .take(TOKEN_FILE_BYTES_MAX)
        .read_to_string(&mut text)
        .or_misused(sentence())?;
    Token::parse(&text)
        .map_err(|expected| Failure::misused(format!("{}: {expected}", file.display())))
}

/// A running server; it stops, with all its proxies and their connections, when it is dropped.
#[derive(Debug)]
pub struct ToxiproxyServer {
    /// Where its API listens.
    pub address: SocketAddr,
    stop: DropGuard,
    served: JoinHandle<()>,
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
        Self::start_with(Settings {
            listen,
            seed,
            rules: Rules {
                hosts: Hosts {
                    allowed: allow_remote,
                },
                ..Rules::default()
            },
            offer: Offer::default(),
            proxies: Vec::new(),
        })
        .await
    }

    /// Starts a server.
    ///
    /// # Errors
    /// As [`ToxiproxyServer::start`].
    pub async fn start_with(settings: Settings) -> Result<Self, Failure> {
        let listen = settings.listen;
        outcome::check_target(&listen.ip().to_string(), &settings.rules.hosts.allowed)?;
        let sentence = || format!("cannot offer Toxiproxy on {listen}");
        let listener = TcpListener::bind(listen).await.or_broken(sentence())?;
        let address = listener.local_addr().or_broken(sentence())?;
        let stop = CancellationToken::new();
        let registry = Registry::new(settings.rules, settings.seed, stop.clone());
        let registry = Arc::new(registry);
        let (_, begun) = registry.populate(settings.proxies).await;
        begun.map_err(not_begun)?;
        let app = api::router(Arc::clone(&registry), settings.offer);
        let serving = serve::serve(listener, app, stop.clone());
        let served = tokio::spawn(async move {
            serving.await;
            registry.close().await;
        });
        let stop = stop.drop_guard();
        Ok(Self {
            address,
            stop,
            served,
        })
    }

    /// Stops, and returns when requests have been answered and all connections are closed; that
    /// takes a few seconds at most.
    pub async fn stop(self) {
        drop(self.stop);
        // An error would be a panic of that task, and then it has ended as well.
        let _ = self.served.await;
    }
}

#[cfg(test)]
mod tests;
