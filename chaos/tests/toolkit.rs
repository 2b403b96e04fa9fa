//! The real Chaos Toolkit takes our experiments, and our journals have what its own have.

#![expect(
    clippy::unwrap_used,
    reason = "a helper of a test may panic as a test does"
)]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use chaos::toxiproxy::ToxiproxyServer;
use clap::Parser;
use outcome::Outcome;
use serde_json::{Value, json};

/// Runs Chaos Toolkit where `ci/setup` put it; the shell knows the home folder.
const TOOLKIT: &str =
    r#"exec "${XDG_CACHE_HOME:-$HOME/.cache}/proofmark/chaostoolkit-1.19.0/bin/chaos" "$@""#;

/// Whether `chaos validate` takes a file, and all that it said.
fn validate(file: &Path, folder: &Path) -> (bool, String) {
    toolkit(&["validate".as_ref(), file.as_os_str()], folder)
}

/// Whether Chaos Toolkit ended well, and all that it said.
fn toolkit(words: &[&std::ffi::OsStr], folder: &Path) -> (bool, String) {
    let output = Command::new("sh")
        .args(["-c", TOOLKIT, "chaos", "--no-version-check"])
        .args(words)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    // What a shell answers when there is no such program.
    assert!(
        !matches!(output.status.code(), Some(126 | 127)),
        "no Chaos Toolkit; run ci/setup: {said}"
    );
    (output.status.success(), said)
}

#[test]
fn chaos_toolkit_takes_every_experiment() {
    let folder = tempfile::tempdir().unwrap();
    let experiments = Path::new(env!("CARGO_MANIFEST_DIR")).join("experiments");
    let mut count = 0;
    for entry in fs::read_dir(experiments).unwrap() {
        let path = entry.unwrap().path();
        let (is_taken, said) = validate(&path, folder.path());
        assert!(is_taken, "{}: {said}", path.display());
        count += 1;
    }
    assert_eq!(count, 12);
}

#[test]
fn chaos_toolkit_refuses_what_is_no_experiment() {
    let folder = tempfile::tempdir().unwrap();
    let whole = Path::new(env!("CARGO_MANIFEST_DIR")).join("experiments/redis-slow.yaml");
    let broken = fs::read_to_string(whole)
        .unwrap()
        .replace("method:\n", "methods:\n");
    let file = folder.path().join("broken.yaml");
    fs::write(&file, broken).unwrap();
    let (is_taken, said) = validate(&file, folder.path());
    assert!(!is_taken, "{said}");
}

/// The same story for both: something is broken, looked at, and mended.
const FILE: &str = r#"title: Redis is late
description: For a moment.
configuration:
  service: {type: env, key: NOT_SET, default: "http://UP"}
  toxiproxy: {type: env, key: NOT_SET, default: "http://API"}
steady-state-hypothesis:
  title: It works
  probes:
    - {type: probe, name: works, tolerance: 200, provider: {type: http, url: "${service}/"}}
method:
  - type: action
    name: late
    provider:
      {type: http, method: POST, url: "${toxiproxy}/proxies/redis/toxics", headers: {Content-Type: application/json}, arguments: {type: latency, attributes: {latency: 5, jitter: 0}}}
  - {type: probe, name: felt, tolerance: 200, provider: {type: http, url: "${service}/is-late"}}
rollbacks:
  - type: action
    name: in-time
    provider: {type: http, method: DELETE, url: "${toxiproxy}/proxies/redis/toxics/latency_downstream"}
extensions:
  - {name: proofmark, effect: {within: 10s}, recovery: {within: 10s}}
"#;

#[derive(Debug, Parser)]
struct Line {
    #[command(flatten)]
    chaos: chaos::Args,
}

/// Every field of `theirs` that `ours` lacks or that is of another kind there. What an activity
/// does, and what a probe gave, is free in both.
fn missing(path: &str, theirs: &Value, ours: &Value, found: &mut Vec<String>) {
    let kind = |value: &Value| match value {
        Value::Null => "nothing",
        Value::Bool(_) => "a yes or no",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    };
    match (theirs, ours) {
        (Value::Object(theirs), Value::Object(ours)) => {
            for (key, theirs) in theirs {
                let path = format!("{path}.{key}");
                match ours.get(key) {
                    _ if ["provider", "tolerance", "output", "dry"].contains(&key.as_str()) => {}
                    Some(ours) => missing(&path, theirs, ours, found),
                    None => found.push(format!("{path} is missing")),
                }
            }
        }
        (Value::Array(theirs), Value::Array(ours)) => match (theirs.first(), ours.first()) {
            (Some(theirs), Some(ours)) => missing(&format!("{path}[0]"), theirs, ours, found),
            (Some(_), None) => found.push(format!("{path} is empty")),
            (None, _) => {}
        },
        _ if kind(theirs) == kind(ours) => {}
        _ => found.push(format!(
            "{path} is {}, expected {}",
            kind(ours),
            kind(theirs)
        )),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn our_journal_has_every_field_of_chaos_toolkits_own() {
    let folder = tempfile::tempdir().unwrap();
    let listen = "127.0.0.1:0".parse().unwrap();
    let toxiproxy = ToxiproxyServer::start(listen, 0, Vec::new()).await.unwrap();
    let redis = json!({ "name": "redis", "upstream": "127.0.0.1:1" });
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let api = format!("http://{}/proxies", toxiproxy.address);
    assert!(
        http.post(api)
            .json(&redis)
            .send()
            .await
            .unwrap()
            .status()
            .is_success()
    );
    let toxics = format!("http://{}/proxies/redis/toxics", toxiproxy.address);
    let client = http.clone();
    let is_late = async move || match client.get(toxics).send().await.unwrap().text().await {
        Ok(none) if none == "[]" => StatusCode::NOT_FOUND,
        _ => StatusCode::OK,
    };
    let app = Router::new()
        .route("/", get(async || "well"))
        .route("/is-late", get(is_late));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let service = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move { axum::serve(listener, app).await });
    let file = folder.path().join("late.yaml");
    let text = FILE.replace("API", &toxiproxy.address.to_string());
    fs::write(&file, text.replace("UP", &service)).unwrap();

    let theirs = folder.path().join("theirs.json");
    let words = [
        "run".as_ref(),
        "--journal-path".as_ref(),
        theirs.as_os_str(),
        file.as_os_str(),
    ];
    let (ended_well, said) = tokio::task::block_in_place(|| toolkit(&words, folder.path()));
    assert!(ended_well, "{said}");
    let out = folder.path().display().to_string();
    let url = format!("http://{service}");
    let address = toxiproxy.address.to_string();
    let file = file.display().to_string();
    let line = [
        "chaos",
        "run",
        &file,
        "--toxiproxy",
        &address,
        "--service",
        &url,
        "--out",
        &out,
    ];
    let outcome = chaos::run(Line::parse_from(line).chaos).await.unwrap();

    let read = |path: &Path| -> Value { serde_json::from_slice(&fs::read(path).unwrap()).unwrap() };
    let (theirs, ours) = (
        read(&theirs),
        read(&folder.path().join("late.journal.json")),
    );
    assert_eq!(theirs["status"], json!("completed"), "{said}");
    let mut found = Vec::new();
    missing("journal", &theirs, &ours, &mut found);
    assert!(found.is_empty(), "{}\n{}", found.join("\n"), ours["detail"]);
    assert_eq!(outcome, Outcome::Held, "{}", ours["detail"]);
}
