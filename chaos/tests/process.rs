//! `proofmark chaos run` as a process of its own: its signals, its exit code, its closed output.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use axum::routing::get;
use axum::{Json, Router};
use chaos::toxiproxy::ToxiproxyServer;
use clap::Parser;
use serde_json::{Value, json};

/// Where the child finds its arguments, one a line.
const WORDS: &str = "CHAOS_TEST_WORDS";

/// How long anything in these tests may take before it counts as hanging.
const PATIENCE: Duration = Duration::from_secs(30);

/// Its fault is felt at once and held until somebody stops it.
const FILE: &str = r#"title: Redis is gone
description: It is held until somebody stops it.
configuration:
  prometheus: {type: env, key: PROMETHEUS}
  toxiproxy: {type: env, key: TOXIPROXY}
steady-state-hypothesis:
  title: It works
  probes:
    - {type: probe, name: works, tolerance: 1, provider: {type: http, url: "${prometheus}/api/v1/query", arguments: {query: max(up)}}}
method:
  - type: action
    name: gone
    provider: {type: http, method: POST, url: "${toxiproxy}/proxies/redis", arguments: {enabled: false}}
    pauses: {after: HOLD}
  - {type: probe, name: felt, tolerance: 2, provider: {type: http, url: "${prometheus}/api/v1/query", arguments: {query: max(up)}}}
rollbacks:
  - {type: action, name: reset, provider: {type: http, method: POST, url: "${toxiproxy}/reset"}}
extensions:
  - name: proofmark
    effect: {within: EFFECT}
    recovery: {within: 1s}
    proxies: [{name: PROXY, listen: "127.0.0.1:0", upstream: "127.0.0.1:1"}]
"#;

#[derive(Debug, Parser)]
struct Line {
    #[command(flatten)]
    chaos: chaos::Args,
}

/// No test of its own: what the tests below start, with `--ignored`.
#[test]
#[ignore = "the child of the other tests"]
fn child() {
    let words = std::env::var(WORDS).unwrap();
    let args = Line::parse_from(words.lines()).chaos;
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let outcome = runtime
        .block_on(chaos::run(args))
        .unwrap_or_else(|failure| {
            eprintln!("{failure}");
            failure.outcome()
        });
    std::process::exit(i32::from(outcome.exit_code()));
}

/// Starts `chaos run FILE --toxiproxy ADDR` with further words.
fn start(file: &Path, toxiproxy: SocketAddr, more: &[&str]) -> Killed {
    let (file, address) = (file.display().to_string(), toxiproxy.to_string());
    let mut words = vec!["chaos", "run", &file, "--toxiproxy", &address];
    words.extend(more);
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["child", "--exact", "--ignored", "--nocapture"])
        .env(WORDS, words.join("\n"))
        .env("NO_PROXY", "127.0.0.1")
        .stdout(Stdio::piped())
        .spawn();
    Killed(child.unwrap())
}

