//! Numbers and times as text, without the general machinery: they are in every log line.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// Appends the lowest `count` hexadecimal digits of `number`.
pub(super) fn push_hexadecimal(out: &mut String, number: u128, count: u32) {
    for place in (0..count).rev() {
        let digit = (number >> (place * 4)) & 0xf;
        out.push(char::from(DIGITS[digit as usize]));
    }
}

/// Appends a duration in seconds with six decimal places.
pub(super) fn push_seconds(out: &mut String, duration: Duration) {
    push_decimal(out, duration.as_secs(), 1);
    out.push('.');
    push_decimal(out, u64::from(duration.subsec_micros()), 6);
}

/// Appends a whole number, with zeros before it to at least `width` digits.
pub(super) fn push_decimal(out: &mut String, mut number: u64, width: usize) {
    // The largest number has 20 digits.
    let mut text = [b'0'; 20];
    let mut start = text.len();
    while number > 0 || text.len() - start < width.min(text.len()) {
        start -= 1;
        text[start] = b'0' + (number % 10) as u8;
        number /= 10;
    }
    out.extend(text[start..].iter().map(|&digit| char::from(digit)));
}

/// Appends a moment as RFC 3339 in UTC with microseconds; one before 1970 counts as its beginning.
pub(super) fn push_timestamp(out: &mut String, at: SystemTime) {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    let (days, second) = (since.as_secs() / 86_400, since.as_secs() % 86_400);
    let (year, month, day) = civil_date(days);
    push_decimal(out, year, 4);
    for (mark, number) in [
        ('-', month),
        ('-', day),
        ('T', second / 3_600),
        (':', second / 60 % 60),
        (':', second % 60),
    ] {
        out.push(mark);
        push_decimal(out, number, 2);
    }
    out.push('.');
    push_decimal(out, u64::from(since.subsec_micros()), 6);
    out.push('Z');
}

/// Year, month and day of a day counted from 1970-01-01.
///
/// Source: Howard Hinnant, *chrono-compatible low-level date algorithms*, `civil_from_days`.
fn civil_date(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(push: impl FnOnce(&mut String)) -> String {
        let mut out = String::new();
        push(&mut out);
        out
    }

    proptest! {
        /// Up to the year 9999, as far as the other implementation goes.
        #[test]
        fn timestamps_are_as_another_implementation_writes_them(
            micros in 0_u64..253_402_207_200_000_000,
        ) {
            let at = UNIX_EPOCH + Duration::from_micros(micros);
            let expected = format!("{:.6}", jiff::Timestamp::try_from(at).unwrap());
            prop_assert_eq!(text(|out| push_timestamp(out, at)), expected);
        }

        #[test]
        fn numbers_are_as_the_standard_library_writes_them(number: u64, id: u128, width in 0_usize..12) {
            prop_assert_eq!(text(|out| push_decimal(out, number, width)), format!("{number:0width$}"));
            prop_assert_eq!(text(|out| push_hexadecimal(out, id, 32)), format!("{id:032x}"));
        }
    }

    #[test]
    fn zero_and_small_numbers_are_padded() {
        assert_eq!(text(|out| push_decimal(out, 0, 1)), "0");
        assert_eq!(
            text(|out| push_seconds(out, Duration::from_micros(1_000_070))),
            "1.000070"
        );
    }
}
