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

impl Shown {
    /// A step that is not below `least`: 1, 2 or 5 times a power of ten, but parts of an hour or a
    /// day where values are counted in minutes or hours.
    fn step(self, least: f64) -> (i32, i32) {
        let parts: &[i32] = match self.suffix {
            " min" => &[1, 2, 5, 10, 15, 20, 30, 60],
            " h" => &[1, 2, 3, 4, 6, 12, 24],
            _ => &[],
        };
        let part = parts.iter().find(|&&part| least <= f64::from(part));
        part.filter(|_| least > 0.5)
            .map_or_else(|| nice_step(least), |&part| (part, 0))
    }
}

/// From which value on a way to show reads best.
type Choice = (f64, Shown);

const fn from(least: f64, divisor: f64, suffix: &'static str) -> Choice {
    (least, Shown { divisor, suffix })
}

const PLAIN: [Choice; 5] = [
    from(1e12, 1e12, "T"),
    from(1e9, 1e9, "G"),
    from(1e6, 1e6, "M"),
    from(1e4, 1e3, "k"),
    from(0.0, 1.0, ""),
];
const PER_SECOND: [Choice; 5] = [
    from(1e12, 1e12, "T/s"),
    from(1e9, 1e9, "G/s"),
    from(1e6, 1e6, "M/s"),
    from(1e4, 1e3, "k/s"),
    from(0.0, 1.0, "/s"),
];
const SECONDS: [Choice; 7] = [
    from(259_200.0, 86_400.0, " d"),
    from(10_800.0, 3_600.0, " h"),
    from(180.0, 60.0, " min"),
    from(1.0, 1.0, " s"),
    from(1e-3, 1e-3, " ms"),
    from(1e-6, 1e-6, " µs"),
    from(0.0, 1e-9, " ns"),
];
const RATIO: [Choice; 1] = [from(0.0, 0.01, "%")];
const BYTES: [Choice; 6] = [
    from(1_125_899_906_842_624.0, 1_125_899_906_842_624.0, " PiB"),
    from(1_099_511_627_776.0, 1_099_511_627_776.0, " TiB"),
    from(1_073_741_824.0, 1_073_741_824.0, " GiB"),
    from(1_048_576.0, 1_048_576.0, " MiB"),
    from(1_024.0, 1_024.0, " KiB"),
    from(0.0, 1.0, " B"),
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
        return Scale {
            low,
            high,
            ticks: Vec::new(),
        };
    }
    let (factor, exponent) = shown.step(least);
    let step = decimal(f64::from(factor), exponent);
    let (first, last) = ((shown_low / step).floor(), (shown_high / step).ceil());
    let value = |index: f64| decimal(index * f64::from(factor), exponent);
    let (nice_low, nice_high) = (value(first) * shown.divisor, value(last) * shown.divisor);
    // At the far ends of the numbers a step outward is no number, or no step at all.
    let is_sound = nice_low.is_finite() && nice_high.is_finite() && nice_low < nice_high;
    if !is_sound || last - first > TICKS_MAX as f64 {
        return Scale {
            low,
            high,
            ticks: Vec::new(),
        };
    }
    let ticks = (0..=(last - first) as usize)
        .map(|index| value(first + index as f64))
        .map(|at| Tick {
            value: at * shown.divisor,
            label: label(at, exponent, shown.suffix),
        })
        .collect();
    // The outer ticks hold both ends, but for those that are nothing beside the step.
    Scale {
        low: nice_low.min(low),
        high: nice_high.max(high),
        ticks,
    }
}

fn apart(low: f64, high: f64) -> (f64, f64) {
    if low < high {
        return (low, high);
    }
    let margin = (low.abs() / 10.0).max(0.5);
    ((low - margin).max(f64::MIN), (low + margin).min(f64::MAX))
}

fn shown(largest: f64, unit: Unit) -> Shown {
    let choices: &[Choice] = match unit {
        Unit::None => &PLAIN,
        Unit::PerSecond => &PER_SECOND,
        Unit::Seconds => &SECONDS,
        Unit::Ratio => &RATIO,
        Unit::Bytes => &BYTES,
    };
    let chosen = choices.iter().find(|(from, _)| largest >= *from);
    chosen.map_or(
        Shown {
            divisor: 1.0,
            suffix: "",
        },
        |(_, shown)| *shown,
    )
}