/// A child that is killed by its own handle.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Killed {
    fn signal(&self, name: &str) {
        let pid = self.0.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &pid]).status();
        assert!(sent.unwrap().success());
    }

    /// The exit code; `None` when a signal ended it.
    async fn code(&mut self) -> Option<i32> {
        let ended = async {
            loop {
                if let Some(status) = self.0.try_wait().unwrap() {
                    return status.code();
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(PATIENCE, ended)
            .await
            .expect("it does not end")
    }
}

/// A Toxiproxy that has a proxy called `redis`, and a Prometheus where everything is up.
struct World {
    server: ToxiproxyServer,
    prometheus: String,
    http: reqwest::Client,
    folder: tempfile::TempDir,
}

impl World {
    async fn new() -> Self {
        let listen = "127.0.0.1:0".parse().unwrap();
        let server = ToxiproxyServer::start(listen, 0, Vec::new()).await.unwrap();
        let up = json!({ "status": "success", "data": { "resultType": "vector", "result": [{ "metric": {}, "value": [0, "1"] }] } });
        let app = Router::new().route("/api/v1/query", get(async move || Json(up)));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let prometheus = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await });
        let http = reqwest::Client::builder()
            .no_proxy()
            .timeout(PATIENCE)
            .build()
            .unwrap();
        let world = Self {
            server,
            prometheus,
            http,
            folder: tempfile::tempdir().unwrap(),
        };
        let redis = json!({ "name": "redis", "upstream": "127.0.0.1:1" });
        let url = format!("http://{}/proxies", world.server.address);
        let made = world.http.post(url).json(&redis).send().await.unwrap();
        assert_eq!(made.status().as_u16(), 201);
        world
    }

    /// An experiment that brings `proxy` with it.
    fn file(&self, proxy: &str, hold: &str, effect: &str) -> std::path::PathBuf {
        let file = self.folder.path().join("gone.yaml");
        let text = FILE.replace("HOLD", hold).replace("EFFECT", effect);
        std::fs::write(&file, text.replace("PROXY", proxy)).unwrap();
        file
    }

    fn start(&self, file: &Path, more: &[&str]) -> Killed {
        let words = [&["--prometheus", &self.prometheus], more].concat();
        start(file, self.server.address, &words)
    }

    async fn proxies(&self) -> Value {
        let url = format!("http://{}/proxies", self.server.address);
        let answer = self.http.get(url).send().await.unwrap();
        answer.json().await.unwrap()
    }

    async fn fault_is_set(&self) {
        let set = async {
            while self.proxies().await["redis"]["enabled"] == json!(true) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(PATIENCE, set)
            .await
            .expect("no fault is set");
    }

    /// The proxy that was there is there and well, and no other is.
    async fn assert_as_before(&self) {
        let proxies = self.proxies().await;
        let names: Vec<&String> = proxies.as_object().unwrap().keys().collect();
        assert_eq!(names, ["redis"]);
        assert_eq!(proxies["redis"]["enabled"], json!(true));
        assert_eq!(proxies["redis"]["upstream"], json!("127.0.0.1:1"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_output_that_nobody_reads_any_more_keeps_no_fault_in_place() {
    let world = World::new().await;
    let mut run = world.start(&world.file("brought", "1", "1500ms"), &[]);
    let mut lines = BufReader::new(run.0.stdout.take().unwrap()).lines();
    let begun = lines.any(|line| line.unwrap().contains("gone: before:"));
    assert!(begun, "it said nothing");
    drop(lines);
    world.fault_is_set().await;
    // Not felt, so no verdict; and no panic on the way there.
    assert_eq!(run.code().await, Some(3));
    world.assert_as_before().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_terminal_that_is_closed_takes_the_fault_away() {
    let world = World::new().await;
    let mut run = world.start(&world.file("brought", "600", "10m"), &[]);
    world.fault_is_set().await;
    assert!(world.proxies().await["brought"].is_object());
    drop(run.0.stdout.take());
    run.signal("HUP");
    assert_eq!(run.code().await, Some(130));
    world.assert_as_before().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signal_is_heard_while_a_toxiproxy_does_not_answer() {
    let world = World::new().await;
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let file = world.file("brought", "1", "1s");
    let mut run = start(&file, silent.local_addr().unwrap(), &[]);
    let (accepted, wait) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || accepted.send(silent.accept()));
    let _asked = tokio::time::timeout(PATIENCE, wait)
        .await
        .expect("it does not connect");
    run.signal("INT");
    assert_eq!(run.code().await, Some(130));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_touched_when_an_argument_makes_no_sense() {
    let world = World::new().await;
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    silent.set_nonblocking(true).unwrap();
    let address = silent.local_addr().unwrap();
    let file = world.file("brought", "1", "1s");
    let out = file.join("out").display().to_string();
    for (more, code) in [(["--prometheus", "nonsense"], 2), (["--out", &out], 70)] {
        let mut run = start(&file, address, &more);
        assert_eq!(run.code().await, Some(code), "{more:?}");
        assert!(silent.accept().is_err(), "{more:?}");
    }
}
