//! The gate against a real Prometheus, with history made by promtool.

#![expect(
    clippy::unwrap_used,
    reason = "a helper of a test may panic as a test does"
)]

mod history;

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use clap::Parser;
use jiff::Timestamp;
use outcome::Outcome;
use slo::gate::{Options, Report, judge};
use slo::prometheus::Client;

use history::{HOUR, STEP, open_metrics};

/// A Prometheus of our own; it is killed when this is dropped.
struct Server {
    child: Child,
    url: String,
    end: Timestamp,
    folder: tempfile::TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

impl Server {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let end =
            Timestamp::from_second(Timestamp::now().as_second() / STEP * STEP - HOUR).unwrap();
        let history = folder.path().join("history.txt");
        std::fs::write(&history, open_metrics(end.as_second())).unwrap();
        let data = folder.path().join("data");
        let made = Command::new("promtool")
            .args(["tsdb", "create-blocks-from", "openmetrics", "--quiet"])
            .args([&history, &data])
            .stdout(Stdio::null())
            .status();
        assert!(made.expect("promtool is missing: run ci/setup").success());
        let configuration = folder.path().join("prometheus.yaml");
        std::fs::write(&configuration, "global: {}\n").unwrap();
        // Another process may take the port in between; then a second try finds another one.
        for _ in 0..3 {
            let address = format!("127.0.0.1:{}", free_port());
            let mut child = Command::new("prometheus")
                .arg(format!("--config.file={}", configuration.display()))
                .arg(format!("--storage.tsdb.path={}", data.display()))
                .arg(format!("--web.listen-address={address}"))
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .expect("prometheus is missing: run ci/setup");
            let url = format!("http://{address}");
            if is_ready(&mut child, &url).await {
                return Self {
                    child,
                    url,
                    end,
                    folder,
                };
            }
            let _ = child.kill();
            let _ = child.wait();
        }
        panic!("Prometheus did not become ready");
    }

    fn objectives(&self, total: &str, bad: &str) -> PathBuf {
        let file = self.folder.path().join("shop.yaml");
        let metric =
            |query| format!("{{metricSource: {{type: Prometheus, spec: {{query: '{query}'}}}}}}");
        let text = format!(
            "apiVersion: openslo/v1\nkind: SLO\nmetadata: {{name: availability}}\nspec:\n  service: shop\n  \
             budgetingMethod: Occurrences\n  timeWindow: [{{duration: 6h, isRolling: true}}]\n  \
             objectives: [{{targetPercent: 99.9}}]\n  indicator:\n    spec:\n      ratioMetric:\n        \
             counter: true\n        bad: {}\n        total: {}\n",
            metric(bad),
            metric(total)
        );
        std::fs::write(&file, text).unwrap();
        file
    }

    async fn judge(&self, job: &str, total: &str, bad: &str) -> Report {
        let timeout = Duration::from_secs(20);
        let client = Client::new(&self.url, timeout).unwrap();
        let objectives = slo::load(&[self.objectives(total, bad)]).unwrap();
        let options = Options {
            window: Duration::from_secs(3_600),
            at: Some(self.end),
            matchers: vec![("job".to_owned(), job.to_owned())],
            events_min: 1_000,
            timeout,
            concurrency: 4,
            bound: slo::statistics::Bound::default(),
            release: None,
            severity: slo::gate::Severity::Usual,
            is_budget_left_to_policy: false,
        };
        judge(&client, &objectives, &options).await.unwrap()
    }
}

