//! At which moments a query is evaluated: as many as a picture can show, on round times.

use std::time::Duration;

use render::{CHART_POINTS_MAX, SERIES_MAX, SERIES_POINTS_MAX};

/// Pixels beside the plot: labels and margins.
const MARGIN_PIXELS: u32 = 80;

/// Points beyond range ÷ step: the start and the end themselves.
const ENDS: u64 = 2;

/// Most points of a series when the step is left to us: as many series as a chart may have then fit
/// into it.
const POINTS_MAX: u64 = (CHART_POINTS_MAX / SERIES_MAX) as u64 - ENDS;

/// How much coarser a second try is, at least; the next round step is at most twice that.
const COARSER: u64 = 4;

const SECOND: u64 = 1_000;
const DAY: u64 = 86_400 * SECOND;

/// Steps on which round times fall, each at most twice the one before. Above come whole days.
const LADDER: [u64; 20] = [
    SECOND,
    2 * SECOND,
    3 * SECOND,
    5 * SECOND,
    10 * SECOND,
    15 * SECOND,
    30 * SECOND,
    60 * SECOND,
    120 * SECOND,
    180 * SECOND,
    300 * SECOND,
    600 * SECOND,
    900 * SECOND,
    1_800 * SECOND,
    3_600 * SECOND,
    7_200 * SECOND,
    10_800 * SECOND,
    21_600 * SECOND,
    43_200 * SECOND,
    DAY,
];

/// The moments `start`, `start + step`, … `end`, in milliseconds since 1970. Start and end are
/// multiples of the step that was chosen first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Grid {
    pub(super) start_ms: i64,
    pub(super) end_ms: i64,
    pub(super) step_ms: u64,
}

/// The step for a range shown on `width` pixels: about one point for each one or two pixels of the
/// plot, never below `step_min_ms`.
pub(super) fn choose(range_ms: u64, width: u32, step_min_ms: u64) -> u64 {
    let plot_pixels = u64::from(width.saturating_sub(MARGIN_PIXELS)).max(1);
    let needed_ms = range_ms.div_ceil(plot_pixels.min(POINTS_MAX));
    if needed_ms <= step_min_ms {
        return step_min_ms;
    }
    round_up(needed_ms)
}

/// The next step on which round times fall.
fn round_up(step_ms: u64) -> u64 {
    let round = LADDER.iter().find(|&&round| round >= step_ms);
    round
        .copied()
        .unwrap_or_else(|| step_ms.div_ceil(DAY).saturating_mul(DAY))
}

/// Most points that a range can have with a step, wherever it ends.
pub(super) fn points_max(range_ms: u64, step_ms: u64) -> u64 {
    range_ms / step_ms.max(1) + ENDS
}

impl Grid {
    /// The grid that covers `range` before the last round moment at or before `at`.
    pub(super) fn over(at_ms: i64, range_ms: u64, step_ms: u64) -> Self {
        let step = i64::try_from(step_ms).unwrap_or(i64::MAX).max(1);
        let floor = |moment: i64| moment.div_euclid(step).saturating_mul(step);
        let range = i64::try_from(range_ms).unwrap_or(i64::MAX);
        let end_ms = floor(at_ms);
        // Two moments at least: one alone has no width.
        let start_ms = floor(at_ms.saturating_sub(range)).min(end_ms.saturating_sub(step));
        Self {
            start_ms,
            end_ms,
            step_ms: step.unsigned_abs(),
        }
    }

    /// A grid of four to eight times the step that ends at the same moment, if that still leaves
    /// anything to draw.
    pub(super) fn coarser(&self) -> Option<Self> {
        let step_ms = round_up(self.step_ms.saturating_mul(COARSER));
        let steps = self.end_ms.abs_diff(self.start_ms) / step_ms;
        if steps < 2 {
            return None;
        }
        let span_ms = i64::try_from(steps * step_ms).ok()?;
        Some(Self {
            start_ms: self.end_ms - span_ms,
            end_ms: self.end_ms,
            step_ms,
        })
    }

    /// How many moments there are.
    #[cfg(test)]
    pub(super) fn points(&self) -> usize {
        let steps = self.end_ms.abs_diff(self.start_ms) / self.step_ms.max(1);
        usize::try_from(steps)
            .unwrap_or(usize::MAX)
            .saturating_add(1)
    }

    /// First and last moment, in seconds since 1970.
    pub(super) fn ends(&self) -> (f64, f64) {
        (seconds(self.start_ms), seconds(self.end_ms))
    }

    pub(super) fn step(&self) -> Duration {
        Duration::from_millis(self.step_ms)
    }

    /// What a rate should look at: at least four scrapes, and more than a step, so that no event
    /// falls between two moments. As in Grafana.
    pub(super) fn rate_interval(&self, step_min: Duration) -> Duration {
        (step_min * 4).max(self.step() + step_min)
    }
}

/// Milliseconds as seconds.
#[expect(
    clippy::cast_precision_loss,
    reason = "a moment within 250,000 years of 1970 has less than 53 bits of milliseconds"
)]
pub(super) fn seconds(ms: i64) -> f64 {
    ms as f64 / 1_000.0
}

