//! Numbers and times as text, without the general machinery: they are in every log line.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Appends the lowest `count` hexadecimal digits of `number`; at most 32, in steps of 8.
pub(super) fn push_hexadecimal(out: &mut String, number: u128, count: u32) {
    let mut text = [0; 32];
    for (place, digits) in text.chunks_exact_mut(8).enumerate() {
        // Four parts of 32 bits, the highest first.
        let part = (number >> (96 - 32 * place)) as u32;
        digits.copy_from_slice(&hexadecimal(part));
    }
    let start = text.len().saturating_sub(count as usize);
    // Digits are ASCII.
    out.push_str(std::str::from_utf8(&text[start..]).unwrap_or_default());
}

/// The eight digits of a number, all at a time: each byte of the word becomes one of them.
fn hexadecimal(number: u32) -> [u8; 8] {
    let mut word = u64::from(number);
    word = (word | (word << 16)) & 0x0000_ffff_0000_ffff;
    word = (word | (word << 8)) & 0x00ff_00ff_00ff_00ff;
    word = (word | (word << 4)) & 0x0f0f_0f0f_0f0f_0f0f;
    // 1 in each byte that holds more than 9: letters begin 39 after the digits.
    let letters = ((word + 0x0606_0606_0606_0606) >> 4) & 0x0101_0101_0101_0101;
    (word + 0x3030_3030_3030_3030 + letters * 39).to_be_bytes()
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
    // Digits are ASCII.
    out.push_str(std::str::from_utf8(&text[start..]).unwrap_or_default());
}

/// Appends a moment as RFC 3339 in UTC with microseconds; one before 1970 counts as its beginning.
pub(super) fn push_timestamp(out: &mut String, at: SystemTime) {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    push_second(out, since.as_secs());
    push_fraction(out, since);
    out.push('Z');
}

/// Appends the part of a timestamp down to the second.
pub(super) fn push_second(out: &mut String, since: u64) {
    let (days, second) = (since / 86_400, since % 86_400);
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
}

/// Appends the part of a timestamp after the second, in microseconds.
pub(super) fn push_fraction(out: &mut String, since: Duration) {
    out.push('.');
    push_decimal(out, u64::from(since.subsec_micros()), 6);
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
            let half = id as u64;
            prop_assert_eq!(text(|out| push_hexadecimal(out, id, 16)), format!("{half:016x}"));
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
