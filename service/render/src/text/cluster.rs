//! A text as clusters: what the eye takes for one character, measured, with the places for breaks.

use unicode_linebreak::linebreaks;
use unicode_segmentation::UnicodeSegmentation;

use super::{Placed, TextStyle};
use crate::fonts::FontStack;
use crate::glyph::GlyphRef;

/// Width of the box for a missing character, in ems.
const MISSING_EMS: f32 = 0.6;

/// One grapheme.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Cluster {
    /// Its first and one past its last glyph in [`Clusters::glyphs`].
    pub(super) glyphs: (usize, usize),
    /// In pixels, with the kerning to the next one.
    pub(super) advance: f32,
    pub(super) is_blank: bool,
    /// Whether a line may end after it.
    pub(super) may_break: bool,
}

/// A whole text, measured.
#[derive(Debug)]
pub(super) struct Clusters {
    /// Glyphs of all clusters; each `x` counts from the start of its cluster.
    pub(super) glyphs: Vec<Placed>,
    pub(super) clusters: Vec<Cluster>,
    /// The ellipsis and its width.
    pub(super) ellipsis: (Option<GlyphRef>, f32),
    pub(super) style: TextStyle,
}

impl Clusters {
    pub(super) fn new(text: &str, style: TextStyle, stack: &FontStack<'_>) -> Self {
        let text = one_line(text);
        let mut measured = Self {
            glyphs: Vec::with_capacity(text.len()),
            clusters: Vec::with_capacity(text.len()),
            ellipsis: (None, f32::from(style.size) * MISSING_EMS),
            style,
        };
        let mut breaks = linebreaks(&text).map(|(at, _)| at).peekable();
        let mut last: Option<GlyphRef> = None;
        for (start, grapheme) in text.grapheme_indices(true) {
            measured.push(grapheme, stack, &mut last);
            let end = start + grapheme.len();
            while breaks.next_if(|&at| at < end).is_some() {}
            if let Some(cluster) = measured.clusters.last_mut() {
                cluster.may_break = breaks.peek() == Some(&end);
            }
        }
        if let Some(glyph) = stack.find('…', style.weight) {
            let size = f32::from(style.size);
            let advance = stack.source(glyph.source).advance(glyph.glyph, size);
            measured.ellipsis = (Some(glyph), advance);
        }
        measured
    }

    /// Adds one grapheme. A base without a glyph makes the whole grapheme one box.
    fn push(&mut self, grapheme: &str, stack: &FontStack<'_>, last: &mut Option<GlyphRef>) {
        let size = f32::from(self.style.size);
        let start = self.glyphs.len();
        let mut advance = 0.0;
        for character in grapheme
            .chars()
            .filter(|&character| !is_ignorable(character))
        {
            let glyph = stack.find(character, self.style.weight);
            let Some(found) = glyph else {
                // A mark that is missing on a base that is there is left out silently no more than
                // the base itself would be: it gets a box of its own.
                self.glyphs.push(Placed {
                    x: advance,
                    glyph: None,
                });
                advance += size * MISSING_EMS;
                *last = None;
                break;
            };
            let source = stack.source(found.source);
            if let Some(left) = last.filter(|left| left.source == found.source) {
                let kern = source.kern(left.glyph, found.glyph, size);
                self.kern(start, &mut advance, kern);
            }
            self.glyphs.push(Placed { x: advance, glyph });
            advance += source.advance(found.glyph, size);
            *last = glyph;
        }
        self.clusters.push(Cluster {
            glyphs: (start, self.glyphs.len()),
            advance,
            is_blank: grapheme == " " || grapheme == "\u{3000}",
            may_break: false,
        });
    }

    /// Moves what comes next: within a cluster its pen, between two the advance of the first.
    fn kern(&mut self, start: usize, advance: &mut f32, kern: f32) {
        match self.clusters.last_mut() {
            Some(before) if self.glyphs.len() == start => before.advance += kern,
            _ => *advance += kern,
        }
    }
}

/// The text with every run of white space and control characters as one blank, and none at its ends.
fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    let is_gap = |character: char| {
        character.is_control() || (character.is_whitespace() && !is_kept_space(character))
    };
    for word in text.split(is_gap).filter(|word| !word.is_empty()) {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    line
}

/// White space that means more than a gap between words.
fn is_kept_space(character: char) -> bool {
    matches!(character, '\u{a0}' | '\u{202f}' | '\u{3000}')
}

/// Whether a character is invisible by definition (Unicode's `Default_Ignorable_Code_Point`).
fn is_ignorable(character: char) -> bool {
    matches!(
        u32::from(character),
        0xad | 0x34f
            | 0x61c
            | 0x115f..=0x1160
            | 0x17b4..=0x17b5
            | 0x180b..=0x180f
            | 0x200b..=0x200f
            | 0x202a..=0x202e
            | 0x2060..=0x206f
            | 0x3164
            | 0xfe00..=0xfe0f
            | 0xfeff
            | 0xffa0
            | 0xfff0..=0xfff8
            | 0x1bca0..=0x1bca3
            | 0x1d173..=0x1d17a
            | 0xe0000..=0xe0fff
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Fonts;

    #[test]
    fn gaps_become_one_blank() {
        assert_eq!(one_line("  a\r\n\tb\u{0}\u{85}c \u{2028} "), "a b c");
        assert_eq!(one_line("\n\n"), "");
        assert_eq!(one_line("1\u{a0}000"), "1\u{a0}000");
    }

    #[test]
    fn a_grapheme_without_glyph_is_one_box_and_the_invisible_is_none() {
        let fonts = Fonts::bundled().unwrap();
        let stack = FontStack::new(&fonts);
        let style = TextStyle::regular(20);
        let missing = |text: &str| {
            let set = Clusters::new(text, style, &stack);
            set.glyphs
                .iter()
                .filter(|placed| placed.glyph.is_none())
                .count()
        };
        assert_eq!(missing("plain"), 0);
        assert_eq!(missing("证"), 1);
        assert_eq!(
            missing("\u{1f469}\u{200d}\u{1f680}"),
            1,
            "one astronaut, one box"
        );
        assert_eq!(missing("a\u{200b}\u{feff}\u{202e}b"), 0);
    }
}