async fn is_ready(child: &mut Child, url: &str) -> bool {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let deadline = Instant::now() + Duration::from_secs(30);
    while Instant::now() < deadline && child.try_wait().unwrap().is_none() {
        let answer = http.get(format!("{url}/-/ready")).send().await;
        if answer.is_ok_and(|answer| answer.status().is_success()) {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    false
}

const TOTAL: &str = "answers_total";
const BAD: &str = r#"answers_total{code="500"}"#;

fn line(name: &str, report: &Report) -> String {
    let judged = &report.objectives[0];
    let codes: Vec<&str> = judged
        .reasons
        .iter()
        .map(|explained| explained.reason.code())
        .collect();
    let events = judged
        .total_events
        .map_or("–".to_owned(), |events| format!("{events:.0}"));
    let complete = judged
        .period
        .as_ref()
        .map_or("–", |period| if period.is_complete { "yes" } else { "no" });
    let line = format!(
        "{name}: {}, {events} events, history {complete}; {}",
        judged.verdict,
        codes.join(" ")
    );
    line.trim_end_matches("; ").to_owned()
}

#[derive(Debug, Parser)]
struct Gate {
    #[command(flatten)]
    args: slo::gate::Args,
}

async fn run(words: &[&str]) -> Result<Outcome, outcome::Failure> {
    let gate = Gate::try_parse_from([&["gate"], words].concat()).unwrap();
    slo::gate::run(gate.args).await
}

#[tokio::test]
async fn a_real_prometheus_is_judged() {
    let server = Server::start().await;
    let mut seen = Vec::new();
    for job in [
        "pass",
        "fail",
        "few",
        "reset",
        "down",
        "flaps",
        "vanished",
        "stale",
        "unseeded",
        "replaced",
        "kept",
        "spent",
        "nothing",
        "born",
        "seeded",
        "born-reset",
        "born-fail",
        "young",
        "hole",
        "clusters",
        "clusters-turned",
        "clusters-hole",
    ] {
        let began = Instant::now();
        let report = server.judge(job, TOTAL, BAD).await;
        assert!(
            began.elapsed() < Duration::from_secs(10),
            "{job}: {:?}",
            began.elapsed()
        );
        seen.push(line(job, &report));
        println!("{job} took {:?}", began.elapsed());
    }
    for (name, total, bad) in [
        (
            "several",
            "sum by (code) (increase(answers_total[{{.window}}]))",
            BAD,
        ),
        (
            "nan",
            "sum(increase(answers_total[{{.window}}])) * (0 / 0)",
            BAD,
        ),
        ("template", "sum(increase(answers_total[{{.window}}]))", BAD),
        ("contradiction", BAD, "answers_total"),
    ] {
        seen.push(line(name, &server.judge("pass", total, bad).await));
    }
    insta::assert_snapshot!(seen.join("\n"));
    the_command_writes_its_report(&server).await;
    what_the_server_cannot_parse_is_misuse(&server).await;
}

/// Our parser knows a function that this Prometheus does not.
async fn what_the_server_cannot_parse_is_misuse(server: &Server) {
    let strange = "sum(mad_over_time(answers_total[{{.window}}]))";
    for (total, bad, line) in [(strange, BAD, 14), (TOTAL, strange, 13)] {
        let slo = server.objectives(total, bad).display().to_string();
        let failure = run(&["--prometheus", &server.url, "--slo", &slo])
            .await
            .unwrap_err();
        assert_eq!(failure.outcome(), Outcome::Misused, "{failure}");
        let text = failure.to_string();
        let place = format!("shop.yaml:{line}: ");
        assert!(
            text.contains(&place) && text.contains("parse error"),
            "{text}"
        );
    }
}

async fn the_command_writes_its_report(server: &Server) {
    let file = server.objectives(TOTAL, BAD);
    let (at, slo) = (server.end.to_string(), file.display().to_string());
    let out = server.folder.path().join("report");
    let folder = out.display().to_string();
    let words = [
        "--prometheus",
        &server.url,
        "--slo",
        &slo,
        "--at",
        &at,
        "--out",
        &folder,
    ];
    for (job, expected) in [
        ("pass", Outcome::Held),
        ("fail", Outcome::Missed),
        ("few", Outcome::Inconclusive),
    ] {
        let only = format!("job={job}");
        let outcome = run(&[&words[..], &["--match", &only, "--release", "1.2.3"]].concat())
            .await
            .unwrap();
        assert_eq!(outcome, expected, "{job}");
        let report = report(&out);
        assert_eq!(report.verdict.outcome(), expected);
        assert_eq!(report.release.as_deref(), Some("1.2.3"));
        for name in ["gate.md", "gate.junit.xml"] {
            assert!(out.join(name).is_file(), "{name}");
        }
    }
    the_verdict_is_reached_again_without_anybody(&out).await;
    let outcome = run(&[&words[..], &["--match", "job=few", "--min-events", "100"]].concat()).await;
    assert_eq!(
        outcome.unwrap(),
        Outcome::Inconclusive,
        "however few are asked for, 360 clean ones cannot show 99.9 %"
    );
    std::fs::write(&file, "kind: SLO\n").unwrap();
    let failure = run(&words).await.unwrap_err();
    assert_eq!(failure.outcome(), Outcome::Misused, "{failure}");
}

/// The evidence is judged with nobody to ask, and what was changed is named.
async fn the_verdict_is_reached_again_without_anybody(out: &Path) {
    let folder = out.display().to_string();
    let words = ["replay", &folder];
    assert_eq!(run(&words).await.unwrap(), report(out).outcome());
    let answers = out.join("evidence/answers");
    let answer = std::fs::read_dir(&answers).unwrap().next().unwrap();
    let answer = answer.unwrap().path();
    std::fs::write(&answer, "{}").unwrap();
    let failure = run(&words).await.unwrap_err();
    assert_eq!(failure.outcome(), Outcome::Misused, "{failure}");
    let name = answer.file_name().unwrap().to_str().unwrap();
    assert!(failure.to_string().contains(name), "{failure}");
}

fn report(out: &Path) -> Report {
    serde_json::from_str(&std::fs::read_to_string(out.join("gate.json")).unwrap()).unwrap()
}
