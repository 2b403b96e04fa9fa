//! What the stories share: upstreams, a network that lies, and a trap.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use render::Raster;
use resilience::Deadline;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::rustls::pki_types::CertificateDer;

use crate::clock;
use crate::config::Config;
use crate::telemetry::{Build, Telemetry};
use crate::upstream::network::{Network, Pending};
use crate::upstream::{FetchError, Upstream, UpstreamError};

/// Longest time that anything here may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

/// A public address, which the stage connects to its first upstream.
pub(super) const PUBLIC: IpAddr = IpAddr::V4(Ipv4Addr::new(93, 184, 215, 14));

/// What permissions are for, unless a story says otherwise.
pub(super) const CARDS: &str = "http://images.example.com/cards/";

/// A PNG of 2 × 1 px.
pub(super) fn picture() -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, 2, 1);
    encoder.set_color(png::ColorType::Rgb);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&[255, 0, 0, 0, 0, 255]).unwrap();
    writer.finish().unwrap();
    file
}

/// An answer as it goes over the wire.
pub(super) fn answer(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status}\r\n{headers}\r\n");
    [head.as_bytes(), body].concat()
}

/// 200 with these bytes and their true length.
pub(super) fn ok(body: &[u8]) -> Vec<u8> {
    let length = format!(
        "content-type: image/png\r\ncontent-length: {}\r\n",
        body.len()
    );
    answer("200 OK", &length, body)
}

pub(super) fn redirect(location: &str) -> Vec<u8> {
    let headers = format!("location: {location}\r\ncontent-length: 0\r\n");
    answer("302 Found", &headers, b"")
}

/// How an upstream behaves once it has read a question.
#[derive(Clone)]
pub(super) enum Manner {
    /// These bytes, then the end.
    Say(Vec<u8>),
    /// These bytes, then silence for ever.
    Hold(Vec<u8>),
    /// These bytes, then silence until it is told to end.
    HoldUntil(Vec<u8>, watch::Receiver<bool>),
    /// These bytes, then the others over and over.
    Repeat(Vec<u8>, Vec<u8>),
    /// These bytes, one after the other with a pause.
    Dribble(Vec<u8>, Duration),
}

impl Manner {
    async fn perform(self, wire: &mut (impl AsyncWrite + Unpin)) -> io::Result<()> {
        match self {
            Self::Say(bytes) => wire.write_all(&bytes).await?,
            Self::Hold(bytes) => {
                wire.write_all(&bytes).await?;
                wire.flush().await?;
                std::future::pending::<()>().await;
            }
            Self::HoldUntil(bytes, mut end) => {
                wire.write_all(&bytes).await?;
                let _ = end.wait_for(|is_told| *is_told).await;
            }
            Self::Repeat(first, again) => {
                wire.write_all(&first).await?;
                loop {
                    wire.write_all(&again).await?;
                }
            }
            Self::Dribble(bytes, pause) => {
                for byte in bytes {
                    wire.write_all(&[byte]).await?;
                    wire.flush().await?;
                    tokio::time::sleep(pause).await;
                }
            }
        }
        wire.shutdown().await
    }
}

/// An upstream on loopback; it keeps what it was asked.
pub(super) struct Peer {
    pub(super) address: SocketAddr,
    questions: Arc<Mutex<Vec<String>>>,
    accepted: Arc<AtomicUsize>,
}

impl Peer {
    /// The manner depends on the question.
    pub(super) async fn start(manner: impl Fn(&str) -> Manner + Send + Sync + 'static) -> Self {
        Self::start_wrapped(manner, |stream| async move { Ok(stream) }).await
    }

    /// The same over what `wrap` makes of a connection.
    pub(super) async fn start_wrapped<W, F>(
        manner: impl Fn(&str) -> Manner + Send + Sync + 'static,
        wrap: impl Fn(TcpStream) -> F + Send + Sync + 'static,
    ) -> Self
    where
        W: AsyncRead + AsyncWrite + Unpin + Send + 'static,
        F: Future<Output = io::Result<W>> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let peer = Self {
            address: listener.local_addr().unwrap(),
            questions: Arc::default(),
            accepted: Arc::default(),
        };
        let (questions, accepted) = (Arc::clone(&peer.questions), Arc::clone(&peer.accepted));
        let manner = Arc::new(manner);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                accepted.fetch_add(1, Ordering::SeqCst);
                let (wrapped, manner) = (wrap(stream), Arc::clone(&manner));
                let questions = Arc::clone(&questions);
                tokio::spawn(async move {
                    let mut wire = wrapped.await?;
                    let question = read_head(&mut wire).await?;
                    let manner = manner(&question);
                    questions.lock().unwrap().push(question);
                    manner.perform(&mut wire).await
                });
            }
        });
        peer
    }

    /// Always says the same.
    pub(super) async fn saying(bytes: Vec<u8>) -> Self {
        Self::start(move |_| Manner::Say(bytes.clone())).await
    }

    pub(super) fn questions(&self) -> Vec<String> {
        self.questions.lock().unwrap().clone()
    }

    /// Connections until now.
    pub(super) fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }
}

async fn read_head(wire: &mut (impl AsyncRead + Unpin)) -> io::Result<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(wire.read_u8().await?);
    }
    Ok(String::from_utf8(head).unwrap())
}

