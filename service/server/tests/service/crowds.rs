//! More connections than the cap: the idle ones give way, the busy ones do not.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::desk::{Desk, read_to_end};

const OPEN: &str = "http_server_open_connections";
const EVICTED: &str = "render_shed_total{reason=\"evicted\"}";
const REFUSED: &str = "render_shed_total{reason=\"connections\"}";
const SHED: &str = "http_server_request_duration_seconds_count{error_type=\"shed\",\
    http_request_method=\"_OTHER\",http_response_status_code=\"503\",http_route=\"_OTHER\"}";

/// A request whose body does not come: its connection is busy.
const UNFINISHED: &[u8] = b"POST /v1/chart.png HTTP/1.1\r\nhost: x\r\n\
    content-type: application/json\r\ncontent-length: 13\r\n\r\n{\"ser";

/// The cap is 2, and nothing else closes a connection.
async fn crowded(settings: &[&str]) -> Desk {
    let mut all = vec![
        "http.connections_max=2",
        "http.header_timeout=1h",
        "http.body_timeout=1h",
    ];
    all.extend(settings);
    Desk::open(&all).await
}

/// A connection with these bytes on it, once the service has it.
async fn seated(desk: &Desk, bytes: &[u8], open: f64) -> TcpStream {
    let mut stream = desk.connect().await;
    stream.write_all(bytes).await.unwrap();
    desk.await_value(OPEN, |value| value == open).await;
    stream
}

/// Asks once and reads the whole answer; the connection stays open.
async fn ask(stream: &mut TcpStream) -> String {
    stream
        .write_all(b"HEAD / HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        let mut buffer = [0; 1_024];
        let count = stream.read(&mut buffer).await.unwrap();
        assert!(count > 0, "closed after {answer:?}");
        answer.extend_from_slice(&buffer[..count]);
    }
    String::from_utf8(answer).unwrap()
}

/// Waits until the cap sees the last thing that happened: what it knows is as old as 2 ms.
async fn a_moment() {
    tokio::time::sleep(Duration::from_millis(5)).await;
}

#[tokio::test]
async fn the_one_that_waited_longest_gives_way_to_a_new_one() {
    let desk = crowded(&[]).await;
    let mut first = seated(&desk, b"", 1.0).await;
    a_moment().await;
    let mut second = seated(&desk, b"GET / HTTP/1.1\r\nho", 2.0).await;
    a_moment().await;
    // The first has been heard of since, so the second has waited longest, half a head or not.
    assert!(ask(&mut first).await.starts_with("HTTP/1.1 200 "));
    let mut third = desk.connect().await;
    assert!(ask(&mut third).await.starts_with("HTTP/1.1 200 "));
    assert_eq!(read_to_end(&mut second).await, "");
    assert!(ask(&mut first).await.starts_with("HTTP/1.1 200 "));
    assert_eq!(desk.value(EVICTED).await, 1.0);
    assert_eq!(desk.value(REFUSED).await, 0.0);
    desk.await_value(OPEN, |value| value == 2.0).await;
    drop((first, third));
    let log = desk.close().await;
    let told = log.iter().filter(|line| {
        let message = line["message"].as_str().unwrap();
        line["severity"] == "WARN" && message.starts_with("Many connections: 1 idle ones gave way")
    });
    assert_eq!(told.count(), 1);
}

#[tokio::test]
async fn busy_ones_stay_and_the_newcomer_is_told_and_counted() {
    let desk = crowded(&[]).await;
    let mut busy = seated(&desk, UNFINISHED, 1.0).await;
    let other = seated(&desk, UNFINISHED, 2.0).await;
    a_moment().await;
    let mut third = desk.connect().await;
    let answer = read_to_end(&mut third).await;
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    assert!(answer.contains("retry-after: 1\r\n"), "{answer}");
    assert_eq!(desk.value(REFUSED).await, 1.0);
    assert_eq!(desk.value(SHED).await, 1.0);
    assert_eq!(desk.value(EVICTED).await, 0.0);
    busy.write_all(b"ies\":[]}").await.unwrap();
    let mut head = [0; 15];
    busy.read_exact(&mut head).await.unwrap();
    assert_eq!(&head, b"HTTP/1.1 200 OK");
    a_moment().await;
    // Answered, it is idle, and gives way.
    let mut fourth = desk.connect().await;
    assert!(ask(&mut fourth).await.starts_with("HTTP/1.1 200 "));
    drop((busy, other, fourth));
    let log = desk.close().await;
    let told = log.iter().filter(|line| {
        let message = line["message"].as_str().unwrap();
        line["severity"] == "WARN" && message.starts_with("Too many connections: 1 refused")
    });
    assert_eq!(told.count(), 1);
}

