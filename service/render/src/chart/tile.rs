//! Spans of rows in parts of columns become the coverage of pixels, some columns at a time.

use super::pen::{PARTS, Paint, least, most};
use crate::frame::{Area, Frame};

/// Columns that are painted together where they are covered whole.
pub(super) const GROUP_COLUMNS: usize = 256;

/// Columns of one tile, whose rows are painted pixel by pixel.
const TILE_COLUMNS: usize = 32;

/// Spans are counted in such parts of a row, so that a pixel has `PARTS × UNITS` = 256.
const UNITS: i32 = 64;

/// Rows that are looked at together, so that their units fit into 16 bits, of which the processor
/// takes many at once.
const BLOCK_ROWS: i32 = 256;

/// Rows that all columns of a tile cover are filled at once from this many on.
const SOLID_ROWS_MIN: i32 = 4;

/// More than any row is above the picture, so that numbers of rows are positive.
const ABOVE: i32 = 1 << 10;

/// The span of one part, in units of rows. Empty ones end where they begin, or before.
type Span = (i32, i32);

/// One number for each column of a tile.
type Row = [i16; TILE_COLUMNS];

/// Paints spans from the column `left` on, cut to `rows`. There are [`PARTS`] spans for each of at
/// most [`GROUP_COLUMNS`] columns.
pub(super) fn fill(
    left: i32,
    (tops, bottoms): (&[f32], &[f32]),
    rows: (f32, f32),
    paint: Paint,
    frame: &mut Frame,
) {
    let mut spans = [(0, 0); GROUP_COLUMNS * PARTS];
    let units = |y: f32| {
        let y = least(most(y, rows.0), rows.1) + ABOVE as f32;
        // Positive, so that cutting off after adding a half is rounding.
        (y * UNITS as f32 + 0.5) as i32 - ABOVE * UNITS
    };
    for (span, (top, bottom)) in spans.iter_mut().zip(tops.iter().zip(bottoms)) {
        *span = (units(*top), units(*bottom));
    }
    let spans = &spans[..tops.len().min(GROUP_COLUMNS * PARTS)];
    let solid = fill_solid(left, spans, None, paint, frame);
    for (tile, spans) in (0..).zip(spans.chunks(TILE_COLUMNS * PARTS)) {
        fill_tile(
            left + tile * TILE_COLUMNS as i32,
            spans,
            solid,
            paint,
            frame,
        );
    }
}

/// Paints the columns of one tile, but for the rows `done`.
fn fill_tile(left: i32, spans: &[Span], done: Option<(i32, i32)>, paint: Paint, frame: &mut Frame) {
    let shown = spans.iter().filter(|span| span.0 < span.1);
    let (Some(top), Some(bottom)) = (
        shown.clone().map(|span| span.0).min(),
        shown.map(|span| span.1).max(),
    ) else {
        return;
    };
    let whole = (top.div_euclid(UNITS), row_after(bottom));
    match fill_solid(left, spans, done, paint, frame).or(done) {
        None => blend(left, spans, whole, paint, frame),
        Some(solid) => {
            blend(left, spans, (whole.0, solid.0), paint, frame);
            blend(left, spans, (solid.1, whole.1), paint, frame);
        }
    }
}

/// Paints the rows that all spans cover, but for those `done` already, if they are many enough to
/// gain by it, and gives them.
fn fill_solid(
    left: i32,
    spans: &[Span],
    done: Option<(i32, i32)>,
    paint: Paint,
    frame: &mut Frame,
) -> Option<(i32, i32)> {
    let solid = solid(spans);
    if solid.1 - solid.0 < SOLID_ROWS_MIN {
        return None;
    }
    let whole = Area {
        left,
        right: left + (spans.len() / PARTS) as i32,
        top: solid.0,
        bottom: solid.1,
    };
    let done = done.unwrap_or((solid.1, solid.1));
    for area in [
        Area {
            bottom: done.0,
            ..whole
        },
        Area {
            top: done.1,
            ..whole
        },
    ] {
        if area.top < area.bottom {
            frame.fill(area, paint.color, paint.opacity);
        }
    }
    Some(solid)
}

/// The rows that every part covers whole.
fn solid(spans: &[Span]) -> (i32, i32) {
    let top = spans.iter().map(|span| span.0).max().unwrap_or(0);
    let bottom = spans.iter().map(|span| span.1).min().unwrap_or(0);
    (row_after(top), bottom.div_euclid(UNITS))
}

fn row_after(units: i32) -> i32 {
    (units + UNITS - 1).div_euclid(UNITS)
}

/// Paints some rows pixel by pixel.
fn blend(left: i32, spans: &[Span], rows: (i32, i32), paint: Paint, frame: &mut Frame) {
    let columns = spans.len() / PARTS;
    let mut first = rows.0;
    while first < rows.1 {
        let last = (first + BLOCK_ROWS).min(rows.1);
        let block = Block::new(spans, first);
        for y in first..last {
            let coverage = block.coverage(y - first);
            frame.blend_span((left, y), &coverage[..columns], paint.color, paint.opacity);
        }
        first = last;
    }
}

/// Spans counted from the first of some rows, each part of all columns beside each other.
struct Block {
    tops: [Row; PARTS],
    bottoms: [Row; PARTS],
}

impl Block {
    fn new(spans: &[Span], first: i32) -> Self {
        let mut block = Self {
            tops: [[0; TILE_COLUMNS]; PARTS],
            bottoms: [[0; TILE_COLUMNS]; PARTS],
        };
        // What is beyond the block counts as its edge.
        let within = |units: i32| (units - first * UNITS).clamp(0, BLOCK_ROWS * UNITS) as i16;
        for (index, span) in spans.iter().enumerate() {
            let (column, part) = (index / PARTS, index % PARTS);
            block.tops[part][column] = within(span.0);
            block.bottoms[part][column] = within(span.1);
        }
        block
    }

    /// What is covered of each pixel of one row.
    fn coverage(&self, row: i32) -> [u8; TILE_COLUMNS] {
        let (from, to) = ((row * UNITS) as i16, ((row + 1) * UNITS) as i16);
        let mut sums: Row = [0; TILE_COLUMNS];
        for (tops, bottoms) in self.tops.iter().zip(&self.bottoms) {
            for ((sum, top), bottom) in sums.iter_mut().zip(tops).zip(bottoms) {
                let covered = (*bottom).min(to).wrapping_sub((*top).max(from)).max(0);
                *sum = sum.wrapping_add(covered);
            }
        }
        sums.map(|sum| sum.min(255) as u8)
    }
}
