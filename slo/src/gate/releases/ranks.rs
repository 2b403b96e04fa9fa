//! Whether one sample is worse than another by more than chance and by more than a floor.
//!
//! Mann–Whitney, two-sided, by the normal approximation with mid-ranks, correction for ties and for
//! continuity: from 8 values a side it is within a few per cent of the exact chance at the levels
//! that are asked here. How large the difference is comes from the Hodges–Lehmann estimator.
//! Source: Hollander, Wolfe, Chicken, *Nonparametric Statistical Methods*, 3rd ed., chapter 4.

use statrs::distribution::{ContinuousCDF as _, Normal};

/// Values on either side, at least.
const VALUES_MIN: usize = 8;

/// Values on either side, at most: all pairs are looked at.
const VALUES_MAX: usize = 1_000;

/// A difference with a higher chance is none.
const LEVEL: f64 = 0.01;

/// Which way values get worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    HigherIsWorse,
    LowerIsWorse,
}

/// The least difference that matters: the greater of the two.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Floor {
    /// As a share of the median of the earlier values.
    pub(super) share: f64,
    /// In the unit of the values.
    pub(super) absolute: f64,
}

/// What became of the values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Change {
    Same,
    Better,
    Worse,
    /// It is worse by more than the floor, which may be chance.
    Unsettled,
    /// It cannot be told, with a phrase that says why.
    Unknown(String),
}

/// What a comparison came to.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Comparison {
    pub(super) change: Change,
    /// Chance of a difference as large between equal distributions.
    pub(super) p_value: Option<f64>,
}

/// Compares values of now with earlier ones.
pub(super) fn compare(
    earlier: &[f64],
    current: &[f64],
    direction: Direction,
    floor: Floor,
) -> Comparison {
    let unknown = |why: String| Comparison {
        change: Change::Unknown(why),
        p_value: None,
    };
    for (values, which) in [(current, "this release"), (earlier, "the earlier ones")] {
        if let Some(value) = values.iter().find(|value| !value.is_finite()) {
            return unknown(format!("an interval of {which} is {value}"));
        }
        if values.len() < VALUES_MIN {
            let number = values.len();
            return unknown(format!(
                "{VALUES_MIN} intervals with a value are needed, of {which} there are {number}"
            ));
        }
        if values.len() > VALUES_MAX {
            let number = values.len();
            return unknown(format!(
                "{number} intervals of {which}, at most {VALUES_MAX} are compared"
            ));
        }
    }
    let p_value = p_value(earlier, current);
    let mut differences: Vec<f64> = current
        .iter()
        .flat_map(|now| earlier.iter().map(move |before| now - before))
        .collect();
    let shift = median(&mut differences);
    let typical = median(&mut earlier.to_vec());
    let least = floor.absolute.max(floor.share * typical.abs());
    let is_worse = match direction {
        Direction::HigherIsWorse => shift > 0.0,
        Direction::LowerIsWorse => shift < 0.0,
    };
    let change = if shift.abs() < least || shift == 0.0 {
        Change::Same
    } else {
        match (is_worse, p_value <= LEVEL) {
            (true, true) => Change::Worse,
            (true, false) => Change::Unsettled,
            (false, true) => Change::Better,
            (false, false) => Change::Same,
        }
    };
    let p_value = Some(p_value);
    Comparison { change, p_value }
}

/// The middle of values, of which there is one at least.
fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 {
        values[middle]
    } else {
        f64::midpoint(values[middle - 1], values[middle])
    }
}