fn label(value: f64, exponent: i32, suffix: &str) -> String {
    if value == 0.0 {
        // Nothing is nothing in every unit, but a part of something is a part.
        return if suffix == "%" {
            "0%".to_owned()
        } else {
            "0".to_owned()
        };
    }
    if exponent < -DECIMALS_MAX || value.abs() >= 1e7 {
        // As many digits as the step has, or ticks that are close beside their value would be alike.
        let power = format!("{value:e}");
        let power = power.split_once('e').and_then(|(_, it)| it.parse().ok());
        let decimals = power.map_or(3, |power: i32| power.saturating_sub(exponent).clamp(3, 16));
        let text = format!("{value:.*e}", decimals as usize);
        let (digits, power) = text.split_once('e').unwrap_or((&text, "0"));
        let digits = digits.trim_end_matches('0').trim_end_matches('.');
        return format!("{digits}e{power}{suffix}");
    }
    let decimals = exponent.min(0).unsigned_abs() as usize;
    format!("{value:.decimals$}{suffix}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

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
        insta::assert_snapshot!(all.join("\n"), @r"
        0 | 20 | 40 | 60 | 80 | 100
        0 | 0.5M | 1.0M | 1.5M
        -4 | -2 | 0 | 2 | 4
        0 | 0.000005 | 0.000010 | 0.000015 | 0.000020
        0 | 10 ms | 20 ms | 30 ms | 40 ms | 50 ms
        0 | 0.5 s | 1.0 s | 1.5 s
        0 | 30 min | 60 min | 90 min | 120 min
        99.7% | 99.8% | 99.9% | 100.0%
        0 | 200 KiB | 400 KiB | 600 KiB | 800 KiB | 1000 KiB
        0 | 10k/s | 20k/s | 30k/s | 40k/s | 50k/s
        0 | 1e8T | 2e8T | 3e8T
        ");
    }

    #[test]
    fn durations_are_said_from_nanoseconds_to_days() {
        let day = 86_400.0;
        let all = [4e-8, 4e-5, 4e-2, 4.0, 400.0, 4e4, 5.0 * day, 4e7]
            .map(|high| labels(0.0, high, Unit::Seconds));
        insta::assert_snapshot!(all.join("\n"), @r"
        0 | 10 ns | 20 ns | 30 ns | 40 ns
        0 | 10 µs | 20 µs | 30 µs | 40 µs | 50 µs
        0 | 10 ms | 20 ms | 30 ms | 40 ms
        0 | 1 s | 2 s | 3 s | 4 s
        0 | 2 min | 4 min | 6 min | 8 min
        0 | 3 h | 6 h | 9 h | 12 h
        0 | 1 d | 2 d | 3 d | 4 d | 5 d
        0 | 100 d | 200 d | 300 d | 400 d | 500 d
        ");
    }

    #[test]
    fn ticks_far_from_zero_and_close_together_are_told_apart() {
        let low = -567_173_469_554.482_5;
        let high = low + 567.173_469_554_482_5;
        assert_eq!(
            labels(low, high, Unit::Ratio),
            "-5.671734696e13% | -5.671734694e13% | -5.671734692e13% | -5.67173469e13% | -5.671734688e13%"
        );
    }

    proptest! {
        #[test]
        fn ticks_are_ordered_even_few_and_told_apart(
            low in -1e12..1e12_f64, span in 1e-6..1e12_f64, count in 2..=12_usize, unit in 0..5_usize,
        ) {
            let unit = [Unit::None, Unit::Seconds, Unit::Ratio, Unit::Bytes, Unit::PerSecond][unit];
            // What a number cannot tell apart, its ticks cannot either.
            let high = low + span.max(low.abs() * 1e-9);
            let scale = number_scale(low, high, unit, count);
            let ticks = &scale.ticks;
            prop_assert!((2..=count + 3).contains(&ticks.len()), "{scale:?}");
            prop_assert!(ticks.is_sorted_by(|a, b| a.value < b.value), "{scale:?}");
            let step = ticks[1].value - ticks[0].value;
            let is_even = |pair: &[Tick]| (pair[1].value - pair[0].value - step).abs() < step * 1e-3;
            prop_assert!(ticks.windows(2).all(is_even), "{scale:?}");
            prop_assert!(ticks.windows(2).all(|pair| pair[0].label != pair[1].label), "{scale:?}");
            prop_assert!(scale.position(low) >= 0.0 && scale.position(high) <= 1.0);
        }
    }

    #[test]
    fn every_pair_of_numbers_gives_an_axis_that_holds_both() {
        let numbers = [
            f64::MIN,
            -1e300,
            -7.0,
            -1e-9,
            -5e-324,
            0.0,
            5e-324,
            1e-300,
            0.1,
            1.0,
            1.000_000_000_1,
            1e15,
            1e15 + 1.0,
            1e300,
            f64::MAX,
        ];
        let units = [
            Unit::None,
            Unit::Seconds,
            Unit::Ratio,
            Unit::Bytes,
            Unit::PerSecond,
        ];
        for low in numbers {
            for high in numbers.into_iter().filter(|&high| high >= low) {
                for unit in units {
                    let scale = number_scale(low, high, unit, 6);
                    assert!(scale.low < scale.high, "{low} {high}: {scale:?}");
                    assert!(
                        scale.low <= low && scale.high >= high,
                        "{low} {high}: {scale:?}"
                    );
                    assert!(scale.high.is_finite() && scale.low.is_finite());
                    assert!(scale.ticks.len() <= TICKS_MAX + 1);
                }
            }
        }
    }
}
