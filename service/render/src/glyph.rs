//! Glyphs as small pictures of coverage, and the bounded cache of them.

use std::num::NonZeroUsize;

use lru::LruCache;

use crate::fonts::FontStack;

/// A glyph is drawn at one of so many places within a pixel, which keeps small text evenly spaced.
pub(crate) const PHASES: i32 = 3;

/// Glyph bitmaps that one painter keeps.
const CACHE_ENTRIES_MAX: NonZeroUsize = NonZeroUsize::new(8_192).expect("not zero");

/// Bytes of glyph bitmaps that one painter keeps.
const CACHE_BYTES_MAX: usize = 8 << 20;

/// How heavy the strokes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Weight {
    Regular,
    Bold,
}

/// One glyph of one font of a stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct GlyphRef {
    pub(crate) source: u8,
    pub(crate) glyph: u16,
}

/// How a glyph is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct GlyphStyle {
    /// Pixels per em.
    pub(crate) size: u16,
    pub(crate) weight: Weight,
    /// Distance from the left edge of its pixel, in parts of [`PHASES`].
    pub(crate) phase: u8,
}

/// The coverage of one drawn glyph, 0 to 255, row by row. Blank ones have width 0.
#[derive(Debug, Default)]
pub(crate) struct Bitmap {
    /// From the pen to the first column.
    pub(crate) left: i32,
    /// From the base line down to the first row: negative for what stands on it.
    pub(crate) top: i32,
    pub(crate) width: usize,
    pub(crate) coverage: Vec<u8>,
}

/// A font: tells which glyph a character has, how wide it is, and draws it.
pub(crate) trait GlyphSource {
    /// The glyph of a character, if the font has one.
    fn glyph(&self, character: char) -> Option<u16>;

    /// From its pen to the next, in pixels at `size` pixels per em.
    fn advance(&self, glyph: u16, size: f32) -> f32;

    /// From its pen to its ink, in pixels at `size` pixels per em.
    fn bearing(&self, glyph: u16, size: f32) -> f32;

    /// What to add between two glyphs, in pixels at `size` pixels per em.
    fn kern(&self, left: u16, right: u16, size: f32) -> f32;

    /// Draws the glyph. A glyph that cannot be drawn is blank.
    fn raster(&self, glyph: u16, style: GlyphStyle) -> Bitmap;
}

/// Finished bitmaps, the least used dropped first. Its content never changes a picture.
pub(crate) struct GlyphCache {
    bitmaps: LruCache<(GlyphRef, GlyphStyle), Bitmap>,
    size_bytes: usize,
}

impl GlyphCache {
    pub(crate) fn new() -> Self {
        Self {
            bitmaps: LruCache::new(CACHE_ENTRIES_MAX),
            size_bytes: 0,
        }
    }

    /// The bitmap of a glyph, drawn if it is not kept.
    pub(crate) fn get(
        &mut self,
        stack: &FontStack<'_>,
        glyph: GlyphRef,
        style: GlyphStyle,
    ) -> &Bitmap {
        let key = (glyph, style);
        if !self.bitmaps.contains(&key) {
            let bitmap = stack.source(glyph.source).raster(glyph.glyph, style);
            self.keep(key, bitmap);
        }
        self.bitmaps.get_or_insert(key, Bitmap::default)
    }

    fn keep(&mut self, key: (GlyphRef, GlyphStyle), bitmap: Bitmap) {
        self.size_bytes += bitmap.coverage.len();
        if let Some((_, dropped)) = self.bitmaps.push(key, bitmap) {
            self.size_bytes -= dropped.coverage.len();
        }
        // The newest stays even if it alone is larger than the bound.
        while self.size_bytes > CACHE_BYTES_MAX && self.bitmaps.len() > 1 {
            if let Some((_, dropped)) = self.bitmaps.pop_lru() {
                self.size_bytes -= dropped.coverage.len();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Fonts;

    #[test]
    fn the_cache_stays_within_its_bytes_and_counts_them_right() {
        let fonts = Fonts::bundled().unwrap();
        let stack = FontStack::new(&fonts);
        let mut cache = GlyphCache::new();
        for size in (16..600).step_by(8) {
            for character in 'A'..='z' {
                let glyph = stack.find(character, Weight::Bold).unwrap();
                let style = GlyphStyle {
                    size,
                    weight: Weight::Bold,
                    phase: 0,
                };
                cache.get(&stack, glyph, style);
                assert!(cache.size_bytes <= CACHE_BYTES_MAX);
            }
        }
        let held: usize = cache
            .bitmaps
            .iter()
            .map(|(_, bitmap)| bitmap.coverage.len())
            .sum();
        assert_eq!(cache.size_bytes, held);
        assert!(held > CACHE_BYTES_MAX / 2, "the bound was never reached");
    }

    #[test]
    fn a_phase_moves_the_ink_by_a_part_of_a_pixel() {
        let fonts = Fonts::bundled().unwrap();
        let stack = FontStack::new(&fonts);
        let mut cache = GlyphCache::new();
        for character in ['l', 'W', 'g', 'j', 'é'] {
            let glyph = stack.find(character, Weight::Regular).unwrap();
            let mut center = |phase| {
                let style = GlyphStyle {
                    size: 40,
                    weight: Weight::Regular,
                    phase,
                };
                let bitmap = cache.get(&stack, glyph, style);
                let (mut ink, mut moment) = (0.0, 0.0);
                for (at, &coverage) in bitmap.coverage.iter().enumerate() {
                    let x = bitmap.left as f64 + (at % bitmap.width) as f64;
                    ink += f64::from(coverage);
                    moment += x * f64::from(coverage);
                }
                moment / ink
            };
            let centers = [center(0), center(1), center(2)];
            for step in [centers[1] - centers[0], centers[2] - centers[1]] {
                // The rasteriser keeps edges of a stem a little more in place than its middle.
                assert!((step - 1.0 / 3.0).abs() < 0.05, "{character}: {centers:?}");
            }
        }
    }
}
