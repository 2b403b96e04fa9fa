//! Plain text in at most 80 columns.

use std::fmt::Write as _;

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use super::super::report::Report;
use super::{budget, events, notes, share, source, title};
use crate::text::{percent, shown, wrapped};

/// Columns of a terminal.
const WIDTH: usize = 80;

/// Columns of the name of an objective.
const NAME_WIDTH: usize = 20;

/// The report as text, with a newline at its end.
#[must_use]
pub fn terminal(report: &Report) -> String {
    let mut text = format!(
        "gate: {}\n{}\n\n",
        title(report),
        wrapped(&source(report), 2, WIDTH)
    );
    let header = ["verdict", "objective", "good", "asked", "events", "left"];
    row(&mut text, header.map(str::to_owned));
    for judged in &report.objectives {
        row(
            &mut text,
            [
                judged.verdict.as_str().to_owned(),
                shown(&judged.name),
                share(judged.attainment),
                percent(judged.target),
                events(judged.total_events),
                budget(judged.budget_left),
            ],
        );
        for explained in &judged.reasons {
            let line = format!("{}: {}", explained.reason.code(), explained.sentence);
            let _ = writeln!(text, "{}", wrapped(&line, 4, WIDTH));
        }
        for note in notes(judged, report) {
            let _ = writeln!(text, "{}", wrapped(&note, 4, WIDTH));
        }
    }
    let _ = writeln!(text, "\nverdict: {}", report.verdict);
    text
}

fn row(text: &mut String, [verdict, name, good, asked, events, left]: [String; 6]) {
    let name = fitted(&name, NAME_WIDTH);
    let line = format!(
        "  {verdict:<12}  {name}  {}  {}  {}  {}",
        right(&good, 9),
        right(&asked, 9),
        right(&events, 9),
        right(&left, 8)
    );
    let _ = writeln!(text, "{}", line.trim_end());
}

fn right(text: &str, width: usize) -> String {
    format!("{}{text}", " ".repeat(width.saturating_sub(text.width())))
}

/// `text` in exactly `width` columns, cut when it is longer.
fn fitted(text: &str, width: usize) -> String {
    let mut fitted = String::new();
    if text.width() <= width {
        fitted.push_str(text);
    } else {
        for character in text.chars() {
            if fitted.width() + character.width().unwrap_or(0) + 1 > width {
                break;
            }
            fitted.push(character);
        }
        fitted.push('…');
    }
    let rest = width.saturating_sub(fitted.width());
    fitted + &" ".repeat(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_its_width_whatever_it_is_made_of() {
        for name in [
            "short",
            "a-name-that-is-longer-than-the-column",
            "可用性可用性可用性可用性",
        ] {
            assert_eq!(fitted(name, NAME_WIDTH).width(), NAME_WIDTH, "{name}");
        }
    }
}
