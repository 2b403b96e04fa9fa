//! The bundled font: parsed whole by fontdue, rasterised in thirds of a pixel.

use fontdue::{Font, FontSettings};

use super::FontError;
use crate::glyph::{Bitmap, GlyphSource, GlyphStyle, PHASES};

/// A small font that is kept parsed.
pub(super) struct LatinFont {
    font: Font,
}

impl LatinFont {
    pub(super) fn parse(bytes: &'static [u8]) -> Result<Self, FontError> {
        let font = Font::from_bytes(bytes, FontSettings::default())
            .map_err(|reason| FontError::Bundled { reason })?;
        Ok(Self { font })
    }
}

impl GlyphSource for LatinFont {
    fn glyph(&self, character: char) -> Option<u16> {
        match self.font.lookup_glyph_index(character) {
            0 => None,
            glyph => Some(glyph),
        }
    }

    fn advance(&self, glyph: u16, size: f32) -> f32 {
        self.font.metrics_indexed(glyph, size).advance_width
    }

    fn kern(&self, left: u16, right: u16, size: f32) -> f32 {
        self.font
            .horizontal_kern_indexed(left, right, size)
            .unwrap_or(0.0)
    }

    fn raster(&self, glyph: u16, style: GlyphStyle) -> Bitmap {
        let size = f32::from(style.size);
        let (metrics, thirds) = self.font.rasterize_indexed_subpixel(glyph, size);
        // fontdue places the outline in a canvas of thirds, but at the part of a pixel by which it
        // overhangs counted in thirds; the other two thirds of that part are made good here.
        let overhang = metrics.bounds.xmin - metrics.bounds.xmin.floor();
        let shift = i32::from(style.phase) + (2.0 * overhang).round() as i32;
        let left = metrics.xmin + shift.div_euclid(PHASES);
        let shift = shift.rem_euclid(PHASES) as usize;
        let top = -(metrics.ymin + metrics.height as i32);
        let width = metrics.width + 1;
        let mut coverage = Vec::with_capacity(width * metrics.height);
        for row in thirds.chunks_exact((metrics.width * 3).max(1)) {
            coverage.extend((0..width).map(|x| third_sum(row, x, shift)));
        }
        Bitmap {
            left,
            top,
            width,
            coverage,
        }
    }
}

/// Coverage of pixel `x` when the row of thirds begins `shift` thirds into pixel 0.
fn third_sum(row: &[u8], x: usize, shift: usize) -> u8 {
    let end = (3 * x + 3).saturating_sub(shift).min(row.len());
    let start = (3 * x).saturating_sub(shift).min(end);
    let sum: u32 = row[start..end].iter().map(|&third| u32::from(third)).sum();
    ((sum + 1) / 3) as u8
}
