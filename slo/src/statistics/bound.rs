//! Bounds on a share of bad events, and what they prove.

use serde::{Deserialize, Serialize};

use super::{binomial, sequence};

/// Counts are extrapolated by Prometheus and are no whole numbers. So close to one they are that
/// one: it is noise of binary fractions.
const WHOLE_SHARE_MAX: f64 = 1e-6;

/// More events than this are never asked for.
const MORE_MAX: f64 = 1e12;

/// How sure a verdict on a share must be. The level is the chance, above 0.5 and below 1, with which a
/// bound holds, each side for itself.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Bound {
    /// The exact bound of Clopper and Pearson, for one look at the numbers.
    Exact {
        /// The level.
        level: f64,
    },
    /// A bound that stays valid however often the numbers are looked at. It takes about a fifth
    /// more events.
    Sequence {
        /// The level.
        level: f64,
    },
}

impl Default for Bound {
    fn default() -> Self {
        Self::Exact { level: 0.95 }
    }
}

/// What a count proves about a budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// The share of bad events is within the budget.
    Holds,
    /// It is beyond the budget.
    Missed,
    /// It may be either.
    Open {
        /// How many more events, all good, would prove that it holds; `None` when more than 10^12.
        more_needed: Option<u64>,
    },
}

/// A count as whole events, for one bound the cautious way round.
#[derive(Debug, Clone, Copy)]
struct Whole {
    bad: f64,
    total: f64,
}

impl Whole {
    /// At least as bad as it was; `None` without events, or when the counts make no sense.
    fn at_worst(bad: f64, total: f64) -> Option<Self> {
        Self::of(whole(bad, f64::ceil), whole(total, f64::floor))
    }

    /// At most as bad as it was.
    fn at_best(bad: f64, total: f64) -> Option<Self> {
        Self::of(whole(bad, f64::floor), whole(total, f64::ceil))
    }

    fn of(bad: f64, total: f64) -> Option<Self> {
        let is_sound = bad >= 0.0 && total >= 1.0 && total.is_finite() && bad.is_finite();
        is_sound.then(|| Self {
            bad: bad.min(total),
            total,
        })
    }
}

fn whole(count: f64, round: fn(f64) -> f64) -> f64 {
    let nearest = count.round();
    if (count - nearest).abs() <= WHOLE_SHARE_MAX * count.abs().clamp(1.0, 1e5) {
        nearest
    } else {
        round(count)
    }
}

impl Bound {
    /// The level, as a share.
    #[must_use]
    pub const fn level(&self) -> f64 {
        match self {
            Self::Exact { level } | Self::Sequence { level } => *level,
        }
    }

    fn alpha(&self) -> f64 {
        1.0 - self.level()
    }

    /// The share of bad events is at least this; `None` without events, or when the counts make no
    /// sense.
    #[must_use]
    pub fn lower(&self, bad: f64, total: f64) -> Option<f64> {
        let Whole { bad, total } = Whole::at_best(bad, total)?;
        Some(match self {
            Self::Exact { .. } => binomial::lower(bad, total, self.alpha()),
            Self::Sequence { .. } => sequence::lower(bad, total, self.alpha()),
        })
    }

    /// The share of bad events is at most this; `None` without events, or when the counts make no
    /// sense.
    #[must_use]
    pub fn upper(&self, bad: f64, total: f64) -> Option<f64> {
        let Whole { bad, total } = Whole::at_worst(bad, total)?;
        Some(match self {
            Self::Exact { .. } => binomial::upper(bad, total, self.alpha()),
            Self::Sequence { .. } => sequence::upper(bad, total, self.alpha()),
        })
    }

    fn proves_within(&self, counts: Whole, budget: f64) -> bool {
        let Whole { bad, total } = counts;
        match self {
            Self::Exact { .. } => binomial::upper(bad, total, self.alpha()) <= budget,
            Self::Sequence { .. } => sequence::is_below(bad, total, budget, self.alpha()),
        }
    }

    fn proves_beyond(&self, counts: Whole, budget: f64) -> bool {
        let Whole { bad, total } = counts;
        match self {
            Self::Exact { .. } => binomial::lower(bad, total, self.alpha()) > budget,
            Self::Sequence { .. } => sequence::is_above(bad, total, budget, self.alpha()),
        }
    }

    /// How many more events, all good, prove that the share is within the budget.
    fn more_needed(&self, counts: Whole, budget: f64) -> Option<u64> {
        let is_enough = |more: f64| {
            let total = counts.total + more;
            self.proves_within(Whole { total, ..counts }, budget)
        };
        let mut enough = 1.0;
        while !is_enough(enough) {
            enough *= 2.0;
            if enough > MORE_MAX {
                return None;
            }
        }
        let mut too_few = (enough / 2.0).floor();
        while enough - too_few > 1.0 {
            let middle = too_few.midpoint(enough).floor();
            if is_enough(middle) {
                enough = middle;
            } else {
                too_few = middle;
            }
        }
        Some(enough as u64)
    }
}

