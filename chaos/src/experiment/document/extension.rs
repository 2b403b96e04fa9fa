//! What we add to Chaos Toolkit's words, which leaves extensions alone.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::super::values::{Move, Share, Time};

/// Stages, how far they may go, what ends them, and what users may notice.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Extension {
    /// Always proofmark.
    #[serde(rename = "name")]
    _name: Proofmark,
    /// How soon a fault must be felt, where an effect does not say so itself.
    pub(in super::super) effect: Option<EffectTime>,
    /// One after the other. Without them the method is cut: actions, then the probes that show them.
    #[schemars(length(min = 1, max = 64))]
    pub(in super::super) stages: Option<Vec<StageEntry>>,
    /// How far the stages may go; needed with them.
    pub(in super::super) blast_radius: Option<RadiusEntry>,
    /// What ends the experiment at once while something is broken.
    #[serde(default)]
    #[schemars(length(max = 64))]
    pub(in super::super) abort: Vec<AbortEntry>,
    /// What users may notice, from the first fault to the recovery.
    #[serde(default)]
    #[schemars(length(max = 64))]
    pub(in super::super) users: Vec<UserEntry>,
    /// More of the steady state.
    #[serde(default)]
    pub(in super::super) steady_state: SteadyEntry,
    /// When everything must be well again.
    pub(in super::super) recovery: RecoveryEntry,
    /// Alerts that must fire because of it.
    #[serde(default)]
    #[schemars(length(max = 64))]
    pub(in super::super) alerts: Vec<AlertEntry>,
    /// Whose metrics the queries use.
    #[serde(default)]
    pub(in super::super) metrics: Metrics,
    /// Proxies that are made for it when they are not there, and removed at the end.
    #[serde(default)]
    #[schemars(length(max = 64))]
    pub(in super::super) proxies: Vec<ProxyEntry>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Proofmark {
    Proofmark,
}

/// How soon a fault must be felt.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct EffectTime {
    /// After it was set.
    pub(in super::super) within: Time,
}

/// Faults that are set together, how long, and the marks that they must leave.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct StageEntry {
    /// What it is called, such as smoke, part, full.
    #[schemars(length(min = 1, max = 64))]
    pub(in super::super) name: String,
    /// All faults of this stage; those of the stage before that are not here are taken away. Empty
    /// is a stage in which everything must be well again.
    #[schemars(length(max = 64))]
    pub(in super::super) faults: Vec<FaultEntry>,
    /// How long numbers take to get from those of the stage before to these.
    #[serde(default)]
    pub(in super::super) ramp: Time,
    /// How long it lasts at least, after the ramp.
    pub(in super::super) hold: Time,
    /// The marks that its faults must leave, all of them.
    #[schemars(length(min = 1, max = 64))]
    pub(in super::super) expect: Vec<Mark>,
}

/// An action of the method, as strong as this stage wants it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct FaultEntry {
    /// Name of an action of the method that breaks something.
    pub(in super::super) action: String,
    /// Share of connections that its toxic works on, instead of the action's.
    #[schemars(range(min = 0, max = 1))]
    pub(in super::super) toxicity: Option<f64>,
    /// Attributes of its toxic that differ from the action's.
    #[serde(default)]
    pub(in super::super) attributes: Map<String, Value>,
    /// Of an action that disables a proxy: it comes and goes.
    pub(in super::super) flap: Option<Flap>,
}

/// A proxy that comes and goes.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Flap {
    /// From going to going.
    pub(in super::super) period: Time,
    /// Share of the period for which it is gone, below 1.
    pub(in super::super) duty: Share,
}

/// Something that is asked: a probe of the file by its name, or a query of its own.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Asked {
    /// Name of a probe; with a query a new name.
    #[schemars(length(min = 1, max = 64))]
    pub(in super::super) probe: String,
    /// PromQL that gives one value.
    pub(in super::super) query: Option<String>,
    /// What it may give: a number, or `{type: range, range: [least, most]}`.
    pub(in super::super) tolerance: Option<Value>,
}

