//! The table objective × input → verdict, in 80 columns.

use std::fmt::Write as _;

use outcome::Outcome;

use super::input::Input;
use super::mutant::Mutant;
use super::weighed::Weighed;
use super::{Cell, Column};

/// Columns of the name of an input.
const INPUT_WIDTH: usize = 17;

/// Columns of one objective.
const COLUMN_WIDTH: usize = 15;

/// Objectives beside each other.
const BESIDE: usize = 4;

/// The table, and 0 when every verdict is as it must be, 1 otherwise.
pub(super) fn table(columns: &[Column]) -> (String, Outcome) {
    let mut text = String::new();
    for block in columns.chunks(BESIDE) {
        let names = block.iter().map(|column| fitted(&column.name));
        row(&mut text, "input", names);
        for (index, input) in Input::ALL.iter().enumerate() {
            let cells = block.iter().map(|column| shown(column.cells[index]));
            row(&mut text, input.as_str(), cells);
        }
        text.push('\n');
        row(&mut text, "mutant", block.iter().map(|_| String::new()));
        for (index, mutant) in Mutant::ALL.iter().enumerate() {
            let cells = block.iter().map(|column| shown(column.mutants[index]));
            row(&mut text, mutant.as_str(), cells);
        }
        text.push('\n');
        if block.iter().all(|column| column.weighed.is_empty()) {
            continue;
        }
        row(
            &mut text,
            "by the policy",
            block.iter().map(|_| String::new()),
        );
        for (index, weighed) in Weighed::ALL.iter().enumerate() {
            let cells = block.iter().map(|column| shown(column.weighed[index]));
            row(&mut text, weighed.as_str(), cells);
        }
        text.push('\n');
    }
    let all = columns.iter().flat_map(|column| {
        column
            .cells
            .iter()
            .chain(&column.mutants)
            .chain(&column.weighed)
    });
    let wrong = all.clone().filter(|cell| !cell.is_right()).count();
    let asked = all.filter(|cell| cell.expected.is_some()).count();
    let (sentence, outcome) = if wrong == 0 {
        (
            format!("{asked} verdicts are right: every objective blocks, nothing unknown passes"),
            Outcome::Held,
        )
    } else {
        (
            format!("{wrong} of {asked} verdicts are wrong: each is marked with what it must be"),
            Outcome::Missed,
        )
    };
    let _ = writeln!(text, "selftest: {sentence}");
    (text, outcome)
}

fn row(text: &mut String, first: &str, cells: impl Iterator<Item = String>) {
    let mut line = format!("{first:<INPUT_WIDTH$}");
    for cell in cells {
        let _ = write!(line, "{cell:<COLUMN_WIDTH$}");
    }
    let _ = writeln!(text, "{}", line.trim_end());
}

fn fitted(name: &str) -> String {
    let width = COLUMN_WIDTH - 1;
    if name.chars().count() <= width {
        return name.to_owned();
    }
    let beginning: String = name.chars().take(width - 1).collect();
    beginning + "…"
}

fn shown(cell: Cell) -> String {
    match (cell.seen, cell.expected) {
        (Some(seen), _) if cell.is_right() => seen.to_string(),
        (Some(seen), Some(expected)) => format!("{seen}≠{}", expected.as_str()),
        _ => "–".to_owned(),
    }
}
