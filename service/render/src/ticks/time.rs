//! Ticks of time, on the round times of a zone.

mod calendar;

use jiff::Timestamp;
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};

use super::{Scale, TICKS_MAX, Tick};
use crate::scene::Zone;
use calendar::{DAY, Date, HOUR, MINUTE, date, month_start};

/// Steps below a month, in seconds.
const STEPS: [i64; 23] = [
    1,
    2,
    5,
    10,
    15,
    30,
    MINUTE,
    2 * MINUTE,
    5 * MINUTE,
    10 * MINUTE,
    15 * MINUTE,
    30 * MINUTE,
    HOUR,
    2 * HOUR,
    3 * HOUR,
    6 * HOUR,
    12 * HOUR,
    DAY,
    2 * DAY,
    3 * DAY,
    5 * DAY,
    7 * DAY,
    14 * DAY,
];

/// Steps of a month or more, in months.
const MONTH_STEPS: [i64; 11] = [1, 2, 3, 6, 12, 24, 60, 120, 240, 600, 1_200];

/// Longest month, in seconds.
const MONTH_MAX: i64 = 31 * DAY;

/// Times that have a date in every zone: the years 1 to 9999 without a few days at their ends.
const TIME_RANGE: std::ops::Range<f64> = -62_135_337_600.0..253_402_041_600.0;

/// Changes of the clock that one axis looks at; the year has at most a few.
const CHANGES_MAX: usize = 64;

/// Local times that are tried for one axis. A change of the clock by an hour in a picture of
/// seconds tries an hour's worth of them.
const CANDIDATES_MAX: usize = 20_000;

/// An axis from `low` to `high`, in Unix seconds, with at most `count` ticks on round times in
/// `zone`. Outside of the years 1 to 9999, and below a second a tick, there are no ticks.
pub(crate) fn time_scale(low: f64, high: f64, count: usize, zone: &Zone) -> Scale {
    let (low, high) = if low < high {
        (low, high)
    } else {
        // One moment alone stands in the middle of a minute.
        let margin = 30.0_f64.max(low.abs() * 1e-9);
        ((low - margin).max(f64::MIN), (low + margin).min(f64::MAX))
    };
    let mut scale = Scale {
        low,
        high,
        ticks: Vec::new(),
    };
    if TIME_RANGE.contains(&low) && TIME_RANGE.contains(&high) {
        let range = (low.ceil() as i64, high.floor() as i64);
        scale.ticks = ticks(range, count.clamp(1, TICKS_MAX), zone);
    }
    scale
}

/// How far the clocks of a zone are ahead of UTC at both ends of a range, such as `UTC+1`, or
/// `UTC+1/+2` if they change in it.
pub(crate) fn offset_label((low, high): (f64, f64), zone: &Zone) -> String {
    if !(TIME_RANGE.contains(&low) && TIME_RANGE.contains(&high)) {
        return "UTC".to_owned();
    }
    let ends = [low, high].map(|end| zone.ahead_seconds(end as i64));
    match ends {
        [0, 0] => "UTC".to_owned(),
        [first, last] if first == last => format!("UTC{}", signed(first)),
        [first, last] => format!("UTC{}/{}", signed(first), signed(last)),
    }
}

/// A moment in words, as exact as a range of `span` seconds needs: `19:40`, or `Nov 22 19:40`.
pub(crate) fn moment_label(at: f64, span: f64, zone: &Zone) -> String {
    if !TIME_RANGE.contains(&at) {
        return format!("{at:e}");
    }
    let second = at.floor() as i64;
    let local = second + zone.ahead_seconds(second);
    let time = label(local, if span < 600.0 { 1 } else { HOUR }, true);
    if span <= DAY as f64 {
        return time;
    }
    let Date { year, month, day } = date(local.div_euclid(DAY));
    if span <= 200.0 * DAY as f64 {
        format!("{} {day} {time}", calendar::MONTHS[month as usize - 1])
    } else {
        format!("{year}-{month:02}-{day:02}")
    }
}

/// Hours and minutes with a sign: `+1`, `-3:30`, `+0`.
fn signed(seconds: i64) -> String {
    let sign = if seconds < 0 { '-' } else { '+' };
    let (hours, minutes) = (seconds.abs() / HOUR, seconds.abs() / MINUTE % 60);
    if minutes == 0 {
        format!("{sign}{hours}")
    } else {
        format!("{sign}{hours}:{minutes:02}")
    }
}

fn ticks((first, last): (i64, i64), count: usize, zone: &Zone) -> Vec<Tick> {
    if first > last {
        return Vec::new();
    }
    let span = last - first;
    let fits = |step: i64| span / step < count as i64;
    let fine = STEPS.into_iter().filter(|&step| fits(step));
    let fine = fine.map(|step| step_ticks((first, last), step, zone.rules()));
    let coarse = MONTH_STEPS.into_iter();
    let coarse = coarse.filter(|step| fits(step * MONTH_MAX));
    let coarse = coarse.map(|step| month_ticks((first, last), step, zone.rules()));
    // A change of the clock can add one to what the length of the range allows.
    fine.chain(coarse)
        .find(|ticks| ticks.len() <= count)
        .unwrap_or_default()
}

