//! zlib streams for pictures.
//!
//! A general compressor looks everywhere for what it has seen before. A drawn picture repeats itself
//! in few places that are known: one pixel back, one row up, and one row up along a gradient. Looking
//! only there is faster, needs no tables in memory, and gives the same bytes on every processor, so
//! that equal scenes have equal entity tags on all instances. Format: RFC 1950 and RFC 1951.

mod huffman;
mod bits;
mod symbols;
mod block;

use block::Block;

/// The shortest match that pays.
const MATCH_MIN: usize = 4;

/// Farthest match that the format can say.
const DISTANCE_MAX: usize = 32_768;

/// A match of so many bytes is taken without looking for a longer one.
const MATCH_GOOD: usize = 96;

/// Bytes that are compared at once.
const STEP: usize = 32;

/// The checksum is taken of about so many bytes at once, as long as they are near in memory.
const CHECKED_BYTES: usize = 16 << 10;

/// Distances that are looked at.
pub(crate) const DISTANCES: usize = 3;

/// How some bytes repeat themselves.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Habits {
    /// After a place without a match, the next one is looked for so many bytes on: at least 1. More is
    /// faster, and where nothing repeats itself little is lost.
    pub(crate) step: usize,
    /// Where matches are, in bytes back; the first long one is taken. Distances that the format cannot
    /// say are passed over.
    pub(crate) distances: [usize; DISTANCES],
}

/// Compresses one picture after the other and keeps its memory between them.
pub(crate) struct Deflater {
    block: Block,
}

impl Deflater {
    pub(crate) fn new() -> Self {
        Self {
            block: Block::new(),
        }
    }

    /// Appends `bytes` as a zlib stream to `out`.
    pub(crate) fn compress(&mut self, bytes: &[u8], habits: Habits, out: &mut Vec<u8>) {
        // Deflate with a window of 32 KiB, fastest level, no dictionary.
        out.extend_from_slice(&[0x78, 0x01]);
        let mut writer = bits::BitWriter::new(out);
        let step = habits.step.max(1);
        let distances = habits.distances.map(within_window);
        self.block.begin(distances);
        let mut checksum = simd_adler32::Adler32::new();
        let (mut at, mut literals_from, mut checked) = (0, 0, 0);
        while at < bytes.len() {
            let found = longest(bytes, at, distances);
            if found.length == 0 {
                at = bytes.len().min(at + step);
                if at - literals_from < block::LITERALS_MAX {
                    continue;
                }
            }
            let literals = &bytes[literals_from..at];
            self.block.push(literals, found.length, found.place);
            at += found.length;
            literals_from = at;
            if at - checked >= CHECKED_BYTES {
                checksum.write(&bytes[checked..at]);
                checked = at;
            }
            if self.block.is_full() {
                self.block.write(bytes, at, &mut writer, false);
            }
        }
        self.block.push(&bytes[literals_from..], 0, 0);
        self.block.write(bytes, bytes.len(), &mut writer, true);
        writer.finish();
        checksum.write(&bytes[checked..]);
        out.extend_from_slice(&checksum.finish().to_be_bytes());
    }
}

/// A distance that the format cannot say becomes one that no byte has.
fn within_window(distance: usize) -> usize {
    match distance {
        1..=DISTANCE_MAX => distance,
        _ => usize::MAX,
    }
}

/// So many bytes are as those at one of the distances. Length 0 is none.
#[derive(Debug, Clone, Copy)]
struct Found {
    length: usize,
    /// Of the distance among the others.
    place: usize,
}

/// The longest match at `at`, however long; of equal ones the first, so the cheapest comes first.
#[inline]
fn longest(bytes: &[u8], at: usize, distances: [usize; DISTANCES]) -> Found {
    let mut best = Found {
        length: 0,
        place: 0,
    };
    let Some(here) = bytes[at..].first_chunk::<MATCH_MIN>() else {
        return best;
    };
    for (place, distance) in distances.into_iter().enumerate() {
        if distance > at || bytes[at - distance..].first_chunk() != Some(here) {
            continue;
        }
        let length = common(&bytes[at..], &bytes[at - distance..]);
        if length > best.length {
            best = Found { length, place };
        }
        if length >= MATCH_GOOD {
            break;
        }
    }
    best
}

/// How many bytes at the beginning of `here` are as those of `there`, which is at least as long.
#[inline]
fn common(here: &[u8], there: &[u8]) -> usize {
    let mut equal = 0;
    for (a, b) in here.as_chunks::<STEP>().0.iter().zip(there.as_chunks().0) {
        if a != b {
            return equal + equal_bytes(a, b);
        }
        equal += STEP;
    }
    let rest = here[equal..].iter().zip(&there[equal..]);
    equal + rest.take_while(|(a, b)| a == b).count()
}

/// The place of the first byte that differs. Chosen without a jump, because nobody can foresee it.
#[inline]
fn equal_bytes(here: &[u8; STEP], there: &[u8; STEP]) -> usize {
    let word = |bytes: &[u8; STEP], at: usize| {
        u64::from_le_bytes(std::array::from_fn(|byte| bytes[at * 8 + byte]))
    };
    let differing = |at| (word(here, at) ^ word(there, at), at * 8);
    let first = |low: (u64, usize), high: (u64, usize)| if low.0 == 0 { high } else { low };
    let halves = (
        first(differing(0), differing(1)),
        first(differing(2), differing(3)),
    );
    let (word, before) = first(halves.0, halves.1);
    before + (word.trailing_zeros() / 8) as usize
}

#[cfg(test)]
mod tests;
