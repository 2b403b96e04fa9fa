//! Files as strangers make them: good ones, and bombs.

#![allow(dead_code, reason = "each test binary uses a part")]

use std::io::{Cursor, Write};

use flate2::Compression;
use flate2::write::ZlibEncoder;
use image::{DynamicImage, ImageFormat, RgbaImage};

/// A picture in which every pixel has its own colour.
pub(crate) fn colours(width: u32, height: u32) -> DynamicImage {
    let pixel = |x: u32, y: u32| {
        let opacity = if (x + y).is_multiple_of(3) { 128 } else { 255 };
        image::Rgba([(x * 7 % 256) as u8, (y * 5 % 256) as u8, 77, opacity])
    };
    RgbaImage::from_fn(width, height, pixel).into()
}

/// A file made by an encoder of others.
pub(crate) fn encoded(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    picture.write_to(&mut file, format).unwrap();
    file.into_inner()
}

/// Small good files, one of each kind.
pub(crate) fn seeds() -> Vec<(&'static str, Vec<u8>)> {
    let picture = colours(19, 11);
    let grey = DynamicImage::from(picture.to_luma16());
    let opaque = DynamicImage::from(picture.to_rgb8());
    vec![
        ("rgba.png", encoded(&picture, ImageFormat::Png)),
        ("grey16.png", encoded(&grey, ImageFormat::Png)),
        ("animated.png", animated_png(3)),
        ("sequential.jpg", encoded(&opaque, ImageFormat::Jpeg)),
        ("progressive.jpg", progressive_jpeg(17, 9, 3)),
        ("lossless.webp", encoded(&picture, ImageFormat::WebP)),
        ("lossy.webp", webp(&[(b"VP8 ", &RED)])),
        (
            "opacity.webp",
            webp(&[
                (b"VP8X", &extended(0x10, 2, 2)),
                (b"ALPH", &[0, 255, 128, 64, 0]),
                (b"VP8 ", &RED),
            ]),
        ),
        ("animated.webp", animated_webp(3)),
    ]
}

/// A PNG of these chunks; checksums are added.
pub(crate) fn png(chunks: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    for (name, body) in chunks {
        file.extend((body.len() as u32).to_be_bytes());
        let begin = file.len();
        file.extend(*name);
        file.extend(*body);
        let checksum = crc32fast::hash(&file[begin..]);
        file.extend(checksum.to_be_bytes());
    }
    file
}

/// Size, bits of a channel, colour type.
pub(crate) fn png_header(width: u32, height: u32, bits: u8, color: u8) -> Vec<u8> {
    let mut header = [width.to_be_bytes(), height.to_be_bytes()].concat();
    header.extend([bits, color, 0, 0, 0]);
    header
}

/// So many zeroes, compressed.
pub(crate) fn zeroes(count: usize) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    let block = [0; 65_536];
    let mut left = count;
    while left > 0 {
        let part = left.min(block.len());
        encoder.write_all(&block[..part]).unwrap();
        left -= part;
    }
    encoder.finish().unwrap()
}

/// Grey 4 × 4 px, so many frames.
pub(crate) fn animated_png(frames: u32) -> Vec<u8> {
    let pixels = zeroes(20);
    let mut numbers = 0_u32..;
    let mut number = || numbers.next().unwrap().to_be_bytes().to_vec();
    let control = |number: Vec<u8>| {
        let mut control = number;
        for value in [4_u32, 4, 0, 0] {
            control.extend(value.to_be_bytes());
        }
        control.extend([0, 1, 0, 25, 0, 0]);
        control
    };
    let mut bodies: Vec<(&[u8; 4], Vec<u8>)> = vec![
        (b"IHDR", png_header(4, 4, 8, 0)),
        (b"acTL", [frames.to_be_bytes(), [0; 4]].concat()),
        (b"fcTL", control(number())),
        (b"IDAT", pixels.clone()),
    ];
    for _ in 1..frames {
        bodies.push((b"fcTL", control(number())));
        bodies.push((b"fdAT", [number(), pixels.clone()].concat()));
    }
    bodies.push((b"IEND", Vec::new()));
    let chunks: Vec<_> = bodies
        .iter()
        .map(|(name, body)| (*name, &body[..]))
        .collect();
    png(&chunks)
}

