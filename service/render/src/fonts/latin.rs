//! The bundled font: fontdue draws its common characters, in thirds of a pixel.
//!
//! fontdue keeps every glyph that it parses as a list of lines, 3 to 4 kB each, and takes 4 µs for it:
//! the whole font would be 40 MB in both weights and 50 ms at start. So it gets the common glyphs
//! only, in pages that are parsed when the first of their glyphs is drawn. All others, and very large
//! ones, are drawn from their outlines. Which way a glyph goes depends on nothing but the glyph and
//! its size, so that a picture does not depend on what was drawn before.

use std::ops::RangeInclusive;
use std::sync::OnceLock;

use fontdue::{Font, FontSettings};
use ttf_parser::{Face, GlyphId};

use super::kerning::Kerning;
use super::{FontError, outline, piece};
use crate::glyph::{Bitmap, GlyphSource, GlyphStyle, PHASES};

/// Characters that fontdue draws: Latin, Greek, Cyrillic, punctuation, currencies, letter-like signs,
/// arrows and mathematics.
const COMMON: [RangeInclusive<char>; 6] = [
    '\u{20}'..='\u{24f}',
    '\u{370}'..='\u{4ff}',
    '\u{1e00}'..='\u{1eff}',
    '\u{2010}'..='\u{205e}',
    '\u{20a0}'..='\u{214f}',
    '\u{2190}'..='\u{22ff}',
];

/// Glyphs that are parsed together.
const PAGE_GLYPHS: usize = 128;

/// fontdue flattens curves once, for letters of 40 px; above this size, in pixels, it would show.
const SIZE_MAX: u16 = 96;

/// A font of which only the used parts are kept parsed.
pub(super) struct LatinFont {
    face: Face<'static>,
    kerning: Kerning<'static>,
    units_per_em: f32,
    /// Glyphs of the first characters, 0 for those that have none.
    ascii: [u16; 128],
    /// The glyphs of [`COMMON`], sorted; so many of them make one page.
    common: Vec<u16>,
    /// None in a cell: a page that could not be made, which a test shows not to happen.
    pages: Vec<OnceLock<Option<Font>>>,
}

impl LatinFont {
    pub(super) fn parse(bytes: &'static [u8]) -> Result<Self, FontError> {
        let face = Face::parse(bytes, 0).map_err(|source| FontError::Bundled { source })?;
        let glyph = |character| face.glyph_index(character).map_or(0, |GlyphId(id)| id);
        let mut ascii = [0; 128];
        for (character, slot) in (0_u8..).zip(&mut ascii) {
            *slot = glyph(char::from(character));
        }
        let mut common: Vec<u16> = COMMON.into_iter().flatten().map(glyph).collect();
        common.sort_unstable();
        common.dedup();
        common.retain(|&glyph| glyph != 0);
        let pages = common.len().div_ceil(PAGE_GLYPHS);
        Ok(Self {
            kerning: Kerning::of(&face),
            units_per_em: f32::from(face.units_per_em()),
            ascii,
            common,
            pages: (0..pages).map(|_| OnceLock::new()).collect(),
            face,
        })
    }

    /// The page that holds a glyph, and the glyph's number there.
    fn page(&self, glyph: u16) -> Option<(&Font, u16)> {
        let at = self.common.binary_search(&glyph).ok()?;
        let index = at / PAGE_GLYPHS;
        let page = self.pages[index].get_or_init(|| {
            let glyphs = self.common.chunks(PAGE_GLYPHS).nth(index)?;
            Font::from_bytes(piece::build(&self.face, glyphs)?, FontSettings::default()).ok()
        });
        Some((page.as_ref()?, (at % PAGE_GLYPHS) as u16 + 1))
    }
}

impl GlyphSource for LatinFont {
    fn glyph(&self, character: char) -> Option<u16> {
        let glyph = match self.ascii.get(character as usize) {
            Some(&glyph) => glyph,
            None => self.face.glyph_index(character)?.0,
        };
        (glyph != 0).then_some(glyph)
    }

