//! Shapes of any form with smooth edges: each adds its signed area to the cells that it touches.
//!
//! All shapes of one colour are laid on together, so that the work does not grow with the picture
//! for each of them and lines that cross do not darken each other. The cells are those of a band of
//! rows, which keeps them small.

use crate::Color;
use crate::frame::Frame;
use crate::glyph::Bitmap;

/// Pixels right and down from the top left corner.
pub(super) type Point = (f32, f32);

/// Rows of one band.
const BAND_ROWS: usize = 96;

/// Sides of shapes that wait for their colour: 1.5 MB.
const SIDES_MAX: usize = 96 * 1_024;

/// Sides of a quarter of a circle: the eye sees no corner up to a radius of 20 px.
const QUARTER_SIDES: usize = 6;

/// One side of a shape, from its upper end down, and which way round it was.
#[derive(Debug, Clone, Copy)]
struct Side {
    top: Point,
    bottom: Point,
    sign: f32,
}

/// Shapes in the making.
pub(super) struct Pen {
    sides: Vec<Side>,
    cells: Vec<f32>,
    /// First and last touched cell of each row.
    touched: Vec<(usize, usize)>,
    row: Bitmap,
    outline: Vec<Point>,
    color: Color,
}

impl Pen {
    pub(super) fn new() -> Self {
        Self {
            sides: Vec::new(),
            cells: Vec::new(),
            touched: Vec::new(),
            row: Bitmap::default(),
            outline: Vec::new(),
            color: Color::WHITE,
        }
    }

    /// What is added from now on has this colour. [`Pen::flush`] lays the last one on.
    pub(super) fn dip(&mut self, color: Color, frame: &mut Frame) {
        if color != self.color || self.sides.len() > SIDES_MAX {
            self.flush(frame);
            self.color = color;
        }
    }

    /// Adds the inside of a shape.
    pub(super) fn polygon(&mut self, points: &[Point]) {
        let next = points.iter().cycle().skip(1);
        let pairs = points.iter().zip(next);
        let area: f32 = pairs.clone().map(|(a, b)| a.0 * b.1 - b.0 * a.1).sum();
        let turn = if area < 0.0 { -1.0 } else { 1.0 };
        for (&a, &b) in pairs {
            let is_finite =
                a.0.is_finite() && a.1.is_finite() && b.0.is_finite() && b.1.is_finite();
            if a.1 == b.1 || !is_finite {
                continue;
            }
            let (top, bottom, sign) = if a.1 < b.1 {
                (a, b, turn)
            } else {
                (b, a, -turn)
            };
            self.sides.push(Side { top, bottom, sign });
        }
    }

    /// Adds a line through points that turns gently.
    pub(super) fn line(&mut self, points: &[Point], width: f32) {
        if points.len() < 2 {
            return;
        }
        let mut outline = std::mem::take(&mut self.outline);
        outline.clear();
        let normal = |at: usize| {
            let (before, after) = (
                points[at.saturating_sub(1)],
                points[(at + 1).min(points.len() - 1)],
            );
            let (x, y) = (after.0 - before.0, after.1 - before.1);
            let length = (x * x + y * y).sqrt().max(1e-6);
            (-y / length * width / 2.0, x / length * width / 2.0)
        };
        for (at, point) in points.iter().enumerate() {
            let (x, y) = normal(at);
            outline.push((point.0 + x, point.1 + y));
        }
        for (at, point) in points.iter().enumerate().rev() {
            let (x, y) = normal(at);
            outline.push((point.0 - x, point.1 - y));
        }
        self.polygon(&outline);
        self.outline = outline;
    }

    /// Adds a line in dashes: `on` pixels drawn, `off` left out.
    pub(super) fn dashes(&mut self, points: &[Point], width: f32, (on, off): (f32, f32)) {
        let mut dash: Vec<Point> = points.first().copied().into_iter().collect();
        let (mut is_on, mut left) = (true, on.max(1.0));
        for pair in points.windows(2) {
            let (mut from, to) = (pair[0], pair[1]);
            loop {
                let (x, y) = (to.0 - from.0, to.1 - from.1);
                let length = (x * x + y * y).sqrt();
                if length > left {
                    from = (from.0 + x * left / length, from.1 + y * left / length);
                    dash.push(from);
                    if is_on {
                        self.line(&dash, width);
                        dash.clear();
                    }
                    is_on = !is_on;
                    left = if is_on { on.max(1.0) } else { off.max(1.0) };
                } else {
                    // A length that is no number ends the loop too.
                    left -= length;
                    break;
                }
            }
            if is_on {
                dash.push(to);
            }
        }
        if is_on {
            self.line(&dash, width);
        }
    }

    /// Adds a disc.
    pub(super) fn disc(&mut self, middle: Point, radius: f32) {
        let points = circle(middle, radius);
        self.polygon(&points);
    }

