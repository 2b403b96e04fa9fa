//! What the service tells about itself.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::Uri;
use tokio::time::Instant;

use crate::desk::{Desk, PATIENCE};

const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const TRACE_ID: &str = "0af7651916cd43dd8448eb211c80319c";

#[tokio::test]
async fn every_series_that_can_happen_is_there_from_the_start() {
    let desk = Desk::open(&[]).await;
    desk.await_value("process_threads", |threads| threads > 0.0)
        .await;
    let exposition = desk.metrics().await;
    let names: BTreeSet<String> = exposition
        .lines()
        .filter(|line| !line.starts_with('#') && !line.contains("_bucket{"))
        .filter_map(|line| Some(line.rsplit_once(' ')?.0.to_owned()))
        .filter(|name| !name.ends_with("_sum") && !name.contains("_sum{"))
        // Its source depends on the machine.
        .map(|name| {
            if name.starts_with("cpu_saturation_ratio") {
                "cpu_saturation_ratio".to_owned()
            } else {
                name
            }
        })
        .collect();
    insta::assert_snapshot!(names.into_iter().collect::<Vec<_>>().join("\n"));
}

#[tokio::test]
async fn a_trace_is_continued_and_logged() {
    let desk = Desk::open(&[]).await;
    let request = desk
        .http
        .get(desk.url("/v1/card.png?title=a"))
        .header("traceparent", PARENT);
    let answer = request.send().await.unwrap();
    let sent = answer.headers()["traceparent"].to_str().unwrap().to_owned();
    answer.bytes().await.unwrap();
    assert!(
        sent.starts_with(&format!("00-{TRACE_ID}-")) && sent.ends_with("-01"),
        "{sent}"
    );
    let log = desk.close().await;
    let line = log
        .iter()
        .find(|line| line["trace_id"] == TRACE_ID)
        .unwrap();
    assert_eq!(line["span_id"], sent[36..52]);
    assert_eq!(line["trace_flags"], "01");
    assert_eq!(line["message"], "GET /v1/card.png 200");
    assert_eq!(line["render.source"], "drawn");
    assert_eq!(line["http.response.status_code"], 200);
    assert!(line["http.response.body.size"].as_u64().unwrap() > 1_000);
}

#[tokio::test]
async fn each_request_is_one_log_line_and_one_observation() {
    let desk = Desk::open(&[]).await;
    for index in 0..25 {
        desk.get(&format!("/v1/card.png?title={}", index % 5))
            .await
            .bytes()
            .await
            .unwrap();
    }
    let series = "http_server_request_duration_seconds_count{error_type=\"\",http_request_method=\"GET\",\
                  http_response_status_code=\"200\",http_route=\"/v1/card.png\"}";
    desk.await_value(series, |count| count == 25.0).await;
    let log = desk.close().await;
    assert_eq!(
        log.iter()
            .filter(|line| line["message"] == "GET /v1/card.png 200")
            .count(),
        25
    );
}

#[tokio::test]
async fn a_collector_that_is_absent_fails_nothing() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let endpoint = format!("telemetry.otlp_endpoint=http://{nobody}");
    let desk = Desk::open(&[&endpoint, "telemetry.trace_ratio=1.0"]).await;
    for index in 0..10 {
        assert_eq!(
            desk.get(&format!("/v1/card.png?title={index}"))
                .await
                .status(),
            200
        );
    }
    desk.await_value("telemetry_dropped_total{signal=\"traces\"}", |dropped| {
        dropped > 0.0
    })
    .await;
    let log = desk.close().await;
    let said = |line: &serde_json::Value| {
        line["message"]
            .as_str()
            .unwrap()
            .starts_with("The collector does not take")
    };
    assert!(log.iter().any(said), "{log:?}");
}

/// Paths and bodies that a collector was sent.
type Received = Arc<Mutex<Vec<(String, Bytes)>>>;

async fn collect(State(received): State<Received>, uri: Uri, body: Bytes) {
    received.lock().unwrap().push((uri.path().to_owned(), body));
}

fn has(received: &Received, path: &str, needle: &[u8]) -> bool {
    let received = received.lock().unwrap();
    received
        .iter()
        .any(|(to, body)| to == path && body.windows(needle.len()).any(|window| window == needle))
}

#[tokio::test]
async fn a_collector_receives_spans_and_logs_of_the_trace() {
    let received = Received::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!(
        "telemetry.otlp_endpoint=http://{}",
        listener.local_addr().unwrap()
    );
    let app = Router::new()
        .fallback(collect)
        .with_state(Arc::clone(&received));
    tokio::spawn(async move { axum::serve(listener, app).await });
    let desk = Desk::open(&[&endpoint, "telemetry.trace_ratio=0.0"]).await;
    let request = desk
        .http
        .get(desk.url("/v1/card.png?title=a"))
        .header("traceparent", PARENT);
    request.send().await.unwrap().bytes().await.unwrap();
    desk.get("/v1/card.png?title=unsampled")
        .await
        .bytes()
        .await
        .unwrap();

    let trace_id: Vec<u8> = (0..16)
        .map(|index| u8::from_str_radix(&TRACE_ID[index * 2..index * 2 + 2], 16).unwrap())
        .collect();
    let begun = Instant::now();
    for (path, needle) in [
        ("/v1/traces", &trace_id[..]),
        ("/v1/traces", b"GET /v1/card.png"),
        ("/v1/traces", b"render.raster"),
        ("/v1/traces", b"service.version"),
        ("/v1/logs", &trace_id[..]),
        ("/v1/logs", b"GET /v1/card.png 200"),
    ] {
        while !has(&received, path, needle) {
            assert!(
                begun.elapsed() < PATIENCE,
                "{path} was not sent {}",
                String::from_utf8_lossy(needle)
            );
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
    desk.close().await;
    // One request span: the other request was not sampled.
    let count = |needle: &[u8]| {
        let received = received.lock().unwrap();
        let spans = received.iter().filter(|(path, _)| path == "/v1/traces");
        spans
            .map(|(_, body)| {
                body.windows(needle.len())
                    .filter(|window| *window == needle)
                    .count()
            })
            .sum::<usize>()
    };
    assert_eq!(count(b"GET /v1/card.png"), 1);
}
