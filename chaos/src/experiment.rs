//! An experiment: what must hold, which faults are staged, and how they must be felt.
//!
//! A file is written in Chaos Toolkit's words and can be read by that tool. Its method is read in
//! stages: one or more actions that set or take away a fault, then the probes that must come to
//! hold because of it. `pauses.after` of the last action is how long the stage is held.

#[allow(dead_code, reason = "not in use yet")]
pub(crate) mod model;
mod document;
mod activity;
mod rehearsed;
mod proxy;

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use outcome::{Failure, OrFail};
use slo::promql::{self, Catalog};

use crate::client::ProxyWanted;
use activity::{Action, action, probe};
pub(crate) use activity::{Probe, Source};
use document::{Activity, ActivityKind, Document, Extension, Metrics};
use rehearsed::Rehearsed;

/// Largest file that is read.
const FILE_SIZE_BYTES_MAX: u64 = 256 * 1024;

/// Activities of one kind in a file; as many stage names fit into the metric of active faults.
const ACTIVITIES_MAX: usize = 64;

/// Longest hold, effect and recovery.
const TIME_MAX: Duration = Duration::from_secs(3600);

/// What the command line gives a value for.
const VARIABLES: [&str; 3] = ["prometheus", "service", "toxiproxy"];

/// An experiment that makes sense.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Experiment {
    /// Name of its file without folder and extension.
    pub(crate) name: String,
    pub(crate) title: String,
    /// What the steady state is called.
    pub(crate) steady_title: String,
    pub(crate) steady: Vec<Probe>,
    pub(crate) stages: Vec<Stage>,
    /// How long a fault may take to be felt.
    pub(crate) effect_within: Duration,
    /// What must hold after the rollback beside the steady state.
    pub(crate) recovered: Vec<Probe>,
    pub(crate) recovery_within: Duration,
    /// Proxies that it brings with it.
    pub(crate) proxies: Vec<ProxyWanted>,
}

/// A part of the method: changes, and what must come of them.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Stage {
    /// Name of its first action.
    pub(crate) name: String,
    pub(crate) changes: Vec<(String, crate::client::Change)>,
    /// How long it lasts at least.
    pub(crate) hold: Duration,
    /// What must hold, all at once, because of it.
    pub(crate) expected: Vec<Probe>,
}

impl Experiment {
    /// Reads an experiment whose proxies keep to loopback and the hosts of `allowed`.
    ///
    /// # Errors
    /// [`Failure::misused`] with file, line and what was expected.
    pub(crate) fn read(path: &Path, allowed: &[String]) -> Result<Self, Failure> {
        let shown = path.display().to_string();
        let sentence = || format!("cannot read {shown}");
        let size = std::fs::metadata(path).or_misused(sentence())?.len();
        if size > FILE_SIZE_BYTES_MAX {
            return Err(Failure::misused(format!(
                "{shown} has {size} bytes, expected at most {FILE_SIZE_BYTES_MAX}"
            )));
        }
        let text = std::fs::read_to_string(path).or_misused(sentence())?;
        let name = path
            .file_stem()
            .map(|stem| stem.to_string_lossy().into_owned());
        Self::parse(&name.unwrap_or_default(), &shown, &text, allowed)
    }

    /// Reads an experiment from text; `shown` is what the file is called in errors.
    pub(crate) fn parse(
        name: &str,
        shown: &str,
        text: &str,
        allowed: &[String],
    ) -> Result<Self, Failure> {
        let document: Document = serde_yaml_ng::from_str(text).map_err(|error| {
            let line = error.location().map_or(1, |location| location.line());
            let text = error.to_string();
            let sentence = text
                .rsplit_once(" at line ")
                .map_or(text.as_str(), |(sentence, _)| sentence);
            Failure::misused(format!("{shown}:{line}: {sentence}"))
        })?;
        let reader = Reader {
            shown,
            text,
            allowed,
        };
        reader.experiment(name, document)
    }
}

/// Turns a document into an experiment, or says where it cannot.
#[derive(Debug)]
struct Reader<'a> {
    shown: &'a str,
    text: &'a str,
    /// Hosts beside loopback.
    allowed: &'a [String],
}

