//! The table of objectives.

use std::collections::HashMap;
use std::fmt::Write as _;

use super::super::super::report::{Judged, Report, Verdict};
use super::super::answer::worst_first;
use super::super::{LISTED_MAX, UNKNOWN, budget, events, notes, plain, share};
use super::element::{badge, escaped, slug};
use crate::text::{count, percent};

/// The columns, as their titles and as the labels of a narrow screen.
const COLUMNS: [&str; 8] = [
    "verdict",
    "objective",
    "good",
    "asked",
    "events",
    "bad",
    BOUNDS,
    "budget left",
];

/// The column that is left out where no bounds are known.
const BOUNDS: &str = "bad share within";

/// All objectives, the worst first. Of many, those that pass are folded.
pub(super) fn objectives(page: &mut String, report: &Report) {
    page.push_str("<section id=\"objectives\">\n<h2>Objectives</h2>\n");
    let ordered = worst_first(report);
    if ordered.is_empty() {
        page.push_str("<p>There are none.</p>\n</section>\n");
        return;
    }
    let anchors = anchors(report);
    let is_folded = |judged: &Judged| ordered.len() > LISTED_MAX && judged.verdict == Verdict::Pass;
    let (folded, open): (Vec<_>, Vec<_>) =
        ordered.iter().partition(|(_, judged)| is_folded(judged));
    if !open.is_empty() {
        table(page, &open, &anchors, report);
    }
    if !folded.is_empty() {
        let number = count(folded.len() as f64);
        let _ = writeln!(
            page,
            "<details>\n<summary>{number} objectives pass</summary>"
        );
        table(page, &folded, &anchors, report);
        page.push_str("</details>\n");
    }
    page.push_str("</section>\n");
}

/// An anchor for each objective, in the order of the report: from its name, and told apart by a
/// number where names are alike.
fn anchors(report: &Report) -> Vec<String> {
    let mut seen: HashMap<String, usize> = HashMap::new();
    let anchors = report.objectives.iter().map(|judged| {
        let slug = slug(&judged.name);
        let number = seen.entry(slug.clone()).or_default();
        *number += 1;
        // Two hyphens: no name alone gives them.
        match *number {
            1 => format!("objective-{slug}"),
            number => format!("objective-{slug}--{number}"),
        }
    });
    anchors.collect()
}

fn table(page: &mut String, rows: &[(usize, &Judged)], anchors: &[String], report: &Report) {
    page.push_str("<table class=\"objectives\">\n<thead><tr>");
    let has_bounds = rows.iter().any(|(_, judged)| bounds(judged) != UNKNOWN);
    for (index, column) in COLUMNS.iter().enumerate() {
        if *column == BOUNDS && !has_bounds {
            continue;
        }
        let class = if index > 1 { " class=\"number\"" } else { "" };
        let _ = write!(page, "<th scope=\"col\"{class}>{column}</th>");
    }
    page.push_str("</tr></thead>\n");
    for (index, judged) in rows {
        let anchor = anchors.get(*index).map_or("", String::as_str);
        objective(page, judged, anchor, has_bounds, report);
    }
    page.push_str("</table>\n");
}

fn objective(page: &mut String, judged: &Judged, anchor: &str, has_bounds: bool, report: &Report) {
    let _ = writeln!(page, "<tbody id=\"{}\">", escaped(anchor));
    let _ = write!(
        page,
        "<tr><td>{}</td><th scope=\"row\"><a href=\"#{}\">{}</a>{}</th>",
        badge(judged.verdict),
        escaped(anchor),
        escaped(&plain(&judged.display_name)),
        name_and_service(judged)
    );
    let figures = [
        share(judged.attainment),
        percent(judged.target),
        events(judged.total_events),
        events(judged.bad_events),
        bounds(judged),
        budget(judged.budget_left),
    ];
    for (label, figure) in COLUMNS[2..].iter().zip(figures) {
        if *label == BOUNDS && !has_bounds {
            continue;
        }
        let figure = escaped(&figure);
        let _ = write!(
            page,
            "<td class=\"number\" data-label=\"{label}\">{figure}</td>"
        );
    }
    page.push_str("</tr>\n");
    said(page, judged, report);
    page.push_str("</tbody>\n");
}

/// The name in the file, unless it is the one for people, and the service.
fn name_and_service(judged: &Judged) -> String {
    let name = (judged.name != judged.display_name).then(|| plain(&judged.name));
    let service = (!judged.service.is_empty()).then(|| plain(&judged.service));
    let both: Vec<String> = name.into_iter().chain(service).collect();
    if both.is_empty() {
        return String::new();
    }
    format!("<small>{}</small>", escaped(&both.join(", ")))
}

/// Reasons and notes, in a row of their own.
fn said(page: &mut String, judged: &Judged, report: &Report) {
    let notes = notes(judged, report);
    if judged.reasons.is_empty() && notes.is_empty() {
        return;
    }
    let _ = write!(
        page,
        "<tr class=\"said\"><td colspan=\"{}\"><ul>",
        COLUMNS.len()
    );
    for explained in &judged.reasons {
        let (code, sentence) = (explained.reason.code(), plain(&explained.sentence));
        let _ = write!(page, "<li><code>{code}</code> {}</li>", escaped(&sentence));
    }
    for note in notes {
        let _ = write!(page, "<li class=\"note\">{}</li>", escaped(&plain(&note)));
    }
    page.push_str("</ul></td></tr>\n");
}

/// What the share of bad events is at least and at most, at the level of confidence, as far as the
/// report tells.
fn bounds(judged: &Judged) -> String {
    let value = serde_json::to_value(judged).unwrap_or_default();
    let bound = |name: &str| value.get(name).and_then(serde_json::Value::as_f64);
    match (bound("error_ratio_lower"), bound("error_ratio_upper")) {
        (Some(lower), Some(upper)) => format!("{} to {}", percent(lower), percent(upper)),
        _ => UNKNOWN.to_owned(),
    }
}
