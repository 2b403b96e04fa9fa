//! Pixels to PNG.

use crate::deflate::Deflater;
use crate::frame::{Frame, GRADIENT_SLANT, PIXEL_BYTES};

/// What every PNG begins with.
const SIGNATURE: [u8; 8] = *b"\x89PNG\r\n\x1a\n";

/// Length, type and checksum of a chunk.
const CHUNK_FRAME_BYTES: usize = 12;
const HEADER_BYTES: usize = 13;

/// Writes frames as PNG and keeps its memory between them.
pub(crate) struct Encoder {
    deflater: Deflater,
    /// The compressed pixels.
    deflated: Vec<u8>,
}

impl Encoder {
    pub(crate) fn new() -> Self {
        Self {
            deflater: Deflater::new(),
            deflated: Vec::new(),
        }
    }

    /// The frame as the bytes of a PNG file: 8-bit RGB, one IDAT, no other chunk.
    pub(crate) fn encode(&mut self, frame: &Frame) -> Vec<u8> {
        self.deflated.clear();
        // One pixel back, which costs fewest bits to say; the row above; the row above of a gradient.
        let stride = frame.stride();
        let distances = [PIXEL_BYTES, stride, stride - GRADIENT_SLANT * PIXEL_BYTES];
        self.deflater
            .compress(frame.bytes(), distances, &mut self.deflated);
        let mut header = [0; HEADER_BYTES];
        header[0..4].copy_from_slice(&(frame.width() as u32).to_be_bytes());
        header[4..8].copy_from_slice(&(frame.height() as u32).to_be_bytes());
        // Bit depth 8, colour type RGB; deflate, adaptive filters, not interlaced.
        header[8..13].copy_from_slice(&[8, 2, 0, 0, 0]);
        let size_bytes =
            SIGNATURE.len() + 3 * CHUNK_FRAME_BYTES + HEADER_BYTES + self.deflated.len();
        let mut png = Vec::with_capacity(size_bytes);
        png.extend_from_slice(&SIGNATURE);
        chunk(&mut png, *b"IHDR", &header);
        chunk(&mut png, *b"IDAT", &self.deflated);
        chunk(&mut png, *b"IEND", &[]);
        png
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
