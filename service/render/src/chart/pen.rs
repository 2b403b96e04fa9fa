//! Turns curves into pixels: what a curve covers of each quarter of a column, and that into the
//! coverage of pixels.
//!
//! A curve goes rightwards only, so what a round pen paints along it is one unbroken span in each
//! quarter column: the curve's own span there and nearby, widened by the pen's outline. That makes
//! the work of a curve its points plus its columns, however dense the points are, and no mask of the
//! whole picture is needed: columns become pixels in small tiles.

use std::ops::Range;

use super::tile::{self, GROUP_COLUMNS};
use crate::Color;
use crate::frame::{Area, Frame};

/// Parts of a column of pixels that are looked at on their own.
pub(super) const PARTS: usize = 4;

/// Columns of room on each side for the pen, at least its radius.
const BORDER: usize = 16;

/// A point in pixels of the picture.
pub(super) type Pixel = (f32, f32);

/// How a curve is painted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Paint {
    pub(super) color: Color,
    pub(super) opacity: u8,
}

/// Memory that is used again for every curve of a chart.
pub(super) struct Pen {
    /// First column and the rows that may be painted.
    left: i32,
    rows: (f32, f32),
    trace: Trace,
    /// Where the span of each part begins and ends; begins below its end when empty.
    tops: Vec<f32>,
    bottoms: Vec<f32>,
}

/// Where a curve goes, in each part of a column.
struct Trace {
    /// Its height in the middle of the part.
    middle: Vec<f32>,
    /// Its highest and lowest place.
    high: Vec<f32>,
    low: Vec<f32>,
}

/// The parts that a curve goes through, and those whose middle it goes through.
#[derive(Debug, Clone, PartialEq)]
struct Traced {
    all: Range<usize>,
    middles: Range<usize>,
}

impl Pen {
    /// A pen for the columns of `area` that stays within its rows and a border around them.
    pub(super) fn new(area: Area) -> Self {
        let parts = (area.width() as usize + 2 * BORDER) * PARTS;
        let border = BORDER as f32;
        Self {
            left: area.left - BORDER as i32,
            rows: (area.top as f32 - border, area.bottom as f32 + border),
            trace: Trace {
                middle: vec![0.0; parts],
                high: vec![0.0; parts],
                low: vec![0.0; parts],
            },
            tops: vec![0.0; parts],
            bottoms: vec![0.0; parts],
        }
    }

    /// Draws a line with a round pen of this radius through points in order of x.
    pub(super) fn stroke(&mut self, run: &[Pixel], radius: f32, paint: Paint, frame: &mut Frame) {
        let radius = radius.clamp(0.5, BORDER as f32 - 2.0);
        let Some(traced) = self.trace(run) else {
            return;
        };
        let reach = (radius * PARTS as f32).ceil() as usize + 1;
        let from = traced.all.start.saturating_sub(reach);
        let to = (traced.all.end + reach).min(self.tops.len());
        let parts = self.empty(from..to);
        let (tops, bottoms) = (&mut self.tops, &mut self.bottoms);
        let mut widen = |curve: (&[f32], &[f32]), range: &Range<usize>, radius: f32| {
            let reach = (radius * PARTS as f32) as isize;
            for shift in -reach..=reach {
                let aside = shift as f32 / PARTS as f32;
                let outline = (radius * radius - aside * aside).max(0.0).sqrt();
                let Some((from, to)) = shifted(range, shift, tops.len()) else {
                    continue;
                };
                let (high, low) = (&curve.0[from.clone()], &curve.1[from]);
                lower(&mut tops[to.clone()], high, outline);
                raise(&mut bottoms[to], low, outline);
            }
        };
        let trace = &self.trace;
        widen((&trace.middle, &trace.middle), &traced.middles, radius);
        // Within a part the curve may be half a part off its middle, so the pen is that narrower.
        let inner = radius - 0.5 / PARTS as f32;
        widen((&trace.high, &trace.low), &traced.all, inner);
        self.fill(parts, paint, frame);
    }

    /// Fills between two curves through points in order of x, over the columns that both reach.
    pub(super) fn fill_between(
        &mut self,
        (upper, lower): (&[Pixel], &[Pixel]),
        paint: Paint,
        frame: &mut Frame,
    ) {
        let Some(first) = self.trace(upper) else {
            return;
        };
        let kept = self.trace.middle[first.middles.clone()].to_vec();
        let Some(second) = self.trace(lower) else {
            return;
        };
        let both = first.middles.start.max(second.middles.start)
            ..first.middles.end.min(second.middles.end);
        if both.is_empty() {
            return;
        }
        let parts = self.empty(both.clone());
        for part in both {
            let (a, b) = (kept[part - first.middles.start], self.trace.middle[part]);
            self.tops[part] = a.min(b);
            self.bottoms[part] = a.max(b);
        }
        self.fill(parts, paint, frame);
    }

