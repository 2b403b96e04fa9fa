//! Asks what a window gave: two counts, or values on a grid of points.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::ask::Asker;
use super::collect::Warnings;
use super::evidence::{Asked, Counts, Reading};
use super::measure::{Grid, Measured, measure};
use super::pieces::{Pieced, events_over};
use super::plan::{Count, Curves, Measure};
use super::reason::{Reason, Which};
use crate::prometheus::{Labels, Matrix, Series};

/// What a window gave.
pub(super) struct Counted {
    pub(super) total: Asked<Reading>,
    pub(super) counted: Asked<Reading>,
    pub(super) unmeasured: Vec<Reason>,
}

impl Counted {
    pub(super) fn of(total: f64, bad: f64, counts: Counts) -> Self {
        let one = |value| {
            Ok(Reading {
                values: vec![value],
            })
        };
        let part = match counts {
            Counts::Bad => bad,
            Counts::Good => total - bad,
        };
        Self {
            total: one(total),
            counted: one(part),
            unmeasured: Vec::new(),
        }
    }
}

pub(super) async fn measured(
    asker: &Asker<'_>,
    measure: &Measure,
    window: Duration,
    warnings: &mut Warnings,
) -> Counted {
    match measure {
        Measure::Counts { total, counted } => {
            let (total, unmeasured) = match events(asker, total, window, warnings).await {
                Ok(total) => (Ok(total.reading.clone()), holes(&total)),
                Err(lost) => (Err(lost), Vec::new()),
            };
            let counted = events(asker, counted, window, warnings).await;
            Counted {
                total,
                counted: counted.map(|counted| counted.reading),
                unmeasured,
            }
        }
        Measure::Curves(curves) => match curved(asker, curves, window, warnings).await {
            Err(lost) => Counted {
                total: Err(lost.clone()),
                counted: Err(lost),
                unmeasured: Vec::new(),
            },
            Ok(Ok(measured)) => Counted {
                total: Ok(measured.total),
                counted: Ok(measured.bad),
                unmeasured: Vec::new(),
            },
            Ok(Err(unmeasured)) => Counted {
                total: Ok(Reading::default()),
                counted: Ok(Reading::default()),
                unmeasured,
            },
        },
    }
}

async fn events(
    asker: &Asker<'_>,
    count: &Count,
    window: Duration,
    warnings: &mut Warnings,
) -> Asked<Pieced> {
    events_over(asker, |window| count.over(window), window, warnings).await
}

/// Of a window that was read in pieces: those in which nobody counted anything.
fn holes(total: &Pieced) -> Vec<Reason> {
    let missing = Reason::PointsMissing {
        query: Which::Total,
        seen: (total.pieces - total.holes) as usize,
        expected: total.pieces as usize,
    };
    (total.holes > 0).then_some(missing).into_iter().collect()
}

/// The most points of one answer: what Prometheus gives.
const POINTS_AT_ONCE: i64 = 10_000;

async fn curved(
    asker: &Asker<'_>,
    curves: &Curves,
    window: Duration,
    warnings: &mut Warnings,
) -> Asked<Result<Measured, Vec<Reason>>> {
    let end = asker.at().as_millisecond();
    let length = i64::try_from(window.as_millis()).unwrap_or(i64::MAX);
    let grid = Grid::over(end - length, end, curves.step);
    let value = curve(asker, &curves.value, grid, warnings).await?;
    let total = match &curves.total {
        Some(total) => Some(curve(asker, total, grid, warnings).await?),
        None => None,
    };
    Ok(measure(
        curves.shape,
        curves.method,
        grid,
        &value,
        total.as_ref(),
    ))
}

/// The values of a query on a grid, put together from as many answers as it takes.
async fn curve(
    asker: &Asker<'_>,
    query: &str,
    grid: Grid,
    warnings: &mut Warnings,
) -> Asked<Matrix> {
    let mut whole: BTreeMap<Labels, Vec<(f64, f64)>> = BTreeMap::new();
    let step = Duration::from_millis(grid.step.unsigned_abs());
    let points = i64::try_from(grid.points).unwrap_or(i64::MAX);
    let moment = |index: i64| {
        let millis = grid.first.saturating_add(index.saturating_mul(grid.step));
        Timestamp::from_millisecond(millis).unwrap_or(Timestamp::MAX)
    };
    let mut next = 0;
    while next < points {
        let last = (next + POINTS_AT_ONCE).min(points) - 1;
        let answer = asker.range(query, moment(next), moment(last), step).await?;
        for series in &warnings.of_matrix(answer).series {
            let known = whole.entry(series.labels.clone()).or_default();
            known.extend(series.points.iter().copied());
        }
        next = last + 1;
    }
    let series = whole.into_iter();
    let series = series.map(|(labels, points)| Series { labels, points });
    Ok(Matrix {
        series: series.collect(),
        warnings: Vec::new(),
    })
}
