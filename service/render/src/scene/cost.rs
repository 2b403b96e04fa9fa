//! What drawing a scene is going to cost, told from its values alone.
//!
//! In microseconds of one thread of the machine that the README's figures are from; only ratios count
//! elsewhere. Made for admission: cheap, never less for more of anything, and right within a factor
//! of two for what is dear.

/// Any picture: buffers, codes, chunks.
const BASE_NANOS: u64 = 25_000;
/// A pixel of the ground: painted, checked, compared.
const PIXEL_RGB_NANOS_PER_1000: u64 = 480;
const PIXEL_INDEXED_NANOS_PER_1000: u64 = 120;
/// A glyph whose bitmap is known: its place, then its pixels, which grow with its height.
const GLYPH_NANOS: u64 = 300;
const GLYPH_PIXEL_ROW_NANOS: u64 = 40;

/// Parts of a prediction.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Cost {
    nanos: u64,
}

impl Cost {
    /// A picture whose pixels are palette indices and which shows nothing else.
    pub(super) fn indexed(width: u32, height: u32) -> Self {
        Self::ground(width, height, PIXEL_INDEXED_NANOS_PER_1000)
    }

    /// A picture whose pixels are RGB and which shows nothing else.
    pub(super) fn rgb(width: u32, height: u32) -> Self {
        Self::ground(width, height, PIXEL_RGB_NANOS_PER_1000)
    }

    fn ground(width: u32, height: u32, nanos_per_1000: u64) -> Self {
        let pixels = u64::from(width) * u64::from(height);
        Self {
            nanos: BASE_NANOS.saturating_add(pixels.saturating_mul(nanos_per_1000) / 1_000),
        }
    }

    /// And so many things that take so many nanoseconds each.
    pub(super) fn and(self, count: usize, nanos_each: u64) -> Self {
        let nanos = (count as u64).saturating_mul(nanos_each);
        Self {
            nanos: self.nanos.saturating_add(nanos),
        }
    }

    /// And a text, drawn at so many pixels per em. Its bytes are counted, which for Latin text are its
    /// glyphs; a Chinese glyph has three and costs more.
    pub(super) fn and_text(self, text: &str, size: f32) -> Self {
        let rows = size.clamp(0.0, 4_096.0) as u64;
        self.and(text.len(), GLYPH_NANOS + GLYPH_PIXEL_ROW_NANOS * rows)
    }

    /// In microseconds, rounded up.
    pub(super) fn micros(self) -> u64 {
        self.nanos.div_ceil(1_000)
    }
}
