//! Lanes: bars beside each other, in rows where they would overlap.

use super::{FAULT, MARGIN, OTHER, TimelineLayout, placed, regular, shapes};
use crate::Color;
use crate::frame::Area;
use crate::scene::{Bar, Lane, Timeline};
use crate::text::{Ink, Line, Typesetter};
use crate::ticks::Scale;

/// Height of a row, and of the bar in it.
pub(super) const BAR_ROW: i32 = 23;
const BAR_HEIGHT: i32 = 19;
/// A bar is at least as wide, so that a moment is seen.
const BAR_WIDTH_MIN: i32 = 3;
/// Room beside the words of a bar, and the least room for which they are cut.
const PADDING: i32 = 6;
const ROOM_MIN: i32 = 40;
/// How much of its colour the weakest bar has, and what the strongest has more.
const COVERAGE: (f64, f64) = (70.0, 185.0);
/// Width of the hatched end of a bar that did not end.
const OPEN_WIDTH: i32 = 14;
/// Words on a bar: bars are light in every theme.
const INK: Color = Color::rgb(0x0f172a);

/// Bars in one row.
pub(super) struct BarRow<'a> {
    /// Of its lane; only the first row has it.
    name: Option<Line>,
    pub(super) is_fault: bool,
    top: i32,
    pub(super) bars: Vec<PlacedBar<'a>>,
}

/// A bar with its place.
pub(super) struct PlacedBar<'a> {
    bar: &'a Bar,
    pub(super) columns: (i32, i32),
    label: Option<Label>,
}

struct Label {
    line: Line,
    left: i32,
    is_inside: bool,
}

/// Every row, from `top` on.
pub(super) fn rows<'a>(
    timeline: &'a Timeline,
    axis: &Scale,
    columns: (i32, i32),
    top: i32,
    typesetter: &Typesetter<'_>,
) -> Vec<BarRow<'a>> {
    let mut all: Vec<BarRow<'a>> = Vec::new();
    for lane in &timeline.lanes {
        let name = typesetter.line(&lane.name, regular(), (columns.0 - MARGIN - 10) as f32);
        let mut name = Some(name);
        let mut packed = packed(lane, axis, columns);
        if packed.is_empty() {
            packed.push(Vec::new());
        }
        for bars in packed {
            all.push(BarRow {
                name: name.take(),
                is_fault: lane.is_fault,
                top: top + all.len() as i32 * BAR_ROW,
                bars: labelled(bars, columns.1, typesetter),
            });
        }
    }
    all
}

type Columns<'a> = (&'a Bar, (i32, i32));

/// The bars of a lane in as few rows as they need when each takes the first that has room.
fn packed<'a>(lane: &'a Lane, axis: &Scale, columns: (i32, i32)) -> Vec<Vec<Columns<'a>>> {
    let is_seen = |bar: &&Bar| {
        let is_sound = bar.from.is_finite() && bar.to.is_finite();
        is_sound && bar.from.min(bar.to) <= axis.high && bar.from.max(bar.to) >= axis.low
    };
    let mut bars: Vec<&Bar> = lane.bars.iter().filter(is_seen).collect();
    bars.sort_by(|a, b| a.from.min(a.to).total_cmp(&b.from.min(b.to)));
    let mut rows: Vec<Vec<Columns<'a>>> = Vec::new();
    for bar in bars {
        let left = placed(axis, columns, bar.from.min(bar.to)).round() as i32;
        let right = placed(axis, columns, bar.from.max(bar.to)).round() as i32;
        let left = left.min(columns.1 - BAR_WIDTH_MIN);
        let span = (left, right.max(left + BAR_WIDTH_MIN));
        let is_free = |row: &&mut Vec<Columns<'_>>| {
            let last = row.last();
            last.is_none_or(|(_, (_, end))| *end <= span.0 + 1)
        };
        match rows.iter_mut().find(is_free) {
            Some(row) => row.push((bar, span)),
            None => rows.push(vec![(bar, span)]),
        }
    }
    rows
}

