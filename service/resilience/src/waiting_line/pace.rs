//! How fast this machine is against the predictions.

use std::time::Duration;

/// Share of the newest entry in the means: about the last twenty count.
const NEWEST: f64 = 0.05;

/// One strange entry, or a clock that jumps, moves the ratio no further than this either way.
const RATIO_MAX: f64 = 32.0;

/// Means of what was predicted and of what it took. Their ratio weighs a dear entry more than a
/// cheap one, whose time is mostly noise.
#[derive(Debug, Default)]
pub(super) struct Pace {
    predicted: f64,
    took: f64,
}

impl Pace {
    /// Learns that an entry of cost `predicted` `took` so long.
    pub(super) fn learn(&mut self, predicted: Duration, took: Duration) {
        let (predicted, took) = (predicted.as_secs_f64(), took.as_secs_f64());
        if self.predicted == 0.0 {
            (self.predicted, self.took) = (predicted, took);
            return;
        }
        self.predicted += (predicted - self.predicted) * NEWEST;
        self.took += (took - self.took) * NEWEST;
    }

    /// A prediction as it fits this machine.
    pub(super) fn fit(&self, predicted: Duration) -> Duration {
        if self.predicted == 0.0 {
            return predicted;
        }
        predicted.mul_f64((self.took / self.predicted).clamp(RATIO_MAX.recip(), RATIO_MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MILLI: Duration = Duration::from_millis(1);

    #[test]
    fn predictions_come_to_fit_the_machine() {
        let mut pace = Pace::default();
        assert_eq!(pace.fit(MILLI), MILLI);
        for _ in 0..200 {
            pace.learn(MILLI, 3 * MILLI);
        }
        let fitted = pace.fit(10 * MILLI);
        assert!(fitted.abs_diff(30 * MILLI) < MILLI / 10, "{fitted:?}");
    }

    #[test]
    fn a_strange_entry_does_not_carry_it_away() {
        let mut pace = Pace::default();
        pace.learn(MILLI, Duration::from_secs(3_600));
        assert_eq!(pace.fit(MILLI), 32 * MILLI);
        pace.learn(Duration::ZERO, Duration::ZERO);
        assert!(pace.fit(MILLI) <= 32 * MILLI);
        let mut idle = Pace::default();
        idle.learn(Duration::ZERO, MILLI);
        assert_eq!(idle.fit(MILLI), MILLI, "nothing predicted, nothing learned");
    }
}
