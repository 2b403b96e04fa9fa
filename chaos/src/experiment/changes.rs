//! A plan as the changes that lead from one stage to the next.

use std::time::Duration;

use outcome::Failure;

use super::activity::Probe;
use super::model::{Expected, Fault, FaultKind, Plan};
use crate::client::{Change, ProxyWanted};

/// An experiment whose faults are toxics and proxies that are down.
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
    pub(crate) name: String,
    pub(crate) changes: Vec<(String, Change)>,
    /// How long it lasts at least.
    pub(crate) hold: Duration,
    /// What must hold, all at once, because of it.
    pub(crate) expected: Vec<Probe>,
}

impl Experiment {
    /// Reads an experiment from text.
    #[cfg(test)]
    pub(crate) fn parse(
        name: &str,
        shown: &str,
        text: &str,
        allowed: &[String],
    ) -> Result<Self, Failure> {
        let around = super::Around {
            allowed,
            objectives: &[],
        };
        Self::of(Plan::parse(name, shown, text, around)?)
    }

    /// The experiment of a plan.
    ///
    /// # Errors
    /// [`Failure::misused`] for what changes of proxies cannot say.
    pub(crate) fn of(plan: Plan) -> Result<Self, Failure> {
        let cannot = |what: &str| {
            let name = &plan.name;
            Failure::misused(format!(
                "{name} has {what}, expected toxics and disabled proxies only"
            ))
        };
        let mut stages = Vec::new();
        let mut before: &[Fault] = &[];
        for stage in &plan.stages {
            let mut changes = Vec::new();
            for fault in before.iter().filter(|fault| !stage.faults.contains(fault)) {
                changes.extend(
                    change(fault)
                        .and_then(|change| change.undo())
                        .map(|undo| (fault.name.clone(), undo)),
                );
            }
            for fault in stage.faults.iter().filter(|fault| !before.contains(fault)) {
                let change = change(fault).ok_or_else(|| cannot(fault.label()))?;
                changes.push((fault.name.clone(), change));
            }
            let mut expected = Vec::new();
            for effect in &stage.effects {
                let Expected::Within(tolerance) = effect.expected else {
                    return Err(cannot("a mark that rises or falls"));
                };
                expected.push(Probe {
                    name: effect.name.clone(),
                    source: effect.source.clone(),
                    tolerance,
                });
            }
            stages.push(Stage {
                name: stage.name.clone(),
                changes,
                hold: stage.hold,
                expected,
            });
            before = &stage.faults;
        }
        let effects = plan.stages.iter().flat_map(|stage| &stage.effects);
        Ok(Self {
            effect_within: effects
                .map(|effect| effect.within)
                .max()
                .unwrap_or_default(),
            name: plan.name.clone(),
            title: plan.title.clone(),
            steady_title: plan.steady_title.clone(),
            steady: plan.steady.clone(),
            stages,
            recovered: plan.recovered.clone(),
            recovery_within: plan.recovery_within,
            proxies: plan.proxies.clone(),
        })
    }
}

fn change(fault: &Fault) -> Option<Change> {
    match &fault.kind {
        FaultKind::Toxic { proxy, toxic } => Some(Change::Add {
            proxy: proxy.clone(),
            toxic: toxic.clone(),
        }),
        FaultKind::Down { proxy } => Some(Change::Enable {
            proxy: proxy.clone(),
            enabled: false,
        }),
        _ => None,
    }
}
