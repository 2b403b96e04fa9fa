//! Exact bounds of a binomial proportion.
//!
//! Sources: Clopper and Pearson, *The use of confidence or fiducial limits illustrated in the case
//! of the binomial* (1934); Loader, *Fast and accurate computation of binomial probabilities*
//! (2000).

/// Halvings of an interval: more than a double has bits.
pub(super) const HALVINGS: usize = 80;

/// Terms of a tail that are less than this share of its sum are not added.
const TERM_SHARE_MIN: f64 = 1e-17;

/// The most terms of a tail: 30 standard deviations of 10^12 events.
const TERMS_MAX: u64 = 20_000_000;

/// The largest proportion that `bad` of `total` does not contradict: below it fewer bad events would
/// have come with a chance of more than `alpha`.
pub(super) fn upper(bad: f64, total: f64, alpha: f64) -> f64 {
    if bad >= total {
        return 1.0;
    }
    if bad == 0.0 {
        return -(alpha.ln() / total).exp_m1();
    }
    let is_plausible = |p: f64| at_most(bad, total, p) > alpha;
    boundary(bad / total, 1.0, is_plausible).1
}

/// The smallest proportion that `bad` of `total` does not contradict.
pub(super) fn lower(bad: f64, total: f64, alpha: f64) -> f64 {
    if bad <= 0.0 {
        return 0.0;
    }
    if bad >= total {
        return (alpha.ln() / total).exp();
    }
    let is_implausible = |p: f64| at_least(bad, total, p) <= alpha;
    boundary(0.0, bad / total, is_implausible).0
}

/// The last point that has a property and the first that has not, next to each other.
pub(super) fn boundary(with: f64, without: f64, has: impl Fn(f64) -> bool) -> (f64, f64) {
    let (mut with, mut without) = (with, without);
    for _ in 0..HALVINGS {
        let middle = with.midpoint(without);
        if middle <= with || middle >= without {
            break;
        }
        if has(middle) {
            with = middle;
        } else {
            without = middle;
        }
    }
    (with, without)
}

/// Chance of at most `bad` of `total`, each with chance `p`; exact where `p` is at least their share.
fn at_most(bad: f64, total: f64, p: f64) -> f64 {
    let odds = (1.0 - p) / p;
    tail(bad, total, p, |k| k * odds / (total - k + 1.0), -1.0)
}

/// Chance of at least `bad` of `total`; exact where `p` is at most their share.
fn at_least(bad: f64, total: f64, p: f64) -> f64 {
    let odds = p / (1.0 - p);
    tail(bad, total, p, |k| (total - k) * odds / (k + 1.0), 1.0)
}

/// Sums away from the middle, where every term is smaller than the one before.
fn tail(bad: f64, total: f64, p: f64, ratio: impl Fn(f64) -> f64, step: f64) -> f64 {
    let (mut sum, mut term, mut k) = (1.0, 1.0, bad);
    for _ in 0..TERMS_MAX {
        term *= ratio(k);
        if term <= sum * TERM_SHARE_MIN {
            break;
        }
        sum += term;
        k += step;
    }
    (sum.ln() + log_chance(bad, total, p)).exp().min(1.0)
}

/// Logarithm of the chance of exactly `k` of `n`, by the saddle point: no digits are lost however
/// large they are.
fn log_chance(k: f64, n: f64, p: f64) -> f64 {
    if k == 0.0 {
        return n * (-p).ln_1p();
    }
    if k >= n {
        return n * p.ln();
    }
    let rest = n - k;
    let deviance = deviance(k, n * p) + self::deviance(rest, n * (1.0 - p));
    let correction = stirling_error(n) - stirling_error(k) - stirling_error(rest);
    correction - deviance + 0.5 * (n / (std::f64::consts::TAU * k * rest)).ln()
}

/// `x ln(x / mean) + mean - x`, by a series where the two are close.
fn deviance(x: f64, mean: f64) -> f64 {
    let difference = x - mean;
    let v = difference / (x + mean);
    if v.abs() >= 0.1 {
        return x * (x / mean).ln() + mean - x;
    }
    let mut sum = difference * v;
    let mut power = 2.0 * x * v;
    for odd in (3..1_000).step_by(2) {
        power *= v * v;
        let next = sum + power / f64::from(odd);
        if next == sum {
            break;
        }
        sum = next;
    }
    sum
}

