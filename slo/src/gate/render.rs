//! The report for people and for the tools of a pipeline.

mod terminal;
mod markdown;
mod junit;

pub use junit::junit;
pub use markdown::markdown;
pub use terminal::terminal;

use super::report::{Judged, PeriodJudged, Report};
use crate::text::{count, percent, shown};
use crate::window;

/// Shown where nothing is known.
const UNKNOWN: &str = "–";

/// Share of the window below which it is said that less was observed.
const OBSERVED_SHARE_MIN: f64 = 0.9;

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
        format!("release {}, ", shown(release))
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
        .map(|matcher| shown(matcher))
        .collect();
    let only = if matchers.is_empty() {
        String::new()
    } else {
        format!(", only {}", matchers.join(", "))
    };
    format!("{}{only}", shown(&report.prometheus))
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
