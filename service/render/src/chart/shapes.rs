//! Small shapes with smooth edges.

use crate::Color;
use crate::frame::{Area, Frame};

/// Largest radius of a disc, in pixels.
const RADIUS_MAX: f32 = 30.0;
/// From one line of a hatch to the next, and its thickness, in pixels at scale 1.
const HATCH: (f32, f32) = (8.0, 1.0);

/// A disc around `centre`.
pub(super) fn disc(frame: &mut Frame, (x, y): (f32, f32), radius: f32, color: Color) {
    let radius = radius.min(RADIUS_MAX);
    let reach = radius as i32 + 2;
    let (left, top) = (x.floor() as i32, y.floor() as i32);
    let mut coverage = [0; 2 * RADIUS_MAX as usize + 5];
    let columns = 2 * reach as usize + 1;
    for row in top - reach..=top + reach {
        let aside = row as f32 + 0.5 - y;
        for (column, covered) in (left - reach..).zip(&mut coverage[..columns]) {
            let along = column as f32 + 0.5 - x;
            // The distance to the edge is close to the covered part of the pixel.
            let inside = radius + 0.5 - (along * along + aside * aside).sqrt();
            *covered = (inside.clamp(0.0, 1.0) * 255.0 + 0.5) as u8;
        }
        frame.blend_span((left - reach, row), &coverage[..columns], color, 255);
    }
}

/// A circle around `centre`, `width` pixels wide and filled with the second colour.
pub(super) fn ring(
    frame: &mut Frame,
    centre: (f32, f32),
    radius: f32,
    width: f32,
    (color, ground): (Color, Color),
) {
    disc(frame, centre, radius, color);
    disc(frame, centre, radius - width, ground);
}

/// A triangle with its tip in the middle of a side of `size` pixels, at `tip`; it points upwards or
/// downwards.
pub(super) fn triangle(frame: &mut Frame, tip: (f32, i32), size: i32, is_up: bool, color: Color) {
    let size = size.max(3);
    for row in 0..size {
        let half = (row as f32 + 0.5) * 0.6;
        let (from, to) = (tip.0 - half, tip.0 + half);
        let left = from.floor() as i32;
        let columns = left..=to.floor() as i32;
        let coverage: Vec<u8> = columns
            .map(|x| {
                let inside = to.min(x as f32 + 1.0) - from.max(x as f32);
                (inside.clamp(0.0, 1.0) * 255.0).round() as u8
            })
            .collect();
        let y = if is_up { tip.1 + row } else { tip.1 - 1 - row };
        frame.blend_span((left, y), &coverage, color, 255);
    }
}

/// Slanted lines over an area: here nothing is known.
pub(super) fn hatch(frame: &mut Frame, area: Area, scale: f32, color: Color) {
    let period = (HATCH.0 * scale).round().max(4.0) as i32;
    let pen = (HATCH.1 * scale).round().max(1.0) as i32;
    let width = area.width() as usize;
    // One row of the pattern, long enough to begin anywhere in its period.
    let pattern: Vec<u8> = (0..period + area.width())
        .map(|x| if x.rem_euclid(period) < pen { 255 } else { 0 })
        .collect();
    for y in area.top..area.bottom {
        let shift = (area.left + y).rem_euclid(period) as usize;
        frame.blend_span((area.left, y), &pattern[shift..shift + width], color, 255);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn black(draw: impl FnOnce(&mut Frame)) -> f32 {
        let mut frame = Frame::new();
        frame.resize(100, 100);
        frame.clear(Color::WHITE);
        draw(&mut frame);
        let pixels = (0..100).map(|y| {
            let row = frame.row(y).chunks(3);
            row.map(|pixel| 1.0 - f32::from(pixel[0]) / 255.0)
                .sum::<f32>()
        });
        pixels.sum()
    }

    #[test]
    fn a_disc_covers_its_area() {
        for radius in [1.5_f32, 2.5, 9.0, 20.3] {
            let sum = black(|frame| disc(frame, (50.3, 49.8), radius, Color::rgb(0)));
            let exact = std::f32::consts::PI * radius * radius;
            assert!(
                (sum / exact - 1.0).abs() < 0.08,
                "{radius}: {sum} for {exact}"
            );
        }
    }

    #[test]
    fn a_triangle_covers_its_area_either_way_up() {
        let up = black(|frame| triangle(frame, (50.0, 40), 10, true, Color::rgb(0)));
        let down = black(|frame| triangle(frame, (50.0, 40), 10, false, Color::rgb(0)));
        assert!(
            (up - 60.0).abs() < 1.0 && (down - up).abs() < 0.1,
            "{up} {down}"
        );
    }

    #[test]
    fn a_hatch_stays_in_its_area() {
        let area = Area {
            left: 10,
            top: 20,
            right: 50,
            bottom: 60,
        };
        let sum = black(|frame| hatch(frame, area, 1.0, Color::rgb(0)));
        assert_eq!(sum, 40.0 * 40.0 / 8.0);
        let empty = Area { right: 5, ..area };
        assert_eq!(black(|frame| hatch(frame, empty, 1.0, Color::rgb(0))), 0.0);
    }
}
