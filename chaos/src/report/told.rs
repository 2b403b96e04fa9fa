//! What a report says, in tables that every form shows alike.

use outcome::Outcome;

use crate::journal::{Activity, Detection, Journal, UserRecord};
use crate::show::{figure, one_line};
use crate::timeline::{expected, seal};

/// Rows of one table; the rest is counted.
const ROWS_MAX: usize = 200;

/// Shown where nothing is known.
const UNKNOWN: &str = "–";

/// Rows under titles.
#[derive(Debug, PartialEq)]
pub(super) struct Part {
    pub(super) title: &'static str,
    pub(super) columns: &'static [&'static str],
    /// One cell for each column.
    pub(super) rows: Vec<Vec<String>>,
    /// Rows that are left out.
    pub(super) hidden: usize,
}

/// How it ended, as a sign and a word.
pub(super) fn word(journal: &Journal) -> String {
    format!(
        "{} {}",
        seal(journal.outcome()).0,
        one_line(&journal.outcome)
    )
}

/// How it ended, in one word for a style.
pub(super) fn class(journal: &Journal) -> &'static str {
    match journal.outcome() {
        Outcome::Held => "held",
        Outcome::Missed => "missed",
        Outcome::Inconclusive => "inconclusive",
        _ => "other",
    }
}

/// What it means, in one sentence.
pub(super) fn sentence(journal: &Journal) -> String {
    let detail = one_line(&journal.detail);
    match journal.outcome() {
        Outcome::Held => "Every fault was felt and borne, and all is well again.".to_owned(),
        Outcome::Inconclusive => format!("It proved nothing: {detail}."),
        Outcome::Interrupted => format!("A person stopped it: {detail}."),
        _ => format!("{detail}."),
    }
    .replace("..", ".")
}

/// The times that count, in words.
pub(super) fn times(journal: &Journal) -> Vec<String> {
    let mut times = vec![format!(
        "{}, {} s",
        journal.start.strftime("%Y-%m-%d %H:%M:%S UTC"),
        figure(journal.duration.round())
    )];
    let left = journal.faults.iter();
    let left = left.filter(|fault| fault.end_seconds.is_none()).count();
    if left > 0 {
        times.push(format!("faults LEFT BEHIND: {left}"));
    }
    times.push(match journal.effect_seconds {
        Some(effect) => format!("first felt after {effect:.1} s"),
        None => "not felt".to_owned(),
    });
    let firing = journal
        .detections
        .iter()
        .filter_map(|one| one.firing_seconds);
    if let Some(firing) = firing.reduce(f64::min) {
        times.push(format!("first alert after {firing:.1} s"));
    }
    times.push(match journal.recovery_seconds {
        Some(recovery) => format!("well again {recovery:.1} s after the rollback"),
        None => "not seen to be well again".to_owned(),
    });
    times
}

/// Every part that there is something for, in reading order.
pub(super) fn parts(journal: &Journal) -> Vec<Part> {
    let all = [
        stages(journal),
        faults(journal),
        probes(journal),
        detections(journal),
        users(journal),
        rollbacks(journal),
    ];
    all.into_iter()
        .filter(|part| !part.rows.is_empty())
        .collect()
}

fn part(
    title: &'static str,
    columns: &'static [&'static str],
    rows: impl Iterator<Item = Vec<String>>,
) -> Part {
    let mut rows: Vec<Vec<String>> = rows.collect();
    let hidden = rows.len().saturating_sub(ROWS_MAX);
    rows.truncate(ROWS_MAX);
    Part {
        title,
        columns,
        rows,
        hidden,
    }
}

fn stages(journal: &Journal) -> Part {
    let rows = journal.stages.iter().map(|stage| {
        let from = stage.start.duration_since(journal.start).as_secs_f64();
        let until = stage.end.duration_since(journal.start).as_secs_f64();
        let felt = stage.effect_seconds;
        vec![
            one_line(&stage.name),
            one_line(&stage.changes.join(", ")),
            format!("{from:.1} s"),
            format!("{until:.1} s"),
            felt.map_or("not felt".to_owned(), |felt| format!("{felt:.1} s")),
        ]
    });
    part(
        "Stages",
        &["stage", "what was changed", "from", "until", "felt after"],
        rows,
    )
}

