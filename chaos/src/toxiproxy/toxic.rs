//! A toxic: what it does to one direction of a proxy, and how the API spells it.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::error::ApiError;
use super::limit::{DELAY_MAX_MS, NAME_CHARS_MAX};

/// A direction of a proxy, as seen from the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Stream {
    /// From the client to the upstream.
    Upstream,
    /// From the upstream to the client.
    Downstream,
}

impl Stream {
    fn parse(text: &str) -> Result<Self, ApiError> {
        match text.to_ascii_lowercase().as_str() {
            "" | "downstream" => Ok(Self::Downstream),
            "upstream" => Ok(Self::Upstream),
            _ => Err(ApiError::BadStream),
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Upstream => "upstream",
            Self::Downstream => "downstream",
        }
    }
}

/// What a toxic does to the bytes that pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Nothing.
    Noop,
    /// Passes bytes on later, by `latency` give or take up to `jitter`.
    Latency { latency: Duration, jitter: Duration },
    /// Drops all bytes and closes after this time without any; 0 never closes.
    Timeout { timeout: Duration },
    /// Closes this long after the first bytes, with RST.
    ResetPeer { timeout: Duration },
}

impl Effect {
    /// Reads attributes over those of `self`, so that an update may name only some of them.
    fn updated(self, attributes: &Map<String, Value>) -> Result<Self, ApiError> {
        let read = |name: &str, now: Duration| delay(attributes, name, now);
        Ok(match self {
            Self::Noop => Self::Noop,
            Self::Latency { latency, jitter } => Self::Latency {
                latency: read("latency", latency)?,
                jitter: read("jitter", jitter)?,
            },
            Self::Timeout { timeout } => Self::Timeout {
                timeout: read("timeout", timeout)?,
            },
            Self::ResetPeer { timeout } => Self::ResetPeer {
                timeout: read("timeout", timeout)?,
            },
        })
    }

    fn of_kind(kind: &str) -> Result<Self, ApiError> {
        let zero = Duration::ZERO;
        match kind {
            "noop" => Ok(Self::Noop),
            "latency" => Ok(Self::Latency {
                latency: zero,
                jitter: zero,
            }),
            "timeout" => Ok(Self::Timeout { timeout: zero }),
            "reset_peer" => Ok(Self::ResetPeer { timeout: zero }),
            _ => Err(ApiError::BadType(kind.chars().take(64).collect())),
        }
    }

    fn kind(self) -> &'static str {
        match self {
            Self::Noop => "noop",
            Self::Latency { .. } => "latency",
            Self::Timeout { .. } => "timeout",
            Self::ResetPeer { .. } => "reset_peer",
        }
    }

    fn attributes(self) -> Value {
        let ms = |delay: Duration| u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
        match self {
            Self::Noop => json!({}),
            Self::Latency { latency, jitter } => {
                json!({ "latency": ms(latency), "jitter": ms(jitter) })
            }
            Self::Timeout { timeout } | Self::ResetPeer { timeout } => {
                json!({ "timeout": ms(timeout) })
            }
        }
    }
}

fn delay(
    attributes: &Map<String, Value>,
    name: &str,
    unset: Duration,
) -> Result<Duration, ApiError> {
    let Some(value) = attributes.get(name) else {
        return Ok(unset);
    };
    match value.as_u64() {
        Some(ms) if ms <= DELAY_MAX_MS => Ok(Duration::from_millis(ms)),
        Some(_) => Err(ApiError::OutOfRange {
            what: format!("attribute {name}"),
            expected: "0 to 86400000 ms",
        }),
        None => Err(ApiError::BadBody(format!(
            "attribute {name} is no whole number of ms, 0 or more"
        ))),
    }
}

/// How much of a request is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Validation {
    /// As much as the original does.
    AsOriginal,
    /// Everything that makes no sense is refused.
    Strict,
}

/// A toxic of a proxy.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Toxic {
    /// Its name, which no other toxic of the proxy has, in either direction.
    pub(crate) name: String,
    /// The direction it works in.
    pub(crate) stream: Stream,
    /// The share of connections that it works on.
    pub(crate) toxicity: f64,
    /// What it does.
    pub(crate) effect: Effect,
}

/// What the API is sent to create a toxic.
#[derive(Debug, Deserialize)]
pub(crate) struct NewToxic {
    #[serde(default)]
    name: String,
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    stream: String,
    toxicity: Option<f64>,
    #[serde(default)]
    attributes: Map<String, Value>,
}

