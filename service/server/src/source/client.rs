//! The way to Prometheus: few queries at a time, each within its time and its bytes.

use std::error::Error;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderValue};
use reqwest::redirect::Policy as Redirects;
use reqwest::{Response, StatusCode, Url};
use resilience::{Breaker, Circuit, Class, Pass, Policy};
use signals::{Dependency, ErrorType, field};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::answer::{self, Body, Found, Matrix, ShapeError, one_line};
use super::legend::Legend;
use super::step::{Grid, seconds};
use super::{Blame, SourceError};
use crate::clock;
use crate::config::{self, Config};
use crate::telemetry::{Figures, Line, Log, Severity, Telemetry};

/// Queries that wait for their turn.
const WAITING_MAX: usize = 64;

/// Parameters up to this length go into the URL, longer ones into a body: some proxies refuse long
/// URLs, and some readers are only allowed to GET.
const URL_PARAMETERS_BYTES_MAX: usize = 1_500;

/// A query that was given less time than this says nothing about the health of Prometheus.
const FAIR_TRIAL: Duration = Duration::from_millis(500);

/// Longer answers are read beside the async threads, where they hold up nobody.
const READ_INLINE_BYTES: usize = 32 * 1024;

/// The memory of answers is counted in pieces of this size.
const PIECE_BYTES: usize = 64 * 1024;

/// All answers that are being read, as a multiple of the longest one.
const BODIES_MAX: usize = 2;

/// The way to one Prometheus.
#[derive(Debug)]
pub(super) struct Client {
    url: Url,
    http: reqwest::Client,
    turns: Semaphore,
    waiting: AtomicUsize,
    pieces: Semaphore,
    body_bytes_max: usize,
    breaker: Mutex<Breaker>,
    figures: Arc<Figures>,
    log: Log,
}

/// What is asked.
#[derive(Debug)]
pub(super) struct Ask {
    pub(super) query: String,
    pub(super) legend: Option<Legend>,
    pub(super) grid: Grid,
}

/// The turn of one query; dropped, it is the next one's.
#[derive(Debug)]
pub(super) struct Turn<'a> {
    _permit: SemaphorePermit<'a>,
}

/// A query that stops waiting, whichever way.
struct Waiting<'a>(&'a AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Client {
    /// The way to the configured Prometheus, if there is one. Nothing is connected yet.
    ///
    /// # Errors
    /// That of the HTTP client, which cannot be made without certificates to trust.
    pub(super) fn new(config: &Config, telemetry: &Telemetry) -> reqwest::Result<Option<Self>> {
        let settings = &config.prometheus;
        let Some(url) = settings.url.get() else {
            return Ok(None);
        };
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(Redirects::none())
            .user_agent(concat!("proofmark/", env!("CARGO_PKG_VERSION")))
            .build()?;
        let body_bytes_max = settings.body_bytes_max.get();
        Ok(Some(Self {
            url: url.api("query_range"),
            http,
            turns: Semaphore::new(settings.queries_max.get()),
            waiting: AtomicUsize::new(0),
            pieces: Semaphore::new(body_bytes_max.div_ceil(PIECE_BYTES) * BODIES_MAX),
            body_bytes_max,
            breaker: Mutex::new(Breaker::new(policy(&settings.breaker))),
            figures: Arc::clone(&telemetry.figures),
            log: telemetry.log.clone(),
        }))
    }