fn faults(journal: &Journal) -> Part {
    let rows = journal.faults.iter().map(|fault| {
        let until = fault.end_seconds;
        vec![
            one_line(&fault.target),
            one_line(&fault.fault),
            one_line(&fault.detail),
            one_line(&fault.stage),
            format!("{:.1} s", fault.start_seconds),
            until.map_or("LEFT BEHIND".to_owned(), |until| format!("{until:.1} s")),
        ]
    });
    part(
        "Faults",
        &["target", "fault", "in words", "stage", "from", "until"],
        rows,
    )
}

fn probes(journal: &Journal) -> Part {
    let rows = journal.samples.iter().map(|samples| {
        let known = samples.points.iter().filter_map(|(_, value)| *value);
        let known: Vec<f64> = known.filter(|value| value.is_finite()).collect();
        let bounds = (samples.least, samples.most);
        let is_outside = |value: &&f64| {
            bounds.0.is_some_and(|least| **value < least)
                || bounds.1.is_some_and(|most| **value > most)
        };
        let shown = |value: Option<f64>| value.map_or(UNKNOWN.to_owned(), figure);
        let wanted = expected(samples);
        vec![
            one_line(&samples.probe),
            wanted
                .strip_prefix("expected ")
                .unwrap_or(UNKNOWN)
                .to_owned(),
            shown(known.iter().copied().reduce(f64::min)),
            shown(known.iter().copied().reduce(f64::max)),
            known.iter().filter(is_outside).count().to_string(),
            (samples.points.len() - known.len()).to_string(),
        ]
    });
    part(
        "Probes",
        &[
            "probe",
            "expected",
            "least",
            "most",
            "readings outside",
            "unknown",
        ],
        rows,
    )
}

fn detections(journal: &Journal) -> Part {
    let rows = journal.detections.iter().map(|seen: &Detection| {
        let shown = |at: Option<f64>| at.map_or("not seen".to_owned(), |at| format!("{at:.1} s"));
        let expected = if seen.expected { "yes" } else { "no" };
        vec![
            one_line(&seen.alert),
            expected.to_owned(),
            shown(seen.pending_seconds),
            shown(seen.firing_seconds),
        ]
    });
    part(
        "Detection, from the first fault",
        &["alert", "expected", "pending after", "firing after"],
        rows,
    )
}

fn users(journal: &Journal) -> Part {
    let rows = journal.users.iter().map(|user: &UserRecord| {
        let attained = user.attained.filter(|share| share.is_finite());
        let verdict = match attained {
            None => format!("? not known: {}", one_line(&user.detail)),
            Some(attained) if attained >= user.least => "✓ kept".to_owned(),
            Some(_) => "✗ missed".to_owned(),
        };
        vec![
            one_line(&user.objective),
            attained.map_or(UNKNOWN.to_owned(), percent),
            percent(user.least),
            verdict,
        ]
    });
    part(
        "What users noticed",
        &["objective", "good", "promised", "verdict"],
        rows,
    )
}

fn rollbacks(journal: &Journal) -> Part {
    let rows = journal.rollbacks.iter().map(|undone: &Activity| {
        vec![
            one_line(&undone.activity.name),
            one_line(&undone.detail),
            one_line(&undone.status),
        ]
    });
    part("Rollback", &["action", "what was done", "status"], rows)
}

/// A share with at most four digits after the point; what is less than all is never shown as all.
fn percent(share: f64) -> String {
    let mut text = format!("{:.4}", share * 100.0);
    if share < 1.0 && text == "100.0000" {
        "99.9999".clone_into(&mut text);
    }
    format!("{} %", text.trim_end_matches('0').trim_end_matches('.'))
}
