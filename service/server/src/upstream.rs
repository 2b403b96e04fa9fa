//! Pictures from elsewhere: asked for by strangers, fetched from where the configuration allows.
//!
//! A stranger chooses the URL, an upstream chooses the answer, and neither is trusted. The URL is
//! read strictly and checked against the permissions, at every redirect again; its name is resolved
//! once and only addresses that were checked are connected to; the answer has a time, a number of
//! bytes and a kind; the file is decoded within limits, off the async runtime.

mod target;
mod allow;
mod address;
mod network;
mod connection;
mod exchange;
mod circuits;
mod recent;
#[cfg(test)]
mod tests;

use std::error::Error;
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use http::StatusCode;
use outcome::{Failure, OrFail};
use render::{DecodeError, DecodeLimits, Raster};
use resilience::Deadline;
use signals::{Dependency, ErrorType, field};
use tokio::sync::Semaphore;

pub(crate) use address::Range;
pub(crate) use allow::{NotAllowed, Permission};

use crate::clock;
use crate::config::{Config, Pictures};
use crate::pictures::flights::{self, Flights, Landing, NoArrival, Seat};
use crate::telemetry::{Figures, Line, Log, Severity, Telemetry};
use address::Class;
use circuits::Circuits;
use connection::Connector;
use exchange::{Answer, Body, Exchange};
use network::{Network, SystemNetwork};
use recent::Recent;
use target::{Scheme, Target};

/// Redirects that are followed for one picture.
const REDIRECTS_MAX: usize = 3;

/// Files that are decoded at a time: each may take as much memory as [`DecodeLimits`] allow.
const DECODES_MAX: usize = 1;

/// How a file becomes pixels; tests have other ways.
type Decode = fn(&[u8], &DecodeLimits) -> Result<Raster, DecodeError>;

/// What came of a URL; shared by everyone who wants it.
type Outcome = Result<Raster, Arc<FetchError>>;

/// The way to pictures from elsewhere.
#[derive(Debug)]
pub(crate) struct Upstream {
    shared: Arc<Shared>,
}

