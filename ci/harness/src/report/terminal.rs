//! The report on a terminal, at most 80 columns wide.

use std::fmt::Write;

use super::{Rehearsal, text};

/// Columns of the terminal that lines are cut to.
const WIDTH: usize = 79;

/// Columns of the name of a step.
const STEP_WIDTH: usize = 12;

/// Columns of the name of an experiment, an objective or an alert.
const NAME_WIDTH: usize = 26;

/// Steps, experiments, objectives, alerts and the verdict as aligned lines.
pub(crate) fn terminal(rehearsal: &Rehearsal) -> String {
    let mut out = String::new();
    for step in &rehearsal.steps {
        line(
            &mut out,
            step.outcome.as_str(),
            (step.name, STEP_WIDTH),
            &step.detail,
        );
    }
    heading(&mut out, "experiments", rehearsal.experiments.is_empty());
    for experiment in &rehearsal.experiments {
        let name = (experiment.title.as_str(), NAME_WIDTH);
        line(
            &mut out,
            experiment.outcome.as_str(),
            name,
            &text::experienced(experiment),
        );
    }
    heading(&mut out, "objectives", rehearsal.objectives.is_empty());
    for objective in &rehearsal.objectives {
        line(
            &mut out,
            &objective.verdict,
            (&objective.name, NAME_WIDTH),
            &text::attained(objective),
        );
        if objective.verdict != "pass" {
            line(&mut out, "", ("", 0), &objective.detail);
        }
    }
    out.push_str("\nalerts\n");
    if rehearsal.alerts.is_empty() {
        out.push_str("  none fired\n");
    }
    for alert in &rehearsal.alerts {
        let detail = format!("{} for {:.0} s", alert.severity, alert.seconds);
        line(&mut out, "fired", (&alert.name, NAME_WIDTH), &detail);
    }
    // A String takes every write.
    let _ = write!(
        out,
        "\nverdict: {}. {}\n",
        rehearsal.verdict,
        text::sentence(rehearsal)
    );
    out
}

fn heading(out: &mut String, title: &str, is_empty: bool) {
    if !is_empty {
        out.push_str(&format!("\n{title}\n"));
    }
}

fn line(out: &mut String, word: &str, (name, width): (&str, usize), detail: &str) {
    let line = format!("  {word:<12} {name:<width$} {detail}");
    let cut: String = if line.chars().count() > WIDTH {
        line.chars().take(WIDTH - 1).chain(['…']).collect()
    } else {
        line
    };
    out.push_str(cut.trim_end());
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::super::tests::sample;
    use super::*;

    #[test]
    fn a_missed_rehearsal_says_what_was_missed() {
        insta::assert_snapshot!(terminal(&sample()));
    }

    #[test]
    fn no_line_is_wider_than_80_columns() {
        let mut rehearsal = sample();
        rehearsal.experiments[0].title = "x".repeat(100);
        assert!(
            terminal(&rehearsal)
                .lines()
                .all(|line| line.chars().count() < 80)
        );
    }
}
