//! Arithmetic over counts of events: attainment, budget, burn rate.
//!
//! Every figure that has no meaning (no events, nothing allowed) is `None`, never 0.

use serde::{Deserialize, Serialize};

/// Events over some window. Counts are real numbers because Prometheus extrapolates.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Events {
    /// All events.
    pub total: f64,
    /// Those that count against the budget.
    pub bad: f64,
}

impl Events {
    /// Share of bad events, 0 to 1; `None` without events.
    #[must_use]
    pub fn error_ratio(self) -> Option<f64> {
        (self.total > 0.0).then(|| self.bad / self.total)
    }

    /// Share of good events, 0 to 1; `None` without events.
    #[must_use]
    pub fn attainment(self) -> Option<f64> {
        self.error_ratio().map(|ratio| 1.0 - ratio)
    }

    /// Bad events that `target` (0 to 1) allows among these.
    #[must_use]
    pub fn allowed(self, target: f64) -> f64 {
        self.total * (1.0 - target)
    }

    /// How many times faster than allowed the budget is spent; 1 spends it exactly.
    #[must_use]
    pub fn burn_rate(self, target: f64) -> Option<f64> {
        let allowed = self.allowed(target);
        (allowed > 0.0).then(|| self.bad / allowed)
    }

    /// Share of the budget that is left: 1 untouched, 0 spent, below 0 overspent.
    #[must_use]
    pub fn budget_left(self, target: f64) -> Option<f64> {
        self.burn_rate(target).map(|rate| 1.0 - rate)
    }

    /// Whether at most the allowed share is bad. `1 - 0.9995` is not exact, so the last bits of
    /// both sides do not decide.
    #[must_use]
    pub fn hold(self, target: f64) -> bool {
        self.total > 0.0 && self.bad <= self.allowed(target) * (1.0 + 1e-9)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_what_is_allowed_still_holds() {
        let events = |bad| Events {
            total: 10_000.0,
            bad,
        };
        assert!(events(5.0).hold(0.9995));
        assert!(!events(5.001).hold(0.9995));
    }

    #[test]
    fn nothing_is_known_of_no_events() {
        let none = Events {
            total: 0.0,
            bad: 0.0,
        };
        assert_eq!(none.error_ratio(), None);
        assert_eq!(none.budget_left(0.99), None);
        assert!(!none.hold(0.99));
        assert!(
            !Events {
                total: f64::NAN,
                bad: 0.0
            }
            .hold(0.99)
        );
        assert!(
            !Events {
                total: 10.0,
                bad: f64::NAN
            }
            .hold(0.99)
        );
    }

    #[test]
    fn an_overspent_budget_is_below_zero() {
        let events = Events {
            total: 1_000.0,
            bad: 30.0,
        };
        assert!((events.budget_left(0.99).unwrap() - -2.0).abs() < 1e-9);
        assert!((events.burn_rate(0.99).unwrap() - 3.0).abs() < 1e-9);
    }
}
