//! zlib streams for pictures.
//!
//! A general compressor looks everywhere for what it has seen before. A drawn picture repeats itself
//! in few places that are known: one pixel back, one row up, and one row up along a gradient. Looking
//! only there is faster, needs no tables in memory, and gives the same bytes on every processor, so
//! that equal scenes have equal entity tags on all instances. Format: RFC 1950 and RFC 1951.

mod huffman;
mod bits;
mod block;

use block::Block;

/// Longest match that the format can say, and the shortest that pays.
const MATCH_MAX: usize = 258;
const MATCH_MIN: usize = 4;

/// Farthest match that the format can say.
const DISTANCE_MAX: usize = 32_768;

/// Bytes that are compared at once.
const STEP: usize = 32;

/// Distances that are looked at.
const DISTANCES: usize = 3;

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

    /// Appends `bytes` as a zlib stream to `out`. A match is looked for at each of `distances` bytes
    /// back; those that the format cannot say are passed over.
    pub(crate) fn compress(
        &mut self,
        bytes: &[u8],
        distances: [usize; DISTANCES],
        out: &mut Vec<u8>,
    ) {
        // Deflate with a window of 32 KiB, fastest level, no dictionary.
        out.extend_from_slice(&[0x78, 0x01]);
        let mut writer = bits::BitWriter::new(out);
        let mut at = 0;
        while at < bytes.len() {
            if self.block.is_full() {
                self.block.write(&mut writer, false);
            }
            let (length, distance) = longest(bytes, at, distances);
            if length > 0 {
                self.block.push_match(length, distance);
                at += length;
            } else {
                self.block.push_literal(bytes[at]);
                at += 1;
            }
        }
        self.block.write(&mut writer, true);
        writer.finish();
        out.extend_from_slice(&simd_adler32::adler32(&bytes).to_be_bytes());
    }
}

/// The longest match at `at` and its distance; of equal ones the first, so the cheapest comes first.
/// None is reported by length 0.
fn longest(bytes: &[u8], at: usize, distances: [usize; DISTANCES]) -> (usize, usize) {
    let mut best = (0, 0);
    let Some(here) = bytes[at..].first_chunk::<MATCH_MIN>() else {
        return best;
    };
    for distance in distances {
        if distance == 0 || distance > at.min(DISTANCE_MAX) {
            continue;
        }
        if bytes[at - distance..].first_chunk() != Some(here) {
            continue;
        }
        let length = common(bytes, at, distance);
        if length > best.0 {
            best = (length, distance);
        }
        if length == MATCH_MAX {
            break;
        }
    }
    best
}

/// How many bytes from `at` are as those `distance` before them, at most [`MATCH_MAX`].
fn common(bytes: &[u8], at: usize, distance: usize) -> usize {
    let end = bytes.len().min(at + MATCH_MAX);
    let (here, there) = (&bytes[at..end], &bytes[at - distance..end - distance]);
    // Most matches are long: whole steps first, then words, then bytes.
    let steps = here
        .as_chunks::<STEP>()
        .0
        .iter()
        .zip(there.as_chunks::<STEP>().0);
    let mut equal = steps.take_while(|(a, b)| a == b).count() * STEP;
    let words = here[equal..]
        .as_chunks()
        .0
        .iter()
        .zip(there[equal..].as_chunks().0);
    for (a, b) in words {
        let differing = u64::from_le_bytes(*a) ^ u64::from_le_bytes(*b);
        if differing != 0 {
            return equal + (differing.trailing_zeros() / 8) as usize;
        }
        equal += 8;
    }
    let rest = here[equal..].iter().zip(&there[equal..]);
    equal + rest.take_while(|(a, b)| a == b).count()
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use proptest::prelude::*;

    use super::*;

    /// Reads a stream back with another implementation.
    fn inflate(stream: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        flate2::read::ZlibDecoder::new(stream)
            .read_to_end(&mut bytes)
            .expect("a zlib stream");
        bytes
    }

    fn round_trip(deflater: &mut Deflater, bytes: &[u8], distances: [usize; 3]) -> usize {
        let mut out = Vec::new();
        deflater.compress(bytes, distances, &mut out);
        assert!(
            inflate(&out) == bytes,
            "{} bytes at {distances:?}",
            bytes.len()
        );
        out.len()
    }

    #[test]
    fn ends_and_borders_are_read_back() {
        let mut deflater = Deflater::new();
        for length in [0, 1, 2, 3, 4, 257, 258, 259, 260, 516, 517, 65_536, 200_000] {
            round_trip(&mut deflater, &vec![7; length], [3, 100, 94]);
            round_trip(&mut deflater, &vec![7; length], [0, usize::MAX, 32_769]);
            let all: Vec<u8> = (0..length).map(|at| (at % 251) as u8).collect();
            round_trip(&mut deflater, &all, [251, 502, 3]);
            round_trip(&mut deflater, &all, [32_768, 3, 1]);
        }
    }

    #[test]
    fn noise_grows_by_little_and_a_flat_picture_shrinks_to_nearly_nothing() {
        let mut deflater = Deflater::new();
        let mut state = 1_u32;
        let noise: Vec<u8> = (0..1_000_000)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 24) as u8
            })
            .collect();
        assert!(round_trip(&mut deflater, &noise, [3, 3_601, 3_595]) < 1_005_000);
        assert!(round_trip(&mut deflater, &vec![0; 1_000_000], [3, 3_601, 3_595]) < 1_100);
    }

    #[test]
    fn very_uneven_counts_stay_within_the_longest_code() {
        // Counts like Fibonacci numbers make the deepest trees there are.
        let (mut a, mut b) = (1_usize, 1_usize);
        let mut bytes = Vec::new();
        for symbol in 0..22 {
            bytes.extend(std::iter::repeat_n(symbol, a));
            (a, b) = (b, a + b);
        }
        round_trip(&mut Deflater::new(), &bytes, [0; 3]);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_back(
            bytes in proptest::collection::vec(any::<u8>(), 0..3_000),
            few in proptest::collection::vec(0..4_u8, 0..3_000),
            distances in any::<[u16; 3]>(),
        ) {
            let mut deflater = Deflater::new();
            let distances = distances.map(|distance| usize::from(distance) % 300);
            round_trip(&mut deflater, &bytes, distances);
            round_trip(&mut deflater, &few, distances);
        }
    }
}
