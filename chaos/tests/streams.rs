//! What happens to bytes on their way through a proxy of the embedded server, over real sockets.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod stand;

use std::time::{Duration, Instant};

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use rand::rngs::StdRng;
use rand::{Rng, RngCore, SeedableRng};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::{Value, json};
use stand::{PATIENCE, Server, echo};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    let done = tokio::time::timeout(PATIENCE, future).await;
    done.unwrap_or_else(|_| panic!("{what} hangs"))
}

async fn round_trip(client: &mut TcpStream) -> Duration {
    let began = Instant::now();
    client.write_all(b"ping").await.unwrap();
    let mut answer = [0; 4];
    within("an echo", client.read_exact(&mut answer))
        .await
        .unwrap();
    assert_eq!(&answer, b"ping");
    began.elapsed()
}

/// Bytes that go each way in one case of the property, at most.
const BYTES_MAX: usize = 3 * 1024 * 1024;

/// One change of the toxics of a proxy, none of which may lose a byte.
#[derive(Debug, Clone)]
enum Step {
    Add(Value),
    Update(u8, Value),
    Remove(u8),
    /// Lets bytes flow for so many milliseconds.
    Flow(u64),
}

fn any_attributes() -> impl Strategy<Value = (&'static str, Value)> {
    prop_oneof![
        (0..40u32, 0..40u32).prop_map(|(latency, jitter)| {
            ("latency", json!({ "latency": latency, "jitter": jitter }))
        }),
        (2_000..200_000u32).prop_map(|rate| ("bandwidth", json!({ "rate": rate }))),
        (200..60_000u32, 0..60_000u32, 0..50u32).prop_map(|(average, variation, delay)| {
            let attributes =
                json!({ "average_size": average, "size_variation": variation, "delay": delay });
            ("slicer", attributes)
        }),
        (0..40u32).prop_map(|delay| ("slow_close", json!({ "delay": delay }))),
        Just(("limit_data", json!({ "bytes": 1_u64 << 40 }))),
        Just(("noop", json!({}))),
    ]
}

fn any_step() -> impl Strategy<Value = Step> {
    let toxic = (any_attributes(), any::<bool>(), 0..=4u32);
    let add = (0..4u8, toxic).prop_map(|(name, ((kind, attributes), up, quarters))| {
        let stream = if up { "upstream" } else { "downstream" };
        let toxicity = f64::from(quarters) / 4.0;
        let toxic = json!({
            "name": format!("t{name}"), "type": kind, "stream": stream, "toxicity": toxicity,
            "attributes": attributes,
        });
        Step::Add(toxic)
    });
    let update = (0..4u8, any_attributes())
        .prop_map(|(name, (_, attributes))| Step::Update(name, attributes));
    prop_oneof![
        4 => add,
        2 => update,
        3 => (0..4u8).prop_map(Step::Remove),
        2 => (0..20u64).prop_map(Step::Flow),
    ]
}

/// Sends random bytes in random pieces, then the end.
async fn send(mut write: impl AsyncWrite + Unpin, bytes: Vec<u8>, pieces: u64) {
    let mut random = StdRng::seed_from_u64(pieces);
    let mut rest = bytes.as_slice();
    while !rest.is_empty() {
        let most = [1, 1_000, 64 * 1024][random.random_range(0..3)];
        let length = random.random_range(1..=most).min(rest.len());
        write.write_all(&rest[..length]).await.unwrap();
        rest = &rest[length..];
    }
    write.shutdown().await.unwrap();
}

async fn receive(mut read: impl AsyncRead + Unpin) -> Vec<u8> {
    let mut received = Vec::new();
    read.read_to_end(&mut received).await.unwrap();
    received
}

fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    StdRng::seed_from_u64(seed).fill_bytes(&mut bytes);
    bytes
}

/// Carries out one change. What it names may not be there, or be there already: that is refused.
async fn make(server: &Server, step: &Step) {
    let (method, path, body) = match step {
        Step::Add(toxic) => ("POST", "/proxies/p/toxics".to_owned(), toxic.clone()),
        Step::Update(name, attributes) => {
            let body = json!({ "attributes": attributes });
            ("PATCH", format!("/proxies/p/toxics/t{name}"), body)
        }
        Step::Remove(name) => ("DELETE", format!("/proxies/p/toxics/t{name}"), Value::Null),
        Step::Flow(ms) => return tokio::time::sleep(Duration::from_millis(*ms)).await,
    };
    let (status, answer) = server.call(method, &path, body).await;
    assert!([200, 204, 404, 409].contains(&status), "{status} {answer}");
}

