//! One block of a deflate stream: what it says, counted, then written with codes of its own.

use super::DISTANCES;
use super::bits::BitWriter;
use super::huffman::Code;
use super::symbols::{
    DISTANCE_SYMBOLS, MATCH_MAX, MATCH_MIN, Part, SYMBOL_END, SYMBOLS, distance_part, length_part,
};

/// A block ends after as many steps or bytes outside of matches, so that its codes fit what it holds.
const STEPS_MAX: usize = 1 << 14;
const BLOCK_LITERALS_MAX: usize = 1 << 15;

/// Most bytes of one step before its match.
pub(super) const LITERALS_MAX: usize = 1 << 12;

/// Longest code of a symbol, in bits: four of them and what is held fit a word of the writer.
const CODE_BITS_MAX: u8 = 14;

/// In which order the lengths of the code for lengths are written (RFC 1951, 3.2.7).
const LENGTH_ORDER: [usize; 19] = [
    16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15,
];

/// Some bytes as they are, then a match of any length; 0 is none.
#[derive(Debug, Clone, Copy)]
struct Step {
    literals: u32,
    length: u32,
    /// Of the distance among those of the block.
    place: u32,
}

/// A block in the making.
pub(super) struct Block {
    steps: Vec<Step>,
    literals: usize,
    /// Bytes in all.
    bytes: usize,
    symbol_counts: [u32; SYMBOLS],
    place_counts: [u32; DISTANCES],
    distances: [Part; DISTANCES],
    length_parts: [Part; MATCH_MAX + 1],
}

/// Bits to write, the lowest first.
#[derive(Debug, Clone, Copy, Default)]
struct Bits {
    bits: u32,
    count: u32,
}

impl Block {
    pub(super) fn new() -> Self {
        let none = Part {
            symbol: 0,
            extra: 0,
            extra_count: 0,
        };
        Self {
            steps: Vec::with_capacity(STEPS_MAX),
            literals: 0,
            bytes: 0,
            symbol_counts: [0; SYMBOLS],
            place_counts: [0; DISTANCES],
            distances: [none; DISTANCES],
            length_parts: std::array::from_fn(|length| match length {
                ..MATCH_MIN => none,
                _ => length_part(length as u16),
            }),
        }
    }

    /// Prepares for a stream whose matches are at these distances; those over 32,768 are not used.
    pub(super) fn begin(&mut self, distances: [usize; DISTANCES]) {
        self.distances = distances.map(|distance| distance_part(distance.min(1 << 15) as u16));
    }

    pub(super) fn is_full(&self) -> bool {
        self.steps.len() >= STEPS_MAX || self.literals >= BLOCK_LITERALS_MAX
    }

    /// Adds bytes, then a match of `length` bytes at the distance with this place; 0 is no match, and
    /// 1 and 2 are too short.
    pub(super) fn push(&mut self, literals: &[u8], length: usize, place: usize) {
        for &byte in literals {
            let count = &mut self.symbol_counts[usize::from(byte)];
            *count = count.wrapping_add(1);
        }
        if length > MATCH_MAX {
            let (whole, rests) = pieces(length);
            self.count_length(MATCH_MAX, place, whole);
            for rest in rests.into_iter().filter(|&rest| rest > 0) {
                self.count_length(rest, place, 1);
            }
        } else if length > 0 {
            self.count_length(length, place, 1);
        }
        self.literals += literals.len();
        self.bytes += literals.len() + length;
        self.steps.push(Step {
            literals: literals.len() as u32,
            length: length as u32,
            place: place as u32,
        });
    }

    fn count_length(&mut self, length: usize, place: usize, times: usize) {
        self.symbol_counts[self.length_parts[length].symbol] += times as u32;
        self.place_counts[place] += times as u32;
    }

