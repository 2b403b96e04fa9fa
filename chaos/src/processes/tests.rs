//! Stories of a keeper whose processes are only written down.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::{Act, Keeper, Processes, serve};

const MINUTE: Duration = Duration::from_secs(60);

/// Writes down what it is asked for; what is listed in `failing` fails, as often as it says.
#[derive(Debug, Clone)]
struct Diary {
    lines: watch::Sender<Vec<String>>,
    failing: Arc<Mutex<Vec<&'static str>>>,
}

impl Diary {
    fn write(&self, line: String) -> Result<(), String> {
        let mut failing = self.failing.lock().unwrap();
        let fails = failing.iter().position(|failing| *failing == line);
        let fails = fails.map(|at| failing.remove(at)).is_some();
        self.lines.send_modify(|lines| lines.push(line));
        if fails { Err("no".to_owned()) } else { Ok(()) }
    }
}

impl Keeper for Diary {
    fn names(&self) -> Vec<String> {
        vec!["redis".to_owned(), "service".to_owned()]
    }

    async fn act(&self, process: &str, act: Act) -> Result<(), String> {
        self.write(format!("{act} {process}"))
    }

    async fn undo(&self, process: &str, act: Act) -> Result<(), String> {
        self.write(format!("undo {act} {process}"))
    }
}

struct Story {
    address: SocketAddr,
    lines: watch::Receiver<Vec<String>>,
    stop: DropGuard,
    served: tokio::task::JoinHandle<()>,
    keeper: Processes,
}

