//! A fallback font: its file stays as it is, and an outline is read when it is drawn.

use std::cell::OnceCell;
use std::fmt;

use ttf_parser::{Face, GlyphId, RawFace};

use super::FontError;
use super::contour::{Outline, Placing};
use super::coverage;
use super::kerning::Kerning;
use crate::glyph::{Bitmap, GlyphSource, GlyphStyle, PHASES, Weight};

/// Glyphs that reach further than this many ems from their origin are not drawn: no real one does,
/// and a bitmap of any size must not come from a font file.
const REACH_EMS_MAX: f32 = 4.0;

/// Two glyphs are moved by at most this many ems, whatever the font says.
const KERN_EMS_MAX: f32 = 1.0;

/// How much thicker strokes are drawn than the font has them, in ems, across and upright: a little,
/// so that they look as dark as the bundled font beside them, and a lot where bold is asked for, as
/// the font has no bold face. Less upright, since that is where a Chinese character has most strokes.
const REGULAR_PEN_EMS: (f32, f32) = (0.010, 0.008);
const BOLD_PEN_EMS: (f32, f32) = (0.054, 0.036);

/// The bytes of a font that was checked.
pub(super) struct OutlineFont {
    name: String,
    bytes: Vec<u8>,
}

impl OutlineFont {
    /// Checks that face 0 parses, that all its tables are inside the file, and that some character
    /// has an outline.
    pub(super) fn parse(name: &str, bytes: Vec<u8>) -> Result<Self, FontError> {
        let name = name.to_owned();
        let raw = match RawFace::parse(&bytes, 0) {
            Ok(raw) => raw,
            Err(source) => return Err(FontError::Parse { name, source }),
        };
        for record in raw.table_records {
            let end_bytes = u64::from(record.offset) + u64::from(record.length);
            if end_bytes > bytes.len() as u64 {
                return Err(FontError::Truncated {
                    name,
                    table: record.tag.to_string(),
                    end_bytes,
                    size_bytes: bytes.len() as u64,
                });
            }
        }
        match Face::parse(&bytes, 0) {
            Err(source) => return Err(FontError::Parse { name, source }),
            Ok(face) if !has_outline(&face) => return Err(FontError::NoOutlines { name }),
            Ok(_) => {}
        }
        Ok(Self { name, bytes })
    }

    /// Locates the tables for one picture; nothing else is read or kept.
    pub(super) fn face(&self) -> OutlineFace<'_> {
        OutlineFace {
            face: Face::parse(&self.bytes, 0).ok(),
            kerning: OnceCell::new(),
        }
    }
}

impl fmt::Debug for OutlineFont {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutlineFont")
            .field("name", &self.name)
            .field("size_bytes", &self.bytes.len())
            .finish()
    }
}

/// Whether some character of the font leads to an outline.
fn has_outline(face: &Face<'_>) -> bool {
    let Some(cmap) = face.tables().cmap else {
        return false;
    };
    cmap.subtables
        .into_iter()
        .filter(|subtable| subtable.is_unicode())
        .any(|subtable| {
            let mut found = false;
            subtable.codepoints(|code_point| {
                found = found
                    || subtable
                        .glyph_index(code_point)
                        .is_some_and(|glyph| Outline::of(face, glyph, Placing::UNITS).is_some());
            });
            found
        })
}

/// A fallback font that is ready to draw. Without a face it has no glyph at all.
pub(crate) struct OutlineFace<'a> {
    face: Option<Face<'a>>,
    /// Found when the first two glyphs of this font stand side by side.
    kerning: OnceCell<Kerning<'a>>,
}

impl GlyphSource for OutlineFace<'_> {
    fn glyph(&self, character: char) -> Option<u16> {
        let glyph = self.face.as_ref()?.glyph_index(character)?;
        (glyph.0 != 0).then_some(glyph.0)
    }

    fn advance(&self, glyph: u16, size: f32) -> f32 {
        self.face.as_ref().map_or(0.0, |face| {
            let advance = face.glyph_hor_advance(GlyphId(glyph)).unwrap_or(0);
            let ems = f32::from(advance) / f32::from(face.units_per_em());
            ems.min(REACH_EMS_MAX) * size
        })
    }

    fn bearing(&self, glyph: u16, size: f32) -> f32 {
        self.face.as_ref().map_or(0.0, |face| {
            let units = face.glyph_hor_side_bearing(GlyphId(glyph)).unwrap_or(0);
            let ems = f32::from(units) / f32::from(face.units_per_em());
            ems.clamp(0.0, 1.0) * size
        })
    }

    fn kern(&self, left: u16, right: u16, size: f32) -> f32 {
        self.face.as_ref().map_or(0.0, |face| {
            let kerning = self.kerning.get_or_init(|| Kerning::of(face));
            let ems = f32::from(kerning.between(left, right)) / f32::from(face.units_per_em());
            ems.clamp(-KERN_EMS_MAX, KERN_EMS_MAX) * size
        })
    }

    fn raster(&self, glyph: u16, style: GlyphStyle) -> Bitmap {
        let pen = match style.weight {
            Weight::Regular => REGULAR_PEN_EMS,
            Weight::Bold => BOLD_PEN_EMS,
        };
        self.face
            .as_ref()
            .and_then(|face| draw(face, glyph, style, Some(pen)))
            .unwrap_or_default()
    }
}

/// Draws a glyph from its outline, with strokes so many ems thicker than the font has them.
pub(super) fn draw(
    face: &Face<'_>,
    glyph: u16,
    style: GlyphStyle,
    pen_ems: Option<(f32, f32)>,
) -> Option<Bitmap> {
    let size = f32::from(style.size);
    let placing = Placing {
        scale: size / f32::from(face.units_per_em()),
        shift: f32::from(style.phase) / PHASES as f32,
    };
    let mut outline = Outline::of(face, GlyphId(glyph), placing)?;
    if let Some((across, upright)) = pen_ems {
        outline.embolden((across * size, upright * size));
    }
    coverage::fill(&outline.polygons(), size * REACH_EMS_MAX)
}
