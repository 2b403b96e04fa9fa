//! A server that is slow, broken, lying or not Prometheus at all never makes the gate say pass.

#![expect(
    clippy::unwrap_used,
    reason = "a helper of a test may panic as a test does"
)]

use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{RawQuery, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use jiff::Timestamp;
use slo::gate::{Options, Report, Verdict, judge};
use slo::prometheus::{Client, SourceError};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

/// The clock of the server: that of this machine when the tests began, so that there is no skew.
static NOW: LazyLock<f64> = LazyLock::new(|| Timestamp::now().as_second() as f64);

const JSON: [(header::HeaderName, &str); 1] = [(header::CONTENT_TYPE, "application/json")];

/// How a server spoils an answer.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Spoil {
    Never,
    Html,
    Unavailable,
    Redirect,
    Error,
    Empty,
    NotANumber,
    Infinite,
    Several,
    Warned,
    Histogram,
    Cut,
    Huge,
    Silent,
}

const SPOILS: [Spoil; 13] = [
    Spoil::Html,
    Spoil::Unavailable,
    Spoil::Redirect,
    Spoil::Error,
    Spoil::Empty,
    Spoil::NotANumber,
    Spoil::Infinite,
    Spoil::Several,
    Spoil::Warned,
    Spoil::Histogram,
    Spoil::Cut,
    Spoil::Huge,
    Spoil::Silent,
];

/// A Prometheus of one healthy target that spoils the answers to one kind of query.
#[derive(Debug, Clone)]
struct Fake {
    spoil: Spoil,
    /// Part of the queries whose answers are spoiled.
    of: &'static str,
}

/// Kinds of queries that the gate asks, by a part that tells them from each other, with value.
const KINDS: [(&str, &str); 15] = [
    ("time()", "NOW"),
    // Before those whose words are also in them.
    (BORN_ALL, "0"),
    (BORN_BAD, "0"),
    ("sum(increase(all_total[1h]))", "10000"),
    ("sum(increase(bad_total[1h]))", "1"),
    (OF_ALL, "1"),
    (OF_BAD, "1"),
    ("timestamp(all_total)", "A SECOND AGO"),
    ("timestamp(bad_total)", "A SECOND AGO"),
    ("count_over_time(up", "240"),
    ("sum_over_time(up", "240"),
    ("sum(increase(all_total[7d]))", "1000000"),
    ("sum(increase(bad_total[7d]))", "10"),
    ("offset 162h", "1"),
    (AT_START, "1"),
];

fn value_of(query: &str) -> String {
    let kind = KINDS.iter().find(|(part, _)| query.contains(part));
    match kind.map_or("1", |(_, value)| value) {
        "NOW" => NOW.to_string(),
        "A SECOND AGO" => (*NOW - 1.0).to_string(),
        value => value.to_owned(),
    }
}

fn is_matrix(query: &str) -> bool {
    query.ends_with(SAMPLES)
}

