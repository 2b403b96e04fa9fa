//! The points of a chart, put in order and cut to what the horizontal axis spans.

use std::borrow::Cow;

use super::layers;
use crate::Color;
use crate::scene::{Chart, Kind, Series};

/// x and y.
pub(super) type Point = (f64, f64);

/// A least and a greatest number.
pub(super) type Range = (f64, f64);

/// A series ends before the range does when it lacks so many of its own steps, and such a part of
/// the range.
const STALE_STEPS: f64 = 2.5;
const STALE_PART: f64 = 0.03;
/// Steps at the end of a series that tell how long its steps are.
const STEPS_SEEN_MAX: usize = 33;
/// How far the axis reaches beyond a threshold over all points, as a part of what it spans.
const THRESHOLD_HEADROOM: f64 = 0.02;

/// What is drawn of a chart.
#[derive(Debug)]
pub(super) struct Data<'a> {
    pub(super) rows: Vec<Row<'a>>,
    /// What the horizontal axis spans; none without a range and without a point.
    pub(super) x: Option<Range>,
    /// What the vertical axis spans, or the colours; none without a finite value.
    pub(super) y: Option<Range>,
    /// From one point to the next, for bars and cells; 0 if there is no next.
    pub(super) step: f64,
    /// Values of plus and of minus infinity.
    pub(super) infinite: (usize, usize),
    /// Where the last of all series ends, if all of them do before the range does.
    pub(super) stale_from: Option<f64>,
}

/// What is drawn of one series.
#[derive(Debug)]
pub(super) struct Row<'a> {
    pub(super) name: &'a str,
    pub(super) color: Color,
    /// In order of x.
    pub(super) points: Cow<'a, [Point]>,
    /// The last point with a finite value.
    pub(super) last: Option<Point>,
    /// Whether it ends before the range does.
    pub(super) is_stale: bool,
}

impl<'a> Data<'a> {
    pub(super) fn of(chart: &'a Chart) -> Self {
        let range = chart.shown_range();
        let rows = chart.series.iter().enumerate();
        let rows = rows.map(|(index, series)| {
            let color = series.shown_color(index, chart.theme);
            Row::of(series, color, chart.kind, range)
        });
        let mut data = Self {
            rows: rows.collect(),
            x: None,
            y: None,
            step: 0.0,
            infinite: (0, 0),
            stale_from: None,
        };
        data.count_infinite();
        if matches!(chart.kind, Kind::Bar | Kind::Heat) {
            data.step = median_step(&data.rows);
        }
        data.x = range.or_else(|| data.x_span());
        data.y = data.y_span(chart);
        let lasts = data.rows.iter().filter_map(|row| row.last);
        let last = lasts.map(|(x, _)| x).reduce(f64::max);
        let ended = data.rows.iter().filter(|row| row.last.is_some());
        let is_stale = range.is_some() && ended.clone().all(|row| row.is_stale);
        data.stale_from = last.filter(|_| is_stale);
        data
    }

    /// Whether there is anything to show.
    pub(super) fn has_points(&self) -> bool {
        self.y.is_some() || self.infinite != (0, 0)
    }

    fn count_infinite(&mut self) {
        let points = self.rows.iter().flat_map(|row| row.points.iter());
        for &(_, y) in points.filter(|(x, y)| x.is_finite() && y.is_infinite()) {
            if y > 0.0 {
                self.infinite.0 += 1;
            } else {
                self.infinite.1 += 1;
            }
        }
    }

    /// What the points span; bars and cells reach half a step beyond their points.
    fn x_span(&self) -> Option<Range> {
        let points = self.rows.iter().flat_map(|row| row.points.iter());
        let shown = points.filter(|(x, y)| x.is_finite() && !y.is_nan());
        let (low, high) = span(shown.map(|&(x, _)| x))?;
        let half = self.step / 2.0;
        let wide = (low - half, high + half);
        Some(if wide.0.is_finite() && wide.1.is_finite() {
            wide
        } else {
            (low, high)
        })
    }