fn p_value(one: &[f64], other: &[f64]) -> f64 {
    let (few, many) = (one.len() as f64, other.len() as f64);
    let all = few + many;
    let mut ranked: Vec<(f64, bool)> = one.iter().map(|value| (*value, true)).collect();
    ranked.extend(other.iter().map(|value| (*value, false)));
    ranked.sort_by(|one, other| one.0.total_cmp(&other.0));
    let (mut rank_sum, mut ties, mut before) = (0.0, 0.0, 0.0);
    // 0 and -0 are equal, so groups are made by equality.
    for group in ranked.chunk_by(|one, other| one.0 == other.0) {
        let size = group.len() as f64;
        let of_one = group.iter().filter(|(_, is_one)| *is_one).count() as f64;
        rank_sum += of_one * (before + (size + 1.0) / 2.0);
        ties += size * size * size - size;
        before += size;
    }
    let u = rank_sum - few * (few + 1.0) / 2.0;
    let variance = few * many / 12.0 * (all + 1.0 - ties / (all * (all - 1.0)));
    if variance <= 0.0 {
        return 1.0;
    }
    let z = ((u - few * many / 2.0).abs() - 0.5).max(0.0) / variance.sqrt();
    Normal::standard().sf(z) * 2.0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FLOOR: Floor = Floor {
        share: 0.1,
        absolute: 0.0,
    };

    fn change(earlier: &[f64], current: &[f64]) -> Change {
        compare(earlier, current, Direction::HigherIsWorse, FLOOR).change
    }

    /// Two samples of Hollander and Wolfe's table 4.1: permeability at term and at 12 to 26 weeks.
    #[test]
    fn the_chance_is_that_of_the_textbook() {
        let at_term = [0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46];
        let early = [1.15, 0.88, 0.90, 0.74, 1.21];
        // W is 35, and of the 3,003 orders 25.44 % are as far from the middle.
        assert!((p_value(&at_term, &early) - 0.2544).abs() < 0.01);
        let apart: Vec<f64> = (0..20).map(f64::from).collect();
        let above: Vec<f64> = (20..40).map(f64::from).collect();
        // (200 - 0.5) / sqrt(400 * 41 / 12) = 5.3965 standard deviations.
        assert!((p_value(&apart, &above) / 6.796e-8 - 1.0).abs() < 0.001);
        // U is 8, and six groups of ties of sizes 2, 2, 4, 4, 2, 2 narrow it.
        let ties = |from: i32| (0..8).map(|i| f64::from(from + i % 4)).collect::<Vec<_>>();
        assert!((p_value(&ties(1), &ties(3)) - 0.011_980).abs() < 1e-6);
    }

    #[test]
    fn a_difference_must_be_beyond_chance_and_beyond_the_floor() {
        let earlier: Vec<f64> = (0..30).map(|i| 1.0 + f64::from(i) * 0.001).collect();
        let times = |factor: f64| {
            earlier
                .iter()
                .map(|value| value * factor)
                .collect::<Vec<_>>()
        };
        assert_eq!(change(&earlier, &times(1.2)), Change::Worse);
        assert_eq!(
            change(&earlier, &times(1.05)),
            Change::Same,
            "it does not matter"
        );
        assert_eq!(change(&earlier, &times(0.8)), Change::Better);
        assert_eq!(change(&earlier, &earlier), Change::Same);
        let wide: Vec<f64> = (0..8).map(|i| f64::from(i * i)).collect();
        let higher: Vec<f64> = wide.iter().map(|value| value + 5.0).collect();
        assert_eq!(
            change(&wide, &higher),
            Change::Unsettled,
            "more values would tell"
        );
        assert_eq!(change(&higher, &wide), Change::Same, "nobody minds");
        let flat = vec![1.0; 30];
        assert_eq!(change(&flat, &flat), Change::Same, "all equal");
        let lower = compare(&earlier, &times(0.8), Direction::LowerIsWorse, FLOOR);
        assert_eq!(lower.change, Change::Worse);
    }

    #[test]
    fn what_cannot_be_compared_is_unknown() {
        let many = vec![1.0; 8];
        let is_unknown = |one: &[f64], other: &[f64]| {
            let comparison = compare(one, other, Direction::HigherIsWorse, FLOOR);
            matches!(comparison.change, Change::Unknown(_)) && comparison.p_value.is_none()
        };
        assert!(is_unknown(&many, &many[..7]) && is_unknown(&many[..7], &many));
        assert!(is_unknown(&many, &[]) && !is_unknown(&many, &many));
        let with = |value: f64| [many.clone(), vec![value]].concat();
        assert!(is_unknown(&with(f64::NAN), &many) && is_unknown(&many, &with(f64::INFINITY)));
        assert!(is_unknown(&many, &vec![1.0; VALUES_MAX + 1]));
    }

    fn sample() -> impl Strategy<Value = Vec<f64>> {
        prop::collection::vec((0_i32..50).prop_map(f64::from), 8..40)
    }

    proptest! {
        #[test]
        fn the_chance_is_one_whichever_comes_first_and_however_it_is_scaled(
            one in sample(),
            other in sample(),
        ) {
            let p = p_value(&one, &other);
            prop_assert!((0.0..=1.0).contains(&p), "{}", p);
            prop_assert!((p - p_value(&other, &one)).abs() < 1e-9);
            let cubed = |values: &[f64]| values.iter().map(|v| v * v * v).collect::<Vec<_>>();
            prop_assert!((p - p_value(&cubed(&one), &cubed(&other))).abs() < 1e-9);
        }
    }
}
