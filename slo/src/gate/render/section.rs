//! Parts of a report that every form shows alike: sentences and a table. A new part is a value of
//! [`Section`] in [`sections`], and all forms show it.

mod faults;
mod policy;

use super::super::releases::{Compared, Figure, Releases};
use super::super::report::{Report, Verdict};
use super::{UNKNOWN, plain, share};
use crate::text::{count, percent, seconds};

/// Titles that forms tell apart.
pub(super) const RELEASES: &str = "Beside earlier releases";
pub(super) const HOW: &str = "How it was judged";

/// Rows of a table at most, the worst first; the rest is counted.
const ROWS_MAX: usize = 60;

/// One part of a report.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Section {
    /// Its name, and in lower case with hyphens its anchor.
    pub(super) title: &'static str,
    /// What it means for the release; `None` when it only informs.
    pub(super) verdict: Option<Verdict>,
    pub(super) sentences: Vec<String>,
    pub(super) table: Option<Table>,
}

/// Rows under titles.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Table {
    pub(super) columns: Vec<Column>,
    pub(super) rows: Vec<Row>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Column {
    pub(super) title: String,
    /// Whether it holds figures, which stand right.
    pub(super) is_number: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    pub(super) verdict: Option<Verdict>,
    /// One for each column.
    pub(super) cells: Vec<String>,
}

/// All parts beside the objectives, in reading order.
pub(super) fn sections(report: &Report) -> Vec<Section> {
    let policy = report.policy.iter().flat_map(policy::sections);
    let releases = report.releases.as_ref().map(of_releases);
    let faults = faults::section(report);
    let remarks = (!report.remarks.is_empty()).then(|| of_remarks(report));
    let others = [faults, releases, remarks, Some(how(report))];
    policy.chain(others.into_iter().flatten()).collect()
}

fn text(title: &str) -> Column {
    Column {
        title: title.to_owned(),
        is_number: false,
    }
}

fn number(title: String) -> Column {
    Column {
        title,
        is_number: true,
    }
}

fn of_releases(releases: &Releases) -> Section {
    let name = plain(&releases.current.name);
    let earlier: Vec<String> = releases
        .earlier
        .iter()
        .map(|one| plain(&one.name))
        .collect();
    let mut rows: Vec<&Compared> = releases.rows.iter().collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.verdict));
    // What speaks against the release stands first.
    let worse = rows.iter().filter(|row| row.verdict != Verdict::Pass);
    let mut sentences: Vec<String> = worse
        .take(ROWS_MAX)
        .map(|row| plain(&row.sentence))
        .collect();
    sentences.push(if releases.is_first || earlier.is_empty() {
        format!(
            "{name} is the first release that Prometheus knows of: there is none to compare with."
        )
    } else {
        format!("The table sets {name} beside {}.", earlier.join(", "))
    });
    let hidden = rows.len().saturating_sub(ROWS_MAX);
    if hidden > 0 {
        sentences.push(format!(
            "{} more figures are left out.",
            count(hidden as f64)
        ));
    }
    let mut columns = vec![text("figure"), number(name)];
    columns.extend(earlier.into_iter().map(number));
    columns.push(number("by chance".to_owned()));
    let rows = rows
        .into_iter()
        .take(ROWS_MAX)
        .map(|row| compared(row, releases));
    let rows: Vec<Row> = rows.collect();
    Section {
        title: RELEASES,
        verdict: releases.rows.iter().map(|row| row.verdict).max(),
        sentences,
        table: (!rows.is_empty()).then_some(Table { columns, rows }),
    }
}

fn compared(row: &Compared, releases: &Releases) -> Row {
    let title = figure_title(row.figure);
    let title = match &row.objective {
        Some(objective) => format!("{title}, {}", plain(objective)),
        None => title.to_owned(),
    };
    let mut cells = vec![title, figure_text(row.figure, row.current)];
    for index in 0..releases.earlier.len() {
        let value = row.earlier.get(index).copied().flatten();
        cells.push(figure_text(row.figure, value));
    }
    cells.push(match row.p_value {
        Some(p) if p < 0.001 => "< 0.1 %".to_owned(),
        p => share(p.map(|p| (p * 1e3).round() / 1e3)),
    });
    Row {
        verdict: Some(row.verdict),
        cells,
    }
}

/// A figure in words.
pub(super) const fn figure_title(figure: Figure) -> &'static str {
    match figure {
        Figure::Attainment => "Good events",
        Figure::ErrorRatio => "Bad requests",
        Figure::P50 => "P50",
        Figure::P95 => "P95",
        Figure::P99 => "P99",
        Figure::Saturation => "Saturation",
    }
}

/// A figure in its unit.
pub(super) fn figure_text(figure: Figure, value: Option<f64>) -> String {
    let Some(value) = value.filter(|value| value.is_finite()) else {
        return UNKNOWN.to_owned();
    };
    match figure {
        Figure::P50 | Figure::P95 | Figure::P99 => seconds(value),
        Figure::Attainment | Figure::ErrorRatio | Figure::Saturation => percent(value),
    }
}

fn of_remarks(report: &Report) -> Section {
    Section {
        title: "Remarks",
        verdict: None,
        sentences: report.remarks.iter().map(|remark| plain(remark)).collect(),
        table: None,
    }
}

/// How it was judged: all that one needs to judge it again.
fn how(report: &Report) -> Section {
    let mut rows = Vec::new();
    let mut row = |name: &str, value: String| {
        rows.push(Row {
            verdict: None,
            cells: vec![name.to_owned(), value],
        });
    };
    row(
        "Window",
        format!("{}, until {}", plain(&report.window), at(report)),
    );
    row("Prometheus", plain(&report.prometheus));
    let matchers: Vec<String> = report.matchers.iter().map(|one| plain(one)).collect();
    row(
        "Only series with",
        if matchers.is_empty() {
            "no restriction".to_owned()
        } else {
            matchers.join(", ")
        },
    );
    row(
        "Events needed",
        format!("at least {}", count(report.min_events as f64)),
    );
    row("Judged by", plain(&report.tool));
    row("Exit code", report.exit_code.to_string());
    let sentences = match (report.verdict, report.exit_code) {
        (Verdict::Fail | Verdict::Inconclusive, 0) => {
            vec!["Advisory: it is only reported, and the exit code is 0.".to_owned()]
        }
        (Verdict::Warn, 1) => vec!["Strict: a warning counts as a miss.".to_owned()],
        _ => Vec::new(),
    };
    Section {
        title: HOW,
        verdict: None,
        sentences,
        table: Some(Table {
            columns: vec![text("what"), text("value")],
            rows,
        }),
    }
}

/// The time that was looked at, to the second.
pub(super) fn at(report: &Report) -> String {
    report
        .at
        .map_or("an unknown time".to_owned(), |at| format!("{at:.0}"))
}