    fn y_span(&self, chart: &Chart) -> Option<Range> {
        let mut y = if chart.is_stacked() {
            layers::span(&self.rows)
        } else {
            let points = self.rows.iter().flat_map(|row| row.points.iter());
            let finite = points.filter(|(x, y)| x.is_finite() && y.is_finite());
            span(finite.map(|&(_, y)| y))
        }?;
        if chart.kind == Kind::Heat {
            return Some(with_zero(y));
        }
        let thresholds = chart.thresholds.iter().map(|threshold| threshold.value);
        for value in thresholds.filter(|value| value.is_finite()) {
            widen(&mut y, value);
            // A little more than the value, so that its line and label are not at the very edge.
            // Parts of numbers, because the difference of two can be larger than any number.
            let headroom = value * THRESHOLD_HEADROOM - y.0 * THRESHOLD_HEADROOM;
            if value == y.1 && (value + headroom).is_finite() {
                widen(&mut y, value + headroom);
            }
        }
        // A bar or an area is as long as its value only if it begins at zero.
        if matches!(chart.kind, Kind::Bar | Kind::Area) {
            widen(&mut y, 0.0);
        }
        Some(with_zero(y))
    }
}

impl<'a> Row<'a> {
    fn of(series: &'a Series, color: Color, kind: Kind, range: Option<Range>) -> Self {
        let points = cut(in_order(&series.points), kind, range);
        let is_finite = |(x, y): &&Point| x.is_finite() && y.is_finite();
        let last = points.iter().rev().find(is_finite).copied();
        let is_stale = match (last, range) {
            (Some((x, _)), Some((low, high))) => {
                let least = (last_step(&points) * STALE_STEPS).max((high - low) * STALE_PART);
                high - x > least
            }
            _ => false,
        };
        Self {
            name: &series.name,
            color,
            points,
            last,
            is_stale,
        }
    }
}

/// The points in order of x. Of points that are not, those without a place are left out.
fn in_order(points: &[Point]) -> Cow<'_, [Point]> {
    let placed = points.iter().filter(|(x, _)| x.is_finite());
    if placed.is_sorted_by(|a, b| a.0 <= b.0) {
        return Cow::Borrowed(points);
    }
    let mut points: Vec<Point> = points
        .iter()
        .copied()
        .filter(|(x, _)| x.is_finite())
        .collect();
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    Cow::Owned(points)
}

