//! PNG: the first frame, without text, profile and whatever else can be a bomb.

use std::io::Cursor;

use ::png::{Decoder, DecodingError, Limits, Transformations};

use super::decode::{DecodeError, DecodeLimits, PictureFormat, Pixels, area, broken};

/// Bytes of one decoded pixel at most; 16-bit channels become 8-bit row by row.
const PIXEL_BYTES_MAX: usize = 4;

/// For the decoder's own buffers: rows, palette and small chunks.
const BUFFERS_BYTES_MAX: usize = 1_048_576;

pub(super) fn decode(bytes: &[u8], limits: &DecodeLimits) -> Result<Pixels, DecodeError> {
    let inner = Limits {
        bytes: BUFFERS_BYTES_MAX,
    };
    let mut decoder = Decoder::new_with_limits(Cursor::new(bytes), inner);
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    decoder.set_transformations(Transformations::normalize_to_color8());
    let (width, height) = decoder.read_header_info().map_err(unreadable)?.size();
    limits.check_sides(width, height)?;
    limits.check_memory(area(width, height).saturating_mul(PIXEL_BYTES_MAX))?;

    let mut reader = decoder.read_info().map_err(unreadable)?;
    let (color, _) = reader.output_color_type();
    let size = reader.output_buffer_size();
    let size = size.ok_or_else(|| broken(PictureFormat::Png, "no size"))?;
    // The transformations above leave no wider pixel; were there one, it would be refused here.
    limits.check_memory(size)?;
    let mut bytes = vec![0; size];
    let frame = reader.next_frame(&mut bytes).map_err(unreadable)?;
    if (frame.width, frame.height) != (width, height) {
        return Err(broken(
            PictureFormat::Png,
            "the first frame is smaller than the picture",
        ));
    }
    Ok(Pixels {
        width: width as usize,
        height: height as usize,
        channels: color.samples(),
        bytes,
    })
}

fn unreadable(error: DecodingError) -> DecodeError {
    broken(PictureFormat::Png, error)
}