/// Why there is no picture.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum UpstreamError {
    /// The caller asks for what may not be asked for. Nothing was connected to.
    #[error(transparent)]
    NotAllowed(#[from] NotAllowed),
    /// It could not be had: the card is drawn without it. The words are for the log, not for
    /// strangers: they tell about a network that is not theirs.
    #[error("the picture could not be had")]
    Failed(#[source] Arc<FetchError>),
}

/// Why a picture could not be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FetchError {
    #[error("too many pictures are being fetched")]
    Busy,
    #[error("the circuit of its upstream is open")]
    CircuitOpen,
    #[error("it took longer than allowed")]
    Late,
    #[error("the name cannot be resolved")]
    Resolve(#[source] io::Error),
    #[error("the name has the {class} address {address}")]
    Address { address: IpAddr, class: Class },
    #[error("cannot connect")]
    Connect(#[source] io::Error),
    #[error("cannot connect securely")]
    Tls(#[source] io::Error),
    #[error("the URL cannot be asked for")]
    Unaskable,
    #[error("the answer is not what HTTP wants")]
    Http(#[source] hyper::Error),
    #[error("the answer is {0}")]
    Status(StatusCode),
    #[error("a redirect leads nowhere")]
    NoLocation,
    #[error("more than {REDIRECTS_MAX} redirects")]
    Redirects,
    #[error("a redirect leads to where it may not")]
    Redirect(#[source] NotAllowed),
    #[error("the answer is compressed although it must not be")]
    Encoded,
    #[error("the answer has more than {bytes_max} bytes")]
    TooLarge { bytes_max: usize },
    #[error("the answer is no picture")]
    NoPicture,
    #[error("the picture cannot be decoded")]
    Decode(#[source] DecodeError),
    /// A bug: of the decoder, or of ours.
    #[error("fetching the picture panicked")]
    Panicked,
}

#[derive(Debug)]
struct Shared {
    permissions: Vec<Permission>,
    exchange: Exchange,
    circuits: Circuits,
    /// As many as may be fetched at a time.
    flights: Arc<Flights<Outcome>>,
    recent: Mutex<Recent>,
    decodes: Arc<Semaphore>,
    decode: Decode,
    timeout: Duration,
    figures: Arc<Figures>,
    log: Log,
}

impl Upstream {
    /// The way over the network of this machine. Nothing is connected yet.
    ///
    /// # Errors
    /// [`Failure::misused`] when https is allowed and this machine trusts no certificate.
    pub(crate) fn new(config: &Config, telemetry: &Telemetry) -> Result<Self, Failure> {
        let settings = &config.pictures;
        let is_https = |permission: &Permission| permission.origin().scheme == Scheme::Https;
        let roots = if settings.allow.get().iter().any(is_https) {
            let found = rustls_native_certs::load_native_certs();
            if found.certs.is_empty() {
                return Err(Failure::misused(
                    "pictures.allow: https needs trusted certificates, and this machine has none",
                ));
            }
            found.certs
        } else {
            Vec::new()
        };
        let network = Arc::new(SystemNetwork::new(settings.fetches_max.get()));
        Self::over(network, roots, config, telemetry)
    }

    /// The way over another network, with other roots of trust.
    fn over(
        network: Arc<dyn Network>,
        roots: Vec<tokio_rustls::rustls::pki_types::CertificateDer<'static>>,
        config: &Config,
        telemetry: &Telemetry,
    ) -> Result<Self, Failure> {
        let settings = &config.pictures;
        let permissions = settings.allow.get().to_vec();
        let tls = if roots.is_empty() {
            None
        } else {
            Some(connection::tls(roots).or_broken("cannot set up TLS")?)
        };
        let connector = Connector {
            network,
            private: settings.private.get().to_vec(),
            timeout: settings.connect_timeout.get(),
            tls,
        };
        let origins = permissions.iter().map(Permission::origin);
        Ok(Self {
            shared: Arc::new(Shared {
                circuits: Circuits::new(origins, &settings.breaker, telemetry),
                exchange: Exchange::new(connector, settings.bytes_max.get()),
                flights: Arc::new(Flights::new(settings.fetches_max.get())),
                recent: Mutex::new(recent(settings)),
                decodes: Arc::new(Semaphore::new(DECODES_MAX)),
                decode: Raster::decode,
                timeout: settings.timeout.get(),
                figures: Arc::clone(&telemetry.figures),
                log: telemetry.log.clone(),
                permissions,
            }),
        })
    }

    /// The picture at `url`, at most 1,024 px a side. Equal URLs share one fetch, and a fetch goes
    /// on when its caller goes away, for at most `pictures.timeout`.
    ///
    /// # Errors
    /// [`UpstreamError::NotAllowed`] is the caller's fault, [`UpstreamError::Failed`] is not.
    pub(crate) async fn fetch(
        &self,
        url: &str,
        deadline: Deadline,
    ) -> Result<Raster, UpstreamError> {
        let shared = &self.shared;
        let target = allow::admit(&shared.permissions, url)?;
        let id = *blake3::hash(target.to_string().as_bytes()).as_bytes();
        let known = shared.lock_recent().find(&id, clock::now());
        let outcome = match known {
            Some(outcome) => outcome,
            None => shared.wait(id, target, deadline).await,
        };
        outcome.map_err(UpstreamError::Failed)
    }
}

fn recent(settings: &Pictures) -> Recent {
    Recent::new(
        settings.cache_bytes_max.get(),
        settings.cache_ttl.get(),
        settings.failure_ttl.get(),
    )
}

impl Shared {
    /// Waits for the fetch of a URL, which is begun unless it is under way.
    async fn wait(self: &Arc<Self>, id: [u8; 32], target: Target, deadline: Deadline) -> Outcome {
        let arrival = match self.flights.board(id) {
            Seat::Full => return Err(Arc::new(FetchError::Busy)),
            Seat::Passenger(arrival) => arrival,
            Seat::Pilot(landing, arrival) => {
                let shared = Arc::clone(self);
                // A task of its own: it goes on when this caller goes away.
                tokio::spawn(async move { shared.fly(landing, id, target).await });
                arrival
            }
        };
        let landed = flights::arrive(arrival, deadline.left(clock::now())).await;
        landed.unwrap_or_else(|why| {
            Err(Arc::new(match why {
                NoArrival::Late => FetchError::Late,
                NoArrival::Lost => FetchError::Panicked,
            }))
        })
    }

    async fn fly(&self, landing: Landing<Outcome>, id: [u8; 32], target: Target) {
        // A flight that landed between our look and our boarding left its outcome there.
        let known = self.lock_recent().find(&id, clock::now());
        let outcome = match known {
            Some(outcome) => outcome,
            None => {
                let outcome = self.get(target).await.map_err(Arc::new);
                if !matches!(outcome.as_ref().map_err(Arc::as_ref), Err(FetchError::Busy)) {
                    self.lock_recent().keep(id, &outcome, clock::now());
                }
                outcome
            }
        };
        landing.land(outcome);
    }

    /// Asks, follows redirects, decodes: all before one deadline.
    async fn get(&self, mut target: Target) -> Result<Raster, FetchError> {
        let deadline = Deadline::after(clock::now(), self.timeout);
        for _ in 0..=REDIRECTS_MAX {
            match self.ask(&target, deadline).await? {
                Answer::Body(body) => return self.decode(body, deadline).await,
                Answer::Elsewhere(location) => {
                    target = allow::follow(&self.permissions, &target, &location)
                        .map_err(FetchError::Redirect)?;
                }
            }
        }
        Err(FetchError::Redirects)
    }

    /// One call: admitted by its circuit, measured, and reported to both.
    async fn ask(&self, target: &Target, deadline: Deadline) -> Result<Answer, FetchError> {
        let start = clock::now();
        let answer = match self.circuits.admit(&target.origin) {
            Err(open) => Err(open),
            Ok(pass) => {
                let answer = within(deadline, start, self.exchange.ask(target)).await;
                let answer = answer.unwrap_or(Err(FetchError::Late));
                self.circuits
                    .record(&target.origin, pass, answer.as_ref().err());
                answer
            }
        };
        let error = answer.as_ref().err().map_or(ErrorType::None, kind_of);
        self.figures
            .client(Dependency::Pictures, error, clock::since(start));
        answer
    }

    /// Decodes on a thread for blocking work; a panic of the decoder ends there.
    async fn decode(&self, body: Body, deadline: Deadline) -> Result<Raster, FetchError> {
        let decoded = within(deadline, clock::now(), async {
            let decodes = Arc::clone(&self.decodes);
            // Never closed.
            let permit = decodes.acquire_owned().await;
            let permit = permit.map_err(|_| FetchError::Busy)?;
            let decode = self.decode;
            let decoding = tokio::task::spawn_blocking(move || {
                let _permit = permit;
                decode(&body.bytes, &DecodeLimits::default())
            });
            let decoded = decoding.await.map_err(|_| FetchError::Panicked)?;
            decoded.map_err(FetchError::Decode)
        });
        let decoded = decoded.await.unwrap_or(Err(FetchError::Late));
        if let Err(FetchError::Panicked) = decoded {
            let line = Line::new(Severity::Error, "The decoder of a picture panicked");
            let line = line.word(field::DEPENDENCY, Dependency::Pictures.as_str());
            self.log.write(&line);
        }
        decoded
    }

    fn lock_recent(&self) -> MutexGuard<'_, Recent> {
        // It is bookkeeping of clones; nothing inside can panic half way.
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl FetchError {
    /// Whether the upstream as a whole may be ill. What one URL is about is not held against it:
    /// strangers choose URLs, and could close it to everyone.
    fn speaks_against_upstream(&self) -> bool {
        match self {
            Self::Late
            | Self::Resolve(_)
            | Self::Address { .. }
            | Self::Connect(_)
            | Self::Tls(_)
            | Self::Http(_) => true,
            Self::Status(status) => status.is_server_error(),
            _ => false,
        }
    }
}

/// Waits for `work` until the deadline; none when that came first.
async fn within<T>(deadline: Deadline, now: Instant, work: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(deadline.left(now), work).await.ok()
}

fn kind_of(error: &FetchError) -> ErrorType {
    match error {
        FetchError::Late => ErrorType::Timeout,
        FetchError::CircuitOpen => ErrorType::CircuitOpen,
        FetchError::Connect(source) if source.kind() == io::ErrorKind::TimedOut => {
            ErrorType::Timeout
        }
        FetchError::Resolve(_)
        | FetchError::Address { .. }
        | FetchError::Connect(_)
        | FetchError::Tls(_) => ErrorType::Connection,
        _ => ErrorType::Response,
    }
}

/// An error with all its causes, in one line.
fn with_causes(error: &dyn Error) -> String {
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        words = format!("{words}: {cause}");
        source = cause.source();
    }
    words
}