impl Reader<'_> {
    fn experiment(&self, name: &str, document: Document) -> Result<Experiment, Failure> {
        self.check_variables(&document)?;
        let Ok([extension]) = <[Extension; 1]>::try_from(document.extensions) else {
            let expected = "expected one extension named proofmark, with effect and recovery";
            return Err(self.wrong("extensions", expected));
        };
        self.check_times(&extension)?;
        self.check_proxies(&extension.proxies)?;
        let hypothesis = &document.steady_state_hypothesis;
        let recovery = &extension.recovery.probes;
        self.check_names([
            &hypothesis.probes,
            &document.method,
            &document.rollbacks,
            recovery,
        ])?;
        let catalog = match extension.metrics {
            Metrics::Ours => Catalog::of_workspace(),
            Metrics::Any => Catalog::of_workspace().with_any_metric(),
        };
        let experiment = Experiment {
            name: name.to_owned(),
            title: document.title,
            steady_title: hypothesis.title.clone(),
            steady: self.probes(&hypothesis.probes, &catalog)?,
            stages: self.stages(&document.method, &catalog)?,
            effect_within: extension.effect.within,
            recovered: self.probes(recovery, &catalog)?,
            recovery_within: extension.recovery.within,
            proxies: extension.proxies,
        };
        if experiment.steady.is_empty() {
            return Err(self.wrong("steady-state-hypothesis:", "expected at least one probe"));
        }
        self.check_rollbacks(&experiment, &document.rollbacks)?;
        Ok(experiment)
    }

    fn probes(&self, activities: &[Activity], catalog: &Catalog) -> Result<Vec<Probe>, Failure> {
        activities
            .iter()
            .map(|activity| self.probe(activity, catalog))
            .collect()
    }

    fn probe(&self, activity: &Activity, catalog: &Catalog) -> Result<Probe, Failure> {
        self.check_pauses(activity)?;
        let probe = probe(activity).map_err(|wrong| self.wrong_activity(activity, &wrong))?;
        if let Source::PromQl(query) = &probe.source
            && let Err(problems) = promql::check(query, catalog)
        {
            let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
            return Err(self.wrong_activity(
                activity,
                &format!("has a wrong query: {}", problems.join("; ")),
            ));
        }
        Ok(probe)
    }

    fn action(&self, activity: &Activity) -> Result<Action, Failure> {
        self.check_pauses(activity)?;
        action(activity).map_err(|wrong| self.wrong_activity(activity, &wrong))
    }

    /// Cuts the method into stages: actions, then probes.
    fn stages(&self, method: &[Activity], catalog: &Catalog) -> Result<Vec<Stage>, Failure> {
        let mut stages: Vec<Stage> = Vec::new();
        for activity in method {
            if activity.kind == ActivityKind::Probe {
                let expected = self.probe(activity, catalog)?;
                let Some(stage) = stages.last_mut() else {
                    let wrong = "comes before any action, expected a fault first";
                    return Err(self.wrong_activity(activity, wrong));
                };
                stage.expected.push(expected);
                continue;
            }
            let Action::Change(change) = self.action(activity)? else {
                let wrong = "resets everything, expected that among the rollbacks only";
                return Err(self.wrong_activity(activity, wrong));
            };
            if stages.last().is_none_or(|stage| !stage.expected.is_empty()) {
                stages.push(Stage {
                    name: activity.name.clone(),
                    changes: Vec::new(),
                    hold: Duration::ZERO,
                    expected: Vec::new(),
                });
            }
            if let Some(stage) = stages.last_mut() {
                stage.changes.push((activity.name.clone(), change));
                stage.hold += Duration::from_secs_f64(activity.pauses.after);
            }
        }
        match stages.last() {
            None => Err(self.wrong("method:", "expected at least one action and one probe")),
            Some(stage) if stage.expected.is_empty() => {
                let wrong = "is not followed by a probe, expected one that says how it is felt";
                Err(self.wrong_name(&stage.name, wrong))
            }
            Some(_) => Ok(stages),
        }
    }

    fn check_rollbacks(
        &self,
        experiment: &Experiment,
        rollbacks: &[Activity],
    ) -> Result<(), Failure> {
        let mut rehearsed = Rehearsed::default();
        for (name, change) in experiment.stages.iter().flat_map(|stage| &stage.changes) {
            let applied = rehearsed.apply(&Action::Change(change.clone()));
            applied.map_err(|wrong| self.wrong_name(name, &wrong))?;
        }
        for activity in rollbacks {
            let applied = rehearsed.apply(&self.action(activity)?);
            applied.map_err(|wrong| self.wrong_activity(activity, &wrong))?;
        }
        match rehearsed.left() {
            Some(left) => Err(self.wrong(
                "rollbacks:",
                &format!("they leave {left}, expected nothing"),
            )),
            None => Ok(()),
        }
    }

    fn check_names(&self, lists: [&Vec<Activity>; 4]) -> Result<(), Failure> {
        let mut seen = BTreeSet::new();
        for list in lists {
            if list.len() > ACTIVITIES_MAX {
                let wrong = format!("expected at most {ACTIVITIES_MAX} activities in a list");
                return Err(self.wrong_activity(&list[ACTIVITIES_MAX], &wrong));
            }
            for activity in list {
                let name = &activity.name;
                if name.is_empty() || name.len() > 64 || name.chars().any(char::is_control) {
                    let wrong = "has a bad name, expected 1 to 64 printable characters";
                    return Err(self.wrong_activity(activity, wrong));
                }
                if !seen.insert(name) {
                    let wrong = "has a name that is used twice, expected another one";
                    return Err(self.wrong_activity(activity, wrong));
                }
            }
        }
        Ok(())
    }

    fn check_variables(&self, document: &Document) -> Result<(), Failure> {
        let names = document.configuration.keys();
        if let Some(name) = names
            .into_iter()
            .find(|name| !VARIABLES.contains(&name.as_str()))
        {
            let wrong = format!("configuration {name} is unknown, expected one of {VARIABLES:?}");
            return Err(self.wrong(&format!("{name}:"), &wrong));
        }
        for (number, line) in self.text.lines().enumerate() {
            let used = line
                .split("${")
                .skip(1)
                .map(|rest| rest.split('}').next().unwrap_or_default());
            for name in used {
                if !document.configuration.contains_key(name) {
                    return Err(Failure::misused(format!(
                        "{}:{}: ${{{name}}} is not in configuration, expected one of {VARIABLES:?} there",
                        self.shown,
                        number + 1
                    )));
                }
            }
        }
        Ok(())
    }

    fn check_times(&self, extension: &Extension) -> Result<(), Failure> {
        let times = [
            ("effect:", extension.effect.within),
            ("recovery:", extension.recovery.within),
        ];
        let range = Duration::from_millis(1)..=TIME_MAX;
        match times
            .into_iter()
            .find(|(_, within)| !range.contains(within))
        {
            Some((word, _)) => {
                let sentence = format!("{word} within is out of range, expected 1ms to 1h");
                Err(self.wrong(word, &sentence))
            }
            None => Ok(()),
        }
    }

    fn check_proxies(&self, proxies: &[ProxyWanted]) -> Result<(), Failure> {
        if proxies.len() > ACTIVITIES_MAX {
            let wrong = format!("expected at most {ACTIVITIES_MAX} proxies");
            return Err(self.wrong("proxies:", &wrong));
        }
        for wanted in proxies {
            proxy::check(wanted, self.allowed)
                .map_err(|wrong| self.wrong("proxies:", &format!("proxy {wrong}")))?;
        }
        Ok(())
    }

    fn check_pauses(&self, activity: &Activity) -> Result<(), Failure> {
        let pauses = &activity.pauses;
        let is_action = activity.kind == ActivityKind::Action;
        if pauses.before != 0.0 || (!is_action && pauses.after != 0.0) {
            let wrong =
                "has a pause that would not be kept, expected only pauses.after of an action";
            return Err(self.wrong_activity(activity, wrong));
        }
        if (0.0..=TIME_MAX.as_secs_f64()).contains(&pauses.after) {
            return Ok(());
        }
        Err(self.wrong_activity(
            activity,
            "has a pause out of range, expected 0 to 3600 seconds",
        ))
    }

    fn wrong_activity(&self, activity: &Activity, wrong: &str) -> Failure {
        self.wrong_name(&activity.name, wrong)
    }

    /// A failure at the last activity of this name: of two it is the second that is wrong.
    fn wrong_name(&self, name: &str, wrong: &str) -> Failure {
        let sentence = format!("{name} {wrong}");
        self.at(|line| name_in(line) == Some(name), &sentence)
    }

    /// A failure at the last line that has `word`.
    fn wrong(&self, word: &str, sentence: &str) -> Failure {
        self.at(|line| line.contains(word), sentence)
    }

    fn at(&self, is_there: impl Fn(&str) -> bool, sentence: &str) -> Failure {
        let lines = self.text.lines().enumerate();
        let found = lines.filter(|(_, line)| is_there(line)).last();
        let number = found.map_or(1, |(number, _)| number + 1);
        Failure::misused(format!("{}:{number}: {sentence}", self.shown))
    }
}

/// The name that a line such as `- {type: probe, name: x, …}` gives.
fn name_in(line: &str) -> Option<&str> {
    let (_, rest) = line.split_once("name:")?;
    let name = rest.split([',', '}']).next()?;
    Some(name.trim().trim_matches(['"', '\'']))
}

#[cfg(test)]
mod tests;
