//! The picture on a card: cut to its place, scaled with care, with round corners.

use std::collections::VecDeque;

use crate::Raster;
use crate::color::mix;
use crate::frame::{Area, Frame, PIXEL_BYTES, RoundPart, round_parts};

/// How far the filter reaches, in pixels of the coarser picture: Catmull and Rom's cubic.
const REACH: f64 = 2.0;

/// A source is averaged in whole blocks first until it is at most this many times as fine as what is
/// shown, which bounds the work of the filter.
const FINENESS_MAX: f64 = 4.0;

/// Red, green, blue and opacity, 0 to 255, colours already multiplied by opacity.
type Pixel = [f32; 4];

/// Lays the middle of a picture over an area so that it fills it, with round corners.
pub(super) fn draw(frame: &mut Frame, raster: &Raster, area: Area, radius: f32) {
    let (width, height) = (area.width() as usize, area.height() as usize);
    if width == 0 || height == 0 {
        return;
    }
    let pixels = cover(raster, width, height);
    for part in round_parts(area, radius) {
        let (span, inside) = match part {
            RoundPart::Span(span) => (span, 255),
            RoundPart::Edge { x, y, inside } => {
                let (right, bottom) = (x + 1, y + 1);
                let (left, top) = (x, y);
                (
                    Area {
                        left,
                        top,
                        right,
                        bottom,
                    },
                    inside,
                )
            }
        };
        for y in span.top..span.bottom {
            let first = (y - area.top) as usize * width + (span.left - area.left) as usize;
            let pixels = &pixels[first..first + span.width() as usize];
            lay(frame, (span.left, y), pixels, inside);
        }
    }
}

/// Lays a run of pixels over the frame from `at` on; what is outside of the frame is left out.
fn lay(frame: &mut Frame, (left, y): (i32, i32), pixels: &[[u8; 4]], inside: u8) {
    if y < 0 || y as usize >= frame.height() {
        return;
    }
    let skipped = (-left).max(0) as usize;
    let start = left.max(0) as usize * PIXEL_BYTES;
    let row = frame.row(y as usize);
    let Some(row) = row.get_mut(start..) else {
        return;
    };
    let pixels = pixels.iter().skip(skipped);
    for (below, &[r, g, b, opacity]) in row.as_chunks_mut::<PIXEL_BYTES>().0.iter_mut().zip(pixels)
    {
        let coverage = mix(0, opacity, inside);
        for (below, above) in below.iter_mut().zip([r, g, b]) {
            *below = mix(*below, above, coverage);
        }
    }
}

/// The middle of a picture in `width` × `height` px: as much of it as has that shape.
fn cover(raster: &Raster, width: usize, height: usize) -> Vec<[u8; 4]> {
    let source = Source::of(raster, width, height);
    // How many source pixels one shown pixel is wide and high.
    let step = (source.width as f64 / width as f64).min(source.height as f64 / height as f64);
    let across = taps(source.width, width, step);
    // The rows that the next shown row may need, each already as wide as shown: a few of them.
    let (mut held, mut first) = (VecDeque::<Vec<Pixel>>::new(), 0);
    let mut shown = Vec::with_capacity(width * height);
    let mut sums = vec![[0.0; 4]; width];
    for taps in taps(source.height, height, step) {
        while first < taps.first {
            held.pop_front();
            first += 1;
        }
        while first + held.len() < taps.first + taps.weights.len() {
            let row = source.row(first + held.len());
            held.push_back(across.iter().map(|taps| taps.sum(&row)).collect());
        }
        sums.fill([0.0; 4]);
        for (row, &weight) in held.iter().zip(&taps.weights) {
            for (sum, pixel) in sums.iter_mut().zip(row) {
                add(sum, pixel, weight);
            }
        }
        shown.extend(sums.iter().map(bytes));
    }
    shown
}

