//! A run against the embedded server, and a Prometheus that reports what the proxy really does.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::extract::{Query, State};
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::*;
use crate::client::ProxyWanted;
use crate::toxiproxy::ToxiproxyServer;

const FILE: &str = r#"title: Redis is slow, then gone
description: Two stages.
configuration:
  prometheus: {type: env, key: PROMETHEUS}
  service: {type: env, key: SERVICE}
  toxiproxy: {type: env, key: TOXIPROXY}
steady-state-hypothesis:
  title: It works
  probes:
    - {type: probe, name: works, tolerance: 1, provider: {type: http, url: "${prometheus}/api/v1/query", arguments: {query: works}}}
    - {type: probe, name: answers, tolerance: 200, provider: {type: http, url: "${service}/"}}
method:
  - type: action
    name: slow
    provider: {type: http, method: POST, url: "${toxiproxy}/proxies/redis/toxics", arguments: {type: latency, attributes: {latency: 800}}}
  - {type: probe, name: toxics, tolerance: 1, provider: {type: http, url: "${prometheus}/api/v1/query", arguments: {query: toxics}}}
  - type: action
    name: gone
    provider: {type: http, method: POST, url: "${toxiproxy}/proxies/redis", arguments: {enabled: false}}
    pauses: {after: 0.1}
  - {type: probe, name: disabled, tolerance: 1, provider: {type: http, url: "${prometheus}/api/v1/query", arguments: {query: disabled}}}
rollbacks:
  - {type: action, name: reset, provider: {type: http, method: POST, url: "${toxiproxy}/reset"}}
extensions:
  - {name: proofmark, metrics: any, effect: {within: 300ms}, recovery: {within: 300ms}}
"#;

/// How the observed service behaves.
#[derive(Debug, Default)]
struct Behaviour {
    /// It does not bear a disabled proxy.
    breaks: AtomicBool,
    /// It does not recover either.
    stays_broken: AtomicBool,
    /// Its metrics do not show the fault.
    hides_faults: AtomicBool,
    /// It has no metrics.
    is_silent: AtomicBool,
}

struct World {
    toxiproxy: Arc<Mutex<Option<ToxiproxyServer>>>,
    behaviour: Arc<Behaviour>,
    tools: Tools,
    lines: Arc<Mutex<Vec<String>>>,
    stop: CancellationToken,
}

#[derive(Clone)]
struct Observed {
    api: String,
    behaviour: Arc<Behaviour>,
}

#[derive(Deserialize)]
struct Asked {
    query: String,
}

/// The query API of Prometheus, about the state of the proxy called `redis`.
async fn query(State(observed): State<Observed>, Query(asked): Query<Asked>) -> Json<Value> {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let proxies = http.get(format!("{}/proxies", observed.api)).send().await;
    let redis = match proxies {
        Ok(answer) => answer.json::<Value>().await.unwrap()["redis"].clone(),
        Err(_) => json!({ "enabled": false, "toxics": [] }),
    };
    let is = |flag: &AtomicBool| flag.load(Ordering::SeqCst);
    let behaviour = &observed.behaviour;
    let disabled = redis["enabled"] == json!(false);
    let shown = !is(&behaviour.hides_faults);
    if disabled && is(&behaviour.stays_broken) {
        behaviour.breaks.store(true, Ordering::SeqCst);
    }
    let broken = is(&behaviour.breaks) && (disabled || is(&behaviour.stays_broken));
    let value = match asked.query.as_str() {
        "works" => !broken,
        "toxics" => shown && redis["toxics"] != json!([]),
        "disabled" => shown && disabled,
        other => panic!("{other}"),
    };
    let sample = json!({ "metric": {}, "value": [0, if value { "1" } else { "0" }] });
    let result = if is(&behaviour.is_silent) {
        json!([])
    } else {
        json!([sample])
    };
    Json(json!({ "status": "success", "data": { "resultType": "vector", "result": result } }))
}

