//! Pixels to PNG.

use flate2::{Compress, CompressError, Compression, FlushCompress, Status};

use crate::frame::Frame;

/// What every PNG begins with.
const SIGNATURE: [u8; 8] = *b"\x89PNG\r\n\x1a\n";

/// zlib's fastest level: further ones cost more time than their bytes are worth to a service that
/// draws each picture for the first time.
const LEVEL: u32 = 1;

/// Output is taken in pieces of this size.
const CHUNK_BYTES: usize = 64 << 10;

/// Writes frames as PNG and keeps its memory between them.
pub(crate) struct Encoder {
    zlib: Compress,
    /// The compressed pixels.
    deflated: Vec<u8>,
}

impl Encoder {
    pub(crate) fn new() -> Self {
        Self {
            zlib: Compress::new(Compression::new(LEVEL), true),
            deflated: Vec::new(),
        }
    }

    /// The frame as the bytes of a PNG file: 8-bit RGB, one IDAT, no other chunk.
    pub(crate) fn encode(&mut self, frame: &Frame) -> Result<Vec<u8>, CompressError> {
        self.deflate(frame.bytes())?;
        let mut header = [0; 13];
        header[0..4].copy_from_slice(&(frame.width() as u32).to_be_bytes());
        header[4..8].copy_from_slice(&(frame.height() as u32).to_be_bytes());
        // Bit depth 8, colour type RGB; deflate, adaptive filters, not interlaced.
        header[8..13].copy_from_slice(&[8, 2, 0, 0, 0]);
        let mut png = Vec::with_capacity(SIGNATURE.len() + 3 * 12 + 13 + self.deflated.len());
        png.extend_from_slice(&SIGNATURE);
        chunk(&mut png, *b"IHDR", &header);
        chunk(&mut png, *b"IDAT", &self.deflated);
        chunk(&mut png, *b"IEND", &[]);
        Ok(png)
    }

    fn deflate(&mut self, bytes: &[u8]) -> Result<(), CompressError> {
        self.zlib.reset();
        self.deflated.clear();
        loop {
            self.deflated.reserve(CHUNK_BYTES);
            let rest = &bytes[self.zlib.total_in() as usize..];
            let status = self
                .zlib
                .compress_vec(rest, &mut self.deflated, FlushCompress::Finish)?;
            if status == Status::StreamEnd {
                return Ok(());
            }
        }
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
