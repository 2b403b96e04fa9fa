//! Time windows: rolling ones and those of a calendar.

use std::time::Duration;

use jiff::civil::DateTime;
use jiff::tz::TimeZoneDatabase;

use super::document::{Fault, Place};
use super::schema::{CalendarSpec, TimeWindow};
use crate::calendar::{Calendar, CalendarUnit};
use crate::window;

/// The window of an objective.
#[derive(Debug, Clone)]
pub(super) struct Period {
    /// Its length; of a calendar window the longest that it can be.
    pub(super) longest: Duration,
    pub(super) calendar: Option<Calendar>,
}

/// Reads the one `timeWindow` of an SLO.
pub(super) fn period(place: &Place, windows: &[TimeWindow]) -> Result<Period, Fault> {
    let fault = |field: &[&str], message: String| {
        let path = [&["spec", "timeWindow"], field].concat();
        place.fault(&path, message)
    };
    let [only] = windows else {
        let message = format!("timeWindow has {} entries; expected one", windows.len());
        return Err(fault(&[], message));
    };
    match (only.is_rolling, &only.calendar) {
        (Some(true), None) => {
            let longest = rolling(&only.duration);
            let longest = longest.map_err(|message| fault(&["0", "duration"], message))?;
            Ok(Period {
                longest,
                calendar: None,
            })
        }
        (None | Some(false), Some(spec)) => {
            let (unit, count) = calendar_length(&only.duration)
                .map_err(|message| fault(&["0", "duration"], message))?;
            let calendar = calendar(spec, unit, count)
                .map_err(|(field, message)| fault(&["0", "calendar", field], message))?;
            let seconds = unit.seconds_max() * u64::from(count.unsigned_abs());
            let longest = Duration::from_secs(seconds);
            Ok(Period {
                longest,
                calendar: Some(calendar),
            })
        }
        (Some(true), Some(_)) => {
            let message =
                "a rolling window has no calendar; expected isRolling: false, or no calendar";
            Err(fault(&["0", "calendar"], message.to_owned()))
        }
        (None | Some(false), None) => {
            let message = "expected isRolling: true, or calendar with startTime and timeZone";
            Err(fault(&["0", "isRolling"], message.to_owned()))
        }
    }
}

fn rolling(duration: &str) -> Result<Duration, String> {
    match calendar_length(duration) {
        Ok((CalendarUnit::Month | CalendarUnit::Quarter | CalendarUnit::Year, _)) => Err(format!(
            "{duration:?} is as long as its months are; expected days or weeks such as 30d in a \
             rolling window"
        )),
        _ => window::parse(duration),
    }
}

/// The most of each unit that a year holds.
const UNITS: [(char, CalendarUnit, i32); 5] = [
    ('d', CalendarUnit::Day, 366),
    ('w', CalendarUnit::Week, 52),
    ('M', CalendarUnit::Month, 12),
    ('Q', CalendarUnit::Quarter, 4),
    ('Y', CalendarUnit::Year, 1),
];

fn calendar_length(duration: &str) -> Result<(CalendarUnit, i32), String> {
    let expected = || {
        format!("{duration:?} is not a length of a calendar window such as 1d, 1w, 1M, 1Q or 1Y")
    };
    let unit = UNITS
        .iter()
        .find(|(letter, ..)| duration.ends_with(*letter));
    let (letter, unit, count_max) = unit.ok_or_else(expected)?;
    let digits = duration.trim_end_matches(*letter);
    let is_number = digits.len() + 1 == duration.len()
        && !digits.is_empty()
        && digits.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number {
        return Err(expected());
    }
    // More digits than fit are more than a year too.
    let count = digits.parse().unwrap_or(i32::MAX);
    match count {
        0 => Err(expected()),
        count if count > *count_max => Err(format!("{duration:?} is longer than a year")),
        count => Ok((*unit, count)),
    }
}

fn calendar(
    spec: &CalendarSpec,
    unit: CalendarUnit,
    count: i32,
) -> Result<Calendar, (&'static str, String)> {
    let start = start_time(&spec.start_time).ok_or_else(|| {
        let message = format!(
            "startTime is {:?}; expected date and time without zone such as 2020-01-21 12:30:00",
            spec.start_time
        );
        ("startTime", message)
    })?;
    // The zones that came with the program: the same on every machine.
    let zone = TimeZoneDatabase::bundled().get(&spec.time_zone).map_err(|_| {
        let message = format!(
            "timeZone is {:?}; expected a name of the IANA database such as Europe/Berlin or UTC",
            spec.time_zone
        );
        ("timeZone", message)
    })?;
    Ok(Calendar {
        start,
        zone,
        unit,
        count,
    })
}

fn start_time(text: &str) -> Option<DateTime> {
    // The parser takes an offset and leaves it out, which would shift the window silently.
    let (date, time) = text.split_once([' ', 'T']).unwrap_or((text, "00:00:00"));
    let plain = |part: &str, mark: char| {
        part.bytes()
            .all(|byte| byte.is_ascii_digit() || byte == mark as u8)
    };
    if !plain(date, '-') || date.len() != 10 || !plain(time, ':') {
        return None;
    }
    let start: DateTime = format!("{date}T{time}").parse().ok()?;
    // Windows are counted from it, so it must not lie before the calendar.
    (1970..=2200).contains(&start.year()).then_some(start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_is_a_number_and_one_unit() {
        for (text, unit, count) in [
            ("1d", CalendarUnit::Day, 1),
            ("52w", CalendarUnit::Week, 52),
            ("12M", CalendarUnit::Month, 12),
            ("4Q", CalendarUnit::Quarter, 4),
            ("1Y", CalendarUnit::Year, 1),
        ] {
            assert_eq!(calendar_length(text), Ok((unit, count)));
        }
        for text in [
            "",
            "d",
            "0d",
            "1h",
            "1m",
            "1dd",
            "1w1d",
            "+1d",
            "1 d",
            "é",
            "2Y",
            "13M",
            "99999999999M",
        ] {
            assert!(calendar_length(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_start_has_no_zone_of_its_own() {
        for text in [
            "2020-01-21 12:30:00",
            "2020-01-21T12:30:00",
            "2020-01-21 12:30",
            "2020-01-21",
        ] {
            assert!(start_time(text).is_some(), "{text}");
        }
        for text in [
            "",
            "2020",
            "2020-01-21 12:30:00Z",
            "2020-01-21 12:30:00+02:00",
            "2020-02-30",
            "2020-01-21T12:30:00[Europe/Berlin]",
            "-2020-01-21",
            "2020-01-21 ",
            "0001-01-01",
            "2020-01-21 25:00:00",
            "9999-12-31",
            "２020-01-21",
        ] {
            assert!(start_time(text).is_none(), "{text}");
        }
    }
}