/// A mark that faults must leave.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Mark {
    /// Name of a probe; with a query a new name.
    #[schemars(length(min = 1, max = 64))]
    pub(in super::super) probe: String,
    /// PromQL that gives one value.
    pub(in super::super) query: Option<String>,
    /// Bounds that the value comes into, instead of the probe's.
    pub(in super::super) tolerance: Option<Value>,
    /// It rises by this much over the value before the first fault.
    pub(in super::super) rises: Option<Move>,
    /// It falls by this much under the value before the first fault.
    pub(in super::super) falls: Option<Move>,
    /// How long after the stage's faults were set it may take.
    pub(in super::super) within: Option<Time>,
}

/// How far an experiment may go. A stage that would go further is refused when the file is read.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct RadiusEntry {
    /// Proxies and processes that may be broken.
    #[schemars(length(min = 1, max = 64))]
    pub(in super::super) targets: Vec<String>,
    /// Faults that may be set at a time.
    #[schemars(range(min = 1, max = 64))]
    pub(in super::super) faults_at_once: usize,
    /// How long anything may be broken, over all stages.
    pub(in super::super) duration: Time,
}

/// What ends the experiment at once: a probe that does not hold, or an objective that is missed.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct AbortEntry {
    /// Name of a probe; with a query a new name.
    pub(in super::super) probe: Option<String>,
    /// PromQL that gives one value.
    pub(in super::super) query: Option<String>,
    /// What it may give: a number, or `{type: range, range: [least, most]}`.
    pub(in super::super) tolerance: Option<Value>,
    /// Name of an objective, instead of a probe.
    pub(in super::super) objective: Option<String>,
    /// Share of good events that the objective must have.
    pub(in super::super) at_least: Option<Share>,
    /// Time over which the objective is asked.
    pub(in super::super) window: Option<Time>,
    /// For so long without a break.
    #[serde(rename = "for")]
    pub(in super::super) lasting: Time,
}

/// What users may notice.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct UserEntry {
    /// Name of an objective.
    pub(in super::super) objective: String,
    /// Share of good events that must be left to them.
    pub(in super::super) at_least: Share,
}

/// More of the steady state.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct SteadyEntry {
    /// Whether it must hold while something is broken.
    #[serde(default)]
    pub(in super::super) during: SteadyDuring,
    /// Objectives that must be met.
    #[serde(default)]
    #[schemars(length(max = 64))]
    pub(in super::super) objectives: Vec<ObjectiveEntry>,
}

/// Whether the steady state must hold while something is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(in super::super) enum SteadyDuring {
    /// It must.
    #[default]
    Hold,
    /// It need not: the fault is meant to be felt.
    Ignore,
}

/// An objective that must be met over a window.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct ObjectiveEntry {
    /// Name of an objective.
    pub(in super::super) objective: String,
    /// Time over which it is asked.
    pub(in super::super) window: Time,
    /// Share of good events.
    pub(in super::super) at_least: Share,
}

/// When everything must be well again, and what that is beside the steady state.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct RecoveryEntry {
    /// After the rollback.
    pub(in super::super) within: Time,
    /// What must hold beside the steady state.
    #[serde(default)]
    #[schemars(length(max = 64))]
    pub(in super::super) probes: Vec<Asked>,
}

/// An alert that must fire.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct AlertEntry {
    /// Its `alertname`.
    #[schemars(regex(pattern = "^[A-Za-z_][A-Za-z0-9_]{0,127}$"))]
    pub(in super::super) name: String,
    /// How long after the first fault.
    pub(in super::super) within: Time,
}

/// Whose metrics the queries use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(in super::super) enum Metrics {
    /// Those of the bundled service; anything else is a mistake.
    #[default]
    Ours,
    /// Another service's too.
    Any,
}

/// A proxy that is made for the experiment.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct ProxyEntry {
    /// Letters, digits and `-_.`.
    #[schemars(regex(pattern = "^[A-Za-z0-9._-]+$"))]
    pub(in super::super) name: String,
    /// `HOST:PORT` that the service is told.
    pub(in super::super) listen: String,
    /// `HOST:PORT` that it leads to.
    pub(in super::super) upstream: String,
}
