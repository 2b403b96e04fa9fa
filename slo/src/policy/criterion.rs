//! One criterion, such as `<=+10%`: its grammar and what it holds.
//!
//! ```text
//! criterion = relation [ sign ] number [ "%" ]
//! relation  = "<" | "<=" | "=" | ">=" | ">"
//! sign      = "+" | "-"
//! number    = digits [ "." digits ]          at most 15 digits each
//! ```
//!
//! Without sign the number is a bound in the unit of the figure. With a sign it is a change against
//! the baseline: with `%` a share of it, without in the unit of the figure. `<=5%`, without a sign,
//! could mean a bound of 0.05 or 5 % above the baseline; people read it either way, so it is
//! refused with both spelled out. Spaces may stand around the number.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer};

use super::judged::CriterionOutcome;
use super::scalar::{checked, plain_number, quoted};

/// The longest criterion that is read, in bytes.
pub const CRITERION_SIZE_BYTES_MAX: usize = 60;

/// The largest bound or change, in the unit of the figure.
const NUMBER_MAX: f64 = 1e12;

/// The largest change in per cent.
const PERCENT_MAX: f64 = 100_000.0;

/// A bound is met within this share of it: decimal fractions are not exact in binary.
const SAME_SHARE: f64 = 1e-9;

/// A condition on one figure that is never negative, such as an error ratio.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Criterion {
    relation: Relation,
    limit: Limit,
}

/// How the figure must lie to the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// `<`.
    Below,
    /// `<=`.
    AtMost,
    /// `=`.
    Equal,
    /// `>=`.
    AtLeast,
    /// `>`.
    Above,
}

/// What a figure is held against.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Limit {
    /// A bound in the unit of the figure, 0 or more.
    Value(f64),
    /// A change against the baseline, in the unit of the figure.
    Change(f64),
    /// A change against the baseline in per cent of it, above -100.
    ChangePercent(f64),
}

/// Why a text is no criterion.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CriterionError {
    /// It does not begin with a relation.
    #[error("{text} is no criterion; expected <, <=, =, >= or > and a number, such as <=+10%")]
    NoRelation {
        /// The text, in quotes.
        text: String,
    },
    /// What follows the relation is no plain number.
    #[error("{text}: after the relation expected a number such as 0.001, +10% or -40%")]
    NoNumber {
        /// The text, in quotes.
        text: String,
    },
    /// A percentage without sign can be read in two ways.
    #[error(
        "{text} can be read in two ways; write {relation}+{percent}% for {percent} % above the \
         earlier releases, or {relation}{share} for a bound of {share}"
    )]
    TwoReadings {
        /// The text, in quotes.
        text: String,
        /// Its relation.
        relation: Relation,
        /// Its number.
        percent: String,
        /// Its number as a share.
        share: String,
    },
    /// The number is too large, or a fall by all or more.
    #[error("{text}: {expected}")]
    OutOfRange {
        /// The text, in quotes.
        text: String,
        /// What was expected.
        expected: &'static str,
    },
    /// It is longer than [`CRITERION_SIZE_BYTES_MAX`].
    #[error("a criterion has at most {CRITERION_SIZE_BYTES_MAX} bytes, this one {bytes}")]
    TooLong {
        /// How long it is.
        bytes: usize,
    },
}

impl Relation {
    /// As a criterion writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Below => "<",
            Self::AtMost => "<=",
            Self::Equal => "=",
            Self::AtLeast => ">=",
            Self::Above => ">",
        }
    }

    /// The relation in words, before a number.
    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::Below => "below",
            Self::AtMost => "at most",
            Self::Equal => "exactly",
            Self::AtLeast => "at least",
            Self::Above => "above",
        }
    }

    fn holds(self, value: f64, limit: f64) -> bool {
        let is_same = (value - limit).abs() <= limit.abs() * SAME_SHARE;
        match self {
            Self::Below => value < limit && !is_same,
            Self::AtMost => value < limit || is_same,
            Self::Equal => is_same,
            Self::AtLeast => value > limit || is_same,
            Self::Above => value > limit && !is_same,
        }
    }
}

impl fmt::Display for Relation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Criterion {
    /// How the figure must lie to the limit.
    #[must_use]
    pub const fn relation(self) -> Relation {
        self.relation
    }

    /// What the figure is held against.
    #[must_use]
    pub const fn limit(self) -> Limit {
        self.limit
    }

    /// Whether it needs a baseline.
    #[must_use]
    pub const fn is_relative(self) -> bool {
        !matches!(self.limit, Limit::Value(_))
    }

    /// The bound that it means, in the unit of the figure: `None` when it needs a baseline that is
    /// not there, or when the result is no finite number.
    #[must_use]
    pub fn bound(self, baseline: Option<f64>) -> Option<f64> {
        let bound = match self.limit {
            Limit::Value(value) => value,
            Limit::Change(change) => baseline? + change,
            Limit::ChangePercent(percent) => baseline.map(|b| b + b.abs() * percent / 100.0)?,
        };
        bound.is_finite().then_some(bound)
    }

