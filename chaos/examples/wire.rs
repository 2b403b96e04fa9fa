//! What a proxy costs: throughput, round trips, connections and memory, measured through it.
//!
//! `wire serve` is the upstream, `wire bare --upstream ADDR` a copy loop that does nothing else,
//! and `wire measure --through ADDR --pid PID` measures any proxy before that upstream and prints
//! one line of JSON. Everything blocks on threads of its own, so that nothing here shares a
//! scheduler with what is measured.

use std::error::Error;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use clap::{Parser, Subcommand};
use serde_json::json;

/// What one read or write carries at most.
const BLOCK_BYTES: usize = 64 * 1024;
/// The sink answers one byte for so many; an upload is a multiple of it.
const ACKNOWLEDGED_BYTES: usize = 8 * 1024 * 1024;
/// What goes there and back in a round trip.
const MESSAGE_BYTES: usize = 64;
/// Round trips before the ones that count.
const WARM_UP: usize = 200;
/// Connections opened and closed; few enough for the ports of one address.
const CONNECTIONS: usize = 4000;
/// Threads that open connections.
const OPENERS: usize = 4;
/// Streams at once in the parallel figures.
const STREAMS: usize = 8;
/// Connections that are open and idle while memory is read.
const IDLE: usize = 1000;
/// Longest wait for a peer; a proxy that stalls is an error, not a hang.
const PATIENCE: Duration = Duration::from_secs(20);
/// Threads have little to keep.
const STACK_BYTES: usize = 256 * 1024;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

#[derive(Debug, Parser)]
struct Args {
    #[command(subcommand)]
    mode: Mode,
}

#[derive(Debug, Subcommand)]
enum Mode {
    /// An upstream: the first byte of a connection chooses echo (e), sink (u) or source (d).
    Serve {
        #[arg(long, default_value = "127.0.0.1:0")]
        listen: String,
    },
    /// A bare copy loop.
    Bare {
        #[arg(long, default_value = "127.0.0.1:0")]
        listen: String,
        #[arg(long)]
        upstream: String,
    },
    /// Measures a proxy before `wire serve`.
    Measure {
        #[arg(long)]
        through: String,
        /// The process whose memory is read.
        #[arg(long)]
        pid: Option<u32>,
        /// Seconds of each figure that has a duration.
        #[arg(long, default_value_t = 2.0)]
        seconds: f64,
    },
}

fn main() -> Outcome<()> {
    match Args::parse().mode {
        Mode::Serve { listen } => accept(&listen, serve),
        Mode::Bare { listen, upstream } => accept(&listen, move |client| bare(client, &upstream)),
        Mode::Measure {
            through,
            pid,
            seconds,
        } => measure(&through, pid, Duration::try_from_secs_f64(seconds)?),
    }
}

/// Serves each connection on a thread of its own, until the process is ended.
fn accept<F>(listen: &str, serve: F) -> Outcome<()>
where
    F: Fn(TcpStream) -> io::Result<()> + Clone + Send + 'static,
{
    let listener = TcpListener::bind(listen)?;
    println!("listening {}", listener.local_addr()?);
    io::stdout().flush()?;
    for stream in listener.incoming() {
        let (stream, serve) = (stream?, serve.clone());
        // How a connection ends is the client's matter.
        spawn(move || drop(serve(stream)))?;
    }
    Ok(())
}

fn spawn<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<thread::JoinHandle<T>> {
    thread::Builder::new().stack_size(STACK_BYTES).spawn(work)
}

fn serve(mut client: TcpStream) -> io::Result<()> {
    client.set_nodelay(true)?;
    let mut mode = [0];
    client.read_exact(&mut mode)?;
    match mode[0] {
        b'e' => copy(&client, &client),
        b'u' => sink(client),
        b'd' => {
            let block = vec![0x5a; BLOCK_BYTES];
            loop {
                client.write_all(&block)?;
            }
        }
        other => Err(io::Error::other(format!("no mode {other}, but e, u or d"))),
    }
}

fn sink(mut client: TcpStream) -> io::Result<()> {
    let mut block = vec![0; BLOCK_BYTES];
    let mut pending = 0;
    loop {
        let count = client.read(&mut block)?;
        if count == 0 {
            return Ok(());
        }
        pending += count;
        while pending >= ACKNOWLEDGED_BYTES {
            pending -= ACKNOWLEDGED_BYTES;
            client.write_all(b"a")?;
        }
    }
}

fn copy(mut source: &TcpStream, mut destination: &TcpStream) -> io::Result<()> {
    // Small until there is much to copy, as an idle connection needs no more.
    let mut block = vec![0; 4096];
    loop {
        let count = source.read(&mut block)?;
        if count == 0 {
            return destination.shutdown(Shutdown::Write);
        }
        destination.write_all(&block[..count])?;
        if count == block.len() && count < BLOCK_BYTES {
            block.resize(BLOCK_BYTES, 0);
        }
    }
}

fn bare(client: TcpStream, upstream: &str) -> io::Result<()> {
    let server = TcpStream::connect(upstream)?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (client_up, server_up) = (client.try_clone()?, server.try_clone()?);
    let up = spawn(move || copy(&client_up, &server_up))?;
    let down = copy(&server, &client);
    // The other direction ends with its own peer.
    drop(up.join());
    down
}

fn open(through: &str, mode: u8) -> io::Result<TcpStream> {
    let mut stream = TcpStream::connect(through)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.write_all(&[mode])?;
    Ok(stream)
}

