//! Bombs: however much a file wants to become, decoding takes a bounded amount of memory.
//!
//! A test binary of its own, with one test, so that nothing else moves the peak.

#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

mod foreign;

use foreign::{png, png_header, zeroes};
use render::{DecodeLimits, Raster};

/// More than the decoder's own limit, because the file, the smaller picture and its copy count too.
const PEAK_BYTES_MAX: usize = 56 * 1_024 * 1_024;

/// A number of /proc/self/status, in bytes.
fn status(name: &str) -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    let kilobytes = line.split_whitespace().nth(1).unwrap();
    kilobytes.parse::<usize>().unwrap() * 1_024
}

/// The most memory that was resident while a file was decoded, and whether there was a picture.
fn peak(file: &[u8]) -> (usize, bool) {
    // Sets the peak to what is resident now.
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
    let decoded = Raster::decode(file, &DecodeLimits::default());
    (status("VmHWM"), decoded.is_ok())
}

fn idat(width: u32, height: u32, bits: u8, color: u8, bytes: usize) -> Vec<u8> {
    png(&[
        (b"IHDR", &png_header(width, height, bits, color)),
        (b"IDAT", &zeroes(bytes)),
        (b"IEND", &[]),
    ])
}

#[test]
fn no_file_takes_more_memory_than_allowed() {
    let header = png_header(1, 1, 8, 0);
    let text = [b"Comment\0\0".to_vec(), zeroes(1 << 30)].concat();
    let international = [b"Comment\0\x01\0\0\0".to_vec(), zeroes(1 << 30)].concat();
    let profile = [b"profile\0\0".to_vec(), zeroes(1 << 30)].concat();
    let with = |name: &[u8; 4], body: &[u8]| {
        png(&[
            (b"IHDR", &header),
            (name, body),
            (b"IDAT", &zeroes(2)),
            (b"IEND", &[]),
        ])
    };
    let metadata = foreign::segment(0xe1, b"http://ns.adobe.com/xmp/extension/\0bomb");
    let mut segments = foreign::progressive_jpeg(8, 8, 1);
    segments.splice(2..2, metadata.repeat(80_000));
    let files = [
        ("65535 × 65535 px", false, idat(65_535, 65_535, 8, 6, 1_000)),
        ("1 GiB of zTXt", true, with(b"zTXt", &text)),
        ("1 GiB of iTXt", true, with(b"iTXt", &international)),
        ("1 GiB of iCCP", true, with(b"iCCP", &profile)),
        ("1 GiB of IDAT", true, idat(1, 1, 8, 0, 1 << 30)),
        (
            "largest RGBA",
            true,
            idat(2_896, 2_896, 8, 6, 2_896 * 11_585),
        ),
        (
            "largest RGBA of 16 bits",
            true,
            idat(2_048, 4_096, 16, 6, 4_096 * 16_385),
        ),
        (
            "largest grey",
            true,
            idat(2_048, 4_096, 8, 0, 4_096 * 2_049),
        ),
        (
            "too large RGBA",
            false,
            idat(4_096, 4_096, 8, 6, 4_096 * 16_385),
        ),
        ("10,000 PNG frames", true, foreign::animated_png(10_000)),
        ("10,000 WebP frames", true, foreign::animated_webp(10_000)),
        (
            "progressive",
            true,
            foreign::progressive_jpeg(1_672, 1_672, 2),
        ),
        (
            "progressive, too large",
            false,
            foreign::progressive_jpeg(1_673, 1_680, 2),
        ),
        ("64 scans", true, foreign::progressive_jpeg(800, 800, 64)),
        ("65 scans", false, foreign::progressive_jpeg(800, 800, 65)),
        ("80,000 segments", true, segments),
        ("tables of 1.3 GB", false, foreign::table_bomb(65_536)),
        ("tables of 20 MB", false, foreign::table_bomb(1_000)),
    ];
    let mut report = Vec::new();
    let baseline = status("VmRSS");
    for (name, is_picture, file) in files {
        assert!(
            file.len() <= 4 * 1_024 * 1_024,
            "{name} is {} bytes",
            file.len()
        );
        let (peak, was_picture) = peak(&file);
        let peak = peak.saturating_sub(baseline);
        report.push(format!("{:>6} KiB {name}", peak / 1_024));
        assert!(peak <= PEAK_BYTES_MAX, "{name}:\n{}", report.join("\n"));
        assert_eq!(was_picture, is_picture, "{name}");
    }
    println!("{}", report.join("\n"));
}
