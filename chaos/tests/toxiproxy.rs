//! The embedded server over real sockets: its API, and what happens to bytes.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use chaos::toxiproxy::ToxiproxyServer;
use rand::rngs::StdRng;
use rand::{Rng, RngCore, SeedableRng};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// How long anything in these tests may take before it counts as hanging.
const PATIENCE: Duration = Duration::from_secs(20);

struct Server {
    server: ToxiproxyServer,
    http: reqwest::Client,
}

impl Server {
    async fn start() -> Self {
        let listen = "127.0.0.1:0".parse().unwrap();
        let server = ToxiproxyServer::start(listen, 7, Vec::new()).await.unwrap();
        let http = reqwest::Client::builder()
            .no_proxy()
            .timeout(PATIENCE)
            .build()
            .unwrap();
        Self { server, http }
    }

    async fn call(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let url = format!("http://{}{path}", self.server.address);
        let mut request = self.http.request(method.parse().unwrap(), url);
        if !body.is_null() {
            request = request.body(body.to_string());
        }
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        let text = answer.text().await.unwrap();
        (
            status,
            serde_json::from_str(&text).unwrap_or(Value::String(text)),
        )
    }

    /// A proxy called `p` that leads to `upstream`; gives the address that it listens on.
    async fn proxy_to(&self, upstream: SocketAddr) -> SocketAddr {
        let wanted =
            json!({ "name": "p", "listen": "127.0.0.1:0", "upstream": upstream.to_string() });
        let (status, made) = self.call("POST", "/proxies", wanted).await;
        assert_eq!(status, 201, "{made}");
        made["listen"].as_str().unwrap().parse().unwrap()
    }

    async fn add(&self, toxic: Value) {
        let (status, answer) = self.call("POST", "/proxies/p/toxics", toxic).await;
        assert_eq!(status, 200, "{answer}");
    }
}

/// Sends everything back that it is sent.
async fn echo() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut read, mut write) = stream.into_split();
                let _ = tokio::io::copy(&mut read, &mut write).await;
            });
        }
    });
    address
}

async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    let done = tokio::time::timeout(PATIENCE, future).await;
    done.unwrap_or_else(|_| panic!("{what} hangs"))
}

