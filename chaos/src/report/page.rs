//! One HTML page that opens from disk: style and picture within, no script, no network.
//!
//! Every element is closed and every attribute quoted, so that the page is XML, too: a test reads it
//! with a strict reader.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::told::{Part, class, parts, sentence, times, word};
use crate::journal::Journal;
use crate::show::one_line;

/// The look of the page.
const STYLE: &str = include_str!("page.css");

/// What the page may load: what it brings along.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

/// The page; without a picture it says that there is none.
pub(super) fn page(journal: &Journal, png: Option<&[u8]>) -> String {
    let title = escaped(&one_line(&journal.experiment.title));
    let word = escaped(&word(journal));
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n\
         <meta name=\"color-scheme\" content=\"light dark\"/>\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\"/>\n\
         <title>{word}: {title}</title>\n<style>\n{STYLE}</style>\n</head>\n\
         <body class=\"{}\">\n<header>\n<p class=\"word\">{word}</p>\n<h1>{title}</h1>\n\
         <p>{}</p>\n<ul class=\"times\">\n",
        class(journal),
        escaped(&sentence(journal))
    );
    for time in times(journal) {
        let _ = writeln!(page, "<li>{}</li>", escaped(&time));
    }
    page.push_str("</ul>\n</header>\n<main>\n<section>\n<h2>Timeline</h2>\n");
    match png {
        Some(png) => {
            let _ = writeln!(
                page,
                "<div class=\"scroll\"><img alt=\"Timeline of {title}: {}\" \
                 src=\"data:image/png;base64,{}\"/></div>",
                escaped(&times(journal).join(", ")),
                STANDARD.encode(png)
            );
        }
        None => page.push_str("<p>It could not be drawn.</p>\n"),
    }
    page.push_str("</section>\n");
    for part in parts(journal) {
        table(&mut page, &part);
    }
    page.push_str("</main>\n</body>\n</html>\n");
    page
}

fn table(page: &mut String, part: &Part) {
    let _ = write!(
        page,
        "<section>\n<h2>{}</h2>\n<div class=\"scroll\">\n<table>\n<thead><tr>",
        escaped(part.title)
    );
    for column in part.columns {
        let _ = write!(page, "<th scope=\"col\">{}</th>", escaped(column));
    }
    page.push_str("</tr></thead>\n<tbody>\n");
    for row in &part.rows {
        page.push_str("<tr>");
        for cell in row {
            let _ = write!(page, "<td>{}</td>", escaped(cell));
        }
        page.push_str("</tr>\n");
    }
    page.push_str("</tbody>\n</table>\n</div>\n");
    if part.hidden > 0 {
        let _ = writeln!(page, "<p>{} more are left out.</p>", part.hidden);
    }
    page.push_str("</section>\n");
}

/// Text that is only text, between tags and inside quoted attributes.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(character),
        }
    }
    escaped
}