impl World {
    /// A world in which `react` sees every line that is said.
    async fn new(
        react: impl Fn(&str, &CancellationToken, &Mutex<Option<ToxiproxyServer>>)
        + Send
        + Sync
        + 'static,
    ) -> Self {
        let listen = "127.0.0.1:0".parse().unwrap();
        let server = ToxiproxyServer::start(listen, 0, Vec::new()).await.unwrap();
        let toxiproxy = Toxiproxy::connect(server.address).await.unwrap();
        let redis = ProxyWanted {
            name: "redis".to_owned(),
            listen: "127.0.0.1:0".to_owned(),
            upstream: "127.0.0.1:1".to_owned(),
        };
        toxiproxy.populate(&[redis]).await.unwrap();
        let behaviour = Arc::new(Behaviour::default());
        let observed = Observed {
            api: format!("http://{}", server.address),
            behaviour: Arc::clone(&behaviour),
        };
        let app = Router::new()
            .route("/", get(async || "ok"))
            .route("/api/v1/query", get(query).post(query))
            .with_state(observed);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await });
        let server = Arc::new(Mutex::new(Some(server)));
        let (lines, stop) = (Arc::new(Mutex::new(Vec::new())), CancellationToken::new());
        let (said, stopping, reached) = (Arc::clone(&lines), stop.clone(), Arc::clone(&server));
        let tools = Tools {
            toxiproxy,
            observer: Observer::new(&url, &url).unwrap(),
            meter: Arc::new(Meter::new(&[CHAOS_FAULT_ACTIVE.metric()])),
            scale: 1.0,
            pace: Duration::from_millis(10),
            say: Box::new(move |line| {
                said.lock().unwrap().push(line.to_owned());
                react(line, &stopping, &reached);
            }),
        };
        Self {
            toxiproxy: server,
            behaviour,
            tools,
            lines,
            stop,
        }
    }

    async fn run(&self) -> Journal {
        let experiment = Experiment::parse("two", "two.yaml", FILE, &[]).unwrap();
        let run = run(&experiment, &self.tools, &self.stop);
        tokio::time::timeout(Duration::from_secs(60), run)
            .await
            .expect("the run hangs")
    }

    async fn assert_clean(&self) {
        let proxies = self.tools.toxiproxy.proxies().await.unwrap();
        assert_eq!(proxies["redis"].trouble(), None);
        let text = self.tools.meter.encode();
        assert!(!text.lines().any(|line| line.ends_with(" 1")), "{text}");
    }
}

fn ignore(_: &str, _: &CancellationToken, _: &Mutex<Option<ToxiproxyServer>>) {}

#[tokio::test]
async fn an_experiment_that_is_borne_holds_and_leaves_nothing_behind() {
    let world = World::new(ignore).await;
    let journal = world.run().await;
    assert_eq!(journal.outcome(), Outcome::Held, "{journal:#?}");
    assert_eq!(
        (journal.status, journal.deviated),
        (Status::Completed, false)
    );
    assert!(journal.effect_seconds.is_some() && journal.recovery_seconds.is_some());
    assert_eq!(journal.stages.len(), 2);
    assert!(
        journal
            .stages
            .iter()
            .all(|stage| stage.end > stage.start && stage.effect_seconds.is_some())
    );
    let undone: Vec<&str> = journal
        .rollbacks
        .iter()
        .map(|undo| undo.detail.as_str())
        .collect();
    assert_eq!(
        undone,
        ["enable redis", "remove latency_downstream from redis"]
    );
    world.assert_clean().await;
    assert!(world.tools.meter.encode().contains("fault=\"latency\""));
}

#[tokio::test]
async fn a_service_that_does_not_bear_a_fault_misses_and_the_fault_goes_at_once() {
    let world = World::new(ignore).await;
    world.behaviour.breaks.store(true, Ordering::SeqCst);
    let journal = world.run().await;
    assert_eq!(journal.outcome(), Outcome::Missed, "{journal:#?}");
    assert_eq!((journal.status, journal.deviated), (Status::Aborted, true));
    assert_eq!(
        journal.detail,
        "the steady state was lost in gone: works is 0, expected 1"
    );
    assert!(journal.recovery_seconds.is_some());
    world.assert_clean().await;
}

#[tokio::test]
async fn a_service_that_does_not_recover_misses() {
    let world = World::new(ignore).await;
    world.behaviour.stays_broken.store(true, Ordering::SeqCst);
    let journal = world.run().await;
    assert_eq!(
        (journal.outcome(), journal.recovery_seconds),
        (Outcome::Missed, None)
    );
    assert_eq!(
        journal
            .steady_states
            .after
            .as_ref()
            .map(|state| state.steady_state_met),
        Some(false)
    );
    world.assert_clean().await;
}

#[tokio::test]
async fn a_fault_that_is_not_felt_is_inconclusive() {
    let world = World::new(ignore).await;
    world.behaviour.hides_faults.store(true, Ordering::SeqCst);
    let journal = world.run().await;
    assert_eq!(journal.outcome(), Outcome::Inconclusive);
    assert_eq!(
        journal.detail,
        "slow was not felt within 0 s: toxics is 0, expected 1"
    );
    world.assert_clean().await;
}