    /// Writes the block, which ends at `end` of `bytes`, and begins an empty one.
    pub(super) fn write(
        &mut self,
        bytes: &[u8],
        end: usize,
        out: &mut BitWriter<'_>,
        is_last: bool,
    ) {
        self.symbol_counts[SYMBOL_END] = 1;
        let mut distance_counts = [0; DISTANCE_SYMBOLS];
        for (part, count) in self.distances.iter().zip(self.place_counts) {
            distance_counts[part.symbol] += count;
        }
        let symbols = Code::new(&self.symbol_counts, CODE_BITS_MAX);
        let distances = Code::new(&distance_counts, CODE_BITS_MAX);
        out.reserve(self.size_bits(&symbols, &distances));
        out.put(u64::from(is_last), 1);
        out.put(0b10, 2);
        write_lengths(&symbols, &distances, out);
        self.write_steps(&bytes[end - self.bytes..end], &symbols, &distances, out);
        let end = literal_bits(&symbols, SYMBOL_END);
        out.put(end.bits.into(), end.count);
        self.steps.clear();
        (self.literals, self.bytes) = (0, 0);
        self.symbol_counts = [0; SYMBOLS];
        self.place_counts = [0; DISTANCES];
    }

    /// At least as many bits as the block takes.
    fn size_bits(&self, symbols: &Code<SYMBOLS>, distances: &Code<DISTANCE_SYMBOLS>) -> usize {
        const TABLES_BITS_MAX: usize = 17 + 19 * 3 + (SYMBOLS + DISTANCE_SYMBOLS) * (7 + 7);
        const LENGTH_BITS_MAX: usize = 5;
        let counts = self.symbol_counts.iter().zip(symbols.lengths);
        let coded: usize = counts
            .map(|(&count, length)| count as usize * usize::from(length))
            .sum();
        let matches = self.distances.iter().zip(self.place_counts);
        let distance_bits = matches.map(|(part, count)| {
            let length = u32::from(distances.lengths[part.symbol]) + part.extra_count;
            count as usize * (LENGTH_BITS_MAX + length as usize)
        });
        TABLES_BITS_MAX + coded + distance_bits.sum::<usize>()
    }

    fn write_steps(
        &self,
        bytes: &[u8],
        symbols: &Code<SYMBOLS>,
        distances: &Code<DISTANCE_SYMBOLS>,
        out: &mut BitWriter<'_>,
    ) {
        let literals: [Bits; 256] = std::array::from_fn(|byte| literal_bits(symbols, byte));
        let lengths: [Bits; MATCH_MAX + 1] = std::array::from_fn(|length| match length {
            ..MATCH_MIN => Bits::default(),
            _ => part_bits(symbols, self.length_parts[length]),
        });
        let places = self.distances.map(|part| part_bits(distances, part));
        let mut at = 0;
        for step in &self.steps {
            let run = &bytes[at..at + step.literals as usize];
            write_literals(run, &literals, out);
            at += (step.literals + step.length) as usize;
            let place = places[step.place as usize];
            if step.length == 0 {
                continue;
            }
            if step.length as usize <= MATCH_MAX {
                write_match(lengths[step.length as usize], place, out);
                continue;
            }
            let (whole, rests) = pieces(step.length as usize);
            for _ in 0..whole {
                write_match(lengths[MATCH_MAX], place, out);
            }
            for rest in rests.into_iter().filter(|&rest| rest > 0) {
                write_match(lengths[rest], place, out);
            }
        }
    }
}

/// A match of at least [`MATCH_MIN`] bytes as so many of the longest that can be said and up to two
/// others, each long enough; 0 is none.
#[inline]
fn pieces(length: usize) -> (usize, [usize; 2]) {
    let (whole, rest) = (length / MATCH_MAX, length % MATCH_MAX);
    match rest {
        1..MATCH_MIN if whole > 0 => (whole - 1, [MATCH_MAX + rest - MATCH_MIN, MATCH_MIN]),
        _ => (whole, [rest, 0]),
    }
}

