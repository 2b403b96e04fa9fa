//! Kerning: how much closer two glyphs stand, as the font's `kern` or `GPOS` table says.

use ttf_parser::gpos::{PairAdjustment, PositioningSubtable};
use ttf_parser::{Face, GlyphId, Tag, kern};

/// Tables of pairs that are looked at for one font; what stands behind them is ignored.
const TABLES_MAX: usize = 64;

/// The pairs of one font, found once. The old table is taken where there is one: it is the faster,
/// and fonts that have both say the same in both.
pub(super) struct Kerning<'a> {
    old: Vec<kern::Subtable<'a>>,
    new: Vec<PairAdjustment<'a>>,
}

impl<'a> Kerning<'a> {
    pub(super) fn of(face: &Face<'a>) -> Self {
        let old = old_tables(face);
        let new = if old.is_empty() {
            new_tables(face).unwrap_or_default()
        } else {
            Vec::new()
        };
        Self { old, new }
    }

    /// What to add between two glyphs, in font units: mostly 0, and negative for "AV".
    pub(super) fn between(&self, left: u16, right: u16) -> i16 {
        let (left, right) = (GlyphId(left), GlyphId(right));
        let old = |table: &kern::Subtable<'_>| table.glyphs_kerning(left, right);
        if let Some(units) = self.old.iter().find_map(old) {
            return units;
        }
        let new = |table: &PairAdjustment<'_>| pair(table, left, right);
        self.new.iter().find_map(new).unwrap_or(0)
    }
}

fn old_tables<'a>(face: &Face<'a>) -> Vec<kern::Subtable<'a>> {
    let Some(table) = face.tables().kern else {
        return Vec::new();
    };
    table
        .subtables
        .into_iter()
        .filter(|table| table.horizontal && !table.variable)
        .filter(|table| !table.has_cross_stream && !table.has_state_machine)
        .take(TABLES_MAX)
        .collect()
}

/// The pairs of the feature `kern` in the script that suits a mixed text: Latin, else the default.
fn new_tables<'a>(face: &Face<'a>) -> Option<Vec<PairAdjustment<'a>>> {
    let table = face.tables().gpos?;
    let script = |tag: &[u8; 4]| table.scripts.find(Tag::from_bytes(tag));
    let script = script(b"latn").or_else(|| script(b"DFLT"))?;
    let mut found = Vec::new();
    for index in script.default_language?.feature_indices {
        let feature = table.features.get(index);
        let Some(feature) = feature.filter(|it| it.tag == Tag::from_bytes(b"kern")) else {
            continue;
        };
        for lookup in feature.lookup_indices {
            let subtables = table.lookups.get(lookup)?.subtables;
            let pairs = subtables.into_iter().filter_map(|subtable| match subtable {
                PositioningSubtable::Pair(pairs) => Some(pairs),
                _ => None,
            });
            found.extend(pairs.take(TABLES_MAX - found.len()));
        }
    }
    Some(found)
}

/// What a table says about a pair; none if it does not know it.
fn pair(table: &PairAdjustment<'_>, left: GlyphId, right: GlyphId) -> Option<i16> {
    let row = table.coverage().get(left)?;
    let (first, _) = match table {
        PairAdjustment::Format1 { sets, .. } => sets.get(row)?.get(right)?,
        PairAdjustment::Format2 {
            classes, matrix, ..
        } => matrix.get((classes.0.get(left), classes.1.get(right)))?,
    };
    Some(first.x_advance)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn units(face: &Face<'_>, kerning: &Kerning<'_>, pair: &str) -> i16 {
        let mut glyphs = pair.chars().map(|it| face.glyph_index(it).unwrap().0);
        kerning.between(glyphs.next().unwrap(), glyphs.next().unwrap())
    }

    #[test]
    fn known_pairs_of_the_bundled_font_stand_closer_in_both_of_its_tables() {
        for bytes in [dejavu::sans::regular(), dejavu::sans::bold()] {
            let face = Face::parse(bytes, 0).unwrap();
            let both = Kerning::of(&face);
            let new = Kerning {
                old: Vec::new(),
                new: new_tables(&face).unwrap(),
            };
            for pair in ["AV", "To", "LT", "Ye"] {
                let kern = units(&face, &both, pair);
                assert!((-400..-50).contains(&kern), "{pair}: {kern}");
                assert_eq!(units(&face, &new, pair), kern, "{pair}");
            }
            assert_eq!(units(&face, &both, "HH"), 0);
            assert_eq!(units(&face, &new, "HH"), 0);
        }
    }
}
