//! Heat maps: bad requests by route, answers by latency.

use render::{Chart, Kind, Series, Unit};

use super::super::super::history::{Grid, History, Row};
use super::super::{about, plain};
use super::lines::bands;
use super::{Group, Plot, WIDE, heading, name, told};

/// Rows at most.
const ROWS_MAX: usize = 24;

/// Height of a row, of all around the rows, and of the whole at least, in pixels. Letters are as
/// large as the height allows.
const ROW_HEIGHT: u32 = 56;
const SURROUNDINGS: u32 = 260;
const HEIGHT_MIN: u32 = 640;

/// Share of bad requests, time by route.
pub(super) fn routes(history: &History) -> Option<Plot> {
    let grid = history.routes.as_ref()?;
    Some(Plot {
        group: Group::Requests,
        finding: routes_finding(history, grid),
        chart: map(
            history,
            grid,
            "Bad requests by route",
            "share of the requests of each route that were bad; times in UTC",
        ),
    })
}

/// Share of answers in each bucket of latency, time by bucket.
pub(super) fn buckets(history: &History) -> Option<Plot> {
    let grid = history.buckets.as_ref()?;
    Some(Plot {
        group: Group::Requests,
        finding: buckets_finding(history, grid),
        chart: map(
            history,
            grid,
            "Latency of the answers",
            "share of all answers in each bucket, the slowest at the top; times in UTC",
        ),
    })
}

fn map(history: &History, grid: &Grid, title: &str, subtitle: &str) -> Chart {
    // A value stands for the time up to it: its cell is drawn around the middle of that time.
    let middle = |&(at, value): &(f64, f64)| (at - grid.step_seconds / 2.0, value);
    let rows = grid.rows.iter().take(ROWS_MAX);
    let series: Vec<Series> = rows
        .map(|row| Series {
            name: if row.detail.is_empty() {
                name(&row.name)
            } else {
                name(&format!("{} · {}", row.name, row.detail))
            },
            color: None,
            points: row.points.iter().map(middle).collect(),
        })
        .collect();
    Chart {
        width: WIDE.0,
        height: HEIGHT_MIN.max(SURROUNDINGS + ROW_HEIGHT * series.len() as u32),
        title: heading(title),
        subtitle: subtitle.to_owned(),
        kind: Kind::Heat,
        unit: Unit::Ratio,
        range: Some((history.from, history.until)),
        series,
        bands: bands(history, history.from),
        ..Chart::default()
    }
}

/// The cell with the greatest value.
fn peak(grid: &Grid) -> Option<(&Row, f64, f64)> {
    let cells = grid.rows.iter().flat_map(|row| {
        let points = row.points.iter();
        points.map(move |&(at, value)| (row, at, value))
    });
    cells
        .filter(|(_, at, value)| at.is_finite() && value.is_finite())
        .max_by(|a, b| a.2.total_cmp(&b.2))
}

fn routes_finding(history: &History, grid: &Grid) -> String {
    match peak(grid) {
        Some((row, at, share)) if share > 0.0 => format!(
            "Worst is {} at {}: {} of its requests were bad.",
            plain(&row.name),
            told(at, history.until - history.from),
            about(share)
        ),
        Some(_) => "No request was bad in what is known of the window.".to_owned(),
        None => "Nothing is known of the window.".to_owned(),
    }
}

/// Whether the slowest answers were there all the time or came up.
fn buckets_finding(history: &History, grid: &Grid) -> String {
    let has_any = |row: &&Row| row.points.iter().any(|(_, share)| *share > 0.0);
    let Some(slowest) = grid.rows.iter().find(has_any) else {
        return "Nothing is known of the window.".to_owned();
    };
    let most = slowest.points.iter().max_by(|a, b| a.1.total_cmp(&b.1));
    let (at, share) = most.copied().unwrap_or_default();
    format!(
        "The slowest answers took {}: at most {} of all, at {}.",
        plain(&slowest.name),
        about(share),
        told(at, history.until - history.from)
    )
}
