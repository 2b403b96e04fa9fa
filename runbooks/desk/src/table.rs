//! Alerts for a person: one line each, at most 80 columns, no colour.

use std::fmt::Write as _;

use jiff::Timestamp;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::record::AlertRecord;

/// The list as text, newest first as it is given; durations of firing alerts end at `now`.
pub(crate) fn of(alerts: &[AlertRecord], now: Timestamp) -> String {
    if alerts.is_empty() {
        return "no alerts\n".to_owned();
    }
    let mut text = line("STATE", "ALERT", "SEVERITY", "STARTED (UTC)", "LASTED");
    for alert in alerts {
        let end = alert.resolved_at.unwrap_or(now);
        text.push_str(&line(
            alert.status.as_str(),
            if alert.name().is_empty() {
                "(no name)"
            } else {
                alert.name()
            },
            alert.label("severity"),
            &alert.starts_at.strftime("%Y-%m-%d %H:%M:%S").to_string(),
            &lasted(alert.starts_at, end),
        ));
    }
    text
}

fn line(state: &str, alert: &str, severity: &str, started: &str, lasted: &str) -> String {
    let cells = [(state, 8), (alert, 31), (severity, 8), (started, 19)];
    let mut line = String::new();
    for (text, width) in cells {
        line.push_str(&fitted(text, width));
        line.push(' ');
    }
    // Writing to a string cannot fail.
    let _ = writeln!(line, "{lasted:>8}");
    line
}

/// The text in exactly `width` columns. Labels come from outside: what would move the cursor is
/// replaced.
fn fitted(text: &str, width: usize) -> String {
    let shown = |letter: char| if letter.is_control() { '?' } else { letter };
    let clean: String = text.chars().map(shown).collect();
    let mut fitted = String::new();
    let mut used = 0;
    let whole = clean.width();
    let room = if whole > width { width - 1 } else { width };
    for letter in clean.chars() {
        let wide = letter.width().unwrap_or(0);
        if used + wide > room {
            break;
        }
        used += wide;
        fitted.push(letter);
    }
    if whole > width {
        fitted.push('…');
        used += 1;
    }
    fitted.extend(std::iter::repeat_n(' ', width - used));
    fitted
}

/// The time between, in its two greatest units.
fn lasted(start: Timestamp, end: Timestamp) -> String {
    let seconds = end.duration_since(start).as_secs().max(0);
    let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400);
    match (days, hours, minutes) {
        (10_000.., ..) => "ages".to_owned(),
        (1.., ..) => format!("{days}d {:02}h", hours % 24),
        (_, 1.., _) => format!("{hours}h {:02}m", minutes % 60),
        (_, _, 1..) => format!("{minutes}m {:02}s", seconds % 60),
        _ => format!("{seconds}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Alert, Status};
    use std::collections::BTreeMap;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_767_323_045 + seconds).unwrap()
    }

    fn record(name: &str, severity: &str, start: i64, end: Option<i64>) -> AlertRecord {
        let label = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let alert = Alert {
            fingerprint: "a1".to_owned(),
            starts_at: at(start),
            ends_at: end.map(at),
            status: if end.is_some() {
                Status::Resolved
            } else {
                Status::Firing
            },
            labels: BTreeMap::from([label("alertname", name), label("severity", severity)]),
            annotations: BTreeMap::new(),
            generator_url: String::new(),
        };
        AlertRecord::merge(None, &alert, at(1_000_000))
    }

    #[test]
    fn every_line_fits_a_terminal() {
        let alerts = [
            record("AvailabilityBurnsFast", "critical", 999_940, None),
            record("LatencyHigh", "warning", 0, Some(7_384)),
            record(
                "渲染服务的可用性预算消耗得太快了请立即处理谢谢",
                "critical",
                -90_000,
                Some(0),
            ),
            record(&"long".repeat(20), "\u{1b}[31mred\n", 0, Some(5)),
            record("", "", -9_000_000_000, None),
        ];
        let text = of(&alerts, at(1_000_000));
        insta::assert_snapshot!(text, @r"
        STATE    ALERT                           SEVERITY STARTED (UTC)         LASTED
        firing   AvailabilityBurnsFast           critical 2026-01-13 16:49:45   1m 00s
        resolved LatencyHigh                     warning  2026-01-02 03:04:05   2h 03m
        resolved 渲染服务的可用性预算消耗得太快… critical 2026-01-01 02:04:05   1d 01h
        resolved longlonglonglonglonglonglonglo… ?[31mre… 2026-01-02 03:04:05       5s
        firing   (no name)                                1740-10-21 11:04:05     ages
        ");
        assert!(text.lines().all(|line| line.width() <= 80));
        assert!(!text.contains('\u{1b}'));
    }

    #[test]
    fn no_alerts_are_said() {
        assert_eq!(of(&[], at(0)), "no alerts\n");
    }
}
