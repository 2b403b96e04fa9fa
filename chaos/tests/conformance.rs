//! A judge of servers that speak Toxiproxy's API: cases of calls and of what sockets see.
//!
//! The cases are `conformance/*.cases`. What stands behind `=` was seen of the original, version
//! 2.12.0, and behind `|` what it does now and then, by a race. Where ours differs on purpose, `~`
//! says what it does and `because` why.
//!
//! Without more it judges the embedded server, each case on one of its own. With
//! `TOXIPROXY_ORIGINAL=PROGRAM` it starts the original for each case, with
//! `TOXIPROXY_ORIGINAL=ADDR` it judges one that runs, emptied before each case;
//! `TOXIPROXY_OURS=ADDR` is one of ours that runs elsewhere. `TOXIPROXY_RECORD=1` writes down what
//! is seen, `TOXIPROXY_CASE=TEXT` takes only the cases with this in their name.

#![expect(
    clippy::unwrap_used,
    reason = "a helper of a test may panic as a test does"
)]

#[path = "conformance/judged.rs"]
mod judged;
#[path = "conformance/ports.rs"]
mod ports;
#[path = "conformance/script.rs"]
mod script;
#[path = "conformance/socket.rs"]
mod socket;
#[path = "conformance/stage.rs"]
mod stage;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use judged::Judged;
use script::{Case, File};
use stage::Stage;
use tokio::task::JoinSet;

/// How long anything may take before it counts as not happening.
pub(crate) const PATIENCE: Duration = Duration::from_secs(15);

/// How long a case may take; the original holds a call back for 25 s at most.
const CASE_TIME_MAX: Duration = Duration::from_secs(90);

/// Cases that run at the same time, each on a server of its own.
const CASES_AT_ONCE: usize = 8;

/// Fewer cases than this are not the whole judge.
const CASES_MIN: usize = 100;

fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn judged() -> Judged {
    match (setting("TOXIPROXY_ORIGINAL"), setting("TOXIPROXY_OURS")) {
        (Some(place), _) => match place.parse() {
            Ok(address) => Judged::Original(address),
            Err(_) => Judged::Program(place),
        },
        (None, Some(address)) => Judged::Ours(address.parse().unwrap()),
        (None, None) => Judged::Embedded,
    }
}

fn files() -> Vec<File> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance");
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|kind| kind == "cases"))
        .collect();
    paths.sort();
    let files = paths.iter().map(|path| File::read(path));
    files
        .collect::<Result<_, _>>()
        .unwrap_or_else(|error| panic!("{error}"))
}

/// Runs a case and puts down what was seen at each step.
async fn run(case: &Case, judged: &Judged) -> Result<Vec<Option<String>>, String> {
    let server = judged.start().await?;
    let told = |error: std::io::Error| error.to_string();
    if judged.shared() {
        Stage::new(server.address)
            .await
            .map_err(told)?
            .clear()
            .await?;
    }
    let mut stage = Stage::new(server.address).await.map_err(told)?;
    let mut seen = Vec::new();
    for step in &case.steps {
        let told = stage.step(&step.text).await;
        seen.push(told.map_err(|error| format!("line {}: {}: {error}", step.line, step.text))?);
    }
    Ok(seen)
}

/// What differs from what is expected, a line for each.
fn differences(case: &Case, seen: &[Option<String>], original: bool) -> Vec<String> {
    let pairs = case.steps.iter().zip(seen);
    let wrong = pairs.filter(|(step, seen)| !step.fits(original, seen.as_deref()));
    wrong
        .map(|(step, seen)| {
            let text = |seen: Option<&str>| seen.unwrap_or("nothing").to_owned();
            format!(
                "line {}: {}\n    expected {}\n    but saw  {}",
                step.line,
                step.text,
                text(step.expected(original)),
                text(seen.as_deref())
            )
        })
        .collect()
}

fn record(case: &mut Case, seen: Vec<Option<String>>, original: bool) {
    for (step, seen) in case.steps.iter_mut().zip(seen) {
        if original {
            // What was seen now and then stays what it was.
            if step.rare != seen || seen.is_none() {
                step.original = seen;
            }
        } else {
            step.ours = seen.filter(|seen| step.original.as_ref() != Some(seen));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_case_ends_as_it_was_seen_to_end() {
    let judged = Arc::new(judged());
    let original = judged.is_original();
    let at_once = if judged.shared() { 1 } else { CASES_AT_ONCE };
    let mut files = files();
    let mut waiting = chosen(&files);
    waiting.reverse();
    let (total, mut failures, mut again) = (waiting.len(), Vec::new(), Vec::new());
    let mut running = JoinSet::new();
    loop {
        while running.len() < at_once
            && let Some((file, number, case)) = waiting.pop()
        {
            let judged = Arc::clone(&judged);
            running.spawn(async move {
                let seen = tokio::time::timeout(CASE_TIME_MAX, run(&case, &judged)).await;
                (
                    file,
                    number,
                    seen.unwrap_or_else(|_| Err("the case hangs".to_owned())),
                )
            });
        }
        let Some(done) = running.join_next().await else {
            break;
        };
        let (file, number, seen) = done.unwrap();
        let path = files[file].path.clone();
        let case = &mut files[file].cases[number];
        let wrong = match &seen {
            Ok(seen) => differences(case, seen, original),
            Err(error) => vec![error.clone()],
        };
        let path = path.file_name().unwrap().to_string_lossy().into_owned();
        let name = format!("{path}: {}", case.name);
        if failure(&name, &wrong).is_some() {
            again.push((name, case.clone()));
        }
        if let (Ok(seen), true) = (seen, setting("TOXIPROXY_RECORD").is_some()) {
            record(case, seen, original);
        }
    }
    if setting("TOXIPROXY_RECORD").is_some() {
        for file in &files {
            std::fs::write(&file.path, file.to_text()).unwrap();
        }
    }
    for (name, case) in again {
        failures.extend(alone(&name, &case, &judged, original).await);
    }
    failures.sort();
    println!("{} of {total} cases", total - failures.len());
    assert!(
        failures.is_empty(),
        "{} of {total} cases differ:\n\n{}",
        failures.len(),
        failures.join("\n\n")
    );
}

/// The cases that are to be run, each with its place.
fn chosen(files: &[File]) -> Vec<(usize, usize, Case)> {
    let only = setting("TOXIPROXY_CASE");
    let mut waiting = Vec::new();
    for (file, content) in files.iter().enumerate() {
        for (number, case) in content.cases.iter().enumerate() {
            if only.as_ref().is_none_or(|only| case.name.contains(only)) {
                waiting.push((file, number, case.clone()));
            }
        }
    }
    assert!(
        only.is_some() || waiting.len() >= CASES_MIN,
        "{} cases",
        waiting.len()
    );
    waiting
}

/// Runs a case once more by itself: a port that was given back can have been taken by another case.
async fn alone(name: &str, case: &Case, judged: &Judged, original: bool) -> Option<String> {
    let wrong = match tokio::time::timeout(CASE_TIME_MAX, run(case, judged)).await {
        Ok(Ok(seen)) => differences(case, &seen, original),
        Ok(Err(error)) => vec![error],
        Err(_) => vec!["the case hangs".to_owned()],
    };
    failure(name, &wrong)
}

/// What is said of a case that ended in another way.
fn failure(name: &str, wrong: &[String]) -> Option<String> {
    if wrong.is_empty() {
        return None;
    }
    Some(format!("{name}\n  {}", wrong.join("\n  ")))
}
