//! What the runners left, in the words of the report.

use std::path::{Path, PathBuf};

use outcome::{Failure, OrFail};
use serde::de::DeserializeOwned;

use super::observe::Fault;
use crate::report::{Alert, Detection, Experiment, Load, Objective, Stage, Users};

/// Experiments whose names have room above a picture.
const NAMED_MAX: usize = 4;

/// Largest result that is read: what a runner of ours writes is far smaller.
const RESULT_BYTES_MAX: u64 = 64 << 20;

/// A result of a runner, or nothing when it left none.
fn read<T: DeserializeOwned>(file: &Path) -> Result<Option<T>, Failure> {
    let sentence = format!("cannot read {}", file.display());
    let size = match std::fs::metadata(file) {
        Ok(metadata) => metadata.len(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Failure::broken(sentence).because(error)),
    };
    if size > RESULT_BYTES_MAX {
        return Err(Failure::broken(format!(
            "{sentence}: it has {size} bytes, more than {RESULT_BYTES_MAX}"
        )));
    }
    let bytes = std::fs::read(file).or_broken(sentence.as_str())?;
    serde_json::from_slice(&bytes).map(Some).or_broken(sentence)
}

/// What the load came to.
///
/// # Errors
/// [`Failure::broken`] when its result cannot be read.
pub(crate) fn load(folder: &Path) -> Result<Option<Load>, Failure> {
    let found: Option<loadtests::LoadResult> = read(&folder.join("load.json"))?;
    Ok(found.map(|found| {
        let latency = found.totals.latency;
        let percentiles = [
            latency.p50_seconds,
            latency.p95_seconds,
            latency.p99_seconds,
        ];
        Load {
            requests: found.totals.sent,
            rate_wanted: found.wanted_rate,
            rate: found.achieved_rate,
            unexpected: found.totals.unexpected + found.totals.failed,
            percentiles_ms: percentiles.map(|seconds| seconds * 1e3),
        }
    }))
}

/// Marks the alerts that the desk has.
pub(crate) fn mark_delivered(alerts: &mut [Alert], at_desk: &[desk::AlertRecord]) {
    for alert in alerts {
        alert.at_desk = at_desk.iter().any(|record| record.name() == alert.name);
    }
}

/// What the gate says of each objective.
///
/// # Errors
/// [`Failure::broken`] when its verdict cannot be read.
pub(crate) fn objectives(folder: &Path) -> Result<Vec<Objective>, Failure> {
    let found: Option<slo::gate::Report> = read(&folder.join("gate.json"))?;
    let judged = found.map(|report| report.objectives).unwrap_or_default();
    let digested = judged.into_iter().map(|judged| Objective {
        detail: explained(&judged),
        name: judged.name,
        verdict: judged.verdict.to_string(),
        target: judged.target,
        attainment: judged.attainment,
        events: judged.total_events,
    });
    Ok(digested.collect())
}

/// Why a verdict is what it is: the gate's reasons, or the events when there are none.
fn explained(judged: &slo::gate::Judged) -> String {
    if let (true, Some(total), Some(bad), Some(allowed)) = (
        judged.reasons.is_empty(),
        judged.total_events,
        judged.bad_events,
        judged.allowed_bad_events,
    ) {
        return format!("{bad:.0} of {total:.0} events were bad, {allowed:.1} may be.");
    }
    let sentences: Vec<&str> = judged
        .reasons
        .iter()
        .map(|reason| reason.sentence.as_str())
        .collect();
    sentences.join(" ")
}

/// Journals in the order in which the experiments began.
fn journals(folder: &Path) -> Result<Vec<chaos::Journal>, Failure> {
    let sentence = || format!("cannot list {}", folder.display());
    let mut files: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(folder).or_broken(sentence())? {
        files.push(entry.or_broken(sentence())?.path());
    }
    files.retain(|file| file.to_string_lossy().ends_with(".journal.json"));
    let mut found = Vec::new();
    for file in files {
        found.extend(read::<chaos::Journal>(&file)?);
    }
    found.sort_by_key(|journal| journal.start);
    Ok(found)
}

