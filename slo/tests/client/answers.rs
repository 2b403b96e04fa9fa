//! Whatever comes over the wire instead of an answer, the client says what it was, in time.

use std::time::{Duration, Instant};

use crate::wire::{ONE, PATIENCE, Wire, answer, json, request};
use slo::prometheus::{ANSWER_SIZE_BYTES_MAX, Asked, Client, Part, SourceError};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;

const CHUNKED: &str = "content-type: application/json\r\ntransfer-encoding: chunked\r\n";

fn client(url: &str) -> Client {
    Client::new(url, PATIENCE).unwrap().without_retries()
}

/// What the client says of these bytes, without the address.
async fn said_of(bytes: Vec<u8>) -> String {
    let wire = Wire::start(vec![bytes]).await;
    match client(&wire.url).instant("up", None).await {
        Ok(answer) => format!("{} series", answer.vector.len()),
        Err(error) => error.to_string().replace(&wire.url, "URL"),
    }
}

/// Bytes without the length and connection headers that [`answer`] writes.
fn raw(head: &str, body: &str) -> Vec<u8> {
    format!("{head}\r\n{body}").into_bytes()
}

#[tokio::test]
async fn every_odd_answer_is_named() {
    let kind = |kind: &str| answer("200 OK", &format!("content-type: {kind}\r\n"), ONE);
    let ok = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
    let error = r#"{"status":"error","errorType":"execution","error":"too many samples"}"#;
    let zipped = "content-type: application/json\r\ncontent-encoding: gzip\r\n";
    let chunk = format!("{:x}\r\n{ONE}\r\n", ONE.len());
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("honest", json("200 OK", ONE)),
        ("charset", kind("Application/JSON; charset=utf-8")),
        (
            "HTTP/1.0",
            raw("HTTP/1.0 200 OK\r\ncontent-type: application/json\r\n", ONE),
        ),
        ("no length", raw(ok, ONE)),
        (
            "chunked",
            raw(
                &format!("HTTP/1.1 200 OK\r\n{CHUNKED}"),
                &format!("{chunk}0\r\n\r\n"),
            ),
        ),
        (
            "chunks cut",
            raw(&format!("HTTP/1.1 200 OK\r\n{CHUNKED}"), &chunk),
        ),
        ("truncated", json("200 OK", &ONE[..ONE.len() / 2])),
        (
            "too short",
            raw(&format!("{ok}content-length: 1000\r\n"), ONE),
        ),
        ("too long", raw(&format!("{ok}content-length: 10\r\n"), ONE)),
        (
            "two lengths",
            raw(
                &format!("{ok}content-length: 10\r\ncontent-length: 11\r\n"),
                ONE,
            ),
        ),
        ("empty body", json("200 OK", "")),
        ("no content", json("204 No Content", "")),
        ("an error with 200", json("200 OK", error)),
        ("an error with 422", json("422 Unprocessable Entity", error)),
        ("an answer with 500", json("500 Internal Server Error", ONE)),
        (
            "html",
            answer(
                "200 OK",
                "content-type: text/html\r\n",
                "<html>Log in</html>",
            ),
        ),
        ("html by name", kind("text/html; charset=utf-8")),
        ("no type", answer("200 OK", "", ONE)),
        ("gzip", answer("200 OK", zipped, "\u{1f}\u{8b}")),
        ("hangs up", Vec::new()),
        ("no HTTP", b"220 mail.example.org ESMTP\r\n".to_vec()),
        (
            "a 403 page",
            answer(
                "403 Forbidden",
                "content-type: text/html\r\n",
                "<h1>\u{1b}[31mNo</h1>",
            ),
        ),
    ];
    let mut said = Vec::new();
    for (name, bytes) in cases {
        said.push(format!("{name}: {}", said_of(bytes).await));
    }
    insta::assert_snapshot!(said.join("\n"));
}

#[tokio::test]
async fn every_refusal_comes_with_advice() {
    let mut said = Vec::new();
    for status in [
        "401 Unauthorized",
        "403 Forbidden",
        "404 Not Found",
        "413 Payload Too Large",
        "429 Too Many Requests",
        "500 Internal Server Error",
        "502 Bad Gateway",
        "503 Service Unavailable",
        "504 Gateway Timeout",
    ] {
        said.push(said_of(answer(status, "", "")).await);
    }
    insta::assert_snapshot!(said.join("\n"));
}