/// A segment of a JPEG.
pub(crate) fn segment(marker: u8, body: &[u8]) -> Vec<u8> {
    let mut segment = vec![0xff, marker];
    segment.extend((body.len() as u16 + 2).to_be_bytes());
    segment.extend(body);
    segment
}

/// Everything of a JPEG that stands before its scans: `components` of the same size.
pub(crate) fn jpeg_head(frame: u8, width: u16, height: u16, components: u8) -> Vec<u8> {
    let mut file = vec![0xff, 0xd8];
    file.extend(segment(0xdb, &[&[0][..], &[1; 64]].concat()));
    let mut body = vec![8];
    body.extend(height.to_be_bytes());
    body.extend(width.to_be_bytes());
    body.push(components);
    for id in 1..=components {
        body.extend([id, 0x11, 0]);
    }
    file.extend(segment(frame, &body));
    // One code of one bit, 0: no difference to the block before. And the same for the rest: end of
    // block.
    for class in [0x00, 0x10] {
        let mut table = vec![class, 1];
        table.extend([0; 15]);
        table.push(0);
        file.extend(segment(0xc4, &table));
    }
    file
}

/// A middle grey, progressive JPEG: one scan, and refinements of its first coefficients.
pub(crate) fn progressive_jpeg(width: u16, height: u16, scans: usize) -> Vec<u8> {
    let mut file = jpeg_head(0xc2, width, height, 3);
    let blocks = usize::from(width.div_ceil(8)) * usize::from(height.div_ceil(8)) * 3;
    for scan in 0..scans {
        let bits = if scan == 0 { 0x01 } else { 0x10 };
        file.extend(segment(0xda, &[3, 1, 0, 2, 0, 3, 0, 0, 0, bits]));
        file.extend(vec![0; blocks.div_ceil(8)]);
    }
    file.extend([0xff, 0xd9]);
    file
}

/// A lossy picture of 2 × 2 px, red. From the tests of image-webp (MIT OR Apache-2.0).
pub(crate) const RED: [u8; 48] = [
    0xd0, 0x01, 0x00, 0x9d, 0x01, 0x2a, 0x02, 0x00, 0x02, 0x00, 0x02, 0x00, 0x34, 0x25, 0xa0, 0x02,
    0x74, 0xba, 0x01, 0xf8, 0x00, 0x03, 0xb0, 0x00, 0xfe, 0xf0, 0xc4, 0x0b, 0xff, 0x20, 0xb9, 0x61,
    0x75, 0xc8, 0xd7, 0xff, 0x20, 0x3f, 0xe4, 0x07, 0xfc, 0x80, 0xff, 0xf8, 0xf2, 0x00, 0x00, 0x00,
];

/// A WebP of these chunks.
pub(crate) fn webp(chunks: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
    let body: Vec<u8> = chunks
        .iter()
        .flat_map(|(name, body)| chunk(name, body))
        .collect();
    let mut file = b"RIFF".to_vec();
    file.extend((body.len() as u32 + 4).to_le_bytes());
    file.extend(b"WEBP");
    file.extend(body);
    file
}

pub(crate) fn chunk(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let mut chunk = name.to_vec();
    chunk.extend((body.len() as u32).to_le_bytes());
    chunk.extend(body);
    chunk.resize(chunk.len().next_multiple_of(2), 0);
    chunk
}

