//! A toxic: what it does to one direction of a proxy, and how the API spells it.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::error::ApiError;
use super::limit::{BYTES_MAX, DELAY_MAX_MS, FOREVER, NAME_CHARS_MAX, RATE_MAX};

/// A direction of a proxy, as seen from the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stream {
    /// From the client to the upstream.
    Upstream,
    /// From the upstream to the client.
    Downstream,
}

impl Stream {
    fn parse(text: &str) -> Result<Self, ApiError> {
        match text.to_ascii_lowercase().as_str() {
            "downstream" => Ok(Self::Downstream),
            "upstream" => Ok(Self::Upstream),
            _ => Err(ApiError::BadStream),
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
    /// Passes at most so many bytes a second; 0 blocks.
    Bandwidth { bytes_per_second: u64 },
    /// Passes the end on later.
    SlowClose { delay: Duration },
    /// Drops all bytes and closes after this time without any; 0 never closes.
    Timeout { timeout: Duration },
    /// Closes this long after the first bytes, with RST.
    ResetPeer { timeout: Duration },
    /// Cuts bytes into pieces of `average` give or take up to `variation`, with a pause after each.
    Slicer {
        average: usize,
        variation: usize,
        delay: Duration,
    },
    /// Passes so many bytes, then closes.
    LimitData { bytes: u64 },
}

/// Attributes of each type, in the order of [`Numbers`], and the most that validation lets through.
const KINDS: [(&str, &[(&str, i64)]); 8] = [
    ("noop", &[]),
    (
        "latency",
        &[("latency", DELAY_MAX_MS), ("jitter", DELAY_MAX_MS)],
    ),
    ("bandwidth", &[("rate", RATE_MAX)]),
    ("slow_close", &[("delay", DELAY_MAX_MS)]),
    ("timeout", &[("timeout", DELAY_MAX_MS)]),
    ("reset_peer", &[("timeout", DELAY_MAX_MS)]),
    (
        "slicer",
        &[
            ("average_size", BYTES_MAX),
            ("size_variation", BYTES_MAX),
            ("delay", DELAY_MAX_MS * 1000),
        ],
    ),
    ("limit_data", &[("bytes", BYTES_MAX)]),
];

/// The numbers of a toxic as they were sent; negative ones are 0 to the effect.
type Numbers = [i64; 3];

/// A type of toxic with its attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kind {
    name: &'static str,
    attributes: &'static [(&'static str, i64)],
}

impl Kind {
    fn parse(text: &str) -> Result<Self, ApiError> {
        let known = KINDS.iter().find(|(name, _)| *name == text);
        let (name, attributes) = known.ok_or(ApiError::BadType)?;
        Ok(Self { name, attributes })
    }

    /// Reads attributes over the numbers that are there, so that an update may name only some.
    fn read(
        self,
        mut numbers: Numbers,
        given: &Map<String, Value>,
        validation: Validation,
    ) -> Result<Numbers, ApiError> {
        for (name, value) in given {
            let is_meant = |(known, _): &(&str, i64)| known.eq_ignore_ascii_case(name);
            let known = self.attributes.iter().position(is_meant);
            let Some(place) = known else {
                if validation == Validation::Strict {
                    return Err(ApiError::UnknownAttribute {
                        kind: self.name,
                        name: name.chars().take(NAME_CHARS_MAX).collect(),
                    });
                }
                continue;
            };
            if value.is_null() && validation == Validation::AsOriginal {
                continue;
            }
            let number = value.as_i64().ok_or_else(|| {
                ApiError::BadBody(format!(
                    "attribute {name} is {value}, expected a whole number"
                ))
            })?;
            let (_, most) = self.attributes[place];
            if validation == Validation::Strict && !(0..=most).contains(&number) {
                return Err(ApiError::OutOfRange {
                    what: format!("attribute {name}"),
                    expected: format!("0 to {most}"),
                });
            }
            numbers[place] = number;
        }
        Ok(numbers)
    }

