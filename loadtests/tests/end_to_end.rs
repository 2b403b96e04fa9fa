//! Whole loads against a small service in this process.
//!
//! Goose keeps one global switch per process, so these loads run one after the other.

mod stand;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use outcome::Outcome;
use stand::{Seen, load, result, serve};
use tokio::sync::Mutex;

static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

fn plan(rate: u32, requests: &str) -> String {
    format!(
        "name: trial
shape: {{ kind: steady, rate: {rate}, duration: 1s }}
thresholds: [p95<1s, error-rate<1%]
timeouts: {{ request: 700ms, late: 300ms }}
users: 16
requests:
{requests}"
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_request_is_marked_and_what_was_sent_is_what_the_service_counted() {
    let _alone = ONE_AT_A_TIME.lock().await;
    let seen = Arc::new(Seen::default());
    let target = serve(Arc::clone(&seen)).await;
    let folder = tempfile::tempdir().unwrap();
    let requests = "
  - { name: fine, path: '/item/{n:1..9}?q={pick:a b|ü}', weight: 5 }
  - { name: known, path: /known, etag: true }
  - { name: bad, path: /bad, expect: [400, 422] }
  - { name: echo, path: /echo, method: POST, body: { n: '{n:1..9}', word: 'no {unique}' } }
";
    let outcome = load(
        target,
        &plan(200, requests),
        folder.path(),
        &["--seed", "7"],
    )
    .await;
    let result = result(folder.path());
    assert_eq!(outcome.unwrap(), Outcome::Held, "{result:#?}");
    let served = seen.requests.load(Ordering::Relaxed);
    assert_eq!(
        (result.totals.sent, result.totals.expected),
        (served, served)
    );
    assert_eq!(
        (
            result.totals.sent + result.totals.dropped,
            result.totals.due
        ),
        (200, 200)
    );
    assert_eq!(seen.unmarked.load(Ordering::Relaxed), 0);
    assert_eq!(seen.traces.lock().unwrap().len() as u64, served);
    let known = &result.requests[1];
    assert!(
        known.statuses[&304] > 0 && known.expected == known.sent,
        "{known:?}"
    );
    assert_eq!(
        result.requests[2].statuses[&422],
        result.requests[2].expected
    );
    assert_eq!((result.seed, result.k6.http_reqs.count), (7, served));
    let goose = std::fs::read_to_string(folder.path().join("goose.json")).unwrap();
    let goose: serde_json::Value = serde_json::from_str(&goose).unwrap();
    assert!(goose.to_string().contains("echo"), "{goose}");
    assert!(folder.path().join("goose.html").exists() && folder.path().join("goose.md").exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn errors_of_the_service_miss_the_threshold() {
    let _alone = ONE_AT_A_TIME.lock().await;
    let target = serve(Arc::default()).await;
    let folder = tempfile::tempdir().unwrap();
    let requests = "
  - { name: fine, path: /fine, weight: 9 }
  - { name: fail, path: /fail }
";
    let outcome = load(target, &plan(100, requests), folder.path(), &[]).await;
    assert_eq!(outcome.unwrap(), Outcome::Missed);
    let result = result(folder.path());
    assert!(
        result.reasons[0].starts_with("error-rate<1%: observed "),
        "{:?}",
        result.reasons
    );
    assert_eq!(
        result.requests[1].unexpected,
        result.requests[1].statuses[&500]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hanging_service_is_bounded_and_missed() {
    let _alone = ONE_AT_A_TIME.lock().await;
    let target = serve(Arc::default()).await;
    let folder = tempfile::tempdir().unwrap();
    let begun = Instant::now();
    let hang = plan(100, "  - { name: hang, path: /hang }");
    let outcome = load(target, &hang, folder.path(), &[]).await;
    assert_eq!(outcome.unwrap(), Outcome::Missed);
    assert!(
        begun.elapsed() < Duration::from_secs(10),
        "{:?}",
        begun.elapsed()
    );
    let result = result(folder.path());
    assert!(result.totals.dropped > 0 && result.totals.failed == result.totals.sent);
    assert_eq!(result.requests[0].failures["timeout"], result.totals.sent);
    // A request that was never answered must not look fast.
    assert!(
        result.totals.latency.p50_seconds >= 0.69,
        "{:?}",
        result.totals.latency
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rate_that_was_not_kept_is_inconclusive() {
    let _alone = ONE_AT_A_TIME.lock().await;
    let target = serve(Arc::default()).await;
    let folder = tempfile::tempdir().unwrap();
    // Two users with 200 ms each can send 10 of 100 requests per second.
    let slow = plan(100, "  - { name: slow, path: /slow }").replace("users: 16", "users: 2");
    let outcome = load(target, &slow, folder.path(), &[]).await;
    assert_eq!(outcome.unwrap(), Outcome::Inconclusive);
    let result = result(folder.path());
    let reason = &result.reasons[0];
    assert!(
        reason.starts_with("the load generator could not keep its rate: wanted 100.0 requests/s"),
        "{reason}"
    );
    assert!(
        result.achieved_rate < 50.0 && result.totals.dropped > 50,
        "{result:#?}"
    );
    // Sent late, so measured from when they were due: longer than the service took.
    assert!(
        result.totals.latency.p90_seconds > 0.3,
        "{:?}",
        result.totals.latency
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_target_that_is_not_there_is_inconclusive_and_one_that_is_not_loopback_refused() {
    let free = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let fine = plan(10, "  - { name: fine, path: / }");
    let failure = load(free, &fine, folder.path(), &[]).await.unwrap_err();
    assert_eq!(failure.outcome(), Outcome::Inconclusive);
    assert!(
        failure.to_string().contains("nothing was sent"),
        "{failure}"
    );
    let remote: SocketAddr = "192.0.2.1:80".parse().unwrap();
    let failure = load(remote, &fine, folder.path(), &[]).await.unwrap_err();
    assert_eq!(failure.outcome(), Outcome::Misused);
    assert!(
        failure.to_string().contains("--allow-remote 192.0.2.1"),
        "{failure}"
    );
    assert!(!folder.path().join("load.json").exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bad_plan_names_file_and_line_and_a_bad_target_what_was_expected() {
    let target = "127.0.0.1:9".parse().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let bad = plan(10, "  - { name: fine, path: fine }");
    let failure = load(target, &bad, folder.path(), &[]).await.unwrap_err();
    assert_eq!(failure.outcome(), Outcome::Misused);
    let text = failure.to_string();
    assert!(
        text.contains("plan.yaml:7: requests[0].path: path \"fine\""),
        "{text}"
    );
    let failure = load(
        target,
        &plan(10, "  - { name: a, path: / }"),
        folder.path(),
        &["--dashboard", "192.0.2.1:0"],
    )
    .await
    .unwrap_err();
    assert!(
        failure.to_string().contains("expected a loopback address"),
        "{failure}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn metrics_and_dashboard_are_there_while_it_runs() {
    let _alone = ONE_AT_A_TIME.lock().await;
    let target = serve(Arc::default()).await;
    let folder = tempfile::tempdir().unwrap();
    let free = || {
        std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
    };
    let (metrics, dashboard) = (free().to_string(), free().to_string());
    let plan = plan(50, "  - { name: fine, path: / }");
    let more = [
        "--metrics",
        &metrics,
        "--linger",
        "30s",
        "--dashboard",
        &dashboard,
    ];
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let watch = async {
        let mut has_dashboard = false;
        loop {
            let get =
                |address: &str, path: &str| client.get(format!("http://{address}{path}")).send();
            has_dashboard |= get(&dashboard, "/").await.is_ok();
            // The report is looked for before the metrics are read: what is read after it
            // was written cannot be of the time before the end.
            let has_ended = folder.path().join("load.json").exists();
            if let Ok(answer) = get(&metrics, "/metrics").await {
                let text = answer.text().await.unwrap();
                if has_ended && has_dashboard {
                    break text;
                }
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let bounded = tokio::time::timeout(Duration::from_secs(20), watch);
    tokio::select! {
        text = bounded => {
            let text = text.expect("a dashboard, metrics and a report within 20 s");
            for line in [
                "load_rate_wanted 0\n",
                "load_request_duration_seconds_count{request=\"fine\",result=\"expected\"} 50\n",
            ] {
                assert!(text.contains(line), "{text}");
            }
        }
        ended = load(target, &plan, folder.path(), &more) => panic!("ended before: {ended:?}"),
    }
}