async fn story(failing: &[&'static str]) -> Story {
    let (sender, lines) = watch::channel(Vec::new());
    let failing = Arc::new(Mutex::new(failing.to_vec()));
    let diary = Diary {
        lines: sender,
        failing,
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let served = tokio::spawn(serve(listener, diary, stop.clone()));
    let keeper = Processes::connect(&format!("http://{address}"))
        .await
        .unwrap();
    Story {
        address,
        lines,
        stop: stop.drop_guard(),
        served,
        keeper,
    }
}

impl Story {
    fn lines(&self) -> Vec<String> {
        self.lines.borrow().clone()
    }

    /// Waits for what the keeper does by itself.
    async fn until(&mut self, line: &str) {
        let has_line = |lines: &Vec<String>| lines.iter().any(|each| each == line);
        let waited = tokio::time::timeout(MINUTE, self.lines.wait_for(has_line)).await;
        waited.unwrap().unwrap();
    }

    async fn post(&self, path: &str, body: &str, agent: &str) -> (u16, String) {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let request = http.post(format!("http://{}{path}", self.address));
        let request = request.header("user-agent", agent).body(body.to_owned());
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }
}

#[tokio::test]
async fn what_is_done_is_listed_and_undone_once() {
    let story = story(&[]).await;
    let keeper = &story.keeper;
    assert_eq!(keeper.trouble("redis").await.unwrap(), None);
    keeper.act("redis", Act::Pause, "me", MINUTE).await.unwrap();
    let trouble = keeper.trouble("redis").await.unwrap().unwrap();
    assert!(
        trouble.starts_with("redis is under the act pause of me, for "),
        "{trouble}"
    );
    assert_eq!(keeper.trouble("service").await.unwrap(), None);
    keeper.undo("redis").await.unwrap();
    keeper.undo("redis").await.unwrap();
    assert_eq!(keeper.trouble("redis").await.unwrap(), None);
    assert_eq!(story.lines(), ["pause redis", "undo pause redis"]);
}

#[tokio::test]
async fn the_same_again_renews_and_does_nothing() {
    let story = story(&[]).await;
    for _ in 0..3 {
        let done = story.keeper.act("redis", Act::Restart, "me", MINUTE).await;
        done.unwrap();
    }
    assert_eq!(story.lines(), ["restart redis"]);
}

#[tokio::test]
async fn another_holder_and_another_act_are_refused_and_named() {
    let story = story(&[]).await;
    let keeper = &story.keeper;
    keeper.act("redis", Act::Kill, "me", MINUTE).await.unwrap();
    for (act, holder) in [(Act::Kill, "you"), (Act::Pause, "me")] {
        let refused = keeper.act("redis", act, holder, MINUTE).await.unwrap_err();
        let start = format!(
            "the keeper of processes did not {act} redis: redis is under the act kill of me"
        );
        assert!(refused.to_string().starts_with(&start), "{refused}");
        assert!(refused.to_string().ends_with("(409)"), "{refused}");
    }
    assert_eq!(story.lines(), ["kill redis"]);
}

#[tokio::test]
async fn an_act_that_nobody_renews_is_undone() {
    let mut story = story(&[]).await;
    let lease = Duration::from_secs(1);
    let done = story.keeper.act("redis", Act::Pause, "gone", lease).await;
    done.unwrap();
    story.until("undo pause redis").await;
    // It is free for the next one.
    let done = story.keeper.act("redis", Act::Kill, "next", MINUTE).await;
    done.unwrap();
}

#[tokio::test]
async fn what_cannot_be_undone_is_tried_again() {
    let mut story = story(&["kill redis", "undo kill redis"]).await;
    let lease = Duration::from_secs(1);
    let failed = story.keeper.act("redis", Act::Kill, "me", lease).await;
    let failed = failed.unwrap_err().to_string();
    assert!(
        failed.ends_with("redis: kill failed: no (500)"),
        "half an act is an error: {failed}"
    );
    let twice = |lines: &Vec<String>| {
        let undone = lines.iter().filter(|line| *line == "undo kill redis");
        undone.count() == 2
    };
    let waited = tokio::time::timeout(MINUTE, story.lines.wait_for(twice)).await;
    waited.unwrap().unwrap();
}

#[tokio::test]
async fn the_end_of_a_keeper_undoes_everything() {
    let story = story(&[]).await;
    let keeper = &story.keeper;
    keeper.act("redis", Act::Pause, "me", MINUTE).await.unwrap();
    keeper
        .act("service", Act::Kill, "me", MINUTE)
        .await
        .unwrap();
    drop(story.stop);
    tokio::time::timeout(MINUTE, story.served)
        .await
        .unwrap()
        .unwrap();
    let lines = story.lines.borrow().clone();
    assert_eq!(lines[2..], ["undo pause redis", "undo kill service"]);
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_and_does_nothing() {
    let story = story(&[]).await;
    let good = r#"{"holder": "me", "lease_seconds": 5}"#;
    let long = format!(r#"{{"holder": "{}", "lease_seconds": 5}}"#, "x".repeat(201));
    let huge = "x".repeat(5000);
    let cases = [
        ("/processes/redis/pause", "", 400),
        ("/processes/redis/pause", "[]", 400),
        ("/processes/redis/pause", r#"{"holder": "me"}"#, 400),
        (
            "/processes/redis/pause",
            r#"{"holder": "", "lease_seconds": 5}"#,
            400,
        ),
        (
            "/processes/redis/pause",
            r#"{"holder": "me", "lease_seconds": 0}"#,
            400,
        ),
        (
            "/processes/redis/pause",
            r#"{"holder": "me", "lease_seconds": 601}"#,
            400,
        ),
        (
            "/processes/redis/pause",
            r#"{"holder": "me", "lease_seconds": 5, "x": 1}"#,
            400,
        ),
        ("/processes/redis/pause", &long, 400),
        ("/processes/redis/pause", &huge, 413),
        ("/processes/redis/explode", good, 404),
        ("/processes/other/pause", good, 404),
        ("/processes/..%2Fredis/pause", good, 404),
        ("/processes/other/undo", "", 404),
    ];
    for (path, body, expected) in cases {
        let (status, text) = story.post(path, body, "test").await;
        assert_eq!(status, expected, "{path} {body}: {text}");
        assert!(text.starts_with("{\"error\":"), "{text}");
    }
    let (status, _) = story
        .post("/processes/redis/pause", good, "Mozilla/5.0")
        .await;
    assert_eq!(status, 403);
    assert_eq!(story.lines(), Vec::<String>::new());
}

#[tokio::test]
async fn only_a_keeper_on_loopback_is_called() {
    for url in [
        "http://192.0.2.1:80",
        "https://127.0.0.1:1",
        "127.0.0.1:1",
        "http://127.0.0.1:1/x",
    ] {
        let refused = Processes::connect(url).await.unwrap_err().to_string();
        assert!(refused.contains(url), "{refused}");
    }
    // Nobody listens there any more.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let refused = Processes::connect(&format!("http://{address}"))
        .await
        .unwrap_err();
    assert!(
        refused
            .to_string()
            .starts_with("the keeper of processes did not list its processes: "),
        "{refused}"
    );
}