    /// Lays the colour on and forgets the shapes.
    pub(super) fn flush(&mut self, frame: &mut Frame) {
        let width = frame.width();
        let top = self
            .sides
            .iter()
            .map(|side| side.top.1)
            .fold(f32::MAX, f32::min);
        let bottom = self
            .sides
            .iter()
            .map(|side| side.bottom.1)
            .fold(0.0, f32::max);
        let first = top.max(0.0).min(frame.height() as f32) as usize;
        let last = (bottom.ceil() as usize).min(frame.height());
        self.cells.resize((width + 2) * BAND_ROWS, 0.0);
        self.touched.resize(BAND_ROWS, (usize::MAX, 0));
        for band in (first..last).step_by(BAND_ROWS) {
            let rows = BAND_ROWS.min(last - band);
            let (low, high) = (band as f32, (band + rows) as f32);
            for at in 0..self.sides.len() {
                let side = self.sides[at];
                if side.top.1 < high && side.bottom.1 > low {
                    self.add(side, band, rows, width);
                }
            }
            for row in 0..rows {
                self.lay(row, band + row, width, frame);
            }
        }
        self.sides.clear();
    }

    /// Adds the part of a side in the band of `rows` rows from `band`.
    fn add(&mut self, side: Side, band: usize, rows: usize, width: usize) {
        let ((x0, y0), (x1, y1)) = (side.top, side.bottom);
        let slope = (x1 - x0) / (y1 - y0);
        let first = (y0.max(band as f32) as usize).max(band);
        let last = (y1.ceil().max(0.0) as usize).min(band + rows);
        for y in first..last {
            let from = y0.max(y as f32);
            let to = y1.min((y + 1) as f32);
            let at = |y: f32| (x0 + (y - y0) * slope).clamp(0.0, width as f32);
            let (a, b) = (at(from), at(to));
            let row = y - band;
            let cells = &mut self.cells[row * (width + 2)..(row + 1) * (width + 2)];
            let (first, last) = add_run(cells, a.min(b), a.max(b), (to - from) * side.sign);
            let touched = &mut self.touched[row];
            *touched = (touched.0.min(first), touched.1.max(last));
        }
    }

    /// Lays one row on, and clears its cells.
    fn lay(&mut self, row: usize, y: usize, width: usize, frame: &mut Frame) {
        let (first, last) = std::mem::replace(&mut self.touched[row], (usize::MAX, 0));
        if first > last {
            return;
        }
        let cells = &mut self.cells[row * (width + 2)..][first..=last];
        let coverage = &mut self.row.coverage;
        coverage.clear();
        let mut sum = 0.0_f32;
        for cell in cells {
            sum += *cell;
            *cell = 0.0;
            coverage.push((sum.abs().min(1.0) * 255.0 + 0.5) as u8);
        }
        self.row.width = coverage.len();
        frame.blend_bitmap(&self.row, first as i32, y as i32, self.color);
    }
}

/// Adds the height `height` of a side that runs from `x0` to `x1` within one row: each cell holds by
/// how much the coverage differs from that of the cell before. Gives the first and the last cell.
fn add_run(cells: &mut [f32], x0: f32, x1: f32, height: f32) -> (usize, usize) {
    let first = x0 as usize;
    let last = (x1.ceil() as usize).max(first + 1);
    if last == first + 1 {
        // The part of the cell to the right of the side.
        let inside = 1.0 - ((x0 + x1) / 2.0 - first as f32);
        cells[first] += height * inside;
        cells[first + 1] += height * (1.0 - inside);
        return (first, first + 1);
    }
    let per_cell = height / (x1 - x0);
    let in_first = (first + 1) as f32 - x0;
    let in_last = x1 - (last - 1) as f32;
    let covered_first = per_cell * in_first * in_first / 2.0;
    cells[first] += covered_first;
    let mut before = covered_first;
    let mut crossed = per_cell * in_first;
    for cell in &mut cells[first + 1..last - 1] {
        let covered = crossed + per_cell / 2.0;
        *cell += covered - before;
        before = covered;
        crossed += per_cell;
    }
    let covered = crossed + per_cell * in_last * (1.0 - in_last / 2.0);
    cells[last - 1] += covered - before;
    cells[last] += height - covered;
    (first, last)
}

/// Points on a circle, found from those of a square: without a sine, which differs by machine.
pub(super) fn circle(middle: Point, radius: f32) -> Vec<Point> {
    let corners = [(1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0), (1.0, 0.0)];
    let mut points = Vec::with_capacity(4 * QUARTER_SIDES);
    for pair in corners.windows(2) {
        for step in 0..QUARTER_SIDES {
            let part = step as f32 / QUARTER_SIDES as f32;
            let x: f32 = pair[0].0 * (1.0 - part) + pair[1].0 * part;
            let y: f32 = pair[0].1 * (1.0 - part) + pair[1].1 * part;
            let length = (x * x + y * y).sqrt();
            points.push((
                middle.0 + x / length * radius,
                middle.1 + y / length * radius,
            ));
        }
    }
    points
}

