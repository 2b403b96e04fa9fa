//! How long a chart takes to draw, by its size alone.

use super::{Chart, Kind, Series};

/// Nanoseconds of any chart, of a character, and of a point.
const BASE: u64 = 60_000;
const CHARACTER: u64 = 400;
const POINT: u64 = 40;
/// Picoseconds of a pixel: of any, painted over by a series, and of a run between gaps in a column.
const PIXEL: u64 = 1_200;
const COVERED: u64 = 1_500;
const RUN_PIXEL: u64 = 7_000;

/// In per cent: how much of the picture one series of an area chart paints over, however few its
/// points are, and all rows of a heat map together.
const AREA: u64 = 50;
const HEAT: u64 = 40;
const WHOLE: u64 = 100;

impl Chart {
    /// Predicted time of drawing in microseconds: monotone in size, texts, series and points.
    pub(in crate::scene) fn cost_micros(&self) -> u64 {
        let pixels = u64::from(self.width).saturating_mul(u64::from(self.height));
        let points: u64 = self.series.iter().map(|one| one.points.len() as u64).sum();
        let runs: u64 = self.series.iter().map(|one| self.runs(one)).sum();
        let picos = [
            pixels.saturating_mul(PIXEL),
            self.covered(pixels).saturating_mul(COVERED),
            (runs * u64::from(self.height)).saturating_mul(RUN_PIXEL),
        ];
        let picos = picos.into_iter().fold(0, u64::saturating_add);
        let nanos = BASE + self.characters() * CHARACTER + points * POINT;
        nanos.saturating_add(picos / 1_000) / 1_000
    }

    /// Pixels of `pixels` that are painted over by series, once for each.
    fn covered(&self, pixels: u64) -> u64 {
        if self.kind == Kind::Heat {
            return pixels / WHOLE * HEAT;
        }
        // From two points a column on, noise fills the whole height.
        let height = u64::from(self.height);
        let least = match self.kind {
            Kind::Area => pixels / WHOLE * AREA,
            _ => 0,
        };
        let dense = |one: &Series| (one.points.len() as u64 * height / 2).clamp(least, pixels);
        self.series.iter().map(dense).fold(0, u64::saturating_add)
    }

    /// The pieces that gaps cut a series into; more than some in each column are not told apart.
    fn runs(&self, series: &Series) -> u64 {
        let is_gap = |point: &(f64, f64)| !(point.0.is_finite() && point.1.is_finite());
        let pairs = series.points.windows(2);
        let ends = pairs.filter(|pair| is_gap(&pair[1]) && !is_gap(&pair[0]));
        (ends.count() as u64).min(u64::from(self.width) * 2)
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
        let mut gaps = chart(400, 3, 300);
        gaps.series[0].points[150].1 = f64::NAN;
        assert!(gaps.cost_micros() > base);
    }

    /// Measured on a quiet machine with `cargo bench`: half to twice of it is near enough.
    #[test]
    fn the_prediction_is_near_what_was_measured() {
        let mut bench = chart(400, 3, 300);
        bench.width = 800;
        let cost = bench.cost_micros();
        assert!((350..1_400).contains(&cost), "{cost} for 700");
        let cost = chart(2_000, 9, 11_000).cost_micros();
        assert!((25_000..100_000).contains(&cost), "{cost} for 50,000");
    }
}
