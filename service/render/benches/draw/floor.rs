//! What no encoder can go below: the pixels are written once, read once for each checksum, and copied.

use std::time::Instant;

use crate::median;

/// Most bytes of a stored block (RFC 1951, 3.2.4).
const STORED_BYTES_MAX: usize = 65_535;

/// Prints the floor of the three sizes of picture that are drawn above.
pub(crate) fn print(rounds: usize) {
    for (name, width, height, pixel_bytes) in [
        ("floor 1200x630 rgb", 1_200, 630, 3),
        ("floor 1200x630 index", 1_200, 630, 1),
        ("floor 800x400 index", 800, 400, 1),
    ] {
        let mut pixels = Vec::new();
        let mut png = Vec::new();
        let (mut filled, mut stored) = (Vec::new(), Vec::new());
        for round in 0..rounds {
            let begin = Instant::now();
            fill(&mut pixels, 1 + width * pixel_bytes, height, round as u8);
            let middle = Instant::now();
            store(&pixels, &mut png);
            filled.push(middle - begin);
            stored.push(middle.elapsed());
        }
        let (fill, store) = (median(filled), median(stored));
        println!(
            "{name:<22} {:>7.3} {:>7} {fill:>7.3} {store:>7.3} {:>8.1}",
            fill + store,
            "",
            png.len() as f64 / 1e3
        );
    }
}

fn fill(pixels: &mut Vec<u8>, stride: usize, height: usize, color: u8) {
    pixels.resize(stride * height, 0);
    pixels.fill(color);
    pixels
        .iter_mut()
        .step_by(stride)
        .for_each(|filter| *filter = 0);
}

/// Everything of a PNG whose cost grows with its pixels: blocks, both checksums.
fn store(pixels: &[u8], png: &mut Vec<u8>) {
    png.clear();
    png.extend_from_slice(b"\x89PNG\r\n\x1a\n");
    png.extend_from_slice(&[0; 25 + 8]);
    let data = png.len();
    png.extend_from_slice(&[0x78, 0x01]);
    for block in pixels.chunks(STORED_BYTES_MAX) {
        let length = block.len() as u16;
        png.push(0);
        png.extend_from_slice(&length.to_le_bytes());
        png.extend_from_slice(&(!length).to_le_bytes());
        png.extend_from_slice(block);
    }
    png.extend_from_slice(&simd_adler32::adler32(&pixels).to_be_bytes());
    let checksum = crc32fast::hash(&png[data..]);
    png.extend_from_slice(&checksum.to_be_bytes());
    png.extend_from_slice(&[0; 12]);
}
