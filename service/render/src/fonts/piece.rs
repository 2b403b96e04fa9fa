//! A piece of a TrueType font: a small font file that holds some of its glyphs, numbered anew.
//!
//! fontdue reads every glyph that a file maps and keeps them all. Pieces give it a few at a time.

use ttf_parser::{Face, GlyphId, Tag, loca};

/// The characters of a piece are private ones: its first glyph is that of this one.
const FIRST_CHARACTER: u32 = 0xf_0000;

/// Glyphs of a piece, with the parts that their outlines are made of.
const GLYPHS_MAX: usize = 4_096;

/// Where the tables that are kept have what changes.
const HEAD_LOCATION_FORMAT: usize = 50;
const HHEA_METRICS_COUNT: usize = 34;
const MAXP_GLYPHS_COUNT: usize = 4;

/// What an outline made of parts says about each part.
const PART_ARGUMENTS_ARE_WORDS: u16 = 1;
const PART_HAS_SCALE: u16 = 1 << 3;
const PART_IS_FOLLOWED: u16 = 1 << 5;
const PART_HAS_TWO_SCALES: u16 = 1 << 6;
const PART_HAS_MATRIX: u16 = 1 << 7;

/// A font file with `glyphs` of `face` as its glyphs 1, 2, 3 … and nothing else that can be asked
/// for. None if the font is not of the kind that can be taken to pieces.
pub(super) fn build(face: &Face<'_>, glyphs: &[u16]) -> Option<Vec<u8>> {
    let mut outlines = Outlines::of(face)?;
    // Glyph 0 stands for what is missing and is left blank.
    let mut taken: Vec<u16> = std::iter::once(0).chain(glyphs.iter().copied()).collect();
    let (mut glyf, mut loca, mut hmtx) = (Vec::new(), vec![0_u32], Vec::new());
    let mut at = 0;
    while let Some(&glyph) = taken.get(at) {
        if at > 0 {
            glyf.extend(outlines.renumbered(glyph, &mut taken)?);
        }
        glyf.resize(glyf.len().next_multiple_of(4), 0);
        loca.push(u32::try_from(glyf.len()).ok()?);
        let id = GlyphId(glyph);
        hmtx.extend(face.glyph_hor_advance(id).unwrap_or(0).to_be_bytes());
        hmtx.extend(face.glyph_hor_side_bearing(id).unwrap_or(0).to_be_bytes());
        at += 1;
        if at > GLYPHS_MAX {
            return None;
        }
    }
    let count = u16::try_from(taken.len()).ok()?.to_be_bytes();
    let table = |tag: &[u8; 4]| Some(face.raw_face().table(Tag::from_bytes(tag))?.to_vec());
    let mut head = table(b"head")?;
    head.get_mut(HEAD_LOCATION_FORMAT..HEAD_LOCATION_FORMAT + 2)?
        .copy_from_slice(&1_u16.to_be_bytes());
    let mut hhea = table(b"hhea")?;
    hhea.get_mut(HHEA_METRICS_COUNT..HHEA_METRICS_COUNT + 2)?
        .copy_from_slice(&count);
    let mut maxp = table(b"maxp")?;
    maxp.get_mut(MAXP_GLYPHS_COUNT..MAXP_GLYPHS_COUNT + 2)?
        .copy_from_slice(&count);
    let loca = loca.into_iter().flat_map(u32::to_be_bytes).collect();
    let cmap = character_map(u32::try_from(glyphs.len()).ok()?);
    // In the order of their tags, as the format wants it.
    Some(file(&[
        (b"cmap", cmap),
        (b"glyf", glyf),
        (b"head", head),
        (b"hhea", hhea),
        (b"hmtx", hmtx),
        (b"loca", loca),
        (b"maxp", maxp),
    ]))
}

/// Where a font keeps its outlines.
struct Outlines<'a> {
    glyf: &'a [u8],
    loca: loca::Table<'a>,
}

impl<'a> Outlines<'a> {
    fn of(face: &Face<'a>) -> Option<Self> {
        let tables = face.tables();
        let table = |tag: &[u8; 4]| face.raw_face().table(Tag::from_bytes(tag));
        let format = tables.head.index_to_location_format;
        let loca = loca::Table::parse(tables.maxp.number_of_glyphs, format, table(b"loca")?)?;
        Some(Self {
            glyf: table(b"glyf")?,
            loca,
        })
    }

    /// The bytes of a glyph. Its parts are called by their places in `taken`, where those that are
    /// not there yet are added.
    fn renumbered(&mut self, glyph: u16, taken: &mut Vec<u16>) -> Option<Vec<u8>> {
        let Some(range) = self.loca.glyph_range(GlyphId(glyph)) else {
            return Some(Vec::new());
        };
        let mut bytes = self.glyf.get(range)?.to_vec();
        let contours = i16::from_be_bytes(*bytes.first_chunk()?);
        if contours >= 0 {
            return Some(bytes);
        }
        // After the number of contours and the four sides of the box.
        let mut at = 10;
        loop {
            let flags = u16::from_be_bytes(*bytes.get(at..)?.first_chunk()?);
            let part = bytes.get_mut(at + 2..at + 4)?;
            let number = u16::from_be_bytes([part[0], part[1]]);
            let place = taken.iter().position(|&known| known == number);
            let place = place.unwrap_or_else(|| {
                taken.push(number);
                taken.len() - 1
            });
            part.copy_from_slice(&u16::try_from(place).ok()?.to_be_bytes());
            if flags & PART_IS_FOLLOWED == 0 {
                return Some(bytes);
            }
            at += 4 + part_arguments_bytes(flags);
        }
    }
}

fn part_arguments_bytes(flags: u16) -> usize {
    let has = |flag: u16| flags & flag != 0;
    let place = if has(PART_ARGUMENTS_ARE_WORDS) { 4 } else { 2 };
    let scale = if has(PART_HAS_SCALE) {
        2
    } else if has(PART_HAS_TWO_SCALES) {
        4
    } else if has(PART_HAS_MATRIX) {
        8
    } else {
        0
    };
    place + scale
}

/// A `cmap` table with one run of characters for the glyphs 1 to `count`.
fn character_map(count: u32) -> Vec<u8> {
    let last = FIRST_CHARACTER + count.saturating_sub(1);
    let mut bytes = Vec::with_capacity(40);
    // Version 0, one subtable: Windows, all of Unicode, 12 bytes from here.
    for word in [0_u16, 1, 3, 10, 0, 12] {
        bytes.extend(word.to_be_bytes());
    }
    // Format 12, reserved; then its length, no language, one group.
    for word in [12_u16, 0] {
        bytes.extend(word.to_be_bytes());
    }
    for number in [28, 0, 1, FIRST_CHARACTER, last, 1] {
        bytes.extend(number.to_be_bytes());
    }
    bytes
}

/// A font file of these tables. Checksums are left at zero: no reader of ours looks at them.
fn file(tables: &[(&[u8; 4], Vec<u8>)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.extend(0x0001_0000_u32.to_be_bytes());
    // The three numbers after the count help a binary search that nobody does.
    for word in [tables.len() as u16, 0, 0, 0] {
        bytes.extend(word.to_be_bytes());
    }
    let mut offset = bytes.len() + 16 * tables.len();
    for (tag, table) in tables {
        bytes.extend(*tag);
        for number in [0, offset as u32, table.len() as u32] {
            bytes.extend(number.to_be_bytes());
        }
        offset += table.len().next_multiple_of(4);
    }
    for (_, table) in tables {
        bytes.extend(table);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
    }
    bytes
}