#[tokio::test]
async fn a_large_answer_is_not_read_whole() {
    let large = 50 * 1024 * 1024;
    let too_large = |wire: &Wire| SourceError::TooLarge {
        address: wire.url.clone(),
        limit: ANSWER_SIZE_BYTES_MAX,
        of: Part::Bytes,
    };
    let spaces = |count: usize| " ".repeat(count);
    let ok = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
    let chunk = format!("{:x}\r\n{}\r\n", large, spaces(large));
    for bytes in [
        raw(&format!("{ok}content-length: {large}\r\n"), &spaces(large)),
        // It says so, and sends nothing: nobody waits for it.
        raw(&format!("{ok}content-length: 9000000000000\r\n"), ""),
        raw(ok, &spaces(large)),
        raw(&format!("HTTP/1.1 200 OK\r\n{CHUNKED}"), &chunk),
    ] {
        let wire = Wire::start(vec![bytes]).await;
        let error = client(&wire.url).instant("up", None).await.unwrap_err();
        assert_eq!(error, too_large(&wire));
    }
    // With a false length only so much is read.
    let wire = Wire::start(vec![raw(
        &format!("{ok}content-length: 10\r\n"),
        &spaces(large),
    )])
    .await;
    let error = client(&wire.url).instant("up", None).await.unwrap_err();
    assert!(matches!(error, SourceError::NotAnApi { .. }), "{error}");
    // A page with an error is told by its beginning.
    let page = answer("500 Internal Server Error", "", &"page ".repeat(large / 5));
    let said = said_of(page).await;
    assert!(
        said.contains("500: page page") && said.len() < 500,
        "{said}"
    );
}

#[tokio::test]
async fn more_points_than_prometheus_gives_are_refused() {
    let points: Vec<String> = (0..11_001).map(|i| format!(r#"[{i},"1"]"#)).collect();
    let body = format!(
        r#"{{"status":"success","data":{{"resultType":"matrix","result":[{{"metric":{{}},"values":[{}]}}]}}}}"#,
        points.join(",")
    );
    let wire = Wire::start(vec![json("200 OK", &body)]).await;
    let time = |second| jiff::Timestamp::from_second(second).unwrap();
    let step = Duration::from_secs(1);
    let range = client(&wire.url)
        .range("up", time(0), time(11_000), step)
        .await;
    let error = range.unwrap_err().to_string();
    assert!(
        error.ends_with("more than 11,000 points in one series"),
        "{error}"
    );
    // As samples they are a few hours at 1 s.
    let samples = client(&wire.url).samples("up[4h]", None).await.unwrap();
    assert_eq!(samples.series[0].points.len(), 11_001);
}

#[tokio::test]
async fn a_slow_drip_does_not_outlive_the_deadline() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let dripping = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        request(&mut stream).await;
        let head =
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n";
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut ticks = tokio::time::interval(Duration::from_millis(20));
        // Until the client hangs up.
        while stream.write_all(b" ").await.is_ok() {
            ticks.tick().await;
        }
    });
    let limit = Duration::from_millis(300);
    let began = Instant::now();
    let error = Client::new(&url, limit).unwrap().instant("up", None).await;
    let address = url;
    assert_eq!(error, Err(SourceError::Late { address, limit }));
    assert!(began.elapsed() >= limit && began.elapsed() < PATIENCE);
    dripping.await.unwrap();
}

#[tokio::test]
async fn nobody_is_asked_at_the_end_of_a_redirect() {
    for status in [
        "301 Moved Permanently",
        "302 Found",
        "307 Temporary Redirect",
        "308 Permanent Redirect",
    ] {
        let trap = Wire::start(vec![json("200 OK", ONE)]).await;
        let to = format!("location: {}/api/v1/query?query=up\r\n", trap.url);
        let wire = Wire::start(vec![answer(status, &to, "")]).await;
        let error = client(&wire.url).instant("up", None).await.unwrap_err();
        let sentence = error.to_string();
        assert!(
            sentence.contains("a redirect to http://127.0.0.1"),
            "{sentence}"
        );
        assert_eq!((wire.requests().len(), trap.requests().len()), (1, 0));
    }
}

#[tokio::test]
async fn an_exchange_is_the_bytes_and_their_date() {
    let headers = "content-type: application/json\r\ndate: Sun, 22 Nov 2026 23:46:02 GMT\r\n";
    let odd = "content-type: application/json\r\ndate: yesterday\r\n";
    let body = "{\"status\":\"error\" , \"error\":\"no\"}";
    let answers = vec![answer("200 OK", headers, body), answer("200 OK", odd, ONE)];
    let wire = Wire::start(answers).await;
    let client = client(&wire.url);
    let exchange = client.exchange(&Asked::version()).await.unwrap();
    assert_eq!(exchange.body, body.as_bytes());
    assert_eq!(exchange.date, Some("2026-11-22T23:46:02Z".parse().unwrap()));
    let exchange = client.exchange(&Asked::query("up", None)).await.unwrap();
    assert_eq!(
        (exchange.body.as_slice(), exchange.date),
        (ONE.as_bytes(), None)
    );
    let lines = wire.requests().into_iter();
    let lines: Vec<String> = lines
        .map(|it| it.lines().next().unwrap().to_owned())
        .collect();
    assert_eq!(
        lines,
        [
            "GET /api/v1/status/buildinfo HTTP/1.1",
            "GET /api/v1/query?query=up&timeout=1m HTTP/1.1"
        ]
    );
}
