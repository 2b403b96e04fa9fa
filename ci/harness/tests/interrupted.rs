//! A rehearsal that is stopped leaves nothing behind: not by Ctrl-C, not by `kill -9`.

#![allow(
    clippy::unwrap_used,
    reason = "a test may panic, helpers outside of test functions too"
)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// Parts of the stack: redis, toxiproxy, desk, service, alertmanager, prometheus.
const PARTS: usize = 6;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn start(out: &Path) -> Child {
    Command::new(env!("CARGO_BIN_EXE_proofmark"))
        .args(["rehearse", "--duration", "60s", "--rate", "20", "--root"])
        .arg(root())
        .arg("--out")
        .arg(out)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Looks until `found` gives something; these facts of the system have no event to wait for.
fn await_some<T>(what: &str, found: impl Fn() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        if let Some(value) = found() {
            return value;
        }
        assert!(
            Instant::now() < deadline,
            "{what} did not happen within 60 s"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Ids of the living children of a process.
fn children(parent: u32) -> BTreeSet<u32> {
    let status_of =
        |id: u32| std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let field = |status: &str, name: &str| -> Option<String> {
        status
            .lines()
            .find_map(|line| line.strip_prefix(name))
            .map(|rest| rest.trim().to_owned())
    };
    let ids = std::fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().to_str()?.parse().ok());
    ids.filter(|id| {
        let status = status_of(*id);
        field(&status, "PPid:") == Some(parent.to_string()) && !is_dead(*id)
    })
    .collect()
}

/// Whether a process is gone, or only waits to be reaped.
fn is_dead(id: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    stat.rsplit_once(") ")
        .is_none_or(|(_, rest)| rest.starts_with('Z'))
}

fn signal(process: &Child, signal: Signal) {
    kill_process(Pid::from_raw(process.id().cast_signed()).unwrap(), signal).unwrap();
}

#[test]
fn children_die_with_a_harness_that_is_killed() {
    let parent = tempfile::tempdir().unwrap();
    let mut harness = start(&parent.path().join("report"));
    let id = harness.id();
    let found = await_some("the stack", || {
        let found = children(id);
        (found.len() >= PARTS).then_some(found)
    });
    signal(&harness, Signal::KILL);
    harness.wait().unwrap();
    await_some("the end of every child", || {
        found.iter().all(|id| is_dead(*id)).then_some(())
    });
}

#[test]
fn ctrl_c_stops_everything_and_says_130() {
    let parent = tempfile::tempdir().unwrap();
    let out = parent.path().join("report");
    let mut harness = start(&out);
    let id = harness.id();
    let found = await_some("the stack", || {
        let found = children(id);
        (found.len() >= PARTS).then_some(found)
    });
    signal(&harness, Signal::INT);
    let status = harness.wait().unwrap();
    assert_eq!(status.code(), Some(130));
    assert!(
        found.iter().all(|id| is_dead(*id)),
        "a child outlived an ordered stop"
    );
    assert!(
        !out.join("work").exists(),
        "data of the stack was left behind"
    );
    let report = std::fs::read_to_string(out.join("report.json")).unwrap();
    assert!(report.contains("\"verdict\": \"interrupted\""), "{report}");
}
