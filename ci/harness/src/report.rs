//! The report of a rehearsal: one value, and the forms in which people and machines read it.
//!
//! Everything here is a function from a [`Rehearsal`] to text. What was observed is digested before
//! it comes here, so that a report can be written for whatever part of the line was reached.

mod text;
mod html;
mod markdown;
mod junit;
mod terminal;
mod card;

use std::path::Path;

use jiff::Timestamp;
use outcome::{Failure, OrFail, Outcome};
use serde::Serialize;

pub(crate) use card::card;
pub(crate) use terminal::terminal;
pub(crate) use text::{load as load_line, milliseconds};

/// Version of the JSON form.
const SCHEMA: &str = "proofmark.rehearsal/1";

/// All that a rehearsal found out.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Rehearsal {
    /// Version of this form.
    pub(crate) schema: &'static str,
    /// `pass`, `fail`, `inconclusive`, `broken` or `interrupted`.
    pub(crate) verdict: &'static str,
    /// The exit code that goes with it.
    pub(crate) exit_code: u8,
    /// What the service was made to do wrong, if anything.
    pub(crate) sabotage: Option<&'static str>,
    /// Version of the build that was rehearsed.
    pub(crate) release: String,
    /// When it began.
    pub(crate) started: Timestamp,
    /// How long it took.
    pub(crate) duration_seconds: f64,
    /// The steps, in order.
    pub(crate) steps: Vec<Step>,
    /// What the load came to.
    pub(crate) load: Option<Load>,
    /// What the experiments came to.
    pub(crate) experiments: Vec<Experiment>,
    /// What the gate says of each objective.
    pub(crate) objectives: Vec<Objective>,
    /// The alerts that fired.
    pub(crate) alerts: Vec<Alert>,
    /// The pictures beside the report.
    pub(crate) pictures: Vec<Picture>,
}

/// One step of the line.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Step {
    /// What was done.
    pub(crate) name: &'static str,
    /// How it ended.
    #[serde(serialize_with = "as_word")]
    pub(crate) outcome: Outcome,
    /// How long it took.
    pub(crate) seconds: f64,
    /// One line about it.
    pub(crate) detail: String,
}

/// What the load came to.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Load {
    /// Requests that were sent.
    pub(crate) requests: u64,
    /// Requests per second that were wanted.
    pub(crate) rate_wanted: f64,
    /// Requests per second that were sent.
    pub(crate) rate: f64,
    /// Answers with a status that the plan does not expect, and requests without an answer.
    pub(crate) unexpected: u64,
    /// Milliseconds: median, 95th and 99th percentile.
    pub(crate) percentiles_ms: [f64; 3],
}

/// What an experiment came to.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Experiment {
    /// Its name.
    pub(crate) name: String,
    /// Its title.
    pub(crate) title: String,
    /// How it ended.
    #[serde(serialize_with = "as_word")]
    pub(crate) outcome: Outcome,
    /// Its stages, in order.
    pub(crate) stages: Vec<Stage>,
    /// Seconds from the first fault to its first effect.
    pub(crate) effect_seconds: Option<f64>,
    /// Seconds from the rollback to the steady state.
    pub(crate) recovery_seconds: Option<f64>,
    /// What users had during the faults.
    pub(crate) users: Vec<Users>,
    /// The alerts that saw it.
    pub(crate) alerts: Vec<Detection>,
    /// Its picture in the report folder, if it was drawn.
    pub(crate) timeline: Option<String>,
    /// Why it ended so, when it did not hold.
    pub(crate) detail: String,
}

/// One stage of an experiment.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Stage {
    /// Its name.
    pub(crate) name: String,
    /// Seconds from its faults to their first effect.
    pub(crate) effect_seconds: Option<f64>,
}

/// What users had of one objective during the faults.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Users {
    /// Name of the objective.
    pub(crate) objective: String,
    /// The share of good events that was seen.
    pub(crate) attained: Option<f64>,
    /// The share that the experiment asks for.
    pub(crate) least: f64,
}

