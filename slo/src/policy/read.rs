//! Text to policy: shape, then what the fields must be to each other.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use outcome::{Failure, OrFail};
use serde_yaml_ng::Deserializer;

use super::file::{CompareWith, Entry, Policy, Rule};
use super::golden::{Limits, SignalLimit};
use super::locate::{self, Step};
use super::plain;
use super::scalar::quoted;
use crate::objective::Objective;
use crate::text::shown;

/// The largest policy that is read.
pub const FILE_SIZE_BYTES_MAX: u64 = 256 * 1024;

/// The most names that a message lists.
const NAMES_LISTED_MAX: usize = 12;

/// Something wrong in a policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Fault {
    /// The file.
    pub file: PathBuf,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong: the field, and what was expected.
    pub message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file.display(), self.line, self.message)
    }
}

/// Reads the policy of a file for these objectives.
///
/// # Errors
/// [`Failure::misused`] that names file, line and field and says what was expected there; also when
/// the file cannot be read, is no UTF-8 text or larger than [`FILE_SIZE_BYTES_MAX`].
pub fn read(path: &Path, objectives: &[Objective]) -> Result<Policy, Failure> {
    let text = text(path)?;
    let policy = Policy::parse(&text, path, objectives);
    policy.map_err(|fault| Failure::misused(fault.to_string()))
}

fn text(path: &Path) -> Result<String, Failure> {
    let sentence = || format!("{}: cannot read the policy", path.display());
    let file = File::open(path).or_misused(sentence())?;
    let mut bytes = Vec::new();
    file.take(FILE_SIZE_BYTES_MAX + 1)
        .read_to_end(&mut bytes)
        .or_misused(sentence())?;
    if bytes.len() as u64 > FILE_SIZE_BYTES_MAX {
        let path = path.display();
        let message = format!("{path}: larger than {FILE_SIZE_BYTES_MAX} bytes");
        return Err(Failure::misused(message));
    }
    String::from_utf8(bytes).map_err(|error| {
        let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = good.iter().filter(|byte| **byte == b'\n').count() + 1;
        Failure::misused(format!("{}:{line}: expected UTF-8 text", path.display()))
    })
}

impl Policy {
    /// Reads a policy for these objectives. `file` is only for messages.
    ///
    /// # Errors
    /// [`Fault`] with the line of what is wrong: the first that is found.
    pub fn parse(text: &str, file: &Path, objectives: &[Objective]) -> Result<Self, Fault> {
        let lines = text.lines().count().max(1);
        let fault = |line: usize, message: &str| Fault {
            file: file.to_owned(),
            // YAML knows more ends of a line than editors do.
            line: line.min(lines),
            message: shown(message),
        };
        if text.len() as u64 > FILE_SIZE_BYTES_MAX {
            let message = format!("larger than {FILE_SIZE_BYTES_MAX} bytes");
            return Err(fault(1, &message));
        }
        let policy: Self = plain::check(text)
            .and_then(|()| serde::Deserialize::deserialize(Deserializer::from_str(text)))
            .map_err(|error| of_yaml(text, &error))
            .map_err(|(line, message)| fault(line, &message))?;
        policy.check(objectives).map_err(|wrong| {
            let line = locate::line_of(text, &wrong.way);
            let message = format!("{}: {}", locate::written(&wrong.way), wrong.message);
            fault(line, &message)
        })?;
        Ok(policy)
    }
}

/// Line and message of what the YAML reader refuses.
fn of_yaml(text: &str, error: &serde_yaml_ng::Error) -> (usize, String) {
    let message = error.to_string();
    let Some(place) = error.location() else {
        if message.contains("more than one document") {
            let message = "expected one document: a policy is one GatePolicy";
            return (second_document(text), message.to_owned());
        }
        return (1, message);
    };
    // The place stands before the message already.
    let end = format!(" at line {} column {}", place.line(), place.column());
    let bare = message.strip_suffix(&end).unwrap_or(&message);
    (place.line(), bare.to_owned())
}

/// The line of the last separator of documents.
fn second_document(text: &str) -> usize {
    let is_separator = |line: &str| line.starts_with("---");
    let separators = text.lines().enumerate().filter(|(_, l)| is_separator(l));
    separators.last().map_or(1, |(index, _)| index + 1)
}

/// A field whose value does not go with the rest.
struct Wrong {
    way: Vec<Step>,
    message: String,
}

fn wrong(way: &[Step], message: impl Into<String>) -> Wrong {
    Wrong {
        way: way.to_vec(),
        message: message.into(),
    }
}

/// Where a rule was read: index in the list.
type Seen<'a> = BTreeMap<(&'a str, &'a str), usize>;

impl Policy {
    fn check(&self, objectives: &[Objective]) -> Result<(), Wrong> {
        let comparison = &self.comparison;
        if comparison.compare_with == CompareWith::SingleResult
            && comparison.number_of_comparison_results.unwrap_or(1) != 1
        {
            let way = ["comparison".into(), "number_of_comparison_results".into()];
            let message = "single_result compares with one release; expected 1, or \
                           compare_with: several_results";
            return Err(wrong(&way, message));
        }
        if self.total_score.warning > self.total_score.pass {
            let way = ["total_score".into(), "warning".into()];
            return Err(wrong(
                &way,
                "it is above pass; expected at most what passes",
            ));
        }
        if let Some(signals) = &self.golden_signals {
            signals.limits.check()?;
        }
        let known = Known::of(objectives);
        let mut seen = Seen::new();
        for (index, rule) in self.objectives.iter().enumerate() {
            known.check(index, rule, &mut seen)?;
            rule.check(index)?;
        }
        Ok(())
    }
}

