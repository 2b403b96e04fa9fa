//! The API from outside: who may call, leases, metrics, and requests that nobody would send.

mod silence;

use std::io::Write;
use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use reqwest::{Client, Method};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;

/// How long anything may take before it counts as hanging.
const PATIENCE: Duration = Duration::from_secs(30);

fn settings(offer: Offer) -> Settings {
    Settings {
        listen: "127.0.0.1:0".parse().unwrap(),
        seed: 0,
        rules: Rules::default(),
        offer,
        proxies: Vec::new(),
    }
}

/// A server, and whoever calls it.
struct World {
    server: ToxiproxyServer,
    http: Client,
}

impl World {
    async fn new(offer: Offer) -> Self {
        let server = ToxiproxyServer::start_with(settings(offer)).await.unwrap();
        let http = Client::builder().no_proxy().timeout(PATIENCE).build();
        let http = http.unwrap();
        Self { server, http }
    }

    async fn with_redis() -> Self {
        let world = Self::new(Offer::default()).await;
        let redis = json!({ "name": "redis", "upstream": "127.0.0.1:1" });
        assert_eq!(world.post("proxies", redis).await.0, 201);
        world
    }

    async fn send(&self, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
        let url = format!("http://{}/{path}", self.server.address);
        let mut request = self.http.request(method, url);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        let text = answer.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        self.send(Method::POST, path, Some(body)).await
    }

    async fn get(&self, path: &str) -> Value {
        self.send(Method::GET, path, None).await.1
    }

    async fn lease(&self, seconds: u64, proxies: &[&str]) -> String {
        let wanted = json!({ "holder": "me", "seconds": seconds, "proxies": proxies });
        let (status, lease) = self.post("leases", wanted).await;
        assert_eq!(
            (status, &lease["expires_in_seconds"]),
            (201, &json!(seconds))
        );
        lease["id"].as_str().unwrap().to_owned()
    }
}

#[tokio::test]
async fn what_is_done_under_a_lease_is_undone_when_it_ends() {
    let world = World::with_redis().await;
    let lease = world.lease(60, &["redis", "brought"]).await;
    let kept = json!({ "name": "kept", "type": "noop" });
    assert_eq!(
        world.post("proxies/redis/toxics", kept.clone()).await.0,
        200
    );
    let toxic = json!({ "name": "slow", "type": "latency", "lease": lease });
    assert_eq!(world.post("proxies/redis/toxics", toxic).await.0, 200);
    let more = json!({ "attributes": { "latency": 5 }, "lease": lease });
    assert_eq!(
        world
            .post("proxies/redis/toxics/slow", more.clone())
            .await
            .0,
        200
    );
    // That one could not be brought back to what it was.
    assert_eq!(world.post("proxies/redis/toxics/kept", more).await.0, 409);
    let down = json!({ "enabled": false, "lease": lease });
    assert_eq!(world.post("proxies/redis", down).await.1["enabled"], false);
    let brought = json!({ "name": "brought", "upstream": "127.0.0.1:1", "lease": lease });
    assert_eq!(world.post("proxies", brought).await.0, 201);
    let renewed = world.post(&format!("leases/{lease}"), json!({})).await;
    assert_eq!(renewed.0, 200);
    assert_eq!(world.get("leases").await[0]["holder"], "me");

    let path = format!("leases/{lease}");
    assert_eq!(world.send(Method::DELETE, &path, None).await.0, 204);
    let proxies = world.get("proxies").await;
    assert_eq!(proxies["redis"]["enabled"], true);
    assert_eq!(proxies["redis"]["toxics"].as_array().unwrap().len(), 1);
    assert_eq!(proxies["redis"]["toxics"][0]["name"], "kept");
    assert_eq!(proxies["brought"], Value::Null);
    assert_eq!(world.get("leases").await, json!([]));
    assert_eq!(world.send(Method::DELETE, &path, None).await.0, 404);
    assert_eq!(world.send(Method::POST, &path, None).await.0, 404);
}

#[tokio::test]
async fn under_a_lease_that_is_none_nothing_is_touched() {
    let world = World::with_redis().await;
    let before = world.get("proxies").await;
    let lease = world.lease(60, &["other"]).await;
    for lease in [lease.as_str(), "unknown", ""] {
        let changes = [
            (
                "proxies/redis/toxics",
                json!({ "type": "noop", "lease": lease }),
            ),
            ("proxies/redis", json!({ "enabled": false, "lease": lease })),
            (
                "proxies",
                json!({ "name": "new", "upstream": "127.0.0.1:1", "lease": lease }),
            ),
            (
                "populate",
                json!([{ "name": "redis", "upstream": "127.0.0.1:2", "lease": lease }]),
            ),
        ];
        for (path, body) in changes {
            let (status, said) = world.post(path, body).await;
            assert_eq!((status, &said["status"]), (409, &json!(409)), "{path}");
        }
    }
    assert_eq!(world.get("proxies").await, before);
}

