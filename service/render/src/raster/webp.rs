//! WebP: the picture is taken out of its container, looked at, and put into a container of our own.
//!
//! So what is decoded is what was checked. The decoder of others trusts sizes that a file repeats:
//! a canvas of 1 × 1 px with a picture of 16,383 × 16,383 px inside would cost 400 MB.

use std::io::Cursor;

use image_webp::{DecodingError, WebPDecoder};

use super::decode::{DecodeError, DecodeLimits, PictureFormat, Pixels, area, broken};

/// Decoded pixel, planes of brightness and colour, and their margins.
const LOSSY_PIXEL_BYTES: usize = 6;
/// What opacity adds: it is decoded as a picture of its own.
const OPACITY_PIXEL_BYTES: usize = 7;
/// Decoded pixel, its copy, and the small pictures that steer the decoder.
const LOSSLESS_PIXEL_BYTES: usize = 9;
/// A Huffman code takes at least nine bytes of the file and becomes a table of at most 4 KiB, so
/// that one byte of a lossless stream can cost this many.
const LOSSLESS_STREAM_FACTOR: usize = 512;

/// Flag of the extended header: the picture has opacity.
const OPACITY: u8 = 0x10;

/// The parts of a file that hold its first picture.
struct Parts<'a> {
    width: u32,
    height: u32,
    picture: Chunk<'a>,
    opacity: Option<Chunk<'a>>,
}

#[derive(Clone, Copy)]
struct Chunk<'a> {
    name: [u8; 4],
    body: &'a [u8],
}

pub(super) fn decode(bytes: &[u8], limits: &DecodeLimits) -> Result<Pixels, DecodeError> {
    let reason = |reason: &'static str| broken(PictureFormat::Webp, reason);
    let parts = Parts::find(bytes).map_err(reason)?;
    limits.check_sides(parts.width, parts.height)?;
    limits.check_memory(parts.memory_bytes())?;
    let mut decoder = WebPDecoder::new(Cursor::new(parts.container())).map_err(unreadable)?;
    if decoder.dimensions() != (parts.width, parts.height) {
        return Err(reason("two sizes"));
    }
    let size = decoder.output_buffer_size().ok_or(reason("no size"))?;
    limits.check_memory(size)?;
    let mut bytes = vec![0; size];
    decoder.read_image(&mut bytes).map_err(unreadable)?;
    Ok(Pixels {
        width: parts.width as usize,
        height: parts.height as usize,
        channels: if decoder.has_alpha() { 4 } else { 3 },
        bytes,
    })
}

fn unreadable(error: DecodingError) -> DecodeError {
    broken(PictureFormat::Webp, error)
}

impl<'a> Parts<'a> {
    /// Looks for the first picture: at the top, or in the first frame of an animation.
    fn find(bytes: &'a [u8]) -> Result<Self, &'static str> {
        let mut rest = bytes.get(12..).ok_or("no chunks")?;
        let mut opacity = None;
        loop {
            let (chunk, next) = Chunk::read(rest)?;
            match &chunk.name {
                b"ANMF" => {
                    // Behind place and size of the frame stand its chunks; the frame ends here.
                    rest = chunk.body.get(16..).ok_or("a frame without picture")?;
                    continue;
                }
                b"ALPH" => opacity = Some(chunk),
                b"VP8 " => {
                    let (width, height) = lossy_size(chunk.body)?;
                    return Ok(Self {
                        width,
                        height,
                        picture: chunk,
                        opacity,
                    });
                }
                b"VP8L" => {
                    let (width, height) = lossless_size(chunk.body)?;
                    return Ok(Self {
                        width,
                        height,
                        picture: chunk,
                        opacity: None,
                    });
                }
                _ => {}
            }
            rest = next;
        }
    }

    /// The most that decoding can take.
    fn memory_bytes(&self) -> usize {
        let of_pixels = |bytes: usize| area(self.width, self.height).saturating_mul(bytes);
        let of_stream = |chunk: &Chunk<'_>| chunk.body.len().saturating_mul(LOSSLESS_STREAM_FACTOR);
        if &self.picture.name == b"VP8L" {
            return of_pixels(LOSSLESS_PIXEL_BYTES).saturating_add(of_stream(&self.picture));
        }
        let opacity = self.opacity.as_ref().map_or(0, |chunk| {
            // The lowest two bits say whether it is compressed.
            let is_compressed = chunk.body.first().is_some_and(|flags| flags & 3 != 0);
            let tables = if is_compressed { of_stream(chunk) } else { 0 };
            of_pixels(OPACITY_PIXEL_BYTES).saturating_add(tables)
        });
        of_pixels(LOSSY_PIXEL_BYTES).saturating_add(opacity)
    }

    /// A file with this picture and nothing else.
    fn container(&self) -> Vec<u8> {
        let mut chunks = Vec::new();
        if let Some(opacity) = self.opacity {
            let mut header = [0; 10];
            header[0] = OPACITY;
            header[4..7].copy_from_slice(&(self.width - 1).to_le_bytes()[..3]);
            header[7..10].copy_from_slice(&(self.height - 1).to_le_bytes()[..3]);
            let header = Chunk {
                name: *b"VP8X",
                body: &header,
            };
            header.write(&mut chunks);
            opacity.write(&mut chunks);
        }
        self.picture.write(&mut chunks);
        let mut file = Vec::with_capacity(chunks.len() + 12);
        file.extend_from_slice(b"RIFF");
        file.extend_from_slice(&length(chunks.len() + 4));
        file.extend_from_slice(b"WEBP");
        file.append(&mut chunks);
        file
    }
}

impl<'a> Chunk<'a> {
    /// The first chunk, and what follows it.
    fn read(bytes: &'a [u8]) -> Result<(Self, &'a [u8]), &'static str> {
        const CUT: &str = "cut off before its picture ends";
        let (name, rest) = bytes.split_first_chunk::<4>().ok_or(CUT)?;
        let (size, rest) = rest.split_first_chunk::<4>().ok_or(CUT)?;
        let size = u32::from_le_bytes(*size) as usize;
        let body = rest.get(..size).ok_or(CUT)?;
        // Chunks are padded to even sizes; the last one often is not.
        let next = rest.get(size + size % 2..).unwrap_or_default();
        Ok((Self { name: *name, body }, next))
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.name);
        out.extend_from_slice(&length(self.body.len()));
        out.extend_from_slice(self.body);
        if self.body.len() % 2 == 1 {
            out.push(0);
        }
    }
}

fn length(bytes: usize) -> [u8; 4] {
    // It was read from four bytes.
    u32::try_from(bytes).unwrap_or(u32::MAX).to_le_bytes()
}

fn lossy_size(body: &[u8]) -> Result<(u32, u32), &'static str> {
    let &[_, _, _, 0x9d, 0x01, 0x2a, w0, w1, h0, h1, ..] = body else {
        return Err("no picture where one should be");
    };
    let side = |low, high| u32::from(u16::from_le_bytes([low, high]) & 0x3fff);
    match (side(w0, w1), side(h0, h1)) {
        (0, _) | (_, 0) => Err("a side of 0 px"),
        size => Ok(size),
    }
}

fn lossless_size(body: &[u8]) -> Result<(u32, u32), &'static str> {
    let &[0x2f, b0, b1, b2, b3, ..] = body else {
        return Err("no picture where one should be");
    };
    let bits = u32::from_le_bytes([b0, b1, b2, b3]);
    Ok(((bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1))
}