    /// Holds `value` against it.
    ///
    /// A value or a baseline that is no finite number never holds. A baseline of 0 has no
    /// percentages: 0 holds `<=+10%` and `>=-40%`, any increase breaks `<=+10%`, and `<+10%` is
    /// held by nothing.
    #[must_use]
    pub fn judge(self, value: f64, baseline: Option<f64>) -> CriterionOutcome {
        if !value.is_finite() {
            return CriterionOutcome::NotANumber;
        }
        if self.is_relative() {
            match baseline {
                None => return CriterionOutcome::NoBaseline,
                Some(baseline) if !baseline.is_finite() => return CriterionOutcome::NotANumber,
                Some(_) => {}
            }
        }
        match self.bound(baseline) {
            None => CriterionOutcome::NotANumber,
            Some(bound) if self.relation.holds(value, bound) => CriterionOutcome::Held,
            Some(_) => CriterionOutcome::NotHeld,
        }
    }

    /// Whether it says something about a figure between 0 and 1: one that always or never holds is
    /// most often a percentage that was meant.
    pub(super) fn check_share(self) -> Result<(), String> {
        let fits = match self.limit {
            Limit::Value(bound) => match self.relation {
                Relation::AtMost => bound < 1.0,
                Relation::Below | Relation::AtLeast => bound > 0.0 && bound <= 1.0,
                Relation::Equal => bound <= 1.0,
                Relation::Above => bound < 1.0,
            },
            Limit::Change(change) => change.abs() < 1.0,
            Limit::ChangePercent(_) => true,
        };
        if fits {
            return Ok(());
        }
        Err(format!(
            "\"{self}\" always or never holds: an error ratio lies between 0 and 1; \
             write <=0.05 for 5 %"
        ))
    }
}

impl FromStr for Criterion {
    type Err = CriterionError;

    fn from_str(text: &str) -> Result<Self, CriterionError> {
        if text.len() > CRITERION_SIZE_BYTES_MAX {
            return Err(CriterionError::TooLong { bytes: text.len() });
        }
        let (relation, rest) = relation(text.trim_matches(' ')).ok_or_else(|| {
            let text = quoted(text);
            CriterionError::NoRelation { text }
        })?;
        let rest = rest.trim_start_matches(' ');
        let (sign, rest) = match rest.as_bytes().first() {
            Some(b'+') => (Some(1.0), &rest[1..]),
            Some(b'-') => (Some(-1.0), &rest[1..]),
            _ => (None, rest),
        };
        let (digits, is_percent) = match rest.strip_suffix('%') {
            Some(digits) => (digits.trim_end_matches(' '), true),
            None => (rest, false),
        };
        let number = plain_number(digits).ok_or_else(|| {
            let text = quoted(text);
            CriterionError::NoNumber { text }
        })?;
        let limit = match (sign, is_percent) {
            (None, false) => Limit::Value(number),
            (Some(sign), false) => Limit::Change(signed(sign, number)),
            (Some(sign), true) => Limit::ChangePercent(signed(sign, number)),
            (None, true) => {
                return Err(CriterionError::TwoReadings {
                    text: quoted(text),
                    relation,
                    percent: number.to_string(),
                    share: (number / 100.0).to_string(),
                });
            }
        };
        in_range(limit).map_err(|expected| {
            let text = quoted(text);
            CriterionError::OutOfRange { text, expected }
        })?;
        Ok(Self { relation, limit })
    }
}

/// 0 has no sign.
fn signed(sign: f64, number: f64) -> f64 {
    if number == 0.0 { 0.0 } else { sign * number }
}

fn relation(text: &str) -> Option<(Relation, &str)> {
    // The longer ones first.
    let all = [
        Relation::AtMost,
        Relation::AtLeast,
        Relation::Below,
        Relation::Above,
        Relation::Equal,
    ];
    all.into_iter()
        .find_map(|relation| Some((relation, text.strip_prefix(relation.as_str())?)))
}

fn in_range(limit: Limit) -> Result<(), &'static str> {
    match limit {
        Limit::Value(number) | Limit::Change(number) if number.abs() > NUMBER_MAX => {
            Err("expected a number of at most 1000000000000")
        }
        Limit::ChangePercent(percent) if percent > PERCENT_MAX => {
            Err("expected a change of at most +100000%")
        }
        Limit::ChangePercent(percent) if percent <= -100.0 => {
            Err("a figure falls by less than 100 %; expected a smaller change")
        }
        _ => Ok(()),
    }
}

impl fmt::Display for Criterion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.limit {
            Limit::Value(value) => write!(f, "{}{value}", self.relation),
            Limit::Change(change) => write!(f, "{}{change:+}", self.relation),
            Limit::ChangePercent(percent) => write!(f, "{}{percent:+}%", self.relation),
        }
    }
}

impl<'de> Deserialize<'de> for Criterion {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        checked(deserializer, |text| {
            text.parse()
                .map_err(|error: CriterionError| error.to_string())
        })
    }
}

impl JsonSchema for Criterion {
    fn schema_name() -> Cow<'static, str> {
        "Criterion".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "Relation and number: <=0.001 is a bound in the unit of the figure, \
                <=+10% a change against the baseline in per cent, <=+0.001 one in the unit of the \
                figure. A percentage needs its sign.",
            "type": "string",
            "maxLength": CRITERION_SIZE_BYTES_MAX,
            "pattern": "^ *(<|<=|=|>=|>) *([0-9]{1,15}([.][0-9]{1,15})?|[+-][0-9]{1,15}([.][0-9]{1,15})?( *%)?) *$",
            "examples": ["<=0.001", "<=+10%", ">=-40%", "<=+0.001"]
        })
    }
}

#[cfg(test)]
mod tests;
