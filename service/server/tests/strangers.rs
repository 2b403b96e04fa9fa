//! Two thousand strangers who dribble, and one caller who must not notice.
//!
//! A process of its own, because its memory is measured.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test stops where it fails, and says what it measured"
)]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use server::{Config, Server};
use tokio::net::TcpSocket;
use tokio::runtime::Runtime;

/// Strangers of each of three kinds.
const EACH: usize = 667;
const CAP: usize = 2_100;
const PROBES: usize = 500;
const PROBE_PAUSE: Duration = Duration::from_millis(2);
/// Below this, a latency on a machine that also builds something says nothing.
const LATENCY_FLOOR: Duration = Duration::from_millis(5);
const GROWTH_MAX_KIB: u64 = 64 * 1_024;
const PATIENCE: Duration = Duration::from_secs(20);

const HEAD: &[u8] = b"GET /v1/card.png?title=slow HTTP/1.1\r\nhost: x\r\nx-padding: ";
const POST: &[u8] = b"POST /v1/chart.png HTTP/1.1\r\nhost: x\r\n\
    content-type: application/json\r\ncontent-length: 1000000\r\n\r\n";
const HIT: &[u8] = b"GET /v1/card.png?title=probe HTTP/1.1\r\nhost: x\r\n\r\n";

/// The service on threads of its own.
struct Desk {
    server: Option<Server>,
    runtime: Runtime,
    public: SocketAddr,
    admin: SocketAddr,
    _folder: tempfile::TempDir,
}

impl Desk {
    fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let log = format!("telemetry.log_file={}", folder.path().join("log").display());
        let cap = format!("http.connections_max={CAP}");
        let settings = [
            "http.listen=127.0.0.1:0",
            "http.admin=127.0.0.1:0",
            "fonts.fallback=",
            // Nobody is cut for being slow while this runs.
            "http.header_timeout=1h",
            "http.body_timeout=1h",
            "http.write_timeout=1h",
            &log,
            &cap,
        ];
        let runtime = Runtime::new().unwrap();
        let config = Config::with(&settings).unwrap();
        let server = runtime.block_on(server::start(config)).unwrap();
        Self {
            public: server.public,
            admin: server.admin,
            server: Some(server),
            runtime,
            _folder: folder,
        }
    }

    fn value(&self, series: &str) -> f64 {
        let mut stream = TcpStream::connect(self.admin).unwrap();
        let request = b"GET /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
        stream.write_all(request).unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let value = text
            .lines()
            .find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        value.unwrap().parse().unwrap()
    }

    fn await_value(&self, series: &str, holds: impl Fn(f64) -> bool) {
        let begun = Instant::now();
        while !holds(self.value(series)) {
            let value = self.value(series);
            assert!(begun.elapsed() < PATIENCE, "{series} is still {value}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// The 99th percentile of one caller who asks for a cached card again and again.
    fn probe(&self) -> Duration {
        let mut stream = TcpStream::connect(self.public).unwrap();
        stream.set_nodelay(true).unwrap();
        let mut latencies = Vec::new();
        for _ in 0..PROBES {
            latencies.push(ask(&mut stream));
            std::thread::sleep(PROBE_PAUSE);
        }
        latencies.sort();
        latencies[PROBES * 99 / 100]
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        drop(self.server.take());
        let _ = &self.runtime;
    }
}

/// One request and its whole answer.
fn ask(stream: &mut TcpStream) -> Duration {
    let begun = Instant::now();
    stream.write_all(HIT).unwrap();
    let mut answer = Vec::new();
    let mut buffer = vec![0; 64 * 1_024];
    loop {
        let count = stream.read(&mut buffer).unwrap();
        assert!(count > 0, "closed after {} bytes", answer.len());
        answer.extend_from_slice(&buffer[..count]);
        if answer_length(&answer).is_some_and(|length| answer.len() >= length) {
            break;
        }
    }
    assert!(answer.starts_with(b"HTTP/1.1 200 OK"));
    begun.elapsed()
}

fn answer_length(answer: &[u8]) -> Option<usize> {
    let head = answer.windows(4).position(|end| end == b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(&answer[..head]).unwrap();
    let length = text
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    Some(head + length.unwrap().parse::<usize>().unwrap())
}

/// A connection that the kernel buffers little of, so that two thousand fit a small machine.
fn stranger(runtime: &Runtime, to: SocketAddr, first: &[u8]) -> TcpStream {
    let stream = runtime.block_on(async {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4_096).unwrap();
        socket.set_send_buffer_size(16_384).unwrap();
        socket.connect(to).await.unwrap().into_std().unwrap()
    });
    // As much as is taken.
    let _ = (&stream).write(first);
    stream
}

/// Says one byte more; whether the connection is still open.
fn dribble(mut stream: &TcpStream) -> bool {
    match stream.write(b"7") {
        Ok(count) => count == 1,
        Err(error) => error.kind() == std::io::ErrorKind::WouldBlock,
    }
}

/// Says one byte more on each connection; how many are still open.
fn dribble_all(strangers: &[TcpStream]) -> usize {
    strangers.iter().filter(|stream| dribble(stream)).count()
}

/// The probe beside strangers who each say something once a second, the best of a few times.
fn probe_beside(desk: &Desk, strangers: &[&[TcpStream]], good: Duration) -> Duration {
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let pause = Duration::from_secs(1) / (2 * EACH as u32);
            for stream in strangers.iter().copied().flatten().cycle() {
                if is_over.load(Ordering::Relaxed) {
                    return;
                }
                assert!(dribble(stream), "nobody is cut below the cap");
                std::thread::sleep(pause);
            }
        });
        let mut best = Duration::MAX;
        for _ in 0..5 {
            best = best.min(desk.probe());
            if best < good {
                break;
            }
        }
        is_over.store(true, Ordering::Relaxed);
        best
    })
}

fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

fn raise_descriptor_limit() {
    let limit = getrlimit(Resource::Nofile);
    let wanted = 16_384;
    let raised = Rlimit {
        current: Some(limit.maximum.map_or(wanted, |hard| hard.min(wanted))),
        maximum: limit.maximum,
    };
    setrlimit(Resource::Nofile, raised).unwrap();
}

#[test]
fn slow_strangers_hold_up_nobody_hold_little_memory_and_give_way() {
    raise_descriptor_limit();
    let desk = Desk::open();
    let callers = Runtime::new().unwrap();
    let baseline = desk.probe().min(desk.probe());
    let resident = resident_kib();

    // One of each kind: half a head, half a body, and many answers that are never read.
    let unread = HIT.repeat(200);
    let crowd = |first: &[u8]| -> Vec<TcpStream> {
        let one = |_| stranger(&callers, desk.public, first);
        (0..EACH).map(one).collect()
    };
    // The heads are as long as any that is taken, but for their ends.
    let long = [HEAD, &[b'a'; 20_000]].concat();
    let (heads, bodies, deaf) = (crowd(&long), crowd(POST), crowd(&unread));
    desk.await_value("http_server_open_connections", |open| {
        open >= 3.0 * EACH as f64
    });
    let good = 2 * baseline;
    let beside = probe_beside(&desk, &[&heads, &bodies], good);
    let growth = resident_kib().saturating_sub(resident);
    eprintln!(
        "P99 alone {baseline:?}, beside {} strangers {beside:?}; {growth} KiB more, {} KiB each",
        3 * EACH,
        growth / (3 * EACH as u64)
    );
    assert!(
        beside < good.max(LATENCY_FLOOR),
        "{beside:?} against {baseline:?}"
    );
    assert!(growth < GROWTH_MAX_KIB, "{growth} KiB");

    // More than the cap: those in the middle of their head go, the busy ones stay.
    let more: Vec<TcpStream> = (0..500)
        .map(|_| stranger(&callers, desk.public, HEAD))
        .collect();
    let evicted = "render_shed_total{reason=\"evicted\"}";
    let displaced = (3 * EACH + more.len() - CAP) as f64;
    desk.await_value(evicted, |count| count >= displaced);
    desk.await_value("http_server_open_connections", |open| open <= CAP as f64);
    assert_eq!(desk.value("render_shed_total{reason=\"connections\"}"), 0.0);
    assert_eq!(dribble_all(&bodies), EACH, "a busy one was closed");
    // A first byte on a closed connection is answered by a reset, a second one fails.
    let begun = Instant::now();
    while dribble_all(&heads) + displaced as usize > EACH {
        assert!(begun.elapsed() < PATIENCE, "the oldest are still open");
    }
    assert_eq!(dribble_all(&more), more.len(), "the newest stay");
    let growth = resident_kib().saturating_sub(resident);
    assert!(growth < GROWTH_MAX_KIB, "{growth} KiB");
    drop(deaf);
}
