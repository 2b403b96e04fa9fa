//! The experiments of the bundled service against a real Redis and a real Prometheus.
//!
//! In place of the service stands the smallest thing that bears these faults: a loop that asks Redis
//! with a timeout of 50 ms behind a circuit breaker, and records the signals of the catalog.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use chaos::Journal;
use chaos::toxiproxy::ToxiproxyServer;
use clap::Parser;
use meter::Meter;
use outcome::Outcome;
use serde_json::{Value, json};
use signals::{
    CIRCUIT_STATE, DB_OPERATION, DbOperation, DbSystem, Dependency, ErrorType, HTTP_REQUEST,
    Method, Route, Status,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;

/// How long a component may take to be ready.
const READY_TIME_MAX: Duration = Duration::from_secs(30);

#[derive(Debug, Parser)]
struct Line {
    #[command(flatten)]
    chaos: chaos::Args,
}

/// A child that is killed by its own handle.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(program: &str, args: &[String]) -> Killed {
    let mut command = Command::new(program);
    command
        .args(args)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    Killed(
        command
            .spawn()
            .unwrap_or_else(|error| panic!("{program}: {error}; run ci/setup")),
    )
}

async fn free_port() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap()
}

async fn ready(what: &str, is_ready: impl AsyncFn() -> bool) {
    let deadline = Instant::now() + READY_TIME_MAX;
    while !is_ready().await {
        assert!(Instant::now() < deadline, "{what} is not ready");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// One PING with the timeout of the service.
async fn ping(connection: &mut Option<TcpStream>, redis: SocketAddr) -> ErrorType {
    let asked = async {
        if connection.is_none() {
            *connection = Some(TcpStream::connect(redis).await?);
        }
        let Some(stream) = connection.as_mut() else {
            return Err(std::io::ErrorKind::NotConnected.into());
        };
        stream.write_all(b"PING\r\n").await?;
        stream.read_exact(&mut [0; 7]).await
    };
    let failure = match tokio::time::timeout(Duration::from_millis(50), asked).await {
        Ok(Ok(_)) => return ErrorType::None,
        Ok(Err(_)) => ErrorType::Connection,
        Err(_) => ErrorType::Timeout,
    };
    *connection = None;
    failure
}

/// Asks Redis 50 times a second; after five failures in a row only every half second.
async fn serve_for_ever(meter: Arc<Meter>, redis: SocketAddr) {
    let mut connection = None;
    let mut failures = 0;
    let mut probe_at = Instant::now();
    loop {
        tokio::time::sleep(Duration::from_millis(20)).await;
        let request = (Method::Get, Route::Card, Status::Ok, ErrorType::None);
        meter.observe(&HTTP_REQUEST, request, Duration::from_millis(2));
        if failures >= 5 && Instant::now() < probe_at {
            continue;
        }
        let began = Instant::now();
        let found = ping(&mut connection, redis).await;
        meter.observe(
            &DB_OPERATION,
            (DbSystem::Redis, DbOperation::Get, found),
            began.elapsed(),
        );
        failures = if found == ErrorType::None {
            0
        } else {
            failures + 1
        };
        probe_at = Instant::now() + Duration::from_millis(500);
        let state = if failures >= 5 { 2.0 } else { 0.0 };
        meter.set(&CIRCUIT_STATE, (Dependency::Redis,), state);
    }
}

async fn start_service(redis: SocketAddr) -> SocketAddr {
    let meter = Arc::new(Meter::new(signals::catalog()));
    for status in [Status::Ok, Status::InternalServerError] {
        meter.seed(
            &HTTP_REQUEST,
            (Method::Get, Route::Card, status, ErrorType::None),
        );
    }
    for found in ErrorType::ALL {
        meter.seed(&DB_OPERATION, (DbSystem::Redis, DbOperation::Get, *found));
    }
    let shown = Arc::clone(&meter);
    let app = Router::new()
        .route("/", get(async || "ok"))
        .route("/metrics", get(async move || shown.encode()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    tokio::spawn(serve_for_ever(meter, redis));
    address
}

fn start_prometheus(folder: &Path, prometheus: SocketAddr, targets: [SocketAddr; 2]) -> Killed {
    let config = folder.join("prometheus.yml");
    let [service, chaos] = targets;
    let text = format!(
        "global: {{scrape_interval: 1s, scrape_timeout: 1s}}\nscrape_configs:\n\
         - {{job_name: service, static_configs: [{{targets: ['{service}']}}]}}\n\
         - {{job_name: chaos, static_configs: [{{targets: ['{chaos}']}}]}}\n"
    );
    std::fs::write(&config, text).unwrap();
    let args = [
        format!("--config.file={}", config.display()),
        format!("--storage.tsdb.path={}", folder.join("data").display()),
        format!("--web.listen-address={prometheus}"),
    ];
    start("prometheus", &args)
}

async fn ask(http: &reqwest::Client, url: String) -> Option<Value> {
    http.get(url)
        .send()
        .await
        .ok()?
        .error_for_status()
        .ok()?
        .json()
        .await
        .ok()
}

fn experiments() -> impl Iterator<Item = PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("experiments");
    ["redis-slow", "redis-gone"]
        .into_iter()
        .map(move |name| folder.join(format!("{name}.yaml")))
}

/// A proxy called `redis` on the embedded server; gives where it listens.
async fn proxy_to(http: &reqwest::Client, api: &str, redis: SocketAddr) -> SocketAddr {
    let wanted = json!({ "name": "redis", "upstream": redis.to_string() });
    let made = http
        .post(format!("{api}/proxies"))
        .json(&wanted)
        .send()
        .await
        .unwrap();
    let made: Value = made.json().await.unwrap();
    made["listen"].as_str().unwrap().parse().unwrap()
}

fn check_journals(folder: &Path) {
    for file in experiments() {
        let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
        let text = std::fs::read_to_string(folder.join(format!("{name}.journal.json"))).unwrap();
        let journal: Journal = serde_json::from_str(&text).unwrap();
        let (effect, recovery) = (journal.effect_seconds, journal.recovery_seconds);
        println!("{name}: effect {effect:?} s, recovery {recovery:?} s");
        assert_eq!(
            journal.outcome(),
            Outcome::Held,
            "{name}: {}",
            journal.detail
        );
    }
}

/// Nothing is left on the proxy, and Prometheus has seen each fault while it was there.
async fn check_traces(http: &reqwest::Client, api: &str, prometheus: &str) {
    let proxies = ask(http, format!("{api}/proxies")).await.unwrap();
    let redis = &proxies["redis"];
    assert_eq!(
        (&redis["enabled"], &redis["toxics"]),
        (&json!(true), &json!([]))
    );
    let query = "max_over_time(chaos_fault_active[5m])";
    let seen = ask(http, format!("{prometheus}/api/v1/query?query={query}"))
        .await
        .unwrap();
    let series = seen["data"]["result"].as_array().unwrap().iter();
    let active = series.filter(|series| series["value"][1] == "1");
    let faults: Vec<&str> = active
        .map(|one| one["metric"]["fault"].as_str().unwrap())
        .collect();
    assert!(
        faults.contains(&"latency") && faults.contains(&"down"),
        "{seen}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_experiments_are_felt_and_borne_and_leave_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let http = reqwest::Client::builder()
        .no_proxy()
        .timeout(Duration::from_secs(5))
        .build()
        .unwrap();
    let (redis, prometheus, metrics) = (free_port().await, free_port().await, free_port().await);
    let args = [
        "--bind",
        "127.0.0.1",
        "--save",
        "",
        "--port",
        &redis.port().to_string(),
    ];
    let _redis = start("redis-server", &args.map(str::to_owned));
    ready("redis", async || TcpStream::connect(redis).await.is_ok()).await;
    let listen = "127.0.0.1:0".parse().unwrap();
    let toxiproxy = ToxiproxyServer::start(listen, 0, Vec::new()).await.unwrap();
    let api = format!("http://{}", toxiproxy.address);
    let service = start_service(proxy_to(&http, &api, redis).await).await;
    let _prometheus = start_prometheus(folder.path(), prometheus, [service, metrics]);
    let url = format!("http://{prometheus}");
    let up = format!("{url}/api/v1/query?query=up");
    ready("prometheus", async || {
        ask(&http, up.clone()).await.is_some()
    })
    .await;

    let mut line: Vec<String> = ["chaos", "run", "--scale", "0.3"]
        .map(str::to_owned)
        .to_vec();
    line.extend(experiments().map(|file| file.display().to_string()));
    let objectives = Path::new(env!("CARGO_MANIFEST_DIR")).join("../slo/objectives");
    line.extend(["--slo".to_owned(), objectives.display().to_string()]);
    line.extend(["--toxiproxy".to_owned(), toxiproxy.address.to_string()]);
    line.extend(["--prometheus".to_owned(), url.clone()]);
    line.extend(["--service".to_owned(), format!("http://{service}")]);
    line.extend(["--metrics".to_owned(), metrics.to_string()]);
    line.extend(["--out".to_owned(), folder.path().display().to_string()]);
    let outcome = chaos::run(Line::parse_from(line).chaos).await.unwrap();

    check_journals(folder.path());
    assert_eq!(outcome, Outcome::Held);
    check_traces(&http, &api, &url).await;
}
