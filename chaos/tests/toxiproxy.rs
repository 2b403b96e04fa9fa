//! The API of the embedded server from outside.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod stand;

use chaos::toxiproxy::ToxiproxyServer;
use serde_json::{Value, json};
use stand::{Server, echo};
use tokio::net::TcpListener;

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
