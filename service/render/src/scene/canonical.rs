//! Writes a scene as bytes that mean only that scene.

use crate::Color;

/// The bits that stand for every number that is not finite, where none of them is drawn.
const GAP_BITS: u64 = u64::MAX;

/// Canonical bytes in the making: fixed-width numbers, length-prefixed texts, one-byte tags.
#[derive(Debug)]
pub(super) struct Canonical {
    bytes: Vec<u8>,
}

impl Canonical {
    pub(super) fn new() -> Self {
        Self {
            bytes: Vec::with_capacity(256),
        }
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    pub(super) fn tag(&mut self, tag: u8) -> &mut Self {
        self.bytes.push(tag);
        self
    }

    pub(super) fn number(&mut self, number: u32) -> &mut Self {
        self.bytes.extend_from_slice(&number.to_be_bytes());
        self
    }

    pub(super) fn count(&mut self, count: usize) -> &mut Self {
        self.bytes.extend_from_slice(&(count as u64).to_be_bytes());
        self
    }

    pub(super) fn text(&mut self, text: &str) -> &mut Self {
        self.count(text.len());
        self.bytes.extend_from_slice(text.as_bytes());
        self
    }

    pub(super) fn color(&mut self, color: Color) -> &mut Self {
        self.bytes.extend_from_slice(&color.bytes());
        self
    }

    pub(super) fn digest(&mut self, digest: &[u8; 32]) -> &mut Self {
        self.bytes.extend_from_slice(digest);
        self
    }

    /// One number of the data, with one form for both zeros and one for all that are not finite.
    pub(super) fn value(&mut self, value: f64) -> &mut Self {
        let bits = match value {
            0.0 => 0,
            finite if finite.is_finite() => finite.to_bits(),
            _ => GAP_BITS,
        };
        self.bytes.extend_from_slice(&bits.to_be_bytes());
        self
    }

    /// One value of a series: as [`Self::value`], but infinite ones are drawn, each at its edge.
    pub(super) fn extended(&mut self, value: f64) -> &mut Self {
        if value.is_infinite() {
            self.bytes.extend_from_slice(&value.to_bits().to_be_bytes());
            return self;
        }
        self.value(value)
    }
}
