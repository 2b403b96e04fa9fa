//! Windows that begin and end with days, weeks, months, quarters or years.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, ToSpan};

/// A window that starts anew again and again, by the calendar of a place.
#[derive(Debug, Clone, PartialEq)]
pub struct Calendar {
    /// A beginning, by the clocks of `zone`.
    pub start: DateTime,
    /// Whose clocks they are.
    pub zone: TimeZone,
    /// What a window is long.
    pub unit: CalendarUnit,
    /// How many of the unit; at least 1.
    pub count: i32,
}

/// Units of a calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CalendarUnit {
    /// From midnight to midnight.
    Day,
    /// Seven days.
    Week,
    /// As long as the month is.
    Month,
    /// Three months.
    Quarter,
    /// Twelve months.
    Year,
}

impl CalendarUnit {
    /// `count` of them.
    #[must_use]
    pub fn times(self, count: i32) -> Span {
        match self {
            Self::Day => count.days(),
            Self::Week => count.weeks(),
            Self::Month => count.months(),
            Self::Quarter => count.saturating_mul(3).months(),
            Self::Year => count.years(),
        }
    }

    /// The most seconds that one of them has, clocks put back included.
    #[must_use]
    pub const fn seconds_max(self) -> u64 {
        const HOUR: u64 = 3_600;
        const DAY: u64 = 24 * HOUR;
        HOUR + match self {
            Self::Day => DAY,
            Self::Week => 7 * DAY,
            Self::Month => 31 * DAY,
            Self::Quarter => 92 * DAY,
            Self::Year => 366 * DAY,
        }
    }
}

impl Calendar {
    /// Beginning and end of the window that `at` lies in; the end belongs to the next one. `None`
    /// when it lies before the first one, or beyond what a calendar can say.
    #[must_use]
    pub fn window_at(&self, at: Timestamp) -> Option<(Timestamp, Timestamp)> {
        let first = self.begin_of(0)?;
        if at < first {
            return None;
        }
        // The longest window that there is gives the fewest that can have passed.
        let longest = i64::try_from(self.unit.seconds_max()).ok()? * i64::from(self.count);
        let mut index = (at.as_second() - first.as_second()) / longest;
        while self.begin_of(index + 1)? <= at {
            index += 1;
        }
        Some((self.begin_of(index)?, self.begin_of(index + 1)?))
    }

    /// Counted from the first one, so that a month of 28 days does not shorten those after it.
    fn begin_of(&self, index: i64) -> Option<Timestamp> {
        let count = i32::try_from(index.checked_mul(i64::from(self.count))?).ok()?;
        let begin = self.start.checked_add(self.unit.times(count)).ok()?;
        Some(begin.to_zoned(self.zone.clone()).ok()?.timestamp())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn monthly() -> Calendar {
        Calendar {
            start: "2024-01-31T00:00".parse().unwrap(),
            zone: TimeZone::get("Europe/Berlin").unwrap(),
            unit: CalendarUnit::Month,
            count: 1,
        }
    }

    fn window(calendar: &Calendar, at: &str) -> Option<String> {
        let (begin, end) = calendar.window_at(at.parse().unwrap())?;
        Some(format!("{begin} {end}"))
    }

    #[test]
    fn months_are_as_long_as_they_are_and_clocks_are_those_of_the_place() {
        let seen = [
            "2024-02-28T22:59:59Z",
            "2024-02-28T23:00:00Z",
            "2026-11-22T12:00:00Z",
        ]
        .map(|at| window(&monthly(), at).unwrap());
        assert_eq!(
            seen,
            [
                "2024-01-30T23:00:00Z 2024-02-28T23:00:00Z",
                "2024-02-28T23:00:00Z 2024-03-30T23:00:00Z",
                "2026-10-30T23:00:00Z 2026-11-29T23:00:00Z",
            ]
        );
    }

    #[test]
    fn before_the_first_window_there_is_none() {
        assert_eq!(window(&monthly(), "2024-01-30T22:59:59Z"), None);
    }

    #[test]
    fn every_moment_lies_in_its_window() {
        for unit in [
            CalendarUnit::Day,
            CalendarUnit::Week,
            CalendarUnit::Month,
            CalendarUnit::Quarter,
            CalendarUnit::Year,
        ] {
            for count in 1..4 {
                let calendar = Calendar {
                    unit,
                    count,
                    ..monthly()
                };
                for day in 0..1_000 {
                    let second = 1_706_655_600 + day * 86_399;
                    let at = Timestamp::from_second(second).unwrap();
                    let (begin, end) = calendar.window_at(at).unwrap();
                    assert!(begin <= at && at < end, "{unit:?} {count} {at}");
                    let longest = unit.seconds_max() as i64 * i64::from(count);
                    assert!(end.as_second() - begin.as_second() <= longest);
                }
            }
        }
    }
}
