//! Marks: vertical lines with a flag each, where flags have room beside each other.

use super::{Axes, Layout, pixels, text_size};
use crate::Color;
use crate::frame::Area;
use crate::scene::{Chart, Mark, MarkKind};
use crate::text::{Ink, Line, TextStyle, Typesetter};

const LABEL_SIZE: f32 = 11.5;
/// Height of one row of flags, in pixels at scale 1.
pub(super) const FLAG_ROW: f32 = 18.0;
/// Rows of flags over a plot.
pub(super) const FLAG_ROWS_MAX: usize = 2;
/// Width of a flag at most, and room beside its text, in pixels at scale 1.
const FLAG_WIDTH_MAX: f32 = 150.0;
const PADDING: f32 = 4.0;
/// How much of its colour the ground of a flag has.
const FLAG_COVERAGE: u8 = 46;
/// Length of a dash of a mark's line and from one to the next.
const DASH: (f32, f32) = (4.0, 6.0);

/// A flag with its place.
struct Flag<'c> {
    mark: &'c Mark,
    /// Column of the mark.
    x: i32,
    line: Line,
    /// First column and row of flags, 0 nearest to the plot; none if it has no room.
    place: Option<(i32, usize)>,
}

/// Rows that the flags of a chart need, each `width` pixels wide at most.
pub(super) fn rows_needed(
    chart: &Chart,
    x: Option<(f64, f64)>,
    width: i32,
    scale: f32,
    typesetter: &Typesetter<'_>,
) -> usize {
    let Some((low, high)) = x else { return 0 };
    // Nearly the places that they will have: the labels of the vertical axis are not set yet.
    let position = |at: f64| {
        let part = (at / 2.0 - low / 2.0) / (high / 2.0 - low / 2.0);
        (part.is_finite() && (0.0..=1.0).contains(&part)).then(|| (part * f64::from(width)) as i32)
    };
    let flags = flags(chart, scale, typesetter, position);
    let flags = placed(flags, (0, width), scale, FLAG_ROWS_MAX);
    let rows = flags.iter().filter_map(|flag| flag.place);
    rows.map(|(_, row)| row + 1).max().unwrap_or(0)
}

fn flags<'c>(
    chart: &'c Chart,
    scale: f32,
    typesetter: &Typesetter<'_>,
    position: impl Fn(f64) -> Option<i32>,
) -> Vec<Flag<'c>> {
    let style = TextStyle::regular(text_size(LABEL_SIZE, scale));
    let marks = chart.marks.iter().filter(|mark| mark.at.is_finite());
    let flag = |mark: &'c Mark| {
        let x = position(mark.at)?;
        let line = typesetter.line(&mark.label, style, FLAG_WIDTH_MAX * scale);
        let place = None;
        Some(Flag {
            mark,
            x,
            line,
            place,
        })
    };
    let mut flags: Vec<Flag<'c>> = marks.filter_map(flag).collect();
    // Stable: of two at one place the first one given is asked first.
    flags.sort_by_key(|flag| flag.x);
    flags
}

/// Gives each flag the lowest row where it touches no other.
fn placed<'c>(
    mut flags: Vec<Flag<'c>>,
    (left, right): (i32, i32),
    scale: f32,
    rows: usize,
) -> Vec<Flag<'c>> {
    let mut free = [left; FLAG_ROWS_MAX];
    for flag in flags.iter_mut().filter(|flag| !flag.line.glyphs.is_empty()) {
        let width = flag.line.width_pixels() + 2 * pixels(PADDING, scale);
        // A flag flies to the right of its mark, at the right end of the plot to the left.
        let start = if flag.x + width > right {
            flag.x - width
        } else {
            flag.x
        };
        let row = free[..rows.min(FLAG_ROWS_MAX)]
            .iter()
            .position(|&free| start >= free);
        if let Some(row) = row.filter(|_| start >= left) {
            flag.place = Some((start, row));
            free[row] = start + width + pixels(3.0, scale);
        }
    }
    flags
}