/// What `bad` of `total` events prove about a budget, a share between 0 and 1. Counts that make no
/// sense prove nothing.
#[must_use]
pub fn judge(bad: f64, total: f64, budget: f64, bound: Bound) -> Proof {
    let counts = (Whole::at_worst(bad, total), Whole::at_best(bad, total));
    let (Some(worst), Some(best)) = counts else {
        return Proof::Open { more_needed: None };
    };
    if bound.proves_within(worst, budget) {
        Proof::Holds
    } else if bound.proves_beyond(best, budget) {
        Proof::Missed
    } else {
        let more_needed = bound.more_needed(worst, budget);
        Proof::Open { more_needed }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const EXACT: Bound = Bound::Exact { level: 0.95 };
    const SEQUENCE: Bound = Bound::Sequence { level: 0.95 };

    fn more(bad: f64, total: f64, budget: f64) -> Option<u64> {
        match judge(bad, total, budget, EXACT) {
            Proof::Open { more_needed } => more_needed,
            _ => Some(0),
        }
    }

    #[test]
    fn clean_events_that_are_needed_are_known() {
        assert_eq!(more(0.0, 1.0, 0.001), Some(2_994));
        assert_eq!(more(0.0, 2_995.0, 0.001), Some(0));
        assert_eq!(more(0.0, 1.0, 0.0005), Some(5_989));
        assert_eq!(more(0.0, 1.0, 0.01), Some(298));
        // With one bad event 4,742 are needed (Poisson: 4.744 of the budget).
        assert_eq!(more(1.0, 1_000.0, 0.001), Some(3_742));
        assert_eq!(more(0.0, 1.0, 1e-13), None);
    }

    #[test]
    fn counts_are_taken_the_cautious_way() {
        // Noise moves no whole event, a fraction does.
        assert_eq!(judge(1e-9, 2_995.000_001, 0.001, EXACT), Proof::Holds);
        assert_eq!(judge(0.0, 2_994.999_999_9, 0.001, EXACT), Proof::Holds);
        assert_ne!(judge(0.1, 2_995.0, 0.001, EXACT), Proof::Holds);
        assert_ne!(judge(0.0, 2_994.9, 0.001, EXACT), Proof::Holds);
        assert_eq!(judge(1e3, 1e9, 0.001, EXACT), Proof::Holds);
        assert_eq!(judge(1.2e6, 1e9, 0.001, EXACT), Proof::Missed);
    }

    #[test]
    fn counts_that_make_no_sense_prove_nothing() {
        for (bad, total) in [
            (f64::NAN, 10.0),
            (1.0, f64::NAN),
            (-1.0, 10.0),
            (0.0, 0.0),
            (0.0, 0.4),
            (0.0, f64::INFINITY),
            (f64::INFINITY, 10.0),
        ] {
            for bound in [EXACT, SEQUENCE] {
                let proof = judge(bad, total, 0.001, bound);
                assert!(matches!(proof, Proof::Open { .. }), "{bad} of {total}");
            }
        }
        assert_eq!(EXACT.upper(0.0, 0.0), None);
    }

    proptest! {
        #[test]
        fn a_bound_encloses_and_a_proof_agrees(
            total in 1_u32..5_000_000, part in 0.0_f64..1.0, budget in 1e-6_f64..0.9,
        ) {
            let total = f64::from(total);
            let bad = (total * part * part * part).floor();
            for bound in [EXACT, SEQUENCE] {
                let (low, high) = (bound.lower(bad, total).unwrap(), bound.upper(bad, total).unwrap());
                prop_assert!((0.0..=bad / total).contains(&low));
                prop_assert!((bad / total..=1.0).contains(&high));
            }
            match judge(bad, total, budget, EXACT) {
                Proof::Holds => prop_assert!(EXACT.upper(bad, total).unwrap() <= budget),
                Proof::Missed => prop_assert!(EXACT.lower(bad, total).unwrap() > budget),
                Proof::Open { more_needed: Some(more) } => {
                    let more = more as f64;
                    prop_assert_eq!(judge(bad, total + more, budget, EXACT), Proof::Holds);
                    prop_assert_ne!(judge(bad, total + more - 1.0, budget, EXACT), Proof::Holds);
                }
                Proof::Open { more_needed: None } => {}
            }
        }
    }
}
