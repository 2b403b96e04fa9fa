//! The report on a terminal, at most 80 columns wide.

use std::fmt::Write;

use super::{Rehearsal, text};

/// Columns of the terminal that lines are cut to.
const WIDTH: usize = 79;

/// Columns of the name of a step.
const STEP_WIDTH: usize = 12;

/// Columns of the name of an experiment, an objective or an alert.
const NAME_WIDTH: usize = 23;

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
        let name = (experiment.name.as_str(), NAME_WIDTH);
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

/// One entry; a detail that is too long goes on under itself.
fn line(out: &mut String, word: &str, (name, width): (&str, usize), detail: &str) {
    let mut line = format!("  {word:<12} {name:<width$}");
    let indent = line.chars().count().min(WIDTH / 2) + 1;
    for piece in detail.split_whitespace() {
        if line.chars().count() + 1 + piece.chars().count() > WIDTH {
            finish(out, &line);
            line = " ".repeat(indent - 1);
        }
        line.push(' ');
        line.push_str(piece);
    }
    finish(out, &line);
}

/// Ends a line; what has no space to be broken at is cut.
fn finish(out: &mut String, line: &str) {
    if line.chars().count() > WIDTH {
        out.extend(line.chars().take(WIDTH - 1));
        out.push('…');
    } else {
        out.push_str(line.trim_end());
    }
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
        rehearsal.experiments[0].name = "x".repeat(100);
        rehearsal.experiments[1].detail = "word ".repeat(100);
        assert!(
            terminal(&rehearsal)
                .lines()
                .all(|line| line.chars().count() < 80)
        );
    }
}
