//! Ticks of time, in UTC.

use super::{Scale, TICKS_MAX, Tick};

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

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

/// Times that have a date: the years 1 to 9999.
const TIME_RANGE: std::ops::Range<f64> = -62_135_596_800.0..253_402_300_800.0;

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// An axis from `low` to `high`, in Unix seconds, with at most `count` ticks on round times in UTC.
/// Outside of the years 1 to 9999, and below a second a tick, there are no ticks.
pub(crate) fn time_scale(low: f64, high: f64, count: usize) -> Scale {
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
        let (first, last) = (low.ceil() as i64, high.floor() as i64);
        scale.ticks = ticks(first, last, count.clamp(1, TICKS_MAX));
    }
    scale
}

fn ticks(first: i64, last: i64, count: usize) -> Vec<Tick> {
    let span = last - first;
    let most = count as i64;
    if let Some(step) = STEPS.into_iter().find(|step| span / step < most) {
        // Steps of several days count from 1970-01-05, a Monday, so that weeks begin on Mondays.
        let origin = if step >= DAY { 4 * DAY } else { 0 };
        let start = first + (origin - first).rem_euclid(step);
        return (start..=last)
            .step_by(step as usize)
            .map(|second| tick(second, label(second, step)))
            .collect();
    }
    let step = MONTH_STEPS
        .into_iter()
        .find(|step| span / (step * MONTH_MAX) < most);
    let step = step.unwrap_or(1_200);
    let (year, month, _) = civil(first.div_euclid(DAY));
    let start = (year * 12 + month - 1).div_euclid(step) * step;
    (0..=TICKS_MAX as i64 * 2)
        .map(|index| start + index * step)
        .map(|months| (months, month_start(months)))
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

fn label(second: i64, step: i64) -> String {
    let (_, month, day) = civil(second.div_euclid(DAY));
    let of_day = second.rem_euclid(DAY);
    if step >= DAY || (of_day == 0 && step >= MINUTE) {
        return format!("{} {day}", MONTHS[month as usize - 1]);
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
    format!("{} {year}", MONTHS[month as usize])
}

/// The first second of a month, counted from January of year 0.
fn month_start(months: i64) -> i64 {
    days(months.div_euclid(12), months.rem_euclid(12) + 1) * DAY
}

/// Year, month (1 to 12) and day (1 to 31) of a day counted from 1970-01-01, in the Gregorian
/// calendar. Source: H. Hinnant, *chrono-Compatible Low-Level Date Algorithms*.
fn civil(days: i64) -> (i64, i64, i64) {
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
    (year + era * 400 + i64::from(month <= 2), month, day)
}

/// The first day of a month, counted from 1970-01-01; the inverse of [`civil`].
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

    /// 2026-11-22 16:00:00 UTC.
    const AFTERNOON: f64 = 1_795_363_200.0;

    fn labels(span: f64, count: usize) -> String {
        let scale = time_scale(AFTERNOON, AFTERNOON + span, count);
        assert!(scale.ticks.len() <= count, "{span}: {:?}", scale.ticks);
        let labels: Vec<String> = scale.ticks.into_iter().map(|tick| tick.label).collect();
        labels.join(" | ")
    }

    #[test]
    fn ticks_stand_on_round_times() {
        let spans = [
            20.0,
            180.0,
            3_600.0,
            6.0 * 3_600.0,
            86_400.0,
            7.0 * 86_400.0,
            30.0 * 86_400.0,
            200.0 * 86_400.0,
            900.0 * 86_400.0,
            1e10,
        ];
        insta::assert_snapshot!(spans.map(|span| labels(span, 6)).join("\n"), @r"
        16:00:00 | 16:00:05 | 16:00:10 | 16:00:15 | 16:00:20
        16:00 | 16:01 | 16:02 | 16:03
        16:00 | 16:15 | 16:30 | 16:45 | 17:00
        16:00 | 18:00 | 20:00 | 22:00
        18:00 | Nov 23 | 06:00 | 12:00
        Nov 23 | Nov 25 | Nov 27 | Nov 29
        Nov 23 | Nov 30 | Dec 7 | Dec 14 | Dec 21
        Jan 2027 | Mar 2027 | May 2027
        Jan 2027 | Jul 2027 | Jan 2028 | Jul 2028 | Jan 2029
        2100 | 2200 | 2300
        ");
    }

    #[test]
    fn dates_are_those_of_the_calendar() {
        assert_eq!(civil(0), (1970, 1, 1));
        assert_eq!(civil(-1), (1969, 12, 31));
        assert_eq!(civil(11_016), (2000, 2, 29));
        assert_eq!(civil(20_779), (2026, 11, 22));
        for day in (-800_000..3_000_000).step_by(17) {
            let (year, month, of_month) = civil(day);
            assert_eq!(days(year, month) + of_month - 1, day);
        }
    }

    #[test]
    fn any_two_times_give_an_axis() {
        let times = [
            f64::MIN,
            -1e12,
            -62_135_596_800.0,
            -1.5,
            0.0,
            0.25,
            1.8e9,
            2.6e11,
            f64::MAX,
        ];
        for low in times {
            for high in times.into_iter().filter(|&high| high >= low) {
                for count in [0, 1, 2, 9, 1_000] {
                    let scale = time_scale(low, high, count);
                    assert!(scale.low < scale.high);
                    assert!(scale.ticks.len() <= TICKS_MAX + 1, "{low} {high} {count}");
                    let within = |tick: &Tick| tick.value >= low && tick.value <= high;
                    assert!(low == high || scale.ticks.iter().all(within));
                }
            }
        }
    }
}
