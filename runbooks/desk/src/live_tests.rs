//! The desk on a port: a real Alertmanager that sends to it, clients that are slow, and its end.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use reqwest::Client;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::http::{Desk, app};
use crate::listener;
use crate::message::Status;
use crate::record::{AlertList, AlertRecord};
use crate::store::Store;

struct Live {
    address: SocketAddr,
    stopper: watch::Sender<bool>,
    ended: JoinHandle<()>,
}

async fn live(folder: &Path) -> Live {
    let store = Store::open(&folder.join("desk.db"), 100, Duration::from_secs(5)).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stopper, stop) = watch::channel(false);
    let ended = tokio::spawn(listener::serve(listener, app(Desk::new(store)), stop));
    Live {
        address,
        stopper,
        ended,
    }
}

fn client() -> Client {
    Client::builder().no_proxy().build().unwrap()
}

/// Asks until the answer is as wanted.
async fn until<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let asking = async {
        loop {
            if let Some(answer) = ask().await {
                break answer;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let bounded = tokio::time::timeout(Duration::from_secs(30), asking).await;
    bounded.unwrap_or_else(|_| panic!("never: {what}"))
}

/// A child that is killed by its own handle.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill().and_then(|()| self.0.wait());
    }
}

fn alertmanager(folder: &Path, desk: SocketAddr) -> (Killed, SocketAddr) {
    let free = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let file = folder.join("alertmanager.yml");
    let text = format!(
        "route: {{ receiver: desk, group_wait: 0s, group_interval: 1s, repeat_interval: 1h }}\n\
         receivers:\n- name: desk\n  webhook_configs: [{{ url: 'http://{desk}/webhook' }}]\n"
    );
    std::fs::write(&file, text).unwrap();
    let child = Command::new("prometheus-alertmanager")
        .arg(format!("--config.file={}", file.display()))
        .arg(format!(
            "--storage.path={}",
            folder.join("alertmanager").display()
        ))
        .arg(format!("--web.listen-address={free}"))
        .arg("--cluster.listen-address=")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("prometheus-alertmanager is missing: run ci/setup");
    (Killed(child), free)
}

async fn raise(alertmanager: SocketAddr, start: Timestamp, end: Timestamp) {
    let alerts = json!([{
        "labels": {"alertname": "LatencyHigh", "severity": "critical"},
        "annotations": {"summary": "Requests are slow."},
        "startsAt": start, "endsAt": end, "generatorURL": "http://prometheus/graph",
    }]);
    let client = client();
    let url = format!("http://{alertmanager}/api/v2/alerts");
    until("Alertmanager takes alerts", async || {
        let answer = client.post(&url).json(&alerts).send().await.ok()?;
        answer.status().is_success().then_some(())
    })
    .await;
}

async fn listed(desk: SocketAddr, status: Status) -> AlertRecord {
    let client = client();
    until(status.as_str(), async || {
        let answer = client
            .get(format!("http://{desk}/alerts"))
            .send()
            .await
            .ok()?;
        let list: AlertList = answer.json().await.unwrap();
        assert!(list.alerts.len() <= 1, "{list:?}");
        list.alerts.into_iter().find(|alert| alert.status == status)
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_alert_of_a_real_alertmanager_is_kept_from_firing_to_resolved() {
    let folder = tempfile::tempdir().unwrap();
    let desk = live(folder.path()).await;
    let (_child, alertmanager) = alertmanager(folder.path(), desk.address);
    let start = Timestamp::now();
    raise(alertmanager, start, start + SignedDuration::from_hours(1)).await;
    let firing = listed(desk.address, Status::Firing).await;
    assert_eq!(
        (firing.name(), firing.label("severity")),
        ("LatencyHigh", "critical")
    );
    assert_eq!(firing.generator_url, "http://prometheus/graph");
    assert!(firing.received_first >= start && firing.resolved_at.is_none());
    let end = Timestamp::now();
    raise(alertmanager, start, end).await;
    let resolved = listed(desk.address, Status::Resolved).await;
    assert_eq!(resolved.starts_at, firing.starts_at);
    assert_eq!(resolved.received_first, firing.received_first);
    let off = resolved.resolved_at.unwrap().duration_since(end);
    assert!(off.abs() < SignedDuration::from_secs(1), "{off}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_whose_head_was_read_is_answered_before_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let desk = live(folder.path()).await;
    let mut idle = TcpStream::connect(desk.address).await.unwrap();
    let mut slow = TcpStream::connect(desk.address).await.unwrap();
    let head = "POST /webhook HTTP/1.1\r\nHost: desk\r\nContent-Type: application/json\r\n\
                Expect: 100-continue\r\nContent-Length: 28\r\n\r\n";
    slow.write_all(head.as_bytes()).await.unwrap();
    let mut told = [0; 25];
    // "100 Continue" says that the handler waits for the body.
    slow.read_exact(&mut told).await.unwrap();
    desk.stopper.send_replace(true);
    let refused = async || {
        TcpStream::connect(desk.address)
            .await
            .is_err()
            .then_some(())
    };
    until("new connections are refused", refused).await;
    slow.write_all(br#"{"version":"4","alerts":[]} "#)
        .await
        .unwrap();
    let mut answer = String::new();
    slow.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    let ended = tokio::time::timeout(Duration::from_secs(20), desk.ended).await;
    assert!(ended.is_ok());
    assert_eq!(idle.read(&mut [0; 8]).await.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_that_send_no_head_or_no_body_are_cut() {
    let folder = tempfile::tempdir().unwrap();
    let desk = live(folder.path()).await;
    let mut silent = TcpStream::connect(desk.address).await.unwrap();
    silent
        .write_all(b"GET /livez HTTP/1.1\r\nHo")
        .await
        .unwrap();
    let mut headed = TcpStream::connect(desk.address).await.unwrap();
    let head = "POST /webhook HTTP/1.1\r\nHost: desk\r\nContent-Type: application/json\r\n\
                Content-Length: 28\r\n\r\n{";
    headed.write_all(head.as_bytes()).await.unwrap();
    let both = async {
        let (mut one, mut other) = (String::new(), String::new());
        silent.read_to_string(&mut one).await.unwrap();
        headed.read_to_string(&mut other).await.unwrap();
        assert!(other.starts_with("HTTP/1.1 408"), "{other}");
    };
    tokio::time::timeout(Duration::from_secs(15), both)
        .await
        .unwrap();
}
