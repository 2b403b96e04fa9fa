//! A load that is told to stop. A process of its own, because signals are for the whole process.

mod stand;

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use outcome::Outcome;
use stand::{Seen, load, result, serve};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signal_stops_the_load_and_what_was_seen_is_written() {
    let seen = Arc::new(Seen::default());
    let target = serve(Arc::clone(&seen)).await;
    let folder = tempfile::tempdir().unwrap();
    let plan = "
name: long
shape: { kind: steady, rate: 100, duration: 10m }
thresholds: [error-rate<1%]
requests:
  - { name: fine, path: /, weight: 50 }
  - { name: hang, path: /hang }
";
    let begun = Instant::now();
    let signal = async {
        while seen.requests.load(Ordering::Relaxed) < 60 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let own = std::process::id().to_string();
        assert!(
            Command::new("kill")
                .args(["-TERM", &own])
                .status()
                .unwrap()
                .success()
        );
    };
    let (outcome, ()) = tokio::join!(load(target, plan, folder.path(), &[]), signal);
    assert_eq!(outcome.unwrap(), Outcome::Interrupted);
    assert!(
        begun.elapsed() < Duration::from_secs(20),
        "{:?}",
        begun.elapsed()
    );
    let result = result(folder.path());
    assert_eq!(result.outcome, "interrupted");
    assert_eq!(result.totals.sent, seen.requests.load(Ordering::Relaxed));
    assert!(
        result.reasons.contains(&"it was interrupted".to_owned()),
        "{:?}",
        result.reasons
    );
}
