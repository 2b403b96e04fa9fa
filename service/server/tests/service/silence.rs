//! Clients that are slow or silent are cut, and hold up nobody.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::Instant;

use crate::desk::{Desk, PATIENCE, read_to_end};

const CLIENT_CLOSED: &str = "http_server_request_duration_seconds_count{error_type=\"\",\
    http_request_method=\"GET\",http_response_status_code=\"499\",http_route=\"/v1/card.png\"}";

#[tokio::test]
async fn a_head_that_does_not_come_is_cut() {
    let desk = Desk::open(&["http.header_timeout=200ms"]).await;
    let begun = Instant::now();
    let mut silent = desk.connect().await;
    let mut slow = desk.connect().await;
    slow.write_all(b"GET / HTTP/1.1\r\nhost").await.unwrap();
    let answers = (read_to_end(&mut silent).await, read_to_end(&mut slow).await);
    assert!(!answers.1.contains(" 200 "), "{answers:?}");
    assert!(begun.elapsed() >= Duration::from_millis(200));
    desk.await_value("http_server_open_connections", |open| open == 0.0)
        .await;
}

#[tokio::test]
async fn a_body_that_does_not_come_is_answered_with_408() {
    let desk = Desk::open(&["http.body_timeout=200ms"]).await;
    let mut slow = desk.connect().await;
    let head = b"POST /v1/chart.png HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
        content-length: 100\r\n\r\n{\"ser";
    slow.write_all(head).await.unwrap();
    let answer = read_to_end(&mut slow).await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(
        answer.contains("urn:proofmark:problem:body-timeout"),
        "{answer}"
    );
}

#[tokio::test]
async fn a_client_that_never_reads_is_cut_and_counted_as_gone() {
    let desk = Desk::open(&["http.write_timeout=300ms"]).await;
    let mut deaf = desk.connect().await;
    // Far more than the buffers of both ends hold, asked for on one connection.
    let request = b"GET /v1/card.png?title=x HTTP/1.1\r\nhost: x\r\n\r\n".repeat(2_000);
    let (mut read, mut write) = deaf.split();
    // The service stops reading while its answers are stuck, so not all of it may be taken.
    let _ = tokio::time::timeout(Duration::from_millis(200), write.write_all(&request)).await;
    desk.await_value(CLIENT_CLOSED, |count| count >= 1.0).await;
    desk.await_value("http_server_open_connections", |open| open == 0.0)
        .await;
    let mut rest = Vec::new();
    let read = tokio::time::timeout(PATIENCE, read.read_to_end(&mut rest)).await;
    drop(read.expect("the connection is closed"));
}

#[tokio::test]
async fn a_client_that_reads_slowly_but_steadily_gets_everything() {
    let desk = Desk::open(&["http.write_timeout=300ms"]).await;
    let mut slow = desk.connect().await;
    let mut request = b"GET /v1/card.png?title=x HTTP/1.1\r\nhost: x\r\n\r\n".repeat(299);
    request.extend_from_slice(
        b"GET /v1/card.png?title=x HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
    );
    slow.write_all(&request).await.unwrap();
    let mut answers = 0;
    let mut buffer = vec![0; 1 << 20];
    let begun = Instant::now();
    loop {
        let count = slow.read(&mut buffer).await.unwrap();
        if count == 0 {
            break;
        }
        answers += buffer[..count]
            .windows(15)
            .filter(|window| window == b"HTTP/1.1 200 OK")
            .count();
        // Longer in all than the timeout, but never without progress for as long.
        if begun.elapsed() < Duration::from_secs(1) {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    // An answer may begin at the edge of a buffer and be missed here; a cut connection misses many.
    assert!(answers >= 290, "{answers}");
}

#[tokio::test]
async fn a_caller_who_leaves_does_not_stop_the_drawing() {
    let desk = Desk::open(&["render.threads=1"]).await;
    let mut leaver = desk.connect().await;
    let request = b"GET /v1/card.png?title=left&width=2000&height=2000 HTTP/1.1\r\nhost: x\r\n\r\n";
    leaver.write_all(request).await.unwrap();
    desk.await_value(
        "render_cache_requests_total{result=\"miss\",tier=\"memory\"}",
        |count| count == 1.0,
    )
    .await;
    drop(leaver);
    let drawn = "render_stage_duration_seconds_count{kind=\"card\",stage=\"encode\"}";
    desk.await_value(drawn, |count| count == 1.0).await;
    desk.get("/v1/card.png?title=left&width=2000&height=2000")
        .await;
    assert_eq!(desk.value(drawn).await, 1.0);
}
