//! Values at points in time, made into counts: a pure function.
//!
//! An indicator that counts no events is looked at on a grid of points. What is missing or no
//! number there is not known, and too much of it makes the whole unknown.

use std::collections::BTreeMap;
use std::time::Duration;

use super::evidence::{Reading, Unit};
use super::reason::{Reason, Which};
use crate::objective::{Method, Operator};
use crate::prometheus::Matrix;

/// Share of the points that may be missing, or be no number.
const UNKNOWN_SHARE_MAX: f64 = 0.02;

/// The points at which an indicator is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Grid {
    /// The first point, in milliseconds since 1970.
    pub(super) first: i64,
    /// From point to point, in milliseconds; above 0.
    pub(super) step: i64,
    /// How many points there are.
    pub(super) points: usize,
}

impl Grid {
    /// The points whose steps together are the time from `start` to `end`, in milliseconds. What
    /// does not fill a step is left out at the beginning.
    pub(super) fn over(start: i64, end: i64, step: Duration) -> Self {
        let step = i64::try_from(step.as_millis()).unwrap_or(i64::MAX).max(1);
        let points = (end - start).max(0) / step;
        Self {
            first: end - (points - 1).max(0) * step,
            step,
            points: usize::try_from(points).unwrap_or(0),
        }
    }

    fn index_of(&self, seconds: f64) -> Option<usize> {
        let millis = (seconds * 1_000.0).round() as i64;
        let index = usize::try_from((millis - self.first).div_euclid(self.step)).ok()?;
        (index < self.points).then_some(index)
    }
}

/// What is asked for at each point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Shape {
    /// Good events beside all events.
    Good,
    /// Bad events beside all events.
    Bad,
    /// A share of good events.
    GoodShare,
    /// A share of bad events.
    BadShare,
    /// A value that is good on one side of a bound.
    Value(Operator, f64),
}

impl Shape {
    fn which(self) -> Which {
        match self {
            Self::Good => Which::Good,
            Self::Bad => Which::Bad,
            Self::GoodShare | Self::BadShare => Which::Raw,
            Self::Value(..) => Which::Threshold,
        }
    }
}

/// Values by the index of their point.
type Curve = BTreeMap<usize, f64>;

/// What one point says: how much there was, and how much of it was bad.
#[derive(Debug, Clone, Copy)]
struct Point {
    index: usize,
    total: f64,
    bad: f64,
    value: f64,
}

/// Counts of what was seen, all and bad, in their unit.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Measured {
    pub(super) total: Reading,
    pub(super) bad: Reading,
}

impl Measured {
    fn of(total: f64, bad: f64) -> Self {
        let one = |value| Reading {
            values: vec![value],
        };
        Self {
            total: one(total),
            bad: one(bad),
        }
    }
}

/// What the counts of such an indicator count.
pub(super) fn unit(method: Method) -> Unit {
    match method {
        Method::Occurrences => Unit::Points,
        Method::Timeslices { .. } | Method::RatioTimeslices { .. } => Unit::Slices,
    }
}

/// Counts what `values`, and `total` beside them where the shape has one, say on a grid.
///
/// # Errors
/// Why it is not known.
pub(super) fn measure(
    shape: Shape,
    method: Method,
    grid: Grid,
    values: &Matrix,
    total: Option<&Matrix>,
) -> Result<Measured, Vec<Reason>> {
    let which = shape.which();
    let curve = curve(values, grid, which);
    let total = total.map(|total| self::curve(total, grid, Which::Total));
    let (curve, total) = match (curve, total) {
        (Ok(curve), None) => (curve, None),
        (Ok(curve), Some(Ok(total))) => (curve, Some(total)),
        (curve, total) => {
            let errors = [curve.err(), total.and_then(Result::err)];
            return Err(errors.into_iter().flatten().collect());
        }
    };
    let mut points = Vec::with_capacity(curve.len());
    for (index, value) in curve {
        let all = total
            .as_ref()
            .map_or(Some(1.0), |total| total.get(&index).copied());
        let Some(all) = all else { continue };
        points.push(point(shape, index, value, all).map_err(|reason| vec![reason])?);
    }
    require(points.len(), grid, which).map_err(|reason| vec![reason])?;
    Ok(counted(&points, shape, method, grid))
}