    fn effect(self, numbers: Numbers) -> Effect {
        let whole = |number: i64| u64::try_from(number).unwrap_or(0);
        let size = |number: i64| usize::try_from(whole(number)).unwrap_or(usize::MAX);
        // What asks for more than a year is content with one.
        let ms = |number: i64| Duration::from_millis(whole(number)).min(FOREVER);
        let [first, second, third] = numbers;
        match self.name {
            "latency" => Effect::Latency {
                latency: ms(first),
                jitter: ms(second),
            },
            "bandwidth" => Effect::Bandwidth {
                bytes_per_second: whole(first).saturating_mul(1000),
            },
            "slow_close" => Effect::SlowClose { delay: ms(first) },
            "timeout" => Effect::Timeout { timeout: ms(first) },
            "reset_peer" => Effect::ResetPeer { timeout: ms(first) },
            "slicer" if first > 0 => Effect::Slicer {
                average: size(first),
                variation: size(second),
                delay: Duration::from_micros(whole(third)).min(FOREVER),
            },
            "limit_data" => Effect::LimitData {
                bytes: whole(first),
            },
            _ => Effect::Noop,
        }
    }
}

/// How much of a request is looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Validation {
    /// As much as the original does.
    #[default]
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
    pub(crate) toxicity: f32,
    /// What it does.
    pub(crate) effect: Effect,
    kind: Kind,
    numbers: Numbers,
    /// The direction as it was asked for.
    stream_asked: String,
}

/// What the API is sent to create a toxic.
#[derive(Debug, Deserialize)]
pub(crate) struct NewToxic {
    #[serde(default)]
    name: String,
    #[serde(default, rename = "type")]
    kind: String,
    stream: Option<String>,
    toxicity: Option<f32>,
    attributes: Option<Map<String, Value>>,
}

/// What the API is sent to change a toxic.
#[derive(Debug, Deserialize)]
pub(crate) struct ToxicUpdate {
    toxicity: Option<f32>,
    attributes: Option<Map<String, Value>>,
}

impl Toxic {
    /// The toxic that a request describes, unless its name is taken.
    pub(crate) fn new(
        wanted: NewToxic,
        validation: Validation,
        is_taken: impl Fn(&str) -> bool,
    ) -> Result<Self, ApiError> {
        let stream_asked = wanted.stream.unwrap_or_else(|| "downstream".to_owned());
        let stream = Stream::parse(&stream_asked)?;
        let kind = Kind::parse(&wanted.kind)?;
        let name = match wanted.name.as_str() {
            "" => format!("{}_{stream_asked}", kind.name),
            name => checked_name(name)?.to_owned(),
        };
        if is_taken(&name) {
            return Err(ApiError::ToxicExists);
        }
        let given = wanted.attributes.unwrap_or_default();
        let numbers = kind.read([0; 3], &given, validation)?;
        Ok(Self {
            name,
            stream,
            toxicity: checked_toxicity(wanted.toxicity.unwrap_or(1.0), validation)?,
            effect: kind.effect(numbers),
            kind,
            numbers,
            stream_asked,
        })
    }

    /// The same toxic with what an update says; its type and stream stay.
    pub(crate) fn updated(
        &self,
        update: &ToxicUpdate,
        validation: Validation,
    ) -> Result<Self, ApiError> {
        let none = Map::new();
        let given = update.attributes.as_ref().unwrap_or(&none);
        let numbers = self.kind.read(self.numbers, given, validation)?;
        Ok(Self {
            toxicity: checked_toxicity(update.toxicity.unwrap_or(self.toxicity), validation)?,
            effect: self.kind.effect(numbers),
            numbers,
            ..self.clone()
        })
    }

    /// The toxic as the API shows it.
    pub(crate) fn to_json(&self) -> Value {
        let attributes = self.kind.attributes.iter().zip(self.numbers);
        let attributes: Map<String, Value> = attributes
            .map(|((name, _), number)| ((*name).to_owned(), number.into()))
            .collect();
        json!({
            "name": self.name,
            "type": self.kind.name,
            "stream": self.stream_asked,
            "toxicity": shortest(self.toxicity),
            "attributes": attributes,
        })
    }
}

