//! Every stream is read back with another implementation.

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
    let mut size_bytes = 0;
    for step in [6, 1] {
        let mut out = b"before".to_vec();
        let habits = Habits { step, distances };
        deflater.compress(bytes, habits, &mut out);
        let stream = out.strip_prefix(b"before").unwrap();
        let length = bytes.len();
        assert!(inflate(stream) == bytes, "{length} bytes, {habits:?}");
        size_bytes = stream.len();
    }
    size_bytes
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
fn runs_of_every_length_are_read_back() {
    let mut deflater = Deflater::new();
    for length in 0..4 * 258 {
        round_trip(&mut deflater, &vec![7; length], [1, 0, 0]);
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
