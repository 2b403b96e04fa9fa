//! Text as lines of placed glyphs.

mod breaks;
mod cluster;
mod paragraph;
mod missing;
#[cfg(test)]
mod properties;

use crate::Color;
use crate::fonts::FontStack;
use crate::frame::{Area, Frame};
use crate::glyph::{GlyphCache, GlyphRef, GlyphStyle, PHASES, Weight};
use cluster::Clusters;
pub use missing::MissingGlyphs;

/// From one base line to the next, in ems.
pub(crate) const LEADING_EMS: f32 = 1.25;

/// From the top of a line box to its base line, in ems.
const ASCENT_EMS: f32 = 0.95;

/// How a text is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TextStyle {
    /// Pixels per em.
    pub(crate) size: u16,
    pub(crate) weight: Weight,
}

impl TextStyle {
    pub(crate) fn regular(size: u16) -> Self {
        Self {
            size,
            weight: Weight::Regular,
        }
    }

    pub(crate) fn bold(size: u16) -> Self {
        Self {
            size,
            weight: Weight::Bold,
        }
    }

    /// Height of a line box in whole pixels.
    pub(crate) fn leading(self) -> i32 {
        (f32::from(self.size) * LEADING_EMS).round() as i32
    }

    /// From the top of a line box to its base line in whole pixels.
    pub(crate) fn ascent(self) -> i32 {
        (f32::from(self.size) * ASCENT_EMS).round() as i32
    }
}

/// What is drawn for a character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    Glyph(GlyphRef),
    /// A hollow box for a character that no font has.
    Missing(char),
}

/// A mark and where its pen stands, from the start of its line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Placed {
    pub(crate) x: f32,
    pub(crate) mark: Mark,
}

/// One line, ready to draw.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Line {
    pub(crate) glyphs: Vec<Placed>,
    /// In pixels, without blanks at its end.
    pub(crate) width: f32,
    pub(crate) style: TextStyle,
}

impl Line {
    /// Width in whole pixels.
    pub(crate) fn width_pixels(&self) -> i32 {
        self.width.ceil() as i32
    }
}

/// Some lines of one text.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Paragraph {
    pub(crate) lines: Vec<Line>,
    /// Whether an ellipsis stands for text that found no room.
    pub(crate) is_cut: bool,
}

/// Sets text with the fonts of one picture.
pub(crate) struct Typesetter<'a> {
    stack: FontStack<'a>,
}

impl<'a> Typesetter<'a> {
    pub(crate) fn new(stack: FontStack<'a>) -> Self {
        Self { stack }
    }

    /// Sets `text` in at most `lines_max` lines of at most `width_max` pixels, the last one ending in
    /// an ellipsis if there is more.
    pub(crate) fn paragraph(
        &self,
        text: &str,
        style: TextStyle,
        width_max: f32,
        lines_max: usize,
    ) -> Paragraph {
        paragraph::set(
            &Clusters::new(text, style, &self.stack),
            width_max,
            lines_max,
        )
    }

    /// Sets `text` in one line.
    pub(crate) fn line(&self, text: &str, style: TextStyle, width_max: f32) -> Line {
        let lines = self.paragraph(text, style, width_max, 1).lines;
        lines.into_iter().next().unwrap_or(Line {
            glyphs: Vec::new(),
            width: 0.0,
            style,
        })
    }
}

/// What drawing a picture writes to.
pub(crate) struct Ink<'a, 'f> {
    pub(crate) typesetter: &'a Typesetter<'f>,
    pub(crate) glyphs: &'a mut GlyphCache,
    pub(crate) frame: &'a mut Frame,
    pub(crate) missing: MissingGlyphs,
}

impl Ink<'_, '_> {
    /// Draws a line with its start at `x` and its base line at `baseline`.
    pub(crate) fn text(&mut self, line: &Line, x: f32, baseline: i32, color: Color) {
        for placed in &line.glyphs {
            let thirds = ((x + placed.x) * PHASES as f32).round() as i32;
            let left = thirds.div_euclid(PHASES);
            let glyph = match placed.mark {
                Mark::Glyph(glyph) => glyph,
                Mark::Missing(character) => {
                    self.missing.add(character);
                    self.missing_box(left, baseline, line.style.size, color);
                    continue;
                }
            };
            let style = GlyphStyle {
                size: line.style.size,
                weight: line.style.weight,
                phase: thirds.rem_euclid(PHASES) as u8,
            };
            let bitmap = self.glyphs.get(&self.typesetter.stack, glyph, style);
            self.frame.blend_bitmap(bitmap, left, baseline, color);
        }
    }

    /// The hollow box that stands for a character without a glyph.
    fn missing_box(&mut self, left: i32, baseline: i32, size: u16, color: Color) {
        let size = i32::from(size);
        let pen = (size / 16).max(1);
        let outer = Area {
            left: left + size / 12,
            top: baseline - size * 7 / 10,
            right: left + (size * 6 / 10 - size / 12).max(size / 12 + 3),
            bottom: baseline,
        };
        let inner_top = outer.top + pen;
        let inner_bottom = outer.bottom - pen;
        for side in [
            Area {
                bottom: inner_top,
                ..outer
            },
            Area {
                top: inner_bottom,
                ..outer
            },
            Area {
                top: inner_top,
                bottom: inner_bottom,
                right: outer.left + pen,
                ..outer
            },
            Area {
                top: inner_top,
                bottom: inner_bottom,
                left: outer.right - pen,
                ..outer
            },
        ] {
            self.frame.fill(side, color, 255);
        }
    }
}
