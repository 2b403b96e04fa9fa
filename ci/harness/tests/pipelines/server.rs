//! A Prometheus that scrapes itself, with traffic behind it.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};

/// Requests that are sent: enough for 99.9 %.
const REQUESTS: usize = 4_000;

/// The count of requests that the objectives are about. The gate judges up to the last whole
/// second, so what it shall see must be a moment old.
const COUNTED: &str = "sum(prometheus_http_requests_total{handler=\"/api/v1/query\"} offset 2s)";

/// A Prometheus of our own; it is killed when the last test lets go of it.
pub(crate) struct Server {
    pub(crate) url: String,
    child: Child,
    _folder: tempfile::TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One for all tests that run at the same time.
pub(crate) fn server() -> Arc<Server> {
    static SERVER: Mutex<Weak<Server>> = Mutex::new(Weak::new());
    let mut shared = SERVER.lock().unwrap();
    shared.upgrade().unwrap_or_else(|| {
        let server = Arc::new(start());
        *shared = Arc::downgrade(&server);
        server
    })
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

fn start() -> Server {
    let server = try_ports();
    // The increase of a counter begins with its first scrape.
    request(&server.url, 1);
    await_count(&server.url, 0);
    request(&server.url, REQUESTS);
    await_count(&server.url, REQUESTS);
    server
}

/// Another process may take the port in between; then a further try finds another one.
fn try_ports() -> Server {
    for _ in 0..3 {
        let folder = tempfile::tempdir().unwrap();
        let address = format!("127.0.0.1:{}", free_port());
        let configuration = folder.path().join("prometheus.yaml");
        let text = format!(
            "global: {{scrape_interval: 1s}}\nscrape_configs:\n  - job_name: prometheus\n    \
             static_configs: [{{targets: ['{address}']}}]\n"
        );
        std::fs::write(&configuration, text).unwrap();
        let mut child = Command::new("prometheus")
            .arg(format!("--config.file={}", configuration.display()))
            .arg(format!(
                "--storage.tsdb.path={}",
                folder.path().join("data").display()
            ))
            .arg(format!("--web.listen-address={address}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("prometheus is missing: run ci/setup");
        let url = format!("http://{address}");
        if is_ready(&mut child, &url) {
            return Server {
                url,
                child,
                _folder: folder,
            };
        }
        let _ = child.kill();
        let _ = child.wait();
    }
    panic!("Prometheus did not become ready");
}

fn is_ready(child: &mut Child, url: &str) -> bool {
    let deadline = Instant::now() + Duration::from_secs(30);
    while Instant::now() < deadline && child.try_wait().unwrap().is_none() {
        if curl(&format!("{url}/-/ready")).is_some() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    false
}

fn curl(url: &str) -> Option<String> {
    let output = Command::new("curl")
        .args(["-sf", "--noproxy", "*", "--max-time", "60", url])
        .output()
        .expect("curl is missing: run ci/setup");
    let answered = output.status.success();
    answered.then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

fn request(url: &str, times: usize) {
    let sent = curl(&format!("{url}/api/v1/query?query=up&n=[1-{times}]"));
    assert!(sent.is_some(), "Prometheus failed a request");
}

/// Waits until Prometheus has scraped that it answered more than `count` requests.
fn await_count(url: &str, count: usize) {
    let deadline = Instant::now() + Duration::from_secs(60);
    let query = format!("{COUNTED} > {count}");
    while Instant::now() < deadline {
        let output = Command::new("promtool")
            .args(["query", "instant", url, &query])
            .output()
            .expect("promtool is missing: run ci/setup");
        // Without an answer it prints an empty line.
        if output.status.success() && !output.stdout.trim_ascii().is_empty() {
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("Prometheus did not scrape {count} requests within 60 s");
}
