//! Bad requests: each gets a clear answer that names what is wrong.

use tokio::io::AsyncWriteExt;

use crate::desk::{Desk, converse, read_to_end};

/// Status, media type, cache policy and body of an answer, without what changes from run to run.
async fn report(answer: reqwest::Response) -> String {
    let status = answer.status().as_u16();
    let header = |name: &str| {
        answer
            .headers()
            .get(name)
            .map(|value| value.to_str().unwrap().to_owned())
    };
    assert_eq!(
        header("content-type").as_deref(),
        Some("application/problem+json")
    );
    assert_eq!(header("cache-control").as_deref(), Some("no-store"));
    let extra = [header("allow"), header("retry-after")]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(" ");
    let mut body: serde_json::Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    assert_eq!(body["status"], status);
    let trace_id = body.as_object_mut().unwrap().remove("trace_id").unwrap();
    assert_eq!(trace_id.as_str().unwrap().len(), 32);
    let mut text = format!(
        "{status} {} {}",
        body["type"].as_str().unwrap(),
        body["detail"].as_str().unwrap()
    );
    for member in ["parameter", "limit", "actual"] {
        if let Some(value) = body.get(member) {
            text.push_str(&format!(" {member}={value}"));
        }
    }
    format!("{text} {extra}").trim_end().to_owned()
}

#[tokio::test]
async fn every_bad_target_is_named() {
    let desk = Desk::open(&["http.url_bytes_max=1000", "http.head_bytes_max=2000"]).await;
    let long = format!("/v1/card.png?title={}", "a".repeat(300));
    let too_long = format!("/v1/card.png?title={}", "a".repeat(1_000));
    let mut lines = Vec::new();
    for path in [
        "/nowhere",
        "/v1/card.png?titel=x",
        "/v1/card.png?title=a&title=b",
        "/v1/card.png?title=%ff",
        "/v1/card.png?width=wide",
        "/v1/card.png?width=10",
        "/v1/card.png?width=4294967296",
        "/v1/card.png?width=4000&height=4000",
        "/v1/card.png?background=blue",
        "/v1/chart.png",
        "/v1/chart.png?name=nothing",
        "/v1/chart.png?query=up",
        "/v1/chart.png?name=latency_p99&sig=x",
        "/v1/card.png?template=picture&picture=https://example.com/a.png",
        "/v1/card.png?deadline=soon",
        "/v1/card.png?strict=true&title=%F0%9F%9A%80",
        "/v1/graph.png",
        "/?theme=dark",
        &long,
        &too_long,
    ] {
        lines.push(report(desk.get_as_program(path).await).await);
    }
    let request = desk.http.delete(desk.url("/v1/card.png"));
    lines.push(report(request.send().await.unwrap()).await);
    let request = desk
        .http
        .get(desk.url("/"))
        // The client would say what it was built with, and the size is part of the answer.
        .header("accept-encoding", "identity")
        .header("x-large", "a".repeat(3_000));
    lines.push(report(request.send().await.unwrap()).await);
    insta::assert_snapshot!(lines.join("\n"));
}

#[tokio::test]
async fn every_bad_body_is_named() {
    let desk = Desk::open(&["http.body_bytes_max=2000"]).await;
    let mut lines = Vec::new();
    let deep = format!("{}{}", "[".repeat(40), "]".repeat(40));
    let many = format!(
        r#"{{"series":[{}]}}"#,
        vec![r#"{"points":[]}"#; 40].join(",")
    );
    let name = format!(
        r#"{{"series":[{{"name":"{}","points":[]}}]}}"#,
        "n".repeat(100)
    );
    for body in [
        "",
        "{",
        r#"{"titel":"x","series":[]}"#,
        r#"{"series":[{"points":[[1]]}]}"#,
        &deep,
        &many,
        &name,
    ] {
        lines.push(report(desk.post_chart(body.to_owned()).await).await);
    }
    lines.push(report(desk.post_chart("x".repeat(10_000)).await).await);
    let request = desk.http.post(desk.url("/v1/chart.png")).body("{}");
    lines.push(report(request.send().await.unwrap()).await);
    let request = desk
        .http
        .post(desk.url("/v1/chart.png?title=x"))
        .header("content-type", "application/json");
    lines.push(report(request.body("{}").send().await.unwrap()).await);
    insta::assert_snapshot!(lines.join("\n"));
}

#[tokio::test]
async fn a_body_of_unknown_length_is_bounded_too() {
    let desk = Desk::open(&["http.body_bytes_max=1000"]).await;
    let mut request =
        b"POST /v1/chart.png HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
        transfer-encoding: chunked\r\n\r\n"
            .to_vec();
    for _ in 0..20 {
        request.extend_from_slice(b"64\r\n");
        request.extend_from_slice(&[b' '; 100]);
        request.extend_from_slice(b"\r\n");
    }
    request.extend_from_slice(b"0\r\n\r\n");
    let answer = converse(desk.server.public, &request).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
}

#[tokio::test]
async fn a_client_that_asks_first_is_refused_before_it_sends() {
    let desk = Desk::open(&["http.body_bytes_max=1000"]).await;
    let head = b"POST /v1/chart.png HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
        content-length: 5000\r\nexpect: 100-continue\r\n\r\n";
    let answer = converse(desk.server.public, head).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
}

#[tokio::test]
async fn a_body_that_breaks_off_is_never_taken_as_whole() {
    let desk = Desk::open(&[]).await;
    let whole = r#"{"series":[{"points":[[1,2]]}]}"#;
    let chunk = format!("{:x}\r\n{whole}\r\n", whole.len());
    for (framing, body) in [
        ("content-length: 500", whole.to_owned()),
        ("transfer-encoding: chunked", format!("{chunk}zz\r\n")),
        ("transfer-encoding: chunked", chunk),
    ] {
        let request = format!(
            "POST /v1/chart.png HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
             {framing}\r\n\r\n{body}"
        );
        let mut stream = desk.connect().await;
        stream.write_all(request.as_bytes()).await.unwrap();
        // Half of the connection is closed: the service knows that nothing more comes.
        stream.shutdown().await.unwrap();
        let answer = read_to_end(&mut stream).await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{framing}: {answer}");
        for part in [
            "The body broke off.",
            "\"parameter\":\"body\"",
            "connection: close",
        ] {
            assert!(answer.contains(part), "{framing}: {answer}");
        }
    }
}

#[tokio::test]
async fn a_client_that_sends_a_large_body_in_vain_gets_to_read_why() {
    let desk = Desk::open(&[]).await;
    let body = vec![b' '; 7 << 20];
    for (target, header, status) in [
        ("/nowhere", "accept: */*", "404"),
        ("/v1/card.png", "accept: */*", "405"),
        ("/v1/chart.png", "content-type: text/plain", "415"),
        ("/v1/chart.png?x=y", "content-type: application/json", "400"),
    ] {
        let head = format!("POST {target} HTTP/1.1\r\nhost: x\r\n{header}\r\n");
        let mut stream = desk.connect().await;
        let request = format!("{head}content-length: {}\r\n\r\n", body.len());
        stream.write_all(request.as_bytes()).await.unwrap();
        stream.write_all(&body).await.unwrap();
        let answer = read_to_end(&mut stream).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{target}: {answer}"
        );
        assert!(answer.contains("connection: close"), "{target}: {answer}");

        // One that asks first is not waited for.
        let request = format!("{head}content-length: 9\r\nexpect: 100-continue\r\n\r\n");
        let answer = converse(desk.server.public, request.as_bytes()).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{target}: {answer}"
        );
    }
}

