//! From the stages that a file names, or the method that is cut into some, to those of a plan.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Map, Value};

use super::activity::{Action, is_toxicity, named};
use super::document::{AbortEntry, Extension, FaultEntry, Flap, Mark, StageEntry};
use super::locate::Way;
use super::model::{Abort, Effect, Expected, Fault, FaultKind, Plan, Stage};
use super::reader::{Done, Look, Reader, What};
use super::rehearsed::{Rehearsed, clash};
use super::toxics;
use super::values::Time;

/// Shortest period of a proxy that comes and goes: each change is read back.
const PERIOD_MIN: Duration = Duration::from_millis(100);

impl Reader<'_> {
    /// The stages of a plan.
    pub(super) fn stages(
        &mut self,
        method: &[Done],
        steady: &BTreeSet<String>,
        extension: &Extension,
        way: &Way,
    ) -> Vec<Stage> {
        let slowest = extension.effect.map(|effect| effect.within);
        if let Some(within) = slowest {
            self.positive(within, &way.field("effect").field("within"));
        }
        let Some(entries) = &extension.stages else {
            return self.cut(method, slowest, way);
        };
        let way = way.field("stages");
        if self.is_too_long(entries, &way) {
            return Vec::new();
        }
        let mut stages: Vec<Stage> = Vec::with_capacity(entries.len());
        for (index, entry) in entries.iter().enumerate() {
            let way = way.item(index);
            if stages.iter().any(|other| other.name == entry.name) {
                let sentence = format!("is {:?} for the second time, expected another", entry.name);
                self.troubles.add(&way.field("name"), sentence);
            }
            let stage = self.stage(entry, method, steady, slowest, &way);
            if stage.faults.is_empty() && entry.faults.is_empty() && index == 0 {
                let sentence = "are none in the first stage, expected a fault";
                self.troubles.add(&way.field("faults"), sentence);
            }
            stages.push(stage);
        }
        if stages.is_empty() {
            self.troubles
                .add(&way, "are none, expected at least one stage");
        }
        self.check_all_used(method, entries);
        stages
    }

    fn stage(
        &mut self,
        entry: &StageEntry,
        method: &[Done],
        steady: &BTreeSet<String>,
        slowest: Option<Time>,
        way: &Way,
    ) -> Stage {
        let count = entry.name.chars().count();
        if !(1..=64).contains(&count) || entry.name.chars().any(char::is_control) {
            let sentence = format!("is {:?}, expected 1 to 64 printable characters", entry.name);
            self.troubles.add(&way.field("name"), sentence);
        }
        let faults = self.faults(&entry.faults, method, &way.field("faults"));
        let is_toxic = |fault: &Fault| matches!(fault.kind, FaultKind::Toxic { .. });
        if !entry.ramp.0.is_zero() && !faults.iter().any(is_toxic) {
            let sentence = "would change nothing, expected it only where a toxic has numbers";
            self.troubles.add(&way.field("ramp"), sentence);
        }
        let way = way.field("expect");
        let mut effects = Vec::new();
        if entry.expect.is_empty() {
            let sentence =
                "is empty, expected at least one mark: a fault that leaves none proves nothing";
            self.troubles.add(&way, sentence);
        } else if !self.is_too_long(&entry.expect, &way) {
            for (index, mark) in entry.expect.iter().enumerate() {
                effects.extend(self.effect(mark, steady, slowest, &way.item(index)));
            }
        }
        Stage {
            name: entry.name.clone(),
            faults,
            ramp: entry.ramp.0,
            hold: entry.hold.0,
            effects,
        }
    }

    fn faults(&mut self, entries: &[FaultEntry], method: &[Done], way: &Way) -> Vec<Fault> {
        if self.is_too_long(entries, way) {
            return Vec::new();
        }
        let mut faults: Vec<Fault> = Vec::with_capacity(entries.len());
        for (index, entry) in entries.iter().enumerate() {
            let way = way.item(index);
            let Some(fault) = self.fault(entry, method, &way) else {
                continue;
            };
            if let Some(other) = faults.iter().find(|other| clash(&other.kind, &fault.kind)) {
                let sentence = format!(
                    "breaks what {} breaks in the same stage, expected one of them",
                    other.name
                );
                self.troubles.add(&way.field("action"), sentence);
            }
            faults.push(fault);
        }
        faults
    }

    fn fault(&mut self, entry: &FaultEntry, method: &[Done], way: &Way) -> Option<Fault> {
        let done = method.iter().find(|done| done.name == entry.action);
        let Some(What::Action(Action::Set(kind))) = done.map(|done| &done.what) else {
            let sentence = format!(
                "is {:?}, expected the name of an action of the method that breaks something",
                entry.action
            );
            self.troubles.add(&way.field("action"), sentence);
            return None;
        };
        let kind = match (kind, entry.flap) {
            (FaultKind::Toxic { .. }, None) => self.toxic(kind, entry, way)?,
            (FaultKind::Down { proxy }, Some(flap)) => {
                self.check_flap(flap, &way.field("flap"));
                FaultKind::Flapping {
                    proxy: proxy.clone(),
                    period: flap.period.0,
                    duty: flap.duty.0,
                }
            }
            (_, Some(_)) => {
                let sentence = "belongs to an action that disables a proxy, expected none here";
                self.troubles.add(&way.field("flap"), sentence);
                return None;
            }
            (kind, None) => kind.clone(),
        };
        let is_toxic = matches!(kind, FaultKind::Toxic { .. });
        for (is_given, field) in [
            (entry.toxicity.is_some(), "toxicity"),
            (!entry.attributes.is_empty(), "attributes"),
        ] {
            if is_given && !is_toxic {
                let sentence = "belongs to an action that adds a toxic, expected none here";
                self.troubles.add(&way.field(field), sentence);
            }
        }
        let name = entry.action.clone();
        Some(Fault { name, kind })
    }

    fn check_flap(&mut self, flap: Flap, way: &Way) {
        if flap.period.0 < PERIOD_MIN {
            let sentence = "is too short, expected 100ms to 1h";
            self.troubles.add(&way.field("period"), sentence);
        }
        if flap.duty.0 >= 1.0 {
            let sentence = "is 1, expected less: a proxy that is always gone does not flap";
            self.troubles.add(&way.field("duty"), sentence);
        }
    }

    /// The toxic of an action with the numbers of a stage.
    fn toxic(&mut self, kind: &FaultKind, entry: &FaultEntry, way: &Way) -> Option<FaultKind> {
        let FaultKind::Toxic { proxy, toxic } = kind else {
            return None;
        };
        let mut toxic = toxic.clone();
        if let Some(toxicity) = entry.toxicity {
            if !is_toxicity(toxicity) {
                let sentence = format!("is {toxicity}, expected above 0 and at most 1");
                self.troubles.add(&way.field("toxicity"), sentence);
            }
            toxic.toxicity = toxicity;
        }
        let own = toxic.attributes.iter();
        let mut attributes: Map<String, Value> = own
            .map(|(name, value)| (name.clone(), Value::from(*value)))
            .collect();
        attributes.extend(entry.attributes.clone());
        let way = way.field("attributes");
        match toxics::attributes(&toxic.kind, &attributes) {
            Ok(attributes) => toxic.attributes = attributes,
            Err(faults) => {
                for (name, sentence) in faults {
                    self.troubles.add(&way, named(&name, &sentence));
                }
            }
        }
        let proxy = proxy.clone();
        Some(FaultKind::Toxic { proxy, toxic })
    }

    fn effect(
        &mut self,
        mark: &Mark,
        steady: &BTreeSet<String>,
        slowest: Option<Time>,
        way: &Way,
    ) -> Option<Effect> {
        let look = Look {
            probe: &mark.probe,
            query: mark.query.as_deref(),
            tolerance: mark.tolerance.as_ref(),
        };
        let (source, tolerance) = self.look(look, way)?;
        let is_bounded = mark.tolerance.is_some();
        let expected = match (mark.rises, mark.falls, tolerance) {
            (Some(rises), None, _) if !is_bounded => Expected::Rises(rises.0),
            (None, Some(falls), _) if !is_bounded => Expected::Falls(falls.0),
            (None, None, Some(_)) if !is_bounded && steady.contains(&mark.probe) => {
                let sentence = "belongs to the steady state, which holds without a fault, \
                    expected rises, falls or a tolerance beside it";
                self.troubles.add(&way.field("probe"), sentence);
                return None;
            }
            (None, None, Some(tolerance)) => Expected::Within(tolerance),
            _ => {
                let sentence =
                    "has none or several of them, expected one of rises, falls, tolerance";
                self.troubles.add(way, sentence);
                return None;
            }
        };
        let Some(within) = mark.within.or(slowest) else {
            let sentence = "has no within, expected one here, or effect: {within: 10s}";
            self.troubles.add(way, sentence);
            return None;
        };
        if mark.within.is_some() {
            self.positive(within, &way.field("within"));
        }
        Some(Effect {
            name: mark.probe.clone(),
            source,
            expected,
            within: within.0,
        })
    }

    /// Nothing of the method is there for show.
    fn check_all_used(&mut self, method: &[Done], entries: &[StageEntry]) {
        for done in method {
            let is_used = match &done.what {
                What::Action(Action::Set(_)) => entries
                    .iter()
                    .flat_map(|stage| &stage.faults)
                    .any(|fault| fault.action == done.name),
                What::Action(Action::Reset) => {
                    let sentence = "resets everything, expected that among the rollbacks only";
                    self.troubles.add(&done.way, sentence);
                    true
                }
                What::Action(_) => true,
                What::Probe(_) => entries
                    .iter()
                    .flat_map(|stage| &stage.expect)
                    .any(|mark| mark.probe == done.name),
            };
            if !is_used {
                let sentence = format!(
                    "is {:?}, which no stage uses, expected one that does",
                    done.name
                );
                self.troubles.add(&done.way.field("name"), sentence);
            }
        }
    }

    /// Cuts the method into stages: actions, then the probes that show them.
    fn cut(&mut self, method: &[Done], slowest: Option<Time>, way: &Way) -> Vec<Stage> {
        let Some(within) = slowest else {
            let sentence = "has neither stages nor effect, expected one of them";
            self.troubles.add(way, sentence);
            return Vec::new();
        };
        let mut now = Rehearsed::default();
        let mut stages: Vec<(Stage, Way)> = Vec::new();
        for done in method {
            match &done.what {
                What::Probe(probe) => match stages.last_mut() {
                    Some((stage, _)) => stage.effects.push(Effect {
                        name: probe.name.clone(),
                        source: probe.source.clone(),
                        expected: Expected::Within(probe.tolerance),
                        within: within.0,
                    }),
                    None => {
                        let sentence = "comes before any action, expected a fault first";
                        self.troubles.add(&done.way, sentence);
                    }
                },
                What::Action(Action::Reset) => {
                    let sentence = "resets everything, expected that among the rollbacks only";
                    self.troubles.add(&done.way, sentence);
                }
                What::Action(action) => {
                    // What cannot be done was said when the rollbacks were looked at.
                    let _ = now.apply(&done.name, action);
                    if stages
                        .last()
                        .is_none_or(|(stage, _)| !stage.effects.is_empty())
                    {
                        stages.push((begun(&done.name), done.way.clone()));
                    }
                    if let Some((stage, _)) = stages.last_mut() {
                        stage.faults = now.faults.clone();
                        stage.hold += done.after;
                        if let Action::Set(kind @ FaultKind::Restarted { .. }) = action {
                            let (name, kind) = (done.name.clone(), kind.clone());
                            stage.faults.push(Fault { name, kind });
                        }
                    }
                }
            }
        }
        self.check_cut(&stages);
        stages.into_iter().map(|(stage, _)| stage).collect()
    }

    fn check_cut(&mut self, stages: &[(Stage, Way)]) {
        match stages.last() {
            None => {
                let sentence = "breaks nothing, expected at least one action and one probe";
                self.troubles.add(&Way::default().field("method"), sentence);
            }
            Some((stage, way)) if stage.effects.is_empty() => {
                let sentence = "is not followed by a probe, expected one that says how it is felt";
                self.troubles.add(way, sentence);
            }
            Some(_) => {}
        }
        if let Some((_, way)) = stages.first().filter(|(stage, _)| stage.faults.is_empty()) {
            let sentence = "mends what is not broken, expected a fault first";
            self.troubles.add(way, sentence);
        }
    }

    /// No stage goes further than the file allows.
    pub(super) fn check_radius(&mut self, plan: &Plan, way: &Way) {
        let Some(radius) = &plan.blast_radius else {
            return;
        };
        for (index, stage) in plan.stages.iter().enumerate() {
            let way = way.field("stages").item(index).field("faults");
            if stage.faults.len() > radius.faults_at_once {
                let (count, most) = (stage.faults.len(), radius.faults_at_once);
                let sentence =
                    format!("are {count}, expected at most {most} by blast_radius.faults_at_once");
                self.troubles.add(&way, sentence);
            }
            for (index, fault) in stage.faults.iter().enumerate() {
                if !radius.targets.iter().any(|target| target == fault.target()) {
                    let sentence = format!(
                        "breaks {}, expected one of blast_radius.targets: {}",
                        fault.target(),
                        radius.targets.join(", ")
                    );
                    self.troubles.add(&way.item(index), sentence);
                }
            }
        }
        let longest: Duration = plan
            .stages
            .iter()
            .map(|stage| stage.broken_at_most(1.0))
            .sum();
        if longest > radius.duration {
            let sentence = format!(
                "is {:?}, and the stages may break things for {longest:?}, expected that at least",
                radius.duration
            );
            self.troubles
                .add(&way.field("blast_radius").field("duration"), sentence);
        }
    }

    /// What ends the experiment at once.
    pub(super) fn aborts(&mut self, entries: &[AbortEntry], way: &Way) -> Vec<Abort> {
        if self.is_too_long(entries, way) {
            return Vec::new();
        }
        let mut aborts = Vec::with_capacity(entries.len());
        for (index, entry) in entries.iter().enumerate() {
            let way = way.item(index);
            let lasting = entry.lasting.0;
            let probe = match entry {
                AbortEntry {
                    probe: Some(probe),
                    objective: None,
                    at_least: None,
                    window: None,
                    ..
                } => {
                    let look = Look {
                        probe,
                        query: entry.query.as_deref(),
                        tolerance: entry.tolerance.as_ref(),
                    };
                    self.looked(look, &way)
                }
                AbortEntry {
                    probe: None,
                    query: None,
                    tolerance: None,
                    objective: Some(objective),
                    at_least: Some(at_least),
                    window: Some(window),
                    ..
                } => {
                    let window = self.positive(*window, &way.field("window"));
                    self.objective_probe(objective, window, at_least.0, &way)
                }
                _ => {
                    let sentence = "is neither, expected {probe, for}, {probe, query, tolerance, for} \
                        or {objective, at_least, window, for}";
                    self.troubles.add(&way, sentence);
                    None
                }
            };
            aborts.extend(probe.map(|probe| Abort { probe, lasting }));
        }
        aborts
    }
}

fn begun(name: &str) -> Stage {
    Stage {
        name: name.to_owned(),
        faults: Vec::new(),
        ramp: Duration::ZERO,
        hold: Duration::ZERO,
        effects: Vec::new(),
    }
}
