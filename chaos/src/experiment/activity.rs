//! From an HTTP call in a file to what it means: something broken or mended, or a reading.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::document::{Activity, ActivityKind, Method, Provider};
use super::model::FaultKind;
use super::toxics;
use crate::client::Toxic;

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
        match (least.is_finite(), most.is_finite()) {
            _ if least == most => write!(f, "{least}"),
            (true, false) => write!(f, "at least {least}"),
            (false, true) => write!(f, "at most {most}"),
            _ => write!(f, "{least} to {most}"),
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
pub(super) enum Action {
    /// Breaks something.
    Set(FaultKind),
    /// Takes a toxic away.
    Remove { proxy: String, toxic: String },
    /// Lets a proxy listen again.
    Enable { proxy: String },
    /// Lets a process be as it was.
    Undo { process: String },
    /// Every proxy is enabled and every toxic removed.
    Reset,
}

/// Why an activity makes no sense: the field below it, which may be empty, and what was expected.
pub(super) type Wrong = (Vec<&'static str>, String);

/// Something wrong with the field at `way`.
fn wrong(way: &[&'static str], sentence: impl Into<String>) -> Wrong {
    (way.to_vec(), sentence.into())
}

/// The probe that an activity describes.
pub(super) fn probe(activity: &Activity) -> Result<Probe, Wrong> {
    let provider = &activity.provider;
    if activity.kind != ActivityKind::Probe {
        return Err(wrong(&["type"], "is action, expected a probe"));
    }
    if provider.method != Method::Get {
        let method = provider.method.as_str();
        let sentence = format!("is {method}, expected GET: a probe changes nothing");
        return Err(wrong(&["provider", "method"], sentence));
    }
    let url = provider.url.as_str();
    let source = if url == "${prometheus}/api/v1/query" {
        let only = provider
            .arguments
            .as_object()
            .filter(|object| object.len() == 1);
        let query = only
            .and_then(|object| object.get("query"))
            .and_then(Value::as_str);
        let sentence = "is no query, expected {query: PROMQL} and nothing else";
        let query = query.ok_or_else(|| wrong(&["provider", "arguments"], sentence))?;
        Source::PromQl(query.to_owned())
    } else if let Some(path) = url.strip_prefix("${service}") {
        if !(path.is_empty() || path.starts_with('/')) || path.contains(char::is_whitespace) {
            let sentence = format!("is {url:?}, expected ${{service}} and a path");
            return Err(wrong(&["provider", "url"], sentence));
        }
        if !provider.arguments.is_null() {
            let sentence = "are not sent by a probe of the service, expected none";
            return Err(wrong(&["provider", "arguments"], sentence));
        }
        Source::Status(path.to_owned())
    } else {
        let sentence =
            format!("is {url:?}, expected ${{prometheus}}/api/v1/query or ${{service}}/…");
        return Err(wrong(&["provider", "url"], sentence));
    };
    let given = activity.tolerance.as_ref();
    let tolerance =
        given.ok_or_else(|| wrong(&[], format!("has no tolerance, {EXPECTED_TOLERANCE}")))?;
    Ok(Probe {
        name: activity.name.clone(),
        source,
        tolerance: self::tolerance(tolerance)
            .map_err(|sentence| wrong(&["tolerance"], sentence))?,
    })
}

const EXPECTED_TOLERANCE: &str = "expected a number or {type: range, range: [least, most]}";

/// The bounds that a file writes.
pub(super) fn tolerance(value: &Value) -> Result<Tolerance, String> {
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
        _ => Err(format!("is {value}, {EXPECTED_TOLERANCE}")),
    }
}

/// What an action does.
pub(super) fn action(activity: &Activity) -> Result<Action, Vec<Wrong>> {
    if activity.kind != ActivityKind::Action {
        return Err(vec![wrong(&["type"], "is probe, expected an action")]);
    }
    if activity.tolerance.is_some() {
        return Err(vec![wrong(
            &["tolerance"],
            "stands at an action, expected it at probes only",
        )]);
    }
    let Provider {
        url,
        method,
        arguments,
        ..
    } = &activity.provider;
    let expected = || {
        let sentence = format!(
            "is {url:?} with {}, expected POST ${{toxiproxy}}/proxies/NAME {{enabled}}, \
             POST …/NAME/toxics, DELETE …/NAME/toxics/TOXIC, POST ${{toxiproxy}}/reset or \
             POST ${{processes}}/processes/NAME/pause, kill, restart, undo",
            method.as_str()
        );
        vec![wrong(&["provider", "url"], sentence)]
    };
    let (is_process, path) = match (
        url.strip_prefix("${toxiproxy}/"),
        url.strip_prefix("${processes}/"),
    ) {
        (Some(path), _) => (false, path),
        (_, Some(path)) => (true, path),
        _ => return Err(expected()),
    };
    let parts: Vec<&str> = path.split('/').collect();
    if !parts.iter().all(|part| is_name(part)) {
        return Err(expected());
    }
    match (method, parts.as_slice(), is_process) {
        (Method::Post, ["reset"], false) => Ok(Action::Reset),
        (Method::Post | Method::Patch, ["proxies", proxy], false) => {
            enable(proxy, arguments).map_err(|wrong| vec![wrong])
        }
        (Method::Post, ["proxies", proxy, "toxics"], false) => add(proxy, arguments),
        (Method::Delete, ["proxies", proxy, "toxics", toxic], false) => Ok(Action::Remove {
            proxy: (*proxy).to_owned(),
            toxic: (*toxic).to_owned(),
        }),
        (Method::Post, ["processes", process, act], true) => {
            let action = on_process(process, act).ok_or_else(expected)?;
            check_keeper(arguments).map_err(|wrong| vec![wrong])?;
            Ok(action)
        }
        _ => Err(expected()),
    }
}

/// Names go into paths, so only what needs no encoding is taken.
pub(super) fn is_name(name: &str) -> bool {
    let is_plain = |character: char| character.is_ascii_alphanumeric() || "-_.".contains(character);
    (1..=NAME_CHARS_MAX).contains(&name.len())
        && name != "."
        && name != ".."
        && name.chars().all(is_plain)
}

/// Characters of the name of a proxy, a process or a toxic.
const NAME_CHARS_MAX: usize = 64;

fn on_process(process: &str, act: &str) -> Option<Action> {
    let process = process.to_owned();
    match act {
        "pause" => Some(Action::Set(FaultKind::Paused { process })),
        "kill" => Some(Action::Set(FaultKind::Killed { process })),
        "restart" => Some(Action::Set(FaultKind::Restarted { process })),
        "undo" => Some(Action::Undo { process }),
        _ => None,
    }
}

/// What Chaos Toolkit must send to the keeper; our runner sends its own name and lease.
fn check_keeper(arguments: &Value) -> Result<(), Wrong> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Body {
        holder: String,
        lease_seconds: u64,
    }
    if arguments.is_null() {
        return Ok(());
    }
    let body = Body::deserialize(arguments).ok();
    let fits = body.is_some_and(|body| {
        !body.holder.is_empty() && (1..=LEASE_SECONDS_MAX).contains(&body.lease_seconds)
    });
    let sentence =
        "are nothing that the keeper takes, expected {holder: NAME, lease_seconds: 1 to 3600}";
    if fits {
        Ok(())
    } else {
        Err(wrong(&["provider", "arguments"], sentence))
    }
}

/// Longest lease that a file may ask the keeper for.
const LEASE_SECONDS_MAX: u64 = 3600;

fn enable(proxy: &str, arguments: &Value) -> Result<Action, Wrong> {
    let only = arguments.as_object().filter(|object| object.len() == 1);
    let enabled = only
        .and_then(|object| object.get("enabled"))
        .and_then(Value::as_bool);
    let sentence = "are no change of a proxy, expected {enabled: true} or {enabled: false}";
    let proxy = proxy.to_owned();
    match enabled {
        Some(true) => Ok(Action::Enable { proxy }),
        Some(false) => Ok(Action::Set(FaultKind::Down { proxy })),
        None => Err(wrong(&["provider", "arguments"], sentence)),
    }
}

/// What Toxiproxy is sent to add a toxic.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WantedToxic {
    name: Option<String>,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default = "downstream")]
    stream: String,
    #[serde(default = "always")]
    toxicity: f64,
    #[serde(default)]
    attributes: Map<String, Value>,
}

