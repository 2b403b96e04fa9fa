//! Latencies in bounded memory: percentiles within 0.8 % of the true value.

use std::time::Duration;

/// Buckets per doubling, as a power of two.
const PRECISION_BITS: u32 = 7;
const BUCKETS_PER_DOUBLING: usize = 1 << PRECISION_BITS;
/// Every duration of at most 2^40 µs (12 days) has a bucket; longer ones share the last.
const BUCKETS_MAX: usize = BUCKETS_PER_DOUBLING * (40 - PRECISION_BITS as usize + 1);

/// A histogram of durations in microseconds, linear within each doubling.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Latencies {
    buckets: Vec<u64>,
    count: u64,
    sum: Duration,
    min: Option<Duration>,
    max: Duration,
}

impl Latencies {
    pub(crate) fn record(&mut self, elapsed: Duration) {
        let index = bucket_of(u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX));
        if self.buckets.len() <= index {
            self.buckets.resize(index + 1, 0);
        }
        self.buckets[index] += 1;
        self.count += 1;
        self.sum = self.sum.saturating_add(elapsed);
        self.min = Some(self.min.map_or(elapsed, |min| min.min(elapsed)));
        self.max = self.max.max(elapsed);
    }

    pub(crate) fn add(&mut self, other: &Self) {
        if self.buckets.len() < other.buckets.len() {
            self.buckets.resize(other.buckets.len(), 0);
        }
        for (own, more) in self.buckets.iter_mut().zip(&other.buckets) {
            *own += more;
        }
        self.count += other.count;
        self.sum = self.sum.saturating_add(other.sum);
        self.min = match (self.min, other.min) {
            (Some(own), Some(more)) => Some(own.min(more)),
            (own, more) => own.or(more),
        };
        self.max = self.max.max(other.max);
    }

    pub(crate) fn min(&self) -> Duration {
        self.min.unwrap_or_default()
    }

    pub(crate) fn max(&self) -> Duration {
        self.max
    }

    /// The mean; zero without samples.
    pub(crate) fn average(&self) -> Duration {
        match self.count {
            0 => Duration::ZERO,
            #[expect(clippy::cast_precision_loss, reason = "a mean needs no exact count")]
            count => Duration::from_secs_f64(self.sum.as_secs_f64() / count as f64),
        }
    }

    /// The least duration that at least `percent` of the samples do not exceed (nearest rank);
    /// zero without samples.
    pub(crate) fn percentile(&self, percent: f64) -> Duration {
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "counts stay far below 2^53"
        )]
        let rank = ((percent / 100.0 * self.count as f64).ceil() as u64).max(1);
        let mut seen = 0;
        for (index, count) in self.buckets.iter().enumerate() {
            seen += count;
            if seen >= rank {
                return Duration::from_micros(top_of(index)).clamp(self.min(), self.max);
            }
        }
        self.max
    }
}

fn bucket_of(micros: u64) -> usize {
    if micros < BUCKETS_PER_DOUBLING as u64 {
        return micros as usize;
    }
    let shift = micros.ilog2() - PRECISION_BITS;
    let within = (micros >> shift) as usize - BUCKETS_PER_DOUBLING;
    let index = BUCKETS_PER_DOUBLING * (shift as usize + 1) + within;
    index.min(BUCKETS_MAX - 1)
}

/// The greatest microseconds of a bucket.
fn top_of(index: usize) -> u64 {
    if index < BUCKETS_PER_DOUBLING {
        return index as u64;
    }
    let shift = index / BUCKETS_PER_DOUBLING - 1;
    let within = (index % BUCKETS_PER_DOUBLING + BUCKETS_PER_DOUBLING) as u64;
    ((within + 1) << shift) - 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn percentiles_of_one_to_a_hundred_are_their_numbers() {
        let mut latencies = Latencies::default();
        for millis in 1..=100 {
            latencies.record(Duration::from_millis(millis));
        }
        let off = |percent: f64, millis: f64| {
            (latencies.percentile(percent).as_secs_f64() * 1_000.0 / millis - 1.0).abs()
        };
        assert!(off(50.0, 50.0) < 0.008);
        assert!(off(95.0, 95.0) < 0.008);
        assert_eq!(latencies.percentile(100.0), Duration::from_millis(100));
        assert_eq!(latencies.average(), Duration::from_micros(50_500));
    }

    #[test]
    fn nothing_recorded_is_zero() {
        assert_eq!(Latencies::default().percentile(95.0), Duration::ZERO);
        assert_eq!(Latencies::default().average(), Duration::ZERO);
    }

    proptest! {
        #[test]
        fn a_percentile_is_within_one_percent_of_the_sorted_list(
            mut micros in proptest::collection::vec(0_u64..2_000_000_000, 1..200),
            percent in 1.0..100.0_f64, split in 0_usize..200,
        ) {
            let (mut whole, mut rest) = (Latencies::default(), Latencies::default());
            for (index, value) in micros.iter().enumerate() {
                let into = if index < split { &mut whole } else { &mut rest };
                into.record(Duration::from_micros(*value));
            }
            whole.add(&rest);
            micros.sort_unstable();
            let rank = ((percent / 100.0 * micros.len() as f64).ceil() as usize).max(1);
            let exact = micros[rank - 1] as f64;
            let found = whole.percentile(percent).as_micros() as f64;
            prop_assert!((found - exact).abs() <= exact * 0.008 + 1.0, "{found} {exact}");
            prop_assert_eq!(whole.max(), Duration::from_micros(micros[micros.len() - 1]));
            prop_assert_eq!(whole.min(), Duration::from_micros(micros[0]));
        }

        #[test]
        fn any_duration_has_a_bucket(micros in any::<u64>()) {
            prop_assert!(bucket_of(micros) < BUCKETS_MAX);
        }
    }
}
