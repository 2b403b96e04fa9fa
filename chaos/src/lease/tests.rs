//! Faults against processes that are killed, stopped, cut off and outrun; each story on a server with
//! leases and on one without.
//!
//! The runner, its guard and the server are processes of their own.

mod processes;

use std::ffi::OsStr;
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use super::*;
use processes::{Process, again, slow};

/// How long anything in these tests may take before it counts as hanging.
const PATIENCE: Duration = Duration::from_secs(60);

/// A lease that runs out within a test.
const SHORT: &str = "6";

/// A lease that does not.
const LONG: &str = "300";

/// A server in a process of its own, with the proxies `redis` and `etcd`.
struct World {
    _server: Process,
    address: SocketAddr,
    http: reqwest::Client,
}

impl World {
    async fn new(as_original: bool) -> Self {
        crate::helpers_start_by(again);
        let mut words = vec!["toxiproxy", "--listen", "127.0.0.1:0"];
        words.extend(as_original.then_some("--as-original"));
        let mut server = Process::start(&words);
        let address = server.line("listening http://").parse().unwrap();
        let http = reqwest::Client::builder()
            .no_proxy()
            .timeout(PATIENCE)
            .build();
        let world = Self {
            _server: server,
            address,
            http: http.unwrap(),
        };
        for name in ["redis", "etcd"] {
            let wanted = json!({ "name": name, "upstream": "127.0.0.1:1" });
            let url = format!("http://{address}/proxies");
            let made = world.http.post(url).json(&wanted).send().await.unwrap();
            assert_eq!(made.status().as_u16(), 201);
        }
        world
    }

    async fn proxies(&self) -> Value {
        let url = format!("http://{}/proxies", self.address);
        let answer = self.http.get(url).send().await.unwrap();
        answer.json().await.unwrap()
    }

    /// How many faults are set; the mark of a lease is none.
    async fn faults(&self) -> usize {
        let proxies = self.proxies().await;
        let all = proxies.as_object().unwrap().values();
        all.map(|proxy| {
            let toxics = proxy["toxics"].as_array().unwrap().iter();
            let toxics = toxics.filter(|toxic| toxic["type"] != "noop").count();
            toxics + usize::from(proxy["enabled"] == json!(false))
        })
        .sum()
    }

