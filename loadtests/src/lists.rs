//! The lists and bodies of a plan, each with its maximum.

use std::fmt;

use reqwest::header::HeaderName;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, Visitor};

use crate::plan::Body;
use crate::values::{HeaderKey, HeaderText, Rule, Status};
use crate::varying::{Escape, Text};

/// Most thresholds of one plan.
const THRESHOLDS_MAX: usize = 64;
/// Most headers of one request.
const HEADERS_MAX: usize = 32;
/// Most bytes of one filled body.
pub(crate) const BODY_SIZE_MAX_BYTES: usize = 1024 * 1024;

pub(crate) fn expect<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u16>, D::Error> {
    let statuses: Vec<Status> = Deserialize::deserialize(from)?;
    match statuses.len() {
        1..=16 => Ok(statuses.into_iter().map(|Status(status)| status).collect()),
        count => Err(D::Error::custom(format!(
            "expect: expected 1 to 16 statuses, found {count}"
        ))),
    }
}

pub(crate) fn thresholds<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    let rules: Vec<Rule> = Deserialize::deserialize(from)?;
    match rules.len() {
        0..=THRESHOLDS_MAX => Ok(rules.into_iter().map(|Rule(rule)| rule).collect()),
        count => {
            let message = format!("thresholds: expected at most {THRESHOLDS_MAX}, found {count}");
            Err(D::Error::custom(message))
        }
    }
}

pub(crate) fn body<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Body>, D::Error> {
    let value = serde_json::Value::deserialize(from)?;
    let is_json = !value.is_string();
    let text = match &value {
        serde_json::Value::String(text) => Text::parse(text, Escape::None),
        json => Text::of_json(json),
    };
    let text = text.map_err(|error| D::Error::custom(format!("body: {error}")))?;
    if text.size_max_bytes() > BODY_SIZE_MAX_BYTES {
        let message = format!("body: expected at most {BODY_SIZE_MAX_BYTES} bytes");
        return Err(D::Error::custom(message));
    }
    Ok(Some(Body { text, is_json }))
}

pub(crate) fn headers<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<Vec<(HeaderName, Text)>, D::Error> {
    from.deserialize_map(Headers)
}

struct Headers;

impl<'de> Visitor<'de> for Headers {
    type Value = Vec<(HeaderName, Text)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("headers as name: value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut headers: Self::Value = Vec::new();
        while let Some((HeaderKey(name), HeaderText(value))) = map.next_entry()? {
            if headers.iter().any(|(before, _)| *before == name) {
                return Err(A::Error::custom(format!("header {name} is set twice")));
            }
            headers.push((name, value));
            if headers.len() > HEADERS_MAX {
                return Err(A::Error::custom(format!(
                    "expected at most {HEADERS_MAX} headers"
                )));
            }
        }
        Ok(headers)
    }
}
