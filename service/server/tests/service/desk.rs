//! What the stories share: a service of their own, and looks at it from outside.

use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use server::{Config, Server};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::Instant;

/// Longest time that anything here may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A service with these settings, on free ports, writing its log to a folder of its own.
pub(crate) struct Desk {
    pub(crate) server: Server,
    pub(crate) http: reqwest::Client,
    folder: tempfile::TempDir,
}

impl Desk {
    pub(crate) async fn open(settings: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let log = format!("telemetry.log_file={}", folder.path().join("log").display());
        let mut all = vec![
            "http.listen=127.0.0.1:0",
            "http.admin=127.0.0.1:0",
            "fonts.fallback=",
            &log,
        ];
        all.extend(settings);
        let server = server::start(Config::with(&all).unwrap()).await.unwrap();
        Self {
            server,
            http: client(),
            folder,
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.server.public)
    }

    pub(crate) async fn get(&self, path: &str) -> reqwest::Response {
        self.http.get(self.url(path)).send().await.unwrap()
    }

    /// As a program asks, which wants errors in words.
    pub(crate) async fn get_as_program(&self, path: &str) -> reqwest::Response {
        let request = self.http.get(self.url(path));
        let request = request.header("accept", "application/json");
        request.send().await.unwrap()
    }

    pub(crate) async fn post_chart(&self, body: impl Into<reqwest::Body>) -> reqwest::Response {
        let request = self.http.post(self.url("/v1/chart.png"));
        request
            .header("content-type", "application/json")
            .body(body)
            .send()
            .await
            .unwrap()
    }

    pub(crate) async fn metrics(&self) -> String {
        metrics(self.server.admin).await
    }

    /// The value of one series, as it is written in the exposition.
    pub(crate) async fn value(&self, series: &str) -> f64 {
        value(&self.metrics().await, series)
    }

    /// Waits until a series has a value.
    pub(crate) async fn await_value(&self, series: &str, holds: impl Fn(f64) -> bool) {
        let begun = Instant::now();
        loop {
            let value = self.value(series).await;
            if holds(value) {
                return;
            }
            assert!(begun.elapsed() < PATIENCE, "{series} is still {value}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.server.public).await.unwrap()
    }

    /// Stops the service and gives its log, line by line.
    pub(crate) async fn close(self) -> Vec<serde_json::Value> {
        self.server.shutdown().await;
        let text = std::fs::read_to_string(self.folder.path().join("log")).unwrap();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}

pub(crate) fn client() -> reqwest::Client {
    reqwest::Client::builder()
        .no_proxy()
        .timeout(PATIENCE)
        .build()
        .unwrap()
}

pub(crate) async fn metrics(admin: SocketAddr) -> String {
    let answer = client()
        .get(format!("http://{admin}/metrics"))
        .send()
        .await
        .unwrap();
    answer.text().await.unwrap()
}

pub(crate) fn value(exposition: &str, series: &str) -> f64 {
    let line = exposition
        .lines()
        .find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("{series} is not in\n{exposition}"))
        .parse()
        .unwrap()
}

/// Sends bytes as they are and reads until the service closes.
pub(crate) async fn converse(address: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    read_to_end(&mut stream).await
}

pub(crate) async fn read_to_end(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    // A connection that is cut has said what it had to say.
    let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
    drop(read.expect("the service closes the connection"));
    String::from_utf8_lossy(&answer).into_owned()
}

/// A real Redis on a free port, killed when dropped.
pub(crate) struct Redis {
    child: Child,
    pub(crate) port: u16,
    _folder: tempfile::TempDir,
}

impl Redis {
    pub(crate) async fn start() -> Self {
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        Self::start_at(port).await
    }

    pub(crate) async fn start_at(port: u16) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let child = Command::new("redis-server")
            .args([
                "--bind",
                "127.0.0.1",
                "--save",
                "",
                "--appendonly",
                "no",
                "--port",
                &port.to_string(),
            ])
            .current_dir(folder.path())
            .stdout(Stdio::null())
            .spawn()
            .expect("redis-server is missing: run ci/setup");
        let redis = Self {
            child,
            port,
            _folder: folder,
        };
        let begun = Instant::now();
        while redis.try_ask(&["PING"]).await.is_none() {
            assert!(begun.elapsed() < PATIENCE, "redis-server does not answer");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        redis
    }

    pub(crate) fn setting(&self) -> String {
        format!("redis.url=redis://127.0.0.1:{}", self.port)
    }

    /// One command, answered as text.
    pub(crate) async fn ask(&self, words: &[&str]) -> Vec<String> {
        self.try_ask(words).await.unwrap()
    }

    async fn try_ask(&self, words: &[&str]) -> Option<Vec<String>> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).await.ok()?;
        let mut command = format!("*{}\r\n", words.len());
        for word in words {
            command.push_str(&format!("${}\r\n{word}\r\n", word.len()));
        }
        command.push_str("*1\r\n$4\r\nQUIT\r\n");
        stream.write_all(command.as_bytes()).await.ok()?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.ok()?;
        Some(
            String::from_utf8_lossy(&answer)
                .lines()
                .map(str::to_owned)
                .collect(),
        )
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
