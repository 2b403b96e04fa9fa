//! What was broken on purpose while the window ran.

use super::super::super::faults::FaultSeen;
use super::super::super::report::Report;
use super::super::plain;
use super::{Row, Section, Table, text};

/// Faults over a longer time than this are told with the day of each.
const DAY_SECONDS: f64 = 86_400.0;

/// The faults; nothing where none is known.
pub(super) fn section(report: &Report) -> Option<Section> {
    let first = report.faults.first()?;
    let begins = report.faults.iter().map(|fault| fault.from);
    let ends = report.faults.iter().map(|fault| fault.until);
    let from = begins.min().unwrap_or(first.from);
    let until = ends.max().unwrap_or(first.until);
    let is_long = until.duration_since(from).as_secs_f64() > DAY_SECONDS;
    let format = if is_long { "%-d %b %H:%M" } else { "%H:%M:%S" };
    let columns = ["fault", "from", "until", "stage", "experiment"];
    let rows = report.faults.iter().map(|fault| row(fault, report, format));
    Some(Section {
        title: "Faults in this window",
        verdict: None,
        sentences: vec![
            "An experiment broke something on purpose while the window ran; what that cost is \
             counted like anything else. Times are in UTC."
                .to_owned(),
        ],
        table: Some(Table {
            columns: columns.map(text).into(),
            rows: rows.collect(),
        }),
    })
}

fn row(fault: &FaultSeen, report: &Report, format: &str) -> Row {
    let what = match (plain(&fault.fault), plain(&fault.target)) {
        (fault, target) if target.is_empty() => fault,
        (fault, target) => format!("{fault} on {target}"),
    };
    let is_there = report.at.is_some_and(|at| fault.until >= at);
    let until = if is_there {
        "still there".to_owned()
    } else {
        fault.until.strftime(format).to_string()
    };
    Row {
        verdict: None,
        cells: vec![
            what,
            fault.from.strftime(format).to_string(),
            until,
            plain(&fault.stage),
            plain(&fault.experiment),
        ],
    }
}
