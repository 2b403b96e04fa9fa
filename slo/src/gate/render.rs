//! The report for people and for the tools of a pipeline.

mod answer;
mod section;
mod terminal;
mod markdown;
mod junit;
mod pictures;
mod html;

use jiff::Timestamp;

pub use html::html;
pub use junit::junit;
pub use markdown::markdown;
pub use terminal::{Style, terminal};

use super::report::{Judged, PeriodJudged, Report, Verdict};
use crate::text::{count, percent};
use crate::window;

/// Shown where nothing is known.
const UNKNOWN: &str = "–";

/// Share of the window below which it is said that less was observed.
const OBSERVED_SHARE_MIN: f64 = 0.9;

/// The longest sentence that is shown, in characters. Pieces of it that are foreign are cut before.
const SENTENCE_CHARACTERS_MAX: usize = 1_000;

/// Of more objectives than this, those that pass are counted instead of listed.
const LISTED_MAX: usize = 40;

/// `text` in one line of bounded length, without control characters and without those that turn
/// the direction of writing: a name cannot make a verdict look like another.
fn plain(text: &str) -> String {
    let visible = |character: char| match character {
        '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' => ' ',
        '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}' => ' ',
        control if control.is_control() => ' ',
        other => other,
    };
    let line: String = text
        .chars()
        .take(SENTENCE_CHARACTERS_MAX + 1)
        .map(visible)
        .collect();
    let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= SENTENCE_CHARACTERS_MAX {
        return line;
    }
    let cut: String = line.chars().take(SENTENCE_CHARACTERS_MAX).collect();
    cut + "…"
}

/// A verdict as a sign that needs no colour.
const fn sign(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "✓",
        Verdict::Warn => "!",
        Verdict::Inconclusive => "?",
        Verdict::Fail => "✗",
    }
}

/// A share as it is said of what is seen in a picture: two digits are enough.
fn about(share: f64) -> String {
    let digits = if share.abs() < 0.1 { 1e4 } else { 1e2 };
    percent(match (share * digits).round() / digits {
        0.0 => share,
        rounded => rounded,
    })
}

/// Time of day in UTC, such as `14:05 UTC`.
fn clock(at: f64) -> String {
    let known = at.is_finite() && at.abs() < 1e11;
    let time = known
        .then(|| Timestamp::from_second(at as i64).ok())
        .flatten();
    time.map_or("an unknown time".to_owned(), |time| {
        time.strftime("%H:%M UTC").to_string()
    })
}

/// Objectives that are listed, the worst first, and how many passing ones are only counted.
fn listed(report: &Report) -> (Vec<(usize, &Judged)>, usize) {
    let mut ordered = answer::worst_first(report);
    if ordered.len() <= LISTED_MAX {
        return (ordered, 0);
    }
    let all = ordered.len();
    ordered.retain(|(_, judged)| judged.verdict != Verdict::Pass);
    let passing = all - ordered.len();
    (ordered, passing)
}

fn share(share: Option<f64>) -> String {
    share.map_or(UNKNOWN.to_owned(), percent)
}

/// A count in at most nine columns.
fn events(number: Option<f64>) -> String {
    match number {
        None => UNKNOWN.to_owned(),
        Some(number) if number >= 1e12 => format!("{number:.1e}"),
        Some(number) if number >= 1e9 => format!("{:.1} G", number / 1e9),
        Some(number) if number >= 1e7 => format!("{:.1} M", number / 1e6),
        Some(number) => count(number),
    }
}

/// A budget in whole per cent; one that is overspent many times has no figure worth reading.
fn budget(left: Option<f64>) -> String {
    match left {
        None => UNKNOWN.to_owned(),
        Some(left) if left < -9.99 => "< -999 %".to_owned(),
        // A remainder is never rounded up to untouched, nor down to spent.
        Some(left) if left > 0.0 => format!(
            "{} %",
            (left * 100.0)
                .floor()
                .max(if left < 0.01 { 0.0 } else { 1.0 })
        ),
        Some(left) => format!("{} %", (left * 100.0).floor()),
    }
}

/// What was judged, in one line.
fn title(report: &Report) -> String {
    let release = report.release.as_deref().map_or(String::new(), |release| {
        format!("release {}, ", plain(release))
    });
    let at = report
        .at
        .map_or("an unknown time".to_owned(), |at| format!("{at:.0}"));
    format!("{release}{} until {at}", report.window)
}

/// Where it was asked, and with which restriction.
fn source(report: &Report) -> String {
    let matchers: Vec<String> = report
        .matchers
        .iter()
        .map(|matcher| plain(matcher))
        .collect();
    let only = if matchers.is_empty() {
        String::new()
    } else {
        format!(", only {}", matchers.join(", "))
    };
    format!("{}{only}", plain(&report.prometheus))
}

/// What else is worth saying of an objective, in sentences.
fn notes(judged: &Judged, report: &Report) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(period) = &judged.period {
        notes.push(period_note(period));
    }
    if judged.has_up == Some(false) {
        notes.push("no `up` beside its series: gaps in the window go unseen".to_owned());
    }
    let window = window::parse(&report.window).ok();
    if let (Some(observed), Some(window)) = (judged.observed_seconds, window)
        && observed < window.as_secs_f64() * OBSERVED_SHARE_MIN
    {
        let observed = std::time::Duration::from_secs(observed.round() as u64);
        notes.push(format!(
            "scraped for {} of {}",
            window::text(observed),
            report.window
        ));
    }
    notes
}

fn period_note(period: &PeriodJudged) -> String {
    let PeriodJudged {
        window,
        is_complete,
        attainment,
        budget_left,
        ..
    } = period;
    let history = if *is_complete {
        ""
    } else {
        ", with a history that is shorter"
    };
    let (good, left) = (share(*attainment), budget(*budget_left));
    format!("over {window}{history}: {good} good, {left} of the budget left")
}

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(super) use tests::{sample_faults, sample_releases, sample_report};
