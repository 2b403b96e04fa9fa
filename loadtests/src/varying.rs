//! Varying parts: text that differs from request to request, and is the same again for a seed.
//!
//! `{n:1..5000}` is a whole number of that range (both ends count), `{pick:a|b|c}` one of the
//! alternatives, `{unique}` a word that no other request of any run has. `{{` and `}}` stand for
//! the braces themselves.

use std::fmt::Write as _;

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use serde_json::Value;

/// Most alternatives of one `{pick:…}`.
const ALTERNATIVES_MAX: usize = 1_000;
/// Names alternatives that are written for a path already.
const RAW: &str = "raw";

/// Most bytes of one filled `{unique}`: two hexadecimal numbers and a dash.
const UNIQUE_SIZE_BYTES: usize = 8 + 1 + 16;

/// Why a text with varying parts cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VaryingError {
    /// `{…}` holds something else than a part.
    #[error(
        "unknown part {{{part}}}; expected {{n:1..5000}}, {{pick:a|b|c}}, {{raw:a|b|c}} or {{unique}}"
    )]
    Unknown {
        /// What stands between the braces.
        part: String,
    },
    /// The range of `{n:…}` is not two whole numbers in order.
    #[error("{{n:{range}}} is not a range; expected {{n:FIRST..LAST}} with FIRST <= LAST")]
    Range {
        /// What stands after the colon.
        range: String,
    },
    /// `{pick:…}` has more alternatives than allowed.
    #[error("a part has {count} alternatives, more than {max}", max = ALTERNATIVES_MAX)]
    Alternatives {
        /// How many there are.
        count: usize,
    },
    /// A `{` that is never closed.
    #[error("a {{ is not closed; write {{{{ for the character itself")]
    Open,
    /// A `}` that was never opened.
    #[error("a }} is not opened; write }}}} for the character itself")]
    Close,
}

/// How a drawn value is written so that it cannot change the text around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Escape {
    /// As it is.
    None,
    /// Percent-encoded, for paths and queries.
    Percent,
    /// Inside a JSON string.
    Json,
}

/// Where drawn values come from: everything follows from the seed and the number of the request.
#[derive(Debug, Clone)]
pub struct Draw {
    generator: SmallRng,
    seed: u32,
    number: u64,
}

impl Draw {
    /// Values of request `number` in a run with this seed.
    #[must_use]
    pub fn new(seed: u32, number: u64) -> Self {
        // An odd factor spreads neighbouring numbers over all seeds of the generator.
        let mixed = (u64::from(seed) << 32) ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        Self {
            generator: SmallRng::seed_from_u64(mixed),
            seed,
            number,
        }
    }

    /// A whole number below `end`, which is at least 1.
    pub fn below(&mut self, end: u64) -> u64 {
        self.generator.random_range(0..end.max(1))
    }
}

/// A text with varying parts, ready to be filled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Literal(String),
    Varying(Part, Escape),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Number { first: i64, last: i64 },
    Pick(Vec<String>),
    Unique,
}

impl Text {
    /// Reads a text; drawn values will be written with `escape`.
    ///
    /// # Errors
    /// The first part that cannot be read.
    pub fn parse(text: &str, escape: Escape) -> Result<Self, VaryingError> {
        let mut filled = Self { pieces: Vec::new() };
        filled.push_text(text, escape)?;
        Ok(filled)
    }

    /// Reads JSON whose strings may hold varying parts. A string that is nothing but one `{n:…}`
    /// becomes a number.
    ///
    /// # Errors
    /// The first part that cannot be read.
    pub fn of_json(value: &Value) -> Result<Self, VaryingError> {
        let mut text = Self { pieces: Vec::new() };
        text.push_json(value)?;
        Ok(text)
    }

