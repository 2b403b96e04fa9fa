//! The summary of an experiment as Markdown.

use std::fmt::Write as _;

use super::told::{Part, parts, sentence, times, word};
use crate::journal::Journal;
use crate::show::one_line;

/// The longest summary, in bytes: a comment on a pull request takes 65,536 characters.
const SIZE_BYTES_MAX: usize = 60_000;

/// The summary, with a newline at its end.
pub(super) fn markdown(journal: &Journal) -> String {
    let mut text = format!(
        "## {}: {}\n\n**{}**\n\n",
        escaped(&one_line(&journal.experiment.title)),
        escaped(&word(journal)),
        escaped(&sentence(journal))
    );
    for time in times(journal) {
        let _ = writeln!(text, "- {}", escaped(&time));
    }
    text.push('\n');
    for part in parts(journal) {
        let table = table(&part);
        if text.len() + table.len() > SIZE_BYTES_MAX {
            let _ = writeln!(text, "{} is left out for want of room.\n", part.title);
        } else {
            text.push_str(&table);
        }
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

fn table(part: &Part) -> String {
    let mut text = format!("### {}\n\n| {} |\n", part.title, part.columns.join(" | "));
    let rules = vec!["---"; part.columns.len()];
    let _ = writeln!(text, "| {} |", rules.join(" | "));
    for row in &part.rows {
        let cells: Vec<String> = row.iter().map(|cell| escaped(cell)).collect();
        let _ = writeln!(text, "| {} |", cells.join(" | "));
    }
    text.push('\n');
    if part.hidden > 0 {
        let _ = writeln!(text, "{} more are left out.\n", part.hidden);
    }
    text
}

/// Text of others, so that it stays text: no markup, no HTML, nobody called by name.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for character in text.chars() {
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
