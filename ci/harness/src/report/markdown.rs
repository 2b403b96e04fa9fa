//! The report as Markdown, for a pull request or a job summary.

use std::fmt::Write;

use super::{Rehearsal, text};

/// The whole report as Markdown.
pub(super) fn markdown(rehearsal: &Rehearsal) -> String {
    let mut out = format!(
        "# Rehearsal: {}\n\n{}\n\n",
        rehearsal.verdict,
        text::sentence(rehearsal)
    );
    // A String takes every write.
    let _ = writeln!(
        out,
        "Release {}, {}, {:.0} s{}.\n",
        cell(&rehearsal.release),
        rehearsal.started,
        rehearsal.duration_seconds,
        rehearsal
            .sabotage
            .map_or(String::new(), |sabotage| format!(", sabotaged: {sabotage}")),
    );
    table(
        &mut out,
        "Line",
        ["step", "outcome", "took", "what"],
        rehearsal.steps.iter().map(|step| {
            [
                step.name.to_owned(),
                step.outcome.to_string(),
                format!("{:.1} s", step.seconds),
                step.detail.clone(),
            ]
        }),
    );
    table(
        &mut out,
        "Objectives",
        ["objective", "verdict", "seen", "why"],
        rehearsal.objectives.iter().map(|objective| {
            [
                objective.name.clone(),
                objective.verdict.clone(),
                text::attained(objective),
                objective.detail.clone(),
            ]
        }),
    );
    experiments(&mut out, rehearsal);
    table(
        &mut out,
        "Alerts",
        ["alert", "severity", "fired", "for"],
        rehearsal.alerts.iter().map(|alert| {
            [
                alert.name.clone(),
                alert.severity.clone(),
                alert.fired.to_string(),
                format!("{:.0} s", alert.seconds),
            ]
        }),
    );
    out
}

fn experiments(out: &mut String, rehearsal: &Rehearsal) {
    table(
        out,
        "Experiments",
        [
            "experiment",
            "outcome",
            "felt after",
            "over after",
            "users had",
            "alerts",
            "why",
        ],
        rehearsal.experiments.iter().map(|experiment| {
            [
                experiment.title.clone(),
                experiment.outcome.to_string(),
                text::stages(experiment),
                text::seconds(experiment.recovery_seconds),
                text::users(experiment),
                text::detected(experiment),
                experiment.detail.clone(),
            ]
        }),
    );
}

fn table<const N: usize>(
    out: &mut String,
    title: &str,
    columns: [&str; N],
    rows: impl Iterator<Item = [String; N]>,
) {
    let _ = writeln!(out, "## {title}\n");
    let mut rows = rows.peekable();
    if rows.peek().is_none() {
        out.push_str("none\n\n");
        return;
    }
    let _ = writeln!(out, "| {} |\n|{}", columns.join(" | "), " --- |".repeat(N));
    for row in rows {
        let _ = writeln!(out, "| {} |", row.map(|text| cell(&text)).join(" | "));
    }
    out.push('\n');
}

/// Text that cannot break out of its cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
        .replace('<', "&lt;")
        .replace(['\n', '\r'], " ")
}

#[cfg(test)]
mod tests {
    use super::super::tests::sample;
    use super::*;

    #[test]
    fn a_missed_rehearsal_as_markdown() {
        insta::assert_snapshot!(markdown(&sample()));
    }
}
