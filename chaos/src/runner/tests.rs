//! A run against the embedded server, and a Prometheus that reports what the proxy really does.

mod ends;
mod judged;

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::extract::{Query, State};
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use signals::CHAOS_FAULT_ACTIVE;

use super::*;
use crate::client::{Change, ProxyWanted};
use crate::experiment::Around;
use crate::show::Moment;
use crate::toxiproxy::ToxiproxyServer;

/// Two stages on one proxy, cut from the method.
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
  - {name: proofmark, metrics: any, effect: {within: EFFECT}, recovery: {within: RECOVERY}EXTRA}
"#;

/// The file with times that nothing misses, and more in its extension.
fn file(extra: &str) -> String {
    let extra = if extra.is_empty() {
        String::new()
    } else {
        format!(", {extra}")
    };
    let file = FILE.replace("EFFECT", "30s").replace("RECOVERY", "30s");
    file.replace("EXTRA", &extra)
}

/// The file with times that are over soon, for what never comes.
fn impatient() -> String {
    let file = FILE.replace("EFFECT", "1s").replace("RECOVERY", "1s");
    file.replace("EXTRA", "")
}

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
        // The numbers of the toxic, over a value that is there before it.
        "latency" => {
            let latency = redis["toxics"][0]["attributes"]["latency"].as_i64();
            return one(10 + latency.unwrap_or(0));
        }
        "broken_share" => return one(i64::from(disabled)),
        "errors" => return share(is(&behaviour.is_silent)),
        query if query.starts_with("ALERTS") => return alerts(disabled),
        query if query.contains("missing") => return nothing(),
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

fn one(value: i64) -> Json<Value> {
    let sample = json!({ "metric": {}, "value": [0, value.to_string()] });
    Json(json!({ "status": "success", "data": { "resultType": "vector", "result": [sample] } }))
}

fn nothing() -> Json<Value> {
    Json(json!({ "status": "success", "data": { "resultType": "vector", "result": [] } }))
}

/// A quarter of what users asked for was bad, when that is known.
fn share(is_silent: bool) -> Json<Value> {
    let sample = json!({ "metric": {}, "value": [0, "0.25"] });
    let result = if is_silent {
        json!([])
    } else {
        json!([sample])
    };
    Json(json!({ "status": "success", "data": { "resultType": "vector", "result": result } }))
}

/// One alert was there before; another one fires while the proxy is down.
fn alerts(disabled: bool) -> Json<Value> {
    let alert = |name: &str| json!({ "metric": { "__name__": "ALERTS", "alertname": name, "alertstate": "firing" }, "value": [0, "1"] });
    let mut result = vec![alert("Always")];
    if disabled {
        result.push(alert("RedisGone"));
    }
    Json(json!({ "status": "success", "data": { "resultType": "vector", "result": result } }))
}

/// What a person would see.
struct Said {
    lines: Arc<Mutex<Vec<String>>>,
    react: Box<dyn Fn(&str) + Send + Sync>,
}

impl Show for Said {
    fn line(&self, text: &str) {
        self.lines.lock().unwrap().push(text.to_owned());
        (self.react)(text);
    }

    fn moment(&self, _: &Moment) {}
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
            processes: None,
            observer: Arc::new(Observer::new(&url, &url).unwrap()),
            meter: Arc::new(Meter::new(&[CHAOS_FAULT_ACTIVE.metric()])),
            telemetry: Telemetry::new(None).unwrap(),
            scale: 1.0,
            pace: Duration::from_millis(10),
            lease: Duration::from_secs(60),
            holder: "test".to_owned(),
            show: Box::new(Said {
                lines: said,
                react: Box::new(move |line| react(line, &stopping, &reached)),
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
        self.run_file(&file("")).await
    }

    async fn run_file(&self, text: &str) -> Journal {
        let plan = Plan::parse("two", "two.yaml", text, Around::default()).unwrap();
        self.run_plan(&plan).await
    }

    async fn run_plan(&self, plan: &Plan) -> Journal {
        let run = run(plan, &self.tools, &self.stop);
        tokio::time::timeout(Duration::from_secs(60), run)
            .await
            .expect("the run hangs")
    }

    async fn assert_clean(&self) {
        let proxies = self.tools.toxiproxy.proxies().await.unwrap();
        assert_eq!(proxies["redis"].trouble(), None);
        // The lease has been given back: another runner gets one.
        let (redis, time) = (["redis".to_owned()], Duration::from_secs(3));
        let lease = Lease::take(&self.tools.toxiproxy, "another", &redis, time).await;
        lease.unwrap().release().await.unwrap();
        let text = self.tools.meter.encode();
        assert!(!text.lines().any(|line| line.ends_with(" 1")), "{text}");
    }
}

fn ignore(_: &str, _: &CancellationToken, _: &Mutex<Option<ToxiproxyServer>>) {}
