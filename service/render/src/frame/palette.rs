//! The colours of an indexed picture, and what laying one over another gives.
//!
//! Blending looks up, instead of calculating: for each ink there is a table from the index of what
//! lies under it and one of 32 steps of coverage to the index of the mixture, filled in as pictures
//! need it. Opaque colours and whole areas have their exact colour. A mixture at the edge of a shape
//! may be off by [`BLEND_ERROR_MAX`] in each channel, because its coverage is rounded to a step and
//! because a colour that is nearly there already gets no entry of its own.
//!
//! A picture that needs more colours than there are indices is none for a palette: what would be
//! farther off is answered by `None`. Everything is decided by the order of drawing alone, so equal
//! pictures have equal indices everywhere.

mod slots;

use crate::Color;
use crate::color::mix;
use slots::Slots;

/// Most colours of a picture; one index less than a byte has, which stands for "not known yet".
pub(crate) const COLORS_MAX: usize = 255;
const UNKNOWN: u8 = 255;

/// Most colours that are laid over others in part. Each has a table of 16 KiB, which is kept.
pub(super) const INKS_MAX: usize = 64;

/// The step of coverage that hides what is under it, and the bits that hold a step.
const FULL: usize = 32;
const STEP_BITS: u32 = 6;
const TABLE: usize = 256 << STEP_BITS;

/// Pixels that are blended at once.
const PIECE: usize = 8;

/// From this many colours on, mixtures also take a colour that is [`NEAR`].
const CROWDED: usize = 144;

/// How far off a channel may be: as long as there is room, when it gets scarce, and when there is
/// none. A colour that was asked for itself, without mixing, may be off by `EXACT` if there is none.
const CELL_BITS: u32 = 2;
const NEAR: u8 = 10;
const FAR: u8 = 16;
const EXACT: u8 = 2;

/// The most by which any channel of one mixture differs from the exact one: the choice of an entry,
/// half a step of coverage, and two roundings.
#[cfg(test)]
pub(super) const BLEND_ERROR_MAX: u8 = FAR + 4 + 1;

/// Colours in the order of their first use, with tables of their mixtures.
pub(super) struct Palette {
    colors: Vec<Color>,
    by_color: Slots,
    /// Of the colours that share all but the lowest bits, the first.
    by_cell: Slots,
    /// Those of this picture first, then tables that wait for another one.
    inks: Vec<Ink>,
    ink_count: usize,
}

/// A colour to lay over others.
struct Ink {
    color: Color,
    /// The index of the mixture, by what is under it and by step.
    mixtures: Box<[u8; TABLE]>,
}

impl Palette {
    pub(super) fn new() -> Self {
        Self {
            colors: Vec::with_capacity(COLORS_MAX),
            by_color: Slots::new(),
            by_cell: Slots::new(),
            inks: Vec::new(),
            ink_count: 0,
        }
    }

    /// Forgets every colour.
    pub(super) fn clear(&mut self) {
        self.colors.clear();
        self.by_color.clear();
        self.by_cell.clear();
        self.ink_count = 0;
    }

    /// In the order of their indices.
    pub(super) fn colors(&self) -> &[Color] {
        &self.colors
    }

    /// The index of a colour as it is.
    pub(super) fn exact(&mut self, color: Color) -> Option<u8> {
        self.by_color
            .get(color)
            .or_else(|| self.add(color))
            .or_else(|| self.nearest(color, EXACT))
    }

    /// The index of a colour or of one that cannot be told from it at the edge of a shape.
    fn near(&mut self, color: Color) -> Option<u8> {
        if let Some(index) = self.by_color.get(color) {
            return Some(index);
        }
        if let Some(index) = self.by_cell.get(cell(color)) {
            return Some(index);
        }
        if self.colors.len() >= CROWDED
            && let Some(index) = self.nearest(color, NEAR)
        {
            return Some(index);
        }
        self.add(color).or_else(|| self.nearest(color, FAR))
    }

    fn add(&mut self, color: Color) -> Option<u8> {
        if self.colors.len() >= COLORS_MAX {
            return None;
        }
        let index = self.colors.len() as u8;
        self.colors.push(color);
        self.by_color.insert(color, index);
        if self.by_cell.get(cell(color)).is_none() {
            self.by_cell.insert(cell(color), index);
        }
        Some(index)
    }

    /// The nearest colour, if no channel differs by more than `most`; of equally near ones the first.
    fn nearest(&self, color: Color, most: u8) -> Option<u8> {
        let distance = |other: &Color| {
            let (r, g) = (color.r.abs_diff(other.r), color.g.abs_diff(other.g));
            r.max(g).max(color.b.abs_diff(other.b))
        };
        let nearest = self.colors.iter().map(distance).enumerate();
        let (index, distance) = nearest.min_by_key(|&(_, distance)| distance)?;
        (distance <= most).then_some(index as u8)
    }

    /// The place of the table of an ink; None if there are too many.
    pub(super) fn ink(&mut self, color: Color) -> Option<usize> {
        let used = &self.inks[..self.ink_count];
        // Text and lines come in runs of one colour.
        if let Some(place) = used.iter().rposition(|ink| ink.color == color) {
            return Some(place);
        }
        if self.ink_count == INKS_MAX {
            return None;
        }
        if self.ink_count == self.inks.len() {
            self.inks.push(Ink {
                color,
                mixtures: Box::new([UNKNOWN; TABLE]),
            });
        }
        self.inks[self.ink_count].begin(color);
        self.ink_count += 1;
        Some(self.ink_count - 1)
    }