/// `ln n!` less Stirling's formula.
fn stirling_error(n: f64) -> f64 {
    if n < 16.0 {
        let factorial: f64 = (1..=n as u32).map(f64::from).product();
        let formula = (n + 0.5) * n.ln() - n + 0.5 * std::f64::consts::TAU.ln();
        return factorial.ln() - formula;
    }
    let square = n * n;
    (1.0 / 12.0 - (1.0 / 360.0 - (1.0 / 1_260.0 - 1.0 / 1_680.0 / square) / square) / square) / n
}

#[cfg(test)]
mod tests {
    use statrs::distribution::{Binomial, DiscreteCDF as _};

    use super::*;

    fn is_near(one: f64, other: f64) -> bool {
        (one - other).abs() <= 1e-9 * one.abs().max(other.abs()) + 1e-300
    }

    #[test]
    fn the_chances_are_those_of_the_distribution() {
        for total in [1_u64, 2, 10, 97, 1_000] {
            for p in [1e-6, 0.001, 0.3, 0.5, 0.9] {
                let all = Binomial::new(p, total).unwrap();
                let middle = (total as f64 * p) as u64;
                for bad in (0..=total).step_by((total / 10).max(1) as usize) {
                    let (k, n) = (bad as f64, total as f64);
                    if bad <= middle {
                        let seen = at_most(k, n, p);
                        assert!((seen - all.cdf(bad)).abs() < 1e-9, "{bad} of {total}, {p}");
                    }
                    if bad > middle {
                        let seen = at_least(k, n, p);
                        let known = all.sf(bad - 1);
                        assert!((seen - known).abs() < 1e-9, "{bad} of {total}, {p}");
                    }
                }
            }
        }
    }

    #[test]
    fn bounds_are_those_of_published_tables() {
        // One-sided 95 %, from tables of Clopper and Pearson: 1 of 10 and 5 of 100.
        assert!((upper(1.0, 10.0, 0.05) - 0.394_16).abs() < 1e-5);
        assert!((lower(1.0, 10.0, 0.05) - 0.005_116).abs() < 1e-6);
        assert!((upper(5.0, 100.0, 0.05) - 0.102_253).abs() < 1e-5);
        assert!(is_near(upper(0.0, 10.0, 0.05), 1.0 - 0.05_f64.powf(0.1)));
        assert!(is_near(lower(10.0, 10.0, 0.05), 0.05_f64.powf(0.1)));
    }

    #[test]
    fn a_bound_is_where_the_chance_is_alpha() {
        for (bad, total) in [(1.0, 3.0), (17.0, 40_000.0), (5e5, 1e9), (5e8, 1e9)] {
            let (low, high) = (lower(bad, total, 0.05), upper(bad, total, 0.05));
            assert!(low < bad / total && bad / total < high);
            assert!(
                (at_least(bad, total, low) - 0.05).abs() < 1e-6,
                "{bad} of {total}"
            );
            assert!(
                (at_most(bad, total, high) - 0.05).abs() < 1e-6,
                "{bad} of {total}"
            );
        }
    }

    /// Whatever the true share is, a bound misses it in at most 5 % of all cases.
    #[test]
    fn the_share_of_wrong_bounds_is_what_is_claimed() {
        for total in [1_u64, 7, 30, 100] {
            for percent in 1..100 {
                let p = f64::from(percent) / 100.0;
                let (mut above, mut below) = (0.0, 0.0);
                for bad in 0..=total {
                    let (k, n) = (bad as f64, total as f64);
                    let chance = log_chance(k, n, p).exp();
                    above += chance * f64::from(u8::from(upper(k, n, 0.05) < p));
                    below += chance * f64::from(u8::from(lower(k, n, 0.05) > p));
                }
                assert!(above <= 0.05 + 1e-9 && below <= 0.05 + 1e-9, "{total} {p}");
            }
        }
    }
}
