//! Characters that no font has.

use std::fmt;

use unicode_segmentation::UnicodeSegmentation;

use super::cluster::{is_ignorable, one_line};
use crate::fonts::FontStack;
use crate::glyph::Weight;

/// Different characters that are told apart; what comes after them is only counted.
const CHARACTERS_MAX: usize = 16;

/// The characters of a text or picture that no font has.
///
/// As text: "U+1F680 (🚀), U+0E44 (ไ)".
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MissingGlyphs {
    /// Each of them once, in the order in which they come; at most 16.
    pub characters: Vec<char>,
    /// All of them, also the same ones again.
    pub count: u32,
}

impl MissingGlyphs {
    /// Whether every character has a glyph.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    pub(crate) fn add(&mut self, character: char) {
        self.count = self.count.saturating_add(1);
        if self.characters.len() < CHARACTERS_MAX && !self.characters.contains(&character) {
            self.characters.push(character);
        }
    }

    /// Looks for what a text misses, as [`super::cluster::Clusters`] would find it.
    pub(crate) fn add_text(&mut self, text: &str, weight: Weight, stack: &FontStack<'_>) {
        for grapheme in one_line(text).graphemes(true) {
            let mut shown = grapheme
                .chars()
                .filter(|&character| !is_ignorable(character));
            if let Some(character) = shown.find(|&it| stack.find(it, weight).is_none()) {
                self.add(character);
            }
        }
    }
}

impl fmt::Display for MissingGlyphs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, &character) in self.characters.iter().enumerate() {
            let comma = if at > 0 { ", " } else { "" };
            write!(f, "{comma}U+{:04X} ({character})", u32::from(character))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Fonts;

    #[test]
    fn each_missing_character_is_named_once_and_all_are_counted() {
        let fonts = Fonts::bundled().unwrap();
        let stack = FontStack::new(&fonts);
        let mut missing = MissingGlyphs::default();
        missing.add_text("A🚀b🚀 證\u{200d} 👩\u{200d}🚀", Weight::Bold, &stack);
        assert_eq!(
            missing.to_string(),
            "U+1F680 (🚀), U+8B49 (證), U+1F469 (👩)"
        );
        assert_eq!(missing.count, 4);
        let many: String = ('\u{4e00}'..'\u{4f00}').collect();
        missing.add_text(&many, Weight::Regular, &stack);
        assert_eq!((missing.characters.len(), missing.count), (16, 260));
    }
}