#[inline]
fn write_literals(run: &[u8], codes: &[Bits; 256], out: &mut BitWriter<'_>) {
    let (fours, rest) = run.as_chunks::<4>();
    for four in fours {
        let (mut bits, mut count) = (0, 0);
        for &byte in four {
            let code = codes[usize::from(byte)];
            bits |= u64::from(code.bits).wrapping_shl(count);
            count = count.wrapping_add(code.count);
        }
        out.put(bits, count);
    }
    for &byte in rest {
        let code = codes[usize::from(byte)];
        out.put(code.bits.into(), code.count);
    }
}

#[inline]
fn write_match(length: Bits, place: Bits, out: &mut BitWriter<'_>) {
    // At most 14 + 5 bits, then 14 + 13.
    let bits = u64::from(length.bits) | u64::from(place.bits).wrapping_shl(length.count);
    out.put(bits, length.count + place.count);
}

fn literal_bits<const N: usize>(code: &Code<N>, symbol: usize) -> Bits {
    Bits {
        bits: u32::from(code.bits[symbol]),
        count: u32::from(code.lengths[symbol]),
    }
}

fn part_bits<const N: usize>(code: &Code<N>, part: Part) -> Bits {
    let symbol = literal_bits(code, part.symbol);
    Bits {
        bits: symbol.bits | part.extra << symbol.count,
        count: symbol.count + part.extra_count,
    }
}

/// Writes the lengths of both codes, which is all that a reader needs to know of them.
fn write_lengths(
    symbols: &Code<SYMBOLS>,
    distances: &Code<DISTANCE_SYMBOLS>,
    out: &mut BitWriter<'_>,
) {
    let all: Vec<u8> = symbols
        .lengths
        .iter()
        .chain(&distances.lengths)
        .copied()
        .collect();
    let runs = runs(&all);
    let mut counts = [0; 19];
    runs.iter().for_each(|run| counts[run.symbol] += 1);
    let code: Code<19> = Code::new(&counts, 7);
    out.put(SYMBOLS as u64 - 257, 5);
    out.put(DISTANCE_SYMBOLS as u64 - 1, 5);
    out.put(LENGTH_ORDER.len() as u64 - 4, 4);
    for symbol in LENGTH_ORDER {
        out.put(u64::from(code.lengths[symbol]), 3);
    }
    for run in runs {
        let run = part_bits(&code, run);
        out.put(run.bits.into(), run.count);
    }
}

/// Lengths with their repetitions said shortly: 16 repeats the last one 3 to 6 times, 17 and 18 are 3
/// to 10 and 11 to 138 zeros.
fn runs(lengths: &[u8]) -> Vec<Part> {
    let mut runs = Vec::with_capacity(lengths.len());
    for run in lengths.chunk_by(|a, b| a == b) {
        let (length, mut rest) = (run[0], run.len());
        let single = Part {
            symbol: usize::from(length),
            extra: 0,
            extra_count: 0,
        };
        if length > 0 {
            runs.push(single);
            rest -= 1;
        }
        while rest > 0 {
            let (symbol, least, most, extra_count) = match (length, rest) {
                (_, ..3) => (single.symbol, 1, 1, 0),
                (0, 11..) => (18, 11, 138, 7),
                (0, _) => (17, 3, 10, 3),
                _ => (16, 3, 6, 2),
            };
            let taken = rest.min(most);
            runs.push(Part {
                symbol,
                extra: (taken - least) as u32,
                extra_count,
            });
            rest -= taken;
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_match_is_cut_into_pieces_that_can_be_said() {
        for length in MATCH_MIN..5 * MATCH_MAX {
            let (whole, rests) = pieces(length);
            assert_eq!(whole * MATCH_MAX + rests[0] + rests[1], length);
            for rest in rests.into_iter().filter(|&rest| rest > 0) {
                assert!((MATCH_MIN..=MATCH_MAX).contains(&rest), "{length}: {rest}");
            }
        }
    }
}