#[tokio::test]
async fn a_proxy_whose_port_was_taken_is_enabled_as_soon_as_it_is_free() {
    let world = World::with_redis().await;
    let lease = world.lease(5, &["redis"]).await;
    let down = json!({ "enabled": false, "lease": lease });
    let (_, redis) = world.post("proxies/redis", down).await;
    let taken = TcpListener::bind(redis["listen"].as_str().unwrap())
        .await
        .unwrap();
    let refused = async {
        while world.get("leases").await[0]["expires_in_seconds"] != json!(0) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, refused).await.unwrap();
    assert_eq!(world.get("proxies").await["redis"]["enabled"], false);
    drop(taken);
    let mended = async {
        while world.get("leases").await != json!([]) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, mended).await.unwrap();
    assert_eq!(world.get("proxies").await["redis"]["enabled"], true);
}

#[tokio::test]
async fn who_does_not_know_the_token_learns_the_version_alone() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(b"tell-nobody\n").unwrap();
    let token = Some(read_token(file.path()).unwrap());
    let offer = Offer {
        token,
        ..Offer::default()
    };
    let world = World::new(offer).await;
    let call = |path: &str, sent: Option<&str>| {
        let request = world
            .http
            .get(format!("http://{}/{path}", world.server.address));
        match sent {
            Some(sent) => request.header("authorization", sent),
            None => request,
        }
    };
    assert_eq!(call("version", None).send().await.unwrap().status(), 200);
    for sent in [
        None,
        Some("Bearer tell-nobod"),
        Some("tell-nobody"),
        Some("Basic tell-nobody"),
    ] {
        for path in ["proxies", "leases", "nowhere"] {
            let answer = call(path, sent).send().await.unwrap();
            assert_eq!(answer.status(), 401, "{sent:?}");
            assert_eq!(answer.headers()["www-authenticate"], "Bearer");
        }
    }
    let right = call("proxies", Some("Bearer tell-nobody"))
        .send()
        .await
        .unwrap();
    assert_eq!(right.status(), 200);
    let token = Token::parse("tell-nobody").unwrap();
    let client = crate::client::Toxiproxy::connect_plainly(world.server.address, Some(&token));
    assert!(client.await.unwrap().proxies().await.unwrap().is_empty());
    assert!(Token::parse("short").is_err() && Token::parse("two words").is_err());
}

#[tokio::test]
async fn metrics_are_there_on_request_and_leases_are_not_on_an_original() {
    let world = World::with_redis().await;
    assert_eq!(world.send(Method::GET, "metrics", None).await.0, 404);
    let offer = Offer {
        metrics: true,
        runtime_metrics: true,
        as_original: true,
        token: None,
    };
    let world = World::new(offer).await;
    let redis = json!({ "name": "redis", "upstream": "127.0.0.1:1", "lease": "ignored" });
    assert_eq!(world.post("proxies", redis).await.0, 201);
    assert_eq!(world.send(Method::GET, "leases", None).await.0, 404);
    let url = format!("http://{}/metrics", world.server.address);
    let page = world
        .http
        .get(url)
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(page.contains(signals::toxiproxy::SENT_BYTES), "{page}");
    assert!(page.contains(signals::toxiproxy::RESIDENT_BYTES), "{page}");
}

#[tokio::test]
async fn a_body_that_is_too_large_and_a_browser_are_refused() {
    let world = World::with_redis().await;
    let large = json!({ "name": "x".repeat(100_000) });
    let (status, said) = world.post("proxies", large).await;
    assert_eq!((status, &said["status"]), (413, &json!(413)));
    assert_eq!(world.send(Method::PUT, "proxies", None).await.0, 405);
    let url = format!("http://{}/version", world.server.address);
    let browser = world
        .http
        .get(url)
        .header("user-agent", "Mozilla/5.0")
        .send()
        .await;
    assert_eq!(browser.unwrap().status(), 403);
}

#[tokio::test]
async fn a_server_stops_in_bounded_time_and_tells_open_connections() {
    let world = World::with_redis().await;
    let address = world.server.address;
    let mut silent = TcpStream::connect(address).await.unwrap();
    silent.write_all(b"GET /prox").await.unwrap();
    tokio::time::timeout(PATIENCE, world.server.stop())
        .await
        .unwrap();
    let mut rest = Vec::new();
    // Closed or reset, whichever comes first.
    let _ = tokio::time::timeout(PATIENCE, silent.read_to_end(&mut rest))
        .await
        .unwrap();
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn a_server_listens_on_ipv6() {
    let mut settings = settings(Offer::default());
    settings.listen = "[::1]:0".parse().unwrap();
    // Some machines have no IPv6 at all.
    let Ok(server) = ToxiproxyServer::start_with(settings).await else {
        return;
    };
    let http = Client::builder().no_proxy().timeout(PATIENCE).build();
    let world = World {
        server,
        http: http.unwrap(),
    };
    let proxy = json!({ "name": "six", "listen": "[::1]:0", "upstream": "[::1]:1" });
    let (status, made) = world.post("proxies", proxy).await;
    assert_eq!(status, 201, "{made}");
    assert!(made["listen"].as_str().unwrap().starts_with("[::1]:"));
}

fn any_path() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        Just("proxies"),
        Just("redis"),
        Just("toxics"),
        Just("leases"),
        Just("populate"),
        Just("reset"),
        Just("metrics"),
        Just("%ff"),
        Just("%2e%2e"),
        Just("é"),
        Just(""),
    ];
    proptest::collection::vec(part, 0..5).prop_map(|parts| parts.join("/"))
}

