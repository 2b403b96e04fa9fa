//! What may pass is asked again, a few times and in time; what will not pass is not.

use std::time::{Duration, Instant};

use crate::wire::{ONE, PATIENCE, Wire, answer, json};
use slo::prometheus::{Client, SourceError};
use tokio::net::TcpSocket;

async fn asked(answers: Vec<Vec<u8>>) -> (Wire, Result<usize, SourceError>) {
    let wire = Wire::start(answers).await;
    let client = Client::new(&wire.url, PATIENCE).unwrap();
    let answer = client.instant("up", None).await;
    (wire, answer.map(|answer| answer.vector.len()))
}

#[tokio::test]
async fn what_passes_is_not_noticed() {
    for odd in [
        answer("503 Service Unavailable", "", ""),
        answer("502 Bad Gateway", "", ""),
        answer("504 Gateway Timeout", "", ""),
        answer("429 Too Many Requests", "retry-after: 0\r\n", ""),
        Vec::new(),
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 999\r\n\r\n{"
            .to_vec(),
    ] {
        let answers = vec![odd.clone(), odd, json("200 OK", ONE)];
        let (wire, answer) = asked(answers).await;
        assert_eq!(answer, Ok(1));
        assert_eq!(wire.requests().len(), 3);
    }
}

#[tokio::test]
async fn three_tries_are_all() {
    let (wire, answer) = asked(vec![answer("503 Service Unavailable", "", "starting")]).await;
    let said = answer.unwrap_err().to_string();
    assert!(said.contains("answered 503: starting"), "{said}");
    assert_eq!(wire.requests().len(), 3);
}

#[tokio::test]
async fn what_would_end_the_same_is_asked_once() {
    let error = r#"{"status":"error","errorType":"bad_data","error":"parse error"}"#;
    for odd in [
        json("400 Bad Request", error),
        json("422 Unprocessable Entity", error),
        answer("401 Unauthorized", "", ""),
        answer("403 Forbidden", "retry-after: 1\r\n", ""),
        answer("404 Not Found", "", ""),
        answer("500 Internal Server Error", "", ""),
        json("200 OK", error),
        json("200 OK", "{"),
        answer("200 OK", "content-type: text/html\r\n", ONE),
        b"220 mail.example.org ESMTP\r\n".to_vec(),
    ] {
        let (wire, answer) = asked(vec![odd, json("200 OK", ONE)]).await;
        assert!(answer.is_err());
        assert_eq!(wire.requests().len(), 1, "{answer:?}");
    }
}

#[tokio::test]
async fn a_closed_port_is_tried_three_times() {
    // Bound and without a listener, so that nobody else gets the port meanwhile.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let url = format!("http://{}", socket.local_addr().unwrap());
    let client = Client::new(&url, PATIENCE).unwrap();
    let began = Instant::now();
    let error = client.instant("up", None).await.unwrap_err();
    assert!(error.to_string().contains("Connection refused"), "{error}");
    // Two waits lie between three tries.
    assert!(began.elapsed() >= Duration::from_millis(800));
}

#[tokio::test]
async fn a_server_that_stays_down_is_soon_asked_only_once() {
    let wire = Wire::start(vec![answer("503 Service Unavailable", "", "")]).await;
    let client = Client::new(&wire.url, PATIENCE).unwrap();
    let questions = (0..100).map(|_| {
        let client = client.clone();
        tokio::spawn(async move { client.instant("up", None).await.is_err() })
    });
    for question in questions.collect::<Vec<_>>() {
        assert!(question.await.unwrap());
    }
    // Not 300: 30 further tries are all that no answer has earned back.
    assert_eq!(wire.requests().len(), 130);
}