/// Ticks where the clocks of the zone show a multiple of `step` seconds.
fn step_ticks((first, last): (i64, i64), step: i64, zone: &TimeZone) -> Vec<Tick> {
    // Steps of several days count from 1970-01-05, a Monday, so that weeks begin on Mondays.
    let origin = if step >= DAY { 4 * DAY } else { 0 };
    let (low, high) = local_range((first, last), zone);
    let start = low + (origin - low).rem_euclid(step);
    let mut moments: Vec<(i64, i64)> = (start..=high)
        .step_by(step as usize)
        .take(CANDIDATES_MAX)
        .flat_map(|local| moments(local, local % DAY != 0, zone).map(move |at| Some((at?, local))))
        .flatten()
        .filter(|(at, _)| (first..=last).contains(at))
        .collect();
    moments.sort_unstable();
    moments.dedup_by_key(|(at, _)| *at);
    let mut ticks: Vec<Tick> = moments
        .iter()
        .map(|&(at, local)| tick(at, label(local, step, false)))
        .collect();
    tell_apart(&mut ticks, zone);
    ticks
}

/// An hour that the clocks show twice is told apart by the name that each half goes by.
fn tell_apart(ticks: &mut [Tick], zone: &TimeZone) {
    let is_double = |tick: &Tick, other: &Tick| {
        tick.label == other.label && (tick.value - other.value).abs() < DAY as f64 / 2.0
    };
    let doubles: Vec<bool> = ticks
        .iter()
        .map(|tick| ticks.iter().filter(|other| is_double(tick, other)).count() > 1)
        .collect();
    for (tick, _) in ticks.iter_mut().zip(doubles).filter(|(_, double)| *double) {
        if let Ok(at) = Timestamp::from_second(tick.value as i64) {
            let info = zone.to_offset_info(at);
            tick.label = format!("{} {}", tick.label, info.abbreviation());
        }
    }
}

/// The moments at which the clocks show `local`: one, two when they are put back over it, none when
/// they are put forward over it. A day begins in any case, once, at the first moment that is its.
fn moments(local: i64, is_time: bool, zone: &TimeZone) -> [Option<i64>; 2] {
    let Some(shown) = civil(local) else {
        return [None, None];
    };
    let moment = |offset: Offset| Some(local - i64::from(offset.seconds()));
    match zone.to_ambiguous_timestamp(shown).offset() {
        AmbiguousOffset::Unambiguous { offset } => [moment(offset), None],
        AmbiguousOffset::Fold { before, after } if is_time => [moment(before), moment(after)],
        AmbiguousOffset::Fold { before, .. } => [moment(before), None],
        AmbiguousOffset::Gap { .. } if is_time => [None, None],
        AmbiguousOffset::Gap { before, .. } => [moment(before), None],
    }
}

fn civil(local: i64) -> Option<jiff::civil::DateTime> {
    let at = Timestamp::from_second(local).ok()?;
    Some(Offset::UTC.to_datetime(at))
}

/// The least and the greatest that the clocks show in a range.
fn local_range((first, last): (i64, i64), zone: &TimeZone) -> (i64, i64) {
    let ahead = |second: i64| {
        let at = Timestamp::from_second(second);
        at.map_or(0, |at| i64::from(zone.to_offset(at).seconds()))
    };
    let (mut least, mut most) = (ahead(first).min(ahead(last)), ahead(first).max(ahead(last)));
    if let Ok(from) = Timestamp::from_second(first) {
        let changes = zone.following(from).take(CHANGES_MAX);
        for change in changes.take_while(|change| change.timestamp().as_second() <= last) {
            let ahead = i64::from(change.offset().seconds());
            (least, most) = (least.min(ahead), most.max(ahead));
        }
    }
    (first + least, last + most)
}

/// Ticks on the first of every `step`th month, counted from January of year 0.
fn month_ticks((first, last): (i64, i64), step: i64, zone: &TimeZone) -> Vec<Tick> {
    let (low, _) = local_range((first, first), zone);
    let Date { year, month, .. } = date(low.div_euclid(DAY));
    let start = (year * 12 + month - 1).div_euclid(step) * step;
    (0..=TICKS_MAX as i64 * 2)
        .map(|index| start + index * step)
        .filter_map(|months| Some((months, moments(month_start(months), false, zone)[0]?)))
        .filter(|(_, second)| (first..=last).contains(second))
        .map(|(months, second)| tick(second, month_label(months, step)))
        .collect()
}

fn tick(second: i64, label: String) -> Tick {
    Tick {
        value: second as f64,
        label,
    }
}

/// What is written at a local time on an axis with this step.
fn label(local: i64, step: i64, is_midnight_a_time: bool) -> String {
    let Date { month, day, .. } = date(local.div_euclid(DAY));
    let of_day = local.rem_euclid(DAY);
    if step >= DAY || (of_day == 0 && step >= MINUTE && !is_midnight_a_time) {
        return format!("{} {day}", calendar::MONTHS[month as usize - 1]);
    }
    let (hour, minute) = (of_day / HOUR, of_day / MINUTE % 60);
    if step >= MINUTE {
        return format!("{hour:02}:{minute:02}");
    }
    format!("{hour:02}:{minute:02}:{:02}", of_day % 60)
}

fn month_label(months: i64, step: i64) -> String {
    let (year, month) = (months.div_euclid(12), months.rem_euclid(12));
    if step % 12 == 0 {
        return format!("{year}");
    }
    format!("{} {year}", calendar::MONTHS[month as usize])
}

#[cfg(test)]
mod tests;
