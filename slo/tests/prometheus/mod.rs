//! A real Prometheus over a history that promtool made.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Ports that are tried: another process may take one between its choice and its use.
const TRIES: usize = 5;

/// How long one start may take.
const START_MAX: Duration = Duration::from_secs(60);

/// A Prometheus of our own; it is killed when this is dropped.
pub(crate) struct Server {
    child: Child,
    url: String,
    _folder: tempfile::TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    /// Serves `history`, which is OpenMetrics text, with further flags.
    pub(crate) async fn start(history: &str, flags: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let text = folder.path().join("history.txt");
        std::fs::write(&text, history).unwrap();
        let data = folder.path().join("data");
        let made = Command::new("promtool")
            .args(["tsdb", "create-blocks-from", "openmetrics", "--quiet"])
            .args([&text, &data])
            .stdout(Stdio::null())
            .status();
        assert!(made.expect("promtool is missing: run ci/setup").success());
        let configuration = folder.path().join("prometheus.yaml");
        std::fs::write(&configuration, "global: {}\n").unwrap();
        for _ in 0..TRIES {
            let port = TcpListener::bind("127.0.0.1:0").unwrap();
            let address = port.local_addr().unwrap().to_string();
            drop(port);
            let mut child = Command::new("prometheus")
                .arg(format!("--config.file={}", configuration.display()))
                .arg(format!("--storage.tsdb.path={}", data.display()))
                // What is made up may be older than what a server keeps by default.
                .arg("--storage.tsdb.retention.time=10y")
                .arg(format!("--web.listen-address={address}"))
                .args(flags)
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .expect("prometheus is missing: run ci/setup");
            let url = format!("http://{address}");
            let ready = tokio::time::timeout(START_MAX, is_ready(&mut child, &url));
            if ready.await.unwrap_or(false) {
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

    /// Its address.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

/// Waits until it answers; false when it ended instead.
async fn is_ready(child: &mut Child, url: &str) -> bool {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    while child.try_wait().unwrap().is_none() {
        let answer = http.get(format!("{url}/-/ready")).send().await;
        if answer.is_ok_and(|answer| answer.status().is_success()) {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    false
}
