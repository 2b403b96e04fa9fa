//! Pairs of windows whose burn rates make alerts.
//!
//! A long window says that it matters, a short one that it still goes on. The factor is the burn
//! rate that spends a share of the period's budget within the long window. Source: *The Site
//! Reliability Workbook*, chapter 5.

use std::time::Duration;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// Two windows that must burn together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pair {
    /// The window that says that it matters.
    pub long: Duration,
    /// The window that says that it still goes on.
    pub short: Duration,
    /// Share of the period's budget that is spent when `long` burns at the factor.
    pub share: f64,
}

impl Pair {
    /// Burn rate at which both windows alert, for an objective over `period`.
    #[must_use]
    pub fn factor(&self, period: Duration) -> f64 {
        self.share * period.as_secs_f64() / self.long.as_secs_f64()
    }
}

const fn pair(long: u64, short: u64, share: f64) -> Pair {
    Pair {
        long: Duration::from_secs(long),
        short: Duration::from_secs(short),
        share,
    }
}

/// A person is called: 2 % in an hour, 5 % in six.
pub const PAGE: [Pair; 2] = [
    pair(HOUR, 5 * MINUTE, 0.02),
    pair(6 * HOUR, 30 * MINUTE, 0.05),
];

/// A ticket is written: 10 % in a day, 10 % in three.
pub const TICKET: [Pair; 2] = [pair(DAY, 2 * HOUR, 0.10), pair(3 * DAY, 6 * HOUR, 0.10)];

#[cfg(test)]
mod tests {
    use super::*;

    fn factors(period_days: u64) -> Vec<String> {
        let period = Duration::from_secs(period_days * DAY);
        PAGE.iter()
            .chain(&TICKET)
            .map(|pair| format!("{:.2}", pair.factor(period)))
            .collect()
    }

    #[test]
    fn for_thirty_days_the_factors_are_the_well_known_ones() {
        assert_eq!(factors(30), ["14.40", "6.00", "3.00", "1.00"]);
    }

    #[test]
    fn for_seven_days_they_are_smaller() {
        assert_eq!(factors(7), ["3.36", "1.40", "0.70", "0.23"]);
    }
}
