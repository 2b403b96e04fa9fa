//! Values that a file writes as text for people: times, shares, and how far something moves.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error, Visitor};

use super::model::Difference;

/// Longest time that a file may ask for.
pub(super) const TIME_MAX: Duration = Duration::from_secs(3600);

/// Largest difference that a file may ask for.
const DIFFERENCE_MAX: f64 = 1e12;

/// A time such as `500ms`, `5s` or `2m`, 1 ms to 1 h; `0s` where nothing is to be waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Time(pub(super) Duration);

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(TimeVisitor)
    }
}

struct TimeVisitor;

impl Visitor<'_> for TimeVisitor {
    type Value = Time;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a time such as 500ms, 5s or 2m, at most 1h")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Time, E> {
        let time = humantime_serde::re::humantime::parse_duration(text).ok();
        let range = Duration::from_millis(1)..=TIME_MAX;
        time.filter(|time| time.is_zero() || range.contains(time))
            .map(Time)
            .ok_or_else(|| {
                E::custom(format!(
                    "is {text:?}, expected a time such as 500ms, 5s or 2m, at most 1h"
                ))
            })
    }
}

impl JsonSchema for Time {
    fn schema_name() -> Cow<'static, str> {
        "time".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A time such as 500ms, 5s, 1m 30s; at most 1h.",
            "type": "string",
            "pattern": "^ *([0-9]+ *(ms|msec|s|sec|secs|second|seconds|m|min|mins|minute|minutes|h|hr|hour) *)+$",
        })
    }
}

/// A number, or a share written in percent: `10%`.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Written {
    Number(f64),
    Percent(f64),
}

/// Reads a number or percent that is as it should be, and fails where it stands.
struct WrittenVisitor {
    expected: &'static str,
    is_fine: fn(Written) -> bool,
}

impl WrittenVisitor {
    fn checked<E: Error>(self, written: Written, shown: impl fmt::Display) -> Result<Written, E> {
        if (self.is_fine)(written) {
            return Ok(written);
        }
        Err(E::custom(format!("is {shown}, expected {}", self.expected)))
    }
}

impl Visitor<'_> for WrittenVisitor {
    type Value = Written;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expected)
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Written, E> {
        self.checked(Written::Number(value), value)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Written, E> {
        // Nothing that is larger is in any range.
        let number = u32::try_from(value).map_or(f64::INFINITY, f64::from);
        self.checked(Written::Number(number), value)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Written, E> {
        self.checked(Written::Number(-1.0), value)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Written, E> {
        let percent = text.strip_suffix('%').map(str::trim_end);
        let number = percent.and_then(|number| number.parse::<f64>().ok());
        let written = Written::Percent(number.unwrap_or(f64::NAN));
        self.checked(written, format_args!("{text:?}"))
    }
}

/// A share above 0 and at most 1, or in percent: `0.999`, `99.9%`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Share(pub(super) f64);

impl<'de> Deserialize<'de> for Share {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let visitor = WrittenVisitor {
            expected: "a share above 0 and at most 1, such as 0.999 or 99.9%",
            is_fine: |written| {
                let share = written.share();
                share > 0.0 && share <= 1.0
            },
        };
        let written = deserializer.deserialize_any(visitor)?;
        Ok(Self(written.share()))
    }
}

impl Written {
    fn share(self) -> f64 {
        match self {
            Self::Number(share) => share,
            Self::Percent(percent) => percent / 100.0,
        }
    }
}

impl JsonSchema for Share {
    fn schema_name() -> Cow<'static, str> {
        "share".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A share such as 0.999 or 99.9%.",
            "anyOf": [
                { "type": "number", "exclusiveMinimum": 0, "maximum": 1 },
                { "type": "string", "pattern": "^[0-9]+(\\.[0-9]+)? *%$" },
            ],
        })
    }
}

/// How far a value moves: a number in its unit, or percent of what it was.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Move(pub(super) Difference);

impl<'de> Deserialize<'de> for Move {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let visitor = WrittenVisitor {
            expected: "a number above 0, or percent such as 10%",
            is_fine: |written| {
                let (Written::Number(value) | Written::Percent(value)) = written;
                value > 0.0 && value <= DIFFERENCE_MAX
            },
        };
        Ok(Self(match deserializer.deserialize_any(visitor)? {
            Written::Number(value) => Difference::Absolute(value),
            percent @ Written::Percent(_) => Difference::Relative(percent.share()),
        }))
    }
}

impl JsonSchema for Move {
    fn schema_name() -> Cow<'static, str> {
        "difference".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "How far a value moves: in its unit (0.5), or against what it was (10%).",
            "anyOf": [
                { "type": "number", "exclusiveMinimum": 0 },
                { "type": "string", "pattern": "^[0-9]+(\\.[0-9]+)? *%$" },
            ],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_and_differences_are_numbers_or_percent() {
        let share = |text| {
            serde_yaml_ng::from_str::<Share>(text)
                .map(|share| share.0)
                .ok()
        };
        assert_eq!(share("0.5"), Some(0.5));
        assert_eq!(share("99.5%"), Some(0.995));
        assert_eq!(share("1"), Some(1.0));
        for text in ["0", "1.5", "101%", "-1", "x", ".nan", ".inf", "nan%", "[]"] {
            assert_eq!(share(text), None, "{text}");
        }
        let moved = |text| {
            serde_yaml_ng::from_str::<Move>(text)
                .map(|moved| moved.0)
                .ok()
        };
        assert_eq!(moved("10%"), Some(Difference::Relative(0.1)));
        assert_eq!(moved("10"), Some(Difference::Absolute(10.0)));
        assert_eq!(moved("0"), None);
    }

    #[test]
    fn a_time_is_one_that_can_be_waited_for() {
        let time = |text| {
            serde_yaml_ng::from_str::<Time>(text)
                .map(|time| time.0)
                .ok()
        };
        assert_eq!(time("500ms"), Some(Duration::from_millis(500)));
        assert_eq!(time("0s"), Some(Duration::ZERO));
        for text in ["5", "1ns", "2h", "5d", "-5s", "soon"] {
            assert_eq!(time(text), None, "{text}");
        }
    }
}