/// Bytes go both ways at once while toxics are added, changed and removed.
async fn both_ways(lengths: [usize; 2], seed: u64, steps: &[Step]) {
    let server = Server::start().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = server.proxy_to(listener.local_addr().unwrap()).await;
    for step in &steps[..steps.len() / 4] {
        make(&server, step).await;
    }
    let client = TcpStream::connect(address).await.unwrap();
    let (upstream, _) = within("the upstream", listener.accept()).await.unwrap();
    let [up, down] = [noise(seed, lengths[0]), noise(seed + 1, lengths[1])];
    let (read_client, write_client) = client.into_split();
    let (read_upstream, write_upstream) = upstream.into_split();
    let sent_up = tokio::spawn(send(write_client, up.clone(), seed));
    let sent_down = tokio::spawn(send(write_upstream, down.clone(), seed + 1));
    let at_upstream = tokio::spawn(receive(read_upstream));
    let at_client = tokio::spawn(receive(read_client));
    for step in &steps[steps.len() / 4..] {
        make(&server, step).await;
    }
    assert_eq!(server.call("POST", "/reset", Value::Null).await.0, 204);
    for sent in [sent_up, sent_down] {
        within("a sender", sent).await.unwrap();
    }
    for (expected, received) in [(up, at_upstream), (down, at_client)] {
        let received = within("a receiver", received).await.unwrap();
        let alike = received.iter().zip(&expected).take_while(|(a, b)| a == b);
        assert_eq!(alike.count(), expected.len(), "bytes that arrived in order");
        assert_eq!(received.len(), expected.len(), "bytes that arrived");
    }
}

#[test]
fn whatever_toxics_come_and_go_every_byte_arrives_once_and_in_order_both_ways() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let config = Config {
        cases: 24,
        failure_persistence: None,
        ..Config::default()
    };
    let length = || 0..BYTES_MAX;
    let steps = proptest::collection::vec(any_step(), 0..60);
    let mut runner = TestRunner::new(config);
    let held = runner.run(&(length(), length(), any::<u32>(), steps), |case| {
        let (up, down, seed, steps) = case;
        runtime.block_on(both_ways([up, down], seed.into(), &steps));
        Ok(())
    });
    held.unwrap();
}