fn add(proxy: &str, arguments: &Value) -> Result<Action, Vec<Wrong>> {
    let at = |field: &'static str| vec!["provider", "arguments", field];
    let wanted = WantedToxic::deserialize(arguments).map_err(|error| {
        vec![wrong(
            &["provider", "arguments"],
            format!("are no toxic: {error}"),
        )]
    })?;
    let mut wrongs = Vec::new();
    let WantedToxic {
        kind,
        stream,
        toxicity,
        ..
    } = &wanted;
    if !toxics::is_known(kind) {
        let kinds = toxics::kinds();
        wrongs.push((at("type"), format!("is {kind:?}, expected one of {kinds}")));
    }
    if !["upstream", "downstream"].contains(&stream.as_str()) {
        wrongs.push((
            at("stream"),
            format!("is {stream:?}, expected upstream or downstream"),
        ));
    }
    if !is_toxicity(*toxicity) {
        wrongs.push((
            at("toxicity"),
            format!("is {toxicity}, expected above 0 and at most 1"),
        ));
    }
    let own_name = wanted.name.clone();
    let name = own_name.unwrap_or_else(|| format!("{kind}_{stream}"));
    if !is_name(&name) {
        wrongs.push((
            at("name"),
            format!("is {name:?}, expected 1 to 64 letters, digits and -_."),
        ));
    }
    let attributes = toxics::attributes(kind, &wanted.attributes).unwrap_or_else(|faults| {
        let faults = faults
            .into_iter()
            .map(|(name, sentence)| (at("attributes"), named(&name, &sentence)));
        wrongs.extend(faults);
        BTreeMap::new()
    });
    if !wrongs.is_empty() {
        return Err(wrongs);
    }
    Ok(Action::Set(FaultKind::Toxic {
        proxy: proxy.to_owned(),
        toxic: Toxic {
            name,
            kind: wanted.kind,
            stream: wanted.stream,
            toxicity: wanted.toxicity,
            attributes,
        },
    }))
}

/// What is wrong with an attribute, after the word `attributes`.
pub(super) fn named(attribute: &str, sentence: &str) -> String {
    match attribute {
        "" => sentence.to_owned(),
        name => format!("{name} {sentence}"),
    }
}

/// A toxic on no connection at all would be no fault.
pub(super) fn is_toxicity(toxicity: f64) -> bool {
    toxicity > 0.0 && toxicity <= 1.0
}

fn downstream() -> String {
    "downstream".to_owned()
}

fn always() -> f64 {
    1.0
}