/// What the experiments came to.
///
/// # Errors
/// [`Failure::broken`] when a journal cannot be read.
pub(crate) fn experiments(folder: &Path) -> Result<Vec<Experiment>, Failure> {
    let journals = journals(folder)?.into_iter();
    Ok(journals
        .map(|journal| experiment(folder, journal))
        .collect())
}

fn experiment(folder: &Path, journal: chaos::Journal) -> Experiment {
    let outcome = journal.outcome();
    let name = journal.experiment.name;
    let picture = format!("{name}.timeline.png");
    let is_drawn = folder.join(&picture).is_file();
    let stages = journal.stages.into_iter().map(|stage| Stage {
        name: stage.name,
        effect_seconds: stage.effect_seconds,
    });
    let users = journal.users.into_iter().map(|user| Users {
        objective: user.objective,
        attained: user.attained,
        least: user.least,
    });
    let alerts = journal.detections.into_iter().map(|seen| Detection {
        alert: seen.alert,
        pending_seconds: seen.pending_seconds,
        firing_seconds: seen.firing_seconds,
    });
    Experiment {
        outcome,
        title: journal.experiment.title,
        stages: stages.collect(),
        effect_seconds: journal.effect_seconds,
        recovery_seconds: journal.recovery_seconds,
        users: users.collect(),
        alerts: alerts.collect(),
        timeline: is_drawn.then(|| format!("chaos/{picture}")),
        detail: journal.detail,
        name,
    }
}

/// When the faults of each experiment were there. More than a few are known by their numbers, as the
/// report counts them.
///
/// # Errors
/// [`Failure::broken`] when a journal cannot be read.
pub(crate) fn faults(folder: &Path) -> Result<Vec<Fault>, Failure> {
    let journals = journals(folder)?;
    let named = journals.len() <= NAMED_MAX;
    let faults = journals.into_iter().enumerate().filter_map(|(place, one)| {
        let from = one.stages.first()?.start;
        let to = one.stages.last()?.end;
        let label = match named {
            true => one.experiment.name.replace('-', " "),
            false => (place + 1).to_string(),
        };
        Some(Fault { label, from, to })
    });
    Ok(faults.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use outcome::Outcome;

    const JOURNAL: &str = r#"{"schema": "proofmark.chaos-journal/2", "chaoslib-version": "1.44.0",
        "platform": "linux-x86_64", "node": "here", "status": "completed",
        "deviated": false, "experiment": {"name": "redis-gone", "title": "Redis is gone"},
        "outcome": "held", "exit_code": 0, "detail": "", "start": "2026-01-02T03:04:05Z",
        "end": "2026-01-02T03:04:20Z", "duration": 15.0, "effect_seconds": 1.5, "recovery_seconds": 2.5,
        "steady_states": {"before": null, "during": [], "after": null}, "run": [], "rollbacks": [],
        "stages": [{"name": "gone", "changes": ["disable redis"], "start": "2026-01-02T03:04:06Z",
        "end": "2026-01-02T03:04:14Z", "effect_seconds": 1.5}]}"#;

    #[test]
    fn a_journal_becomes_an_experiment_and_its_faults() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("redis-gone.journal.json"), JOURNAL).unwrap();
        let experiments = experiments(folder.path()).unwrap();
        assert_eq!(experiments[0].outcome, Outcome::Held);
        assert_eq!(experiments[0].recovery_seconds, Some(2.5));
        let faults = faults(folder.path()).unwrap();
        assert_eq!(faults[0].label, "redis gone");
        assert_eq!(faults[0].to.duration_since(faults[0].from).as_secs(), 8);
    }

    #[test]
    fn a_runner_that_left_nothing_gave_no_result() {
        let folder = tempfile::tempdir().unwrap();
        assert!(load(folder.path()).unwrap().is_none());
        assert!(objectives(folder.path()).unwrap().is_empty());
    }

    #[test]
    fn a_result_that_is_cut_off_is_named() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("load.json"), "{\"schema\":").unwrap();
        let failure = load(folder.path()).unwrap_err();
        assert!(failure.to_string().contains("load.json"), "{failure}");
        assert_eq!(failure.outcome(), Outcome::Broken);
    }
}
