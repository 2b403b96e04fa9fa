//! JPEG: first our own look at its segments, then the decoder of others.
//!
//! The decoder is given only the segments that pixels need. A file may hold hundreds of thousands of
//! small metadata segments, which it would put together again and again.

use zune_jpeg::JpegDecoder;
use zune_jpeg::errors::DecodeErrors;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use super::decode::{DecodeError, DecodeLimits, PictureFormat, Pixels, area, broken};

/// Decoded pixel and the rows around it, when a file is decoded row by row.
const ROWWISE_PIXEL_BYTES: usize = 4;
/// Four components of two bytes are kept for the whole picture, when it comes in several scans.
const WHOLE_PIXEL_BYTES: usize = ROWWISE_PIXEL_BYTES + 8;
/// Scans of one picture; encoders make about ten. Each costs a pass over the whole picture.
const SCANS_MAX: usize = 64;

/// What the segments before the pixels say.
struct Plan {
    width: u32,
    height: u32,
    /// Whether the whole picture is kept as coefficients until the last scan.
    is_whole: bool,
    /// The file without what pixels do not need.
    file: Vec<u8>,
}

pub(super) fn decode(bytes: &[u8], limits: &DecodeLimits) -> Result<Pixels, DecodeError> {
    let plan = plan(bytes).map_err(|reason| broken(PictureFormat::Jpeg, reason))?;
    limits.check_sides(plan.width, plan.height)?;
    let pixel_bytes = if plan.is_whole {
        WHOLE_PIXEL_BYTES
    } else {
        ROWWISE_PIXEL_BYTES
    };
    let area = area(plan.width, plan.height);
    limits.check_memory(area.saturating_mul(pixel_bytes))?;

    // Without the processor's extras: their rounding differs from machine to machine.
    let options = DecoderOptions::default()
        .set_strict_mode(true)
        .set_use_unsafe(false)
        .set_max_width(plan.width as usize)
        .set_max_height(plan.height as usize)
        .jpeg_set_max_scans(SCANS_MAX);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(&plan.file[..]), options);
    decoder.decode_headers().map_err(unreadable)?;
    let is_grey = decoder.input_colorspace() == Some(ColorSpace::Luma);
    let (color, channels) = if is_grey {
        (ColorSpace::Luma, 1)
    } else {
        (ColorSpace::RGB, 3)
    };
    decoder.set_options(options.jpeg_set_out_colorspace(color));
    let size = area * channels;
    if decoder.output_buffer_size() != Some(size) {
        return Err(broken(PictureFormat::Jpeg, "two sizes"));
    }
    let mut bytes = vec![0; size];
    decoder.decode_into(&mut bytes).map_err(unreadable)?;
    Ok(Pixels {
        width: plan.width as usize,
        height: plan.height as usize,
        channels,
        bytes,
    })
}

fn unreadable(error: DecodeErrors) -> DecodeError {
    broken(PictureFormat::Jpeg, error)
}

/// Walks the segments up to the first scan.
fn plan(bytes: &[u8]) -> Result<Plan, &'static str> {
    let mut file = vec![0xff, 0xd8];
    let mut frame: Option<Frame> = None;
    let mut at = 2;
    loop {
        let (marker, body, next) = segment(bytes, at)?;
        match marker {
            // Start of frame: sequential or progressive, Huffman.
            0xc0..=0xc2 => {
                if frame.is_some() {
                    return Err("two frames");
                }
                frame = Some(Frame::read(marker, body)?);
            }
            0xc4 | 0xdb | 0xdd | 0xee => {} // Tables, restart interval, Adobe's colour transform.
            0xc3 | 0xc5..=0xcf => return Err("an encoding that is not read"),
            0xda => {
                let frame = frame.ok_or("a scan before its frame")?;
                let components = *body.first().ok_or("a scan without components")?;
                let rest = &bytes[at..];
                // Coded data never holds this marker, so a file without it was cut off.
                if !rest.windows(2).any(|pair| pair == [0xff, 0xd9]) {
                    return Err("no end of the picture");
                }
                file.extend_from_slice(rest);
                return Ok(Plan {
                    width: frame.width,
                    height: frame.height,
                    is_whole: frame.is_progressive || components < frame.components,
                    file,
                });
            }
            // Metadata and comments.
            0xe0..=0xef | 0xfe => {
                at = next;
                continue;
            }
            _ => return Err("an unexpected marker"),
        }
        file.extend_from_slice(&bytes[at..next]);
        at = next;
    }
}

/// The marker at `at` (fill bytes before it are skipped), the body of its segment and where the next
/// one begins.
fn segment(bytes: &[u8], at: usize) -> Result<(u8, &[u8], usize), &'static str> {
    const CUT: &str = "cut off before its pixels";
    let mut at = at;
    if bytes.get(at) != Some(&0xff) {
        return Err("no marker where one should be");
    }
    while bytes.get(at) == Some(&0xff) {
        at += 1;
    }
    let marker = *bytes.get(at).ok_or(CUT)?;
    let &[high, low] = bytes.get(at + 1..at + 3).ok_or(CUT)? else {
        return Err(CUT);
    };
    let length = usize::from(u16::from_be_bytes([high, low]));
    let end = at + 1 + length;
    let body = bytes.get(at + 3..end).ok_or(CUT)?;
    Ok((marker, body, end))
}

/// Start of a frame.
struct Frame {
    width: u32,
    height: u32,
    components: u8,
    is_progressive: bool,
}

impl Frame {
    fn read(marker: u8, body: &[u8]) -> Result<Self, &'static str> {
        let &[_, h1, h0, w1, w0, components, ..] = body else {
            return Err("a frame without size");
        };
        let (width, height) = (u16::from_be_bytes([w1, w0]), u16::from_be_bytes([h1, h0]));
        if width == 0 || height == 0 {
            return Err("a side of 0 px");
        }
        Ok(Self {
            width: u32::from(width),
            height: u32::from(height),
            components,
            is_progressive: marker == 0xc2,
        })
    }
}
