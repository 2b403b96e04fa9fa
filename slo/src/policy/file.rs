//! The shape of a policy, as its file has it. The comments of fields are also what an editor shows.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;

use super::criterion::Criterion;
use super::golden::GoldenSignals;
use super::scalar::{self, LABEL, METRIC};

/// The most objectives of one policy.
pub const RULES_MAX: usize = 5_000;

/// The most entries of `pass` or `warning`, and the most criteria of an entry.
pub const CRITERIA_MAX: usize = 10;

/// When a release may ship: `slo/gate.yaml`. It can only make the gate stricter: a missed objective
/// stays a fail whatever it says.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Gate policy of proofmark")]
pub struct Policy {
    /// Always proofmark/v1.
    #[serde(rename = "apiVersion", deserialize_with = "scalar::api_version")]
    #[schemars(with = "String", extend("const" = "proofmark/v1"))]
    _api_version: (),
    /// Always GatePolicy.
    #[serde(rename = "kind", deserialize_with = "scalar::kind")]
    #[schemars(with = "String", extend("const" = "GatePolicy"))]
    _kind: (),
    /// Fewer events than this prove nothing: 1 or more. `--min-events` on the command line wins over
    /// it; without either it is 1000.
    #[serde(default, deserialize_with = "scalar::events_min")]
    #[schemars(
        with = "u64",
        range(min = 1, max = 1_000_000_000_000_u64),
        extend("default" = 1_000)
    )]
    pub min_events: Option<u64>,
    /// How sure a pass or a fail must be, as a share above 0.5 and at most 0.9999.
    #[serde(default = "confidence", deserialize_with = "scalar::confidence")]
    #[schemars(range(min = 0.5, max = 0.9999), extend("default" = 0.95))]
    pub confidence: f64,
    /// What relative criteria such as <=+10% are measured from.
    #[serde(default)]
    pub comparison: Comparison,
    /// Criteria and weights of single objectives. An objective that is not listed has weight 1 and
    /// only its own promise.
    #[serde(default, deserialize_with = "scalar::list::<_, _, RULES_MAX>")]
    #[schemars(length(min = 1, max = RULES_MAX))]
    pub objectives: Vec<Rule>,
    /// Shares of all points that the release must reach.
    #[serde(default)]
    pub total_score: TotalScore,
    /// When a spent error budget stops releases. Without it no budget does.
    #[serde(default, deserialize_with = "scalar::present")]
    #[schemars(with = "ErrorBudget")]
    pub error_budget: Option<ErrorBudget>,
    /// Latency, errors, traffic and saturation of the service. Without it they are not judged.
    #[serde(default, deserialize_with = "scalar::present")]
    #[schemars(with = "GoldenSignals")]
    pub golden_signals: Option<GoldenSignals>,
    /// How releases are told apart.
    #[serde(default)]
    pub releases: ReleaseMetric,
}

const fn confidence() -> f64 {
    0.95
}

/// What relative criteria are measured from: earlier releases, latest first.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Comparison {
    /// The last release, or several.
    #[serde(default)]
    #[schemars(extend("default" = "several_results"))]
    pub compare_with: CompareWith,
    /// How many earlier releases, 1 to 10; 3 when left out. Only with several_results.
    #[serde(default, deserialize_with = "scalar::releases_given")]
    #[schemars(with = "u64", range(min = 1, max = 10), extend("default" = 3))]
    pub number_of_comparison_results: Option<u64>,
    /// Which of them count.
    #[serde(default)]
    #[schemars(extend("default" = "pass"))]
    pub include_result_with_score: Include,
    /// How their figures become one.
    #[serde(default)]
    #[schemars(extend("default" = "avg"))]
    pub aggregate_function: Aggregate,
}

impl Default for Comparison {
    fn default() -> Self {
        Self {
            compare_with: CompareWith::SeveralResults,
            number_of_comparison_results: None,
            include_result_with_score: Include::Pass,
            aggregate_function: Aggregate::Average,
        }
    }
}

/// One earlier release or several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CompareWith {
    /// The last one.
    SingleResult,
    /// As many as number_of_comparison_results says.
    #[default]
    SeveralResults,
}

/// Which earlier releases count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Include {
    /// Those that passed.
    #[default]
    Pass,
    /// Those that passed, with warnings or without.
    PassOrWarn,
    /// All whose figure is known.
    All,
}

/// How several figures become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
pub enum Aggregate {
    /// Their mean.
    #[default]
    #[serde(rename = "avg")]
    Average,
    /// Their median.
    #[serde(rename = "p50")]
    P50,
    /// The figure that nine of ten do not exceed.
    #[serde(rename = "p90")]
    P90,
    /// The figure that 19 of 20 do not exceed.
    #[serde(rename = "p95")]
    P95,
}

