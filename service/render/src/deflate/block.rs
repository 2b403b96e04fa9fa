//! One block of a deflate stream: what it says, counted, then written with codes of its own.

use super::bits::BitWriter;
use super::huffman::Code;

/// Symbols for bytes, the end of the block, and lengths.
const SYMBOLS: usize = 286;
const SYMBOL_END: usize = 256;
const SYMBOL_LENGTH: usize = 257;
const DISTANCE_SYMBOLS: usize = 30;

/// A block ends after as many bytes and matches, so that its codes fit what it holds.
const TOKENS_MAX: usize = 1 << 15;

/// In which order the lengths of the code for lengths are written (RFC 1951, 3.2.7).
const LENGTH_ORDER: [usize; 19] = [
    16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15,
];

/// One byte, or a match.
#[derive(Debug, Clone, Copy)]
enum Token {
    Literal(u8),
    Match { length: u16, distance: u16 },
}

/// A block in the making.
pub(super) struct Block {
    tokens: Vec<Token>,
    symbol_counts: [u32; SYMBOLS],
    distance_counts: [u32; DISTANCE_SYMBOLS],
}

impl Block {
    pub(super) fn new() -> Self {
        Self {
            tokens: Vec::with_capacity(TOKENS_MAX),
            symbol_counts: [0; SYMBOLS],
            distance_counts: [0; DISTANCE_SYMBOLS],
        }
    }

    pub(super) fn is_full(&self) -> bool {
        self.tokens.len() >= TOKENS_MAX
    }

    pub(super) fn push_literal(&mut self, byte: u8) {
        self.tokens.push(Token::Literal(byte));
        self.symbol_counts[usize::from(byte)] += 1;
    }

    /// `length` is 3 to 258, `distance` 1 to 32,768.
    pub(super) fn push_match(&mut self, length: usize, distance: usize) {
        let (length, distance) = (length as u16, distance as u16);
        self.tokens.push(Token::Match { length, distance });
        self.symbol_counts[length_part(length).symbol] += 1;
        self.distance_counts[distance_part(distance).symbol] += 1;
    }

    /// Writes the block and begins an empty one.
    pub(super) fn write(&mut self, out: &mut BitWriter<'_>, is_last: bool) {
        self.symbol_counts[SYMBOL_END] = 1;
        let symbols = Code::new(&self.symbol_counts, 15);
        let distances = Code::new(&self.distance_counts, 15);
        out.put(u32::from(is_last), 1);
        out.put(0b10, 2);
        write_lengths(&symbols, &distances, out);
        for token in &self.tokens {
            match *token {
                Token::Literal(byte) => put(out, &symbols, usize::from(byte)),
                Token::Match { length, distance } => {
                    put_part(out, &symbols, length_part(length));
                    put_part(out, &distances, distance_part(distance));
                }
            }
        }
        put(out, &symbols, SYMBOL_END);
        self.tokens.clear();
        self.symbol_counts = [0; SYMBOLS];
        self.distance_counts = [0; DISTANCE_SYMBOLS];
    }
}

/// A number as its symbol and the bits that choose within it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Part {
    symbol: usize,
    extra: u32,
    extra_count: u32,
}

fn put<const N: usize>(out: &mut BitWriter<'_>, code: &Code<N>, symbol: usize) {
    out.put(
        u32::from(code.bits[symbol]),
        u32::from(code.lengths[symbol]),
    );
}

fn put_part<const N: usize>(out: &mut BitWriter<'_>, code: &Code<N>, part: Part) {
    let length = u32::from(code.lengths[part.symbol]);
    // At most 15 bits of code and 13 of choice.
    let bits = u32::from(code.bits[part.symbol]) | part.extra << length;
    out.put(bits, length + part.extra_count);
}

/// RFC 1951, 3.2.5: four symbols for each doubling of the length, after eight single ones.
fn length_part(length: u16) -> Part {
    let over = u32::from(length) - 3;
    match length {
        258 => Part {
            symbol: SYMBOL_LENGTH + 28,
            extra: 0,
            extra_count: 0,
        },
        ..11 => Part {
            symbol: SYMBOL_LENGTH + over as usize,
            extra: 0,
            extra_count: 0,
        },
        _ => {
            let extra_count = over.ilog2() - 2;
            let step = (over >> extra_count) as usize;
            let symbol = SYMBOL_LENGTH + 4 * extra_count as usize + step;
            Part {
                symbol,
                extra: over & ((1 << extra_count) - 1),
                extra_count,
            }
        }
    }
}

/// RFC 1951, 3.2.5: two symbols for each doubling of the distance, after four single ones.
fn distance_part(distance: u16) -> Part {
    let over = u32::from(distance) - 1;
    if over < 4 {
        return Part {
            symbol: over as usize,
            extra: 0,
            extra_count: 0,
        };
    }
    let extra_count = over.ilog2() - 1;
    let symbol = 2 * extra_count as usize + (over >> extra_count) as usize;
    Part {
        symbol,
        extra: over & ((1 << extra_count) - 1),
        extra_count,
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
    out.put(SYMBOLS as u32 - 257, 5);
    out.put(DISTANCE_SYMBOLS as u32 - 1, 5);
    out.put(LENGTH_ORDER.len() as u32 - 4, 4);
    for symbol in LENGTH_ORDER {
        out.put(u32::from(code.lengths[symbol]), 3);
    }
    runs.into_iter().for_each(|run| put_part(out, &code, run));
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
    fn lengths_and_distances_have_the_symbols_of_the_format() {
        let part = |symbol, extra, extra_count| Part {
            symbol,
            extra,
            extra_count,
        };
        assert_eq!(length_part(3), part(257, 0, 0));
        assert_eq!(length_part(10), part(264, 0, 0));
        assert_eq!(length_part(11), part(265, 0, 1));
        assert_eq!(length_part(18), part(268, 1, 1));
        assert_eq!(length_part(130), part(280, 15, 4));
        assert_eq!(length_part(257), part(284, 30, 5));
        assert_eq!(length_part(258), part(285, 0, 0));
        assert_eq!(distance_part(1), part(0, 0, 0));
        assert_eq!(distance_part(4), part(3, 0, 0));
        assert_eq!(distance_part(5), part(4, 0, 1));
        assert_eq!(distance_part(24_577), part(29, 0, 13));
        assert_eq!(distance_part(32_768), part(29, 8_191, 13));
    }
}
