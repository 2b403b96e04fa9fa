//! Servers that are slow, broken, lying or no Prometheus at all.

mod time;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

use super::*;

/// Longest time that anything here may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// Enough for a first and a second try.
const SHORT: Duration = Duration::from_millis(700);

const SMALL_RESERVE: &str = "prometheus.drawing_reserve=50ms";

type Parameters = Vec<(String, String)>;

/// What a server does with one request.
enum Act {
    /// Sends these bytes and closes.
    Send(Vec<u8>),
    /// Sends these bytes and nothing more, without closing.
    Hold(Vec<u8>),
    /// Sends these bytes, then one byte now and then.
    Drip(Vec<u8>),
    /// Sends these bytes, then zeros without an end.
    Endless(Vec<u8>),
    /// Sends the first bytes, and the others when it is told to.
    Later(Vec<u8>, Vec<u8>),
}

/// A server that acts by its script.
struct Fake {
    url: String,
    /// The queries that it was asked, decoded.
    seen: Arc<Mutex<Vec<Parameters>>>,
    connections: Arc<AtomicUsize>,
    go: Arc<Notify>,
}

impl Fake {
    async fn start(script: impl Fn(usize, &Asking) -> Act + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let fake = Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            seen: Arc::default(),
            connections: Arc::default(),
            go: Arc::default(),
        };
        let (seen, connections) = (Arc::clone(&fake.seen), Arc::clone(&fake.connections));
        let (script, go) = (Arc::new(script), Arc::clone(&fake.go));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let index = connections.fetch_add(1, Ordering::SeqCst);
                let (script, seen, go) = (Arc::clone(&script), Arc::clone(&seen), Arc::clone(&go));
                tokio::spawn(async move {
                    let mut stream = stream;
                    let Some(asking) = Asking::read(&mut stream).await else {
                        return;
                    };
                    seen.lock().unwrap().push(asking.parameters.clone());
                    let act = script(index, &asking);
                    perform(act, stream, &go).await;
                });
            }
        });
        fake
    }

    /// The same answer for everyone.
    async fn always(answer: Vec<u8>) -> Self {
        Self::start(move |_, _| Act::Send(answer.clone())).await
    }

    fn count(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// One parameter of each query.
    fn asked(&self, name: &str) -> Vec<String> {
        let seen = self.seen.lock().unwrap();
        let value = |parameters: &Parameters| {
            let found = parameters.iter().find(|(found, _)| found == name);
            found.unwrap().1.clone()
        };
        seen.iter().map(value).collect()
    }
}

/// A request as a server sees it.
struct Asking {
    head: String,
    parameters: Parameters,
}

impl Asking {
    async fn read(stream: &mut TcpStream) -> Option<Self> {
        let mut bytes = Vec::new();
        loop {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            if let Some((head, body)) = text.split_once("\r\n\r\n") {
                let length = head.lines().find_map(|line| {
                    let line = line.to_ascii_lowercase();
                    line.strip_prefix("content-length: ")?.parse::<usize>().ok()
                });
                if body.len() >= length.unwrap_or(0) {
                    let target = head.split(' ').nth(1)?;
                    let form = target.split_once('?').map_or(body, |(_, query)| query);
                    let url = reqwest::Url::parse(&format!("http://fake/?{form}")).ok()?;
                    return Some(Self {
                        head: head.to_owned(),
                        parameters: url.query_pairs().into_owned().collect(),
                    });
                }
            }
            if stream.read_buf(&mut bytes).await.ok()? == 0 {
                return None;
            }
        }
    }

    fn number(&self, name: &str) -> f64 {
        let found = self.parameters.iter().find(|(found, _)| found == name);
        found.unwrap().1.parse().unwrap()
    }

    /// One series with a value at every moment.
    fn matrix(&self) -> String {
        let (start, end, step) = (
            self.number("start"),
            self.number("end"),
            self.number("step"),
        );
        let count = ((end - start) / step).round() as usize + 1;
        let values: Vec<String> = (0..count)
            .map(|index| format!("[{},\"{index}\"]", start + index as f64 * step))
            .collect();
        success(
            "matrix",
            &format!(
                r#"[{{"metric":{{"job":"a"}},"values":[{}]}}]"#,
                values.join(",")
            ),
        )
    }
}

async fn perform(act: Act, mut stream: TcpStream, go: &Notify) {
    // A client that goes away is no concern of ours.
    let _ = match act {
        Act::Send(bytes) => stream.write_all(&bytes).await,
        Act::Hold(bytes) => {
            let _ = stream.write_all(&bytes).await;
            std::future::pending().await
        }
        Act::Drip(bytes) => {
            let _ = stream.write_all(&bytes).await;
            while stream.write_all(b" ").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            Ok(())
        }
        Act::Endless(bytes) => {
            let _ = stream.write_all(&bytes).await;
            while stream.write_all(&[b' '; 65_536]).await.is_ok() {}
            Ok(())
        }
        Act::Later(first, second) => {
            let _ = stream.write_all(&first).await;
            go.notified().await;
            stream.write_all(&second).await
        }
    };
}

