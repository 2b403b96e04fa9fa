//! From an HTTP call in a file to what it means: a change of a proxy, or a reading.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::document::{Activity, ActivityKind, Method};
use crate::client::{Change, Toxic};

/// What a probe may give.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Tolerance {
    pub(crate) least: f64,
    pub(crate) most: f64,
}

impl Tolerance {
    pub(crate) fn accepts(self, value: f64) -> bool {
        (self.least..=self.most).contains(&value)
    }
}

impl std::fmt::Display for Tolerance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { least, most } = self;
        if least == most {
            write!(f, "{least}")
        } else {
            write!(f, "{least} to {most}")
        }
    }
}

/// Where a probe looks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// The single value of a query.
    PromQl(String),
    /// The status that the service answers on this path.
    Status(String),
}

/// A value that can be read, and what it should be.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Probe {
    pub(crate) name: String,
    pub(crate) source: Source,
    pub(crate) tolerance: Tolerance,
}

/// What an action of a file does.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Action {
    Change(Change),
    /// Every proxy is enabled and every toxic removed.
    Reset,
}

/// Why an activity makes no sense, and what was expected.
pub(super) type Wrong = String;

/// The probe that an activity describes.
pub(super) fn probe(activity: &Activity) -> Result<Probe, Wrong> {
    if activity.kind != ActivityKind::Probe {
        return Err("is an action, expected a probe".to_owned());
    }
    if activity.provider.method != Method::Get {
        return Err("does not GET, expected a probe that changes nothing".to_owned());
    }
    let url = activity.provider.url.as_str();
    let source = if url == "${prometheus}/api/v1/query" {
        let query = activity
            .provider
            .arguments
            .get("query")
            .and_then(Value::as_str);
        Source::PromQl(
            query
                .ok_or("has no arguments.query, expected PromQL")?
                .to_owned(),
        )
    } else if let Some(path) = url.strip_prefix("${service}") {
        Source::Status(path.to_owned())
    } else {
        return Err(format!(
            "has url {url:?}, expected ${{prometheus}}/api/v1/query or ${{service}}/…"
        ));
    };
    let tolerance = activity
        .tolerance
        .as_ref()
        .map_or_else(|| Err(expected_tolerance()), tolerance)?;
    Ok(Probe {
        name: activity.name.clone(),
        source,
        tolerance,
    })
}

fn expected_tolerance() -> Wrong {
    "has no tolerance that can be held, expected {type: range, range: [least, most]} or a number"
        .to_owned()
}

fn tolerance(value: &Value) -> Result<Tolerance, Wrong> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Range {
        #[serde(rename = "type")]
        kind: String,
        range: [f64; 2],
    }
    if let Some(exactly) = value.as_f64() {
        return Ok(Tolerance {
            least: exactly,
            most: exactly,
        });
    }
    match Range::deserialize(value) {
        Ok(Range {
            kind,
            range: [least, most],
        }) if kind == "range" && least <= most => Ok(Tolerance { least, most }),
        _ => Err(expected_tolerance()),
    }
}

/// What an action does to the Toxiproxy.
pub(super) fn action(activity: &Activity) -> Result<Action, Wrong> {
    if activity.kind != ActivityKind::Action {
        return Err("is a probe, expected an action".to_owned());
    }
    if activity.tolerance.is_some() {
        return Err("has a tolerance, which only a probe can have".to_owned());
    }
    let url = activity.provider.url.as_str();
    let expected = || {
        format!(
            "does {} {url}, expected POST ${{toxiproxy}}/proxies/NAME {{enabled}}, \
             POST …/NAME/toxics, DELETE …/NAME/toxics/TOXIC or POST ${{toxiproxy}}/reset",
            activity.provider.method.as_str()
        )
    };
    let path = url.strip_prefix("${toxiproxy}/").ok_or_else(expected)?;
    let parts: Vec<&str> = path.split('/').collect();
    if parts
        .iter()
        .any(|part| part.is_empty() || !part.chars().all(is_plain))
    {
        return Err(expected());
    }
    let arguments = &activity.provider.arguments;
    match (activity.provider.method, parts.as_slice()) {
        (Method::Post, ["reset"]) => Ok(Action::Reset),
        (Method::Post | Method::Patch, ["proxies", proxy]) => enable(proxy, arguments),
        (Method::Post, ["proxies", proxy, "toxics"]) => add(proxy, arguments),
        (Method::Delete, ["proxies", proxy, "toxics", name]) => {
            Ok(Action::Change(Change::Remove {
                proxy: (*proxy).to_owned(),
                name: (*name).to_owned(),
            }))
        }
        _ => Err(expected()),
    }
}

/// Names go into paths, so only what needs no encoding is taken.
pub(super) fn is_plain(character: char) -> bool {
    character.is_ascii_alphanumeric() || "-_.".contains(character)
}

fn enable(proxy: &str, arguments: &Value) -> Result<Action, Wrong> {
    let only = arguments.as_object().filter(|object| object.len() == 1);
    let enabled = only
        .and_then(|object| object.get("enabled"))
        .and_then(Value::as_bool);
    let enabled =
        enabled.ok_or("has other arguments, expected {enabled: true} or {enabled: false}")?;
    Ok(Action::Change(Change::Enable {
        proxy: proxy.to_owned(),
        enabled,
    }))
}

fn add(proxy: &str, arguments: &Value) -> Result<Action, Wrong> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Wanted {
        name: Option<String>,
        #[serde(rename = "type")]
        kind: String,
        #[serde(default = "downstream")]
        stream: String,
        #[serde(default = "always")]
        toxicity: f64,
        #[serde(default)]
        attributes: BTreeMap<String, i64>,
    }
    let wanted = Wanted::deserialize(arguments)
        .map_err(|error| format!("has arguments that are no toxic: {error}"))?;
    if !["upstream", "downstream"].contains(&wanted.stream.as_str()) {
        return Err(format!(
            "has stream {:?}, expected upstream or downstream",
            wanted.stream
        ));
    }
    if !(0.0..=1.0).contains(&wanted.toxicity) {
        return Err(format!("has toxicity {}, expected 0 to 1", wanted.toxicity));
    }
    let name = wanted
        .name
        .unwrap_or_else(|| format!("{}_{}", wanted.kind, wanted.stream));
    if name.is_empty() || !name.chars().all(is_plain) {
        return Err(format!(
            "has a toxic named {name:?}, expected letters, digits and -_."
        ));
    }
    let toxic = Toxic {
        name,
        kind: wanted.kind,
        stream: wanted.stream,
        toxicity: wanted.toxicity,
        attributes: wanted.attributes,
    };
    Ok(Action::Change(Change::Add {
        proxy: proxy.to_owned(),
        toxic,
    }))
}

fn downstream() -> String {
    "downstream".to_owned()
}

fn always() -> f64 {
    1.0
}