/// A number of 32 bits in its fewest digits, as the original writes it: `1`, `0.1`.
fn shortest(number: f32) -> Value {
    let text = number.to_string();
    let whole = text.parse::<i64>().map(Value::from);
    whole.unwrap_or_else(|_| text.parse::<f64>().map_or(Value::Null, Value::from))
}

fn checked_toxicity(toxicity: f32, validation: Validation) -> Result<f32, ApiError> {
    if !toxicity.is_finite() {
        let told = "toxicity is out of the range of a number of 32 bits";
        return Err(ApiError::BadBody(told.to_owned()));
    }
    if validation == Validation::AsOriginal || (0.0..=1.0).contains(&toxicity) {
        return Ok(toxicity);
    }
    Err(ApiError::OutOfRange {
        what: "toxicity".to_owned(),
        expected: "0 to 1".to_owned(),
    })
}

/// A name that can stand in a path, a log line and a terminal.
pub(crate) fn checked_name(name: &str) -> Result<&str, ApiError> {
    if name.chars().count() <= NAME_CHARS_MAX && !name.chars().any(char::is_control) {
        return Ok(name);
    }
    Err(ApiError::OutOfRange {
        what: "name".to_owned(),
        expected: "1 to 128 printable characters".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn toxic(body: Value) -> Result<Toxic, ApiError> {
        Toxic::new(
            serde_json::from_value(body).unwrap(),
            Validation::Strict,
            |_| false,
        )
    }

    #[test]
    fn a_toxic_is_named_after_its_type_and_works_downstream_unless_told_otherwise() {
        let latency = toxic(json!({ "type": "latency", "attributes": { "latency": 800 } }));
        assert_eq!(
            latency.unwrap().to_json(),
            json!({
                "name": "latency_downstream", "type": "latency", "stream": "downstream",
                "toxicity": 1, "attributes": { "latency": 800, "jitter": 0 },
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
    fn the_original_takes_any_number_and_gives_it_back() {
        let lenient = |body: Value| {
            let wanted = serde_json::from_value(body).unwrap();
            Toxic::new(wanted, Validation::AsOriginal, |_| false).unwrap()
        };
        let odd = lenient(json!({
            "type": "latency", "stream": "UPSTREAM", "toxicity": 0.123_456_789,
            "attributes": { "latency": -5, "jitter": null, "colour": "red" },
        }));
        assert_eq!(
            odd.to_json(),
            json!({
                "name": "latency_UPSTREAM", "type": "latency", "stream": "UPSTREAM",
                "toxicity": 0.123_456_79, "attributes": { "latency": -5, "jitter": 0 },
            })
        );
        let zero = Duration::ZERO;
        assert_eq!(
            odd.effect,
            Effect::Latency {
                latency: zero,
                jitter: zero
            }
        );
        let much =
            json!({ "type": "latency", "toxicity": 7, "attributes": { "latency": i64::MAX } });
        assert_eq!(lenient(much).to_json()["toxicity"], json!(7));
        // The original falls over these two.
        let rate = json!({ "type": "bandwidth", "attributes": { "rate": -1 } });
        assert_eq!(
            lenient(rate).effect,
            Effect::Bandwidth {
                bytes_per_second: 0
            }
        );
        assert_eq!(lenient(json!({ "type": "slicer" })).effect, Effect::Noop);
    }

    #[test]
    fn what_is_out_of_range_is_named_with_its_limit() {
        let refusals = [
            json!({ "type": "latency", "attributes": { "latency": 86_400_001 } }),
            json!({ "type": "latency", "attributes": { "latency": -1 } }),
            json!({ "type": "latency", "attributes": { "jitter": "10" } }),
            json!({ "type": "latency", "toxicity": 1.5 }),
            json!({ "type": "latency", "stream": "sideways" }),
            json!({ "type": "bandwidth", "attributes": { "rate": 1_000_000_001 } }),
            json!({ "type": "slicer", "attributes": { "size": 10 } }),
            json!({ "type": "slower" }),
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