fn series(spoil: Spoil, query: &str) -> Vec<String> {
    let labels = |instance: &str| format!(r#"{{"job":"shop","instance":"{instance}"}}"#);
    if is_matrix(query) && spoil != Spoil::Empty {
        let values: Vec<String> = (0..40)
            .map(|i| format!(r#"[{},"1"]"#, *NOW - 600.0 + 15.0 * f64::from(i)))
            .collect();
        return vec![format!(
            r#"{{"metric":{},"values":[{}]}}"#,
            labels("a:1"),
            values.join(",")
        )];
    }
    let now = *NOW;
    let value = match spoil {
        Spoil::NotANumber => "NaN".to_owned(),
        Spoil::Infinite => "+Inf".to_owned(),
        _ => value_of(query),
    };
    let one = |instance: &str| {
        format!(
            r#"{{"metric":{},"value":[{now},"{value}"]}}"#,
            labels(instance)
        )
    };
    match spoil {
        Spoil::Empty => Vec::new(),
        Spoil::Several => vec![one("a:1"), one("b:1")],
        Spoil::Histogram => vec![format!(
            r#"{{"metric":{},"histogram":[{now},{{}}]}}"#,
            labels("a:1")
        )],
        _ => vec![one("a:1")],
    }
}

fn json(spoil: Spoil, query: &str) -> String {
    let kind = if is_matrix(query) { "matrix" } else { "vector" };
    let warnings = if spoil == Spoil::Warned {
        r#","warnings":["a store is away"]"#
    } else {
        ""
    };
    let series = series(spoil, query).join(",");
    format!(
        r#"{{"status":"success","data":{{"resultType":"{kind}","result":[{series}]}}{warnings}}}"#
    )
}

async fn answer(
    State(fake): State<Arc<Fake>>,
    RawQuery(parameters): RawQuery,
    body: Bytes,
) -> Response {
    let body = String::from_utf8_lossy(&body).into_owned();
    let parameters = parameters.unwrap_or(body);
    let url = reqwest::Url::parse(&format!("http://fake/?{parameters}")).unwrap();
    let query = url
        .query_pairs()
        .find(|(name, _)| name == "query")
        .unwrap()
        .1
        .into_owned();
    let is_meant = match fake.of {
        UP_NOW => query == UP,
        SAMPLES => query == SAMPLES,
        part => query.contains(part),
    };
    let spoil = if is_meant { fake.spoil } else { Spoil::Never };
    let json = json(spoil, &query);
    match spoil {
        Spoil::Html => "<html><body>Please log in</body></html>".into_response(),
        Spoil::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "no upstream").into_response(),
        Spoil::Redirect => (
            StatusCode::FOUND,
            [(header::LOCATION, "http://127.0.0.1:1/")],
            "",
        )
            .into_response(),
        Spoil::Error => {
            let text = r#"{"status":"error","errorType":"execution","error":"too many samples"}"#;
            (StatusCode::UNPROCESSABLE_ENTITY, JSON, text).into_response()
        }
        Spoil::Cut => (JSON, json[..json.len() / 2].to_owned()).into_response(),
        Spoil::Huge => {
            let spaces = vec![b' '; slo::prometheus::ANSWER_SIZE_BYTES_MAX + 1];
            (JSON, Body::from(spaces)).into_response()
        }
        Spoil::Silent => std::future::pending().await,
        _ => (JSON, json).into_response(),
    }
}

async fn start(fake: Fake) -> String {
    let app = Router::new()
        .route("/api/v1/query", get(answer).post(answer))
        .with_state(Arc::new(fake));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    format!("http://{address}")
}

fn objectives() -> Vec<slo::Objective> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("shop.yaml");
    let text = include_str!("../objectives/availability.yaml");
    let text: Vec<String> = text
        .lines()
        .map(|line| match line.split_once("query: ") {
            Some((indent, query)) if query.contains("5..") => format!("{indent}query: bad_total"),
            Some((indent, _)) => format!("{indent}query: all_total"),
            None => line.to_owned(),
        })
        .collect();
    std::fs::write(&file, text.join("\n")).unwrap();
    slo::load(&[file]).unwrap()
}

fn options(timeout: Duration) -> Options {
    Options {
        window: Duration::from_secs(3_600),
        at: None,
        matchers: Vec::new(),
        events_min: 1_000,
        timeout,
        concurrency: 4,
        bound: slo::statistics::Bound::default(),
        release: None,
        severity: slo::gate::Severity::Usual,
        is_budget_left_to_policy: false,
    }
}

async fn judged(url: &str, timeout: Duration) -> Report {
    let client = Client::new(url, timeout).unwrap();
    judge(&client, &objectives(), &options(timeout))
        .await
        .unwrap()
}

fn codes(report: &Report) -> Vec<&'static str> {
    let reasons = report.objectives.iter().flat_map(|judged| &judged.reasons);
    reasons.map(|explained| explained.reason.code()).collect()
}

const OF_ALL: &str = "(last_over_time(all_total[1h]))";
const OF_BAD: &str = "(last_over_time(bad_total[1h]))";

const BORN_ALL: &str = "(min_over_time(all_total[1h])";
const BORN_BAD: &str = "(min_over_time(bad_total[1h])";
const AT_START: &str = "up{job=~\"shop\"} offset 1h";

/// The only question for samples as they were scraped.
const SAMPLES: &str = "up{job=~\"shop\"}[1h]";

/// Every question about `up`.
const UP: &str = "up{job=~\"shop\"}";
/// Only whether it is up now.
const UP_NOW: &str = "up now";

const PATIENCE: Duration = Duration::from_secs(20);
const IMPATIENCE: Duration = Duration::from_millis(300);

#[tokio::test]
async fn an_honest_server_of_a_healthy_service_gives_a_pass() {
    let url = start(Fake {
        spoil: Spoil::Never,
        of: "",
    })
    .await;
    let report = judged(&url, PATIENCE).await;
    assert_eq!(
        (report.verdict, codes(&report)),
        (Verdict::Pass, Vec::new())
    );
    let judged = &report.objectives[0];
    assert_eq!(
        (judged.total_events, judged.bad_events),
        (Some(10_000.0), Some(1.0))
    );
    assert!(judged.period.as_ref().unwrap().is_complete);
    assert_eq!(report.at.unwrap().as_second() as f64, *NOW);
}

