//! One HTML page that opens from disk: styles and pictures within, no script, no network.
//!
//! Every element is closed and every attribute quoted, so that the page is XML, too: a test reads
//! it with a strict reader. Whatever comes from outside goes through [`escaped`].

mod element;
mod objectives;

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::super::history::History;
use super::super::report::{Report, Verdict};
use super::answer::{Answer, Why};
use super::pictures::{Group, Picture, pictures};
use super::section::{Section, Table, sections};
use super::{plain, sign, source, title};
use crate::text::count;
use element::{badge, escaped, slug};

/// The look of the page.
const STYLE: &str = include_str!("html/page.css");

/// What the page may load: what it brings along.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

/// Reasons that are written out on the first screen; each objective has its own below.
const WHY_MAX: usize = 8;

/// The report with the pictures of `history` as a page.
#[must_use]
pub fn html(report: &Report, history: &History) -> String {
    let answer = Answer::new(report, Some(history));
    let pictures = pictures(report, history);
    let mut page = head(report, &answer);
    first_screen(&mut page, report, &answer);
    page.push_str("<main>\n");
    objectives::objectives(&mut page, report);
    shown(
        &mut page,
        "What happened",
        &pictures,
        &[Group::Requests],
        &[],
    );
    shown(
        &mut page,
        "Dependencies",
        &pictures,
        &[Group::Dependencies],
        &[],
    );
    shown(
        &mut page,
        "Error budgets",
        &pictures,
        &[Group::Budgets],
        &[],
    );
    for section in sections(report) {
        part(&mut page, &section, &pictures);
    }
    if !history.notes.is_empty() {
        let notes: Vec<String> = history.notes.iter().map(|note| plain(note)).collect();
        shown(&mut page, "Not shown", &[], &[], &notes);
    }
    page.push_str("</main>\n</body>\n</html>\n");
    page
}

fn head(report: &Report, answer: &Answer) -> String {
    let title = format!(
        "{} {}: {}",
        sign(report.verdict),
        report.verdict,
        answer.sentence
    );
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n\
         <meta name=\"color-scheme\" content=\"light dark\"/>\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\"/>\n\
         <title>{}</title>\n<style>\n{STYLE}</style>\n</head>\n<body class=\"{}\">\n",
        escaped(&title),
        report.verdict
    )
}

/// May it ship, why not, what next.
fn first_screen(page: &mut String, report: &Report, answer: &Answer) {
    let _ = write!(
        page,
        "<header>\n<p class=\"word\"><span class=\"sign\" aria-hidden=\"true\">{}</span> {}</p>\n\
         <h1>{}</h1>\n<p class=\"where\">{}, asked of {}</p>\n",
        sign(answer.verdict),
        answer.verdict,
        escaped(&answer.sentence),
        escaped(&title(report)),
        escaped(&source(report))
    );
    page.push_str("<div class=\"answer\">\n<section id=\"next\">\n<h2>What next</h2>\n<ol>\n");
    for step in &answer.next {
        let _ = writeln!(page, "<li>{}</li>", escaped(step));
    }
    page.push_str("</ol>\n</section>\n");
    if !answer.why.is_empty() {
        let heading = match answer.verdict {
            Verdict::Pass | Verdict::Warn => "What to know",
            Verdict::Inconclusive | Verdict::Fail => "Why not",
        };
        let _ = write!(page, "<section id=\"why\">\n<h2>{heading}</h2>\n<ul>\n");
        for why in answer.why.iter().take(WHY_MAX) {
            reason(page, report, why);
        }
        page.push_str("</ul>\n");
        let hidden = answer.why.len().saturating_sub(WHY_MAX);
        if hidden > 0 {
            let hidden = count(hidden as f64);
            let _ = writeln!(
                page,
                "<p>{hidden} more reasons are with their objectives.</p>"
            );
        }
        page.push_str("</section>\n");
    }
    page.push_str("</div>\n</header>\n");
}

