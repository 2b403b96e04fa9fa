//! Turns a document into a plan, or says where it cannot.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use outcome::Failure;
use serde_json::Value;
use slo::Objective;
use slo::promql::{self, Catalog};

use super::Around;
use super::activity::{self, Action, Probe, Source, Tolerance};
use super::document::{
    ACTIVITIES_MAX, Activity, ActivityKind, Document, Extension, Metrics, SteadyDuring,
};
use super::locate::Way;
use super::model::{BlastRadius, Plan};
use super::rehearsed::Rehearsed;
use super::troubles::Troubles;
use super::values::{TIME_MAX, Time};

/// Reads one document.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    pub(super) around: Around<'a>,
    pub(super) troubles: Troubles<'a>,
    catalog: Catalog,
    /// Every name that is taken.
    names: BTreeSet<String>,
    /// Every probe of the document by its name.
    probes: BTreeMap<String, Probe>,
}

/// An activity that makes sense.
#[derive(Debug)]
pub(super) struct Done {
    pub(super) name: String,
    pub(super) way: Way,
    /// How long to wait after it.
    pub(super) after: Duration,
    pub(super) what: What,
}

/// What an activity is.
#[derive(Debug)]
pub(super) enum What {
    Probe(Probe),
    Action(Action),
}

/// Something that is asked by the name of a probe, or by a query of its own.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look<'a> {
    pub(super) probe: &'a str,
    pub(super) query: Option<&'a str>,
    pub(super) tolerance: Option<&'a Value>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(around: Around<'a>, troubles: Troubles<'a>) -> Self {
        Self {
            around,
            troubles,
            catalog: Catalog::of_workspace(),
            names: BTreeSet::new(),
            probes: BTreeMap::new(),
        }
    }

    /// The plan of a document.
    pub(super) fn plan(
        mut self,
        name: &str,
        document: Document,
        tree: Value,
    ) -> Result<Plan, Failure> {
        let top = Way::default();
        self.check_refused(&document);
        let Ok([extension]) = <[Extension; 1]>::try_from(document.extensions) else {
            let expected = "has no or more than one entry, expected one, named proofmark";
            self.troubles.add(&top.field("extensions"), expected);
            return Err(self.failed());
        };
        if extension.metrics == Metrics::Any {
            self.catalog = Catalog::of_workspace().with_any_metric();
        }
        let hypothesis = &document.steady_state_hypothesis;
        let steady_way = top.field("steady-state-hypothesis").field("probes");
        let steady = self.activities(&hypothesis.probes, &steady_way);
        let method = self.activities(&document.method, &top.field("method"));
        let rollbacks = self.activities(&document.rollbacks, &top.field("rollbacks"));
        if !self.troubles.is_empty() {
            return Err(self.failed());
        }
        self.check_rollbacks(&method, &rollbacks);
        let way = top.field("extensions").item(0);
        let mut steady = self.steady_probes(steady);
        let steady_names: BTreeSet<String> =
            steady.iter().map(|probe| probe.name.clone()).collect();
        steady.extend(self.steady_objectives(&extension, &way));
        if steady.is_empty() {
            self.troubles
                .add(&steady_way, "are none, expected at least one probe");
        }
        let stages = self.stages(&method, &steady_names, &extension, &way);
        let plan = Plan {
            name: name.to_owned(),
            title: document.title,
            steady_title: hypothesis.title.clone(),
            steady,
            steady_during: extension.steady_state.during == SteadyDuring::Hold,
            stages,
            blast_radius: self.blast_radius(&extension, &way),
            aborts: self.aborts(&extension.abort, &way.field("abort")),
            users: self.users(&extension, &way.field("users")),
            recovered: self.recovered(&extension, &way.field("recovery")),
            recovery_within: extension.recovery.within.0,
            alerts: self.alerts(&extension, &way.field("alerts")),
            proxies: self.proxies(&extension, &way.field("proxies")),
            document: tree,
        };
        self.check_radius(&plan, &way);
        self.troubles.settle()?;
        Ok(plan)
    }

    fn failed(self) -> Failure {
        let failure = self.troubles.settle().err();
        failure.unwrap_or_else(|| Failure::broken("a bug: nothing is wrong with the experiment"))
    }

    fn check_refused(&mut self, document: &Document) {
        let top = Way::default();
        if document.secrets.is_some() {
            self.troubles.add(
                &top.field("secrets"),
                "stand here, expected none: a file is no place for them",
            );
        }
        if !document.controls.is_empty() {
            self.troubles.add(
                &top.field("controls"),
                "stand here, expected none: nothing would run them",
            );
        }
        if document.title.is_empty() || document.title.chars().count() > TITLE_CHARS_MAX {
            let expected =
                format!("is empty or too long, expected 1 to {TITLE_CHARS_MAX} characters");
            self.troubles.add(&top.field("title"), expected);
        }
    }

    /// Whether a list is longer than anybody needs.
    pub(super) fn is_too_long<T>(&mut self, list: &[T], way: &Way) -> bool {
        if list.len() <= ACTIVITIES_MAX {
            return false;
        }
        let sentence = format!("is one too many, expected at most {ACTIVITIES_MAX}");
        self.troubles.add(&way.item(ACTIVITIES_MAX), sentence);
        true
    }

    /// Takes a name for something; no two things are called the same.
    pub(super) fn take_name(&mut self, name: &str, way: &Way) {
        let count = name.chars().count();
        if !(1..=NAME_CHARS_MAX).contains(&count) || name.chars().any(char::is_control) {
            let sentence =
                format!("is {name:?}, expected 1 to {NAME_CHARS_MAX} printable characters");
            self.troubles.add(way, sentence);
        } else if !self.names.insert(name.to_owned()) {
            let sentence = format!("is {name:?}, which is used twice, expected another name");
            self.troubles.add(way, sentence);
        }
    }

    fn activities(&mut self, list: &[Activity], way: &Way) -> Vec<Done> {
        if self.is_too_long(list, way) {
            return Vec::new();
        }
        let mut done = Vec::with_capacity(list.len());
        for (index, activity) in list.iter().enumerate() {
            done.extend(self.activity(activity, way.item(index)));
        }
        done
    }

    fn activity(&mut self, activity: &Activity, way: Way) -> Option<Done> {
        self.take_name(&activity.name, &way.field("name"));
        self.check_pauses(activity, &way);
        let mut read = match activity.kind {
            ActivityKind::Probe => activity::probe(activity)
                .map(What::Probe)
                .map_err(|wrong| vec![wrong]),
            ActivityKind::Action => activity::action(activity).map(What::Action),
        };
        if let Err(wrongs) = &mut read {
            for (fields, sentence) in wrongs {
                let way = fields
                    .iter()
                    .fold(way.clone(), |way, field| way.field(field));
                self.troubles.add(&way, sentence);
            }
        }
        let what = read.ok()?;
        if let What::Probe(probe) = &what {
            if let Source::PromQl(query) = &probe.source {
                self.check_query(
                    query,
                    &way.field("provider").field("arguments").field("query"),
                );
            }
            self.probes.insert(probe.name.clone(), probe.clone());
        }
        let after = Duration::try_from_secs_f64(activity.pauses.after).unwrap_or_default();
        Some(Done {
            name: activity.name.clone(),
            way,
            after,
            what,
        })
    }

    fn check_pauses(&mut self, activity: &Activity, way: &Way) {
        let pauses = &activity.pauses;
        let is_action = activity.kind == ActivityKind::Action;
        let way = way.field("pauses");
        if pauses.before != 0.0 || (!is_action && pauses.after != 0.0) {
            let sentence = "would not be kept, expected only `after`, of an action";
            self.troubles.add(&way, sentence);
        } else if !(0.0..=TIME_MAX.as_secs_f64()).contains(&pauses.after) {
            let after = pauses.after;
            self.troubles.add(
                &way.field("after"),
                format!("is {after}, expected 0 to 3600 seconds"),
            );
        }
    }

    /// Checks PromQL against the metrics that there are.
    pub(super) fn check_query(&mut self, query: &str, way: &Way) {
        if let Err(problems) = promql::check(query, &self.catalog) {
            let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
            self.troubles.add(
                way,
                format!(
                    "is a wrong query: {}, expected PromQL over metrics that there are",
                    problems.join("; ")
                ),
            );
        }
    }

    /// A time that is not 0.
    pub(super) fn positive(&mut self, time: Time, way: &Way) -> Duration {
        if time.0.is_zero() {
            self.troubles.add(way, "is 0, expected 1ms to 1h");
        }
        time.0
    }

    /// What is asked, and the bounds that it has.
    pub(super) fn look(
        &mut self,
        look: Look<'_>,
        way: &Way,
    ) -> Option<(Source, Option<Tolerance>)> {
        let given = match look.tolerance {
            Some(value) => {
                let read = activity::tolerance(value);
                Some(self.troubles.take(&way.field("tolerance"), read)?)
            }
            None => None,
        };
        let known = self.probes.get(look.probe).cloned();
        match (look.query, known) {
            (None, Some(probe)) => Some((probe.source, given.or(Some(probe.tolerance)))),
            (None, None) => {
                let sentence = format!(
                    "is {:?}, expected the name of a probe of this file, or a query beside it",
                    look.probe
                );
                self.troubles.add(&way.field("probe"), sentence);
                None
            }
            (Some(query), _) => {
                self.take_name(look.probe, &way.field("probe"));
                self.check_query(query, &way.field("query"));
                Some((Source::PromQl(query.to_owned()), given))
            }
        }
    }

    /// A probe that is asked for by name or by a query.
    pub(super) fn looked(&mut self, look: Look<'_>, way: &Way) -> Option<Probe> {
        let (source, tolerance) = self.look(look, way)?;
        let expected = "has a query and no tolerance, expected one";
        let tolerance = self
            .troubles
            .take(way, tolerance.ok_or_else(|| expected.to_owned()))?;
        let name = look.probe.to_owned();
        Some(Probe {
            name,
            source,
            tolerance,
        })
    }

    /// The objective of this name.
    pub(super) fn objective(&mut self, name: &str, way: &Way) -> Option<&'a Objective> {
        let objectives = self.around.objectives;
        let found: Vec<&Objective> = objectives.iter().filter(|one| one.name == name).collect();
        match found.as_slice() {
            [one] => {
                self.check_query(&one.indicator.error_ratio("5m"), way);
                return Some(one);
            }
            [] if objectives.is_empty() => {
                let sentence =
                    format!("is {name:?}, and no objectives are given, expected --slo PATH");
                self.troubles.add(way, sentence);
            }
            [] => {
                let names = objectives
                    .iter()
                    .take(SHOWN_MAX)
                    .map(|one| one.name.as_str());
                let names = names.collect::<Vec<_>>().join(", ");
                let sentence = format!("is {name:?}, expected an objective of --slo: {names}");
                self.troubles.add(way, sentence);
            }
            _ => {
                let sentence = format!("is {name:?}, of which --slo has several, expected one");
                self.troubles.add(way, sentence);
            }
        }
        None
    }

    /// An objective over a window as a probe: its share of good events.
    pub(super) fn objective_probe(
        &mut self,
        name: &str,
        window: Duration,
        least: f64,
        way: &Way,
    ) -> Option<Probe> {
        let objective = self.objective(name, &way.field("objective"))?;
        let ratio = objective.indicator.error_ratio(&slo::window::text(window));
        Some(Probe {
            name: name.to_owned(),
            source: Source::PromQl(format!("1 - ({ratio})")),
            tolerance: Tolerance { least, most: 1.0 },
        })
    }

    fn steady_probes(&mut self, steady: Vec<Done>) -> Vec<Probe> {
        let mut probes = Vec::with_capacity(steady.len());
        for Done { way, what, .. } in steady {
            match what {
                What::Probe(probe) => probes.push(probe),
                What::Action(_) => self
                    .troubles
                    .add(&way.field("type"), "is action, expected a probe"),
            }
        }
        probes
    }

    fn steady_objectives(&mut self, extension: &Extension, way: &Way) -> Vec<Probe> {
        let way = way.field("steady_state").field("objectives");
        let list = &extension.steady_state.objectives;
        if self.is_too_long(list, &way) {
            return Vec::new();
        }
        let mut probes = Vec::with_capacity(list.len());
        for (index, entry) in list.iter().enumerate() {
            let way = way.item(index);
            self.take_name(&entry.objective, &way.field("objective"));
            let window = self.positive(entry.window, &way.field("window"));
            let least = entry.at_least.0;
            probes.extend(self.objective_probe(&entry.objective, window, least, &way));
        }
        probes
    }

    fn check_rollbacks(&mut self, method: &[Done], rollbacks: &[Done]) {
        let mut rehearsed = Rehearsed::default();
        for done in method.iter().chain(rollbacks) {
            let What::Action(action) = &done.what else {
                continue;
            };
            if let Err(sentence) = rehearsed.apply(&done.name, action) {
                self.troubles.add(&done.way, sentence);
            }
        }
        for done in rollbacks {
            match &done.what {
                What::Action(Action::Set(_)) => self.troubles.add(
                    &done.way,
                    "breaks something, expected a rollback that mends",
                ),
                What::Action(_) => {}
                What::Probe(_) => self
                    .troubles
                    .add(&done.way.field("type"), "is probe, expected an action"),
            }
        }
        if let Some(left) = rehearsed.left() {
            let sentence = format!("leave {left}, expected to undo all of the method");
            self.troubles
                .add(&Way::default().field("rollbacks"), sentence);
        }
    }

    fn blast_radius(&mut self, extension: &Extension, way: &Way) -> Option<BlastRadius> {
        let Some(entry) = &extension.blast_radius else {
            if extension.stages.is_some() {
                let sentence = "has stages and no blast_radius, expected \
                    {targets: [NAME], faults_at_once: 1, duration: 1m}";
                self.troubles.add(way, sentence);
            }
            return None;
        };
        let way = way.field("blast_radius");
        if !(1..=ACTIVITIES_MAX).contains(&entry.faults_at_once) {
            let sentence = format!(
                "is {}, expected 1 to {ACTIVITIES_MAX}",
                entry.faults_at_once
            );
            self.troubles.add(&way.field("faults_at_once"), sentence);
        }
        self.is_too_long(&entry.targets, &way.field("targets"));
        Some(BlastRadius {
            targets: entry.targets.clone(),
            faults_at_once: entry.faults_at_once,
            duration: self.positive(entry.duration, &way.field("duration")),
        })
    }
}

/// Characters of a title.
const TITLE_CHARS_MAX: usize = 200;

/// Characters of the name of an activity, a stage or a probe.
const NAME_CHARS_MAX: usize = 64;

/// Names that a sentence lists.
const SHOWN_MAX: usize = 20;
