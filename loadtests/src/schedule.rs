//! When each request is due: the shape of a plan as arithmetic.

use std::time::Duration;

use crate::plan::{Shape, ShapeKind};

/// Due times of a shape, as offsets from the start of the load.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Schedule {
    rate: f64,
    ramp_up_seconds: f64,
    duration_seconds: f64,
}

impl Schedule {
    pub(crate) fn new(shape: &Shape) -> Self {
        let ramp_up = match shape.kind {
            ShapeKind::Steady => Duration::ZERO,
            ShapeKind::Ramp => shape.ramp_up.unwrap_or_default(),
        };
        Self {
            rate: shape.rate,
            ramp_up_seconds: ramp_up.as_secs_f64(),
            duration_seconds: shape.duration.as_secs_f64(),
        }
    }

    /// When request `number` (from 0) is due, or `None` when the load is over by then.
    pub(crate) fn due(&self, number: u64) -> Option<Duration> {
        #[expect(clippy::cast_precision_loss, reason = "limits keep counts below 2^53")]
        let number = number as f64;
        let ramped = self.rate * self.ramp_up_seconds / 2.0;
        let seconds = if number < ramped {
            // While ramping, rate × t² / (2 × ramp-up) requests are due at t.
            (2.0 * self.ramp_up_seconds * number / self.rate).sqrt()
        } else {
            self.ramp_up_seconds + (number - ramped) / self.rate
        };
        (seconds < self.duration_seconds).then(|| Duration::from_secs_f64(seconds))
    }

    /// How many requests are due before `elapsed`.
    pub(crate) fn due_before(&self, elapsed: Duration) -> u64 {
        // `due` only rises, so the first request that is not due before it is found by halving.
        let (mut low, mut high) = (0_u64, self.count_bound());
        while low < high {
            let middle = low + (high - low) / 2;
            match self.due(middle) {
                Some(due) if due < elapsed => low = middle + 1,
                _ => high = middle,
            }
        }
        low
    }

    /// Requests of the whole load.
    pub(crate) fn count(&self) -> u64 {
        self.due_before(Duration::MAX)
    }

    /// Requests per second that are due at `elapsed`; 0 after the end.
    pub(crate) fn rate_at(&self, elapsed: Duration) -> f64 {
        let seconds = elapsed.as_secs_f64();
        if seconds >= self.duration_seconds {
            0.0
        } else if seconds < self.ramp_up_seconds {
            self.rate * seconds / self.ramp_up_seconds
        } else {
            self.rate
        }
    }

    fn count_bound(&self) -> u64 {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "limits keep it positive and below 2^53"
        )]
        let bound = (self.rate * self.duration_seconds).ceil() as u64;
        bound + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn secs(seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds)
    }

    fn schedule(rate: f64, ramp_up: f64, duration: f64) -> Schedule {
        Schedule {
            rate,
            ramp_up_seconds: ramp_up,
            duration_seconds: duration,
        }
    }

    #[test]
    fn a_steady_load_is_evenly_spaced() {
        let steady = schedule(100.0, 0.0, 10.0);
        assert_eq!(steady.due(0), Some(Duration::ZERO));
        assert_eq!(steady.due(50), Some(secs(0.5)));
        assert_eq!(steady.due(1_000), None);
        assert_eq!(steady.count(), 1_000);
        assert_eq!(steady.due_before(secs(2.0)), 200);
    }

    #[test]
    fn a_ramp_rises_to_its_rate_and_holds_it() {
        let ramp = schedule(100.0, 10.0, 20.0);
        assert_eq!(ramp.count(), 500 + 1_000);
        assert_eq!(ramp.due(125), Some(secs(5.0)));
        assert_eq!(ramp.due(500), Some(secs(10.0)));
        assert_eq!(ramp.due(600), Some(secs(11.0)));
        assert!((ramp.rate_at(secs(5.0)) - 50.0).abs() < 1e-9);
        assert!((ramp.rate_at(secs(15.0)) - 100.0).abs() < 1e-9);
        assert!(ramp.rate_at(secs(20.0)) < 1e-9);
    }

    proptest! {
        #[test]
        fn due_times_never_go_back_and_the_count_is_the_area_under_the_rate(
            rate in 0.1..5_000.0_f64, duration in 0.1..600.0_f64, share in 0.0..=1.0_f64,
            number in 0_u64..100_000,
        ) {
            let schedule = schedule(rate, duration * share, duration);
            if let (Some(one), Some(next)) = (schedule.due(number), schedule.due(number + 1)) {
                prop_assert!(one <= next);
            }
            let area = rate * duration * (1.0 - share / 2.0);
            let count = schedule.count() as f64;
            prop_assert!((count - area).abs() <= 1.0 + area * 1e-6, "{count} of {area}");
        }
    }
}