fn reason(page: &mut String, report: &Report, why: &Why) {
    let subjects = escaped(&why.subjects(report));
    let from = match (why.code, why.part) {
        (Some(code), _) => format!("<strong>{subjects}</strong> <code>{code}</code>"),
        (None, part) => {
            let anchor = slug(part.unwrap_or_default());
            format!("<strong><a href=\"#{anchor}\">{subjects}</a></strong>")
        }
    };
    let _ = writeln!(
        page,
        "<li>{} {from}<br/>{}</li>",
        badge(why.verdict),
        escaped(&why.sentence)
    );
}

/// A section of pictures and sentences, unless there is nothing in it.
fn shown(
    page: &mut String,
    title: &str,
    pictures: &[Picture],
    groups: &[Group],
    sentences: &[String],
) {
    let of_group: Vec<&Picture> = pictures
        .iter()
        .filter(|picture| groups.contains(&picture.group))
        .collect();
    if of_group.is_empty() && sentences.is_empty() {
        return;
    }
    open(page, title, None);
    list(page, sentences);
    figures(page, &of_group);
    page.push_str("</section>\n");
}

fn part(page: &mut String, section: &Section, all: &[Picture]) {
    open(page, section.title, section.verdict);
    list(page, &section.sentences);
    if let Some(of) = &section.table {
        table(page, of);
    }
    if section.title == super::section::RELEASES {
        let releases = all.iter().filter(|one| one.group == Group::Releases);
        figures(page, &releases.collect::<Vec<_>>());
    }
    page.push_str("</section>\n");
}

fn open(page: &mut String, title: &str, verdict: Option<Verdict>) {
    let verdict = verdict.map_or(String::new(), |verdict| format!(" {}", badge(verdict)));
    let _ = write!(
        page,
        "<section id=\"{}\">\n<h2>{}{verdict}</h2>\n",
        slug(title),
        escaped(title)
    );
}

fn list(page: &mut String, sentences: &[String]) {
    if sentences.is_empty() {
        return;
    }
    page.push_str("<ul>\n");
    for sentence in sentences {
        let _ = writeln!(page, "<li>{}</li>", escaped(sentence));
    }
    page.push_str("</ul>\n");
}

fn table(page: &mut String, table: &Table) {
    let has_verdicts = table.rows.iter().any(|row| row.verdict.is_some());
    page.push_str("<div class=\"scroll\">\n<table>\n<thead><tr>");
    if has_verdicts {
        page.push_str("<th scope=\"col\">verdict</th>");
    }
    let class = |is_number: bool| if is_number { " class=\"number\"" } else { "" };
    for column in &table.columns {
        let class = class(column.is_number);
        let _ = write!(
            page,
            "<th scope=\"col\"{class}>{}</th>",
            escaped(&column.title)
        );
    }
    page.push_str("</tr></thead>\n<tbody>\n");
    for row in &table.rows {
        page.push_str("<tr>");
        if has_verdicts {
            let badge = row.verdict.map_or(String::new(), badge);
            let _ = write!(page, "<td>{badge}</td>");
        }
        for (column, cell) in table.columns.iter().zip(&row.cells) {
            let _ = write!(
                page,
                "<td{}>{}</td>",
                class(column.is_number),
                escaped(cell)
            );
        }
        page.push_str("</tr>\n");
    }
    page.push_str("</tbody>\n</table>\n</div>\n");
}

fn figures(page: &mut String, pictures: &[&Picture]) {
    if pictures.is_empty() {
        return;
    }
    let is_grid = pictures.iter().all(|one| one.group == Group::Releases);
    let class = if is_grid { "pictures grid" } else { "pictures" };
    let _ = writeln!(page, "<div class=\"{class}\">");
    for picture in pictures {
        let finding = escaped(&picture.finding);
        page.push_str("<figure>\n");
        if let Some(png) = &picture.png {
            let _ = writeln!(
                page,
                "<div class=\"scroll\"><img alt=\"{}: {finding}\" width=\"{}\" height=\"{}\" \
                 src=\"data:image/png;base64,{}\"/></div>",
                escaped(&picture.title),
                picture.width,
                picture.height,
                STANDARD.encode(png)
            );
        } else {
            let title = escaped(&picture.title);
            let _ = writeln!(page, "<p><strong>{title}</strong> could not be drawn.</p>");
        }
        let _ = write!(page, "<figcaption>{finding}</figcaption>\n</figure>\n");
    }
    page.push_str("</div>\n");
}
