//! Moments: a flag with words on top, and a dashed line through everything below.

use super::{TimelineLayout, placed, regular};
use crate::frame::Area;
use crate::scene::{MarkKind, Timeline};
use crate::text::{Ink, Line, Typesetter};
use crate::ticks::Scale;

/// Height of one row of flags.
pub(super) const FLAG_ROW: i32 = 20;
/// Rows of flags at most; a moment without room for its words keeps its line.
const FLAG_ROWS_MAX: usize = 5;
/// Width of the words of a flag at most, and room beside them.
const FLAG_WIDTH_MAX: f32 = 280.0;
const PADDING: i32 = 5;
/// How much of its colour the ground of a flag has.
const FLAG_COVERAGE: u8 = 40;
/// Length of a dash, and from one to the next.
const DASH: (i32, i32) = (4, 7);

/// A moment with its place.
pub(super) struct Flag {
    kind: MarkKind,
    column: i32,
    line: Line,
    /// First column and first row of pixels of the words; none if they have no room.
    words: Option<(i32, i32)>,
}

/// Flags, none of which touches another, and the rows that they take.
pub(super) fn placed_flags(
    timeline: &Timeline,
    axis: &Scale,
    columns: (i32, i32),
    top: i32,
    typesetter: &Typesetter<'_>,
) -> (Vec<Flag>, usize) {
    let inside = |at: &f64| (axis.low..=axis.high).contains(at);
    let marks = timeline.marks.iter().filter(|mark| inside(&mark.at));
    let mut flags: Vec<Flag> = marks
        .map(|mark| Flag {
            kind: mark.kind,
            column: placed(axis, columns, mark.at).round() as i32,
            line: typesetter.line(&mark.label, regular(), FLAG_WIDTH_MAX),
            words: None,
        })
        .collect();
    flags.sort_by_key(|flag| flag.column);
    // The last row stands next to the body, and is filled first.
    let mut free = [i32::MIN; FLAG_ROWS_MAX];
    let mut rows = 0;
    let mut found: Vec<Option<(i32, usize)>> = Vec::with_capacity(flags.len());
    for flag in &flags {
        let width = flag.line.width_pixels() + 2 * PADDING;
        let is_right = flag.column + width <= columns.1 + 12;
        let start = if is_right {
            flag.column
        } else {
            flag.column - width
        };
        let row = free.iter().position(|&free| start >= free);
        let place = row.filter(|_| !flag.line.glyphs.is_empty() && start >= 0);
        if let Some(row) = place {
            free[row] = start + width + 4;
            rows = rows.max(row + 1);
        }
        found.push(place.map(|row| (start, row)));
    }
    for (flag, place) in flags.iter_mut().zip(found) {
        flag.words = place.map(|(start, row)| {
            let row = (rows - 1 - row) as i32;
            (start, top + row * FLAG_ROW)
        });
    }
    (flags, rows)
}

impl TimelineLayout<'_> {
    pub(super) fn raster_mark_lines(&self, ink: &mut Ink<'_, '_>) {
        let (body_top, bottom) = self.body;
        for flag in &self.flags {
            let color = self.tones.mark(flag.kind);
            let column = |top: i32, bottom: i32| Area {
                left: flag.column,
                right: flag.column + 1,
                top,
                bottom,
            };
            let top = flag.words.map_or(body_top, |(_, top)| top);
            ink.frame.fill(column(top, body_top), color, 255);
            for top in (body_top..bottom).step_by(DASH.1 as usize) {
                let end = (top + DASH.0).min(bottom);
                ink.frame.fill(column(top, end), color, 255);
            }
        }
    }

    /// Words after all lines, so that none is drawn through another's.
    pub(super) fn raster_flags(&self, ink: &mut Ink<'_, '_>) {
        for flag in &self.flags {
            let Some((start, top)) = flag.words else {
                continue;
            };
            let color = self.tones.mark(flag.kind);
            let ground = Area {
                left: start,
                right: start + flag.line.width_pixels() + 2 * PADDING,
                top,
                bottom: top + FLAG_ROW - 2,
            };
            ink.frame.fill(ground, self.tones.ground, 255);
            ink.frame.fill(ground, color, FLAG_COVERAGE);
            let stem = Area {
                left: flag.column,
                right: flag.column + 1,
                ..ground
            };
            ink.frame.fill(stem, color, 255);
            let baseline = top + flag.line.style.ascent() + 2;
            // Most of the title's colour, so that small letters are read, and some of the mark's.
            let letters = self.tones.title.under(color, 90);
            ink.text(&flag.line, (start + PADDING) as f32, baseline, letters);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use proptest::prelude::*;

    use super::*;
    use crate::Fonts;
    use crate::fonts::FontStack;
    use crate::scene::Mark;

    /// Parsing fonts for each case would take most of the time.
    static FONTS: LazyLock<Fonts> = LazyLock::new(|| Fonts::bundled().unwrap());

    proptest! {
        #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn words_never_overlap_and_stay_inside(at in prop::collection::vec(0.0..100.0_f64, 0..64)) {
            let typesetter = Typesetter::new(FontStack::new(&FONTS));
            let marks = at.iter().enumerate().map(|(index, &at)| Mark {
                at,
                label: format!("alert {} fires", index * 997),
                kind: MarkKind::Fault,
            });
            let timeline = Timeline { seconds: (0.0, 100.0), marks: marks.collect(), ..Timeline::default() };
            let axis = Scale { low: 0.0, high: 100.0, ticks: Vec::new() };
            let (flags, rows) = placed_flags(&timeline, &axis, (100, 1_180), 60, &typesetter);
            prop_assert!(rows <= FLAG_ROWS_MAX && flags.len() == at.len());
            let spans: Vec<(i32, i32, i32)> = flags.iter().filter_map(|flag| {
                let (start, top) = flag.words?;
                Some((start, start + flag.line.width_pixels() + 2 * PADDING, top))
            }).collect();
            for (index, a) in spans.iter().enumerate() {
                prop_assert!(a.0 >= 0 && a.1 <= 1_200 && a.2 >= 60, "{a:?}");
                for b in &spans[index + 1..] {
                    prop_assert!(a.2 != b.2 || a.1 <= b.0 || b.1 <= a.0, "{a:?} {b:?}");
                }
            }
        }
    }
}