/// Adds a part of a pixel.
fn add(sum: &mut Pixel, pixel: &Pixel, weight: f32) {
    for (sum, channel) in sum.iter_mut().zip(pixel) {
        *sum += channel * weight;
    }
}

/// A pixel as bytes, its colours no longer multiplied.
fn bytes(&[r, g, b, opacity]: &Pixel) -> [u8; 4] {
    if opacity < 0.5 {
        return [0; 4];
    }
    // A cubic overshoots at hard edges.
    let opacity = opacity.min(255.0);
    let color = |channel: f32| (channel * 255.0 / opacity + 0.5).clamp(0.0, 255.0) as u8;
    [
        color(r),
        color(g),
        color(b),
        (opacity + 0.5).min(255.0) as u8,
    ]
}

/// A picture as numbers, made coarser by a whole factor if it is much too fine.
struct Source<'a> {
    raster: &'a Raster,
    block: usize,
    width: usize,
    height: usize,
}

impl<'a> Source<'a> {
    fn of(raster: &'a Raster, width: usize, height: usize) -> Self {
        let (wide, high) = (raster.width() as usize, raster.height() as usize);
        let fineness = (wide as f64 / width as f64).min(high as f64 / height as f64);
        let block = (fineness / FINENESS_MAX).ceil().max(1.0) as usize;
        Self {
            raster,
            block,
            width: wide.div_ceil(block),
            height: high.div_ceil(block),
        }
    }

    fn row(&self, y: usize) -> Vec<Pixel> {
        let (wide, high) = (self.raster.width() as usize, self.raster.height() as usize);
        if self.block == 1 {
            let row = &self.raster.rgba()[y * wide * 4..(y + 1) * wide * 4];
            return row.as_chunks().0.iter().map(premultiplied).collect();
        }
        let blocks = |at: usize, end: usize| at * self.block..((at + 1) * self.block).min(end);
        (0..self.width)
            .map(|x| mean(self.raster.rgba(), wide, blocks(y, high), blocks(x, wide)))
            .collect()
    }
}

fn premultiplied(&[r, g, b, opacity]: &[u8; 4]) -> Pixel {
    let part = f32::from(opacity) / 255.0;
    let [r, g, b] = [r, g, b].map(|channel| f32::from(channel) * part);
    [r, g, b, f32::from(opacity)]
}

/// The mean of a block of pixels.
fn mean(
    rgba: &[u8],
    stride: usize,
    rows: std::ops::Range<usize>,
    columns: std::ops::Range<usize>,
) -> Pixel {
    let count = rows.len() * columns.len();
    let mut sum = [0_u64; 4];
    for y in rows {
        let row = &rgba[(y * stride + columns.start) * 4..(y * stride + columns.end) * 4];
        for &[r, g, b, opacity] in row.as_chunks::<4>().0 {
            let opacity = u64::from(opacity);
            for (sum, channel) in sum.iter_mut().zip([r, g, b, 255]) {
                *sum += u64::from(channel) * opacity;
            }
        }
    }
    sum.map(|sum| sum as f32 / (255.0 * count as f32))
}

/// Which source pixels make one shown pixel, and how much each counts.
struct Taps {
    first: usize,
    weights: Vec<f32>,
}

impl Taps {
    fn sum(&self, row: &[Pixel]) -> Pixel {
        let mut sum = [0.0; 4];
        for (pixel, &weight) in row[self.first..].iter().zip(&self.weights) {
            add(&mut sum, pixel, weight);
        }
        sum
    }
}

/// The taps for `shown` pixels of `step` source pixels each, from the middle of `length`.
fn taps(length: usize, shown: usize, step: f64) -> Vec<Taps> {
    let start = (length as f64 - shown as f64 * step) / 2.0;
    let scale = step.max(1.0);
    (0..shown)
        .map(|at| {
            let center = start + (at as f64 + 0.5) * step;
            let first = (center - REACH * scale).floor().max(0.0) as usize;
            let first = first.min(length - 1);
            let end = ((center + REACH * scale).ceil() as usize).clamp(first + 1, length);
            let weights: Vec<f64> = (first..end)
                .map(|at| cubic((at as f64 + 0.5 - center) / scale))
                .collect();
            let sum: f64 = weights.iter().sum();
            let weights = weights.iter().map(|weight| (weight / sum) as f32).collect();
            Taps { first, weights }
        })
        .collect()
}

