//! The gate when its Prometheus is slow, silent, cut off or gone: whatever it cannot know is
//! inconclusive, and it says so in bounded time.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::server::{Server, server};
use crate::{PROGRAM, objectives};

/// What `--timeout` is set to; a look may take no longer, and the gate looks once.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Time for everything beside the look, on a busy machine.
const MARGIN: Duration = Duration::from_secs(20);

/// A Toxiproxy before a Prometheus; it is killed with the test.
struct Between {
    api: String,
    url: String,
    child: Child,
}

impl Drop for Between {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Between {
    fn start(prometheus: &Server) -> Self {
        let mut child = Command::new(PROGRAM)
            .args(["toxiproxy", "--listen", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let stdout = child.stdout.take().unwrap();
        BufReader::new(stdout).read_line(&mut line).unwrap();
        let api = line.trim().strip_prefix("listening ").unwrap().to_owned();
        let upstream = prometheus.url.strip_prefix("http://").unwrap();
        let proxy = format!(
            r#"{{"name": "prometheus", "listen": "127.0.0.1:0", "upstream": "{upstream}"}}"#
        );
        let made = post(&format!("{api}/proxies"), &proxy);
        let url = format!("http://{}", made["listen"].as_str().unwrap());
        Self { api, url, child }
    }

    fn add(&self, toxic: &str) {
        post(&format!("{}/proxies/prometheus/toxics", self.api), toxic);
    }

    fn reset(&self) {
        post(&format!("{}/reset", self.api), "");
    }

    fn disable(&self) {
        post(
            &format!("{}/proxies/prometheus", self.api),
            r#"{"enabled": false}"#,
        );
    }

    /// Exit code and last words of a gate that reads through the proxy.
    fn gate(&self) -> (i32, String) {
        let timeout = format!("{}s", TIMEOUT.as_secs());
        let began = Instant::now();
        let output = Command::new(PROGRAM)
            .args(["gate", "--prometheus", &self.url, "--slo", &objectives()])
            .args(["--window", "5m", "--timeout", &timeout])
            .output()
            .unwrap();
        let took = began.elapsed();
        assert!(took < TIMEOUT + MARGIN, "the gate took {took:?}");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        (output.status.code().unwrap(), said)
    }
}

fn post(url: &str, body: &str) -> serde_json::Value {
    let output = Command::new("curl")
        .args([
            "-sS",
            "--fail-with-body",
            "--noproxy",
            "*",
            "--max-time",
            "20",
        ])
        .args(["-H", "Content-Type: application/json", "-d", body, url])
        .output()
        .expect("curl is missing: run ci/setup");
    let answer = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{url} {body}: {answer}");
    serde_json::from_str(&answer).unwrap_or_default()
}

#[test]
fn a_prometheus_that_is_slow_is_waited_for_and_one_that_fails_decides_nothing() {
    let prometheus = server();
    let between = Between::start(&prometheus);
    let (code, said) = between.gate();
    assert_eq!(code, 0, "{said}");
    between.add(r#"{"type": "latency", "attributes": {"latency": 150, "jitter": 50}}"#);
    let (code, said) = between.gate();
    assert_eq!(code, 0, "slow: {said}");
    let failing = [
        // Beyond the time that it has.
        r#"{"type": "latency", "attributes": {"latency": 60000}}"#,
        // Connections open, nothing ever comes.
        r#"{"type": "timeout", "attributes": {"timeout": 0}}"#,
        // Closed before the first answer.
        r#"{"type": "reset_peer", "attributes": {"timeout": 0}}"#,
        // A part of an answer is no answer.
        r#"{"type": "limit_data", "attributes": {"bytes": 200}}"#,
        // Bytes keep coming, and the end does not.
        r#"{"type": "slicer", "attributes": {"average_size": 1, "size_variation": 0, "delay": 500000}}"#,
    ];
    for toxic in failing {
        between.reset();
        between.add(toxic);
        let (code, said) = between.gate();
        assert_eq!(code, 3, "{toxic}: {said}");
    }
    between.reset();
    between.disable();
    let (code, said) = between.gate();
    assert_eq!(code, 3, "gone: {said}");
    between.reset();
    let (code, said) = between.gate();
    assert_eq!(code, 0, "{said}");
}