// A series of any chosen grid fits a chart.
const _: () = assert!(POINTS_MAX + ENDS <= SERIES_POINTS_MAX as u64);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HOUR: u64 = 3_600 * SECOND;
    const STEP_MIN: u64 = 15 * SECOND;
    /// The width of a chart that does not say one.
    const WIDTH: u32 = 800;

    #[test]
    fn usual_ranges_have_usual_steps() {
        let steps: Vec<String> = [1, 3, 6, 24, 24 * 7, 24 * 31, 24 * 365]
            .iter()
            .map(|hours| {
                let step = choose(hours * HOUR, WIDTH, STEP_MIN);
                format!("{hours} h: {:?}", Duration::from_millis(step))
            })
            .collect();
        insta::assert_snapshot!(steps.join("\n"), @r"
        1 h: 15s
        3 h: 15s
        6 h: 30s
        24 h: 120s
        168 h: 900s
        744 h: 7200s
        8760 h: 86400s
        ");
    }

    #[test]
    fn ends_fall_on_round_moments() {
        let grid = Grid::over(1_700_000_007_500, HOUR, STEP_MIN);
        assert_eq!(grid.end_ms, 1_700_000_007_500 / 15_000 * 15_000);
        assert_eq!(grid.end_ms % 15_000, 0);
        assert_eq!(grid.points(), 241);
        // A second later, in the same step, it is the same grid.
        assert_eq!(grid, Grid::over(1_700_000_008_500, HOUR, STEP_MIN));
        assert_ne!(grid, Grid::over(1_700_000_023_000, HOUR, STEP_MIN));
    }

    #[test]
    fn a_rate_looks_at_four_scrapes_or_more_than_a_step() {
        let interval = |step_ms| {
            let grid = Grid::over(0, HOUR, step_ms);
            grid.rate_interval(Duration::from_secs(15)).as_secs()
        };
        assert_eq!((interval(15_000), interval(120_000)), (60, 135));
    }

    proptest! {
        #[test]
        fn no_grid_has_more_points_than_a_picture_can_show(
            at_ms in -1_000_000_000_000_i64..4_000_000_000_000,
            range_ms in 60_000_u64..366 * DAY,
            width in 0_u32..10_000,
            step_min_ms in 1_000_u64..DAY,
        ) {
            let step_ms = choose(range_ms, width, step_min_ms);
            let grid = Grid::over(at_ms, range_ms, step_ms);
            prop_assert!(step_ms >= step_min_ms);
            prop_assert!(grid.points() * SERIES_MAX <= CHART_POINTS_MAX);
            prop_assert!(grid.points() as u64 <= points_max(range_ms, step_ms));
            let plot = u64::from(width.saturating_sub(MARGIN_PIXELS)).max(1);
            prop_assert!(range_ms / step_ms <= plot, "at most one for each pixel");
            if step_ms > step_min_ms && step_ms <= 30 * DAY && plot <= POINTS_MAX {
                prop_assert!(range_ms * 2 + step_ms >= step_ms * plot, "one for every two pixels");
            }
        }

        #[test]
        fn a_grid_covers_its_range(
            at_ms in -1_000_000_000_000_i64..4_000_000_000_000,
            range_ms in 1_u64..366 * DAY,
            step_ms in 1_000_u64..40 * DAY,
        ) {
            let grid = Grid::over(at_ms, range_ms, step_ms);
            let step = step_ms as i64;
            prop_assert!(grid.start_ms <= at_ms - range_ms as i64);
            prop_assert!(grid.start_ms > at_ms - range_ms as i64 - 2 * step);
            prop_assert!(grid.end_ms <= at_ms && grid.end_ms > at_ms - step);
            prop_assert_eq!((grid.start_ms % step, grid.end_ms % step), (0, 0));
            prop_assert!(grid.points() >= 2 && grid.points() as u64 <= points_max(range_ms, step_ms));
        }

        #[test]
        fn a_longer_range_never_has_a_finer_step_and_a_wider_picture_never_a_coarser_one(
            range_ms in 60_000_u64..366 * DAY,
            more_ms in 0_u64..366 * DAY,
            width in 64_u32..4_000,
            wider in 0_u32..4_000,
            step_min_ms in 1_000_u64..DAY,
        ) {
            let step_ms = choose(range_ms, width, step_min_ms);
            prop_assert!(choose(range_ms + more_ms, width, step_min_ms) >= step_ms);
            prop_assert!(choose(range_ms, width + wider, step_min_ms) <= step_ms);
        }

        #[test]
        fn a_coarser_grid_is_four_to_eight_times_coarser_and_inside(
            at_ms in 0_i64..4_000_000_000_000,
            range_ms in 60_000_u64..366 * DAY,
            width in 64_u32..4_000,
        ) {
            let fine = Grid::over(at_ms, range_ms, choose(range_ms, width, STEP_MIN));
            if let Some(coarse) = fine.coarser() {
                prop_assert!((4..=8).contains(&(coarse.step_ms / fine.step_ms)));
                prop_assert_eq!(coarse.end_ms, fine.end_ms);
                prop_assert!(coarse.start_ms >= fine.start_ms);
                prop_assert!(coarse.start_ms < fine.start_ms + coarse.step_ms as i64);
                prop_assert!(coarse.points() >= 3 && coarse.points() < fine.points());
            }
        }
    }
}
