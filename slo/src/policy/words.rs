//! Figures as people read them.

/// What a figure is a number of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    /// 0 to 1, read as per cent.
    Share,
    /// Seconds.
    Seconds,
    /// Requests per second.
    PerSecond,
}

/// Digits that are shown, when fewer do not hide a difference.
const DIGITS_MIN: i32 = 3;

/// Digits that are shown at most.
const DIGITS_MAX: i32 = 9;

/// A figure with its unit.
pub(super) fn figure(value: f64, unit: Unit) -> String {
    with_digits(value, unit, DIGITS_MIN)
}

/// Two figures with as many digits as it takes to tell them apart.
pub(super) fn apart(one: f64, other: f64, unit: Unit) -> (String, String) {
    let mut digits = DIGITS_MIN;
    loop {
        let texts = (
            with_digits(one, unit, digits),
            with_digits(other, unit, digits),
        );
        if texts.0 != texts.1 || one == other || digits >= DIGITS_MAX {
            return texts;
        }
        digits += 1;
    }
}

fn with_digits(value: f64, unit: Unit, digits: i32) -> String {
    match unit {
        Unit::Share => format!("{} %", significant(value * 100.0, digits)),
        Unit::Seconds if value != 0.0 && value.abs() < 1.0 => {
            format!("{} ms", significant(value * 1_000.0, digits))
        }
        Unit::Seconds => format!("{} s", significant(value, digits)),
        Unit::PerSecond => format!("{} requests/s", significant(value, digits)),
    }
}

/// A number with so many significant digits, without exponent; whole numbers keep all of theirs.
fn significant(value: f64, digits: i32) -> String {
    if value == 0.0 || !value.is_finite() {
        return if value == 0.0 {
            "0".to_owned()
        } else {
            value.to_string()
        };
    }
    let magnitude = value.abs().log10().floor().clamp(-300.0, 300.0) as i32;
    let decimals = (digits - 1 - magnitude).clamp(0, 20);
    let text = format!("{value:.*}", usize::try_from(decimals).unwrap_or(0));
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_has_its_unit_and_few_digits() {
        assert_eq!(figure(0.0005, Unit::Share), "0.05 %");
        assert_eq!(figure(0.000_000_123_4, Unit::Share), "0.0000123 %");
        assert_eq!(figure(1.0, Unit::Share), "100 %");
        assert_eq!(figure(0.0, Unit::Seconds), "0 s");
        assert_eq!(figure(0.2104, Unit::Seconds), "210 ms");
        assert_eq!(figure(2.5, Unit::Seconds), "2.5 s");
        assert_eq!(figure(12_345.6, Unit::PerSecond), "12346 requests/s");
    }

    #[test]
    fn two_figures_that_differ_are_shown_apart() {
        let shown = apart(0.110_01, 0.11, Unit::Share);
        assert_eq!(shown, ("11.001 %".to_owned(), "11 %".to_owned()));
        let same = apart(0.11, 0.11, Unit::Share);
        assert_eq!(same.0, same.1);
    }
}
