//! Plain text in at most 80 columns.

use std::fmt::Write as _;
use std::io::IsTerminal as _;

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use super::super::report::{Judged, Report, Verdict};
use super::answer::Answer;
use super::section::{HOW, Row, Section, Table, sections};
use super::{budget, events, listed, notes, plain, share, source, title};
use crate::text::{count, percent, wrapped};

/// Columns of a terminal.
const WIDTH: usize = 80;

/// Columns of the name of an objective.
const NAME_WIDTH: usize = 20;

/// Columns of a verdict, and of a figure in a table at most.
const VERDICT_WIDTH: usize = 12;
const FIGURE_WIDTH_MAX: usize = 11;

/// Reasons of one objective that are written out.
const REASONS_MAX: usize = 8;

/// Objectives that are written out, whatever their verdict.
const OBJECTIVES_MAX: usize = 200;

/// Whether verdicts have colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Text alone.
    Plain,
    /// ANSI colours beside the words.
    Colour,
}

impl Style {
    /// Colour when standard output is a terminal and `NO_COLOR` is not set, as no-color.org asks.
    #[must_use]
    pub fn of_stdout() -> Self {
        let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        if std::io::stdout().is_terminal() && !refused {
            Self::Colour
        } else {
            Self::Plain
        }
    }

    /// `text` in the colour of a verdict.
    fn paint(self, verdict: Verdict, text: &str) -> String {
        let code = match (self, verdict) {
            (Self::Plain, _) => return text.to_owned(),
            (Self::Colour, Verdict::Pass) => "32",
            (Self::Colour, Verdict::Warn) => "33",
            (Self::Colour, Verdict::Inconclusive) => "35",
            (Self::Colour, Verdict::Fail) => "31",
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }
}

/// The report as text, the verdict in its last lines and a newline at its end.
#[must_use]
pub fn terminal(report: &Report, style: Style) -> String {
    let mut text = String::new();
    line(&mut text, &format!("gate: {}", title(report)), 0);
    line(&mut text, &source(report), 2);
    text.push('\n');
    objectives(&mut text, report, style);
    for section in sections(report) {
        // How it was judged is in the first lines.
        if section.title != HOW {
            part(&mut text, &section, style);
        } else {
            for sentence in &section.sentences {
                text.push('\n');
                line(&mut text, sentence, 0);
            }
        }
    }
    end(&mut text, report, style);
    text
}

fn objectives(text: &mut String, report: &Report, style: Style) {
    let (mut shown, passing) = listed(report);
    let hidden = shown.len().saturating_sub(OBJECTIVES_MAX);
    shown.truncate(OBJECTIVES_MAX);
    if !shown.is_empty() {
        let header = ["verdict", "objective", "good", "asked", "events", "left"];
        row(text, header.map(str::to_owned), None, style);
    }
    for (_, judged) in shown {
        objective(text, judged, report, style);
    }
    for (number, what) in [
        (
            hidden,
            "more that do not pass are in the other forms of the report",
        ),
        (passing, "objectives pass"),
    ] {
        if number > 0 {
            line(text, &format!("{} {what}", count(number as f64)), 2);
        }
    }
}

fn objective(text: &mut String, judged: &Judged, report: &Report, style: Style) {
    let cells = [
        judged.verdict.as_str().to_owned(),
        plain(&judged.name),
        share(judged.attainment),
        percent(judged.target),
        events(judged.total_events),
        budget(judged.budget_left),
    ];
    row(text, cells, Some(judged.verdict), style);
    for explained in judged.reasons.iter().take(REASONS_MAX) {
        let (code, sentence) = (explained.reason.code(), plain(&explained.sentence));
        line(text, &format!("{code}: {sentence}"), 4);
    }
    let hidden = judged.reasons.len().saturating_sub(REASONS_MAX);
    if hidden > 0 {
        line(text, &format!("{hidden} more reasons"), 4);
    }
    for note in notes(judged, report) {
        line(text, &note, 4);
    }
}

/// The answer: reasons of the release itself, what next, and the verdict.
fn end(text: &mut String, report: &Report, style: Style) {
    let answer = Answer::new(report, None);
    text.push('\n');
    for why in answer.why.iter().filter(|why| why.of.is_empty()) {
        if let Some(code) = why.code {
            line(text, &format!("{code}: {}", why.sentence), 0);
        }
    }
    line(text, &answer.sentence, 0);
    if report.verdict != Verdict::Pass {
        for step in &answer.next {
            line(text, &format!("→ {step}"), 2);
        }
    }
    let verdict = style.paint(report.verdict, report.verdict.as_str());
    let _ = writeln!(text, "\nverdict: {verdict}");
}

fn part(text: &mut String, section: &Section, style: Style) {
    let verdict = section.verdict.map_or(String::new(), |verdict| {
        format!(": {}", style.paint(verdict, verdict.as_str()))
    });
    let _ = writeln!(text, "\n{}{verdict}", section.title);
    for sentence in &section.sentences {
        line(text, sentence, 2);
    }
    if let Some(table) = &section.table {
        rows(text, table, style);
    }
}

/// A table: figures as wide as they are, the first column what is left.
fn rows(text: &mut String, table: &Table, style: Style) {
    let has_verdicts = table.rows.iter().any(|row| row.verdict.is_some());
    let verdicts = if has_verdicts { VERDICT_WIDTH + 2 } else { 0 };
    let widest = |index: usize| {
        let cells = table.rows.iter().filter_map(|row| row.cells.get(index));
        let cells = cells.map(|cell| cell.width());
        let title = table.columns[index].title.width();
        cells
            .chain([title])
            .max()
            .unwrap_or(0)
            .min(FIGURE_WIDTH_MAX)
    };
    let mut widths: Vec<usize> = (0..table.columns.len()).map(widest).collect();
    // Columns that do not fit are left out from the last one on.
    let taken = |widths: &[usize]| widths.iter().skip(1).map(|width| width + 2).sum::<usize>();
    while widths.len() > 1 && 2 + verdicts + NAME_WIDTH + taken(&widths) > WIDTH {
        widths.pop();
    }
    if let Some(first) = widths.first().copied() {
        let room = WIDTH - 2 - verdicts - taken(&widths);
        let of_first = table.rows.iter().filter_map(|row| row.cells.first());
        let needed = of_first.map(|cell| cell.width()).max().unwrap_or(first);
        widths[0] = needed.max(first).min(room);
    }
    let titles = table.columns.iter().map(|column| column.title.clone());
    let header = Row {
        verdict: None,
        cells: titles.collect(),
    };
    for row in [&header].into_iter().chain(&table.rows) {
        let mut line = String::from("  ");
        if has_verdicts {
            let is_header = std::ptr::eq(row, &header);
            let none = if is_header { "verdict" } else { "" };
            let verdict = row.verdict.map_or(none, |verdict| verdict.as_str());
            let padded = fitted(verdict, VERDICT_WIDTH);
            line += &row
                .verdict
                .map_or(padded.clone(), |one| style.paint(one, &padded));
            line += "  ";
        }
        for (index, (cell, &width)) in row.cells.iter().zip(&widths).enumerate() {
            if index > 0 {
                line += "  ";
            }
            let cell = fitted(cell, width);
            let is_number = table.columns[index].is_number;
            line += &if is_number {
                right(cell.trim_end(), width)
            } else {
                cell
            };
        }
        let _ = writeln!(text, "{}", line.trim_end());
    }
}

/// One paragraph, broken at spaces and, where a word is longer than a line, within it.
fn line(text: &mut String, sentence: &str, indent: usize) {
    let room = WIDTH - indent;
    let words = sentence.split_whitespace();
    let words: Vec<String> = words.map(|word| broken(word, room)).collect();
    let _ = writeln!(text, "{}", wrapped(&words.join(" "), indent, WIDTH));
}

fn broken(word: &str, room: usize) -> String {
    if word.width() <= room {
        return word.to_owned();
    }
    let mut pieces = String::new();
    let mut column = 0;
    for character in word.chars() {
        let width = character.width().unwrap_or(0);
        if column + width > room {
            pieces.push(' ');
            column = 0;
        }
        pieces.push(character);
        column += width;
    }
    pieces
}

fn row(text: &mut String, cells: [String; 6], verdict: Option<Verdict>, style: Style) {
    let [word, name, good, asked, events, left] = cells;
    let name = fitted(&name, NAME_WIDTH);
    let word = format!("{word:<VERDICT_WIDTH$}");
    let word = verdict.map_or(word.clone(), |verdict| style.paint(verdict, &word));
    let line = format!(
        "  {word}  {name}  {}  {}  {}  {}",
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

    #[test]
    fn a_word_that_is_longer_than_a_line_is_broken() {
        let mut text = String::new();
        line(&mut text, &"x".repeat(200), 4);
        assert!(text.lines().all(|line| line.width() <= WIDTH), "{text}");
        assert_eq!(text.matches('x').count(), 200);
    }

    #[test]
    fn colour_is_beside_the_word() {
        let painted = Style::Colour.paint(Verdict::Fail, "fail");
        assert_eq!(painted, "\x1b[31mfail\x1b[0m");
        assert_eq!(Style::Plain.paint(Verdict::Fail, "fail"), "fail");
    }
}
