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

/// What a file is, whether it is a picture all the same, and its bytes.
type Bomb = (&'static str, bool, Vec<u8>);

#[test]
fn no_file_takes_more_memory_than_allowed() {
    let files = [in_metadata(), in_pixels(), in_passes(), in_tables()].concat();
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

/// Small pictures with something that wants to become large beside them.
fn in_metadata() -> Vec<Bomb> {
    let gibibyte = zeroes(1 << 30);
    let with = |name: &[u8; 4], begin: &[u8]| {
        png(&[
            (b"IHDR", &png_header(1, 1, 8, 0)),
            (name, &[begin, &gibibyte].concat()),
            (b"IDAT", &zeroes(2)),
            (b"IEND", &[]),
        ])
    };
    let segment = foreign::segment(0xe1, b"http://ns.adobe.com/xmp/extension/\0bomb");
    let mut segments = foreign::progressive_jpeg(8, 8, 1);
    segments.splice(2..2, segment.repeat(80_000));
    vec![
        ("1 GiB of zTXt", true, with(b"zTXt", b"Comment\0\0")),
        ("1 GiB of iTXt", true, with(b"iTXt", b"Comment\0\x01\0\0\0")),
        ("1 GiB of iCCP", true, with(b"iCCP", b"profile\0\0")),
        ("80,000 segments", true, segments),
        ("10,000 PNG frames", true, foreign::animated_png(10_000)),
        ("10,000 WebP frames", true, foreign::animated_webp(10_000)),
    ]
}

/// More pixels than allowed, or just as many, of each kind.
fn in_pixels() -> Vec<Bomb> {
    let rgba = |width, height, bits: u8| {
        let row = usize::from(bits / 2) * width as usize + 1;
        idat(width, height, bits, 6, height as usize * row)
    };
    let grey = idat(2_048, 4_096, 8, 0, 4_096 * 2_049);
    vec![
        ("65535 × 65535 px", false, idat(65_535, 65_535, 8, 6, 1_000)),
        ("256 MiB of IDAT", true, idat(1, 1, 8, 0, 1 << 28)),
        ("largest RGBA", true, rgba(2_896, 2_896, 8)),
        ("largest RGBA of 16 bits", true, rgba(2_048, 4_096, 16)),
        ("largest grey", true, grey),
        ("too large RGBA", false, rgba(4_096, 4_096, 8)),
    ]
}

/// Pictures that are kept whole until the last of their scans.
fn in_passes() -> Vec<Bomb> {
    let jpeg = foreign::progressive_jpeg;
    vec![
        ("progressive", true, jpeg(1_672, 1_672, 2)),
        ("progressive, too large", false, jpeg(1_673, 1_680, 2)),
        ("64 scans", true, jpeg(800, 800, 64)),
        ("65 scans", false, jpeg(800, 800, 65)),
    ]
}

/// Lossless pictures that consist of tables; cut off, so that they are no pictures in the end.
fn in_tables() -> Vec<Bomb> {
    vec![
        ("tables of 1.3 GB", false, foreign::table_bomb(65_536)),
        ("tables of 20 MB", false, foreign::table_bomb(1_000)),
    ]
}
