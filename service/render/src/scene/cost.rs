//! What drawing a scene is going to cost, told from its values alone.
//!
//! In microseconds of one thread of the machine that the README's figures are from; only ratios count
//! elsewhere. Made for admission: cheap, never less for more of anything, and right within a factor
//! of two for what is dear.

use crate::frame::PixelFormat;

/// Any picture: buffers, codes, chunks.
const BASE_NANOS: u64 = 20_000;

/// So many pixels of the ground: painted, checked, compared.
const PIXELS: u64 = 1_000;
const PIXELS_INDEXED_NANOS: u64 = 85;
const PIXELS_RGB_NANOS: u64 = 360;

/// Most pixels in RGB whose memory a painter keeps, and what so many cost otherwise, because the system
/// has to hand out cleared pages for them: far more than drawing.
const KEPT_PIXELS_RGB: u64 = (4 << 20) / 3;
const FRESH_PIXELS_RGB_NANOS: u64 = 3_900;

/// A glyph whose bitmap is known: its place, then its pixels, so many for the square of its size.
const GLYPH_NANOS: u64 = 150;
const GLYPH_INDEXED_NANOS: f32 = 0.85;
const GLYPH_RGB_NANOS: f32 = 1.7;

/// Parts of a prediction, summed up.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cost {
    nanos: u64,
    glyph_square_nanos: f32,
}

impl Cost {
    /// A picture of this size that shows nothing yet.
    pub(super) fn ground(format: PixelFormat, width: u32, height: u32) -> Self {
        let pixels = u64::from(width) * u64::from(height);
        let (pixels_nanos, glyph_square_nanos) = match format {
            PixelFormat::Indexed => (PIXELS_INDEXED_NANOS, GLYPH_INDEXED_NANOS),
            PixelFormat::Rgb if pixels <= KEPT_PIXELS_RGB => (PIXELS_RGB_NANOS, GLYPH_RGB_NANOS),
            PixelFormat::Rgb => (PIXELS_RGB_NANOS + FRESH_PIXELS_RGB_NANOS, GLYPH_RGB_NANOS),
        };
        let nanos = pixels.saturating_mul(pixels_nanos) / PIXELS;
        Self {
            nanos: BASE_NANOS.saturating_add(nanos),
            glyph_square_nanos,
        }
    }

    /// And so many things that take so many nanoseconds each.
    pub(super) fn and(self, count: usize, nanos_each: u64) -> Self {
        let nanos = (count as u64).saturating_mul(nanos_each);
        Self {
            nanos: self.nanos.saturating_add(nanos),
            ..self
        }
    }

    /// And a text, drawn at so many pixels per em. Its bytes are counted, which for Latin text are its
    /// glyphs; a Chinese one has three, and costs more.
    pub(super) fn and_text(self, text: &str, size: f32) -> Self {
        let square = size * size * self.glyph_square_nanos;
        self.and(text.len(), GLYPH_NANOS + square as u64)
    }

    /// In microseconds, rounded up.
    pub(super) fn micros(self) -> u64 {
        self.nanos.div_ceil(1_000)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::{Background, Card, Chart, Color, Scene, Series};

    fn card(width: u32, height: u32, glyphs: usize, is_flat: bool) -> u64 {
        let background = match is_flat {
            true => Background::Flat(Color::WHITE),
            false => Background::default(),
        };
        let card = Card {
            width,
            height,
            background,
            subtitle: "x".repeat(glyphs),
            ..Card::default()
        };
        Scene::Card(card).cost_micros()
    }

    fn chart(width: u32, series: usize, points: usize) -> u64 {
        let one = Series {
            name: "p99".to_owned(),
            color: None,
            points: vec![(0.0, 0.0); points],
        };
        let chart = Chart {
            width,
            series: vec![one; series],
            ..Chart::default()
        };
        Scene::Chart(chart).cost_micros()
    }

    #[test]
    fn the_dearest_scenes_are_predicted_as_they_were_measured() {
        for (predicted, measured) in [
            (card(1_200, 630, 0, true), 110),
            (card(2_400, 630, 200, true), 360),
            (card(2_700, 1_417, 0, false), 17_000),
            (card(1_200, 630, 0, false), 400),
            (chart(800, 3, 300), 450),
            (chart(800, 32, 300), 3_700),
        ] {
            assert!(
                predicted < measured * 2 && measured < predicted * 2,
                "{predicted}, {measured}"
            );
        }
    }

    proptest! {
        #[test]
        fn more_of_anything_never_costs_less(
            width in 64..4_096_u32, height in 64..4_096_u32, glyphs in 0..300_usize, is_flat: bool,
            series in 0..30_usize, points in 0..1_000_usize,
        ) {
            let cost = card(width, height, glyphs, is_flat);
            prop_assert!(card(width + 9, height, glyphs, is_flat) >= cost);
            prop_assert!(card(width, height + 9, glyphs, is_flat) >= cost);
            prop_assert!(card(width, height, glyphs + 9, is_flat) >= cost);
            prop_assert!(card(width, height, glyphs, false) >= cost);
            let cost = chart(width, series, points);
            prop_assert!(chart(width + 9, series, points) >= cost);
            prop_assert!(chart(width, series + 1, points) >= cost);
            prop_assert!(chart(width, series, points + 9) >= cost);
        }
    }
}