/// An alert that saw the faults, in seconds since the first of them.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Detection {
    /// Name of the alert.
    pub(crate) alert: String,
    /// When it was seen to be pending.
    pub(crate) pending_seconds: Option<f64>,
    /// When it was seen to fire.
    pub(crate) firing_seconds: Option<f64>,
}

/// What the gate says of one objective.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Objective {
    /// Its name.
    pub(crate) name: String,
    /// `pass`, `fail` or `inconclusive`.
    pub(crate) verdict: String,
    /// The share of good events that it asks for.
    pub(crate) target: f64,
    /// The share of good events that was seen.
    pub(crate) attainment: Option<f64>,
    /// The events that were judged.
    pub(crate) events: Option<f64>,
    /// Why, in words.
    pub(crate) detail: String,
}

/// An alert that fired.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Alert {
    /// Its name.
    pub(crate) name: String,
    /// Its severity.
    pub(crate) severity: String,
    /// When it was first seen to fire.
    pub(crate) fired: Timestamp,
    /// For how long it was seen to fire.
    pub(crate) seconds: f64,
    /// Whether Alertmanager had brought it to the desk when the report was written.
    pub(crate) at_desk: bool,
}

/// A picture beside the report.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Picture {
    /// File in the report folder.
    pub(crate) file: String,
    /// What it shows, for those who cannot see it.
    pub(crate) alt: String,
    /// Its width in pixels.
    pub(crate) width: u32,
}

impl Rehearsal {
    /// A report about nothing yet.
    pub(crate) fn begun(
        release: String,
        sabotage: Option<&'static str>,
        started: Timestamp,
    ) -> Self {
        Self {
            schema: SCHEMA,
            verdict: "",
            exit_code: 0,
            sabotage,
            release,
            started,
            duration_seconds: 0.0,
            steps: Vec::new(),
            load: None,
            experiments: Vec::new(),
            objectives: Vec::new(),
            alerts: Vec::new(),
            pictures: Vec::new(),
        }
    }

    /// Sets the verdict that follows from the worst of all steps.
    pub(crate) fn conclude(&mut self, outcome: Outcome, ended: Timestamp) {
        self.verdict = verdict(outcome);
        self.exit_code = outcome.exit_code();
        self.duration_seconds = ended.duration_since(self.started).as_secs_f64();
    }

    /// The worst outcome of the steps; a line of no steps was not shown to hold.
    pub(crate) fn worst(&self) -> Outcome {
        let outcomes = self.steps.iter().map(|step| step.outcome);
        outcomes
            .reduce(Outcome::worst)
            .unwrap_or(Outcome::Inconclusive)
    }

    /// Writes all forms into `folder`.
    ///
    /// # Errors
    /// [`Failure::broken`] when a file cannot be written.
    pub(crate) fn write(&self, folder: &Path) -> Result<(), Failure> {
        let json =
            serde_json::to_string_pretty(self).or_broken("cannot write the report as JSON")?;
        let files = [
            ("report.json", json + "\n"),
            ("report.md", markdown::markdown(self)),
            ("report.junit.xml", junit::junit(self)?),
            ("index.html", html::html(self)),
        ];
        for (name, text) in files {
            let path = folder.join(name);
            std::fs::write(&path, text).or_broken(format!("cannot write {}", path.display()))?;
        }
        Ok(())
    }
}

/// The gate's word for an outcome.
pub(crate) fn verdict(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Held => "pass",
        Outcome::Missed => "fail",
        other => other.as_str(),
    }
}

