//! What the desk answers, without a port.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::http::{Desk, app};
use crate::record::AlertList;
use crate::store::Store;

fn desk(file: &Path) -> Arc<Desk> {
    Desk::new(Store::open(file, 100, Duration::from_millis(50)).unwrap())
}

fn message(status: &str) -> Value {
    json!({
        "version": "4", "status": status, "receiver": "desk", "externalURL": "http://here",
        "alerts": [{
            "status": status, "fingerprint": "a1b2c3d4e5f60718",
            "labels": {"alertname": "LatencyHigh", "severity": "critical"},
            "annotations": {"summary": "Requests are slow."},
            "startsAt": "2026-01-02T03:04:05Z", "endsAt": "2026-01-02T03:14:05Z",
        }],
    })
}

async fn send(desk: &Arc<Desk>, request: Request<Body>) -> (StatusCode, String) {
    let answer = app(Arc::clone(desk)).oneshot(request).await.unwrap();
    let status = answer.status();
    if status.is_client_error() || status.is_server_error() {
        assert_eq!(
            answer.headers()[header::CONTENT_TYPE],
            "application/problem+json"
        );
    }
    let bytes = answer.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(bytes.to_vec()).unwrap())
}

async fn post(desk: &Arc<Desk>, kind: &str, body: impl Into<Body>) -> (StatusCode, String) {
    let request = Request::post("/webhook").header(header::CONTENT_TYPE, kind);
    send(desk, request.body(body.into()).unwrap()).await
}

async fn get(desk: &Arc<Desk>, path: &str) -> (StatusCode, String) {
    send(desk, Request::get(path).body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn an_alert_is_kept_and_listed() {
    let folder = tempfile::tempdir().unwrap();
    let desk = desk(&folder.path().join("desk.db"));
    for status in ["firing", "resolved", "resolved"] {
        let (code, _) = post(&desk, "application/json", message(status).to_string()).await;
        assert_eq!(code, StatusCode::OK);
    }
    let (code, text) = get(&desk, "/alerts").await;
    assert_eq!(code, StatusCode::OK);
    let list: AlertList = serde_json::from_str(&text).unwrap();
    assert_eq!((list.alerts.len(), list.alerts[0].deliveries), (1, 3));
    assert_eq!(
        list.alerts[0].resolved_at.unwrap().to_string(),
        "2026-01-02T03:14:05Z"
    );
    assert_eq!(get(&desk, "/livez").await.0, StatusCode::OK);
    let (_, metrics) = get(&desk, "/metrics").await;
    assert!(
        metrics.contains("desk_webhooks_total{result=\"accepted\"} 3"),
        "{metrics}"
    );
}

#[tokio::test]
async fn what_is_wrong_is_named_and_nothing_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let desk = desk(&folder.path().join("desk.db"));
    let json = "application/json";
    let mut second = message("firing");
    second["alerts"]
        .as_array_mut()
        .unwrap()
        .push(json!({"status": "firing"}));
    let many = json!({"version": "4", "alerts": vec![Value::Null; 1_001]});
    let large = format!("{}{}", message("firing"), " ".repeat(1024 * 1024));
    let told = [
        post(&desk, "text/plain", message("firing").to_string()).await,
        post(&desk, json, "{\"version\": ").await,
        post(&desk, json, vec![0xff, 0xfe]).await,
        post(&desk, json, second.to_string()).await,
        post(&desk, json, many.to_string()).await,
        post(&desk, json, large).await,
        get(&desk, "/webhook").await,
        get(&desk, "/alerts?limit=0").await,
        get(&desk, "/alerts?limit=many").await,
        get(&desk, "/alerts?page=2").await,
        get(&desk, "/").await,
    ];
    let lines = told.map(|(_, text)| {
        let problem: Value = serde_json::from_str(&text).unwrap();
        format!("{} {}", problem["status"], problem["detail"])
    });
    insta::assert_snapshot!(lines.join("\n"), @r#"
    415 "content type \"text/plain\": expected application/json"
    400 "the body is not JSON: EOF while parsing a value at line 1 column 12"
    400 "the body is not JSON: expected value at line 1 column 1"
    400 "/alerts/1/fingerprint: expected 1 to 64 hexadecimal digits"
    413 "/alerts: 1001 alerts, more than 1000"
    413 "the body is larger than 1048576 bytes"
    405 "GET /webhook: expected POST"
    400 "limit 0: expected 1 to 100000"
    400 "Failed to deserialize query string: limit: invalid digit found in string"
    400 "Failed to deserialize query string: page: unknown field `page`, expected `limit`"
    404 "/: expected one of /webhook, /alerts, /livez and /metrics"
    "#);
    let (_, list) = get(&desk, "/alerts").await;
    assert!(
        serde_json::from_str::<AlertList>(&list)
            .unwrap()
            .alerts
            .is_empty()
    );
    let (_, metrics) = get(&desk, "/metrics").await;
    assert!(
        metrics.contains("desk_webhooks_total{result=\"rejected\"} 6"),
        "{metrics}"
    );
}

#[tokio::test]
async fn a_store_that_cannot_write_is_answered_with_500_so_that_it_is_sent_again() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("desk.db");
    let desk = desk(&file);
    let other = rusqlite::Connection::open(&file).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let send = || post(&desk, "application/json", message("firing").to_string());
    let (code, text) = send().await;
    assert_eq!(code, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(!text.contains("SQLite"), "{text}");
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(send().await.0, StatusCode::OK);
    let (_, metrics) = get(&desk, "/metrics").await;
    assert!(
        metrics.contains("desk_webhooks_total{result=\"failed\"} 1"),
        "{metrics}"
    );
}

#[tokio::test]
async fn many_at_once_are_each_kept_or_told_to_come_again() {
    let folder = tempfile::tempdir().unwrap();
    let desk = desk(&folder.path().join("desk.db"));
    let sends = (0..100).map(|number| {
        let desk = Arc::clone(&desk);
        let mut message = message("firing");
        message["alerts"][0]["fingerprint"] = json!(format!("{number:x}"));
        tokio::spawn(async move { post(&desk, "application/json", message.to_string()).await.0 })
    });
    let mut kept = 0;
    for send in sends.collect::<Vec<_>>() {
        match send.await.unwrap() {
            StatusCode::OK => kept += 1,
            code => assert_eq!(code, StatusCode::SERVICE_UNAVAILABLE),
        }
    }
    let (_, list) = get(&desk, "/alerts").await;
    assert_eq!(
        serde_json::from_str::<AlertList>(&list)
            .unwrap()
            .alerts
            .len(),
        kept
    );
    assert!(kept > 0);
}