/// The objectives of the load, by their names.
struct Known<'a> {
    by_name: BTreeMap<&'a str, Vec<&'a Objective>>,
}

impl<'a> Known<'a> {
    fn of(objectives: &'a [Objective]) -> Self {
        let mut by_name: BTreeMap<&str, Vec<&Objective>> = BTreeMap::new();
        for objective in objectives {
            by_name.entry(&objective.name).or_default().push(objective);
        }
        Self { by_name }
    }

    /// Each rule must name one objective, and no other rule the same one.
    fn check(&self, index: usize, rule: &Rule, seen: &mut Seen<'a>) -> Result<(), Wrong> {
        let way = ["objectives".into(), index.into(), "objective".into()];
        let given = quoted(&rule.objective);
        let (service, name) = rule.service_and_name();
        let of_name = self.by_name.get(name).map_or(&[][..], Vec::as_slice);
        let is_meant = |o: &&&Objective| service.is_none_or(|service| o.service == service);
        let meant: Vec<&&Objective> = of_name.iter().filter(is_meant).collect();
        let objective = match meant.as_slice() {
            [one] => one,
            [] => {
                let message = format!("there is no objective {given}; expected {}", self.names());
                return Err(wrong(&way, message));
            }
            [one, other, ..] => {
                let (one, other) = (&one.service, &other.service);
                let message = format!(
                    "several services have an objective {given}; expected {one}/{name} or {other}/{name}"
                );
                return Err(wrong(&way, message));
            }
        };
        let key = (objective.service.as_str(), objective.name.as_str());
        if let Some(first) = seen.insert(key, index) {
            let message = format!("{given} is already in objectives[{first}]; expected each once");
            return Err(wrong(&way, message));
        }
        Ok(())
    }

    fn names(&self) -> String {
        let all = self.by_name.values().flatten();
        let names = all.map(|objective| format!("{}/{}", objective.service, objective.name));
        let listed: Vec<String> = names.clone().take(NAMES_LISTED_MAX).collect();
        match names.count() {
            0 => "none: no objective was loaded".to_owned(),
            1 => listed.join(""),
            more if more > NAMES_LISTED_MAX => {
                format!(
                    "one of {} and {} more",
                    listed.join(", "),
                    more - NAMES_LISTED_MAX
                )
            }
            _ => format!("one of {}", listed.join(", ")),
        }
    }
}

impl Rule {
    /// The service, where one is named, and the name of the objective.
    pub(super) fn service_and_name(&self) -> (Option<&str>, &str) {
        match self.objective.split_once('/') {
            Some((service, name)) => (Some(service), name),
            None => (None, &self.objective),
        }
    }

    fn check(&self, index: usize) -> Result<(), Wrong> {
        let way = |field: &'static str| vec!["objectives".into(), index.into(), field.into()];
        if self.pass.is_empty() && !self.warning.is_empty() {
            let message = "without pass it never applies; expected pass beside it";
            return Err(wrong(&way("warning"), message));
        }
        for (field, entries) in [("pass", &self.pass), ("warning", &self.warning)] {
            check_entries(&way(field), entries)?;
        }
        Ok(())
    }
}

fn check_entries(way: &[Step], entries: &[Entry]) -> Result<(), Wrong> {
    for (entry_index, entry) in entries.iter().enumerate() {
        for (index, criterion) in entry.criteria.iter().enumerate() {
            criterion.check_share().map_err(|message| {
                let end = [entry_index.into(), "criteria".into(), index.into()];
                wrong(&[way, &end].concat(), message)
            })?;
        }
    }
    Ok(())
}

impl Limits {
    fn check(&self) -> Result<(), Wrong> {
        let all = [
            ("latency_p99", &self.latency_p99),
            ("errors", &self.errors),
            ("traffic", &self.traffic),
            ("saturation", &self.saturation),
        ];
        for (name, limit) in all {
            let way = ["golden_signals".into(), "limits".into(), name.into()];
            if let Some(limit) = limit {
                limit.check(&way)?;
            }
        }
        Ok(())
    }
}

impl SignalLimit {
    fn check(&self, way: &[Step]) -> Result<(), Wrong> {
        if self.hour.is_none() && self.week.is_none() {
            return Err(wrong(way, "it limits nothing; expected hour, week or both"));
        }
        for (name, criterion) in [("hour", self.hour), ("week", self.week)] {
            if let Some(criterion) = criterion
                && !criterion.is_relative()
            {
                let message = format!(
                    "\"{criterion}\" is no comparison; expected a sign, such as <=+50% or >=-40%"
                );
                return Err(wrong(&[way, &[name.into()]].concat(), message));
            }
        }
        Ok(())
    }
}
