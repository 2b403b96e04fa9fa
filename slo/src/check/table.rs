//! The table on the terminal, within 80 columns.

use std::fmt::Write as _;

use outcome::Outcome;

use super::finding::{Finding, Level};
use crate::objective::Objective;
use crate::text::{percent, wrapped};

const COLUMNS: usize = 80;

/// Columns of a promise at least.
const PROMISE_COLUMNS: usize = 18;

/// One line for each objective, below it what was found, at the end what has no part in a verdict.
pub(super) fn table(
    objectives: &[Objective],
    found: &[Vec<Finding>],
    remarks: &[String],
) -> (String, Outcome) {
    let mut table = String::new();
    let mut outcome = Outcome::Held;
    let promise =
        |objective: &Objective| format!("{} over {}", percent(objective.target), length(objective));
    let widths = objectives.iter().map(|one| promise(one).chars().count());
    let width = widths.max().unwrap_or(0).max(PROMISE_COLUMNS);
    for (objective, found) in objectives.iter().zip(found) {
        let worst = found.iter().map(|finding| finding.level).min();
        let state = match worst {
            None => "ok",
            Some(Level::Note) => "note",
            Some(Level::Wrong) => "wrong",
        };
        if worst == Some(Level::Wrong) {
            outcome = Outcome::Misused;
        }
        let promise = promise(objective);
        let _ = writeln!(
            table,
            "{state:<6} {promise:>width$}  {}/{}",
            objective.service, objective.name
        );
        for finding in found {
            let Finding {
                level,
                place,
                part,
                message,
            } = finding;
            let note = if *level == Level::Note { "note: " } else { "" };
            let sentence = format!("{place}: {part}: {note}{message}");
            let _ = writeln!(table, "{}", wrapped(&sentence, 4, COLUMNS));
        }
    }
    for remark in remarks {
        let _ = writeln!(table, "{}", wrapped(remark, 0, COLUMNS));
    }
    (table, outcome)
}

/// The window as people call it.
fn length(objective: &Objective) -> String {
    use crate::calendar::CalendarUnit;
    let Some(calendar) = &objective.calendar else {
        return objective.window_text.clone();
    };
    let unit = match calendar.unit {
        CalendarUnit::Day => "day",
        CalendarUnit::Week => "week",
        CalendarUnit::Month => "month",
        CalendarUnit::Quarter => "quarter",
        CalendarUnit::Year => "year",
    };
    match calendar.count {
        1 => format!("a {unit}"),
        count => format!("{count} {unit}s"),
    }
}
