//! Markdown for a comment on a pull request or the summary of a job.

use std::fmt::Write as _;

use super::super::report::{Judged, Report, Verdict};
use super::answer::Answer;
use super::section::{Section, Table, sections};
use super::{budget, events, listed, notes, plain, share, sign, source, title};
use crate::text::{count, percent};

/// The longest text, in bytes. GitHub takes 65,536 characters for a comment, and a pipeline adds
/// something of its own.
const SIZE_BYTES_MAX: usize = 60_000;

/// Bytes up to which rows of objectives, reasons and notes, and further parts are written.
const ROWS_BYTES_MAX: usize = 30_000;
const REASONS_BYTES_MAX: usize = 45_000;

/// Room for the line that says what was left out.
const REST_BYTES: usize = 200;

/// The report as Markdown, with a newline at its end.
#[must_use]
pub fn markdown(report: &Report) -> String {
    let answer = Answer::new(report, None);
    let mut text = format!(
        "## {} Gate: {}\n\n**{}**\n\n",
        sign(report.verdict),
        report.verdict,
        escaped(&answer.sentence)
    );
    if report.verdict != Verdict::Pass {
        for step in &answer.next {
            let _ = writeln!(text, "- Next: {}", escaped(step));
        }
        text.push('\n');
    }
    let of_release = answer.why.iter().filter(|why| why.of.is_empty());
    let lines = of_release.filter_map(|why| Some((why.code?, escaped(&why.sentence))));
    let lines = lines.map(|(code, sentence)| format!("- `{code}`: {sentence}"));
    list(&mut text, lines.collect(), ROWS_BYTES_MAX / 2, "reasons");
    let _ = writeln!(
        text,
        "{}, asked of {}.\n",
        escaped(&title(report)),
        escaped(&source(report))
    );
    objectives(&mut text, report);
    for section in sections(report) {
        part(&mut text, &section);
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

fn objectives(text: &mut String, report: &Report) {
    let (shown, passing) = listed(report);
    let mut written = 0;
    if !shown.is_empty() {
        text.push_str("| verdict | objective | good | asked | events | bad | budget left |\n");
        text.push_str("| --- | --- | ---: | ---: | ---: | ---: | ---: |\n");
    }
    for (_, judged) in &shown {
        let row = row(judged);
        if text.len() + row.len() > ROWS_BYTES_MAX {
            break;
        }
        text.push_str(&row);
        written += 1;
    }
    let rest = [
        (
            shown.len() - written,
            "more do not pass, and are left out for want of room",
        ),
        (passing, "objectives pass"),
    ];
    for (number, what) in rest.into_iter().filter(|(number, _)| *number > 0) {
        let _ = write!(text, "\n{} {what}.\n", count(number as f64));
    }
    text.push('\n');
    let lines = shown.iter().flat_map(|(_, judged)| lines(judged, report));
    list(
        text,
        lines.collect(),
        REASONS_BYTES_MAX,
        "reasons and notes",
    );
}

fn row(judged: &Judged) -> String {
    format!(
        "| **{}** | {} | {} | {} | {} | {} | {} |\n",
        judged.verdict,
        escaped(&judged.display_name),
        share(judged.attainment),
        percent(judged.target),
        events(judged.total_events),
        events(judged.bad_events),
        escaped(&budget(judged.budget_left))
    )
}

/// What is to be said of an objective, one line each.
fn lines(judged: &Judged, report: &Report) -> Vec<String> {
    let name = escaped(&judged.display_name);
    let reasons = judged.reasons.iter().map(|explained| {
        let (code, sentence) = (explained.reason.code(), escaped(&explained.sentence));
        format!("- **{name}**, `{code}`: {sentence}")
    });
    let notes = notes(judged, report).into_iter();
    let notes = notes.map(|note| format!("- {name}, {}", escaped(&note)));
    reasons.chain(notes).collect()
}

/// Lines as long as there is room; the rest is counted.
fn list(text: &mut String, lines: Vec<String>, bytes_max: usize, what: &str) {
    let all = lines.len();
    let mut written = 0;
    for line in lines {
        if text.len() + line.len() + REST_BYTES > bytes_max {
            break;
        }
        text.push_str(&line);
        text.push('\n');
        written += 1;
    }
    if written < all {
        let _ = writeln!(text, "- {} more {what}", count((all - written) as f64));
    }
    if all > 0 {
        text.push('\n');
    }
}

/// A part of the report, unless there is no room for it.
fn part(text: &mut String, section: &Section) {
    let verdict = section
        .verdict
        .map_or(String::new(), |verdict| format!(": {verdict}"));
    let mut part = format!("### {}{verdict}\n\n", section.title);
    for sentence in &section.sentences {
        let _ = writeln!(part, "- {}", escaped(sentence));
    }
    if !section.sentences.is_empty() {
        part.push('\n');
    }
    if let Some(of) = &section.table {
        table(&mut part, of);
    }
    if text.len() + part.len() + REST_BYTES <= SIZE_BYTES_MAX {
        text.push_str(&part);
    } else {
        let _ = writeln!(text, "{} is left out for want of room.\n", section.title);
    }
}

fn table(text: &mut String, table: &Table) {
    let has_verdicts = table.rows.iter().any(|row| row.verdict.is_some());
    let first = |verdicts: String| has_verdicts.then_some(verdicts).into_iter();
    let mut line = |cells: Vec<String>| {
        let _ = writeln!(text, "| {} |", cells.join(" | "));
    };
    let titles = table.columns.iter().map(|column| escaped(&column.title));
    line(first("verdict".to_owned()).chain(titles).collect());
    let rules = table.columns.iter().map(|column| column.is_number);
    let rules = rules.map(|is_number| if is_number { "---:" } else { "---" }.to_owned());
    line(first("---".to_owned()).chain(rules).collect());
    for row in &table.rows {
        let verdict = row
            .verdict
            .map_or(String::new(), |one| format!("**{one}**"));
        let cells = row.cells.iter().map(|cell| escaped(cell));
        line(first(verdict).chain(cells).collect());
    }
    text.push('\n');
}

/// Text of others, so that it stays text: one line, no markup, no HTML, nobody called by name.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for character in plain(text).chars() {
        match character {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            // GitHub calls people by name even after a backslash, but not across a comment.
            '@' => escaped.push_str("@<!-- -->"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '~' | '!' | '$' => {
                escaped.push('\\');
                escaped.push(character);
            }
            _ => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_others_stays_text() {
        assert_eq!(
            escaped("a|b\n<img src=x> [c](d) `e` @all $x$"),
            r"a\|b &lt;img src=x&gt; \[c\](d) \`e\` @<!-- -->all \$x\$"
        );
    }
}