/// The way round a box with round corners, closed.
pub(super) fn round_box(left: f32, top: f32, right: f32, bottom: f32, radius: f32) -> Vec<Point> {
    let radius = radius.min((right - left) / 2.0).min((bottom - top) / 2.0);
    let quarter = |middle: Point, turn: usize| {
        let round = circle(middle, radius);
        let count = round.len();
        (0..=QUARTER_SIDES).map(move |step| round[(turn * QUARTER_SIDES + step) % count])
    };
    let mut points = Vec::with_capacity(4 * QUARTER_SIDES + 5);
    points.extend(quarter((right - radius, bottom - radius), 0));
    points.extend(quarter((left + radius, bottom - radius), 1));
    points.extend(quarter((left + radius, top + radius), 2));
    points.extend(quarter((right - radius, top + radius), 3));
    points.push(points[0]);
    points
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How much of each pixel is black after drawing on white, and the sum of all.
    fn drawn(shapes: impl FnOnce(&mut Pen)) -> (Frame, f64) {
        let mut frame = Frame::new();
        frame.resize(128, 256);
        frame.clear(Color::WHITE);
        let mut pen = Pen::new();
        pen.dip(Color::rgb(0), &mut frame);
        shapes(&mut pen);
        pen.flush(&mut frame);
        let white = |y: usize, frame: &mut Frame| -> u64 {
            frame
                .row(y)
                .iter()
                .step_by(3)
                .map(|&byte| u64::from(byte))
                .sum()
        };
        let sum: u64 = (0..256).map(|y| white(y, &mut frame)).sum();
        let black = 128.0 * 256.0 - sum as f64 / 255.0;
        (frame, black)
    }

    #[test]
    fn a_box_between_pixels_covers_just_its_part() {
        let (mut frame, black) = drawn(|pen| {
            pen.polygon(&[(10.5, 20.25), (12.0, 20.25), (12.0, 22.0), (10.5, 22.0)]);
        });
        assert_eq!(frame.row(20)[10 * 3], 255 - 96, "half by three quarters");
        assert_eq!(frame.row(21)[11 * 3], 0);
        assert!((black - 1.5 * 1.75).abs() < 0.02, "{black}");
    }

    #[test]
    fn shapes_have_their_area_wherever_they_are() {
        for shift in [0.0, 0.3, 7.7, 60.1, 95.5] {
            let (_, black) = drawn(|pen| pen.disc((40.0 + shift / 3.0, 30.0 + shift), 12.0));
            assert!((black - 447.3).abs() < 1.5, "{shift}: {black}");
            let line = [(5.0, 10.0 + shift), (95.0, 60.0 + shift)];
            let (_, black) = drawn(|pen| pen.line(&line, 3.0));
            assert!((black - 308.9).abs() < 1.5, "{shift}: {black}");
            let flat = [(5.0, 10.0 + shift), (95.0, 10.4 + shift)];
            let (_, black) = drawn(|pen| pen.line(&flat, 1.5));
            assert!((black - 135.0).abs() < 1.5, "{shift}: {black}");
        }
    }

    #[test]
    fn overlapping_shapes_do_not_darken_each_other_nor_cancel() {
        let square = [(10.0, 10.0), (30.0, 10.0), (30.0, 30.0), (10.0, 30.0)];
        let mut turned = square;
        turned.reverse();
        let (_, black) = drawn(|pen| {
            pen.polygon(&square);
            pen.polygon(&turned);
        });
        assert!((black - 400.0).abs() < 0.1, "{black}");
    }

    #[test]
    fn dashes_leave_gaps_out() {
        let line = [(10.0, 10.0), (40.0, 10.0), (110.0, 10.0)];
        let (_, black) = drawn(|pen| pen.dashes(&line, 2.0, (6.0, 4.0)));
        assert!((black - 120.0).abs() < 1.0, "{black}");
    }

    #[test]
    fn what_is_outside_or_no_number_draws_nothing_and_breaks_nothing() {
        let (_, black) = drawn(|pen| {
            pen.polygon(&[(-50.0, -50.0), (-10.0, -50.0), (-10.0, 400.0)]);
            pen.polygon(&[(500.0, 1e9), (600.0, -1e9), (900.0, 3.0)]);
            pen.line(&[(f32::NAN, 0.0), (5.0, f32::INFINITY), (9.0, 9.0)], 2.0);
            pen.dashes(&[(f32::NAN, 0.0), (5.0, 9.0)], 2.0, (3.0, 3.0));
            pen.polygon(&[]);
            pen.line(&[(1.0, 1.0)], 3.0);
        });
        assert!(black < 10.0, "{black}");
    }
}
