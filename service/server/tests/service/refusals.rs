//! Bad requests: each gets a clear answer that names what is wrong.

use crate::desk::{Desk, converse};

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
        "/v1/card.png?width=4000&height=4000",
        "/v1/card.png?background=blue",
        "/v1/chart.png",
        &long,
        &too_long,
    ] {
        lines.push(report(desk.get(path).await).await);
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
async fn what_is_no_http_is_refused_and_closed() {
    let desk = Desk::open(&[]).await;
    let answer = converse(desk.server.public, b"\x16\x03\x01 not http at all\r\n\r\n").await;
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 400 "),
        "{answer}"
    );
    let many: String = (0..200).map(|index| format!("x-{index}: y\r\n")).collect();
    let request = format!("GET / HTTP/1.1\r\nhost: x\r\n{many}\r\n");
    let answer = converse(desk.server.public, request.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    assert_eq!(desk.get("/").await.status(), 200);
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