/// Catmull and Rom's spline: 1 in the middle, 0 at every other whole number.
fn cubic(x: f64) -> f64 {
    let x = x.abs();
    if x < 1.0 {
        1.0 + x * x * (1.5 * x - 2.5)
    } else if x < REACH {
        2.0 + x * (-4.0 + x * (2.5 - 0.5 * x))
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Color;
    use proptest::prelude::*;

    fn raster(width: u32, height: u32, pixel: impl Fn(u32, u32) -> [u8; 4]) -> Raster {
        let places = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
        let rgba = places.flat_map(|(x, y)| pixel(x, y)).collect();
        Raster::from_rgba(width, height, rgba).unwrap()
    }

    #[test]
    fn a_picture_of_the_right_size_stays_as_it_is() {
        let picture = raster(23, 17, |x, y| {
            [x as u8 * 9, y as u8 * 15, (x * y) as u8, 255]
        });
        assert_eq!(cover(&picture, 23, 17), picture.rgba().as_chunks().0);
    }

    #[test]
    fn the_middle_is_shown_and_its_edges_are_cut() {
        // A red third, a green one, a blue one; only the green one is as high as it is wide.
        let thirds = raster(90, 30, |x, _| match x / 30 {
            0 => [255, 0, 0, 255],
            1 => [0, 255, 0, 255],
            _ => [0, 0, 255, 255],
        });
        for size in [3, 15, 30, 60] {
            let shown = cover(&thirds, size, size);
            let middle = shown[size / 2 * size + size / 2];
            assert_eq!(middle, [0, 255, 0, 255], "{size}");
        }
    }

    #[test]
    fn a_fine_pattern_becomes_its_mean() {
        let board = raster(800, 800, |x, y| {
            let on = (x + y) % 2 * 255;
            [on as u8, on as u8, on as u8, 255]
        });
        for size in [10, 33, 100] {
            for [r, _, _, opacity] in cover(&board, size, size) {
                assert!((126..=129).contains(&r) && opacity == 255, "{size}: {r}");
            }
        }
    }

    #[test]
    fn what_is_clear_has_no_colour_to_give() {
        let half = raster(64, 64, |x, _| {
            if x < 32 {
                [255, 255, 255, 255]
            } else {
                [0, 0, 0, 0]
            }
        });
        for [r, g, b, opacity] in cover(&half, 16, 16) {
            assert!(
                opacity == 0 || [r, g, b] == [255; 3],
                "{r} {g} {b} {opacity}"
            );
        }
    }

    proptest! {
        #[test]
        fn one_colour_stays_one_colour_at_any_size_and_place(
            from in (1_u32..40, 1_u32..40),
            to in (1_i32..60, 1_i32..60),
            at in (-20_i32..80, -20_i32..80),
            color: [u8; 3],
        ) {
            let [r, g, b] = color;
            let flat = raster(from.0, from.1, |_, _| [r, g, b, 255]);
            let mut frame = Frame::new();
            frame.resize(64, 64);
            frame.clear(Color::WHITE);
            let area = Area { left: at.0, top: at.1, right: at.0 + to.0, bottom: at.1 + to.1 };
            draw(&mut frame, &flat, area, 0.0);
            for y in 0..64 {
                for (x, pixel) in (0..).zip(frame.row(y as usize).as_chunks::<3>().0) {
                    let is_inside = (area.left..area.right).contains(&x) && (area.top..area.bottom).contains(&y);
                    prop_assert_eq!(*pixel, if is_inside { color } else { [255; 3] });
                }
            }
        }
    }
}