#[tokio::test]
async fn a_small_body_sent_in_vain_leaves_the_connection_open() {
    let desk = Desk::open(&[]).await;
    let mut stream = desk.connect().await;
    let small = b"POST /nowhere HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}";
    let last = b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    stream
        .write_all(&[&small[..], last].concat())
        .await
        .unwrap();
    let answers = read_to_end(&mut stream).await;
    assert!(answers.starts_with("HTTP/1.1 404 "), "{answers}");
    assert!(answers.contains("HTTP/1.1 200 "), "{answers}");
}

fn unrouted(status: &str) -> String {
    format!(
        "http_server_request_duration_seconds_count{{error_type=\"\",http_request_method=\"_OTHER\",\
         http_response_status_code=\"{status}\",http_route=\"_OTHER\"}}"
    )
}

#[tokio::test]
async fn what_is_no_http_is_refused_counted_and_logged() {
    let desk = Desk::open(&[]).await;
    let heads: [&[u8]; 4] = [
        b"\x16\x03\x01 not http at all\r\n\r\n",
        b"G<T / HTTP/1.1\r\nhost: x\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nhost: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
    ];
    for head in heads {
        let answer = converse(desk.server.public, head).await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    }
    // So many headers that our own limit of bytes does not get to speak.
    let many = format!("GET / HTTP/1.1\r\n{}\r\n", "a:\r\n".repeat(2_000));
    let answer = converse(desk.server.public, many.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    let long = format!("GET /?{} HTTP/1.1\r\nhost: x\r\n\r\n", "a".repeat(70_000));
    converse(desk.server.public, long.as_bytes()).await;
    desk.await_value("http_server_open_connections", |open| open == 0.0)
        .await;
    assert_eq!(desk.value(&unrouted("400")).await, 4.0);
    // How hyper refuses what is too long depends on how much of it was read at once.
    let too_long = desk.value(&unrouted("414")).await;
    assert_eq!(desk.value(&unrouted("431")).await + too_long, 2.0);
    assert_eq!(desk.get("/").await.status(), 200);
    let log = desk.close().await;
    let lines = |message: &str| log.iter().filter(|line| line["message"] == message).count();
    assert_eq!(lines("_OTHER _OTHER 400"), 4);
    assert_eq!(lines("_OTHER _OTHER 414") + lines("_OTHER _OTHER 431"), 2);
}

#[tokio::test]
async fn a_hundred_headers_are_taken_and_more_are_refused_and_counted() {
    let desk = Desk::open(&[]).await;
    let request = |count: usize| {
        let many: String = (0..count)
            .map(|index| format!("x-header-{index:04}: y\r\n"))
            .collect();
        format!("GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{many}\r\n")
    };
    let answer = converse(desk.server.public, request(98).as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    let answer = converse(desk.server.public, request(99).as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    desk.await_value(&unrouted("431"), |count| count == 1.0)
        .await;
}

#[tokio::test]
async fn refusals_are_counted_by_status_and_route() {
    let desk = Desk::open(&[]).await;
    for _ in 0..3 {
        desk.get("/v1/card.png?titel=x")
            .await
            .bytes()
            .await
            .unwrap();
    }
    let series = "http_server_request_duration_seconds_count{error_type=\"\",http_request_method=\"GET\",\
                  http_response_status_code=\"400\",http_route=\"/v1/card.png\"}";
    desk.await_value(series, |count| count == 3.0).await;
}
