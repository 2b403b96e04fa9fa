//! The shape of a policy, as its file has it. The comments of fields are also what an editor shows.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;

use super::criterion::Criterion;
use super::scalar;

/// The most objectives of one policy.
pub const RULES_MAX: usize = 5_000;

/// The most entries of `pass` or `warning`, and the most criteria of an entry.
pub const CRITERIA_MAX: usize = 10;

/// The most kinds of dependencies.
pub const DEPENDENCIES_MAX: usize = 10;

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

/// Where the four golden signals of the service are, and how far each may move. The defaults are
/// the metrics of an HTTP service that follows the semantic conventions of OpenTelemetry.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GoldenSignals {
    /// Latency, errors and traffic.
    #[serde(default)]
    pub requests: Requests,
    /// What the service calls: for pictures of its dependencies.
    #[serde(
        default = "dependencies",
        deserialize_with = "scalar::list::<_, _, DEPENDENCIES_MAX>"
    )]
    #[schemars(length(min = 1, max = DEPENDENCIES_MAX))]
    pub dependencies: Vec<Dependency>,
    /// How full the service is.
    #[serde(default)]
    pub saturation: Saturation,
    /// How far each signal may move. A signal without a limit is not judged.
    #[serde(default)]
    pub limits: Limits,
}

impl Default for GoldenSignals {
    fn default() -> Self {
        Self {
            requests: Requests::default(),
            dependencies: dependencies(),
            saturation: Saturation::default(),
            limits: Limits::default(),
        }
    }
}

/// The histogram of requests.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Requests {
    /// Its name without _bucket, _count or _sum; its unit is seconds.
    #[serde(default = "requests_histogram", deserialize_with = "scalar::histogram")]
    #[schemars(regex(pattern = METRIC), extend("default" = "http_server_request_duration_seconds"))]
    pub histogram: String,
    /// The label that tells routes apart.
    #[serde(default = "requests_route", deserialize_with = "scalar::label")]
    #[schemars(regex(pattern = LABEL), extend("default" = "http_route"))]
    pub route: String,
    /// The requests that count as errors: matchers as between the braces of a selector.
    #[serde(default = "requests_errors", deserialize_with = "scalar::matchers")]
    #[schemars(length(min = 1, max = 500), extend("default" = "http_response_status_code=~\"5..\""))]
    pub errors: String,
}

const METRIC: &str = "^[a-zA-Z_:][a-zA-Z0-9_:]*$";
const LABEL: &str = "^[a-zA-Z_][a-zA-Z0-9_]*$";

fn requests_histogram() -> String {
    "http_server_request_duration_seconds".to_owned()
}

fn requests_route() -> String {
    "http_route".to_owned()
}

fn requests_errors() -> String {
    r#"http_response_status_code=~"5..""#.to_owned()
}

impl Default for Requests {
    fn default() -> Self {
        Self {
            histogram: requests_histogram(),
            route: requests_route(),
            errors: requests_errors(),
        }
    }
}

/// One kind of dependency, by the histogram of calls.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Dependency {
    /// Its name without _bucket, _count or _sum; its unit is seconds.
    #[serde(deserialize_with = "scalar::histogram")]
    #[schemars(regex(pattern = METRIC))]
    pub histogram: String,
    /// The label that tells dependencies apart.
    #[serde(deserialize_with = "scalar::label")]
    #[schemars(regex(pattern = LABEL))]
    pub label: String,
}

fn dependencies() -> Vec<Dependency> {
    let known = [
        ("http_client_request_duration_seconds", "dependency"),
        ("db_client_operation_duration_seconds", "db_system_name"),
    ];
    let dependency = |(histogram, label): (&str, &str)| Dependency {
        histogram: histogram.to_owned(),
        label: label.to_owned(),
    };
    known.map(dependency).into()
}

/// How full the service is.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Saturation {
    /// PromQL that gives one number, 0 idle to 1 full. {{.window}} in it becomes the window of the
    /// gate.
    #[serde(default = "saturation_query", deserialize_with = "scalar::query")]
    #[schemars(length(min = 1, max = 8192), extend("default" = SATURATION))]
    pub query: String,
}

const SATURATION: &str = "max(avg_over_time(cpu_saturation_ratio[{{.window}}]))";

fn saturation_query() -> String {
    SATURATION.to_owned()
}

impl Default for Saturation {
    fn default() -> Self {
        Self {
            query: saturation_query(),
        }
    }
}

/// How far each signal may move against an hour and a week ago.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// P99 of requests, in seconds.
    #[serde(default, deserialize_with = "scalar::present")]
    #[schemars(with = "SignalLimit")]
    pub latency_p99: Option<SignalLimit>,
    /// Errors by requests, 0 to 1.
    #[serde(default, deserialize_with = "scalar::present")]
    #[schemars(with = "SignalLimit")]
    pub errors: Option<SignalLimit>,
    /// Requests per second.
    #[serde(default, deserialize_with = "scalar::present")]
    #[schemars(with = "SignalLimit")]
    pub traffic: Option<SignalLimit>,
    /// What the query of saturation gives, 0 to 1.
    #[serde(default, deserialize_with = "scalar::present")]
    #[schemars(with = "SignalLimit")]
    pub saturation: Option<SignalLimit>,
}

/// How far one signal may move. Both comparisons must hold.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SignalLimit {
    /// Against the same length of time one hour earlier: a criterion with a sign, such as "<=+50%".
    #[serde(default, deserialize_with = "scalar::present")]
    #[schemars(with = "Criterion")]
    pub hour: Option<Criterion>,
    /// Against the same length of time one week earlier: a criterion with a sign.
    #[serde(default, deserialize_with = "scalar::present")]
    #[schemars(with = "Criterion")]
    pub week: Option<Criterion>,
    /// A change smaller than this never counts, in the unit of the signal.
    #[serde(default, deserialize_with = "scalar::amount")]
    #[schemars(range(min = 0, max = 1e12), extend("default" = 0))]
    pub at_least: f64,
    /// What the release gets when the signal moves further.
    #[serde(default)]
    #[schemars(extend("default" = "fail"))]
    pub breach: Breach,
}

/// What a broken limit means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Breach {
    /// The release fails.
    #[default]
    Fail,
    /// The release passes with a warning.
    Warning,
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
