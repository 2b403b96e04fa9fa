//! Where an axis has its ticks, and what they say.

mod number;
mod time;

pub(crate) use number::number_scale;
pub(crate) use time::{moment_label, offset_label, time_scale};

/// Ticks of one axis, whatever is asked for.
const TICKS_MAX: usize = 32;

/// An axis from `low` to `high`, both finite, with `low` below `high`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Scale {
    pub(crate) low: f64,
    pub(crate) high: f64,
    /// From low to high, all within the axis.
    pub(crate) ticks: Vec<Tick>,
}

/// One tick.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tick {
    pub(crate) value: f64,
    pub(crate) label: String,
}

impl Scale {
    /// Where `value` lies: 0 at `low`, 1 at `high`. Finite for every finite value.
    pub(crate) fn position(&self, value: f64) -> f64 {
        // Halves, because the difference of two numbers can be larger than any number.
        let span = self.high / 2.0 - self.low / 2.0;
        let position = (value / 2.0 - self.low / 2.0) / span;
        if position.is_finite() { position } else { 0.5 }
    }
}

/// The smallest of 1, 2, 5, 10 times a power of ten that is not below `least`, and the exponent of
/// that power with the factor: `0.03` gives `(5, -2)`. `least` is positive and finite.
fn nice_step(least: f64) -> (i32, i32) {
    // Text conversion is exact, where logarithms and powers are off by a bit here and there.
    let text = format!("{least:e}");
    let (digits, exponent) = text.split_once('e').unwrap_or(("1", "0"));
    let exponent = exponent.parse().unwrap_or(0);
    match digits.parse().unwrap_or(1.0) {
        ..=1.0 => (1, exponent),
        ..=2.0 => (2, exponent),
        ..=5.0 => (5, exponent),
        _ => (1, exponent + 1),
    }
}

/// `count` times ten to the power of `exponent`, correctly rounded.
fn decimal(count: f64, exponent: i32) -> f64 {
    format!("{count:.0}e{exponent}").parse().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_1_2_or_5_times_a_power_of_ten() {
        for (least, step) in [
            (0.03, (5, -2)),
            (1.0, (1, 0)),
            (1.000_1, (2, 0)),
            (5.1, (1, 1)),
            (300.0, (5, 2)),
            (1e-300, (1, -300)),
            (f64::MAX, (2, 308)),
        ] {
            assert_eq!(nice_step(least), step, "{least}");
        }
    }

    #[test]
    fn a_position_is_finite_on_every_axis() {
        for (low, high) in [(0.0, 1.0), (-f64::MAX, f64::MAX), (0.0, f64::MIN_POSITIVE)] {
            let scale = Scale {
                low,
                high,
                ticks: Vec::new(),
            };
            assert_eq!(scale.position(low), 0.0);
            assert_eq!(scale.position(high), 1.0);
        }
        let scale = Scale {
            low: 0.0,
            high: 5e-324,
            ticks: Vec::new(),
        };
        assert!(scale.position(5e-324).is_finite());
    }
}