    /// Lays an ink over the indices of `row`, through `coverage` of which `opacity` is left. Returns
    /// how many pixels were done: all, unless a colour found no room.
    pub(super) fn blend_row(
        &mut self,
        ink: usize,
        row: &mut [u8],
        coverage: &[u8],
        opacity: u8,
    ) -> usize {
        let count = row.len().min(coverage.len());
        let mut at = 0;
        loop {
            at += self.inks[ink].blend_known(&mut row[at..count], &coverage[at..count], opacity);
            if at == count {
                return at;
            }
            let (under, step) = (row[at], step(mix(0, opacity, coverage[at])));
            let Some(index) = self.mix(ink, under, step) else {
                return at;
            };
            self.inks[ink].mixtures[place(under, step)] = index;
        }
    }

    /// The index of a step of an ink over another index.
    fn mix(&mut self, ink: usize, under: u8, step: usize) -> Option<u8> {
        let color = self.inks[ink].color;
        let bottom = self.colors.get(usize::from(under)).copied();
        match step {
            // Known from the beginning, but for what is no index.
            0 => Some(under),
            FULL => self.exact(color),
            _ => self.near(
                bottom
                    .unwrap_or(Color::rgb(0))
                    .under(color, (step * 8) as u8),
            ),
        }
    }

    /// Lays `coverage` of a colour over every index of `row`, exactly. `known` holds what is known
    /// from rows before. Returns how many pixels were done.
    pub(super) fn fill_row(
        &mut self,
        known: &mut [u8; 256],
        row: &mut [u8],
        color: Color,
        coverage: u8,
    ) -> usize {
        for (at, pixel) in row.iter_mut().enumerate() {
            let under = usize::from(*pixel);
            if known[under] == UNKNOWN {
                let bottom = self.colors.get(under).copied().unwrap_or(Color::rgb(0));
                match self.exact(bottom.under(color, coverage)) {
                    Some(index) => known[under] = index,
                    None => return at,
                }
            }
            *pixel = known[under];
        }
        row.len()
    }

    /// What [`Palette::fill_row`] knows before its first row.
    pub(super) fn nothing_known() -> [u8; 256] {
        [UNKNOWN; 256]
    }
}

impl Ink {
    /// Begins a table in which only it is known that no coverage changes nothing.
    fn begin(&mut self, color: Color) {
        self.color = color;
        self.mixtures.fill(UNKNOWN);
        for under in 0..COLORS_MAX as u8 {
            self.mixtures[place(under, 0)] = under;
        }
    }

    /// Blends up to the first pixel whose mixture is not known, and returns its place.
    fn blend_known(&self, row: &mut [u8], coverage: &[u8], opacity: u8) -> usize {
        let (pieces, tail) = row.as_chunks_mut();
        let (coverages, coverage_tail) = coverage.as_chunks();
        for (at, (piece, coverage)) in pieces.iter_mut().zip(coverages).enumerate() {
            let known = self.blend_piece(piece, coverage, opacity);
            if known < PIECE {
                return at * PIECE + known;
            }
        }
        let done = pieces.len() * PIECE;
        // Pixels that are not there have no coverage.
        let (mut piece, mut coverage) = ([0; PIECE], [0; PIECE]);
        piece[..tail.len()].copy_from_slice(tail);
        coverage[..tail.len()].copy_from_slice(coverage_tail);
        let known = self.blend_piece(&mut piece, &coverage, opacity);
        tail.copy_from_slice(&piece[..tail.len()]);
        done + known.min(tail.len())
    }

    /// The same for a few pixels, all of which are looked up without a jump that nobody can foresee.
    #[inline]
    fn blend_piece(&self, row: &mut [u8; PIECE], coverage: &[u8; PIECE], opacity: u8) -> usize {
        if *coverage == [0; PIECE] {
            return PIECE;
        }
        let coverage = match opacity {
            255 => *coverage,
            _ => coverage.map(|part| mix(0, opacity, part)),
        };
        let looked_up: [u8; PIECE] =
            std::array::from_fn(|at| self.mixtures[place(row[at], step(coverage[at]))]);
        let known = looked_up.iter().position(|&index| index == UNKNOWN);
        let known = known.unwrap_or(PIECE);
        if known == PIECE {
            *row = looked_up;
        } else {
            row[..known].copy_from_slice(&looked_up[..known]);
        }
        known
    }
}

/// The step of a coverage, rounded to eighths of 256: 4 to 11 is the first, 252 and more is all.
#[inline]
fn step(coverage: u8) -> usize {
    (usize::from(coverage) + 4) >> 3
}

/// The place of a mixture in the table of its ink.
#[inline]
fn place(under: u8, step: usize) -> usize {
    usize::from(under) << STEP_BITS | step & ((1 << STEP_BITS) - 1)
}

/// The colour without the bits that tell neighbours apart.
fn cell(color: Color) -> Color {
    let coarse = |channel: u8| channel >> CELL_BITS;
    Color {
        r: coarse(color.r),
        g: coarse(color.g),
        b: coarse(color.b),
    }
}