fn success(kind: &str, result: &str) -> String {
    format!(r#"{{"status":"success","data":{{"resultType":"{kind}","result":{result}}}}}"#)
}

fn failure(kind: &str, words: &str) -> String {
    format!(r#"{{"status":"error","errorType":"{kind}","error":"{words}"}}"#)
}

fn head(status: &str, media_type: &str, length: usize) -> String {
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: {media_type}\r\ncontent-length: {length}\r\n\
         connection: close\r\n\r\n"
    )
}

fn answer(status: &str, media_type: &str, body: &str) -> Vec<u8> {
    (head(status, media_type, body.len()) + body).into_bytes()
}

fn json(status: &str, body: &str) -> Vec<u8> {
    answer(status, "application/json", body)
}

fn ok(body: &str) -> Vec<u8> {
    json("200 OK", body)
}

#[tokio::test]
async fn an_answer_becomes_series() {
    let fake = Fake::start(|_, asking| Act::Send(ok(&asking.matrix()))).await;
    let bench = Bench::new(&fake.url, &[]);
    let data = bench.get("query=up&range=1h", PATIENCE).await.unwrap();
    assert_eq!(data.series[0].points.len(), 241);
    assert_eq!(
        (data.step, data.is_coarse),
        (Duration::from_secs(15), false)
    );
    assert_eq!(data.end, data.evaluated_at.as_second() as f64);
    assert_eq!(data.start, data.end - 3_600.0);
    assert_eq!(fake.asked("query"), ["up"]);
    assert_eq!(fake.asked("step"), ["15.000"]);
    let calls =
        "http_client_request_duration_seconds_count{dependency=\"prometheus\",error_type=\"\"}";
    assert_eq!(bench.value(calls), 1.0);
}

#[tokio::test]
async fn a_long_query_goes_into_a_body() {
    let fake = Fake::start(|_, asking| {
        let is_post = asking.head.starts_with("POST /api/v1/query_range HTTP/1.1");
        Act::Send(if is_post {
            ok(&asking.matrix())
        } else {
            ok("")
        })
    })
    .await;
    let bench = Bench::new(&fake.url, &[]);
    let query = format!("a{{b=\"{}\"}}", "c".repeat(2_000));
    assert!(bench.get(&format!("query={query}"), PATIENCE).await.is_ok());
    assert_eq!(fake.asked("query"), [query]);
}

#[tokio::test]
async fn whatever_is_no_answer_is_an_error_that_says_so() {
    let points: Vec<String> = (0..11_001)
        .map(|index| format!("[{index},\"1\"]"))
        .collect();
    let points = format!(r#"[{{"metric":{{}},"values":[{}]}}]"#, points.join(","));
    let series: Vec<String> = (0..40)
        .map(|index| format!(r#"{{"metric":{{"i":"{index}"}},"values":[]}}"#))
        .collect();
    let whole = success("matrix", "[]");
    let html = "<html>Please log in</html>";
    let spoils: Vec<(&str, Vec<u8>)> = vec![
        ("truncated JSON", ok(&whole[..whole.len() - 2])),
        ("closed early", [head("200 OK", "application/json", 999).as_bytes(), whole.as_bytes()].concat()),
        ("closed at once", Vec::new()),
        ("no HTTP", b"220 smtp.example.com ESMTP\r\n".to_vec()),
        ("error with 200", ok(&failure("bad_data", "parse error: unexpected end"))),
        ("bad_data", json("400 Bad Request", &failure("bad_data", "parse error: unexpected end"))),
        ("execution", json("422 Unprocessable Entity", &failure("execution", "many-to-many matching"))),
        ("internal", json("500 Internal Server Error", &failure("internal", "disk"))),
        ("unavailable", json("503 Service Unavailable", &failure("unavailable", "starting"))),
        ("timeout", json("503 Service Unavailable", &failure("timeout", "query timed out"))),
        ("data with 500", json("500 Internal Server Error", &whole)),
        ("HTML with 200", answer("200 OK", "text/html", html)),
        ("HTML with 401", answer("401 Unauthorized", "text/html", html)),
        ("HTML with 503", answer("503 Service Unavailable", "text/html", html)),
        ("wrong content type", answer("200 OK", "text/plain", &whole)),
        ("HTML as JSON", ok(html)),
        ("429", answer("429 Too Many Requests", "text/plain", "slow down")),
        ("redirect", format!("HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{whole}", whole.len()).into_bytes()),
        ("vector", ok(&success("vector", r#"[{"metric":{},"value":[0,"1"]}]"#))),
        ("scalar", ok(&success("scalar", r#"[0,"1"]"#))),
        ("string", ok(&success("string", r#"[0,"one"]"#))),
        ("histograms", ok(&success("matrix", r#"[{"metric":{},"histograms":[[0,{}]]}]"#))),
        ("11,001 points", ok(&success("matrix", &points))),
        ("40 series", ok(&success("matrix", &format!("[{}]", series.join(","))))),
        ("other moments", ok(&success("matrix", r#"[{"metric":{},"values":[[5,"1"]]}]"#))),
        ("false length", head("200 OK", "application/json", 50_000_000).into_bytes()),
    ];
    let mut report = Vec::new();
    for (name, bytes) in spoils {
        let fake = Fake::always(bytes).await;
        let bench = Bench::new(&fake.url, &[]);
        let error = bench.get("query=up", PATIENCE).await.unwrap_err();
        let metric = format!(
            "http_client_request_duration_seconds_count{{dependency=\"prometheus\",error_type=\"{}\"}}",
            error.error_type().as_str()
        );
        assert!(bench.value(&metric) >= 1.0, "{name}");
        let text = error.to_string();
        assert!(!text.contains("127.0.0.1"), "{name}: {text}");
        report.push(format!("{name}: {text} [{}]", error.error_type().as_str()));
    }
    insta::assert_snapshot!(report.join("\n"));
}

#[tokio::test]
async fn numbers_that_are_none_and_warnings_are_kept() {
    let fake = Fake::start(|_, asking| {
        let start = asking.number("start");
        let values = ["NaN", "+Inf", "-Inf", "1"].iter().enumerate();
        let values: Vec<String> = values
            .map(|(index, value)| format!("[{},\"{value}\"]", start + 15.0 * index as f64))
            .collect();
        let result = format!(r#"[{{"metric":{{}},"values":[{}]}}]"#, values.join(","));
        let body = success("matrix", &result);
        let warned = format!(
            "{},\"warnings\":[\"a store is away\"]}}",
            &body[..body.len() - 1]
        );
        Act::Send(ok(&warned))
    })
    .await;
    let data = Bench::new(&fake.url, &[])
        .get("query=up", PATIENCE)
        .await
        .unwrap();
    let values: Vec<f64> = data.series[0].points.iter().map(|point| point.1).collect();
    assert!(values[0].is_nan());
    assert_eq!(values[1..], [f64::INFINITY, f64::NEG_INFINITY, 1.0]);
    assert_eq!(data.notes, ["a store is away"]);
}

#[tokio::test]
async fn an_empty_result_is_an_empty_chart() {
    let fake = Fake::always(ok(&success("matrix", "[]"))).await;
    let bench = Bench::new(&fake.url, &[]);
    let data = bench.get("query=up", PATIENCE).await.unwrap();
    assert!(data.series.is_empty() && data.start < data.end);
}

#[tokio::test]
async fn a_body_without_an_end_is_cut_at_its_maximum() {
    let chunked = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n";
    for start in [
        head("200 OK", "application/json", 50_000_000),
        chunked.to_owned(),
    ] {
        let fake = Fake::start(move |_, _| Act::Endless(start.clone().into_bytes())).await;
        let bench = Bench::new(&fake.url, &["prometheus.body_bytes_max=1048576"]);
        let error = bench.get("query=up", PATIENCE).await.unwrap_err();
        assert_eq!(
            error,
            SourceError::TooLarge {
                limit_bytes: 1_048_576
            }
        );
    }
}

#[tokio::test]
async fn answers_share_their_memory() {
    let body = success("matrix", "[]");
    let padded = format!("{}{body}", " ".repeat(50_000));
    let (first, second) = padded.split_at(40_000);
    let first = head("200 OK", "application/json", padded.len()) + first;
    let (first, second) = (first.into_bytes(), second.as_bytes().to_vec());
    let fake = Fake::start(move |_, _| Act::Later(first.clone(), second.clone())).await;
    let bench = Bench::new(&fake.url, &["prometheus.body_bytes_max=65536"]);
    let mut asking = tokio::task::JoinSet::new();
    for index in 0..3 {
        let source = Arc::clone(&bench.source);
        let request = bench.request(&format!("query=up{index}"));
        let deadline = Deadline::after(clock::now(), PATIENCE);
        asking.spawn(async move { source.get(&request, deadline).await.result });
    }
    // Two fit, and are held up; the third does not.
    let refused = asking.join_next().await.unwrap().unwrap();
    assert_eq!(refused, Err(SourceError::Refused));
    fake.go.notify_waiters();
    while let Some(asked) = asking.join_next().await {
        assert!(asked.unwrap().is_ok());
    }
}

#[tokio::test]
async fn one_that_drips_or_says_nothing_is_left_at_the_deadline() {
    for drips in [true, false] {
        let start = head("200 OK", "application/json", 1_000).into_bytes();
        let fake = Fake::start(move |_, _| match drips {
            true => Act::Drip(start.clone()),
            false => Act::Hold(Vec::new()),
        })
        .await;
        let bench = Bench::new(&fake.url, &[SMALL_RESERVE]);
        let deadline = Deadline::after(clock::now(), SHORT);
        let asked = bench
            .source
            .get(&bench.request("query=up&range=6h"), deadline)
            .await;
        assert_eq!(asked.result, Err(SourceError::Late));
        assert_eq!(asked.timings.len(), 2);
        // The second try was a coarser one, and was given less time.
        assert_eq!(fake.asked("step"), ["30.000", "120.000"]);
        let taken = asked.timings[1]
            .end
            .saturating_duration_since(asked.timings[0].start);
        assert!(taken < PATIENCE / 2, "{taken:?}");
    }
}
