//! The pixels of one picture, in the very layout that a PNG stores.

use crate::Color;
use crate::color::mix;
use crate::glyph::Bitmap;

/// Bytes of one pixel: red, green, blue.
pub(crate) const PIXEL_BYTES: usize = 3;

/// How many pixels further each row of a gradient begins in it than the row above: two, so that it
/// runs from corner to corner of a wide picture, and the encoder knows where to look.
pub(crate) const GRADIENT_SLANT: usize = 2;

/// A rectangle of whole pixels; `right` and `bottom` are outside of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Area {
    pub(crate) left: i32,
    pub(crate) top: i32,
    pub(crate) right: i32,
    pub(crate) bottom: i32,
}

impl Area {
    /// Without any pixel.
    pub(crate) const EMPTY: Self = Self {
        left: 0,
        top: 0,
        right: 0,
        bottom: 0,
    };

    pub(crate) fn width(self) -> i32 {
        (self.right - self.left).max(0)
    }

    pub(crate) fn height(self) -> i32 {
        (self.bottom - self.top).max(0)
    }

    /// The area without a border on each side.
    pub(crate) fn inset(self, border: i32) -> Self {
        Self {
            left: self.left + border,
            top: self.top + border,
            right: self.right - border,
            bottom: self.bottom - border,
        }
    }
}

/// A picture in the making. Each row is one byte 0 (PNG's filter "none") and its pixels, so that the
/// encoder compresses the memory as it is.
pub(crate) struct Frame {
    width: usize,
    height: usize,
    bytes: Vec<u8>,
}

impl Frame {
    pub(crate) fn new() -> Self {
        Self {
            width: 0,
            height: 0,
            bytes: Vec::new(),
        }
    }

    /// Becomes a picture of this size. Its pixels are whatever they were: paint a ground first.
    pub(crate) fn resize(&mut self, width: u32, height: u32) {
        self.width = width as usize;
        self.height = height as usize;
        self.bytes.resize(self.stride() * self.height, 0);
        for row in self.bytes.chunks_exact_mut(1 + self.width * PIXEL_BYTES) {
            row[0] = 0;
        }
    }

    pub(crate) fn width(&self) -> usize {
        self.width
    }

    pub(crate) fn height(&self) -> usize {
        self.height
    }

    /// From one row to the next, in bytes.
    pub(crate) fn stride(&self) -> usize {
        1 + self.width * PIXEL_BYTES
    }

    /// All rows, each with its filter byte.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The pixels of one row.
    pub(crate) fn row(&mut self, y: usize) -> &mut [u8] {
        let start = y * self.stride() + 1;
        &mut self.bytes[start..start + self.width * PIXEL_BYTES]
    }

    /// Paints every pixel.
    pub(crate) fn clear(&mut self, color: Color) {
        let (right, bottom) = (self.width as i32, self.height as i32);
        self.fill(
            Area {
                left: 0,
                top: 0,
                right,
                bottom,
            },
            color,
            255,
        );
    }

    /// Lays `coverage` of a colour over an area.
    pub(crate) fn fill(&mut self, area: Area, color: Color, coverage: u8) {
        let area = self.clip(area);
        if coverage == 255 && area.height() > 1 {
            return self.fill_opaque(area, color);
        }
        for y in area.top..area.bottom {
            let row = &mut self.row(y as usize)[span(area.left, area.right)];
            for pixel in row.as_chunks_mut().0 {
                blend(pixel, color, coverage);
            }
        }
    }

    /// Paints the first row of a clipped area and copies it to the others.
    fn fill_opaque(&mut self, area: Area, color: Color) {
        let columns = span(area.left, area.right);
        for pixel in self.row(area.top as usize)[columns.clone()]
            .as_chunks_mut()
            .0
        {
            *pixel = color.bytes();
        }
        let stride = self.stride();
        let first = area.top as usize * stride + 1;
        for y in area.top as usize + 1..area.bottom as usize {
            let source = first + columns.start..first + columns.end;
            self.bytes
                .copy_within(source, y * stride + 1 + columns.start);
        }
    }

    /// Lays `coverage` of a colour over one pixel.
    pub(crate) fn dot(&mut self, x: i32, y: i32, color: Color, coverage: u8) {
        self.fill(
            Area {
                left: x,
                top: y,
                right: x + 1,
                bottom: y + 1,
            },
            color,
            coverage,
        );
    }

    /// Lays a colour over an area with round corners.
    pub(crate) fn fill_round(&mut self, area: Area, radius: f32, color: Color, coverage: u8) {
        for part in round_parts(area, radius) {
            match part {
                RoundPart::Span(span) => self.fill(span, color, coverage),
                RoundPart::Edge { x, y, inside } => {
                    self.dot(x, y, color, mix(0, coverage, inside));
                }
            }
        }
    }

