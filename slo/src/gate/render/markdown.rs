//! Markdown for a comment on a pull request or the summary of a job.

use std::fmt::Write as _;

use super::super::report::Report;
use super::{budget, events, notes, share, source, title};
use crate::text::{percent, shown};

/// The report as Markdown, with a newline at its end.
#[must_use]
pub fn markdown(report: &Report) -> String {
    let mut text = format!(
        "## Gate: {}\n\n{}, asked of {}.\n\n",
        report.verdict,
        escaped(&title(report)),
        escaped(&source(report))
    );
    text.push_str("| verdict | objective | good | asked | events | bad | budget left |\n");
    text.push_str("| --- | --- | ---: | ---: | ---: | ---: | ---: |\n");
    for judged in &report.objectives {
        let _ = writeln!(
            text,
            "| **{}** | {} | {} | {} | {} | {} | {} |",
            judged.verdict,
            escaped(&judged.display_name),
            share(judged.attainment),
            percent(judged.target),
            events(judged.total_events),
            events(judged.bad_events),
            escaped(&budget(judged.budget_left))
        );
    }
    text.push('\n');
    for judged in &report.objectives {
        let name = escaped(&judged.display_name);
        for explained in &judged.reasons {
            let (code, sentence) = (explained.reason.code(), escaped(&explained.sentence));
            let _ = writeln!(text, "- **{name}**, `{code}`: {sentence}");
        }
        for note in notes(judged, report) {
            let _ = writeln!(text, "- {name}, {}", escaped(&note));
        }
    }
    text
}

/// Text of others, so that it stays text: one line, no markup, no HTML.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for character in shown(text).chars() {
        match character {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '~' | '!' | '@' => {
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
            escaped("a|b\n<img src=x> [c](d) `e`"),
            r"a\|b &lt;img src=x&gt; \[c\](d) \`e\`"
        );
    }
}