    async fn until_faults_are(&self, count: usize) -> Duration {
        let began = Instant::now();
        let wait = async {
            while self.faults().await != count {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let waited = tokio::time::timeout(PATIENCE, wait).await;
        waited.expect("the faults do not come to what is expected");
        began.elapsed()
    }

    /// No toxic at all any more, not even the mark of a lease.
    async fn until_unmarked(&self) {
        let wait = async {
            while self.proxies().await["redis"]["toxics"] != json!([]) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let waited = tokio::time::timeout(PATIENCE, wait).await;
        waited.expect("the mark of the lease stays");
    }

    async fn client(&self) -> Toxiproxy {
        Toxiproxy::connect_plainly(self.address, None)
            .await
            .unwrap()
    }

    async fn take(&self, seconds: u64) -> Result<Lease, LeaseError> {
        let time = Duration::from_secs(seconds);
        let names = ["redis".to_owned()];
        Lease::take(&self.client().await, "second", &names, time).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_mends_what_a_killed_runner_left() {
    let world = World::new(false).await;
    let mut runner = Process::runner(world.address, SHORT);
    runner.line("set");
    assert_eq!(world.faults().await, 2);
    runner.signal("KILL");
    let took = world.until_faults_are(0).await;
    eprintln!("embedded, lease of {SHORT} s: mended {took:?} after kill -9");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guard_mends_what_a_killed_runner_left_long_before_the_lease_is_over() {
    let world = World::new(true).await;
    let mut runner = Process::runner(world.address, LONG);
    runner.line("set");
    assert_eq!(world.faults().await, 2);
    runner.signal("KILL");
    let took = world.until_faults_are(0).await;
    eprintln!("guard, lease of {LONG} s: mended {took:?} after kill -9");
    world.until_unmarked().await;
}

async fn a_stopped_runner_loses_its_lease(as_original: bool) {
    let world = World::new(as_original).await;
    let mut runner = Process::runner(world.address, SHORT);
    runner.line("set");
    runner.signal("STOP");
    let took = world.until_faults_are(0).await;
    eprintln!("as original {as_original}, lease of {SHORT} s: mended {took:?} after SIGSTOP");
    runner.signal("CONT");
    runner.line("lost");
    let more = runner.line("more: ");
    assert_eq!(
        more,
        "the lease under which faults are set has ended, so no fault is set any more"
    );
    assert_eq!(world.faults().await, 0);
    runner.signal("KILL");
    world.until_unmarked().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopped_runner_loses_its_lease_of_the_server() {
    a_stopped_runner_loses_its_lease(false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopped_runner_loses_its_guarded_lease() {
    a_stopped_runner_loses_its_lease(true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_terminal_takes_the_runner_and_not_the_guard() {
    for as_original in [false, true] {
        let world = World::new(as_original).await;
        let address = world.address.to_string();
        let words = ["runner", &address, SHORT].map(OsStr::new);
        let runner = again(&words);
        // Whoever runs the tests may ignore that signal, and every child with them.
        let mut line = vec!["env", "--default-signal=HUP"];
        line.push(runner.get_program().to_str().unwrap());
        line.extend(runner.get_args().map(|word| word.to_str().unwrap()));
        let wanted = runner
            .get_envs()
            .map(|(name, value)| (name, value.unwrap()));
        // A terminal of its own, which is closed when `script` is killed.
        let terminal = Command::new("script")
            .args([
                "--quiet",
                "--return",
                "--command",
                &line.join(" "),
                "/dev/null",
            ])
            .envs(wanted)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn();
        let mut terminal = Process(terminal.unwrap());
        world.until_faults_are(2).await;
        terminal.0.kill().unwrap();
        world.until_faults_are(0).await;
        world.until_unmarked().await;
    }
}

/// A relay to a server that hands the first toxic for `redis` on only when it is told to.
/// (The mark of a lease comes first, where there is one, and is let through.)
async fn late(
    server: SocketAddr,
    is_marked: bool,
) -> (SocketAddr, oneshot::Receiver<()>, oneshot::Sender<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (seen, has_seen) = oneshot::channel();
    let (go_on, told) = oneshot::channel();
    let mut once = Some((seen, told));
    // Headers come before the body, so the toxic itself is not seen: on a server without leases the
    // first toxic is the mark that the guard sets.
    let mut spared = usize::from(is_marked);
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let mut request = Vec::new();
            let _ = client.read_buf(&mut request).await;
            let Ok(mut server) = TcpStream::connect(server).await else {
                return;
            };
            let text = String::from_utf8_lossy(&request);
            let adds = text.starts_with("POST /proxies/redis/toxics HTTP");
            let held = once.take_if(|_| adds && spared == 0);
            spared -= usize::from(adds && spared > 0);
            tokio::spawn(async move {
                if let Some((seen, told)) = held {
                    seen.send(()).unwrap();
                    let _: Result<(), _> = told.await;
                }
                let _ = server.write_all(&request).await;
                let _ = copy_bidirectional(&mut client, &mut server).await;
            });
        }
    });
    (address, has_seen, go_on)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_that_outlives_its_runner_is_undone_as_well() {
    let world = World::new(true).await;
    let (relay, has_seen, go_on) = late(world.address, true).await;
    let runner = Process::runner(relay, LONG);
    tokio::time::timeout(PATIENCE, has_seen)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(world.faults().await, 1);
    runner.signal("KILL");
    // The guard has undone all there was, and then the change arrives.
    world.until_faults_are(0).await;
    go_on.send(()).unwrap();
    // Either it was seen for a moment, or it was gone faster than we could look.
    let arrived = world.until_faults_are(1);
    let _ = tokio::time::timeout(Duration::from_secs(1), arrived).await;
    world.until_faults_are(0).await;
    world.until_unmarked().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_that_arrives_after_its_lease_is_refused() {
    let world = World::new(false).await;
    let (relay, has_seen, go_on) = late(world.address, false).await;
    let runner = Process::runner(relay, SHORT);
    tokio::time::timeout(PATIENCE, has_seen)
        .await
        .unwrap()
        .unwrap();
    runner.signal("KILL");
    world.until_faults_are(0).await;
    go_on.send(()).unwrap();
    let arrived = world.until_faults_are(1);
    let arrived = tokio::time::timeout(Duration::from_secs(1), arrived).await;
    assert!(
        arrived.is_err(),
        "a fault was set under a lease that had ended"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_runner_is_refused_while_the_lease_of_the_first_lives() {
    for as_original in [false, true] {
        let world = World::new(as_original).await;
        let mut runner = Process::runner(world.address, SHORT);
        runner.line("set");
        let refused = world.take(60).await.unwrap_err();
        let LeaseError::Taken { target, holder, .. } = &refused else {
            panic!("{refused}");
        };
        assert_eq!((target.as_str(), holder.as_str()), ("redis", "held"));
        assert_eq!(world.faults().await, 2);
        runner.signal("KILL");
        world.until_faults_are(0).await;
        let free = async {
            loop {
                match world.take(60).await {
                    Ok(lease) => break lease,
                    Err(LeaseError::Taken { .. }) => {}
                    Err(error) => panic!("{error}"),
                }
            }
        };
        let lease = tokio::time::timeout(PATIENCE, free).await.unwrap();
        lease.release().await.unwrap();
        world.until_unmarked().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_given_back_is_mended_and_unmarked() {
    for as_original in [false, true] {
        let world = World::new(as_original).await;
        let client = world.client().await;
        let lease = world.take(60).await.unwrap();
        assert!(lease.left(Instant::now()) > Duration::from_secs(30));
        lease.make(&client, &slow()).await.unwrap();
        lease.make(&client, &slow().undo().unwrap()).await.unwrap();
        lease.make(&client, &slow()).await.unwrap();
        let Change::Add { proxy, mut toxic } = slow() else {
            unreachable!()
        };
        toxic.attributes.insert("latency".to_owned(), 70);
        let update = Change::Update { proxy, toxic };
        lease.make(&client, &update).await.unwrap();
        assert!(client.has(&update).await.unwrap());
        // A fault that nobody took away.
        lease.release().await.unwrap();
        assert_eq!(world.proxies().await["redis"]["toxics"], json!([]));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lease_is_renewed_for_as_long_as_it_is_held() {
    for as_original in [false, true] {
        let world = World::new(as_original).await;
        let client = world.client().await;
        let lease = world.take(6).await.unwrap();
        lease.make(&client, &slow()).await.unwrap();
        let over = tokio::time::timeout(Duration::from_secs(10), lease.lost().cancelled()).await;
        assert!(over.is_err(), "it was lost");
        assert!(client.has(&slow()).await.unwrap());
        lease.release().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_broken_without_a_guard() {
    let world = World::new(true).await;
    let client = world.client().await;
    let lease = world.take(300).await.unwrap();
    lease.make(&client, &slow()).await.unwrap();
    let Keeper::Guard(guard) = &lease.shared.keeper else {
        panic!("no guard");
    };
    guard.kill().await;
    let error = lease.make(&client, &slow()).await.unwrap_err();
    assert!(matches!(error, ClientError::Guard { .. }), "{error}");
    assert!(lease.lost().is_cancelled());
    // What is to be undone is undone all the same.
    lease.make(&client, &slow().undo().unwrap()).await.unwrap();
    assert_eq!(world.faults().await, 0);
}

#[tokio::test]
async fn a_time_that_no_lease_has_is_refused_before_anybody_is_asked() {
    let listen = "127.0.0.1:0".parse().unwrap();
    let server = crate::toxiproxy::ToxiproxyServer::start(listen, 0, Vec::new()).await;
    let address = server.as_ref().unwrap().address;
    let client = Toxiproxy::connect_plainly(address, None).await.unwrap();
    drop(server);
    for time in [0, 500, 1500, 601_000].map(Duration::from_millis) {
        let refused = Lease::take(&client, "me", &["redis".to_owned()], time).await;
        assert!(matches!(refused, Err(LeaseError::Time(_))), "{time:?}");
    }
}

#[tokio::test]
async fn a_server_that_a_run_brought_with_it_ends_with_the_run_even_when_that_is_killed() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let listen = free.local_addr().unwrap();
    drop(free);
    let mut owner = Process::start(&["owner", &listen.to_string()]);
    owner.line("started");
    assert!(TcpStream::connect(listen).await.is_ok());
    owner.signal("KILL");
    let gone = async {
        while TcpStream::connect(listen).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let gone = tokio::time::timeout(PATIENCE, gone).await;
    gone.expect("the server outlives its run");
}
