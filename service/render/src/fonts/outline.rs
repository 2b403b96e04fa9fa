//! A fallback font: its file stays as it is, and an outline is read when it is drawn.

use std::fmt;

use tiny_skia::{FillRule, LineJoin, Mask, Path, PathBuilder, Stroke, Transform};
use ttf_parser::{Face, GlyphId, OutlineBuilder, RawFace};

use super::FontError;
use crate::glyph::{Bitmap, GlyphSource, GlyphStyle, PHASES, Weight};

/// Glyphs that reach further than this many ems from their origin are not drawn: no real one does,
/// and a bitmap of any size must not come from a font file.
const REACH_EMS_MAX: f32 = 4.0;

/// The font has no bold face, so its bold glyphs are outlined with a pen of this part of an em.
const BOLD_PEN_EMS: f32 = 0.045;

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
                        .is_some_and(|glyph| outline(face, glyph).is_some());
            });
            found
        })
}

/// A fallback font that is ready to draw. Without a face it has no glyph at all.
pub(crate) struct OutlineFace<'a> {
    face: Option<Face<'a>>,
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

    fn kern(&self, _left: u16, _right: u16, _size: f32) -> f32 {
        // The characters that come from a fallback stand on a fixed grid.
        0.0
    }

    fn raster(&self, glyph: u16, style: GlyphStyle) -> Bitmap {
        let drawn = self.face.as_ref().and_then(|face| {
            let scale = f32::from(style.size) / f32::from(face.units_per_em());
            let shift = f32::from(style.phase) / PHASES as f32;
            let to_pixels = Transform::from_row(scale, 0.0, 0.0, -scale, shift, 0.0);
            let path = outline(face, GlyphId(glyph))?.transform(to_pixels)?;
            fill(&path, style)
        });
        drawn.unwrap_or_default()
    }
}

/// The outline of a glyph in font units, y upwards; none if it is blank or broken.
fn outline(face: &Face<'_>, glyph: GlyphId) -> Option<Path> {
    let mut pen = Pen(PathBuilder::new());
    face.outline_glyph(glyph, &mut pen)?;
    pen.0.finish()
}

/// Fills a path whose origin is the pen position on the base line.
fn fill(path: &Path, style: GlyphStyle) -> Option<Bitmap> {
    let size = f32::from(style.size);
    let pen = match style.weight {
        Weight::Regular => None,
        Weight::Bold => path.stroke(
            &Stroke {
                width: size * BOLD_PEN_EMS,
                line_join: LineJoin::Miter,
                ..Stroke::default()
            },
            1.0,
        ),
    };
    let bounds = pen.as_ref().map_or(path.bounds(), Path::bounds);
    let reach = size * REACH_EMS_MAX;
    let far = [bounds.left(), bounds.top(), bounds.right(), bounds.bottom()];
    if far.iter().any(|side| side.abs() > reach) {
        return None;
    }
    let (left, top) = (bounds.left().floor(), bounds.top().floor());
    let width = (bounds.right().ceil() - left) as u32 + 1;
    let height = (bounds.bottom().ceil() - top) as u32 + 1;
    let mut mask = Mask::new(width, height)?;
    let to_mask = Transform::from_translate(-left, -top);
    for part in std::iter::once(path).chain(&pen) {
        mask.fill_path(part, FillRule::Winding, true, to_mask);
    }
    Some(Bitmap {
        left: left as i32,
        top: top as i32,
        width: width as usize,
        coverage: mask.take(),
    })
}

/// Hands an outline from one library to the other.
struct Pen(PathBuilder);

impl OutlineBuilder for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        self.0.move_to(x, y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.0.line_to(x, y);
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        self.0.quad_to(x1, y1, x, y);
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        self.0.cubic_to(x1, y1, x2, y2, x, y);
    }

    fn close(&mut self) {
        self.0.close();
    }
}