impl Layout<'_> {
    pub(super) fn raster_marks(&self, chart: &Chart, axes: &Axes, ink: &mut Ink<'_, '_>) {
        let inside = |at: f64| (axes.x.low..=axes.x.high).contains(&at);
        let position = |at: f64| inside(at).then(|| self.x_pixel(axes, at).round() as i32);
        let flags = flags(chart, self.scale, ink.typesetter, position);
        let ends = (self.plot.left, self.plot.right);
        let flags = placed(flags, ends, self.scale, self.flag_rows);
        // All lines before all flags, so that none is drawn through another's words.
        for flag in &flags {
            self.raster_mark_line(flag, ink);
        }
        for flag in &flags {
            self.raster_flag(flag, ink);
        }
    }

    /// First row of pixels of a flag, or of its mark's line if it has no place.
    fn flag_top(&self, flag: &Flag<'_>) -> i32 {
        let row_height = pixels(FLAG_ROW, self.scale);
        flag.place.map_or(self.plot.top, |(_, row)| {
            self.plot.top - self.band_strip - row_height * (row as i32 + 1)
        })
    }

    fn raster_mark_line(&self, flag: &Flag<'_>, ink: &mut Ink<'_, '_>) {
        let color = self.tones.mark(flag.mark.kind);
        let pen = pixels(1.0, self.scale).max(1);
        let column = Area {
            left: flag.x - pen / 2,
            right: flag.x - pen / 2 + pen,
            top: self.flag_top(flag),
            bottom: self.plot.top,
        };
        ink.frame.fill(column, color, 255);
        let (dash, period) = (pixels(DASH.0, self.scale), pixels(DASH.1, self.scale));
        for top in (self.plot.top..self.plot.bottom).step_by(period.max(1) as usize) {
            let bottom = (top + dash).min(self.plot.bottom);
            ink.frame.fill(
                Area {
                    top,
                    bottom,
                    ..column
                },
                color,
                255,
            );
        }
    }

    fn raster_flag(&self, flag: &Flag<'_>, ink: &mut Ink<'_, '_>) {
        let Some((start, _)) = flag.place else { return };
        let color = self.tones.mark(flag.mark.kind);
        let top = self.flag_top(flag);
        let padding = pixels(PADDING, self.scale);
        let ground = Area {
            left: start,
            right: start + flag.line.width_pixels() + 2 * padding,
            top,
            bottom: top + pixels(FLAG_ROW, self.scale) - pixels(2.0, self.scale),
        };
        ink.frame.fill(ground, self.tones.ground, 255);
        ink.frame.fill(ground, color, FLAG_COVERAGE);
        let stem = Area {
            left: flag.x - pixels(1.0, self.scale).max(1) / 2,
            right: flag.x - pixels(1.0, self.scale).max(1) / 2 + pixels(1.0, self.scale).max(1),
            ..ground
        };
        ink.frame.fill(stem, color, 255);
        let baseline = top + flag.line.style.ascent() + pixels(0.5, self.scale);
        ink.text(
            &flag.line,
            (start + padding) as f32,
            baseline,
            self.flag_ink(flag.mark.kind),
        );
    }

    fn flag_ink(&self, kind: MarkKind) -> Color {
        // Most of the title's colour, so that small letters are read, and some of the mark's.
        self.tones.title.under(self.tones.mark(kind), 110)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use proptest::prelude::*;

    use super::*;
    use crate::Fonts;
    use crate::fonts::FontStack;

    /// Parsing fonts for each case would take most of the time.
    static FONTS: LazyLock<Fonts> = LazyLock::new(|| Fonts::bundled().unwrap());

    proptest! {
        #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn flags_never_overlap_and_stay_inside(at in prop::collection::vec(0.0..1_000.0_f64, 0..64), rows in 0..=2_usize) {
            let typesetter = Typesetter::new(FontStack::new(&FONTS));
            let marks = at.iter().enumerate().map(|(index, &at)| Mark {
                at,
                label: format!("release {}", index * 997),
                kind: MarkKind::Deploy,
            });
            let chart = Chart { marks: marks.collect(), ..Chart::default() };
            let flags = flags(&chart, 1.0, &typesetter, |at| Some(at as i32));
            let flags = placed(flags, (0, 1_000), 1.0, rows);
            let spans: Vec<(i32, i32, usize)> = flags.iter().filter_map(|flag| {
                let (left, row) = flag.place?;
                Some((left, left + flag.line.width_pixels() + 8, row))
            }).collect();
            prop_assert!(rows > 0 || spans.is_empty());
            for (index, a) in spans.iter().enumerate() {
                prop_assert!(a.0 >= 0 && a.1 <= 1_000 && a.2 < rows, "{a:?}");
                for b in &spans[index + 1..] {
                    prop_assert!(a.2 != b.2 || a.1 <= b.0 || b.1 <= a.0, "{a:?} {b:?}");
                }
            }
        }
    }
}