    /// Lays a colour through a glyph whose pen is at `x` on `baseline`.
    pub(crate) fn blend_bitmap(&mut self, bitmap: &Bitmap, x: i32, baseline: i32, color: Color) {
        let (left, top) = (x + bitmap.left, baseline + bitmap.top);
        self.blend_rows(&bitmap.coverage, bitmap.width, (left, top), (color, 255));
    }

    /// Lays `opacity` of a colour through the coverage of some pixels of one row, from `at` on.
    pub(crate) fn blend_span(
        &mut self,
        at: (i32, i32),
        coverage: &[u8],
        color: Color,
        opacity: u8,
    ) {
        self.blend_rows(coverage, coverage.len(), at, (color, opacity));
    }

    fn blend_rows(
        &mut self,
        rows: &[u8],
        width: usize,
        (left, top): (i32, i32),
        (color, opacity): (Color, u8),
    ) {
        if width == 0 {
            return;
        }
        let height = rows.len() / width;
        let whole = Area {
            left,
            top,
            right: left.saturating_add(width as i32),
            bottom: top.saturating_add(height as i32),
        };
        let area = self.clip(whole);
        if area.width() == 0 {
            return;
        }
        let skipped = (area.left - left) as usize;
        for y in area.top..area.bottom {
            let start = (y - top) as usize * width + skipped;
            let coverage = &rows[start..start + area.width() as usize];
            let row = &mut self.row(y as usize)[span(area.left, area.right)];
            blend_row(row, coverage, color, opacity);
        }
    }

    fn clip(&self, area: Area) -> Area {
        let (width, height) = (self.width as i32, self.height as i32);
        Area {
            left: area.left.clamp(0, width),
            top: area.top.clamp(0, height),
            right: area.right.clamp(0, width),
            bottom: area.bottom.clamp(0, height),
        }
    }
}

/// The bytes of the pixels from `left` to `right` in a row; empty if they are the wrong way round.
fn span(left: i32, right: i32) -> std::ops::Range<usize> {
    let left = left.max(0) as usize;
    left * PIXEL_BYTES..(right.max(0) as usize).max(left) * PIXEL_BYTES
}

fn blend_row(row: &mut [u8], coverage: &[u8], color: Color, opacity: u8) {
    // Most of a mask is empty, which shows fastest in many pixels at once.
    const STEP: usize = 32;
    let pixels = row.as_chunks_mut::<PIXEL_BYTES>().0;
    for (pixels, coverage) in pixels.chunks_mut(STEP).zip(coverage.chunks(STEP)) {
        if coverage == &[0; STEP][..coverage.len()] {
            continue;
        }
        for (pixel, &coverage) in pixels.iter_mut().zip(coverage) {
            blend(pixel, color, mix(0, opacity, coverage));
        }
    }
}

fn blend(pixel: &mut [u8; PIXEL_BYTES], color: Color, coverage: u8) {
    match coverage {
        0 => {}
        255 => *pixel = color.bytes(),
        _ => {
            let [r, g, b] = *pixel;
            *pixel = Color { r, g, b }.under(color, coverage).bytes();
        }
    }
}

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
    fn drawing_outside_of_the_frame_is_clipped() {
        let mut frame = Frame::new();
        frame.resize(70, 64);
        frame.clear(Color::WHITE);
        let far = Area {
            left: i32::MIN / 2,
            top: -9,
            right: i32::MAX / 2,
            bottom: 3,
        };
        frame.fill(far, Color::rgb(0), 255);
        frame.fill(
            Area {
                left: 90,
                top: 90,
                right: 99,
                bottom: 99,
            },
            Color::rgb(0),
            255,
        );
        frame.fill(
            Area {
                left: 9,
                top: 9,
                right: 5,
                bottom: 5,
            },
            Color::rgb(0),
            255,
        );
        let bitmap = Bitmap {
            left: -3,
            top: -3,
            width: 6,
            coverage: vec![255; 36],
        };
        for (x, y) in [
            (0, 0),
            (70, 64),
            (500, -500),
            (-500, 500),
            (i32::MAX - 9, 0),
        ] {
            frame.blend_bitmap(&bitmap, x, y, Color::rgb(0));
        }
        let black: usize = (0..64)
            .map(|y| frame.row(y).iter().filter(|&&c| c == 0).count())
            .sum();
        assert_eq!(black / 3, 70 * 3 + 9);
        assert!(frame.bytes().chunks(frame.stride()).all(|row| row[0] == 0));
    }

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