    /// The text with values from `draw`.
    #[must_use]
    pub fn fill(&self, draw: &mut Draw) -> String {
        let mut filled = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Literal(text) => filled.push_str(text),
                Piece::Varying(part, escape) => {
                    write_escaped(&mut filled, &part.draw(draw), *escape)
                }
            }
        }
        filled
    }

    /// Most bytes that the filled text can have.
    #[must_use]
    pub fn size_max_bytes(&self) -> usize {
        let size = |piece: &Piece| match piece {
            Piece::Literal(text) => text.len(),
            Piece::Varying(part, escape) => part.size_max_bytes(*escape),
        };
        self.pieces.iter().map(size).fold(0, usize::saturating_add)
    }

    /// The parts of the text that are sent as the author wrote them.
    pub(crate) fn written(&self) -> impl Iterator<Item = &str> {
        let alone = std::slice::from_ref;
        let parts = self.pieces.iter().map(move |piece| match piece {
            Piece::Literal(text) => alone(text),
            Piece::Varying(Part::Pick(alternatives), Escape::None) => alternatives.as_slice(),
            Piece::Varying(..) => &[],
        });
        parts.flatten().map(String::as_str)
    }

    fn push_literal(&mut self, text: &str) {
        match self.pieces.last_mut() {
            _ if text.is_empty() => {}
            Some(Piece::Literal(before)) => before.push_str(text),
            _ => self.pieces.push(Piece::Literal(text.to_owned())),
        }
    }

    fn push_text(&mut self, text: &str, escape: Escape) -> Result<(), VaryingError> {
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            self.push_own(&rest[..at], escape);
            let brace = &rest[at..=at];
            let after = &rest[at + 1..];
            if let Some(after) = after.strip_prefix(brace) {
                self.push_own(brace, escape);
                rest = after;
            } else if brace == "{" {
                let (part, after) = after.split_once('}').ok_or(VaryingError::Open)?;
                let is_written = part.starts_with(RAW) && escape == Escape::Percent;
                let escape_part = if is_written { Escape::None } else { escape };
                self.pieces
                    .push(Piece::Varying(Part::parse(part)?, escape_part));
                rest = after;
            } else {
                return Err(VaryingError::Close);
            }
        }
        self.push_own(rest, escape);
        Ok(())
    }

    /// Text of the author: already written for a path, still to be quoted in a JSON string.
    fn push_own(&mut self, text: &str, escape: Escape) {
        let mut own = String::new();
        let escape = if escape == Escape::Json {
            Escape::Json
        } else {
            Escape::None
        };
        write_escaped(&mut own, text, escape);
        self.push_literal(&own);
    }

    fn push_json(&mut self, value: &Value) -> Result<(), VaryingError> {
        match value {
            Value::String(text) => self.push_json_string(text),
            Value::Array(items) => {
                self.push_literal("[");
                for (index, item) in items.iter().enumerate() {
                    self.push_literal(if index == 0 { "" } else { "," });
                    self.push_json(item)?;
                }
                self.push_literal("]");
                Ok(())
            }
            Value::Object(fields) => {
                self.push_literal("{");
                for (index, (name, field)) in fields.iter().enumerate() {
                    self.push_literal(if index == 0 { "\"" } else { ",\"" });
                    self.push_text(name, Escape::Json)?;
                    self.push_literal("\":");
                    self.push_json(field)?;
                }
                self.push_literal("}");
                Ok(())
            }
            plain => {
                self.push_literal(&plain.to_string());
                Ok(())
            }
        }
    }

    fn push_json_string(&mut self, text: &str) -> Result<(), VaryingError> {
        let only = Self::parse(text, Escape::None)?;
        if let [Piece::Varying(Part::Number { .. }, _)] = only.pieces.as_slice() {
            self.pieces.extend(only.pieces);
            return Ok(());
        }
        self.push_literal("\"");
        self.push_text(text, Escape::Json)?;
        self.push_literal("\"");
        Ok(())
    }
}

impl Part {
    fn parse(part: &str) -> Result<Self, VaryingError> {
        let unknown = || VaryingError::Unknown {
            part: part.to_owned(),
        };
        match part.split_once(':') {
            None if part == "unique" => Ok(Self::Unique),
            Some(("n", range)) => Self::parse_range(range),
            Some(("pick" | RAW, alternatives)) => {
                let alternatives: Vec<String> =
                    alternatives.split('|').map(str::to_owned).collect();
                let count = alternatives.len();
                if part.contains('{') {
                    return Err(unknown());
                }
                match count {
                    0..=ALTERNATIVES_MAX => Ok(Self::Pick(alternatives)),
                    _ => Err(VaryingError::Alternatives { count }),
                }
            }
            _ => Err(unknown()),
        }
    }

    fn parse_range(range: &str) -> Result<Self, VaryingError> {
        let ends = range.split_once("..").and_then(|(first, last)| {
            let ends: (i64, i64) = (first.parse().ok()?, last.parse().ok()?);
            (ends.0 <= ends.1).then_some(ends)
        });
        let (first, last) = ends.ok_or_else(|| VaryingError::Range {
            range: range.to_owned(),
        })?;
        Ok(Self::Number { first, last })
    }

    fn draw(&self, draw: &mut Draw) -> String {
        match self {
            Self::Number { first, last } => draw.generator.random_range(*first..=*last).to_string(),
            Self::Pick(alternatives) => {
                alternatives[draw.generator.random_range(0..alternatives.len())].clone()
            }
            Self::Unique => format!("{:x}-{:x}", draw.seed, draw.number),
        }
    }

    fn size_max_bytes(&self, escape: Escape) -> usize {
        let grown = |text: &str| {
            let mut escaped = String::new();
            write_escaped(&mut escaped, text, escape);
            escaped.len()
        };
        match self {
            Self::Number { first, last } => first.to_string().len().max(last.to_string().len()),
            Self::Pick(alternatives) => alternatives
                .iter()
                .map(|text| grown(text))
                .max()
                .unwrap_or(0),
            Self::Unique => UNIQUE_SIZE_BYTES,
        }
    }
}

fn write_escaped(out: &mut String, text: &str, escape: Escape) {
    match escape {
        Escape::None => out.push_str(text),
        Escape::Percent => {
            for byte in text.bytes() {
                if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                    out.push(char::from(byte));
                } else {
                    // Writing to a string cannot fail.
                    let _ = write!(out, "%{byte:02X}");
                }
            }
        }
        Escape::Json => {
            let quoted = Value::String(text.to_owned()).to_string();
            out.push_str(&quoted[1..quoted.len() - 1]);
        }
    }
}

#[cfg(test)]
#[path = "varying_tests.rs"]
mod tests;