/// The extended header: flags and the size of the canvas.
pub(crate) fn extended(flags: u8, width: u32, height: u32) -> Vec<u8> {
    let mut body = vec![flags, 0, 0, 0];
    body.extend(&(width - 1).to_le_bytes()[..3]);
    body.extend(&(height - 1).to_le_bytes()[..3]);
    body
}

/// Red, so many frames.
pub(crate) fn animated_webp(frames: usize) -> Vec<u8> {
    let frame = [
        &[0, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0, 40, 0, 0, 0][..],
        &chunk(b"VP8 ", &RED),
    ]
    .concat();
    let head = extended(2, 2, 2);
    let mut chunks: Vec<(&[u8; 4], &[u8])> = vec![(b"VP8X", &head), (b"ANIM", &[0; 6])];
    chunks.extend((0..frames).map(|_| -> (&[u8; 4], &[u8]) { (b"ANMF", &frame) }));
    webp(&chunks)
}

/// A lossless picture whose head asks for 65,536 groups of five Huffman codes, and `groups` of them:
/// ten bytes each become a table of 4 KiB.
pub(crate) fn table_bomb(groups: usize) -> Vec<u8> {
    let mut bits = Bits::default();
    for (value, count) in [(0x2f, 8), (63, 14), (63, 14), (0, 1), (0, 3)] {
        bits.push(value, count);
    }
    bits.push(0, 1); // no transform
    bits.push(0, 1); // no colour cache
    bits.push(1, 1); // groups of codes,
    bits.push(0, 3); // one for each 4 × 4 px:
    bits.push(0, 1); // the picture of their numbers has no colour cache
    for symbol in [255, 255, 0, 0, 0] {
        // and one colour, so that each number is 65,535.
        bits.push(0b101, 3);
        bits.push(symbol, 8);
    }
    for _ in 0..groups * 5 {
        bits.push_deep_code();
    }
    webp(&[(b"VP8L", &bits.bytes)])
}

/// Bits, lowest first.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    used: u32,
}

impl Bits {
    fn push(&mut self, value: u32, count: u32) {
        for bit in 0..count {
            if self.used.is_multiple_of(8) {
                self.bytes.push(0);
            }
            let last = self.bytes.len() - 1;
            self.bytes[last] |= ((value >> bit & 1) as u8) << (self.used % 8);
            self.used += 1;
        }
    }

    /// A Huffman code with lengths 1, 2, … 9, 10, 10: the smallest that needs the largest table.
    fn push_deep_code(&mut self) {
        self.push(0, 1); // not simple
        // Fourteen lengths of the code of lengths, in the format's order 17 18 0 1 2 3 4 5 16 6 7 8
        // 9 10. The lengths 1 to 6 get three bits, the others four.
        self.push(10, 4);
        for length in [0, 0, 0, 3, 3, 3, 3, 3, 0, 3, 4, 4, 4, 4] {
            self.push(length, 3);
        }
        self.push(1, 1); // fewer symbols than the alphabet has:
        self.push(1, 3); // in four bits,
        self.push(11 - 2, 4); // eleven.
        for length in (1..=10).chain([10]) {
            let (code, count) = if length <= 6 {
                (length - 1, 3)
            } else {
                (12 + length - 7, 4)
            };
            // Codes come highest bit first.
            self.push(u32::reverse_bits(code) >> (32 - count), count);
        }
    }
}

/// Sets the checksums of a PNG right, as far as its chunks can be followed.
pub(crate) fn repair_png(file: &mut [u8]) {
    let mut at = 8;
    while file.starts_with(b"\x89PNG") {
        let Some(&[b3, b2, b1, b0]) = file.get(at..at + 4) else {
            return;
        };
        let end = at + 8 + u32::from_be_bytes([b3, b2, b1, b0]) as usize;
        if file.len() < end + 4 {
            return;
        }
        let checksum = crc32fast::hash(&file[at + 4..end]).to_be_bytes();
        file[end..end + 4].copy_from_slice(&checksum);
        at = end + 4;
    }
}