async fn round_trip(client: &mut TcpStream) -> Duration {
    let began = Instant::now();
    client.write_all(b"ping").await.unwrap();
    let mut answer = [0; 4];
    within("an echo", client.read_exact(&mut answer))
        .await
        .unwrap();
    assert_eq!(&answer, b"ping");
    began.elapsed()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_megabyte_each_way_stays_intact_while_toxics_come_and_go() {
    let server = Server::start().await;
    let address = server.proxy_to(echo().await).await;
    let mut sent = vec![0; 1024 * 1024];
    StdRng::seed_from_u64(1).fill_bytes(&mut sent);
    let expected = sent.clone();
    let (mut read, mut write) = TcpStream::connect(address).await.unwrap().into_split();
    let writer = tokio::spawn(async move {
        // Paced, so that the toxics of this test find bytes on their way in every state.
        for piece in sent.chunks(8 * 1024) {
            write.write_all(piece).await.unwrap();
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        write.shutdown().await.unwrap();
    });
    let reader = tokio::spawn(async move {
        let mut received = Vec::new();
        read.read_to_end(&mut received).await.unwrap();
        received
    });
    let mut random = StdRng::seed_from_u64(2);
    let mut changes = 0;
    while !writer.is_finished() {
        let stream = if random.random() {
            "upstream"
        } else {
            "downstream"
        };
        let delay: u32 = random.random_range(0..20);
        let attributes = json!({ "latency": delay, "jitter": delay });
        server.add(json!({ "name": "t", "type": "latency", "stream": stream, "attributes": attributes })).await;
        let update = json!({ "attributes": { "latency": delay / 2 } });
        assert_eq!(
            server.call("PATCH", "/proxies/p/toxics/t", update).await.0,
            200
        );
        assert_eq!(
            server
                .call("DELETE", "/proxies/p/toxics/t", Value::Null)
                .await
                .0,
            204
        );
        changes += 3;
    }
    let received = within("the echo", reader).await.unwrap();
    assert!(
        changes > 30,
        "only {changes} changes were made under traffic"
    );
    assert!(
        received == expected,
        "{} of {} bytes came back intact",
        received.len(),
        expected.len()
    );
}

#[tokio::test]
async fn latency_delays_an_open_connection_and_its_removal_frees_it() {
    let server = Server::start().await;
    let address = server.proxy_to(echo().await).await;
    let mut client = TcpStream::connect(address).await.unwrap();
    assert!(round_trip(&mut client).await < Duration::from_millis(200));
    server
        .add(json!({ "type": "latency", "attributes": { "latency": 300 } }))
        .await;
    assert!(round_trip(&mut client).await >= Duration::from_millis(300));
    server
        .call(
            "DELETE",
            "/proxies/p/toxics/latency_downstream",
            Value::Null,
        )
        .await;
    assert!(round_trip(&mut client).await < Duration::from_millis(200));
}

#[tokio::test]
async fn a_timeout_of_0_swallows_all_and_its_removal_closes() {
    let server = Server::start().await;
    let address = server.proxy_to(echo().await).await;
    let mut client = TcpStream::connect(address).await.unwrap();
    round_trip(&mut client).await;
    server
        .add(json!({ "type": "timeout", "attributes": { "timeout": 0 } }))
        .await;
    client.write_all(b"ping").await.unwrap();
    let mut answer = [0; 4];
    let silence = tokio::time::timeout(Duration::from_millis(200), client.read(&mut answer)).await;
    assert!(silence.is_err(), "{silence:?}");
    server
        .call(
            "DELETE",
            "/proxies/p/toxics/timeout_downstream",
            Value::Null,
        )
        .await;
    assert_eq!(
        within("the close", client.read(&mut answer)).await.unwrap(),
        0
    );
}

#[tokio::test]
async fn reset_peer_answers_the_first_bytes_of_a_new_connection_with_a_reset() {
    let server = Server::start().await;
    let address = server.proxy_to(echo().await).await;
    server
        .add(json!({ "type": "reset_peer", "attributes": { "timeout": 50 } }))
        .await;
    let mut client = TcpStream::connect(address).await.unwrap();
    client.write_all(b"ping").await.unwrap();
    let error = within("the reset", client.read(&mut [0; 4]))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn a_disabled_proxy_refuses_and_closes_and_comes_back_on_its_port_with_its_toxics() {
    let server = Server::start().await;
    let address = server.proxy_to(echo().await).await;
    let mut client = TcpStream::connect(address).await.unwrap();
    round_trip(&mut client).await;
    server.add(json!({ "type": "noop" })).await;
    let (status, proxy) = server
        .call("POST", "/proxies/p", json!({ "enabled": false }))
        .await;
    assert_eq!((status, &proxy["enabled"]), (200, &json!(false)));
    let refused = TcpStream::connect(address).await.unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
    assert_eq!(
        within("the close", client.read(&mut [0; 4]))
            .await
            .unwrap_or(0),
        0
    );
    let (_, proxy) = server
        .call("PATCH", "/proxies/p", json!({ "enabled": true }))
        .await;
    assert_eq!(proxy["listen"], json!(address.to_string()));
    assert_eq!(proxy["toxics"][0]["name"], json!("noop_downstream"));
    round_trip(&mut TcpStream::connect(address).await.unwrap()).await;
}

#[tokio::test]
async fn a_half_closed_connection_still_gets_its_answer() {
    let server = Server::start().await;
    let address = server.proxy_to(echo().await).await;
    let mut client = TcpStream::connect(address).await.unwrap();
    client.write_all(b"question").await.unwrap();
    client.shutdown().await.unwrap();
    let mut answer = Vec::new();
    within("the answer", client.read_to_end(&mut answer))
        .await
        .unwrap();
    assert_eq!(answer, b"question");
}

#[tokio::test]
async fn the_api_answers_while_a_client_has_stopped_reading() {
    let server = Server::start().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = server.proxy_to(listener.local_addr().unwrap()).await;
    let client = TcpStream::connect(address).await.unwrap();
    let (mut flooding, _) = listener.accept().await.unwrap();
    let flood = tokio::spawn(async move {
        let block = vec![0; 64 * 1024];
        while flooding.write_all(&block).await.is_ok() {}
    });
    server
        .add(json!({ "type": "latency", "attributes": { "latency": 5 } }))
        .await;
    // The flood stands still when nothing was written for a while.
    tokio::time::sleep(Duration::from_millis(300)).await;
    let began = Instant::now();
    let gone = "/proxies/p/toxics/latency_downstream";
    assert_eq!(server.call("DELETE", gone, Value::Null).await.0, 204);
    server
        .add(json!({ "type": "timeout", "attributes": { "timeout": 0 } }))
        .await;
    assert_eq!(
        server.call("DELETE", "/proxies/p", Value::Null).await.0,
        204
    );
    assert!(
        began.elapsed() < Duration::from_secs(2),
        "{:?}",
        began.elapsed()
    );
    within("the flood", flood).await.unwrap();
    drop(client);
}

#[tokio::test]
async fn an_upstream_that_is_not_there_closes_the_client() {
    let server = Server::start().await;
    let nobody = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let address = server.proxy_to(nobody).await;
    let mut client = TcpStream::connect(address).await.unwrap();
    assert_eq!(
        within("the close", client.read(&mut [0; 4]))
            .await
            .unwrap_or(0),
        0
    );
}

/// Calls of the API, one a line; `UP` is the address of an upstream.
const CALLS: &str = r#"
GET /version
POST /proxies {"name": "p", "upstream": "UP"}
POST /proxies {"upstream": "UP"}
POST /proxies {"name": "q"}
POST /proxies {"name": "q", "upstream": "127.0.0.1:1", "listen": "127.0.0.1"}
POST /proxies {"name": "q", "upstream": "127.0.0.1:1", "listen": "127.0.0.1:http"}
POST /proxies {"name": "q", "upstream": "example.org:80"}
POST /proxies {"name": "q", "upstream": "UP", "listen": "0.0.0.0:0"}
POST /proxies "p"
GET /proxies/q
PATCH /proxies/q {"enabled": false}
DELETE /proxies/q
POST /proxies/p/toxics {"type": "latency", "attributes": {"latency": 5}}
POST /proxies/p/toxics {"type": "latency", "attributes": {"latency": 5}}
POST /proxies/p/toxics {"type": "noop", "stream": "up"}
POST /proxies/p/toxics {"type": "bandwidth"}
POST /proxies/p/toxics {"type": "latency", "stream": "upstream", "name": "latency_downstream"}
GET /proxies/p/toxics/latency_downstream
POST /proxies/p/toxics/latency_downstream {"toxicity": 0.5}
PATCH /proxies/p/toxics/latency_downstream {"toxicity": 2}
GET /proxies/p/toxics/nothing
DELETE /proxies/p/toxics/nothing
DELETE /proxies/p/toxics/latency_downstream
GET /proxies/p/toxics
DELETE /proxies/p
GET /proxies
"#;

#[tokio::test]
async fn the_api_answers_as_toxiproxy_does() {
    let server = Server::start().await;
    let upstream = echo().await;
    server.proxy_to(upstream).await;
    let mut seen = String::new();
    for call in CALLS.trim().lines() {
        let mut parts = call.splitn(3, ' ');
        let (method, path) = (parts.next().unwrap(), parts.next().unwrap());
        let body = parts
            .next()
            .unwrap_or("null")
            .replace("UP", &upstream.to_string());
        let body = serde_json::from_str(&body).unwrap();
        let (status, answer) = server.call(method, path, body).await;
        seen += &format!("{call}\n  {status} {answer}\n");
    }
    insta::assert_snapshot!(seen);
}

#[tokio::test]
async fn a_busy_port_is_said_to_be_busy() {
    let server = Server::start().await;
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let taken = taken
        .local_addr()
        .map(|address| (taken, address.to_string()));
    let (_held, address) = taken.unwrap();
    let busy = json!({ "name": "busy", "upstream": "127.0.0.1:1", "listen": address });
    let (status, answer) = server.call("POST", "/proxies", busy).await;
    assert_eq!(status, 500, "{answer}");
    let error = answer["error"].as_str().unwrap();
    assert!(error.contains("in use"), "{answer}");
}

#[tokio::test]
async fn populate_leaves_equal_proxies_alone_and_reset_cleans_all() {
    let server = Server::start().await;
    let upstream = echo().await.to_string();
    let pack = |name: &str, upstream: &str| json!({ "name": name, "listen": "127.0.0.1:0", "upstream": upstream, "enabled": true, "toxics": [] });
    let wanted = json!([pack("p", &upstream), pack("q", &upstream)]);
    let (status, first) = server.call("POST", "/populate", wanted).await;
    assert_eq!(status, 201, "{first}");
    server
        .add(json!({ "type": "latency", "attributes": { "latency": 5 } }))
        .await;
    server
        .call("POST", "/proxies/q", json!({ "enabled": false }))
        .await;
    let same = first["proxies"].clone();
    let (_, second) = server.call("POST", "/populate", same).await;
    assert_eq!(
        second["proxies"][0]["listen"],
        first["proxies"][0]["listen"]
    );
    assert_eq!(
        second["proxies"][0]["toxics"][0]["name"],
        "latency_downstream"
    );
    assert_eq!(second["proxies"][1]["enabled"], false);
    assert_eq!(server.call("POST", "/reset", Value::Null).await.0, 204);
    let (_, all) = server.call("GET", "/proxies", Value::Null).await;
    for name in ["p", "q"] {
        assert_eq!(
            (&all[name]["enabled"], &all[name]["toxics"]),
            (&json!(true), &json!([]))
        );
    }
    let (status, broken) = server
        .call("POST", "/populate", json!([{ "name": "r" }]))
        .await;
    assert_eq!(
        (status, broken["error"].as_str()),
        (400, Some("missing required field: upstream at proxy 1"))
    );
}

#[tokio::test]
async fn what_is_too_much_is_refused() {
    let server = Server::start().await;
    server.proxy_to(echo().await).await;
    for number in 0..32 {
        server
            .add(json!({ "name": number.to_string(), "type": "noop" }))
            .await;
    }
    let (status, answer) = server
        .call("POST", "/proxies/p/toxics", json!({ "type": "noop" }))
        .await;
    assert_eq!(
        (status, answer["error"].as_str()),
        (
            400,
            Some("there are 32 toxics of this proxy already, which is the limit")
        )
    );
    let large = json!({ "name": "x".repeat(70 * 1024) });
    assert_eq!(server.call("POST", "/proxies", large).await.0, 413);
    let remote = ToxiproxyServer::start("0.0.0.0:0".parse().unwrap(), 0, Vec::new()).await;
    assert_eq!(remote.unwrap_err().outcome().exit_code(), 2);
}

#[tokio::test]
async fn a_browser_is_refused() {
    let server = Server::start().await;
    let url = format!("http://{}/proxies", server.server.address);
    let answer = server
        .http
        .get(url)
        .header("User-Agent", "Mozilla/5.0")
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 403);
}