/// Descriptors of this process.
fn open_files() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_connections_are_served_at_once_and_none_is_left_behind() {
    const CONNECTIONS: usize = 1_000;
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum.or(limit.current),
        maximum: limit.maximum,
    };
    setrlimit(Resource::Nofile, raised).unwrap();
    let server = Server::start().await;
    let address = server.proxy_to(echo().await).await;
    server
        .add(json!({ "type": "latency", "attributes": { "latency": 20 } }))
        .await;
    let before = open_files();
    let mut clients = Vec::new();
    for _ in 0..CONNECTIONS {
        clients.push(TcpStream::connect(address).await.unwrap());
    }
    for client in &mut clients {
        client.write_all(b"ping").await.unwrap();
    }
    for client in &mut clients {
        let mut answer = [0; 4];
        within("an echo", client.read_exact(&mut answer))
            .await
            .unwrap();
        assert_eq!(&answer, b"ping");
    }
    assert!(open_files() > before + 3 * CONNECTIONS);
    drop(clients);
    within("the last connection", async {
        // Other tests of this process open some of their own.
        while open_files() > before + CONNECTIONS / 10 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn latency_delays_an_open_connection_and_its_removal_frees_it() {
    let server = Server::start().await;
    let address = server.proxy_to(echo().await).await;
    let mut client = TcpStream::connect(address).await.unwrap();
    assert!(round_trip(&mut client).await < Duration::from_millis(200));
    server
        .add(json!({ "type": "latency", "attributes": { "latency": 300 } }))
        .await;
    assert!(round_trip(&mut client).await >= Duration::from_millis(300));
    server
        .call(
            "DELETE",
            "/proxies/p/toxics/latency_downstream",
            Value::Null,
        )
        .await;
    assert!(round_trip(&mut client).await < Duration::from_millis(200));
}

#[tokio::test]
async fn a_timeout_of_0_swallows_all_and_its_removal_closes() {
    let server = Server::start().await;
    let address = server.proxy_to(echo().await).await;
    let mut client = TcpStream::connect(address).await.unwrap();
    round_trip(&mut client).await;
    server
        .add(json!({ "type": "timeout", "attributes": { "timeout": 0 } }))
        .await;
    client.write_all(b"ping").await.unwrap();
    let mut answer = [0; 4];
    let silence = tokio::time::timeout(Duration::from_millis(200), client.read(&mut answer)).await;
    assert!(silence.is_err(), "{silence:?}");
    server
        .call(
            "DELETE",
            "/proxies/p/toxics/timeout_downstream",
            Value::Null,
        )
        .await;
    assert_eq!(
        within("the close", client.read(&mut answer)).await.unwrap(),
        0
    );
}

#[tokio::test]
async fn reset_peer_answers_the_first_bytes_of_a_new_connection_with_a_reset() {
    let server = Server::start().await;
    let address = server.proxy_to(echo().await).await;
    server
        .add(json!({ "type": "reset_peer", "attributes": { "timeout": 50 } }))
        .await;
    let mut client = TcpStream::connect(address).await.unwrap();
    client.write_all(b"ping").await.unwrap();
    let error = within("the reset", client.read(&mut [0; 4]))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn a_disabled_proxy_refuses_and_closes_and_comes_back_on_its_port_with_its_toxics() {
    let server = Server::start().await;
    let address = server.proxy_to(echo().await).await;
    let mut client = TcpStream::connect(address).await.unwrap();
    round_trip(&mut client).await;
    server.add(json!({ "type": "noop" })).await;
    let (status, proxy) = server
        .call("POST", "/proxies/p", json!({ "enabled": false }))
        .await;
    assert_eq!((status, &proxy["enabled"]), (200, &json!(false)));
    let refused = TcpStream::connect(address).await.unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
    assert_eq!(
        within("the close", client.read(&mut [0; 4]))
            .await
            .unwrap_or(0),
        0
    );
    let (_, proxy) = server
        .call("PATCH", "/proxies/p", json!({ "enabled": true }))
        .await;
    assert_eq!(proxy["listen"], json!(address.to_string()));
    assert_eq!(proxy["toxics"][0]["name"], json!("noop_downstream"));
    round_trip(&mut TcpStream::connect(address).await.unwrap()).await;
}

#[tokio::test]
async fn a_half_closed_connection_still_gets_its_answer() {
    let server = Server::start().await;
    let address = server.proxy_to(echo().await).await;
    let mut client = TcpStream::connect(address).await.unwrap();
    client.write_all(b"question").await.unwrap();
    client.shutdown().await.unwrap();
    let mut answer = Vec::new();
    within("the answer", client.read_to_end(&mut answer))
        .await
        .unwrap();
    assert_eq!(answer, b"question");
}

#[tokio::test]
async fn the_api_answers_while_a_client_has_stopped_reading() {
    let server = Server::start().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = server.proxy_to(listener.local_addr().unwrap()).await;
    let client = TcpStream::connect(address).await.unwrap();
    let (mut flooding, _) = listener.accept().await.unwrap();
    let flood = tokio::spawn(async move {
        let block = vec![0; 64 * 1024];
        while flooding.write_all(&block).await.is_ok() {}
    });
    server
        .add(json!({ "type": "latency", "attributes": { "latency": 5 } }))
        .await;
    // The flood stands still when nothing was written for a while.
    tokio::time::sleep(Duration::from_millis(300)).await;
    let began = Instant::now();
    let gone = "/proxies/p/toxics/latency_downstream";
    assert_eq!(server.call("DELETE", gone, Value::Null).await.0, 204);
    server
        .add(json!({ "type": "timeout", "attributes": { "timeout": 0 } }))
        .await;
    assert_eq!(
        server.call("DELETE", "/proxies/p", Value::Null).await.0,
        204
    );
    assert!(
        began.elapsed() < Duration::from_secs(2),
        "{:?}",
        began.elapsed()
    );
    within("the flood", flood).await.unwrap();
    drop(client);
}

#[tokio::test]
async fn an_upstream_that_is_not_there_closes_the_client() {
    let server = Server::start().await;
    let nobody = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let address = server.proxy_to(nobody).await;
    let mut client = TcpStream::connect(address).await.unwrap();
    assert_eq!(
        within("the close", client.read(&mut [0; 4]))
            .await
            .unwrap_or(0),
        0
    );
}

#[tokio::test]
async fn an_upstream_that_resets_ends_the_client() {
    let server = Server::start().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = server.proxy_to(listener.local_addr().unwrap()).await;
    let mut client = TcpStream::connect(address).await.unwrap();
    let (upstream, _) = listener.accept().await.unwrap();
    upstream.set_zero_linger().unwrap();
    drop(upstream);
    let end = within("the end", client.read(&mut [0; 4])).await;
    assert!(matches!(end, Ok(0) | Err(_)), "{end:?}");
}

#[tokio::test]
async fn an_upstream_that_never_accepts_holds_up_neither_the_api_nor_the_end() {
    let server = Server::start().await;
    // Nobody accepts, and soon nobody is queued either.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let full = socket.listen(1).unwrap();
    let hanging = full.local_addr().unwrap();
    let mut queued = Vec::new();
    let patience = Duration::from_millis(200);
    while let Ok(connected) = tokio::time::timeout(patience, TcpStream::connect(hanging)).await {
        queued.push(connected.unwrap());
    }
    let address = server.proxy_to(hanging).await;
    let mut client = TcpStream::connect(address).await.unwrap();
    server.add(json!({ "type": "noop" })).await;
    let gone = server.call("DELETE", "/proxies/p", Value::Null);
    assert_eq!(within("the removal", gone).await.0, 204);
    let end = within("the end", client.read(&mut [0; 4])).await;
    assert!(matches!(end, Ok(0) | Err(_)), "{end:?}");
}