#[tokio::test]
async fn the_refusal_reaches_a_client_that_has_sent_its_request_already() {
    let desk = crowded(&[]).await;
    let _busy = seated(&desk, UNFINISHED, 1.0).await;
    let _other = seated(&desk, UNFINISHED, 2.0).await;
    a_moment().await;
    let request = [
        b"POST /v1/chart.png HTTP/1.1\r\nhost: x\r\ncontent-length: 40000\r\n\r\n".as_slice(),
        &[b' '; 40_000],
    ]
    .concat();
    for _ in 0..50 {
        let mut stream = desk.connect().await;
        stream.write_all(&request).await.unwrap();
        // What was sent after the answer must not take it back.
        tokio::task::yield_now().await;
        stream.write_all(b" ").await.unwrap();
        let answer = read_to_end(&mut stream).await;
        assert!(answer.starts_with("HTTP/1.1 503 "), "{answer:?}");
        assert!(answer.ends_with("too many connections.\"}"), "{answer:?}");
    }
    assert_eq!(desk.value(REFUSED).await, 50.0);
}

#[tokio::test]
async fn a_request_that_was_begun_is_answered_however_many_come() {
    let desk = crowded(&["render.threads=1"]).await;
    let drawing = b"GET /v1/card.png?width=2000&height=2000 HTTP/1.1\r\nhost: x\r\n\
        connection: close\r\n\r\n";
    let mut busy = desk.connect().await;
    busy.write_all(drawing).await.unwrap();
    let misses = "render_cache_requests_total{result=\"miss\",tier=\"memory\"}";
    desk.await_value(misses, |count| count == 1.0).await;
    let mut crowd = Vec::new();
    for _ in 0..200 {
        crowd.push(desk.connect().await);
    }
    let answer = read_to_end(&mut busy).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    desk.await_value(OPEN, |value| value <= 2.0).await;
    assert!(desk.value(EVICTED).await >= 198.0);
}

#[tokio::test]
async fn bodies_that_nearly_arrive_hold_no_more_than_all_bodies_may() {
    let desk = Desk::open(&[
        "http.body_bytes_max=100000",
        "http.bodies_bytes_max=200000",
        "http.body_timeout=1h",
    ])
    .await;
    let body = format!("{{\"series\":[]}}{}", " ".repeat(99_000));
    let head = format!(
        "POST /v1/chart.png HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
         connection: close\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let (most, last) = body.split_at(body.len() - 1);
    let mut slow = Vec::new();
    for _ in 0..3 {
        let mut stream = desk.connect().await;
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(most.as_bytes()).await.unwrap();
        slow.push(stream);
    }
    let mut answers = Vec::new();
    for mut stream in slow {
        stream.write_all(last.as_bytes()).await.unwrap();
        answers.push(read_to_end(&mut stream).await);
    }
    let count = |status: &str| {
        let starts = |answer: &&String| answer.starts_with(status);
        answers.iter().filter(starts).count()
    };
    let (taken, refused) = (count("HTTP/1.1 200 "), count("HTTP/1.1 503 "));
    assert!(
        taken >= 1 && refused >= 1 && taken + refused == 3,
        "{answers:?}"
    );
    let shed = desk.value("render_shed_total{reason=\"queue_full\"}").await;
    assert_eq!(shed, refused as f64);
    // What was held is free again.
    assert_eq!(desk.post_chart(body.clone()).await.status(), 200);
}