/// The part of the points within the range. Lines go on to its ends where the next point is outside.
fn cut(points: Cow<'_, [Point]>, kind: Kind, range: Option<Range>) -> Cow<'_, [Point]> {
    let Some((low, high)) = range else {
        return points;
    };
    let is_inside = |x: f64| !x.is_finite() || (low..=high).contains(&x);
    if points.iter().all(|&(x, _)| is_inside(x)) {
        return points;
    }
    let is_line = matches!(kind, Kind::Line | Kind::Area);
    let mut kept = Vec::with_capacity(points.len());
    for (index, &point) in points.iter().enumerate() {
        let before = index.checked_sub(1).map(|before| points[before]);
        if let Some(before) = before.filter(|_| is_line) {
            let edges = [low, high]
                .into_iter()
                .filter_map(|x| crossing(before, point, x));
            kept.extend(edges);
        }
        if is_inside(point.0) {
            kept.push(point);
        }
    }
    Cow::Owned(kept)
}

/// Where the line from `a` to `b` crosses `x`, if it does between the two.
fn crossing(a: Point, b: Point, x: f64) -> Option<Point> {
    let is_line = [a.0, a.1, b.0, b.1].into_iter().all(f64::is_finite);
    if !(is_line && a.0 < x && x < b.0) {
        return None;
    }
    Some((x, between(a, b, x)))
}

/// The height at `x` of the line from `a` to `b`, all finite, with `x` between the two.
pub(super) fn between(a: Point, b: Point, x: f64) -> f64 {
    // Halves, because the difference of two numbers can be larger than any number.
    let width = b.0 / 2.0 - a.0 / 2.0;
    let part = (x / 2.0 - a.0 / 2.0) / width;
    if width > 0.0 && part.is_finite() {
        a.1 * (1.0 - part) + b.1 * part
    } else {
        a.1
    }
}

/// The usual step at the end of a series, 0 if it has none.
fn last_step(points: &[Point]) -> f64 {
    let start = points.len().saturating_sub(STEPS_SEEN_MAX);
    let steps = points[start..].windows(2).map(|pair| pair[1].0 - pair[0].0);
    median(
        steps
            .filter(|step| *step > 0.0 && step.is_finite())
            .collect(),
    )
}

/// The usual step between the places of all points, 0 if there is only one place.
fn median_step(rows: &[Row<'_>]) -> f64 {
    let points = rows.iter().flat_map(|row| row.points.iter());
    let mut places: Vec<f64> = points.map(|&(x, _)| x).filter(|x| x.is_finite()).collect();
    places.sort_by(f64::total_cmp);
    places.dedup();
    let steps = places.windows(2).map(|pair| pair[1] - pair[0]);
    median(steps.filter(|step| step.is_finite()).collect())
}

fn median(mut steps: Vec<f64>) -> f64 {
    if steps.is_empty() {
        return 0.0;
    }
    let middle = steps.len() / 2;
    *steps.select_nth_unstable_by(middle, f64::total_cmp).1
}

pub(super) fn span(values: impl Iterator<Item = f64>) -> Option<Range> {
    values.fold(None, |span, value| {
        let mut span = span.unwrap_or((value, value));
        widen(&mut span, value);
        Some(span)
    })
}

fn widen(span: &mut Range, value: f64) {
    span.0 = span.0.min(value);
    span.1 = span.1.max(value);
}

/// Lets the axis begin at zero, unless that would press the lines flat against its far end.
fn with_zero((low, high): Range) -> Range {
    const FLAT: f64 = 0.75;
    if low == high {
        return if low > 0.0 {
            (0.0, high)
        } else if low < 0.0 {
            (low, 0.0)
        } else {
            (0.0, 1.0)
        };
    }
    if low > 0.0 && low < high * FLAT {
        return (0.0, high);
    }
    if high < 0.0 && high > low * FLAT {
        return (low, 0.0);
    }
    (low, high)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(points: &[Point], range: Option<Range>, kind: Kind) -> Chart {
        let series = Series {
            name: String::new(),
            color: None,
            points: points.to_vec(),
        };
        Chart {
            series: vec![series],
            range,
            kind,
            ..Chart::default()
        }
    }

    #[test]
    fn points_that_go_back_are_put_in_order() {
        let chart = chart(
            &[(2.0, 1.0), (1.0, 5.0), (f64::NAN, 0.0), (1.5, 3.0)],
            None,
            Kind::Line,
        );
        let data = Data::of(&chart);
        assert_eq!(*data.rows[0].points, [(1.0, 5.0), (1.5, 3.0), (2.0, 1.0)]);
    }

    #[test]
    fn a_range_cuts_lines_where_they_cross_it() {
        let points = [(0.0, 0.0), (10.0, 10.0), (20.0, f64::NAN), (30.0, 5.0)];
        let lines = chart(&points, Some((4.0, 25.0)), Kind::Line);
        let points = &Data::of(&lines).rows[0].points[..];
        assert_eq!(points[..2], [(4.0, 4.0), (10.0, 10.0)]);
        assert!(
            points.len() == 3 && points[2].1.is_nan(),
            "no line over a gap: {points:?}"
        );
        let across = chart(&[(0.0, 0.0), (10.0, 10.0)], Some((4.0, 6.0)), Kind::Line);
        assert_eq!(*Data::of(&across).rows[0].points, [(4.0, 4.0), (6.0, 6.0)]);
        let bars = chart(&[(0.0, 0.0), (5.0, 7.0)], Some((4.0, 6.0)), Kind::Bar);
        assert_eq!(*Data::of(&bars).rows[0].points, [(5.0, 7.0)]);
    }

    #[test]
    fn a_series_that_ends_early_is_stale_and_one_that_ends_a_step_early_is_not() {
        let until = |end: i32| -> Vec<Point> { (0..=end).map(|at| (f64::from(at), 1.0)).collect() };
        let stale = |end| Data::of(&chart(&until(end), Some((0.0, 100.0)), Kind::Line)).stale_from;
        assert_eq!(stale(80), Some(80.0));
        assert_eq!(stale(98), None);
        assert_eq!(
            Data::of(&chart(&until(80), None, Kind::Line)).stale_from,
            None
        );
        let mut gap = until(80);
        gap.extend((81..=100).map(|at| (f64::from(at), f64::NAN)));
        let gap = chart(&gap, Some((0.0, 100.0)), Kind::Line);
        assert_eq!(
            Data::of(&gap).stale_from,
            Some(80.0),
            "a gap at the end is an end"
        );
    }

    #[test]
    fn infinite_values_are_counted_and_span_nothing() {
        let points = [
            (0.0, 1.0),
            (1.0, f64::INFINITY),
            (2.0, f64::NEG_INFINITY),
            (3.0, f64::INFINITY),
        ];
        let chart = chart(&points, None, Kind::Line);
        let data = Data::of(&chart);
        assert_eq!(
            (data.infinite, data.x, data.y),
            ((2, 1), Some((0.0, 3.0)), Some((0.0, 1.0)))
        );
    }
}
