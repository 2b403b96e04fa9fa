//! A timeline: lanes of bars above, strips of figures below, moments through both.

mod layout;
mod flags;
mod bars;
mod strips;

use super::{Tones, shapes};
use crate::Color;
use crate::frame::Area;
use crate::scene::Timeline;
use crate::text::{Ink, Line, TextStyle};
use crate::ticks::Scale;
use bars::BarRow;
use flags::Flag;
use strips::StripPlace;

/// From the edge of the picture, in pixels, like all lengths here.
const MARGIN: i32 = 20;
const TITLE_SIZE: u16 = 20;
const TEXT_SIZE: u16 = 13;
const SMALL_SIZE: u16 = 12;
/// Colour of a bar that is a fault, and of one that is not.
const FAULT: Color = Color::rgb(0xe69f00);
const OTHER: Color = Color::rgb(0x94a3b8);
/// How much of the faults' colour their ground in a strip has.
const SHADE_COVERAGE: u8 = 26;

/// Where everything of a timeline goes.
pub(crate) struct TimelineLayout<'a> {
    timeline: &'a Timeline,
    tones: Tones,
    height: u32,
    word: Option<(Line, Area)>,
    title: (Line, i32, i32),
    subtitle: (Line, i32),
    /// First and last column of the axis.
    columns: (i32, i32),
    axis: Scale,
    axis_labels: Vec<Line>,
    flags: Vec<Flag>,
    /// Rows between the flags and the axis.
    body: (i32, i32),
    bars: Vec<BarRow<'a>>,
    strips: Vec<StripPlace<'a>>,
}

impl TimelineLayout<'_> {
    /// In pixels.
    pub(crate) fn height(&self) -> u32 {
        self.height
    }

    pub(crate) fn raster(&self, ink: &mut Ink<'_, '_>) {
        ink.frame.resize(self.timeline.width, self.height);
        ink.frame.clear(self.tones.ground);
        self.raster_head(ink);
        self.raster_shades(ink);
        self.raster_axis(ink);
        // Lines of moments before what has words, so that none is drawn through them.
        self.raster_mark_lines(ink);
        self.raster_bars(ink);
        self.raster_strips(ink);
        self.raster_flags(ink);
    }

    fn raster_head(&self, ink: &mut Ink<'_, '_>) {
        if let Some((line, area)) = &self.word {
            let color = self.timeline.word_color;
            ink.frame.fill_round(*area, 5.0, color, 255);
            let baseline = area.top + line.style.ascent() + 3;
            ink.text(line, (area.left + 9) as f32, baseline, Color::WHITE);
        }
        let (line, left, baseline) = &self.title;
        ink.text(line, *left as f32, *baseline, self.tones.title);
        let (line, baseline) = &self.subtitle;
        ink.text(line, MARGIN as f32, *baseline, self.tones.text);
    }

    /// Grounds of the faults, so that it is seen in each strip what was broken.
    fn raster_shades(&self, ink: &mut Ink<'_, '_>) {
        let mut spans: Vec<(i32, i32)> = self
            .bars
            .iter()
            .filter(|row| row.is_fault)
            .flat_map(|row| row.bars.iter().map(|bar| bar.columns))
            .collect();
        spans.sort_unstable();
        // What overlaps is shaded once: many faults are no darker than one.
        let mut done = i32::MIN;
        for (left, right) in spans {
            let left = left.max(done);
            for strip in self.strips.iter().filter(|_| left < right) {
                let area = Area {
                    left,
                    right,
                    ..strip.plot
                };
                ink.frame.fill(area, FAULT, SHADE_COVERAGE);
            }
            done = done.max(right);
        }
    }

    fn raster_axis(&self, ink: &mut Ink<'_, '_>) {
        let (top, bottom) = self.body;
        let mut free = i32::MIN;
        for (tick, label) in self.axis.ticks.iter().zip(&self.axis_labels) {
            let Some(x) = self.column(tick.value) else {
                continue;
            };
            let column = Area {
                left: x,
                right: x + 1,
                top,
                bottom: bottom + 4,
            };
            ink.frame.fill(column, self.tones.grid, 255);
            let width = label.width_pixels();
            let left = (x - width / 2).clamp(0, self.timeline.width as i32 - width.max(0));
            if left >= free {
                let baseline = bottom + 6 + label.style.ascent();
                ink.text(label, left as f32, baseline, self.tones.text);
                free = left + width + 8;
            }
        }
        let line = Area {
            left: self.columns.0,
            right: self.columns.1,
            top: bottom,
            bottom: bottom + 1,
        };
        ink.frame.fill(line, self.tones.base, 255);
    }

    /// Column of a time, if it is on the axis.
    fn column(&self, seconds: f64) -> Option<i32> {
        let inside = (self.axis.low..=self.axis.high).contains(&seconds);
        inside.then(|| self.place(seconds).round() as i32)
    }

    /// Column of a time, or of the end of the axis that is next to it.
    fn place(&self, seconds: f64) -> f32 {
        placed(&self.axis, self.columns, seconds)
    }
}

/// Column of a time on an axis, or of its end that is next to it.
fn placed(axis: &Scale, (left, right): (i32, i32), seconds: f64) -> f32 {
    let part = axis.position(seconds).clamp(0.0, 1.0);
    left as f32 + (part * f64::from(right - left)) as f32
}

fn regular() -> TextStyle {
    TextStyle::regular(SMALL_SIZE)
}
