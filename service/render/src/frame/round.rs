//! Areas with round corners, cut into whole spans and edge pixels.

use super::Area;

/// A part of an area with round corners.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RoundPart {
    /// Wholly inside.
    Span(Area),
    /// A pixel on a corner's edge, and how much of it is inside.
    Edge { x: i32, y: i32, inside: u8 },
}

/// Cuts an area with round corners into spans and edge pixels.
pub(crate) fn round_parts(area: Area, radius: f32) -> impl Iterator<Item = RoundPart> {
    let radius_max = area.width().min(area.height()) as f32 / 2.0;
    let radius = radius.clamp(0.0, radius_max);
    let corner = radius.ceil() as i32;
    let middle = Area {
        top: area.top + corner,
        bottom: area.bottom - corner,
        ..area
    };
    // Of an odd height the two corner zones meet in one row, which belongs to the upper.
    let upper = (0..corner).map(move |row| (row, area.top + row));
    let lower = (0..corner)
        .map(move |row| (row, area.bottom - 1 - row))
        .filter(move |&(_, y)| y >= area.top + corner);
    let rows = upper
        .chain(lower)
        .flat_map(move |(row, y)| corner_row(area, radius, row, y));
    std::iter::once(RoundPart::Span(middle)).chain(rows)
}

/// The row `row` from the outer edge of a corner zone.
fn corner_row(area: Area, radius: f32, row: i32, y: i32) -> Vec<RoundPart> {
    let corner = radius.ceil() as i32;
    let mut parts = Vec::with_capacity(2 * corner as usize + 1);
    let mut first_inside = corner;
    for column in (0..corner).rev() {
        let dx = radius - column as f32 - 0.5;
        let dy = radius - row as f32 - 0.5;
        // The distance to the edge, in pixels, is close to the covered part of the pixel.
        let inside = (radius + 0.5 - (dx * dx + dy * dy).sqrt()).clamp(0.0, 1.0);
        let inside = (inside * 255.0).round() as u8;
        if inside == 255 {
            first_inside = column;
        } else if inside > 0 {
            parts.push(RoundPart::Edge {
                x: area.left + column,
                y,
                inside,
            });
            let mirrored = area.right - 1 - column;
            if mirrored != area.left + column {
                parts.push(RoundPart::Edge {
                    x: mirrored,
                    y,
                    inside,
                });
            }
        }
    }
    let left = area.left + first_inside;
    parts.push(RoundPart::Span(Area {
        left,
        top: y,
        right: (area.right - first_inside).max(left),
        bottom: y + 1,
    }));
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_parts_cover_each_pixel_at_most_once_and_the_right_amount() {
        for (width, height, radius) in [(40, 30, 8.0), (9, 9, 99.0), (7, 31, 3.5), (1, 1, 1.0)] {
            let area = Area {
                left: 5,
                top: 6,
                right: 5 + width,
                bottom: 6 + height,
            };
            let mut seen = vec![0_u32; 64 * 64];
            let mut sum = 0.0;
            for part in round_parts(area, radius) {
                match part {
                    RoundPart::Edge { x, y, inside } => {
                        seen[(y * 64 + x) as usize] += 1;
                        sum += f64::from(inside) / 255.0;
                    }
                    RoundPart::Span(span) => {
                        for at in span.top..span.bottom {
                            (span.left..span.right).for_each(|x| seen[(at * 64 + x) as usize] += 1);
                        }
                        sum += f64::from(span.width() * span.height());
                    }
                }
            }
            assert!(seen.iter().all(|&count| count <= 1), "{width} × {height}");
            let radius = f64::from(radius).min(f64::from(width.min(height)) / 2.0);
            let exact = f64::from(width * height) - (4.0 - std::f64::consts::PI) * radius * radius;
            assert!(
                (sum - exact).abs() < 1.0,
                "{width} × {height}: {sum} for {exact}"
            );
        }
    }
}
