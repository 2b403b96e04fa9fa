//! The client against the embedded server, and against servers that lie, hang or are not there.

use std::time::Instant;

use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::routing::{any, get};
use tokio::net::TcpListener;

use super::*;
use crate::toxiproxy::ToxiproxyServer;

fn latency(name: &str, ms: i64) -> Change {
    let toxic = Toxic {
        name: name.to_owned(),
        kind: "latency".to_owned(),
        stream: "downstream".to_owned(),
        toxicity: 1.0,
        attributes: BTreeMap::from([("latency".to_owned(), ms)]),
    };
    Change::Add {
        proxy: "redis".to_owned(),
        toxic,
    }
}

async fn with_proxy() -> (ToxiproxyServer, Toxiproxy) {
    let listen = "127.0.0.1:0".parse().unwrap();
    let server = ToxiproxyServer::start(listen, 0, Vec::new()).await.unwrap();
    let client = Toxiproxy::connect(server.address).await.unwrap();
    let redis = ProxyWanted {
        name: "redis".to_owned(),
        listen: "127.0.0.1:0".to_owned(),
        upstream: "127.0.0.1:1".to_owned(),
    };
    client.populate(&[redis]).await.unwrap();
    (server, client)
}

/// Serves `app` on a free port.
async fn serve(app: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    address
}

#[tokio::test]
async fn every_change_can_be_made_read_back_and_undone() {
    let (_server, client) = with_proxy().await;
    make_and_undo_all(&client).await;
}

#[tokio::test]
async fn a_server_of_2_1_is_enough() {
    let (server, _) = with_proxy().await;
    let client = Toxiproxy::connect(as_of_2_1(server.address).await).await;
    make_and_undo_all(&client.unwrap()).await;
}

/// A relay to a server that leaves what a server of 2.1 has: the version is plain text, and there
/// are neither PATCH nor leases.
async fn as_of_2_1(server: SocketAddr) -> SocketAddr {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let relay = async move |request: Request| {
        let (path, method) = (request.uri().path().to_owned(), request.method().clone());
        if path == "/version" {
            return (StatusCode::OK, "2.1.4".to_owned());
        }
        if method == "PATCH" || path.starts_with("/leases") {
            return (StatusCode::NOT_FOUND, "404 page not found\n".to_owned());
        }
        let url = format!("http://{server}{path}");
        let body = axum::body::to_bytes(request.into_body(), 64 * 1024).await;
        let answer = http.request(method, url).body(body.unwrap()).send().await;
        let answer = answer.unwrap();
        (answer.status(), answer.text().await.unwrap())
    };
    serve(Router::new().fallback(relay)).await
}

async fn make_and_undo_all(client: &Toxiproxy) {
    let reset = Toxic {
        name: "rst".to_owned(),
        kind: "reset_peer".to_owned(),
        stream: "upstream".to_owned(),
        toxicity: 0.5,
        attributes: BTreeMap::from([("timeout".to_owned(), 10)]),
    };
    let disable = Change::Enable {
        proxy: "redis".to_owned(),
        enabled: false,
    };
    let reset = Change::Add {
        proxy: "redis".to_owned(),
        toxic: reset,
    };
    for change in [
        latency("latency_downstream", 800),
        latency("named", 5),
        reset,
        disable,
    ] {
        client.make(&change).await.unwrap();
        assert!(client.has(&change).await.unwrap(), "{change}");
        client.make(&change.undo().unwrap()).await.unwrap();
        assert!(!client.has(&change).await.unwrap(), "{change}");
    }
    let Change::Add { proxy, toxic } = latency("named", 50) else {
        unreachable!("it adds one");
    };
    let update = Change::Update { proxy, toxic };
    client.make(&latency("named", 5)).await.unwrap();
    assert!(!client.has(&update).await.unwrap());
    client.make(&update).await.unwrap();
    assert!(client.has(&update).await.unwrap());
    client.make(&update.undo().unwrap()).await.unwrap();
    assert_eq!(client.proxies().await.unwrap()["redis"].trouble(), None);
}

#[tokio::test]
async fn a_failure_that_the_crate_hides_is_found() {
    let (_server, client) = with_proxy().await;
    client
        .make(&latency("latency_downstream", 800))
        .await
        .unwrap();
    // The server answers 409, which toxiproxy_rust reports as success.
    let error = client
        .make(&latency("latency_downstream", 80))
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "Toxiproxy was asked to add latency latency=80 to redis downstream and said yes, \
         but its latency is 800"
    );
}

#[tokio::test]
async fn a_server_that_lies_is_found_out() {
    let redis =
        json!({ "name": "redis", "listen": "", "upstream": "", "enabled": true, "toxics": [] });
    let all = json!({ "redis": redis });
    let app = Router::new()
        .route("/version", get(async || r#"{"version": "2.12.0"}"#))
        .route("/proxies", get(async move || axum::Json(all)))
        .fallback(any(async move || axum::Json(redis)));
    let client = Toxiproxy::connect(serve(app).await).await.unwrap();
    let disable = Change::Enable {
        proxy: "redis".to_owned(),
        enabled: false,
    };
    let errors = [
        client
            .make(&latency("latency_downstream", 800))
            .await
            .unwrap_err(),
        client.make(&latency("named", 800)).await.unwrap_err(),
        client.make(&disable).await.unwrap_err(),
    ];
    let texts = errors.map(|error| error.to_string());
    insta::assert_snapshot!(texts.join("\n"), @r"
    Toxiproxy was asked to add latency latency=800 to redis downstream and said yes, but there is no such toxic
    Toxiproxy was asked to add latency latency=800 to redis downstream and said yes, but there is no such toxic
    Toxiproxy was asked to disable redis and said yes, but it is enabled
    ");
}

#[tokio::test]
async fn a_server_that_never_answers_costs_no_more_than_the_deadline() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let began = Instant::now();
    let error = Toxiproxy::connect(listener.local_addr().unwrap())
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "Toxiproxy did not say its version within 5 s"
    );
    assert!(began.elapsed().as_secs() < 8);
}

#[tokio::test]
async fn a_server_that_goes_away_is_an_error_and_no_panic() {
    let (server, client) = with_proxy().await;
    drop(server);
    // The API ends when its task has been aborted.
    while tokio::net::TcpStream::connect(client.address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    let error = client
        .make(&latency("latency_downstream", 800))
        .await
        .unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("Toxiproxy cannot be reached to add latency"),
        "{error}"
    );
}

#[test]
fn versions_are_read_in_both_forms() {
    assert_eq!(version_in("{\"version\": \"2.12.0\"}\n"), "2.12.0");
    assert_eq!(version_in("2.1.4\n"), "2.1.4");
    for supported in ["2.1.0", "2.12.0", "v2.5.0", "3.0.0", "git-d4b2a3f", "git"] {
        assert!(is_supported(supported), "{supported}");
    }
    for other in ["2.0.9", "1.9.9", "", "404 page not found"] {
        assert!(!is_supported(other), "{other}");
    }
}
