//! Lengths of time as Prometheus writes them.

use std::time::Duration;

/// The units, largest first, in milliseconds.
const UNITS: [(&str, u64); 7] = [
    ("y", 31_536_000_000),
    ("w", 604_800_000),
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

/// The longest window that anything here takes: one year.
pub const WINDOW_MAX: Duration = Duration::from_secs(366 * 86_400);

/// Reads a length of time such as `1h`, `90s`, `1h30m` or `4w`, longer than 0 and at most
/// [`WINDOW_MAX`].
///
/// # Errors
/// A phrase that says what was expected.
pub fn parse(text: &str) -> Result<Duration, String> {
    let expected = || format!("{text:?} is not a length of time such as 1h, 90s or 7d");
    let mut rest = text;
    let mut millis: u64 = 0;
    let mut units = UNITS.as_slice();
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let number: u64 = rest[..digits].parse().map_err(|_| expected())?;
        rest = &rest[digits..];
        let letters = rest.len()
            - rest
                .trim_start_matches(|c: char| c.is_ascii_lowercase())
                .len();
        let place = units.iter().position(|(name, _)| *name == &rest[..letters]);
        let (_, unit) = units[place.ok_or_else(expected)?];
        // A unit comes once, and smaller ones after larger ones.
        units = &units[place.unwrap_or(0) + 1..];
        rest = &rest[letters..];
        let part = number.checked_mul(unit).ok_or_else(expected)?;
        millis = millis.checked_add(part).ok_or_else(expected)?;
    }
    let window = Duration::from_millis(millis);
    if window.is_zero() {
        return Err(expected());
    }
    if window > WINDOW_MAX {
        return Err(format!("{text:?} is longer than a year"));
    }
    Ok(window)
}

/// Writes a length of time in its largest exact unit from days down: `7d`, `25h`, `90s`.
#[must_use]
pub fn text(window: Duration) -> String {
    let millis = window.as_millis();
    let exact = UNITS[2..]
        .iter()
        .find(|(_, unit)| millis >= u128::from(*unit) && millis.is_multiple_of(u128::from(*unit)));
    match exact {
        Some((name, unit)) => format!("{}{name}", millis / u128::from(*unit)),
        None => format!("{millis}ms"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_written_in_its_largest_exact_unit() {
        let texts = [
            "500ms", "1s", "90s", "120s", "60m", "25h", "1w", "4w", "1h30m", "1d1h",
        ]
        .map(|written| text(parse(written).unwrap()));
        assert_eq!(
            texts,
            [
                "500ms", "1s", "90s", "2m", "1h", "25h", "7d", "28d", "90m", "25h"
            ]
        );
    }

    #[test]
    fn anything_else_is_refused() {
        for written in [
            "",
            "0s",
            "5",
            "h",
            "1.5h",
            "-1h",
            "1h1h",
            "1m1h",
            "1M",
            "1Q",
            "1 h",
            "é",
            "1é",
            "99999999999999999999s",
            "18446744073709551615y",
            "2y",
            "1mm",
        ] {
            assert!(parse(written).is_err(), "{written:?}");
        }
    }
}
