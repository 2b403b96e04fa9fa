//! What happened in an experiment, in the words of Chaos Toolkit's journal.

use std::path::Path;

use jiff::Timestamp;
use outcome::{Failure, OrFail, Outcome};
use serde::{Deserialize, Serialize};

/// Version of the form of [`Journal`].
pub const JOURNAL_SCHEMA: &str = "proofmark.chaos-journal/2";

/// The version of Chaos Toolkit's library whose journals these are like.
const CHAOSLIB_VERSION: &str = "1.44.0";

/// The record of one experiment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub struct Journal {
    /// Version of this form.
    pub schema: String,
    /// The version of Chaos Toolkit's library in whose words it is written.
    #[serde(rename = "chaoslib-version")]
    pub chaoslib_version: String,
    /// The system that the runner ran on, such as `linux-x86_64`.
    pub platform: String,
    /// The machine that the runner ran on, when it says.
    pub node: String,
    /// What was run.
    pub experiment: Subject,
    /// How far it came.
    pub status: Status,
    /// Whether the steady state was lost, or did not come back in time.
    pub deviated: bool,
    /// How it ended: `held`, `missed`, `inconclusive`, `broken` or `interrupted`.
    pub outcome: String,
    /// The exit code that goes with it.
    pub exit_code: u8,
    /// Why it ended so; empty when it held.
    pub detail: String,
    /// When it began.
    pub start: Timestamp,
    /// When it ended.
    pub end: Timestamp,
    /// How long it took, in seconds.
    pub duration: f64,
    /// From the first fault to its first effect, in seconds; `None` when none was felt.
    pub effect_seconds: Option<f64>,
    /// From the rollback to the steady state, in seconds; `None` when it was not seen.
    pub recovery_seconds: Option<f64>,
    /// The steady state before, during and after.
    pub steady_states: SteadyStates,
    /// The stages of the method with their times.
    pub stages: Vec<StageRecord>,
    /// When each fault was set and taken away.
    #[serde(default)]
    pub faults: Vec<FaultRecord>,
    /// What was read of each probe, second by second.
    #[serde(default)]
    pub samples: Vec<Samples>,
    /// When each alert was first seen after the first fault.
    #[serde(default)]
    pub detections: Vec<Detection>,
    /// What users noticed, from the first fault to the recovery.
    #[serde(default)]
    pub users: Vec<UserRecord>,
    /// The activities of the method, in order.
    pub run: Vec<Activity>,
    /// What was undone, in order.
    pub rollbacks: Vec<Activity>,
}

/// Which experiment a journal is about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Subject {
    /// Name of its file without folder and extension.
    pub name: String,
    /// Its title.
    pub title: String,
    /// The rest of the file.
    #[serde(flatten)]
    pub document: serde_json::Map<String, serde_json::Value>,
}

/// How far an experiment came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// To its end.
    Completed,
    /// It was not begun: there was no clean slate, or no steady state.
    Failed,
    /// It was given up: the steady state was lost, an effect did not come, or something broke.
    Aborted,
    /// A person stopped it.
    Interrupted,
}

/// Readings of the steady state.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct SteadyStates {
    /// Before the first fault.
    pub before: Option<SteadyState>,
    /// The last reading of each stage.
    pub during: Vec<SteadyState>,
    /// After the rollback.
    pub after: Option<SteadyState>,
}

/// One reading of the steady state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SteadyState {
    /// Whether every probe was within its tolerance.
    pub steady_state_met: bool,
    /// The probes.
    pub probes: Vec<Activity>,
}

/// One stage of the method.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StageRecord {
    /// Name of its first action.
    pub name: String,
    /// What was changed, in words such as `disable redis`.
    pub changes: Vec<String>,
    /// When its changes were in effect.
    pub start: Timestamp,
    /// When it ended.
    pub end: Timestamp,
    /// From the changes to their effect, in seconds; `None` when it was not seen.
    pub effect_seconds: Option<f64>,
}

/// A fault, from when it was in effect to when it was gone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FaultRecord {
    /// Stage that set it.
    pub stage: String,
    /// Name of its action.
    pub name: String,
    /// Proxy or process that it broke.
    pub target: String,
    /// What it is called in metrics, such as `latency`.
    pub fault: String,
    /// In words, with its numbers.
    pub detail: String,
    /// From the start of the experiment to its taking effect, in seconds.
    pub start_seconds: f64,
    /// From the start of the experiment to its being gone, in seconds; `None` when it was left behind.
    pub end_seconds: Option<f64>,
}

/// What was read of one probe.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Samples {
    /// Name of the probe.
    pub probe: String,
    /// The least it may be; `None` when there is no such bound.
    pub least: Option<f64>,
    /// The most it may be; `None` when there is no such bound.
    pub most: Option<f64>,
    /// Seconds from the start of the experiment, and the value; `None` when it was not known.
    pub points: Vec<(f64, Option<f64>)>,
}

