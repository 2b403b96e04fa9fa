//! Series that stand on each other.

use super::data::{Point, Range, Row, between};

/// One place of a layer: x, and the values where the layer begins and ends there. The values are
/// not numbers where the series has a gap.
pub(super) type Slice = (f64, f64, f64);

/// What all layers span; none without a finite value.
pub(super) fn span(rows: &[Row<'_>]) -> Option<Range> {
    let mut span: Option<Range> = None;
    for_each(rows, |_, slices| {
        let values = slices.iter().flat_map(|&(_, low, high)| [low, high]);
        let seen = super::data::span(values.filter(|value| value.is_finite()));
        span = match (span, seen) {
            (Some(a), Some(b)) => Some((a.0.min(b.0), a.1.max(b.1))),
            (a, b) => a.or(b),
        };
    });
    span
}

/// Hands out the layers from the lowest to the highest, each with a slice for every place that any
/// series has. Between its points a series is a line; negative values stand below zero.
///
/// The time is places times series, both bounded by the limits of a chart.
pub(super) fn for_each(rows: &[Row<'_>], mut each: impl FnMut(usize, &[Slice])) {
    let points = rows.iter().flat_map(|row| row.points.iter());
    let mut places: Vec<f64> = points.map(|&(x, _)| x).filter(|x| x.is_finite()).collect();
    places.sort_by(f64::total_cmp);
    places.dedup();
    let mut above = vec![0.0_f64; places.len()];
    let mut below = above.clone();
    let mut slices: Vec<Slice> = Vec::with_capacity(places.len());
    for (index, row) in rows.iter().enumerate() {
        slices.clear();
        let mut next = 0;
        for (at, &x) in places.iter().enumerate() {
            let value = value_at(&row.points, &mut next, x);
            let base = if value < 0.0 { &mut below } else { &mut above };
            let from = base[at];
            // Sums beyond all numbers stay at the largest.
            let to = (from + value).clamp(f64::MIN, f64::MAX);
            if to.is_nan() {
                slices.push((x, f64::NAN, f64::NAN));
            } else {
                base[at] = to;
                slices.push((x, from, to));
            }
        }
        each(index, &slices);
    }
}

/// The value of a series at `x`, not a number in a gap. `next` is the first point that may be at or
/// after `x`; it goes on from call to call.
fn value_at(points: &[Point], next: &mut usize, x: f64) -> f64 {
    while points.get(*next).is_some_and(|point| point.0 < x) {
        *next += 1;
        // What has no place breaks the line.
        while points.get(*next).is_some_and(|point| !point.0.is_finite()) {
            *next += 1;
        }
    }
    let Some(&after) = points.get(*next).filter(|point| point.0.is_finite()) else {
        return f64::NAN;
    };
    if after.0 == x {
        return if after.1.is_finite() {
            after.1
        } else {
            f64::NAN
        };
    }
    let before = next.checked_sub(1).map(|before| points[before]);
    match before.filter(|before| before.0.is_finite() && before.1.is_finite()) {
        Some(before) if after.1.is_finite() => between(before, after, x),
        _ => f64::NAN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Chart;
    use crate::chart::data::Data;
    use crate::scene::Series;

    fn layers(series: &[&[Point]]) -> Vec<Vec<Slice>> {
        let series = series.iter().map(|points| Series {
            name: String::new(),
            color: None,
            points: points.to_vec(),
        });
        let chart = Chart {
            series: series.collect(),
            ..Chart::default()
        };
        let mut all = Vec::new();
        for_each(&Data::of(&chart).rows, |_, slices| {
            all.push(slices.to_vec())
        });
        all
    }

    #[test]
    fn each_layer_stands_on_those_below() {
        let all = layers(&[
            &[(0.0, 1.0), (1.0, 2.0)],
            &[(0.0, 3.0), (1.0, -4.0)],
            &[(0.0, 5.0), (1.0, 5.0)],
        ]);
        assert_eq!(all[0], [(0.0, 0.0, 1.0), (1.0, 0.0, 2.0)]);
        assert_eq!(all[1], [(0.0, 1.0, 4.0), (1.0, 0.0, -4.0)]);
        assert_eq!(all[2], [(0.0, 4.0, 9.0), (1.0, 2.0, 7.0)]);
    }

    #[test]
    fn places_of_other_series_are_read_off_the_line_but_not_over_a_gap() {
        let all = layers(&[
            &[(0.0, 0.0), (2.0, 4.0), (4.0, f64::NAN), (6.0, 1.0)],
            &[(1.0, 1.0), (3.0, 1.0), (5.0, 1.0)],
        ]);
        assert_eq!(all[0][1], (1.0, 0.0, 2.0), "halfway");
        assert!(
            [3, 4, 5].iter().all(|&at| all[0][at].2.is_nan()),
            "{:?}",
            all[0]
        );
        assert_eq!(all[1][1], (1.0, 2.0, 3.0));
        assert_eq!(all[1][3], (3.0, 0.0, 1.0), "a gap has no height");
        assert!(all[1][0].2.is_nan(), "before its first point");
    }
}
