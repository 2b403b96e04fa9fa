//! A stop answers what was asked and refuses nothing that was accepted.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::time::Instant;

use crate::desk::{Desk, PATIENCE, client, read_to_end};

/// What one caller in a loop has seen.
#[derive(Default)]
struct Tally {
    answered: AtomicU32,
    refused: AtomicU32,
    stop: AtomicBool,
}

async fn call_in_a_loop(url: String, caller: usize, tally: Arc<Tally>) -> Option<String> {
    let http = client();
    for index in 0_u32.. {
        if tally.stop.load(Ordering::Relaxed) {
            break;
        }
        let answer = http
            .get(format!("{url}{caller}-{}", index % 7))
            .send()
            .await;
        match answer {
            Ok(answer) if answer.status() == 200 => {
                if let Err(error) = answer.bytes().await {
                    return Some(format!("a body broke off: {error:?}"));
                }
                tally.answered.fetch_add(1, Ordering::Relaxed);
            }
            Ok(answer) => return Some(format!("status {}", answer.status())),
            // The listener is closed: the one thing that may happen.
            Err(error) if error.is_connect() => {
                tally.refused.fetch_add(1, Ordering::Relaxed);
                return None;
            }
            Err(error) => return Some(format!("{error:?}")),
        }
    }
    None
}

#[tokio::test(flavor = "multi_thread")]
async fn under_load_no_request_fails_but_for_refused_connections() {
    let desk = Desk::open(&[]).await;
    let tally = Arc::new(Tally::default());
    let callers: Vec<_> = (0..16)
        .map(|caller| {
            tokio::spawn(call_in_a_loop(
                desk.url("/v1/card.png?title="),
                caller,
                Arc::clone(&tally),
            ))
        })
        .collect();
    let begun = Instant::now();
    while tally.answered.load(Ordering::Relaxed) < 500 {
        assert!(begun.elapsed() < PATIENCE, "no load");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let drained = desk.server.shutdown().await;
    assert_eq!(drained.connections_cut, 0);
    tally.stop.store(true, Ordering::Relaxed);
    for caller in callers {
        assert_eq!(caller.await.unwrap(), None);
    }
}

#[tokio::test]
async fn a_request_whose_head_was_read_is_answered_during_the_drain() {
    let desk = Desk::open(&["http.drain_idle=20ms"]).await;
    let public = desk.server.public;
    let mut slow = desk.connect().await;
    let head = b"POST /v1/chart.png HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
        content-length: 13\r\n\r\n";
    slow.write_all(head).await.unwrap();
    desk.await_value("http_server_open_connections", |open| open == 1.0)
        .await;
    let ready = format!("http://{}/readyz", desk.server.admin);
    let stopping = tokio::spawn(desk.server.shutdown());
    let http = client();
    let begun = Instant::now();
    while http.get(&ready).send().await.unwrap().status() != 503 {
        assert!(begun.elapsed() < PATIENCE, "still ready");
    }
    // The listener closes; the request that is under way goes on.
    while tokio::net::TcpStream::connect(public).await.is_ok() {
        assert!(begun.elapsed() < PATIENCE, "still listening");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    slow.write_all(br#"{"series":[]}"#).await.unwrap();
    let answer = read_to_end(&mut slow).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    assert!(answer.contains("connection: close"), "{answer}");
    assert_eq!(stopping.await.unwrap().connections_cut, 0);
}

#[tokio::test]
async fn idle_connections_do_not_hold_up_a_stop() {
    let desk = Desk::open(&["http.drain_idle=20ms", "http.header_timeout=1h"]).await;
    let mut idle = desk.connect().await;
    desk.await_value("http_server_open_connections", |open| open == 1.0)
        .await;
    let begun = Instant::now();
    assert_eq!(desk.server.shutdown().await.connections_cut, 0);
    assert!(begun.elapsed() < PATIENCE);
    assert_eq!(read_to_end(&mut idle).await, "");
}

#[tokio::test]
async fn a_stop_is_bounded_by_its_deadline() {
    let desk = Desk::open(&[
        "http.drain_idle=10ms",
        "http.drain_deadline=100ms",
        "http.body_timeout=1h",
    ])
    .await;
    let mut stuck = desk.connect().await;
    let head = b"POST /v1/chart.png HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
        content-length: 13\r\n\r\n";
    stuck.write_all(head).await.unwrap();
    desk.await_value("http_server_open_connections", |open| open == 1.0)
        .await;
    assert_eq!(desk.server.shutdown().await.connections_cut, 1);
}
