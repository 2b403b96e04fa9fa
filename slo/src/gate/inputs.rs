//! What a verdict is reached with, beside the answers: files and terms. It can be written down and
//! read back whole.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use outcome::{Failure, OrFail};
use serde::{Deserialize, Serialize};

use super::collect::Subject;
use super::folder;
use super::plan::Options;
use super::report::Severity;
use crate::load::{self, Source};
use crate::objective::Objective;
use crate::policy::{self, Policy};
use crate::statistics::Bound;
use crate::window;

/// Name and version of the shape of [`Run`].
const RUN_SCHEMA: &str = "proofmark.run/1";

/// Where it stands in the folder of evidence.
const RUN_FILE: &str = "run.json";

/// The largest one that is read.
const RUN_BYTES_MAX: u64 = 1024 * 1024;

/// Files, and what they say.
#[derive(Debug)]
pub(super) struct Inputs {
    /// The files of objectives, as they were named and what was in them.
    pub(super) files: Vec<Source>,
    pub(super) objectives: Vec<Objective>,
    /// The file of the policy, and what it says.
    pub(super) policy: Option<(Source, Policy)>,
}

impl Inputs {
    /// # Errors
    /// [`Failure::misused`] with file and line.
    pub(super) fn of(files: Vec<Source>, policy: Option<Source>) -> Result<Self, Failure> {
        let objectives = load::objectives(&files)?;
        let read = |source: Source| {
            let policy = Policy::parse(&source.text, &source.path, &objectives);
            let policy = policy.map_err(|fault| Failure::misused(fault.to_string()))?;
            Ok((source, policy))
        };
        Ok(Self {
            policy: policy.map(read).transpose()?,
            objectives,
            files,
        })
    }

    /// # Errors
    /// [`Failure::misused`] with file and line.
    pub(super) fn load(paths: &[PathBuf], policy: Option<&Path>) -> Result<Self, Failure> {
        let policy = policy.map(|path| {
            let bytes = folder::read(path, policy::FILE_SIZE_BYTES_MAX)?;
            source(path, bytes)
        });
        Self::of(load::sources(paths)?, policy.transpose()?)
    }

    /// Whether the policy says what a spent budget means.
    pub(super) fn is_budget_left_to_policy(&self) -> bool {
        let policy = self.policy.as_ref();
        policy.is_some_and(|(_, policy)| policy.error_budget.is_some())
    }

    /// What is judged, and by which policy; with pictures of it when it is shown.
    pub(super) fn subject(&self, is_shown: bool) -> Subject<'_> {
        Subject {
            is_shown,
            objectives: &self.objectives,
            policy: self.policy.as_ref().map(|(_, policy)| policy),
        }
    }
}

fn source(path: &Path, bytes: Vec<u8>) -> Result<Source, Failure> {
    let expected = format!("{}: expected UTF-8 text", path.display());
    let text = String::from_utf8(bytes).or_misused(expected)?;
    let path = path.to_owned();
    Ok(Source { path, text })
}

/// The terms of a run, as they are kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Run {
    schema: String,
    /// The Prometheus that was asked, without credentials.
    pub(super) prometheus: String,
    /// The objectives: their names then, in the order of the copies.
    slo: Vec<PathBuf>,
    /// The policy: its name then.
    policy: Option<PathBuf>,
    window: String,
    at: Option<Timestamp>,
    release: Option<String>,
    matchers: Vec<(String, String)>,
    min_events: u64,
    bound: Bound,
    severity: Severity,
    /// By how many seconds the clock of Prometheus was ahead.
    pub(super) skew_seconds: Option<f64>,
}

/// The copy of the policy.
const POLICY_FILE: &str = "policy.yaml";

/// The copy of the `index`-th file of objectives.
fn copy_of(index: usize) -> String {
    format!("objectives/{index:04}.yaml")
}

impl Run {
    pub(super) fn new(
        inputs: &Inputs,
        options: &Options,
        prometheus: &str,
        skew_seconds: Option<f64>,
    ) -> Self {
        Self {
            schema: RUN_SCHEMA.to_owned(),
            prometheus: prometheus.to_owned(),
            slo: inputs.files.iter().map(|file| file.path.clone()).collect(),
            policy: inputs.policy.as_ref().map(|(file, _)| file.path.clone()),
            window: window::text(options.window),
            at: options.at,
            release: options.release.clone(),
            matchers: options.matchers.clone(),
            min_events: options.events_min,
            bound: options.bound,
            severity: options.severity,
            skew_seconds,
        }
    }

    /// Writes it down with copies of the files.
    ///
    /// # Errors
    /// [`Failure::broken`] when the disk fails.
    pub(super) fn write(&self, inputs: &Inputs, evidence: &Path) -> Result<(), Failure> {
        let sentence = || format!("cannot write {}", evidence.display());
        fs::create_dir_all(evidence.join("objectives")).or_broken(sentence())?;
        for (index, file) in inputs.files.iter().enumerate() {
            fs::write(evidence.join(copy_of(index)), &file.text).or_broken(sentence())?;
        }
        if let Some((file, _)) = &inputs.policy {
            fs::write(evidence.join(POLICY_FILE), &file.text).or_broken(sentence())?;
        }
        let text = serde_json::to_string_pretty(self).or_broken(sentence())? + "\n";
        fs::write(evidence.join(RUN_FILE), text).or_broken(sentence())
    }

    /// Reads it back, with what was judged and how.
    ///
    /// # Errors
    /// [`Failure::misused`] that names the file.
    pub(super) fn read(evidence: &Path) -> Result<(Self, Inputs, Options), Failure> {
        let file = evidence.join(RUN_FILE);
        let wrong = |message: String| Failure::misused(format!("{}: {message}", file.display()));
        let run: Self = serde_json::from_slice(&folder::read(&file, RUN_BYTES_MAX)?)
            .or_misused(format!("{}: expected the terms of a run", file.display()))?;
        if run.schema != RUN_SCHEMA {
            return Err(wrong(format!(
                "the schema is {:?}; expected {RUN_SCHEMA:?}",
                run.schema
            )));
        }
        let copy = |(index, path): (usize, &PathBuf)| {
            let copy = evidence.join(copy_of(index));
            source(path, folder::read(&copy, load::FILE_SIZE_BYTES_MAX)?)
        };
        let files = run.slo.iter().enumerate().map(copy);
        let policy = run.policy.as_ref().map(|path| {
            let copy = evidence.join(POLICY_FILE);
            source(path, folder::read(&copy, policy::FILE_SIZE_BYTES_MAX)?)
        });
        let files = files.collect::<Result<_, Failure>>()?;
        let inputs = Inputs::of(files, policy.transpose()?)?;
        let options = Options {
            window: window::parse(&run.window).map_err(wrong)?,
            at: run.at,
            matchers: run.matchers.clone(),
            events_min: run.min_events,
            bound: run.bound,
            // Nobody is waited for: the answers are there.
            timeout: Duration::ZERO,
            concurrency: 1,
            release: run.release.clone(),
            severity: run.severity,
            is_budget_left_to_policy: inputs.is_budget_left_to_policy(),
        };
        Ok((run, inputs, options))
    }
}
