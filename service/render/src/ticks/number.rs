//! Ticks of numbers with a unit.

use super::{Scale, TICKS_MAX, Tick, decimal, nice_step};
use crate::scene::Unit;

/// More decimals than these are written with an exponent.
const DECIMALS_MAX: i32 = 9;

/// How the values of one axis are shown: divided, with a suffix. One for all ticks, so that they
/// compare at a glance.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Shown {
    divisor: f64,
    suffix: &'static str,
}

/// Prefixes from the value at which they begin to read better.
const PLAIN: [(f64, Shown); 5] = [
    (1e12, Shown { divisor: 1e12, suffix: "T" }),
    (1e9, Shown { divisor: 1e9, suffix: "G" }),
    (1e6, Shown { divisor: 1e6, suffix: "M" }),
    (1e4, Shown { divisor: 1e3, suffix: "k" }),
    (0.0, Shown { divisor: 1.0, suffix: "" }),
];
const PER_SECOND: [(f64, Shown); 5] = [
    (1e12, Shown { divisor: 1e12, suffix: "T/s" }),
    (1e9, Shown { divisor: 1e9, suffix: "G/s" }),
    (1e6, Shown { divisor: 1e6, suffix: "M/s" }),
    (1e4, Shown { divisor: 1e3, suffix: "k/s" }),
    (0.0, Shown { divisor: 1.0, suffix: "/s" }),
];
const SECONDS: [(f64, Shown); 7] = [
    (3.0 * 86_400.0, Shown { divisor: 86_400.0, suffix: " d" }),
    (3.0 * 3_600.0, Shown { divisor: 3_600.0, suffix: " h" }),
    (180.0, Shown { divisor: 60.0, suffix: " min" }),
    (1.0, Shown { divisor: 1.0, suffix: " s" }),
    (1e-3, Shown { divisor: 1e-3, suffix: " ms" }),
    (1e-6, Shown { divisor: 1e-6, suffix: " µs" }),
    (0.0, Shown { divisor: 1e-9, suffix: " ns" }),
];
const RATIO: [(f64, Shown); 1] = [(0.0, Shown { divisor: 0.01, suffix: "%" })];
const BYTES: [(f64, Shown); 6] = [
    (1_125_899_906_842_624.0, Shown { divisor: 1_125_899_906_842_624.0, suffix: " PiB" }),
    (1_099_511_627_776.0, Shown { divisor: 1_099_511_627_776.0, suffix: " TiB" }),
    (1_073_741_824.0, Shown { divisor: 1_073_741_824.0, suffix: " GiB" }),
    (1_048_576.0, Shown { divisor: 1_048_576.0, suffix: " MiB" }),
    (1_024.0, Shown { divisor: 1_024.0, suffix: " KiB" }),
    (0.0, Shown { divisor: 1.0, suffix: " B" }),
];

/// An axis that spans `low` to `high` and ends on ticks, of which there are about `count`.
///
/// Both are finite, and `low` is at most `high`; equal ends are moved apart.
pub(crate) fn number_scale(low: f64, high: f64, unit: Unit, count: usize) -> Scale {
    let (low, high) = apart(low, high);
    let shown = shown(low.abs().max(high.abs()), unit);
    let (shown_low, shown_high) = (low / shown.divisor, high / shown.divisor);
    let count = count.clamp(2, TICKS_MAX / 2);
    let least = (shown_high / 2.0 - shown_low / 2.0) / (count as f64 / 2.0);
    if !(least.is_finite() && least > 0.0) {
        return Scale { low, high, ticks: Vec::new() };
    }
    let (factor, exponent) = nice_step(least);
    let step = decimal(f64::from(factor), exponent);
    let (first, last) = ((shown_low / step).floor(), (shown_high / step).ceil());
    let value = |index: f64| decimal(index * f64::from(factor), exponent);
    let (nice_low, nice_high) = (value(first) * shown.divisor, value(last) * shown.divisor);
    // At the far ends of the numbers a step outward is no number, or no step at all.
    let is_sound = nice_low.is_finite() && nice_high.is_finite() && nice_low < nice_high;
    if !is_sound || last - first > TICKS_MAX as f64 {
        return Scale { low, high, ticks: Vec::new() };
    }
    let ticks = (0..=(last - first) as usize)
        .map(|index| value(first + index as f64))
        .map(|at| Tick {
            value: at * shown.divisor,
            label: label(at, exponent, shown.suffix),
        })
        .collect();
    Scale { low: nice_low, high: nice_high, ticks }
}

