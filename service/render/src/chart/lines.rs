//! The lines themselves: runs of points, thinned to what the pixels can show, stroked.

use tiny_skia::{FillRule, LineCap, LineJoin, Mask, PathBuilder, Stroke, Transform};

use super::{Axes, Layout};
use crate::scene::{Chart, Series};
use crate::text::Ink;

/// Room around the plot for the pen, in pixels.
const BORDER: i32 = 12;

/// Width of a line and radius of a point that stands alone.
const PEN: f32 = 2.0;
const POINT_RADIUS: f32 = 3.0;

/// How much of its colour the area under the only line of a chart has.
const AREA_COVERAGE: u8 = 26;

/// A point in the pixels of the mask.
type Pixel = (f32, f32);

impl Layout {
    /// Draws the series, the first on top, because it is the one that matters most.
    pub(super) fn raster_lines(&self, chart: &Chart, axes: &Axes, ink: &mut Ink<'_, '_>) {
        let room = self.plot.inset(-BORDER);
        let Some(mut mask) = Mask::new(room.width() as u32, room.height() as u32) else {
            return;
        };
        let at = (room.left, room.top);
        for (index, series) in chart.series.iter().enumerate().rev() {
            let color = series.shown_color(index);
            let runs = self.runs(series, axes);
            if chart.series.len() == 1 {
                let base = self.y_pixel(axes, 0.0) - at.1 as f32;
                fill_under(&mut mask, &runs, base);
                ink.frame.blend_mask(&mask, at, color, AREA_COVERAGE);
                mask.clear();
            }
            stroke(
                &mut mask,
                &runs,
                PEN * self.scale,
                POINT_RADIUS * self.scale,
            );
            ink.frame.blend_mask(&mask, at, color, 255);
            mask.clear();
        }
    }

    /// The unbroken runs of a series: gaps are where a number is not finite.
    fn runs(&self, series: &Series, axes: &Axes) -> Vec<Vec<Pixel>> {
        let origin = self.plot.inset(-BORDER);
        let is_gap = |&(x, y): &(f64, f64)| !(x.is_finite() && y.is_finite());
        let place = |&(x, y): &(f64, f64)| {
            let x = self.x_pixel(axes, x) - origin.left as f32;
            let y = self.y_pixel(axes, y) - origin.top as f32;
            (x, y)
        };
        let pieces = series.points.split(is_gap).filter(|run| !run.is_empty());
        pieces.map(|run| thin(run.iter().map(place))).collect()
    }
}

/// Keeps of the points that follow each other in one column of pixels the first, the lowest, the
/// highest and the last: the picture is the same, the work bounded by the width.
fn thin(points: impl Iterator<Item = Pixel>) -> Vec<Pixel> {
    let mut kept: Vec<Pixel> = Vec::new();
    let mut column = Vec::with_capacity(64);
    for point in points {
        let same = column
            .first()
            .is_none_or(|first: &Pixel| first.0.floor() == point.0.floor());
        if !same {
            keep_column(&mut kept, &column);
            column.clear();
        }
        column.push(point);
    }
    keep_column(&mut kept, &column);
    kept
}

fn keep_column(kept: &mut Vec<Pixel>, column: &[Pixel]) {
    if column.len() <= 4 {
        kept.extend_from_slice(column);
        return;
    }
    let by_height = |&a: &usize, &b: &usize| column[a].1.total_cmp(&column[b].1);
    let lowest = (0..column.len()).min_by(by_height).unwrap_or(0);
    let highest = (0..column.len()).max_by(by_height).unwrap_or(0);
    let mut places = [
        0,
        lowest.min(highest),
        lowest.max(highest),
        column.len() - 1,
    ]
    .to_vec();
    places.dedup();
    kept.extend(places.into_iter().map(|place| column[place]));
}

/// Adds the runs to the mask as lines; a run of one point is a dot.
fn stroke(mask: &mut Mask, runs: &[Vec<Pixel>], width: f32, radius: f32) {
    let mut lines = PathBuilder::new();
    let mut dots = PathBuilder::new();
    for run in runs {
        match run.as_slice() {
            [] => {}
            [(x, y)] => dots.push_circle(*x, *y, radius),
            [(x, y), rest @ ..] => {
                lines.move_to(*x, *y);
                rest.iter().for_each(|&(x, y)| lines.line_to(x, y));
            }
        }
    }
    let pen = Stroke {
        width,
        line_cap: LineCap::Round,
        line_join: LineJoin::Round,
        ..Stroke::default()
    };
    let outline = lines.finish().and_then(|path| path.stroke(&pen, 1.0));
    for path in outline.iter().chain(&dots.finish()) {
        mask.fill_path(path, FillRule::Winding, true, Transform::identity());
    }
}

/// Adds the area between the runs and the row `base` to the mask.
fn fill_under(mask: &mut Mask, runs: &[Vec<Pixel>], base: f32) {
    let mut area = PathBuilder::new();
    for run in runs {
        let (Some(first), Some(last)) = (run.first(), run.last()) else {
            continue;
        };
        area.move_to(first.0, base);
        run.iter().for_each(|&(x, y)| area.line_to(x, y));
        area.line_to(last.0, base);
        area.close();
    }
    if let Some(path) = area.finish() {
        mask.fill_path(&path, FillRule::Winding, true, Transform::identity());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thinning_keeps_the_ends_and_extremes_of_each_column() {
        let column = [5.0, 9.0, 7.0, 1.0, 4.0, 6.0];
        let points = column.map(|y| (3.5, y)).into_iter().chain([(4.5, 2.0)]);
        let kept: Vec<f32> = thin(points).into_iter().map(|(_, y)| y).collect();
        assert_eq!(kept, [5.0, 9.0, 1.0, 6.0, 2.0]);
    }

    #[test]
    fn thinning_is_bounded_by_the_columns() {
        let points = (0..11_000).map(|at| (at as f32 / 20.0, (at * 7_919 % 400) as f32));
        assert!(thin(points).len() <= 550 * 4);
    }
}
