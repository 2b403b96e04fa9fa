//! Fills outlines: how much of each pixel lies inside, exactly.
//!
//! Each edge leaves in the pixels that it crosses how much of them lies to its right, and in the one
//! behind what it adds to all that follow; the running sum of a row is its coverage. Only sums,
//! products and quotients are used, so the result is the same on every machine. Source: Raph Levien,
//! *Inside the fastest font renderer in the world*.

use crate::glyph::Bitmap;

/// A point in pixels, y downwards.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Point {
    pub(super) x: f32,
    pub(super) y: f32,
}

/// Fills closed polygons; what several of them cover is inside once. None if a point is further than
/// `reach` from the origin, or if there is nothing to fill.
pub(super) fn fill(polygons: &[Vec<Point>], reach: f32) -> Option<Bitmap> {
    let mut points = polygons.iter().flatten();
    let first = points.next()?;
    let (mut low, mut high) = (*first, *first);
    for point in points {
        low.x = low.x.min(point.x);
        low.y = low.y.min(point.y);
        high.x = high.x.max(point.x);
        high.y = high.y.max(point.y);
    }
    // Negated, so that what is not a number is refused as well.
    let is_near = [low.x, low.y, high.x, high.y].map(|side| side.abs() <= reach) == [true; 4];
    if !is_near {
        return None;
    }
    let (left, top) = (low.x.floor(), low.y.floor());
    let width = (high.x.ceil() - left) as usize;
    let height = (high.y.ceil() - top) as usize;
    if width == 0 || height == 0 {
        return None;
    }
    let mut sums = Sums::new(width, height);
    for polygon in polygons {
        let ends = polygon.iter().skip(1).chain(polygon.first());
        for (from, to) in polygon.iter().zip(ends) {
            let moved = |point: &Point| Point {
                x: point.x - left,
                y: point.y - top,
            };
            sums.edge(moved(from), moved(to));
        }
    }
    Some(Bitmap {
        left: left as i32,
        top: top as i32,
        width,
        coverage: sums.into_coverage(width),
    })
}

/// What the edges leave in each pixel.
struct Sums {
    /// From one row to the next: an edge on the right side reaches two pixels beyond it.
    stride: usize,
    height: usize,
    changes: Vec<f32>,
}

impl Sums {
    fn new(width: usize, height: usize) -> Self {
        let stride = width + 2;
        Self {
            stride,
            height,
            changes: vec![0.0; stride * height],
        }
    }

    fn edge(&mut self, from: Point, to: Point) {
        if from.y == to.y {
            return;
        }
        let (sign, upper, lower) = if from.y < to.y {
            (1.0, from, to)
        } else {
            (-1.0, to, from)
        };
        let slope = (lower.x - upper.x) / (lower.y - upper.y);
        let (left, right) = (upper.x.min(lower.x), upper.x.max(lower.x));
        let mut x = upper.x;
        let last = (lower.y.ceil() as usize).min(self.height);
        for row in upper.y as usize..last {
            let top = upper.y.max(row as f32);
            let bottom = lower.y.min(row as f32 + 1.0);
            // Rounding must not carry the edge out of its box.
            let next = (x + slope * (bottom - top)).clamp(left, right);
            let start = row * self.stride;
            let row = &mut self.changes[start..start + self.stride];
            cross(row, x.min(next), x.max(next), (bottom - top) * sign);
            x = next;
        }
    }

    /// The running sums as coverage, row by row without the two pixels beyond.
    fn into_coverage(self, width: usize) -> Vec<u8> {
        let mut coverage = Vec::with_capacity(width * self.height);
        for row in self.changes.chunks_exact(self.stride) {
            let mut sum = 0.0_f32;
            coverage.extend(row[..width].iter().map(|change| {
                sum += change;
                (sum.abs().min(1.0) * 255.0 + 0.5) as u8
            }));
        }
        coverage
    }
}

