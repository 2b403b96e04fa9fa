//! Lines and areas: unbroken runs of points, and the points that stand alone.

use super::data::{Point, Row};
use super::pen::{Paint, Pen, Pixel};
use super::{Axes, Layout, layers, shapes};
use crate::scene::{Chart, Kind};
use crate::text::Ink;

/// Width of a line and radius of a point that stands alone.
const PEN: f32 = 2.0;
const POINT_RADIUS: f32 = 3.0;
/// Width of a line on top of a filled layer.
const LAYER_PEN: f32 = 1.5;

/// How much of its colour the area under the only line of a chart has, under one of an area chart,
/// and of one that stands on others.
const ONLY_AREA: u8 = 26;
const AREA: u8 = 64;
const LAYER_AREA: u8 = 150;

/// A gap narrower than this cannot be seen, in pixels.
const GAP_SEEN: f32 = 0.5;

impl Layout<'_> {
    /// Draws the series, the first on top, because it is the one that matters most.
    pub(super) fn raster_lines(&self, chart: &Chart, axes: &Axes, ink: &mut Ink<'_, '_>) {
        let mut pen = Pen::new(self.plot);
        if chart.is_stacked() {
            return self.raster_layers(axes, &mut pen, ink);
        }
        let area = match chart.kind {
            Kind::Area => AREA,
            _ if chart.series.len() == 1 => ONLY_AREA,
            _ => 0,
        };
        // All areas before all lines, so that no line is dulled by another's area.
        for row in self.data.rows.iter().rev().filter(|_| area > 0) {
            self.raster_area(row, axes, area, &mut pen, ink);
        }
        for row in self.data.rows.iter().rev() {
            for run in self.runs(&row.points, axes) {
                if let [dot] = run[..] {
                    shapes::disc(ink.frame, dot, POINT_RADIUS * self.scale, row.color);
                } else {
                    pen.stroke(&run, PEN * self.scale / 2.0, opaque(row), ink.frame);
                }
            }
        }
    }

    /// Fills between the lines of a series and zero.
    fn raster_area(
        &self,
        row: &Row<'_>,
        axes: &Axes,
        opacity: u8,
        pen: &mut Pen,
        ink: &mut Ink<'_, '_>,
    ) {
        let base = self.y_pixel(axes, 0.0);
        let paint = Paint {
            color: row.color,
            opacity,
        };
        for run in self.runs(&row.points, axes) {
            if let [first, .., last] = run[..] {
                let ground = [(first.0, base), (last.0, base)];
                pen.fill_between((&run, &ground), paint, ink.frame);
            }
        }
    }

    /// Draws series on top of each other, from the lowest to the highest.
    fn raster_layers(&self, axes: &Axes, pen: &mut Pen, ink: &mut Ink<'_, '_>) {
        layers::for_each(&self.data.rows, |index, slices| {
            let row = &self.data.rows[index];
            let is_gap = |slice: &layers::Slice| slice.2.is_nan();
            for run in slices.split(is_gap).filter(|run| !run.is_empty()) {
                let place = |x, y| (self.x_pixel(axes, x), self.y_pixel(axes, y));
                let lower: Vec<Pixel> = run.iter().map(|&(x, low, _)| place(x, low)).collect();
                let upper: Vec<Pixel> = run.iter().map(|&(x, _, high)| place(x, high)).collect();
                if let [dot] = upper.as_slice() {
                    let radius = POINT_RADIUS * self.scale;
                    shapes::disc(ink.frame, *dot, radius, row.color);
                    continue;
                }
                let paint = Paint {
                    color: row.color,
                    opacity: LAYER_AREA,
                };
                pen.fill_between((&upper, &lower), paint, ink.frame);
                let radius = LAYER_PEN * self.scale / 2.0;
                pen.stroke(&upper, radius, opaque(row), ink.frame);
            }
        });
    }

    /// The unbroken runs of points, in pixels: gaps are where a number is not finite. A gap too
    /// narrow to be seen is none, which bounds the runs by the columns.
    fn runs<'p>(
        &'p self,
        points: &'p [Point],
        axes: &'p Axes,
    ) -> impl Iterator<Item = Vec<Pixel>> + 'p {
        let is_gap = |&(x, y): &Point| !(x.is_finite() && y.is_finite());
        let place = |&(x, y): &Point| (self.x_pixel(axes, x), self.y_pixel(axes, y));
        let mut pieces = points
            .split(is_gap)
            .filter(|run| !run.is_empty())
            .peekable();
        std::iter::from_fn(move || {
            let mut run: Vec<Pixel> = pieces.next()?.iter().map(place).collect();
            let is_near = |run: &[Pixel], next: &[Point]| {
                let ends = run.last().zip(next.first());
                ends.is_some_and(|(end, next)| place(next).0 - end.0 < GAP_SEEN)
            };
            while let Some(next) = pieces.next_if(|next| is_near(&run, next)) {
                run.extend(next.iter().map(place));
            }
            Some(run)
        })
    }
}

fn opaque(row: &Row<'_>) -> Paint {
    Paint {
        color: row.color,
        opacity: 255,
    }
}