    fn advance(&self, glyph: u16, size: f32) -> f32 {
        let units = self.face.glyph_hor_advance(GlyphId(glyph)).unwrap_or(0);
        f32::from(units) * size / self.units_per_em
    }

    fn bearing(&self, glyph: u16, size: f32) -> f32 {
        let units = self.face.glyph_hor_side_bearing(GlyphId(glyph));
        f32::from(units.unwrap_or(0)) * size / self.units_per_em
    }

    fn kern(&self, left: u16, right: u16, size: f32) -> f32 {
        f32::from(self.kerning.between(left, right)) * size / self.units_per_em
    }

    fn raster(&self, glyph: u16, style: GlyphStyle) -> Bitmap {
        if style.size <= SIZE_MAX
            && let Some((font, glyph)) = self.page(glyph)
        {
            return draw(font, glyph, style);
        }
        outline::draw(&self.face, glyph, style, None).unwrap_or_default()
    }
}

/// Draws a glyph of a page.
fn draw(font: &Font, glyph: u16, style: GlyphStyle) -> Bitmap {
    let size = f32::from(style.size);
    let (metrics, thirds) = font.rasterize_indexed_subpixel(glyph, size);
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

/// Coverage of pixel `x` when the row of thirds begins `shift` thirds into pixel 0.
fn third_sum(row: &[u8], x: usize, shift: usize) -> u8 {
    let end = (3 * x + 3).saturating_sub(shift).min(row.len());
    let start = (3 * x).saturating_sub(shift).min(end);
    let sum: u32 = row[start..end].iter().map(|&third| u32::from(third)).sum();
    ((sum + 1) / 3) as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::glyph::Weight;

    fn fonts() -> [(LatinFont, &'static [u8]); 2] {
        [dejavu::sans::regular(), dejavu::sans::bold()]
            .map(|bytes| (LatinFont::parse(bytes).unwrap(), bytes))
    }

    #[test]
    fn a_page_draws_each_of_its_glyphs_as_the_whole_font_does() {
        for (latin, bytes) in fonts() {
            let whole = Font::from_bytes(bytes, FontSettings::default()).unwrap();
            assert!(latin.common.len() > 1_200, "{}", latin.common.len());
            for &glyph in &latin.common {
                let (page, number) = latin.page(glyph).expect("every page can be made");
                let same = page.rasterize_indexed(number, 29.0);
                assert!(
                    same == whole.rasterize_indexed(glyph, 29.0),
                    "glyph {glyph}"
                );
            }
        }
    }

    #[test]
    fn a_glyph_looks_the_same_whichever_way_it_is_drawn() {
        for (latin, _) in fonts() {
            for character in ['A', 'g', 'l', 'S', '8', 'é', 'Ж', '€', '…'] {
                let glyph = latin.glyph(character).unwrap();
                for (size, phase) in [(12, 0), (12, 1), (33, 2), (64, 0), (96, 1)] {
                    let style = GlyphStyle {
                        size,
                        weight: Weight::Regular,
                        phase,
                    };
                    let paged = latin.raster(glyph, style);
                    let outlined = outline::draw(&latin.face, glyph, style, None).unwrap();
                    let (paged, outlined) = (moments(&paged), moments(&outlined));
                    let far = paged.iter().zip(outlined).map(|(a, b)| (a - b).abs());
                    let limits = [0.03 * paged[0] + 0.5, 0.25, 0.05];
                    for (far, limit) in far.zip(limits) {
                        assert!(far < limit, "{character} {size}: {paged:?} {outlined:?}");
                    }
                }
            }
        }
    }

    /// Ink, and where its middle is from the pen.
    fn moments(bitmap: &Bitmap) -> [f64; 3] {
        let (mut ink, mut right, mut down) = (0.0, 0.0, 0.0);
        for (at, &coverage) in bitmap.coverage.iter().enumerate() {
            let weight = f64::from(coverage) / 255.0;
            ink += weight;
            right += weight * (f64::from(bitmap.left) + (at % bitmap.width) as f64);
            down += weight * (f64::from(bitmap.top) + (at / bitmap.width) as f64);
        }
        [ink, right / ink, down / ink]
    }
}
