//! What drawing a scene will cost, before it is drawn.
//!
//! A guess for no machine in particular: the line learns how this one compares.

use std::time::Duration;

use render::Scene;

/// What any picture costs.
const BASE_NANOS: u64 = 100_000;

/// Fill and encode one pixel.
const PIXEL_NANOS: u64 = 1;

/// Lay out and draw what one byte of the scene describes: a point of a series has 16.
const BYTE_NANOS: u64 = 5;

/// The predicted time of one thread for a scene of `bytes`.
pub(super) fn of(scene: &Scene, bytes: usize) -> Duration {
    let (width, height) = scene.size();
    let pixels = u64::from(width).saturating_mul(u64::from(height));
    let parts = [
        BASE_NANOS,
        pixels.saturating_mul(PIXEL_NANOS),
        (bytes as u64).saturating_mul(BYTE_NANOS),
    ];
    Duration::from_nanos(parts.into_iter().fold(0, u64::saturating_add))
}

#[cfg(test)]
mod tests {
    use super::*;
    use render::Card;

    #[test]
    fn more_pixels_and_more_bytes_cost_more_and_the_largest_do_not_overflow() {
        let card = |width, height| {
            Scene::Card(Card {
                width,
                height,
                ..Card::default()
            })
        };
        let usual = of(&card(1_200, 630), 200);
        assert!((Duration::from_micros(500)..Duration::from_millis(2)).contains(&usual));
        assert!(of(&card(2_000, 2_000), 200) > 3 * usual);
        assert!(of(&card(1_200, 630), 1_600_000) > 5 * usual);
        assert!(of(&card(u32::MAX, u32::MAX), usize::MAX) > usual);
    }
}
