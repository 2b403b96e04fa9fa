//! The golden signals in a policy: where they are and how far they may move.

use schemars::JsonSchema;
use serde::Deserialize;

use super::criterion::Criterion;
use super::scalar::{self, LABEL, METRIC};

/// The most kinds of dependencies.
pub const DEPENDENCIES_MAX: usize = 10;

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