fn apart(low: f64, high: f64) -> (f64, f64) {
    if low < high {
        return (low, high);
    }
    let margin = (low.abs() / 10.0).max(0.5);
    ((low - margin).max(f64::MIN), (low + margin).min(f64::MAX))
}

fn shown(largest: f64, unit: Unit) -> Shown {
    let choices: &[(f64, Shown)] = match unit {
        Unit::None => &PLAIN,
        Unit::PerSecond => &PER_SECOND,
        Unit::Seconds => &SECONDS,
        Unit::Ratio => &RATIO,
        Unit::Bytes => &BYTES,
    };
    let chosen = choices.iter().find(|(from, _)| largest >= *from);
    chosen.map_or(Shown { divisor: 1.0, suffix: "" }, |(_, shown)| *shown)
}

fn label(value: f64, exponent: i32, suffix: &str) -> String {
    if value == 0.0 {
        // Nothing is nothing in every unit, but a part of something is a part.
        return if suffix == "%" { "0%".to_owned() } else { "0".to_owned() };
    }
    if exponent < -DECIMALS_MAX || value.abs() >= 1e7 {
        let text = format!("{value:.3e}");
        let (digits, power) = text.split_once('e').unwrap_or((&text, "0"));
        let digits = digits.trim_end_matches('0').trim_end_matches('.');
        return format!("{digits}e{power}{suffix}");
    }
    let decimals = exponent.min(0).unsigned_abs() as usize;
    format!("{value:.decimals$}{suffix}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(low: f64, high: f64, unit: Unit) -> String {
        let scale = number_scale(low, high, unit, 5);
        let labels: Vec<String> = scale.ticks.into_iter().map(|tick| tick.label).collect();
        labels.join(" | ")
    }

    #[test]
    fn labels_carry_the_unit_in_the_size_that_reads_best() {
        let all = [
            labels(0.0, 87.0, Unit::None),
            labels(0.0, 1_200_000.0, Unit::None),
            labels(-3.0, 4.0, Unit::None),
            labels(0.0, 0.000_02, Unit::None),
            labels(0.0, 0.043, Unit::Seconds),
            labels(0.0, 1.4, Unit::Seconds),
            labels(0.0, 7_200.0, Unit::Seconds),
            labels(0.997, 1.0, Unit::Ratio),
            labels(0.0, 900_000.0, Unit::Bytes),
            labels(0.0, 48_000.0, Unit::PerSecond),
            labels(0.0, 3e20, Unit::None),
        ];
        insta::assert_snapshot!(all.join("\n"), @"");
    }

    #[test]
    fn every_pair_of_numbers_gives_an_axis_that_holds_both() {
        let numbers = [
            f64::MIN, -1e300, -7.0, -1e-9, -5e-324, 0.0, 5e-324, 1e-300, 0.1, 1.0, 1.000_000_000_1,
            1e15, 1e15 + 1.0, 1e300, f64::MAX,
        ];
        let units = [Unit::None, Unit::Seconds, Unit::Ratio, Unit::Bytes, Unit::PerSecond];
        for low in numbers {
            for high in numbers.into_iter().filter(|&high| high >= low) {
                for unit in units {
                    let scale = number_scale(low, high, unit, 6);
                    assert!(scale.low < scale.high, "{low} {high}: {scale:?}");
                    assert!(scale.low <= low && scale.high >= high, "{low} {high}: {scale:?}");
                    assert!(scale.high.is_finite() && scale.low.is_finite());
                    assert!(scale.ticks.len() <= TICKS_MAX + 1);
                }
            }
        }
    }
}
