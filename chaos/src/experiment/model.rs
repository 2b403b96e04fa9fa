//! What an experiment is, once its file has been checked: data without a clock or a socket.

use std::time::Duration;

use serde_json::Value;

pub(crate) use super::activity::{Probe, Source, Tolerance};
use crate::client::{ProxyWanted, Toxic};

/// An experiment that makes sense.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Plan {
    /// Name of its file without folder and extension.
    pub(crate) name: String,
    pub(crate) title: String,
    /// What the steady state is called.
    pub(crate) steady_title: String,
    /// What must hold before, after, and unless `steady_during` says otherwise during the faults.
    pub(crate) steady: Vec<Probe>,
    /// Whether losing the steady state during a stage is a miss; some faults are meant to be felt.
    pub(crate) steady_during: bool,
    /// One after the other; at least one has a fault.
    pub(crate) stages: Vec<Stage>,
    /// How far it may go; `None` when its file has no stages of its own.
    pub(crate) blast_radius: Option<BlastRadius>,
    /// What ends it at once, read every second while a fault is set.
    pub(crate) aborts: Vec<Abort>,
    /// What users may notice, judged from the first fault to the recovery.
    pub(crate) users: Vec<Impact>,
    /// What must hold after the rollback beside the steady state.
    pub(crate) recovered: Vec<Probe>,
    pub(crate) recovery_within: Duration,
    /// Alerts that should fire because of it.
    pub(crate) alerts: Vec<ExpectedAlert>,
    /// Proxies that it brings with it.
    pub(crate) proxies: Vec<ProxyWanted>,
    /// The file as it was read, for the journal.
    pub(crate) document: Value,
}

/// A part of the experiment: the faults that are set while it lasts, all of them and no other. A
/// fault of the stage before that is not listed is taken away; one that is listed with other numbers
/// is changed where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Stage {
    pub(crate) name: String,
    /// May be empty: a stage in which everything must be well again.
    pub(crate) faults: Vec<Fault>,
    /// How long its numbers take to get from those of the stage before (0 of a new fault) to its own.
    pub(crate) ramp: Duration,
    /// How long it lasts at least, after the ramp.
    pub(crate) hold: Duration,
    /// The marks that its faults must leave; each of them, or the stage proved nothing.
    pub(crate) effects: Vec<Effect>,
}

/// A fault that a stage sets.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Fault {
    /// Name of the action that describes it; the same in every stage that has it.
    pub(crate) name: String,
    pub(crate) kind: FaultKind,
}

/// What is broken, and how.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum FaultKind {
    /// A toxic on a proxy.
    Toxic { proxy: String, toxic: Toxic },
    /// A proxy that refuses connections.
    Down { proxy: String },
    /// A proxy that is down for the first `duty` (above 0, below 1) of each period.
    Flapping {
        proxy: String,
        period: Duration,
        duty: f64,
    },
    /// A process that is stopped in its tracks and goes on when the fault is taken away.
    Paused { process: String },
    /// A process that is killed, and started when the fault is taken away.
    Killed { process: String },
    /// A process that is killed and started at once; there is nothing to take away.
    Restarted { process: String },
}

impl Fault {
    /// The proxy or the process that it breaks.
    pub(crate) fn target(&self) -> &str {
        match &self.kind {
            FaultKind::Toxic { proxy, .. }
            | FaultKind::Down { proxy }
            | FaultKind::Flapping { proxy, .. } => proxy,
            FaultKind::Paused { process }
            | FaultKind::Killed { process }
            | FaultKind::Restarted { process } => process,
        }
    }

    /// What it is called in metrics: the type of the toxic, or one word.
    pub(crate) fn label(&self) -> &str {
        match &self.kind {
            FaultKind::Toxic { toxic, .. } => &toxic.kind,
            FaultKind::Down { .. } => "down",
            FaultKind::Flapping { .. } => "flapping",
            FaultKind::Paused { .. } => "paused",
            FaultKind::Killed { .. } => "killed",
            FaultKind::Restarted { .. } => "restarted",
        }
    }
}

/// A mark that a fault must leave.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Effect {
    /// Name of the probe, or of the metric.
    pub(crate) name: String,
    pub(crate) source: Source,
    pub(crate) expected: Expected,
    /// How long after the stage's faults were set it may take.
    pub(crate) within: Duration,
}

/// What counts as a mark.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Expected {
    /// The value comes within these bounds.
    Within(Tolerance),
    /// It rises by this much over the value before the first fault.
    Rises(Difference),
    /// It falls by this much under the value before the first fault.
    Falls(Difference),
}

/// How far a value moves.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Difference {
    /// In the unit of the value; above 0.
    Absolute(f64),
    /// As a share of the value before; above 0.
    Relative(f64),
}

/// How far an experiment may go. The stages keep to it as they stand in the file; a runner that
/// stretches them has to look again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BlastRadius {
    /// Proxies and processes that may be broken.
    pub(crate) targets: Vec<String>,
    /// Faults that may be set at a time.
    pub(crate) faults_at_once: usize,
    /// How long anything may be broken, over all stages.
    pub(crate) duration: Duration,
}

impl Stage {
    /// How long its faults may be set, when holds are `scale` times as long: the ramp, then the hold
    /// or the slowest mark.
    pub(crate) fn broken_at_most(&self, scale: f64) -> Duration {
        if self.faults.is_empty() {
            return Duration::ZERO;
        }
        let slowest = self.effects.iter().map(|effect| effect.within).max();
        self.ramp + self.hold.mul_f64(scale).max(slowest.unwrap_or_default())
    }
}

/// Something that ends an experiment at once.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Abort {
    /// Aborts when this does not hold.
    pub(crate) probe: Probe,
    /// For so long without a break; a single late scrape is no reason.
    pub(crate) lasting: Duration,
}

/// What users may notice of it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Impact {
    /// Name of the objective.
    pub(crate) objective: String,
    /// Its share of bad events over a window, as PromQL in which `{{.window}}` stands for it.
    pub(crate) error_ratio: String,
    /// Share of good events that must be left, above 0 and at most 1.
    pub(crate) least: f64,
}

/// An alert that should fire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ExpectedAlert {
    /// Its `alertname`.
    pub(crate) name: String,
    /// How long after the first fault it may take to fire.
    pub(crate) within: Duration,
}