/// The one series of an answer, as far as it is on the grid and finite.
fn curve(matrix: &Matrix, grid: Grid, query: Which) -> Result<Curve, Reason> {
    let series = match matrix.series.as_slice() {
        [] => return Err(Reason::NoData { query }),
        [only] => only,
        many => {
            return Err(Reason::SeveralSeries {
                query,
                series: many.len(),
            });
        }
    };
    let mut curve = Curve::new();
    let mut odd = None;
    for (seconds, value) in &series.points {
        match grid.index_of(*seconds) {
            Some(index) if value.is_finite() => {
                curve.insert(index, *value);
            }
            Some(_) => odd = Some(*value),
            None => {}
        }
    }
    match (require(curve.len(), grid, query), odd) {
        (Err(_), Some(value)) => Err(Reason::Nan {
            query,
            value: value.to_string(),
        }),
        (Err(reason), None) => Err(reason),
        (Ok(()), _) => Ok(curve),
    }
}

fn require(seen: usize, grid: Grid, query: Which) -> Result<(), Reason> {
    let expected = grid.points;
    let missing = expected.saturating_sub(seen);
    if expected > 0 && missing as f64 <= expected as f64 * UNKNOWN_SHARE_MAX {
        return Ok(());
    }
    Err(Reason::PointsMissing {
        query,
        seen,
        expected,
    })
}

/// Prometheus extrapolates, so a part may exceed its whole by this share and this many.
const EXCESS_SHARE_MAX: f64 = 0.01;
const EXCESS_EVENTS_MAX: f64 = 1.0;

fn point(shape: Shape, index: usize, value: f64, total: f64) -> Result<Point, Reason> {
    let contradiction = |message: String| Reason::Contradiction { message };
    if total < 0.0 {
        return Err(contradiction(format!(
            "The count for total is {total}, below 0"
        )));
    }
    let bad = match shape {
        Shape::Value(operator, bound) => f64::from(u8::from(!operator.holds(value, bound))),
        Shape::GoodShare | Shape::BadShare if !(-1e-9..=1.0 + 1e-9).contains(&value) => {
            return Err(contradiction(format!(
                "A share of events is {value}, not 0 to 1"
            )));
        }
        Shape::GoodShare => 1.0 - value.clamp(0.0, 1.0),
        Shape::BadShare => value.clamp(0.0, 1.0),
        Shape::Good | Shape::Bad => {
            let part_max = total * (1.0 + EXCESS_SHARE_MAX) + EXCESS_EVENTS_MAX;
            if !(0.0..=part_max).contains(&value) {
                let which = shape.which();
                return Err(contradiction(format!(
                    "At one point {value} events were {which}, of {total} in total"
                )));
            }
            let part = value.min(total);
            if shape == Shape::Bad {
                part
            } else {
                total - part
            }
        }
    };
    Ok(Point {
        index,
        total,
        bad,
        value,
    })
}

fn counted(points: &[Point], shape: Shape, method: Method, grid: Grid) -> Measured {
    match method {
        Method::Occurrences => {
            let sum = |of: fn(&Point) -> f64| points.iter().map(of).sum();
            Measured::of(sum(|point| point.total), sum(|point| point.bad))
        }
        Method::Timeslices { slice, target } => {
            let slices = slices(points, slice, grid);
            let is_bad = |slice: &&Slice| match shape {
                Shape::Value(operator, bound) => !operator.holds(slice.mean(), bound),
                // Sums of binary fractions do not decide.
                _ => slice.bad > slice.total * (1.0 - target) * (1.0 + 1e-9),
            };
            let bad = slices.iter().filter(is_bad).count();
            Measured::of(slices.len() as f64, bad as f64)
        }
        Method::RatioTimeslices { slice } => {
            let slices = slices(points, slice, grid);
            let bad = slices.iter().map(|slice| slice.bad / slice.total).sum();
            Measured::of(slices.len() as f64, bad)
        }
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Slice {
    total: f64,
    bad: f64,
    values: f64,
    points: usize,
}

impl Slice {
    fn mean(&self) -> f64 {
        self.values / self.points as f64
    }
}

/// The slices in which there was anything; the others say neither good nor bad.
fn slices(points: &[Point], length: Duration, grid: Grid) -> Vec<Slice> {
    let length = i64::try_from(length.as_millis()).unwrap_or(i64::MAX);
    let each = usize::try_from(length / grid.step).unwrap_or(1).max(1);
    // The last slice ends with the grid; a part of one at its beginning is no slice.
    let lead = grid.points % each;
    let mut slices: BTreeMap<usize, Slice> = BTreeMap::new();
    for point in points.iter().filter(|point| point.index >= lead) {
        let slice = slices.entry((point.index - lead) / each).or_default();
        slice.total += point.total;
        slice.bad += point.bad;
        slice.values += point.value;
        slice.points += 1;
    }
    slices
        .into_values()
        .filter(|slice| slice.total > 0.0)
        .collect()
}

#[cfg(test)]
mod tests;