/// Words on each bar, or beside it where they have more room.
fn labelled<'a>(
    bars: Vec<Columns<'a>>,
    right: i32,
    typesetter: &Typesetter<'_>,
) -> Vec<PlacedBar<'a>> {
    let starts: Vec<i32> = bars.iter().map(|(_, (left, _))| *left).collect();
    let bars = bars.into_iter().enumerate();
    let place = |(index, (bar, columns)): (usize, Columns<'a>)| {
        let next = starts.get(index + 1).copied().unwrap_or(right);
        let inside = columns.1 - columns.0 - 2 * PADDING;
        let beside = next - columns.1 - 2 * PADDING;
        let whole = typesetter.line(&bar.label, regular(), f32::MAX);
        let is_inside = whole.width_pixels() <= inside || inside >= beside;
        let room = if is_inside { inside } else { beside };
        let line = if whole.width_pixels() <= room {
            Some(whole)
        } else {
            (room >= ROOM_MIN).then(|| typesetter.line(&bar.label, regular(), room as f32))
        };
        let line = line.filter(|line| !line.glyphs.is_empty());
        let label = line.map(|line| Label {
            line,
            left: PADDING + if is_inside { columns.0 } else { columns.1 },
            is_inside,
        });
        PlacedBar {
            bar,
            columns,
            label,
        }
    };
    bars.map(place).collect()
}

impl TimelineLayout<'_> {
    pub(super) fn raster_bars(&self, ink: &mut Ink<'_, '_>) {
        for row in &self.bars {
            let baseline = row.top + (BAR_HEIGHT - regular().leading()) / 2 + regular().ascent();
            if let Some(name) = &row.name {
                let left = self.columns.0 - 10 - name.width_pixels();
                ink.text(name, left as f32, baseline, self.tones.title);
            }
            let track = Area {
                left: self.columns.0,
                right: self.columns.1,
                top: row.top + BAR_HEIGHT / 2,
                bottom: row.top + BAR_HEIGHT / 2 + 1,
            };
            ink.frame.fill(track, self.tones.grid, 255);
            for bar in &row.bars {
                raster_bar(bar, row, ink);
                if let Some(label) = &bar.label {
                    self.raster_label(label, row.top, baseline, ink);
                }
            }
        }
    }

    fn raster_label(&self, label: &Label, top: i32, baseline: i32, ink: &mut Ink<'_, '_>) {
        let (line, left) = (&label.line, label.left);
        if !label.is_inside {
            let ground = Area {
                left: left - 2,
                right: left + line.width_pixels() + 2,
                top,
                bottom: top + BAR_HEIGHT,
            };
            ink.frame.fill(ground, self.tones.ground, 255);
        }
        let color = if label.is_inside {
            INK
        } else {
            self.tones.title
        };
        ink.text(line, left as f32, baseline, color);
    }
}

fn raster_bar(bar: &PlacedBar<'_>, row: &BarRow<'_>, ink: &mut Ink<'_, '_>) {
    let color = if row.is_fault { FAULT } else { OTHER };
    let strength = bar.bar.strength;
    // A strength that is no number is full: nothing is shown weaker than it was.
    let strength = if strength.is_finite() {
        strength.clamp(0.0, 1.0)
    } else {
        1.0
    };
    let coverage = if row.is_fault {
        (COVERAGE.0 + COVERAGE.1 * strength) as u8
    } else {
        COVERAGE.0 as u8
    };
    let area = Area {
        left: bar.columns.0,
        right: bar.columns.1,
        top: row.top,
        bottom: row.top + BAR_HEIGHT,
    };
    ink.frame
        .fill(area, Color::WHITE.under(color, coverage), 255);
    let dark = color.under(Color::rgb(0), 90);
    let edge = |left: i32, right: i32| Area {
        left,
        right,
        ..area
    };
    ink.frame.fill(edge(area.left, area.left + 2), dark, 255);
    if bar.bar.is_open {
        let open = edge((area.right - OPEN_WIDTH).max(area.left), area.right);
        shapes::hatch(ink.frame, open, 1.0, dark);
    } else {
        ink.frame.fill(edge(area.right - 1, area.right), dark, 255);
    }
}