/// An alert that was seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Detection {
    /// Its `alertname`.
    pub alert: String,
    /// Whether the experiment expects it.
    pub expected: bool,
    /// From the first fault to its being pending, in seconds; `None` when that was not seen.
    pub pending_seconds: Option<f64>,
    /// From the first fault to its firing, in seconds; `None` when that was not seen.
    pub firing_seconds: Option<f64>,
}

/// What users noticed, by one objective.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UserRecord {
    /// Name of the objective.
    pub objective: String,
    /// Share of good events; `None` when it is not known.
    pub attained: Option<f64>,
    /// The least that was promised.
    pub least: f64,
    /// Why it is not known; empty when it is.
    pub detail: String,
}

/// One thing that was done or read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Activity {
    /// What it is called in the file.
    pub activity: Doing,
    /// When it was begun.
    pub start: Timestamp,
    /// When it was over.
    pub end: Timestamp,
    /// How long it took, in seconds.
    pub duration: f64,
    /// `succeeded` or `failed`.
    pub status: String,
    /// The value of a probe; `None` when it is not known.
    pub output: Option<f64>,
    /// Whether that value is within tolerance.
    pub tolerance_met: Option<bool>,
    /// What was done, what was expected, or why it failed.
    pub detail: String,
}

/// What an activity was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Doing {
    /// What it is called in the file.
    pub name: String,
    /// `action` or `probe`.
    #[serde(rename = "type")]
    pub kind: String,
}

impl Doing {
    /// Something that was asked.
    pub(crate) fn probe(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            kind: "probe".to_owned(),
        }
    }

    /// Something that was done.
    pub(crate) fn action(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            kind: "action".to_owned(),
        }
    }
}

/// Seconds that have passed, by the clock.
pub(crate) fn seconds_since(start: Timestamp) -> f64 {
    Timestamp::now()
        .duration_since(start)
        .as_secs_f64()
        .max(0.0)
}

impl Journal {
    /// A journal of something that begins now.
    pub(crate) fn begun(name: &str, title: &str, start: Timestamp) -> Self {
        Self {
            schema: JOURNAL_SCHEMA.to_owned(),
            chaoslib_version: CHAOSLIB_VERSION.to_owned(),
            platform: format!("{}-{}", std::env::consts::OS, std::env::consts::ARCH),
            node: rustix::system::uname()
                .nodename()
                .to_string_lossy()
                .into_owned(),
            experiment: Subject {
                name: name.to_owned(),
                title: title.to_owned(),
                document: serde_json::Map::new(),
            },
            status: Status::Completed,
            deviated: false,
            outcome: Outcome::Held.as_str().to_owned(),
            exit_code: Outcome::Held.exit_code(),
            detail: String::new(),
            start,
            end: start,
            duration: 0.0,
            effect_seconds: None,
            recovery_seconds: None,
            steady_states: SteadyStates::default(),
            stages: Vec::new(),
            faults: Vec::new(),
            samples: Vec::new(),
            detections: Vec::new(),
            users: Vec::new(),
            run: Vec::new(),
            rollbacks: Vec::new(),
        }
    }

    /// How it ended, as a value.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        Outcome::of_exit_code(Some(i32::from(self.exit_code)))
    }

    /// Notes that it ended worse than was known so far; of equal ends the first one stays.
    pub(crate) fn note(&mut self, outcome: Outcome, detail: &str) {
        if self.outcome().worst(outcome) != self.outcome() {
            outcome.as_str().clone_into(&mut self.outcome);
            self.exit_code = outcome.exit_code();
            detail.clone_into(&mut self.detail);
        }
    }

    /// Writes it to `<folder>/<name>.journal.json`.
    ///
    /// # Errors
    /// [`Failure::broken`] when it cannot be written.
    pub(crate) fn write(&self, folder: &Path) -> Result<(), Failure> {
        let path = folder.join(format!("{}.journal.json", self.experiment.name));
        let sentence = || format!("cannot write {}", path.display());
        std::fs::create_dir_all(folder).or_broken(sentence())?;
        let json = serde_json::to_string_pretty(self).or_broken(sentence())?;
        std::fs::write(&path, json + "\n").or_broken(sentence())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_end_stays_and_it_can_be_read_again() {
        let mut journal = Journal::begun("redis-gone", "Redis is gone", Timestamp::UNIX_EPOCH);
        journal.note(Outcome::Inconclusive, "first");
        journal.note(Outcome::Missed, "second");
        journal.note(Outcome::Inconclusive, "third");
        assert_eq!(
            (journal.outcome(), journal.detail.as_str()),
            (Outcome::Missed, "second")
        );
        let folder = tempfile::tempdir().unwrap();
        journal.write(folder.path()).unwrap();
        let text = std::fs::read_to_string(folder.path().join("redis-gone.journal.json")).unwrap();
        assert_eq!(serde_json::from_str::<Journal>(&text).unwrap(), journal);
    }
}
