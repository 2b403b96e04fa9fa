//! An experiment file as Chaos Toolkit's words spell it, before it is checked for sense.
//!
//! What is said of a field here is what an editor shows: the JSON Schema is made of these types.

mod extension;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

pub(super) use extension::{
    AbortEntry, Extension, FaultEntry, Flap, Mark, Metrics, StageEntry, SteadyDuring,
};

/// Activities of one list of a file; as many stage names fit into the metric of active faults.
pub(super) const ACTIVITIES_MAX: usize = 64;

/// An experiment: what must hold, what is broken, and how that is undone.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Document {
    /// Version of Chaos Toolkit's format.
    #[serde(rename = "version")]
    _version: Option<String>,
    /// What it is called.
    #[schemars(length(min = 1, max = 200))]
    pub(super) title: String,
    /// What is broken, and what must come of it.
    #[serde(rename = "description")]
    _description: String,
    /// Words to find it by.
    #[serde(default, rename = "tags")]
    _tags: Vec<String>,
    /// How much it says about reliability, security and so on.
    #[serde(default, rename = "contributions")]
    _contributions: BTreeMap<String, Contribution>,
    /// Values that activities use as `${name}`.
    #[serde(default)]
    pub(super) configuration: BTreeMap<String, Configured>,
    /// Secrets are not taken: a file is no place for them.
    #[schemars(extend("maxProperties" = 0))]
    pub(super) secrets: Option<BTreeMap<String, Value>>,
    /// Controls of Chaos Toolkit are not taken: nothing here would run them.
    #[serde(default)]
    #[schemars(length(max = 0))]
    pub(super) controls: Vec<Value>,
    /// What must hold before, during and after.
    pub(super) steady_state_hypothesis: Hypothesis,
    /// What is done, and which marks it must leave.
    #[schemars(length(min = 1, max = 64))]
    pub(super) method: Vec<Activity>,
    /// What undoes all of the method.
    #[schemars(length(max = 64))]
    pub(super) rollbacks: Vec<Activity>,
    /// What Chaos Toolkit has no words for: one extension, named proofmark.
    #[schemars(length(min = 1, max = 1))]
    pub(super) extensions: Vec<Extension>,
}

/// How much an experiment says about something.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Contribution {
    /// Much.
    High,
    /// Something.
    Medium,
    /// Little.
    Low,
    /// Nothing.
    None,
}

/// A value that activities use as `${name}`: an address, which the command line gives (and to Chaos
/// Toolkit the environment), or a text or a number.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(
    untagged,
    expecting = "expected {type: env, key: NAME, default: VALUE}, a text or a number"
)]
pub(super) enum Configured {
    /// An address.
    Environment(
        #[expect(dead_code, reason = "what is in it counts for Chaos Toolkit")] FromEnvironment,
    ),
    /// A text that takes the place of `${name}`.
    Text(String),
    /// A number that takes the place of `${name}`.
    Number(f64),
}

/// An address that comes from outside.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FromEnvironment {
    /// From the environment.
    #[serde(rename = "type")]
    _env: Env,
    /// The variable that Chaos Toolkit reads.
    #[serde(rename = "key")]
    _key: String,
    /// What Chaos Toolkit takes without it.
    #[serde(rename = "default")]
    _default: Option<String>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Env {
    Env,
}

/// What must hold before, during and after.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Hypothesis {
    /// What it is called.
    pub(super) title: String,
    /// All of these must hold.
    #[schemars(length(max = 64))]
    pub(super) probes: Vec<Activity>,
}

/// One thing that is done or asked.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Activity {
    /// Whether it changes something.
    #[serde(rename = "type")]
    pub(super) kind: ActivityKind,
    /// What it is called; no two are called the same.
    #[schemars(length(min = 1, max = 64))]
    pub(super) name: String,
    /// What a probe may give: a number, or `{type: range, range: [least, most]}`.
    pub(super) tolerance: Option<Value>,
    /// How it is carried out.
    pub(super) provider: Provider,
    /// How long to wait after an action.
    #[serde(default)]
    pub(super) pauses: Pauses,
}

/// Whether an activity changes something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum ActivityKind {
    /// It does.
    Action,
    /// It only asks.
    Probe,
}

/// How an activity is carried out: by an HTTP call.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Provider {
    /// By HTTP.
    #[serde(rename = "type")]
    _http: Http,
    /// Of a probe `${prometheus}/api/v1/query` or `${service}/PATH`; of an action
    /// `${toxiproxy}/proxies/NAME[/toxics[/TOXIC]]`, `${toxiproxy}/reset` or
    /// `${processes}/processes/NAME/pause`, `kill`, `restart`, `undo`.
    #[schemars(regex(pattern = r"^\$\{(prometheus|service|toxiproxy|processes)\}(/|$)"))]
    pub(super) url: String,
    /// GET unless it says otherwise.
    #[serde(default)]
    pub(super) method: Method,
    /// Headers; Chaos Toolkit sends JSON only with `Content-Type: application/json`.
    #[serde(default, rename = "headers")]
    _headers: BTreeMap<String, String>,
    /// `query` of a probe, the body of an action.
    #[serde(default)]
    pub(super) arguments: Value,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Http {
    Http,
}

/// How something is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum Method {
    /// Reads.
    #[default]
    Get,
    /// Creates or changes.
    Post,
    /// Changes; Toxiproxy 2.6 and later.
    Patch,
    /// Removes.
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
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Pauses {
    /// Not taken: nothing waits before.
    #[serde(default)]
    #[schemars(range(min = 0, max = 0))]
    pub(super) before: f64,
    /// How long a stage is held, when there are no `stages`.
    #[serde(default)]
    #[schemars(range(min = 0, max = 3600))]
    pub(super) after: f64,
}