#[tokio::test]
async fn metrics_that_stop_in_a_fault_are_inconclusive() {
    let world = World::new(ignore).await;
    let behaviour = Arc::clone(&world.behaviour);
    let world = World {
        tools: Tools {
            say: Box::new(move |line| {
                if line.contains("felt after") {
                    behaviour.is_silent.store(true, Ordering::SeqCst);
                }
            }),
            ..world.tools
        },
        ..world
    };
    let journal = world.run().await;
    assert_eq!(journal.outcome(), Outcome::Inconclusive, "{journal:#?}");
    assert!(
        journal
            .detail
            .contains("works is not known: the query gave nothing"),
        "{}",
        journal.detail
    );
    world.assert_clean().await;
}

#[tokio::test]
async fn a_slate_that_is_not_clean_is_left_as_it_is() {
    let world = World::new(ignore).await;
    let disable = Change::Enable {
        proxy: "redis".to_owned(),
        enabled: false,
    };
    world.tools.toxiproxy.make(&disable).await.unwrap();
    let journal = world.run().await;
    assert_eq!(
        (journal.outcome(), journal.status),
        (Outcome::Inconclusive, Status::Failed)
    );
    assert_eq!(journal.detail, "no clean slate: proxy redis is disabled");
    assert!(world.tools.toxiproxy.has(&disable).await.unwrap());
}

#[tokio::test]
async fn an_interrupt_in_a_fault_takes_the_fault_away() {
    let world = World::new(|line, stop, _| {
        if line.contains("gone: felt after") {
            stop.cancel();
        }
    })
    .await;
    let journal = world.run().await;
    assert_eq!(
        (journal.outcome(), journal.status),
        (Outcome::Interrupted, Status::Interrupted)
    );
    assert_eq!(journal.rollbacks.len(), 2);
    world.assert_clean().await;
}

#[tokio::test]
async fn an_interrupt_while_a_fault_is_being_set_takes_it_away_too() {
    let world = World::new(|line, stop, _| {
        if line.contains("gone: disable redis") {
            stop.cancel();
        }
    })
    .await;
    let journal = world.run().await;
    assert_eq!(journal.outcome(), Outcome::Interrupted);
    world.assert_clean().await;
}

#[tokio::test]
async fn a_panic_in_a_fault_takes_the_fault_away() {
    let world =
        World::new(|line, _, _| assert!(!line.contains("gone: felt after"), "on purpose")).await;
    let journal = world.run().await;
    assert_eq!(
        (journal.outcome(), journal.detail.as_str()),
        (Outcome::Broken, "a bug: the runner panicked")
    );
    assert_eq!(journal.rollbacks.len(), 2);
    world.assert_clean().await;
}

#[tokio::test]
async fn a_panic_in_the_rollback_keeps_no_fault_in_place() {
    let world =
        World::new(|line, _, _| assert!(!line.contains("two: rollback:"), "on purpose")).await;
    let journal = world.run().await;
    assert_eq!(
        (journal.outcome(), journal.detail.as_str()),
        (Outcome::Broken, "a bug: the runner panicked")
    );
    assert_eq!(journal.rollbacks.len(), 2);
    world.assert_clean().await;
}

#[tokio::test]
async fn a_toxiproxy_that_goes_away_leaves_the_fault_named() {
    let world = World::new(|line, _, server| {
        if line.contains("gone: felt after") {
            drop(server.lock().unwrap().take());
        }
    })
    .await;
    let journal = world.run().await;
    assert_eq!(journal.outcome(), Outcome::Broken);
    assert!(
        journal.detail.starts_with("left behind: disable redis"),
        "{}",
        journal.detail
    );
    assert!(world.toxiproxy.lock().unwrap().is_none());
}

#[tokio::test]
async fn what_people_read_tells_the_story() {
    let world = World::new(ignore).await;
    world.run().await;
    let lines = world.lines.lock().unwrap();
    let story = lines
        .iter()
        .filter(|line| !line.contains(" s ") || line.contains("felt"));
    let seconds = |line: &String| {
        let words = line.split(' ').map(|word| {
            if word.parse::<f64>().is_ok() && word.contains('.') {
                "N"
            } else {
                word
            }
        });
        words.collect::<Vec<_>>().join(" ")
    };
    let story: Vec<String> = story.map(seconds).collect();
    insta::assert_snapshot!(story.join("\n"), @r"
    two: begin: Redis is slow, then gone
    two: before: works 1, answers 200
    two: slow: add latency latency=800 to redis downstream
    two: slow: felt after N s: toxics 1
    two: gone: disable redis
    two: gone: felt after N s: disabled 1
    two: rollback: enable redis
    two: rollback: remove latency_downstream from redis
    two: after: well again after N s: works 1, answers 200
    two: verdict: held
    ");
}