/// Leaves a piece of an edge in one row: it runs from `x0` to `x1` and is `drop` high.
fn cross(row: &mut [f32], x0: f32, x1: f32, drop: f32) {
    let first = x0 as usize;
    let end = (x1.ceil() as usize).max(first + 1);
    let from_first = x0 - first as f32;
    if end == first + 1 {
        let beside = drop * (from_first + x1 - first as f32) / 2.0;
        row[first] += drop - beside;
        row[first + 1] += beside;
        return;
    }
    let per_pixel = 1.0 / (x1 - x0);
    let into_last = x1 - (end - 1) as f32;
    // Coverage of the first pixel: a triangle; then each gets what a full step adds.
    let corner = 0.5 * per_pixel * (1.0 - from_first) * (1.0 - from_first);
    let tail = 0.5 * per_pixel * into_last * into_last;
    row[first] += drop * corner;
    if end == first + 2 {
        row[first + 1] += drop * (1.0 - corner - tail);
    } else {
        let second = per_pixel * (1.5 - from_first);
        row[first + 1] += drop * (second - corner);
        for change in &mut row[first + 2..end - 1] {
            *change += drop * per_pixel;
        }
        let before_last = second + (end - first - 3) as f32 * per_pixel;
        row[end - 1] += drop * (1.0 - before_last - tail);
    }
    row[end] += drop * tail;
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn polygon(points: &[(f32, f32)]) -> Vec<Point> {
        points.iter().map(|&(x, y)| Point { x, y }).collect()
    }

    fn ink(bitmap: &Bitmap) -> f64 {
        bitmap.coverage.iter().map(|&it| f64::from(it)).sum::<f64>() / 255.0
    }

    #[test]
    fn a_square_on_whole_pixels_is_whole_and_one_between_them_is_shared() {
        let square = polygon(&[(1.0, -3.0), (3.0, -3.0), (3.0, -1.0), (1.0, -1.0)]);
        let bitmap = fill(&[square], 10.0).unwrap();
        assert_eq!((bitmap.left, bitmap.top, bitmap.width), (1, -3, 2));
        assert_eq!(bitmap.coverage, [255; 4]);
        let square = polygon(&[(0.5, 0.0), (0.5, 1.0), (1.5, 1.0), (1.5, 0.0)]);
        assert_eq!(fill(&[square], 10.0).unwrap().coverage, [128, 128]);
    }

    #[test]
    fn a_hole_is_left_out_and_what_overlaps_counts_once() {
        let outer = polygon(&[(0.0, 0.0), (9.0, 0.0), (9.0, 9.0), (0.0, 9.0)]);
        let mut hole = polygon(&[(3.0, 3.0), (6.0, 3.0), (6.0, 6.0), (3.0, 6.0)]);
        let twice = fill(&[outer.clone(), hole.clone()], 10.0).unwrap();
        assert_eq!(ink(&twice), 81.0);
        hole.reverse();
        assert_eq!(ink(&fill(&[outer, hole], 10.0).unwrap()), 72.0);
    }

    #[test]
    fn what_is_far_away_or_nothing_is_not_filled() {
        for points in [
            &[(0.0, 0.0), (99.0, 0.0), (0.0, 5.0)][..],
            &[(0.0, 0.0), (f32::NAN, 0.0), (f32::NAN, 5.0)],
            &[(f32::INFINITY, 0.0), (0.0, 3.0), (3.0, 3.0)],
            &[(1.0, 1.0), (1.0, 1.0)],
            &[(0.0, 1.0), (5.0, 1.0)],
            &[],
        ] {
            assert!(fill(&[polygon(points)], 10.0).is_none(), "{points:?}");
        }
    }

    proptest! {
        #[test]
        fn the_ink_of_a_triangle_is_its_area(
            points in prop::array::uniform3((-30.0_f32..30.0, -30.0_f32..30.0)),
        ) {
            let [(ax, ay), (bx, by), (cx, cy)] = points.map(|(x, y)| (f64::from(x), f64::from(y)));
            let area = ((bx - ax) * (cy - ay) - (cx - ax) * (by - ay)).abs() / 2.0;
            let ink = fill(&[polygon(&points)], 40.0).map_or(0.0, |bitmap| ink(&bitmap));
            // Each pixel is rounded to 1 / 255; only those on the three edges can be off.
            prop_assert!((ink - area).abs() < 0.5, "{} for {}", ink, area);
        }
    }
}
