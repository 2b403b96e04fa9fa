//! Spans of rows in parts of columns become the coverage of pixels, some columns at a time.

use super::pen::{PARTS, Paint};
use crate::frame::{Area, Frame};

/// Columns of one tile: its rows are one line of the processor's cache.
pub(super) const TILE_COLUMNS: usize = 64;

/// Spans are counted in such parts of a row, so that a pixel has `PARTS × UNITS` = 256.
const UNITS: i32 = 64;

/// Rows that all columns of a tile cover are filled at once from this many on.
const SOLID_ROWS_MIN: i32 = 4;

/// The coverage of one tile, and memory for it.
pub(super) struct Tile {
    coverage: Vec<u8>,
}

/// The span of one part, in units of rows. Empty ones end where they begin, or before.
type Span = (i32, i32);

impl Tile {
    pub(super) fn new() -> Self {
        Self {
            coverage: Vec::new(),
        }
    }

    /// Paints spans from the column `left` on, cut to `rows`. There are [`PARTS`] spans for each of
    /// at most [`TILE_COLUMNS`] columns.
    pub(super) fn fill(
        &mut self,
        left: i32,
        (tops, bottoms): (&[f32], &[f32]),
        rows: (f32, f32),
        paint: Paint,
        frame: &mut Frame,
    ) {
        let mut spans = [(0, 0); TILE_COLUMNS * PARTS];
        let units = |y: f32| (y.clamp(rows.0, rows.1) * UNITS as f32).round() as i32;
        for (span, (top, bottom)) in spans.iter_mut().zip(tops.iter().zip(bottoms)) {
            *span = (units(*top), units(*bottom));
        }
        let spans = &spans[..tops.len().min(TILE_COLUMNS * PARTS)];
        let shown = spans.iter().filter(|span| span.0 < span.1);
        let (Some(top), Some(bottom)) = (
            shown.clone().map(|span| span.0).min(),
            shown.map(|span| span.1).max(),
        ) else {
            return;
        };
        let whole = (top.div_euclid(UNITS), row_after(bottom));
        let solid = solid(spans);
        if solid.1 - solid.0 < SOLID_ROWS_MIN {
            return self.blend(left, spans, whole, paint, frame);
        }
        let area = Area {
            left,
            right: left + (spans.len() / PARTS) as i32,
            top: solid.0,
            bottom: solid.1,
        };
        frame.fill(area, paint.color, paint.opacity);
        self.blend(left, spans, (whole.0, solid.0), paint, frame);
        self.blend(left, spans, (solid.1, whole.1), paint, frame);
    }

    /// Paints the rows of `block` pixel by pixel.
    fn blend(
        &mut self,
        left: i32,
        spans: &[Span],
        block: (i32, i32),
        paint: Paint,
        frame: &mut Frame,
    ) {
        let rows = (block.1 - block.0).max(0) as usize;
        self.coverage.clear();
        self.coverage.resize(rows * TILE_COLUMNS, 0);
        for (column, parts) in spans.as_chunks().0.iter().enumerate() {
            cover_column(&mut self.coverage, column, parts, block);
        }
        let columns = spans.len() / PARTS;
        for (y, row) in (block.0..).zip(self.coverage.chunks_exact(TILE_COLUMNS)) {
            frame.blend_span((left, y), &row[..columns], paint.color, paint.opacity);
        }
    }
}

/// The rows that every part covers whole.
fn solid(spans: &[Span]) -> (i32, i32) {
    let top = spans.iter().map(|span| row_after(span.0)).max();
    let bottom = spans.iter().map(|span| span.1.div_euclid(UNITS)).min();
    (top.unwrap_or(0), bottom.unwrap_or(0))
}

fn row_after(units: i32) -> i32 {
    (units + UNITS - 1).div_euclid(UNITS)
}

/// Writes the coverage of one column of pixels in the rows of `block`.
fn cover_column(coverage: &mut [u8], column: usize, parts: &[Span; PARTS], block: (i32, i32)) {
    let shown = parts.iter().filter(|span| span.0 < span.1);
    let Some(top) = shown.clone().map(|span| span.0).min() else {
        return;
    };
    let bottom = shown.map(|span| span.1).max().unwrap_or(top);
    let inner = solid(parts);
    let end = row_after(bottom).min(block.1);
    let mut y = top.div_euclid(UNITS).max(block.0);
    let place = |y: i32| (y - block.0) as usize * TILE_COLUMNS + column;
    while y < end {
        if (inner.0..inner.1).contains(&y) {
            let until = inner.1.min(end);
            (y..until).for_each(|y| coverage[place(y)] = 255);
            y = until;
            continue;
        }
        let (from, to) = (y * UNITS, (y + 1) * UNITS);
        let covered = |span: &Span| (span.1.min(to) - span.0.max(from)).max(0);
        let sum: i32 = parts.iter().map(covered).sum();
        coverage[place(y)] = sum.min(255) as u8;
        y += 1;
    }
}