/// What one objective must do beside keeping its promise.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Which objective: its name, or service/name where two services have one of that name.
    #[serde(deserialize_with = "scalar::objective")]
    #[schemars(length(min = 1, max = 200))]
    pub objective: String,
    /// It passes when the criteria of one entry hold, all of that entry together. They are about
    /// the error ratio over the window of the gate: bad events by all events, 0 to 1. Without it
    /// the promise alone decides.
    #[serde(default, deserialize_with = "scalar::list::<_, _, CRITERIA_MAX>")]
    #[schemars(length(min = 1, max = CRITERIA_MAX))]
    pub pass: Vec<Entry>,
    /// It passes with a warning when it does not pass and the criteria of one entry here hold.
    #[serde(default, deserialize_with = "scalar::list::<_, _, CRITERIA_MAX>")]
    #[schemars(length(min = 1, max = CRITERIA_MAX))]
    pub warning: Vec<Entry>,
    /// Points for a pass, 1 to 1000; a warning gives half of them.
    #[serde(default = "weight", deserialize_with = "scalar::weight")]
    #[schemars(range(min = 1, max = 1000), extend("default" = 1))]
    pub weight: u64,
    /// Whether its fail alone fails the release, whatever the score.
    #[serde(default)]
    #[schemars(extend("default" = false))]
    pub key_sli: bool,
}

const fn weight() -> u64 {
    1
}

/// Criteria that must hold together.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Each of them must hold. Quote them: YAML reads a bare > in its own way.
    #[serde(deserialize_with = "scalar::list::<_, _, CRITERIA_MAX>")]
    #[schemars(length(min = 1, max = CRITERIA_MAX))]
    pub criteria: Vec<Criterion>,
}

/// Shares of all points that the release must reach.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TotalScore {
    /// At least this passes, such as "90%".
    #[serde(default = "score_pass", deserialize_with = "scalar::share")]
    #[schemars(with = "String", regex(pattern = PERCENT), extend("default" = "90%"))]
    pub pass: f64,
    /// At least this passes with a warning, such as "75%"; at most what pass says. Anything less
    /// fails.
    #[serde(default = "score_warning", deserialize_with = "scalar::share")]
    #[schemars(with = "String", regex(pattern = PERCENT), extend("default" = "75%"))]
    pub warning: f64,
}

const PERCENT: &str = "^[0-9]{1,3}([.][0-9]{1,15})? *%$";

const fn score_pass() -> f64 {
    0.9
}

const fn score_warning() -> f64 {
    0.75
}

impl Default for TotalScore {
    fn default() -> Self {
        Self {
            pass: score_pass(),
            warning: score_warning(),
        }
    }
}

/// When a spent error budget stops releases.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ErrorBudget {
    /// With less than this share of the budget of its own window left, such as "10%", an objective
    /// freezes releases.
    #[serde(deserialize_with = "scalar::share")]
    #[schemars(with = "String", regex(pattern = PERCENT))]
    pub freeze_below: f64,
    /// Lets releases through a freeze, with a warning; every report shows it.
    #[serde(default, rename = "override", deserialize_with = "scalar::present")]
    #[schemars(with = "Override")]
    pub overriding: Option<Override>,
}

/// Who lets releases through a freeze, why, and for how long.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Override {
    /// The person who answers for it.
    #[serde(deserialize_with = "scalar::words")]
    #[schemars(length(min = 1, max = 500))]
    pub by: String,
    /// Why releases may not wait.
    #[serde(deserialize_with = "scalar::words")]
    #[schemars(length(min = 1, max = 500))]
    pub reason: String,
    /// From when on it has no effect, as RFC 3339; at most 90 days after the time that is judged.
    #[serde(deserialize_with = "scalar::time")]
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub until: Timestamp,
}

/// The metric whose label names the release that runs.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReleaseMetric {
    /// Name of a metric that is there while the release runs.
    #[serde(default = "release_metric", deserialize_with = "scalar::metric")]
    #[schemars(regex(pattern = METRIC), extend("default" = "build_info"))]
    pub metric: String,
    /// Its label that names the release.
    #[serde(default = "release_label", deserialize_with = "scalar::label")]
    #[schemars(regex(pattern = LABEL), extend("default" = "version"))]
    pub label: String,
    /// How many earlier releases stand beside this one, 1 to 10.
    #[serde(default = "release_number", deserialize_with = "scalar::releases")]
    #[schemars(range(min = 1, max = 10), extend("default" = 3))]
    pub number: u64,
}

fn release_metric() -> String {
    "build_info".to_owned()
}

fn release_label() -> String {
    "version".to_owned()
}

const fn release_number() -> u64 {
    3
}

impl Default for ReleaseMetric {
    fn default() -> Self {
        Self {
            metric: release_metric(),
            label: release_label(),
            number: release_number(),
        }
    }
}