/// A network in which names are what a story says, each answer in turn and the last one for ever.
/// Public addresses lead to one peer; all others are real, so that the trap could be touched.
#[derive(Debug)]
pub(super) struct Stage {
    names: HashMap<String, Vec<Vec<IpAddr>>>,
    peer: SocketAddr,
    resolved: Mutex<HashMap<String, usize>>,
    dialled: Mutex<Vec<SocketAddr>>,
}

impl Stage {
    pub(super) fn new(peer: &Peer) -> Self {
        Self {
            names: HashMap::new(),
            peer: peer.address,
            resolved: Mutex::default(),
            dialled: Mutex::default(),
        }
        .name("images.example.com", &[&[PUBLIC]])
    }

    /// Gives a name these answers, one for each time it is asked for.
    pub(super) fn name(mut self, name: &str, answers: &[&[IpAddr]]) -> Self {
        let answers = answers.iter().map(|answer| answer.to_vec()).collect();
        self.names.insert(name.to_owned(), answers);
        self
    }

    pub(super) fn dialled(&self) -> Vec<SocketAddr> {
        self.dialled.lock().unwrap().clone()
    }

    /// How often a name was asked for.
    pub(super) fn resolved(&self, name: &str) -> usize {
        self.resolved
            .lock()
            .unwrap()
            .get(name)
            .copied()
            .unwrap_or(0)
    }
}

impl Network for Stage {
    fn resolve<'a>(&'a self, name: &'a str) -> Pending<'a, Vec<IpAddr>> {
        let mut resolved = self.resolved.lock().unwrap();
        let times = resolved.entry(name.to_owned()).or_default();
        let answers = self.names.get(name);
        let answer = answers.map(|answers| answers[(*times).min(answers.len() - 1)].clone());
        *times += 1;
        Box::pin(async { answer.ok_or_else(|| io::ErrorKind::NotFound.into()) })
    }

    fn connect(&self, address: SocketAddr) -> Pending<'_, TcpStream> {
        self.dialled.lock().unwrap().push(address);
        let address = if address.ip() == PUBLIC {
            self.peer
        } else {
            address
        };
        Box::pin(TcpStream::connect(address))
    }
}

/// Something that fetches, on a stage of its own.
pub(super) struct Play {
    pub(super) upstream: Upstream,
    pub(super) stage: Arc<Stage>,
    pub(super) telemetry: Telemetry,
    _log: tempfile::TempDir,
}

impl Play {
    /// With permission for [`CARDS`].
    pub(super) fn open(stage: Stage, settings: &[&str]) -> Self {
        Self::open_trusting(stage, Vec::new(), settings)
    }

    pub(super) fn open_trusting(
        stage: Stage,
        roots: Vec<CertificateDer<'static>>,
        settings: &[&str],
    ) -> Self {
        let stage = Arc::new(stage);
        let (config, telemetry, log) = telemetry(settings);
        let network: Arc<dyn Network> = Arc::clone(&stage) as _;
        Self {
            upstream: Upstream::over(network, roots, &config, &telemetry).unwrap(),
            stage,
            telemetry,
            _log: log,
        }
    }

    pub(super) async fn fetch(&self, url: &str) -> Result<Raster, UpstreamError> {
        self.fetch_within(url, PATIENCE).await
    }

    pub(super) async fn fetch_within(
        &self,
        url: &str,
        patience: Duration,
    ) -> Result<Raster, UpstreamError> {
        let deadline = Deadline::after(clock::now(), patience);
        self.upstream.fetch(url, deadline).await
    }

    /// Why a fetch that must fail did, and not for the caller's fault.
    pub(super) async fn failure(&self, url: &str) -> Arc<FetchError> {
        match self.fetch(url).await {
            Err(UpstreamError::Failed(error)) => error,
            other => panic!("{url}: {other:?}"),
        }
    }

    /// Calls that were measured with this `error_type`.
    pub(super) fn calls(&self, error: &str) -> u64 {
        let series = format!(
            "http_client_request_duration_seconds_count{{dependency=\"pictures\",error_type=\"{error}\"}} "
        );
        self.number(&series)
    }

    /// 0 closed, 1 half open, 2 open.
    pub(super) fn circuit(&self) -> u64 {
        self.number("circuit_breaker_state{dependency=\"pictures\"} ")
    }

    fn number(&self, series: &str) -> u64 {
        let exposition = self.telemetry.figures.encode();
        let mut lines = exposition.lines();
        let value = lines.find_map(|line| line.strip_prefix(series));
        value
            .unwrap_or_else(|| panic!("no {series}"))
            .parse()
            .unwrap()
    }
}

/// Configuration and telemetry, and the folder that its log is in.
pub(super) fn telemetry(settings: &[&str]) -> (Config, Telemetry, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let log = format!("telemetry.log_file={}", folder.path().join("log").display());
    let allow = format!("pictures.allow={CARDS}");
    let mut all = vec![log.as_str(), allow.as_str(), "pictures.timeout=10s"];
    all.extend(settings);
    let config = Config::with(&all).unwrap();
    let telemetry = Telemetry::start(&config, &Build::of(&config)).unwrap();
    (config, telemetry, folder)
}