#[tokio::test]
async fn whatever_is_spoiled_is_never_a_pass() {
    let mut seen = Vec::new();
    for (of, _) in KINDS
        .into_iter()
        .chain([(SAMPLES, ""), (UP, ""), (UP_NOW, "")])
    {
        for spoil in SPOILS {
            let timeout = if spoil == Spoil::Silent {
                IMPATIENCE
            } else {
                PATIENCE
            };
            let url = start(Fake { spoil, of }).await;
            let report = judged(&url, timeout).await;
            let is_harmless = matches!(
                (of, spoil),
                // A warning about the time says nothing about counts.
                ("time()", Spoil::Warned)
                    // No series at its beginning is a history that is shorter.
                    | ("offset 162h", Spoil::Empty)
                    // Without any `up` the series are fresh all the same, and the report says so.
                    | (UP, Spoil::Empty)
                    // Of scrapes only the times are read.
                    | (SAMPLES, Spoil::NotANumber | Spoil::Infinite)
                    | (SAMPLES, Spoil::Several | Spoil::Histogram)
                    // No counter began in the window, so nobody is asked when its target did.
                    | (BORN_ALL | BORN_BAD, Spoil::Empty)
                    | (AT_START, Spoil::Empty | Spoil::NotANumber | Spoil::Infinite)
                    // Only the names are read, and a query may say `or vector(0)`.
                    | (OF_ALL | OF_BAD, Spoil::Empty | Spoil::NotANumber | Spoil::Infinite)
            );
            // One more instance in an answer by instance is one that was retired, or is not asked for.
            let by_instance =
                !of.contains("sum(increase") && !of.contains("offset 162h") && of != "time()";
            let is_retired = by_instance && spoil == Spoil::Several;
            if !is_harmless && !is_retired {
                assert_ne!(report.verdict, Verdict::Pass, "{of} {spoil:?}");
            }
            seen.push(format!(
                "{of} {spoil:?}: {} {}",
                report.verdict,
                codes(&report).join(" ")
            ));
        }
    }
    insta::assert_snapshot!(seen.join("\n"));
}

#[tokio::test]
async fn a_silent_server_costs_no_more_than_the_timeout() {
    let began = Instant::now();
    for of in ["time()", "sum(increase(all_total[1h]))"] {
        let url = start(Fake {
            spoil: Spoil::Silent,
            of,
        })
        .await;
        let report = judged(&url, IMPATIENCE).await;
        assert_eq!(
            (report.verdict, codes(&report)),
            (Verdict::Inconclusive, vec!["source_unreachable"])
        );
    }
    assert!(began.elapsed() < 10 * IMPATIENCE, "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_closed_port_is_unreachable() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let report = judged(&format!("http://{address}"), PATIENCE).await;
    assert_eq!(
        (report.verdict, report.exit_code),
        (Verdict::Inconclusive, 3)
    );
    assert_eq!(codes(&report), ["source_unreachable"]);
    assert_eq!(report.at, None);
}

/// A server that sends these bytes to whoever connects, and hangs up.
async fn raw(bytes: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 4_096];
            let _ = stream.read(&mut request).await;
            let _ = stream.write_all(bytes).await;
        }
    });
    format!("http://{address}")
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_unreachable() {
    let url = raw(
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n\
        {\"status\":\"success\"",
    )
    .await;
    assert_eq!(codes(&judged(&url, PATIENCE).await), ["source_unreachable"]);
    let url = raw(b"220 mail.example.org ESMTP\r\n").await;
    assert_eq!(codes(&judged(&url, PATIENCE).await), ["source_unreachable"]);
}

#[tokio::test]
async fn a_long_query_is_sent_in_a_body() {
    let url = start(Fake {
        spoil: Spoil::Never,
        of: "",
    })
    .await;
    let client = Client::new(&url, PATIENCE).unwrap();
    let query = format!("timestamp(all_total{{x=\"{}\"}})", "y".repeat(5_000));
    let answer = client.instant(&query, None).await.unwrap();
    assert_eq!(answer.vector[0].labels["job"], "shop");
}

#[tokio::test]
async fn an_error_says_what_the_server_said() {
    let url = start(Fake {
        spoil: Spoil::Error,
        of: "up",
    })
    .await;
    let client = Client::new(&url, PATIENCE).unwrap();
    let error = client.instant("up", None).await.unwrap_err();
    let SourceError::Refused {
        status: 422,
        message,
        ..
    } = &error
    else {
        panic!("{error}")
    };
    assert_eq!(message, "execution: too many samples");
    let error = client.samples("time()", None).await.unwrap_err();
    assert!(matches!(error, SourceError::NotAnApi { .. }), "{error}");
}