/// What the API is sent to change a toxic.
#[derive(Debug, Deserialize)]
pub(crate) struct ToxicUpdate {
    toxicity: Option<f64>,
    #[serde(default)]
    attributes: Map<String, Value>,
}

impl Toxic {
    /// The toxic that a request describes.
    pub(crate) fn new(wanted: NewToxic, _validation: Validation) -> Result<Self, ApiError> {
        let stream = Stream::parse(&wanted.stream)?;
        let effect = Effect::of_kind(&wanted.kind)?.updated(&wanted.attributes)?;
        let name = match wanted.name.as_str() {
            "" => format!("{}_{}", effect.kind(), stream.as_str()),
            name => checked_name(name)?.to_owned(),
        };
        Ok(Self {
            name,
            stream,
            toxicity: checked_toxicity(wanted.toxicity.unwrap_or(1.0))?,
            effect,
        })
    }

    /// The same toxic with what an update says; its type and stream stay.
    pub(crate) fn updated(
        &self,
        update: &ToxicUpdate,
        _validation: Validation,
    ) -> Result<Self, ApiError> {
        Ok(Self {
            toxicity: checked_toxicity(update.toxicity.unwrap_or(self.toxicity))?,
            effect: self.effect.updated(&update.attributes)?,
            ..self.clone()
        })
    }

    /// The toxic as the API shows it.
    pub(crate) fn to_json(&self) -> Value {
        json!({
            "name": self.name,
            "type": self.effect.kind(),
            "stream": self.stream,
            "toxicity": self.toxicity,
            "attributes": self.effect.attributes(),
        })
    }
}

fn checked_toxicity(toxicity: f64) -> Result<f64, ApiError> {
    if (0.0..=1.0).contains(&toxicity) {
        return Ok(toxicity);
    }
    Err(ApiError::OutOfRange {
        what: "toxicity".to_owned(),
        expected: "0 to 1",
    })
}

/// A name that can stand in a path, a log line and a terminal.
pub(crate) fn checked_name(name: &str) -> Result<&str, ApiError> {
    if name.chars().count() <= NAME_CHARS_MAX && !name.chars().any(char::is_control) {
        return Ok(name);
    }
    Err(ApiError::OutOfRange {
        what: "name".to_owned(),
        expected: "1 to 128 printable characters",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn toxic(body: Value) -> Result<Toxic, ApiError> {
        Toxic::new(serde_json::from_value(body).unwrap(), Validation::Strict)
    }

    #[test]
    fn a_toxic_is_named_after_its_type_and_works_downstream_unless_told_otherwise() {
        let latency = toxic(json!({ "type": "latency", "attributes": { "latency": 800 } }));
        assert_eq!(
            latency.unwrap().to_json(),
            json!({
                "name": "latency_downstream", "type": "latency", "stream": "downstream",
                "toxicity": 1.0, "attributes": { "latency": 800, "jitter": 0 },
            })
        );
    }

    #[test]
    fn an_update_changes_only_what_it_names() {
        let before = json!({ "type": "latency", "attributes": { "latency": 800, "jitter": 10 } });
        let update = json!({ "attributes": { "latency": 100 } });
        let after = toxic(before)
            .unwrap()
            .updated(&serde_json::from_value(update).unwrap(), Validation::Strict);
        assert_eq!(
            after.unwrap().to_json()["attributes"],
            json!({ "latency": 100, "jitter": 10 })
        );
    }

    #[test]
    fn what_is_out_of_range_is_named_with_its_limit() {
        let refusals = [
            json!({ "type": "latency", "attributes": { "latency": 86_400_001 } }),
            json!({ "type": "latency", "attributes": { "latency": -1 } }),
            json!({ "type": "latency", "attributes": { "jitter": "10" } }),
            json!({ "type": "latency", "toxicity": 1.5 }),
            json!({ "type": "latency", "stream": "sideways" }),
            json!({ "type": "bandwidth", "attributes": { "rate": 10 } }),
            json!({ "name": "a\nb", "type": "noop" }),
            json!({}),
        ]
        .map(|body| {
            let error = toxic(body).unwrap_err();
            format!("{} {error}", error.status().as_u16())
        });
        insta::assert_snapshot!(refusals.join("\n"));
    }
}
