//! How long a chart takes to draw, by its size alone.

use super::{Chart, Kind};

/// Nanoseconds: of any chart, a pixel, a character, and a point.
const BASE: u64 = 60_000;
const PIXEL: u64 = 2;
const CHARACTER: u64 = 400;
const POINT: u64 = 40;
/// Nanoseconds for each pixel of the picture, for each series: what it covers, and how much dearer
/// a covered pixel is to compress.
const COVERED: u64 = 1;

impl Chart {
    /// Predicted time of drawing in microseconds: monotone in size, texts and points.
    #[allow(dead_code, reason = "admission by cost asks for it through the scene")]
    pub(in crate::scene) fn cost_micros(&self) -> u64 {
        let pixels = u64::from(self.width).saturating_mul(u64::from(self.height));
        let points: u64 = self.series.iter().map(|one| one.points.len() as u64).sum();
        let nanos = BASE
            .saturating_add(pixels.saturating_mul(PIXEL))
            .saturating_add(pixels.saturating_mul(COVERED * self.layers()))
            .saturating_add(self.characters().saturating_mul(CHARACTER))
            .saturating_add(points.saturating_mul(POINT));
        nanos / 1_000
    }

    /// How often a pixel is painted over at most, in the way that this kind is drawn.
    fn layers(&self) -> u64 {
        match self.kind {
            Kind::Heat => 1,
            Kind::Line | Kind::Area | Kind::Bar => self.series.len() as u64,
        }
    }

    fn characters(&self) -> u64 {
        let series = self.series.iter().map(|one| one.name.len());
        let thresholds = self.thresholds.iter().map(|one| one.label.len());
        let bands = self.bands.iter().map(|one| one.label.len());
        let marks = self.marks.iter().map(|one| one.label.len());
        let lists: usize = series.chain(thresholds).chain(bands).chain(marks).sum();
        let texts = [&self.note, &self.evaluated_at].into_iter().flatten();
        let texts: usize = texts.map(String::len).sum();
        (lists + texts + self.title.len() + self.subtitle.len()) as u64
    }
}

#[cfg(test)]
mod tests {
    use crate::scene::Series;

    use super::*;

    fn chart(side: u32, series: usize, points: usize) -> Chart {
        let one = Series {
            name: "p99".to_owned(),
            color: None,
            points: vec![(0.0, 1.0); points],
        };
        Chart {
            width: side,
            height: side,
            series: vec![one; series],
            ..Chart::default()
        }
    }

    #[test]
    fn more_of_anything_costs_more() {
        let cost = |side, series, points| chart(side, series, points).cost_micros();
        let base = cost(400, 3, 300);
        for more in [cost(500, 3, 300), cost(400, 4, 300), cost(400, 3, 600)] {
            assert!(more > base, "{more} {base}");
        }
        let mut noted = chart(400, 3, 300);
        noted.note = Some("last good picture, 3 min old".to_owned());
        assert!(noted.cost_micros() > base);
        assert!(cost(u32::MAX, 32, 11_000) > 0, "no overflow");
    }
}
