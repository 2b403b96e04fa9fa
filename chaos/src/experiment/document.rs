//! An experiment file as Chaos Toolkit's words spell it, before it is checked for sense.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use crate::client::ProxyWanted;

/// A whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Document {
    #[serde(rename = "version")]
    _version: Option<String>,
    pub(super) title: String,
    #[serde(rename = "description")]
    _description: String,
    #[serde(default, rename = "tags")]
    _tags: Vec<String>,
    #[serde(default, rename = "contributions")]
    _contributions: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) configuration: BTreeMap<String, FromEnvironment>,
    pub(super) steady_state_hypothesis: Hypothesis,
    pub(super) method: Vec<Activity>,
    pub(super) rollbacks: Vec<Activity>,
    #[serde(default)]
    pub(super) extensions: Vec<Extension>,
}

/// A value that activities may use as `${name}`: Chaos Toolkit takes it from the environment, we
/// from the command line.
#[derive(Debug, Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = "{type: env, key: NAME, default: VALUE}"
)]
pub(super) struct FromEnvironment {
    #[serde(rename = "type")]
    _env: Env,
    #[serde(rename = "key")]
    _key: String,
    #[serde(rename = "default")]
    _default: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Env {
    Env,
}

/// What must hold before, during and after.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Hypothesis {
    pub(super) title: String,
    pub(super) probes: Vec<Activity>,
}

/// One thing that is done or asked.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Activity {
    #[serde(rename = "type")]
    pub(super) kind: ActivityKind,
    pub(super) name: String,
    pub(super) tolerance: Option<Value>,
    pub(super) provider: Provider,
    #[serde(default)]
    pub(super) pauses: Pauses,
}

/// Whether an activity changes something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum ActivityKind {
    Action,
    Probe,
}

/// How an activity is carried out: by an HTTP call.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Provider {
    #[serde(rename = "type")]
    _http: Http,
    pub(super) url: String,
    #[serde(default)]
    pub(super) method: Method,
    #[serde(default, rename = "headers")]
    _headers: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) arguments: Value,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Http {
    Http,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum Method {
    #[default]
    Get,
    Post,
    Patch,
    Delete,
}

impl Method {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// Seconds to wait before and after an activity.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pauses {
    #[serde(default)]
    pub(super) before: f64,
    #[serde(default)]
    pub(super) after: f64,
}

/// What we add to Chaos Toolkit's words; it ignores sections that it does not know the name of.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Extension {
    #[serde(rename = "name")]
    _name: Proofmark,
    pub(super) effect: Effect,
    pub(super) recovery: Recovery,
    #[serde(default)]
    pub(super) metrics: Metrics,
    #[serde(default)]
    pub(super) proxies: Vec<ProxyWanted>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Proofmark {
    Proofmark,
}

/// How soon a fault must be felt.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Effect {
    #[serde(with = "humantime_serde")]
    pub(super) within: Duration,
}

/// How soon everything must be well again after the rollback, and what that is beside the steady
/// state.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Recovery {
    #[serde(with = "humantime_serde")]
    pub(super) within: Duration,
    #[serde(default)]
    pub(super) probes: Vec<Activity>,
}

/// Whose metrics the queries use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Metrics {
    /// Those of the catalog; anything else is a mistake.
    #[default]
    Ours,
    /// Another service's too.
    Any,
}
