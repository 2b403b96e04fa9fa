//! A real Prometheus with history made by promtool.

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::*;

/// Longest time that anything here may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where the history ends, in seconds since 1970: long ago, so that nothing depends on today.
const END: i64 = 1_795_370_400;

/// A Prometheus of our own; it is killed when this is dropped.
struct Server {
    child: Child,
    url: String,
    _folder: tempfile::TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Three hours of a counter with two routes, of which one is gone for half an hour, and of a gauge
/// that is not always a number.
fn history() -> String {
    let mut text = String::from("# TYPE answers counter\n");
    for (route, rate) in [("/a", 5), ("/b", 2)] {
        for second in (0..3 * 3_600).step_by(15) {
            if route == "/b" && (3_600..5_400).contains(&second) {
                continue;
            }
            let (time, value) = (END - 3 * 3_600 + second, second * rate);
            writeln!(text, "answers_total{{route=\"{route}\"}} {value} {time}").unwrap();
        }
    }
    text.push_str("# TYPE odd gauge\n");
    for second in (0..3 * 3_600).step_by(15) {
        let value = ["1", "NaN", "+Inf", "-Inf"][second as usize / 15 % 4];
        writeln!(text, "odd {value} {}", END - 3 * 3_600 + second).unwrap();
    }
    text.push_str("# TYPE many gauge\n");
    for index in 0..40 {
        writeln!(text, "many{{index=\"{index}\"}} 1 {}", END - 60).unwrap();
    }
    text + "# EOF\n"
}

impl Server {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (file, data) = (
            folder.path().join("history.txt"),
            folder.path().join("data"),
        );
        std::fs::write(&file, history()).unwrap();
        let made = Command::new("promtool")
            .args(["tsdb", "create-blocks-from", "openmetrics", "--quiet"])
            .args([&file, &data])
            .stdout(Stdio::null())
            .status();
        assert!(made.expect("promtool is missing: run ci/setup").success());
        let configuration = folder.path().join("prometheus.yaml");
        std::fs::write(&configuration, "global: {}\n").unwrap();
        // Another process may take the port in between; then a second try finds another one.
        for _ in 0..3 {
            let (mut child, url) = spawn(&configuration, &data);
            if is_ready(&mut child, &url).await {
                return Self {
                    child,
                    url,
                    _folder: folder,
                };
            }
            let _ = child.kill();
            let _ = child.wait();
        }
        panic!("Prometheus did not become ready");
    }
}

fn spawn(configuration: &Path, data: &Path) -> (Child, String) {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let child = Command::new("prometheus")
        .arg(format!("--config.file={}", configuration.display()))
        .arg(format!("--storage.tsdb.path={}", data.display()))
        .arg("--storage.tsdb.retention.time=100y")
        .arg(format!("--web.listen-address={address}"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("prometheus is missing: run ci/setup");
    (child, format!("http://{address}"))
}

async fn is_ready(child: &mut Child, url: &str) -> bool {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let begun = clock::now();
    while clock::since(begun) < PATIENCE && child.try_wait().unwrap().is_none() {
        let answer = http.get(format!("{url}/-/ready")).send().await;
        if answer.is_ok_and(|answer| answer.status().is_success()) {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    false
}

fn at(query: &str) -> String {
    format!("{query}&at={END}")
}

/// One start serves all stories: each only reads.
#[tokio::test]
async fn a_real_prometheus_is_asked() {
    let server = Server::start().await;
    let named = "charts.answers.query=sum by (route) (rate(answers_total[$__rate_interval]))";
    let bench = Bench::new(&server.url, &[named, "charts.answers.legend={route}"]);
    series_are_named_and_broken_at_gaps(&bench).await;
    numbers_that_are_none_arrive(&bench).await;
    what_is_no_query_is_said_in_its_words(&bench).await;
    long_ranges_stay_within_what_can_be_drawn(&bench).await;
    let nothing = bench
        .get(&at("query=nothing_is_called_this"), PATIENCE)
        .await
        .unwrap();
    assert!(nothing.series.is_empty());
    let many = bench.get(&at("query=many"), PATIENCE).await.unwrap_err();
    let expected = SourceError::TooManySeries {
        limit: 32,
        actual: 40,
    };
    assert_eq!(many, expected);
}

async fn series_are_named_and_broken_at_gaps(bench: &Bench) {
    let data = bench
        .get(&at("name=answers&range=3h"), PATIENCE)
        .await
        .unwrap();
    let names: Vec<&str> = data
        .series
        .iter()
        .map(|series| series.name.as_str())
        .collect();
    assert_eq!(names, ["/a", "/b"]);
    assert_eq!(
        (data.end, data.start),
        (END as f64, (END - 3 * 3_600) as f64)
    );
    assert!(data.notes.is_empty() && !data.is_coarse);
    let gaps = |index: usize| {
        let points = &data.series[index].points;
        points.iter().filter(|point| point.1.is_nan()).count()
    };
    assert_eq!((gaps(0), gaps(1)), (0, 1));
    let middle = data.series[0].points[data.series[0].points.len() / 2];
    assert!((middle.1 - 5.0).abs() < 0.01, "{middle:?}");
    let scene = render::Scene::Chart(
        bench
            .request(&at("name=answers&range=3h"))
            .chart(Some(&data)),
    );
    scene.check().unwrap();
}

async fn numbers_that_are_none_arrive(bench: &Bench) {
    let data = bench
        .get(&at("query=odd&range=2h"), PATIENCE)
        .await
        .unwrap();
    let values: Vec<f64> = data.series[0].points.iter().map(|point| point.1).collect();
    let count = |is: fn(&f64) -> bool| values.iter().filter(|value| is(value)).count();
    let quarter = values.len() / 4;
    assert!(count(|value| value.is_nan()) >= quarter);
    assert!(count(|value| *value == f64::INFINITY) >= quarter);
    assert!(count(|value| *value == f64::NEG_INFINITY) >= quarter);
}

async fn what_is_no_query_is_said_in_its_words(bench: &Bench) {
    let mut report = Vec::new();
    for query in [
        "sum%28",
        "answers_total%5B5m%5D",
        "%22text%22",
        "answers_total+%2B+on%28%29+answers_total",
        "mad_over_time%28answers_total%5B5m%5D%29",
    ] {
        let error = bench
            .get(&at(&format!("query={query}")), PATIENCE)
            .await
            .unwrap_err();
        let problem = Problem::from(error);
        report.push(format!("{} {}", problem.status.as_str(), problem.detail));
    }
    insta::assert_snapshot!(report.join("\n"));
    let scalar = bench.get(&at("query=1+%2B+1"), PATIENCE).await.unwrap();
    assert!(scalar.series[0].points.iter().all(|point| point.1 == 2.0));
}

async fn long_ranges_stay_within_what_can_be_drawn(bench: &Bench) {
    for query in [
        "range=31d&width=4096&height=64",
        "range=45h&step=15s",
        "range=1m",
        "range=31d",
    ] {
        let data = bench
            .get(&at(&format!("query=vector%281%29&{query}")), PATIENCE)
            .await;
        let data = data.unwrap_or_else(|error| panic!("{query}: {error}"));
        let points = data.series[0].points.len();
        assert!((2..=11_000).contains(&points), "{query}: {points}");
        assert_eq!(data.series[0].points[0].0, data.start, "{query}");
        assert_eq!(data.series[0].points[points - 1].0, data.end, "{query}");
    }
}