    /// Waits for a turn, at most as long as `patience`.
    pub(super) async fn turn(&self, patience: Duration) -> Result<Turn<'_>, SourceError> {
        if let Ok(permit) = self.turns.try_acquire() {
            return Ok(Turn { _permit: permit });
        }
        let before = self.waiting.fetch_add(1, Ordering::Relaxed);
        let _waiting = Waiting(&self.waiting);
        if before >= WAITING_MAX {
            return Err(SourceError::Refused);
        }
        match tokio::time::timeout(patience, self.turns.acquire()).await {
            Ok(Ok(permit)) => Ok(Turn { _permit: permit }),
            _ => Err(SourceError::Refused),
        }
    }

    /// Evaluates a query on a grid within `patience`, if the circuit lets it through.
    pub(super) async fn range(
        &self,
        _turn: &Turn<'_>,
        ask: Ask,
        patience: Duration,
    ) -> Result<Found, SourceError> {
        let pass = self.admit()?;
        let start = clock::now();
        let asked = tokio::time::timeout(patience, self.ask(ask, patience)).await;
        let is_silent = asked.is_err();
        let result = asked.unwrap_or(Err(SourceError::Late));
        let error = result
            .as_ref()
            .err()
            .map_or(ErrorType::None, SourceError::error_type);
        let elapsed = clock::since(start);
        self.figures.client(Dependency::Prometheus, error, elapsed);
        let class = match &result {
            Err(SourceError::Unavailable { .. }) => Some(Class::Failure),
            // No answer at all. One that says in time that the query is too dear is an answer.
            Err(SourceError::Late) if is_silent => {
                Some(Class::Failure).filter(|_| patience >= FAIR_TRIAL)
            }
            // Our own memory was short.
            Err(SourceError::Refused) => None,
            _ => Some(Class::Success),
        };
        if let Some(class) = class {
            self.record(pass, class, result.as_ref().err());
        }
        result
    }

    async fn ask(&self, ask: Ask, patience: Duration) -> Result<Found, SourceError> {
        // Prometheus gives up a little before we do, and can say so.
        let timeout = (patience - patience / 10).as_millis().max(1);
        let (start, end) = ask.grid.ends();
        let step = seconds_of(ask.grid.step());
        let parameters = [
            ("query", ask.query.clone()),
            ("start", format!("{start:.3}")),
            ("end", format!("{end:.3}")),
            ("step", format!("{step:.3}")),
            ("timeout", format!("{timeout}ms")),
        ];
        let response = self.send(&parameters).await?;
        let status = response.status();
        let is_json = is_json(&response);
        if status.is_redirection() || !is_json {
            return Err(foreign(match (status.is_redirection(), is_json) {
                (true, _) => format!("it redirects ({})", status.as_u16()),
                _ if status.is_success() => "its answer is not JSON".to_owned(),
                _ => format!("it answers {} and no JSON", status.as_u16()),
            }));
        }
        let (bytes, _pieces) = self.body(response).await?;
        let is_short = bytes.len() <= READ_INLINE_BYTES;
        let read = move || {
            let matrix = judge(status, answer::read(&bytes))?;
            let found = matrix.into_series(&ask.grid, ask.legend.as_ref());
            found.map_err(|error| match error {
                ShapeError::Limit(error) => error,
                ShapeError::Foreign(words) => foreign(words.to_owned()),
            })
        };
        if is_short {
            return read();
        }
        let read = tokio::task::spawn_blocking(read).await;
        read.unwrap_or_else(|_| Err(foreign("reading its answer failed".to_owned())))
    }

    async fn send(&self, parameters: &[(&str, String)]) -> Result<Response, SourceError> {
        let mut url = self.url.clone();
        url.query_pairs_mut().clear().extend_pairs(parameters);
        let encoded = url.query().unwrap_or_default().to_owned();
        let request = if encoded.len() <= URL_PARAMETERS_BYTES_MAX {
            self.http.get(url)
        } else {
            let form = HeaderValue::from_static("application/x-www-form-urlencoded");
            let request = self.http.post(self.url.clone());
            request.header(CONTENT_TYPE, form).body(encoded)
        };
        let request = request.header("accept", "application/json");
        request.send().await.map_err(|error| transport(&error))
    }

    /// The whole body, and the memory that it takes.
    async fn body(
        &self,
        mut response: Response,
    ) -> Result<(Vec<u8>, Vec<SemaphorePermit<'_>>), SourceError> {
        let limit_bytes = self.body_bytes_max;
        let (mut bytes, mut pieces) = (Vec::new(), Vec::new());
        while let Some(chunk) = response.chunk().await.map_err(|error| transport(&error))? {
            let size_bytes = bytes.len() + chunk.len();
            if size_bytes > limit_bytes {
                return Err(SourceError::TooLarge { limit_bytes });
            }
            while pieces.len() * PIECE_BYTES < size_bytes {
                pieces.push(
                    self.pieces
                        .try_acquire()
                        .map_err(|_| SourceError::Refused)?,
                );
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok((bytes, pieces))
    }

    fn lock(&self) -> MutexGuard<'_, Breaker> {
        // No call inside can panic half way.
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn admit(&self) -> Result<Pass, SourceError> {
        let mut breaker = self.lock();
        let admitted = breaker.admit(clock::now());
        self.figures
            .circuit(Dependency::Prometheus, breaker.circuit());
        admitted.map_err(|refused| {
            let open = ErrorType::CircuitOpen;
            self.figures
                .client(Dependency::Prometheus, open, Duration::ZERO);
            SourceError::CircuitOpen {
                retry_after: refused.retry_after,
            }
        })
    }

    fn record(&self, pass: Pass, class: Class, error: Option<&SourceError>) {
        let mut breaker = self.lock();
        let before = breaker.circuit();
        breaker.record(pass, class, clock::now(), clock::chance());
        let after = breaker.circuit();
        drop(breaker);
        if before == after {
            return;
        }
        self.figures.circuit(Dependency::Prometheus, after);
        let line = match after {
            Circuit::Closed => Line::new(
                Severity::Info,
                "Prometheus answers again: its circuit is closed",
            ),
            _ => Line::new(
                Severity::Warn,
                "Prometheus fails: its circuit is open, charts show what is known",
            ),
        };
        let line = line.word(field::DEPENDENCY, "prometheus");
        self.log.write(&match error {
            Some(error) => line.text(field::ERROR, error.to_string()),
            None => line,
        });
    }
}

/// What an answer with this status means.
fn judge(status: StatusCode, body: Body) -> Result<Matrix, SourceError> {
    match body {
        Body::Matrix(matrix) if status == StatusCode::OK => Ok(matrix),
        Body::Matrix(_) => Err(foreign(format!("it answers {} with data", status.as_u16()))),
        Body::Histograms => Err(refused(
            "it gives native histograms; histogram_quantile makes numbers of them".to_owned(),
            false,
        )),
        Body::Error { kind, message } => match kind.as_str() {
            "timeout" | "canceled" => Err(SourceError::Late),
            "bad_data" => Err(refused(message, true)),
            "execution" => Err(refused(message, false)),
            _ => Err(foreign(one_line(&format!("it says {kind}: {message}")))),
        },
        Body::Foreign(_) if !status.is_success() => {
            Err(foreign(format!("it answers {}", status.as_u16())))
        }
        Body::Foreign(words) => Err(foreign(words)),
    }
}

fn refused(message: String, is_syntax: bool) -> SourceError {
    SourceError::BadQuery {
        message,
        is_syntax,
        // Only whoever asked knows where the query stood.
        blame: Blame::Caller,
    }
}

/// Not an answer of its kind.
fn foreign(reason: String) -> SourceError {
    SourceError::Unavailable {
        reason,
        error: ErrorType::Response,
    }
}

fn transport(error: &reqwest::Error) -> SourceError {
    // The innermost cause says it best; the outer ones repeat the URL, credentials included.
    let mut cause: &dyn Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    let is_broken_off = error.is_body() || error.is_decode();
    let (what, kind) = match (error.is_connect(), is_broken_off) {
        (true, _) => ("it cannot be reached", ErrorType::Connection),
        (_, true) => ("its answer broke off", ErrorType::Response),
        _ => ("the connection failed", ErrorType::Connection),
    };
    // A cause without a cause is reqwest's own, and names the URL.
    let reason = match error.source() {
        Some(_) => one_line(&format!("{what}: {cause}")),
        None => what.to_owned(),
    };
    SourceError::Unavailable {
        reason,
        error: kind,
    }
}

fn is_json(response: &Response) -> bool {
    let header = response.headers().get(CONTENT_TYPE);
    let Some(text) = header.and_then(|value| value.to_str().ok()) else {
        return false;
    };
    let media_type = text.split(';').next().unwrap_or_default();
    media_type.trim().eq_ignore_ascii_case("application/json")
}

fn seconds_of(step: Duration) -> f64 {
    seconds(i64::try_from(step.as_millis()).unwrap_or(i64::MAX))
}

fn policy(settings: &config::Breaker) -> Policy {
    Policy {
        failures_max: u32::try_from(settings.failures_max.get()).unwrap_or(u32::MAX),
        cooldown: settings.cooldown.get(),
        jitter_ratio: settings.jitter_ratio.get(),
    }
}