fn measure(through: &str, pid: Option<u32>, lasting: Duration) -> Outcome<()> {
    let (p50, p99) = round_trips(through, lasting)?;
    let up = streams(through, 1, lasting, upload)?;
    let down = streams(through, 1, lasting, download)?;
    let up_8 = streams(through, STREAMS, lasting, upload)?;
    let down_8 = streams(through, STREAMS, lasting, download)?;
    // Memory last, once buffers and pools of the proxy are as large as they get.
    let connections = connections(through)?;
    let idle = idle_memory(through, pid)?;
    let line = json!({
        "through": through,
        "round_trip_p50_us": p50,
        "round_trip_p99_us": p99,
        "up_mb_s": up,
        "down_mb_s": down,
        "up_8_mb_s": up_8,
        "down_8_mb_s": down_8,
        "connections_s": connections,
        "idle": idle,
    });
    println!("{line}");
    Ok(())
}

/// P50 and P99 of one message there and back, in µs.
fn round_trips(through: &str, lasting: Duration) -> Outcome<(f64, f64)> {
    let mut stream = open(through, b'e')?;
    let mut message = [7; MESSAGE_BYTES];
    let mut turn = || -> io::Result<f64> {
        let began = Instant::now();
        stream.write_all(&message)?;
        stream.read_exact(&mut message)?;
        Ok(began.elapsed().as_secs_f64() * 1e6)
    };
    for _ in 0..WARM_UP {
        turn()?;
    }
    let began = Instant::now();
    let mut taken = vec![turn()?];
    while began.elapsed() < lasting {
        taken.push(turn()?);
    }
    taken.sort_by(f64::total_cmp);
    let at = |share: usize| taken[(taken.len() - 1) * share / 100];
    Ok((at(50), at(99)))
}

/// MB/s of so many streams at once: what all carried, by the time that the slowest took.
fn streams(
    through: &str,
    count: usize,
    lasting: Duration,
    carry: fn(&str, Duration) -> io::Result<u64>,
) -> Outcome<f64> {
    let began = Instant::now();
    let carriers: Vec<_> = (0..count)
        .map(|_| {
            let through = through.to_owned();
            spawn(move || carry(&through, lasting))
        })
        .collect::<io::Result<_>>()?;
    let mut bytes = 0;
    for carrier in carriers {
        bytes += carrier.join().map_err(|_| "a stream panicked")??;
    }
    Ok(bytes as f64 / 1e6 / began.elapsed().as_secs_f64())
}

/// Sends for this time, then waits until all of it has arrived.
fn upload(through: &str, lasting: Duration) -> io::Result<u64> {
    let mut stream = open(through, b'u')?;
    let block = vec![0x5a; BLOCK_BYTES];
    let began = Instant::now();
    let mut parts = 0;
    while began.elapsed() < lasting {
        for _ in 0..ACKNOWLEDGED_BYTES / BLOCK_BYTES {
            stream.write_all(&block)?;
        }
        parts += 1;
    }
    for _ in 0..parts {
        stream.read_exact(&mut [0])?;
    }
    Ok(parts * ACKNOWLEDGED_BYTES as u64)
}

fn download(through: &str, lasting: Duration) -> io::Result<u64> {
    let mut stream = open(through, b'd')?;
    let mut block = vec![0; BLOCK_BYTES];
    let began = Instant::now();
    let mut bytes = 0;
    while began.elapsed() < lasting {
        match stream.read(&mut block)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            count => bytes += count as u64,
        }
    }
    Ok(bytes)
}

/// Connections a second, each with one byte there and back.
fn connections(through: &str) -> Outcome<f64> {
    let began = Instant::now();
    let openers: Vec<_> = (0..OPENERS)
        .map(|_| {
            let through = through.to_owned();
            spawn(move || (0..CONNECTIONS / OPENERS).try_for_each(|_| touch(&through).map(drop)))
        })
        .collect::<io::Result<_>>()?;
    for opener in openers {
        opener.join().map_err(|_| "an opener panicked")??;
    }
    Ok(CONNECTIONS as f64 / began.elapsed().as_secs_f64())
}

/// A connection that has carried a byte there and back.
fn touch(through: &str) -> io::Result<TcpStream> {
    let mut stream = open(through, b'e')?;
    stream.write_all(b"x")?;
    stream.read_exact(&mut [0])?;
    Ok(stream)
}

/// Resident kB of the proxy before, with and after idle connections, and what one takes.
fn idle_memory(through: &str, pid: Option<u32>) -> Outcome<serde_json::Value> {
    let Some(pid) = pid else {
        return Ok(serde_json::Value::Null);
    };
    let before = resident_kb(pid)?;
    let open: Vec<_> = (0..IDLE)
        .map(|_| touch(through))
        .collect::<io::Result<_>>()?;
    let with = resident_kb(pid)?;
    drop(open);
    // The proxy has closed the ones before when it has served one more.
    touch(through)?;
    let after = resident_kb(pid)?;
    let each = (with as f64 - before as f64) / IDLE as f64;
    Ok(json!({
        "connections": IDLE, "before_kb": before, "with_kb": with, "after_kb": after,
        "kb_each": each,
    }))
}

fn resident_kb(pid: u32) -> Outcome<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kb = line.and_then(|rest| rest.split_whitespace().next());
    Ok(kb.ok_or("no VmRSS in the status of the process")?.parse()?)
}
