//! Ctrl-C, twice, while a fault is set. Alone in its process, because it signals itself.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::Command;
use std::time::Duration;

use axum::routing::get;
use axum::{Json, Router};
use chaos::toxiproxy::ToxiproxyServer;
use clap::Parser;
use outcome::Outcome;
use serde_json::{Value, json};
use tokio::net::TcpListener;

const FILE: &str = r#"title: Nobody feels it
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
    name: slow
    provider: {type: http, method: POST, url: "${toxiproxy}/proxies/redis/toxics", arguments: {type: latency, attributes: {latency: 800}}}
    pauses: {after: 600}
  - {type: probe, name: felt, tolerance: 2, provider: {type: http, url: "${prometheus}/api/v1/query", arguments: {query: max(up)}}}
rollbacks:
  - {type: action, name: reset, provider: {type: http, method: POST, url: "${toxiproxy}/reset"}}
extensions:
  - {name: proofmark, effect: {within: 10m}, recovery: {within: 1s}}
"#;

#[derive(Debug, Parser)]
struct Line {
    #[command(flatten)]
    chaos: chaos::Args,
}

async fn redis(http: &reqwest::Client, api: &str) -> Value {
    let answer = http
        .get(format!("{api}/proxies/redis"))
        .send()
        .await
        .unwrap();
    answer.json().await.unwrap()
}

fn signal(name: &str) {
    let pid = std::process::id().to_string();
    assert!(
        Command::new("kill")
            .args(["-s", name, &pid])
            .status()
            .unwrap()
            .success()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interrupt_takes_the_fault_away_and_a_second_one_does_not_hinder_that() {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let server = ToxiproxyServer::start("127.0.0.1:0".parse().unwrap(), 0, Vec::new())
        .await
        .unwrap();
    let api = format!("http://{}", server.address);
    let wanted = json!({ "name": "redis", "upstream": "127.0.0.1:1" });
    http.post(format!("{api}/proxies"))
        .json(&wanted)
        .send()
        .await
        .unwrap();
    let up = json!({ "status": "success", "data": { "resultType": "vector", "result": [{ "metric": {}, "value": [0, "1"] }] } });
    let app = Router::new().route("/api/v1/query", get(async move || Json(up)));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let prometheus = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("held.yaml");
    std::fs::write(&file, FILE).unwrap();
    let file = file.display().to_string();
    let address = server.address.to_string();
    let words = [
        "chaos",
        "run",
        &file,
        "--toxiproxy",
        &address,
        "--prometheus",
        &prometheus,
    ];
    let run = tokio::spawn(chaos::run(Line::parse_from(words).chaos));

    let set = async {
        while redis(&http, &api).await["toxics"] == json!([]) {
            assert!(!run.is_finished(), "it ended before its fault was set");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), set)
        .await
        .expect("no fault is set");
    signal("INT");
    signal("TERM");
    let outcome = tokio::time::timeout(Duration::from_secs(30), run)
        .await
        .expect("it does not stop");
    assert_eq!(outcome.unwrap().unwrap(), Outcome::Interrupted);
    assert_eq!(redis(&http, &api).await["toxics"], json!([]));
}
