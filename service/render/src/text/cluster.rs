//! A text as clusters: what the eye takes for one character, measured, with the places for breaks.

use unicode_segmentation::UnicodeSegmentation;

use super::breaks::{borders, closes_quote, forbids_end, is_east_asian, opens_quote};
use super::{Mark, Placed, TextStyle};
use crate::fonts::FontStack;
use crate::glyph::GlyphRef;

/// Width of the box for a missing character, in ems.
const MISSING_EMS: f32 = 0.6;

/// What a wide bracket at the start of a line keeps of its blank half, in ems: as much as a letter.
const BEARING_EMS: f32 = 0.08;

/// One grapheme.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Cluster {
    /// Its first and one past its last glyph in [`Clusters::glyphs`].
    pub(super) glyphs: (usize, usize),
    /// In pixels.
    pub(super) advance: f32,
    /// What to add if the next one follows on the same line, in pixels.
    pub(super) kern: f32,
    /// What is left out if a line begins with it, in pixels: the blank half of a wide bracket.
    pub(super) indent: f32,
    pub(super) is_blank: bool,
    /// Whether it is drawn as East Asian text is.
    pub(super) is_wide: bool,
    /// Whether a line may end after it.
    pub(super) may_break: bool,
    /// Whether a line that must be broken somewhere may end after it.
    pub(super) may_split: bool,
}

/// A whole text, measured.
#[derive(Debug)]
pub(super) struct Clusters {
    /// Glyphs of all clusters; each `x` counts from the start of its cluster.
    pub(super) glyphs: Vec<Placed>,
    pub(super) clusters: Vec<Cluster>,
    /// What stands for cut text and its width: after Latin, on the base line; and after East Asian
    /// text, in the middle of the line.
    pub(super) ellipses: [(Mark, f32); 2],
    pub(super) style: TextStyle,
}

impl Clusters {
    pub(super) fn new(text: &str, style: TextStyle, stack: &FontStack<'_>) -> Self {
        let text = one_line(text);
        let mut measured = Self {
            glyphs: Vec::with_capacity(text.len()),
            clusters: Vec::with_capacity(text.len()),
            ellipses: [false, true].map(|is_wide| ellipsis(style, is_wide, stack)),
            style,
        };
        let ends = text.grapheme_indices(true).map(|(at, it)| at + it.len());
        let borders = borders(&text, ends);
        let mut widths = Widths::default();
        let mut last: Option<GlyphRef> = None;
        for ((start, grapheme), border) in text.grapheme_indices(true).zip(borders) {
            let is_wide = widths.next(&text[..start], grapheme, &text[start + grapheme.len()..]);
            measured.push(grapheme, is_wide, stack, &mut last);
            if let Some(cluster) = measured.clusters.last_mut() {
                cluster.may_break = border.may_break;
                cluster.may_split = border.may_split;
            }
        }
        measured
    }

    /// What a line leaves out that begins with this cluster.
    pub(super) fn indent(&self, start: usize) -> f32 {
        self.clusters.get(start).map_or(0.0, |it| it.indent)
    }

