//! Bounds that stay valid however often one looks.
//!
//! For a share `limit`, each alternative share bets against it: its likelihood ratio after any
//! number of events is fair when `limit` is true, and so is any mixture of them that was fixed
//! beforehand. By Ville's inequality such a mixture ever exceeds `1 / alpha` with a chance of at most
//! `alpha`, no matter when it is looked at. Alternatives below `limit` also lose on average when the
//! truth lies above it, so they test "at least `limit`", and those above it "at most `limit`".
//!
//! Sources: Robbins, *Statistical methods related to the law of the iterated logarithm* (1970);
//! Howard, Ramdas, McAuliffe and Sekhon, *Time-uniform, nonparametric, nonasymptotic confidence
//! sequences* (2021).

use super::binomial::boundary;

/// Alternatives that are no point of their own.
const ALTERNATIVES: u32 = 32;

/// The weight of "nothing is ever bad": the case that most releases are in.
const WEIGHT_OF_NONE: f64 = 0.5;

/// The least alternative above a limit, by how many times.
const ABOVE_MIN: f64 = 1.05;

/// Whether `bad` of `total` contradict that the share is at least `limit`.
pub(super) fn is_below(bad: f64, total: f64, limit: f64, alpha: f64) -> bool {
    if limit >= 1.0 {
        return bad < total;
    }
    let mut terms = Vec::new();
    if bad == 0.0 {
        terms.push(WEIGHT_OF_NONE.ln() - total * (-limit).ln_1p());
    }
    let weight = ((1.0 - WEIGHT_OF_NONE) / f64::from(ALTERNATIVES)).ln();
    for index in 0..ALTERNATIVES {
        let share = (f64::from(index) + 0.5) / f64::from(ALTERNATIVES);
        terms.push(weight + log_ratio(bad, total, limit * share, limit));
    }
    log_sum(&terms) >= -alpha.ln()
}

/// Whether `bad` of `total` contradict that the share is at most `limit`.
pub(super) fn is_above(bad: f64, total: f64, limit: f64, alpha: f64) -> bool {
    if limit <= 0.0 {
        return bad > 0.0;
    }
    if limit * ABOVE_MIN >= 1.0 {
        return false;
    }
    // Evenly by order of magnitude, up to everything being bad.
    let width = (1.0 / (limit * ABOVE_MIN)).ln() / f64::from(ALTERNATIVES);
    let weight = (1.0 / f64::from(ALTERNATIVES)).ln();
    let terms: Vec<f64> = (0..ALTERNATIVES)
        .map(|index| {
            let share = limit * ABOVE_MIN * (f64::from(index) * width).exp();
            weight + log_ratio(bad, total, share, limit)
        })
        .collect();
    log_sum(&terms) >= -alpha.ln()
}

/// The largest share that is not contradicted.
pub(super) fn upper(bad: f64, total: f64, alpha: f64) -> f64 {
    if bad >= total {
        return 1.0;
    }
    boundary(bad / total, 1.0, |limit| {
        !is_below(bad, total, limit, alpha)
    })
    .1
}

/// The smallest share that is not contradicted.
pub(super) fn lower(bad: f64, total: f64, alpha: f64) -> f64 {
    if bad <= 0.0 {
        return 0.0;
    }
    boundary(0.0, bad / total, |limit| is_above(bad, total, limit, alpha)).0
}

/// Logarithm of how much likelier `bad` of `total` are with one share than with another.
fn log_ratio(bad: f64, total: f64, share: f64, limit: f64) -> f64 {
    let of_bad = if bad > 0.0 {
        bad * (share / limit).ln()
    } else {
        0.0
    };
    let good = total - bad;
    let of_good = if good > 0.0 {
        good * ((-share).ln_1p() - (-limit).ln_1p())
    } else {
        0.0
    };
    of_bad + of_good
}

/// Logarithm of the sum of what these are the logarithms of.
fn log_sum(terms: &[f64]) -> f64 {
    let largest = terms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if largest.is_finite() {
        largest
            + terms
                .iter()
                .map(|term| (term - largest).exp())
                .sum::<f64>()
                .ln()
    } else {
        largest
    }
}

#[cfg(test)]
mod tests;
