//! A small map from colours to indices that is the same on every machine.

use super::COLORS_MAX;
use crate::Color;

/// Places, four times as many as colours, so that few share one.
const SLOTS: usize = 1_024;
const _: () = assert!(COLORS_MAX * 2 < SLOTS);

/// At most [`COLORS_MAX`] colours with their indices; the next free place is taken when one is used.
pub(super) struct Slots {
    entries: Box<[Option<(Color, u8)>; SLOTS]>,
}

impl Slots {
    pub(super) fn new() -> Self {
        Self {
            entries: Box::new([None; SLOTS]),
        }
    }

    pub(super) fn clear(&mut self) {
        self.entries.fill(None);
    }

    pub(super) fn get(&self, color: Color) -> Option<u8> {
        let mut at = home(color);
        while let Some((known, index)) = self.entries[at] {
            if known == color {
                return Some(index);
            }
            at = (at + 1) % SLOTS;
        }
        None
    }

    /// Adds a colour that is not there yet.
    pub(super) fn insert(&mut self, color: Color, index: u8) {
        let mut at = home(color);
        while self.entries[at].is_some() {
            at = (at + 1) % SLOTS;
        }
        self.entries[at] = Some((color, index));
    }
}

/// Where the search for a colour begins. Source of the factor: Knuth, volume 3, 6.4.
fn home(color: Color) -> usize {
    let number = u32::from_be_bytes([0, color.r, color.g, color.b]);
    (number.wrapping_mul(0x9e37_79b1) >> 22) as usize % SLOTS
}