    /// Adds one grapheme. A base without a glyph makes the whole grapheme one box.
    fn push(
        &mut self,
        grapheme: &str,
        is_wide: bool,
        stack: &FontStack<'_>,
        last: &mut Option<GlyphRef>,
    ) {
        let size = f32::from(self.style.size);
        let start = self.glyphs.len();
        let mut advance = 0.0;
        for character in grapheme
            .chars()
            .filter(|&character| !is_ignorable(character))
        {
            let Some(found) = find(character, is_wide, self.style, stack) else {
                // A mark that is missing on a base that is there is left out silently no more than
                // the base itself would be: it gets a box of its own.
                self.glyphs.push(Placed {
                    x: advance,
                    mark: Mark::Missing(character),
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
            self.glyphs.push(Placed {
                x: advance,
                mark: Mark::Glyph(found),
            });
            advance += source.advance(found.glyph, size);
            *last = Some(found);
        }
        self.clusters.push(Cluster {
            glyphs: (start, self.glyphs.len()),
            advance,
            kern: 0.0,
            indent: self.blank_half(grapheme, is_wide, start, stack),
            is_blank: grapheme == " " || grapheme == "\u{3000}",
            is_wide,
            may_break: false,
            may_split: false,
        });
    }

    /// How much of the first glyph is blank and need not stand at the start of a line.
    fn blank_half(
        &self,
        grapheme: &str,
        is_wide: bool,
        start: usize,
        stack: &FontStack<'_>,
    ) -> f32 {
        let size = f32::from(self.style.size);
        match self.glyphs.get(start).map(|placed| placed.mark) {
            Some(Mark::Glyph(glyph)) if is_wide && grapheme.starts_with(forbids_end) => {
                let bearing = stack.source(glyph.source).bearing(glyph.glyph, size);
                (bearing - size * BEARING_EMS).max(0.0)
            }
            _ => 0.0,
        }
    }

    /// Moves what comes next: within a cluster its pen, else it is the kerning of the one before.
    fn kern(&mut self, start: usize, advance: &mut f32, kern: f32) {
        match self.clusters.last_mut() {
            Some(before) if self.glyphs.len() == start => before.kern = kern,
            _ => *advance += kern,
        }
    }
}

fn ellipsis(style: TextStyle, is_wide: bool, stack: &FontStack<'_>) -> (Mark, f32) {
    let size = f32::from(style.size);
    match find('…', is_wide, style, stack) {
        Some(found) => {
            let advance = stack.source(found.source).advance(found.glyph, size);
            (Mark::Glyph(found), advance)
        }
        None => (Mark::Missing('…'), size * MISSING_EMS),
    }
}

/// The glyph of a character. In East Asian text quotes and ellipses come from the font of that text,
/// where they are as wide as its characters and stand in the middle of the line.
fn find(
    character: char,
    is_wide: bool,
    style: TextStyle,
    stack: &FontStack<'_>,
) -> Option<GlyphRef> {
    if is_wide && is_ambiguous(character) {
        return stack.find_last(character, style.weight);
    }
    stack.find(character, style.weight)
}

/// Whether a character is written in East Asian text and in Latin, but not alike.
fn is_ambiguous(character: char) -> bool {
    matches!(character, '“' | '”' | '‘' | '’' | '…')
}

/// Tells East Asian clusters from others, and for quotes and ellipses whose they are.
#[derive(Debug, Default)]
struct Widths {
    /// Whether the quote that is open is East Asian: “ and ‘.
    is_open_wide: [bool; 2],
    is_last_wide: bool,
}

impl Widths {
    fn next(&mut self, before: &str, grapheme: &str, after: &str) -> bool {
        let is_wide = match grapheme.chars().next() {
            Some(quote @ ('“' | '‘')) => {
                let next = after.trim_start_matches(opens_quote).chars().next();
                let before = before.trim_end_matches(|it| opens_quote(it) || closes_quote(it));
                let is_wide = next.is_some_and(is_east_asian)
                    && before.chars().next_back().is_none_or(is_east_asian);
                self.is_open_wide[usize::from(quote == '‘')] = is_wide;
                is_wide
            }
            // An apostrophe looks like a closing quote.
            Some(quote @ ('”' | '’')) => {
                std::mem::take(&mut self.is_open_wide[usize::from(quote == '’')])
            }
            Some('…') => self.is_last_wide,
            Some(other) => is_east_asian(other),
            None => false,
        };
        self.is_last_wide = is_wide;
        is_wide
    }
}

/// The text with every run of white space and control characters as one blank, and none at its ends.
pub(super) fn one_line(text: &str) -> String {
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
pub(super) fn is_ignorable(character: char) -> bool {
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
                .filter(|placed| matches!(placed.mark, Mark::Missing(_)))
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

    #[test]
    fn quotes_and_ellipses_follow_the_text_around_them() {
        let read = |text: &str| -> String {
            let mut widths = Widths::default();
            text.char_indices()
                .map(|(at, it)| {
                    let grapheme = &text[at..at + it.len_utf8()];
                    let is_wide = widths.next(&text[..at], grapheme, &text[at + it.len_utf8()..]);
                    if is_wide { 'w' } else { 'n' }
                })
                .collect()
        };
        assert_eq!(read("他说“‘好’ OK”……"), "wwwwwwnnnwww");
        assert_eq!(read("it’s “好” …"), "nnnnnnwnnn");
        assert_eq!(read("“好”"), "www");
        assert_eq!(read("说“OK”"), "wnnnn");
    }
}
