//! Bars: one for each point, beside those of other series or stacked on them.

use super::data::Row;
use super::layers::{self, Slice};
use super::pen::{Paint, Pen};
use super::{Axes, Layout};
use crate::frame::Area;
use crate::scene::Chart;
use crate::text::Ink;

/// The part of a step that its bars take together.
const FILLED: f32 = 0.8;
/// Width of all bars of a step at most, in pixels at scale 1.
const GROUP_MAX: f32 = 90.0;
/// Bars narrower than this, in pixels, are drawn as the outline of all bars of a column.
const NARROW: f32 = 2.0;
/// Bars from this width on have a column of room between them.
const APART: f32 = 5.0;

/// Where the bars of one series stand, in pixels from the place of their point.
#[derive(Debug, Clone, Copy)]
struct Slot {
    left: f32,
    width: f32,
}

/// A span of rows in each column of the plot.
type Columns = Vec<(f32, f32)>;

impl Layout<'_> {
    pub(super) fn raster_bars(&self, chart: &Chart, axes: &Axes, ink: &mut Ink<'_, '_>) {
        let group = self.group_width(axes);
        if chart.is_stacked() {
            return self.raster_stacked_bars(axes, group, ink);
        }
        let mut pen = Pen::new(self.plot);
        let count = self.data.rows.len().max(1) as f32;
        for (index, row) in self.data.rows.iter().enumerate().rev() {
            let slot = Slot {
                left: group * (index as f32 / count - 0.5),
                width: group / count,
            };
            let bars = row.points.iter().map(|&(x, y)| (x, 0.0, y));
            if slot.width >= NARROW {
                self.raster_wide(row, bars, slot, axes, ink);
            } else {
                let columns = self.columns(bars, axes);
                raster_narrow(row, self.plot.left, &columns, &mut pen, ink);
            }
        }
    }

    fn raster_stacked_bars(&self, axes: &Axes, group: f32, ink: &mut Ink<'_, '_>) {
        let slot = Slot {
            left: -group / 2.0,
            width: group,
        };
        if slot.width >= NARROW {
            return layers::for_each(&self.data.rows, |index, slices| {
                let row = &self.data.rows[index];
                self.raster_wide(row, slices.iter().copied(), slot, axes, ink);
            });
        }
        // Narrow ones are painted from the highest layer down, each from zero, so that of every
        // column the highest sum is seen.
        let mut all = Vec::with_capacity(self.data.rows.len());
        layers::for_each(&self.data.rows, |_, slices| {
            all.push(self.columns(slices.iter().map(|&(x, _, to)| (x, 0.0, to)), axes));
        });
        let mut pen = Pen::new(self.plot);
        for (row, columns) in self.data.rows.iter().zip(&all).rev() {
            raster_narrow(row, self.plot.left, columns, &mut pen, ink);
        }
    }

    /// Width of all bars of one place, in pixels.
    fn group_width(&self, axes: &Axes) -> f32 {
        let span = axes.x.high / 2.0 - axes.x.low / 2.0;
        let part = self.data.step / 2.0 / span;
        let step = if part.is_finite() && part > 0.0 {
            part as f32 * self.plot.width() as f32
        } else {
            self.plot.width() as f32
        };
        (step * FILLED).min(GROUP_MAX * self.scale)
    }

    /// Paints each bar as a rectangle of whole pixels.
    fn raster_wide(
        &self,
        row: &Row<'_>,
        bars: impl Iterator<Item = Slice>,
        slot: Slot,
        axes: &Axes,
        ink: &mut Ink<'_, '_>,
    ) {
        let gap = i32::from(slot.width >= APART);
        for (x, from, to) in bars.filter(is_bar) {
            let left = (self.x_pixel(axes, x) + slot.left).round() as i32;
            let right = (self.x_pixel(axes, x) + slot.left + slot.width).round() as i32;
            let (a, b) = (self.y_pixel(axes, from), self.y_pixel(axes, to));
            let (top, bottom) = (a.min(b).round() as i32, a.max(b).round() as i32);
            // The least of values is something, and nothing is nothing.
            let least = i32::from(from != to);
            let area = Area {
                left: left.max(self.plot.left),
                right: (right - gap).max(left + 1).min(self.plot.right),
                top: if to >= from {
                    top.min(bottom - least)
                } else {
                    top
                },
                bottom: if to >= from {
                    bottom
                } else {
                    bottom.max(top + least)
                },
            };
            ink.frame.fill(area, row.color, 255);
        }
    }

    /// What the bars cover of each column.
    fn columns(&self, bars: impl Iterator<Item = Slice>, axes: &Axes) -> Columns {
        let mut columns = vec![(f32::INFINITY, f32::NEG_INFINITY); self.plot.width() as usize];
        for (x, from, to) in bars.filter(is_bar) {
            let column = (self.x_pixel(axes, x) - self.plot.left as f32) as usize;
            let last = columns.len().saturating_sub(1);
            let Some(span) = columns.get_mut(column.min(last)) else {
                continue;
            };
            let (a, b) = (self.y_pixel(axes, from), self.y_pixel(axes, to));
            *span = (span.0.min(a.min(b)), span.1.max(a.max(b)));
        }
        columns
    }
}

fn is_bar(&(x, from, to): &Slice) -> bool {
    x.is_finite() && from.is_finite() && to.is_finite()
}

fn raster_narrow(
    row: &Row<'_>,
    left: i32,
    columns: &Columns,
    pen: &mut Pen,
    ink: &mut Ink<'_, '_>,
) {
    let paint = Paint {
        color: row.color,
        opacity: 255,
    };
    pen.fill_columns(left, columns, paint, ink.frame);
}