    /// Fills a span of rows in each column; `spans` begins at the column `left`.
    pub(super) fn fill_columns(
        &mut self,
        left: i32,
        spans: &[(f32, f32)],
        paint: Paint,
        frame: &mut Frame,
    ) {
        let first = (left - self.left).max(0) as usize * PARTS;
        let last = (first + spans.len() * PARTS).min(self.tops.len());
        if first >= last {
            return;
        }
        let parts = self.empty(first..last);
        for part in first..last {
            (self.tops[part], self.bottoms[part]) = spans[(part - first) / PARTS];
        }
        self.fill(parts, paint, frame);
    }

    /// Empties the spans of whole columns around these parts, and gives their range.
    fn empty(&mut self, parts: Range<usize>) -> Range<usize> {
        let start = parts.start / PARTS * PARTS;
        let end = parts.end.next_multiple_of(PARTS).min(self.tops.len());
        self.tops[start..end].fill(f32::INFINITY);
        self.bottoms[start..end].fill(f32::NEG_INFINITY);
        start..end
    }

    /// Follows the curve; none if it is empty.
    fn trace(&mut self, run: &[Pixel]) -> Option<Traced> {
        let (left, scale) = (self.left as f32, PARTS as f32);
        let parts = self.tops.len();
        let most = parts as f32 - 1.0;
        let place = |&(x, y): &Pixel| (((x - left) * scale).clamp(0.0, most), y);
        let (first, last) = (place(run.first()?), place(run.last()?));
        let all = first.0 as usize..last.0 as usize + 1;
        self.trace.high[all.clone()].fill(f32::INFINITY);
        self.trace.low[all.clone()].fill(f32::NEG_INFINITY);
        self.trace.touch(all.start, first.1);
        let mut before = first;
        for point in &run[1..] {
            let point = place(point);
            self.trace.segment(before, point);
            before = point;
        }
        // The middle of a part is half a part behind its beginning.
        let middles = (first.0 + 0.5) as usize..(last.0 + 0.5) as usize;
        Some(Traced { all, middles })
    }

    fn fill(&mut self, parts: Range<usize>, paint: Paint, frame: &mut Frame) {
        let mut start = parts.start;
        while start < parts.end {
            let end = (start + GROUP_COLUMNS * PARTS).min(parts.end);
            let spans = (&self.tops[start..end], &self.bottoms[start..end]);
            let left = self.left + (start / PARTS) as i32;
            tile::fill(left, spans, self.rows, paint, frame);
            start = end;
        }
    }
}

impl Trace {
    fn touch(&mut self, part: usize, y: f32) {
        self.high[part] = least(self.high[part], y);
        self.low[part] = most(self.low[part], y);
    }

    /// A straight line from `a` rightwards to `b`; x in parts.
    fn segment(&mut self, a: Pixel, b: Pixel) {
        let (from, to) = (a.0 as usize, b.0 as usize);
        let width = b.0 - a.0;
        if from < to {
            let slope = (b.1 - a.1) / width;
            for part in from..to {
                let edge = a.1 + slope * ((part + 1) as f32 - a.0);
                self.touch(part, edge);
                self.touch(part + 1, edge);
            }
        }
        self.touch(to, b.1);
        let middles = (a.0 + 0.5) as usize..(b.0 + 0.5) as usize;
        if !middles.is_empty() {
            let slope = (b.1 - a.1) / width;
            for part in middles {
                self.middle[part] = a.1 + slope * (part as f32 + 0.5 - a.0);
            }
        }
    }
}

/// `range` and the same moved by `shift`, both cut so that the moved one is within `0..len`.
fn shifted(range: &Range<usize>, shift: isize, len: usize) -> Option<(Range<usize>, Range<usize>)> {
    let start = range.start.max(shift.min(0).unsigned_abs());
    let end = range.end.min(len.saturating_sub(shift.max(0) as usize));
    let moved = |at: usize| at.checked_add_signed(shift);
    (start < end).then_some((start..end, moved(start)?..moved(end)?))
}

fn lower(tops: &mut [f32], curve: &[f32], by: f32) {
    for (top, y) in tops.iter_mut().zip(curve) {
        *top = least(*top, y - by);
    }
}

fn raise(bottoms: &mut [f32], curve: &[f32], by: f32) {
    for (bottom, y) in bottoms.iter_mut().zip(curve) {
        *bottom = most(*bottom, y + by);
    }
}

/// As `f32::min` for numbers, in one instruction.
pub(super) fn least(a: f32, b: f32) -> f32 {
    if b < a { b } else { a }
}

pub(super) fn most(a: f32, b: f32) -> f32 {
    if b > a { b } else { a }
}

#[cfg(test)]
mod tests;
