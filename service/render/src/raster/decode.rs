//! From the bytes of a stranger to pixels, within limits that are checked first.

use std::error::Error;
use std::fmt;

use super::{Raster, jpeg, png, shrink, webp};
use crate::limit::{LimitError, at_most};

/// How large a picture from elsewhere may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecodeLimits {
    /// Largest width and height of the file's picture, in pixels.
    pub side_pixels_max: u32,
    /// Memory that decoding may take, beside the file itself: the worst case that the file's header
    /// allows is compared with it, in bytes.
    pub memory_bytes_max: usize,
    /// Largest width and height that are kept, in pixels; a larger picture is made smaller.
    pub kept_side_pixels_max: u32,
}

impl Default for DecodeLimits {
    /// 4,096 px a side, 32 MiB, and 1,024 px kept: enough for any card.
    fn default() -> Self {
        Self {
            side_pixels_max: 4_096,
            memory_bytes_max: 32 * 1_024 * 1_024,
            kept_side_pixels_max: 1_024,
        }
    }
}

/// Kinds of files that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PictureFormat {
    /// Portable Network Graphics, animated ones included.
    Png,
    /// JPEG, sequential and progressive.
    Jpeg,
    /// WebP, lossy and lossless.
    Webp,
}

/// Why there are no pixels.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// The first bytes are of no format that is read.
    #[error("neither PNG nor JPEG nor WebP")]
    UnknownFormat,
    /// The file's picture is larger than allowed.
    #[error(transparent)]
    Limit(#[from] LimitError),
    /// The file is not whole, or not as its format wants it.
    #[error("not a {format} file that can be read")]
    Broken {
        /// What it begins like.
        format: PictureFormat,
        /// What the decoder says.
        source: Box<dyn Error + Send + Sync>,
    },
}

impl PictureFormat {
    /// Bytes that tell every format.
    pub const SIGNATURE_BYTES: usize = 12;

    /// The format of a file, by its first [`PictureFormat::SIGNATURE_BYTES`] bytes alone.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Option<Self> {
        if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
            Some(Self::Png)
        } else if bytes.starts_with(b"\xff\xd8\xff") {
            Some(Self::Jpeg)
        } else if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
            Some(Self::Webp)
        } else {
            None
        }
    }
}

impl fmt::Display for PictureFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Png => "PNG",
            Self::Jpeg => "JPEG",
            Self::Webp => "WebP",
        })
    }
}

/// Decoded pixels as the file has them.
pub(super) struct Pixels {
    pub(super) width: usize,
    pub(super) height: usize,
    /// Bytes of one pixel: 1 grey, 2 grey and opacity, 3 red, green, blue, 4 with opacity.
    pub(super) channels: usize,
    pub(super) bytes: Vec<u8>,
}

pub(super) fn decode(bytes: &[u8], limits: &DecodeLimits) -> Result<Raster, DecodeError> {
    let format = PictureFormat::of(bytes).ok_or(DecodeError::UnknownFormat)?;
    let pixels = match format {
        PictureFormat::Png => png::decode(bytes, limits)?,
        PictureFormat::Jpeg => jpeg::decode(bytes, limits)?,
        PictureFormat::Webp => webp::decode(bytes, limits)?,
    };
    let (width, height, rgba) = shrink::shrink(pixels, limits.kept_side_pixels_max as usize);
    let sides = u32::try_from(width).ok().zip(u32::try_from(height).ok());
    let raster = sides.and_then(|(width, height)| Raster::from_rgba(width, height, rgba));
    raster.ok_or_else(|| broken(format, "no pixels"))
}

impl DecodeLimits {
    /// Refuses a size that is too large, before anything is allocated for it.
    pub(super) fn check_sides(&self, width: u32, height: u32) -> Result<(), LimitError> {
        let max = self.side_pixels_max as usize;
        at_most(|| "picture width".to_owned(), "pixels", width as usize, max)?;
        at_most(
            || "picture height".to_owned(),
            "pixels",
            height as usize,
            max,
        )
    }

    /// Refuses a picture for which decoding could take more memory than allowed.
    pub(super) fn check_memory(&self, bytes: usize) -> Result<(), LimitError> {
        at_most(
            || "picture".to_owned(),
            "bytes of memory to decode",
            bytes,
            self.memory_bytes_max,
        )
    }
}

/// Pixels of a picture; the most there are of them, where there are more than can be counted.
pub(super) fn area(width: u32, height: u32) -> usize {
    (width as usize).saturating_mul(height as usize)
}

/// A file that is not as its format wants it.
pub(super) fn broken(
    format: PictureFormat,
    source: impl Into<Box<dyn Error + Send + Sync>>,
) -> DecodeError {
    DecodeError::Broken {
        format,
        source: source.into(),
    }
}