fn any_body() -> impl Strategy<Value = Vec<u8>> {
    let name = prop_oneof![
        Just("redis"),
        Just("other"),
        Just(""),
        Just("a\nb"),
        Just("1.2.3.4:5")
    ];
    let number = prop_oneof![
        Just(json!(-1)),
        Just(json!(1e300)),
        Just(json!(60)),
        Just(json!(null))
    ];
    let kind = prop_oneof![Just("latency"), Just("timeout"), Just("noop"), Just("none")];
    let object = (name, number, kind, any::<bool>()).prop_map(|(name, number, kind, enabled)| {
        json!({
            "name": name, "upstream": "127.0.0.1:1", "type": kind, "enabled": enabled,
            "toxicity": number, "attributes": { "latency": number, "timeout": number },
            "holder": name, "seconds": number, "proxies": [name],
        })
        .to_string()
        .into_bytes()
    });
    let garbage = proptest::collection::vec(any::<u8>(), 0..64);
    let other = prop_oneof![Just("[]"), Just("null"), Just("[[["), Just("{\"lease\":1}")];
    prop_oneof![3 => object, 1 => garbage, 1 => other.prop_map(|text| text.as_bytes().to_vec())]
}

/// What a command line with a file of these proxies comes to.
async fn begun_with(file: &str) -> Result<Value, Failure> {
    #[derive(Debug, clap::Parser)]
    struct Line {
        #[command(flatten)]
        toxiproxy: Args,
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("toxiproxy.json");
    std::fs::write(&path, file).unwrap();
    let path = path.display().to_string();
    let words = ["toxiproxy", "--listen", "127.0.0.1:0", "--config", &path];
    let args = <Line as clap::Parser>::parse_from(words).toxiproxy;
    let server = ToxiproxyServer::start_with(Settings::from_args(args)?).await?;
    let http = Client::builder().no_proxy().build().unwrap();
    Ok(World { server, http }.get("proxies").await)
}

#[tokio::test]
async fn a_server_begins_with_the_proxies_of_a_file() {
    let file = r#"[{"name": "redis", "listen": "127.0.0.1:0", "upstream": "127.0.0.1:1"},
        {"name": "etcd", "upstream": "127.0.0.1:2", "enabled": false}]"#;
    let proxies = begun_with(file).await.unwrap();
    assert_eq!(proxies["redis"]["upstream"], json!("127.0.0.1:1"));
    assert_eq!(proxies["etcd"]["enabled"], json!(false));
}

#[tokio::test]
async fn a_server_does_not_begin_with_proxies_that_make_no_sense() {
    for file in ["", "{}", r#"[{"name": "redis"}]"#, &"x".repeat(100_000)] {
        let failure = begun_with(file).await.unwrap_err();
        assert_eq!(failure.outcome(), Outcome::Misused, "{failure}");
    }
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let listen = taken.local_addr().unwrap();
    let file = json!([{ "name": "p", "upstream": "127.0.0.1:1", "listen": listen }]);
    let failure = begun_with(&file.to_string()).await.unwrap_err();
    assert_eq!(failure.outcome(), Outcome::Broken, "{failure}");
}

#[test]
fn whatever_is_sent_is_answered_and_never_a_bug() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let world = runtime.block_on(World::with_redis());
    let methods = prop_oneof![
        Just(Method::GET),
        Just(Method::POST),
        Just(Method::PATCH),
        Just(Method::DELETE),
        Just(Method::PUT),
    ];
    let config = Config {
        cases: 400,
        failure_persistence: None,
        ..Config::default()
    };
    let mut runner = TestRunner::new(config);
    let all = (methods, any_path(), any_body());
    let sent = runner.run(&all, |(method, path, body)| {
        let url = format!("http://{}/{path}", world.server.address);
        let request = world.http.request(method, url).body(body);
        let (status, kind, text) = runtime.block_on(async {
            let answer = request.send().await.unwrap();
            let kind = answer.headers().get("content-type").cloned();
            (answer.status().as_u16(), kind, answer.text().await.unwrap())
        });
        // A port that is taken is the only 500 there is.
        prop_assert!(status < 500 || text.contains("listen "), "{status} {text}");
        // What is not there at all, and what cannot be done to it, is said as the original does.
        let is_plain = match status {
            204 | 405 => text.is_empty(),
            404 => text == "404 page not found\n",
            _ => false,
        };
        let is_json = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"))
            && serde_json::from_str::<Value>(&text).is_ok();
        prop_assert!(is_plain || is_json, "{status} {text}");
        Ok(())
    });
    sent.unwrap();
}
