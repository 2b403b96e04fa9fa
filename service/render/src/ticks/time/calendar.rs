//! Days and months of the Gregorian calendar, as numbers.

pub(super) const MINUTE: i64 = 60;
pub(super) const HOUR: i64 = 60 * MINUTE;
pub(super) const DAY: i64 = 24 * HOUR;

pub(super) const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// A day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Date {
    pub(super) year: i64,
    /// 1 to 12.
    pub(super) month: i64,
    /// 1 to 31.
    pub(super) day: i64,
}

/// The first second of a month, counted from January of year 0, on a clock without a zone.
pub(super) fn month_start(months: i64) -> i64 {
    days(months.div_euclid(12), months.rem_euclid(12) + 1) * DAY
}

/// A day counted from 1970-01-01. Source: H. Hinnant, *chrono-Compatible Low-Level Date
/// Algorithms*.
pub(super) fn date(days: i64) -> Date {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = year + era * 400 + i64::from(month <= 2);
    Date { year, month, day }
}

/// The first day of a month, counted from 1970-01-01; the inverse of [`date`].
fn days(year: i64, month: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let shifted = if month > 2 { month - 3 } else { month + 9 };
    let of_year = (153 * shifted + 2) / 5;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        let of = |days| {
            let Date { year, month, day } = date(days);
            (year, month, day)
        };
        assert_eq!(of(0), (1970, 1, 1));
        assert_eq!(of(-1), (1969, 12, 31));
        assert_eq!(of(11_016), (2000, 2, 29));
        assert_eq!(of(20_779), (2026, 11, 22));
        for day in (-800_000..3_000_000).step_by(17) {
            let (year, month, of_month) = of(day);
            assert_eq!(days(year, month) + of_month - 1, day);
        }
    }
}
