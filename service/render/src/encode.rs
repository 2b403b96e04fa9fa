//! Pixels to PNG.

mod pack;

use crate::Color;
use crate::deflate::{Deflater, Habits};
use crate::frame::{Frame, GRADIENT_SLANT, PIXEL_BYTES};

/// What every PNG begins with.
const SIGNATURE: [u8; 8] = *b"\x89PNG\r\n\x1a\n";

/// Length, type and checksum of a chunk.
const CHUNK_FRAME_BYTES: usize = 12;
const HEADER_BYTES: usize = 13;

/// Bytes of compressed pixels whose memory is kept for the next picture.
const KEPT_BYTES_MAX: usize = 1 << 20;

/// The numbers that PNG has for what a pixel is (PNG, 11.2.1).
const COLOR_TYPE_RGB: u8 = 2;
const COLOR_TYPE_INDEXED: u8 = 3;

/// Writes frames as PNG and keeps its memory between them.
pub(crate) struct Encoder {
    deflater: Deflater,
    /// Rows of less than a byte a pixel.
    packed: Vec<u8>,
    /// The compressed pixels.
    deflated: Vec<u8>,
}

impl Encoder {
    pub(crate) fn new() -> Self {
        Self {
            deflater: Deflater::new(),
            packed: Vec::new(),
            deflated: Vec::new(),
        }
    }

    /// The frame as the bytes of a PNG file: as few bits a pixel as its palette needs, or 8-bit RGB;
    /// one IDAT, no other chunk but IHDR, PLTE and IEND.
    pub(crate) fn encode(&mut self, frame: &Frame) -> Vec<u8> {
        self.deflated.clear();
        let (depth, color_type) = match frame.colors() {
            Some(colors) => (
                self.deflate_indexed(frame, colors.len()),
                COLOR_TYPE_INDEXED,
            ),
            None => (self.deflate_rgb(frame), COLOR_TYPE_RGB),
        };
        let mut header = [0; HEADER_BYTES];
        header[0..4].copy_from_slice(&(frame.width() as u32).to_be_bytes());
        header[4..8].copy_from_slice(&(frame.height() as u32).to_be_bytes());
        // Deflate, adaptive filters, not interlaced.
        header[8..13].copy_from_slice(&[depth, color_type, 0, 0, 0]);
        let palette = frame.colors().map(palette).unwrap_or_default();
        let data_bytes = HEADER_BYTES + palette.len() + self.deflated.len();
        let mut png = Vec::with_capacity(SIGNATURE.len() + 4 * CHUNK_FRAME_BYTES + data_bytes);
        png.extend_from_slice(&SIGNATURE);
        chunk(&mut png, *b"IHDR", &header);
        if !palette.is_empty() {
            chunk(&mut png, *b"PLTE", &palette);
        }
        chunk(&mut png, *b"IDAT", &self.deflated);
        chunk(&mut png, *b"IEND", &[]);
        self.release_excess();
        png
    }

    /// Compresses indices; returns their depth in bits.
    fn deflate_indexed(&mut self, frame: &Frame, colors: usize) -> u8 {
        let depth = pack::depth(colors);
        let (bytes, stride) = if depth < 8 {
            pack::pack(frame.bytes(), frame.stride(), depth, &mut self.packed);
            (
                self.packed.as_slice(),
                pack::packed_stride(frame.width(), depth),
            )
        } else {
            (frame.bytes(), frame.stride())
        };
        // One pixel back, which costs fewest bits to say, and the row above; no third.
        let habits = Habits {
            step: 4,
            distances: [1, stride, 0],
        };
        self.deflater.compress(bytes, habits, &mut self.deflated);
        depth
    }

    /// Compresses RGB pixels; returns the depth of a channel in bits.
    fn deflate_rgb(&mut self, frame: &Frame) -> u8 {
        // The row above of a gradient, which is nearly all of it; one pixel back; the row above.
        let stride = frame.stride();
        let slanted = stride.saturating_sub(GRADIENT_SLANT * PIXEL_BYTES);
        let habits = Habits {
            step: 3 * PIXEL_BYTES,
            distances: [slanted, PIXEL_BYTES, stride],
        };
        self.deflater
            .compress(frame.bytes(), habits, &mut self.deflated);
        8
    }

    /// Gives the memory of a large picture back.
    fn release_excess(&mut self) {
        for bytes in [&mut self.packed, &mut self.deflated] {
            if bytes.capacity() > KEPT_BYTES_MAX {
                *bytes = Vec::new();
            }
        }
    }
}

/// The colours as PNG lists them: at least one.
fn palette(colors: &[Color]) -> Vec<u8> {
    match colors {
        [] => vec![0; PIXEL_BYTES],
        _ => colors.iter().flat_map(|color| color.bytes()).collect(),
    }
}

/// Appends one chunk: length, type, data, checksum.
fn chunk(png: &mut Vec<u8>, kind: [u8; 4], data: &[u8]) {
    png.extend_from_slice(&(data.len() as u32).to_be_bytes());
    png.extend_from_slice(&kind);
    png.extend_from_slice(data);
    let mut checksum = crc32fast::Hasher::new();
    checksum.update(&kind);
    checksum.update(data);
    png.extend_from_slice(&checksum.finalize().to_be_bytes());
}

#[cfg(test)]
mod tests;