fn as_word<S: serde::Serializer>(outcome: &Outcome, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(outcome.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn experiments() -> Vec<Experiment> {
        vec![
            Experiment {
                name: "redis-slow".to_owned(),
                title: "Redis answers 800 ms late".to_owned(),
                outcome: Outcome::Held,
                stages: vec![stage("smoke", 1.2), stage("full", 3.0)],
                effect_seconds: Some(1.2),
                recovery_seconds: Some(2.0),
                users: vec![Users {
                    objective: "latency".to_owned(),
                    attained: Some(0.962),
                    least: 0.9,
                }],
                alerts: vec![Detection {
                    alert: "LatencyBurnsSlow".to_owned(),
                    pending_seconds: Some(5.0),
                    firing_seconds: Some(9.0),
                }],
                timeline: Some("chaos/redis-slow.timeline.png".to_owned()),
                detail: String::new(),
            },
            Experiment {
                name: "redis-gone".to_owned(),
                title: "Redis is gone".to_owned(),
                outcome: Outcome::Inconclusive,
                stages: Vec::new(),
                effect_seconds: None,
                recovery_seconds: None,
                users: Vec::new(),
                alerts: Vec::new(),
                timeline: Some("chaos/redis-gone.timeline.png".to_owned()),
                detail: "the fault left no mark <in 8 s>".to_owned(),
            },
        ]
    }

    fn stage(name: &str, effect_seconds: f64) -> Stage {
        Stage {
            name: name.to_owned(),
            effect_seconds: Some(effect_seconds),
        }
    }

    /// A rehearsal in round numbers in which one objective was missed.
    pub(crate) fn sample() -> Rehearsal {
        let started: Timestamp = "2026-01-02T03:04:05Z".parse().unwrap();
        let step = |name, outcome, seconds, detail: &str| Step {
            name,
            outcome,
            seconds,
            detail: detail.to_owned(),
        };
        let mut rehearsal = Rehearsal::begun("0.1.0".to_owned(), Some("errors"), started);
        rehearsal.steps = vec![
            step("stack", Outcome::Held, 4.0, "6 parts ready"),
            step(
                "load",
                Outcome::Held,
                60.0,
                "9,000 requests, 150.0/s, P99 12 ms, 0 unexpected",
            ),
            step("faults", Outcome::Held, 40.0, "2 of 2 experiments held"),
            step("gate", Outcome::Missed, 0.5, "1 of 2 objectives missed"),
        ];
        rehearsal.load = Some(Load {
            requests: 9_000,
            rate_wanted: 150.0,
            rate: 150.0,
            unexpected: 0,
            percentiles_ms: [1.0, 4.0, 12.0],
        });
        rehearsal.experiments = experiments();
        rehearsal.objectives = vec![
            Objective {
                name: "availability".to_owned(),
                verdict: "fail".to_owned(),
                target: 0.9995,
                attainment: Some(0.98),
                events: Some(9_000.0),
                detail: "180 of 9,000 were bad; 4.5 are allowed".to_owned(),
            },
            Objective {
                name: "latency".to_owned(),
                verdict: "pass".to_owned(),
                target: 0.99,
                attainment: Some(1.0),
                events: Some(8_820.0),
                detail: String::new(),
            },
        ];
        rehearsal.alerts = vec![Alert {
            name: "RequestErrorsHigh".to_owned(),
            severity: "critical".to_owned(),
            fired: "2026-01-02T03:04:20Z".parse().unwrap(),
            seconds: 45.0,
            at_desk: true,
        }];
        rehearsal.pictures = vec![Picture {
            file: "latency.png".to_owned(),
            alt: "Latency of requests".to_owned(),
            width: 960,
        }];
        rehearsal.conclude(rehearsal.worst(), "2026-01-02T03:06:05Z".parse().unwrap());
        rehearsal
    }

    #[test]
    fn the_worst_step_decides() {
        let mut rehearsal = sample();
        assert_eq!((rehearsal.verdict, rehearsal.exit_code), ("fail", 1));
        rehearsal.steps[0].outcome = Outcome::Broken;
        assert_eq!(verdict(rehearsal.worst()), "broken");
    }

    #[test]
    fn a_line_of_no_steps_is_no_pass() {
        let started: Timestamp = "2026-01-02T03:04:05Z".parse().unwrap();
        assert_eq!(
            Rehearsal::begun(String::new(), None, started).worst(),
            Outcome::Inconclusive
        );
    }

    #[test]
    fn every_form_is_written() {
        let folder = tempfile::tempdir().unwrap();
        sample().write(folder.path()).unwrap();
        for name in ["report.json", "report.md", "report.junit.xml", "index.html"] {
            assert!(
                std::fs::metadata(folder.path().join(name)).unwrap().len() > 100,
                "{name}"
            );
        }
        let json = std::fs::read_to_string(folder.path().join("report.json")).unwrap();
        insta::assert_snapshot!(json);
    }
}
