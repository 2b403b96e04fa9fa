//! A finished picture from elsewhere, as pixels.

mod decode;
mod shrink;
mod png;
mod jpeg;
mod webp;

use std::fmt;
use std::sync::Arc;

pub use decode::{DecodeError, DecodeLimits, PictureFormat};

/// Pixels of a picture that a scene shows; cheap to clone.
#[derive(Clone, PartialEq, Eq)]
pub struct Raster {
    width: u32,
    height: u32,
    rgba: Arc<[u8]>,
    identity: [u8; 32],
}

impl Raster {
    /// A picture of `width` × `height` px from four bytes each: red, green, blue, opacity (not
    /// premultiplied), row by row. None if there are not exactly as many.
    #[must_use]
    pub fn from_rgba(width: u32, height: u32, rgba: Vec<u8>) -> Option<Self> {
        let pixels = width as usize * height as usize;
        if pixels == 0 || pixels.checked_mul(4) != Some(rgba.len()) {
            return None;
        }
        let mut identity = blake3::Hasher::new();
        identity.update(&width.to_be_bytes()).update(&rgba);
        Some(Self {
            width,
            height,
            rgba: rgba.into(),
            identity: *identity.finalize().as_bytes(),
        })
    }

    /// The picture in a PNG, JPEG or WebP file of a stranger, made smaller where it is larger than
    /// a card shows. The bytes alone tell the format. Of an animation the first frame counts;
    /// colour profiles and orientation are not looked at.
    ///
    /// What the file says about its size is checked before anything is allocated for it. The
    /// decoders are of others: a caller that must not fall catches their panics.
    ///
    /// # Errors
    /// [`DecodeError`]: no such format, more than `limits` allow, or not whole.
    pub fn decode(bytes: &[u8], limits: &DecodeLimits) -> Result<Self, DecodeError> {
        decode::decode(bytes, limits)
    }

    /// In pixels.
    #[must_use]
    pub fn width(&self) -> u32 {
        self.width
    }

    /// In pixels.
    #[must_use]
    pub fn height(&self) -> u32 {
        self.height
    }

    /// Four bytes for each pixel, row by row: red, green, blue, opacity.
    #[must_use]
    pub fn rgba(&self) -> &[u8] {
        &self.rgba
    }

    /// A strong hash of size and pixels, for cache keys.
    #[must_use]
    pub fn identity(&self) -> [u8; 32] {
        self.identity
    }
}

impl fmt::Debug for Raster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Raster")
            .field("width", &self.width)
            .field("height", &self.height)
            .finish_non_exhaustive()
    }
}
