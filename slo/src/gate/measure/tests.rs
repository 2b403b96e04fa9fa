use proptest::prelude::*;

use super::*;
use crate::prometheus::{Labels, Series};

const MINUTE: i64 = 60_000;

fn grid(points: usize) -> Grid {
    Grid {
        first: MINUTE,
        step: MINUTE,
        points,
    }
}

fn matrix(values: &[f64]) -> Matrix {
    let point = |(index, value): (usize, &f64)| ((index as f64 + 1.0) * 60.0, *value);
    Matrix {
        series: vec![Series {
            labels: Labels::new(),
            points: values.iter().enumerate().map(point).collect(),
        }],
        warnings: Vec::new(),
    }
}

fn slices(minutes: u64, target: f64) -> Method {
    Method::Timeslices {
        slice: Duration::from_secs(60 * minutes),
        target,
    }
}

/// Counts of an indicator, all and bad.
fn counts(
    shape: Shape,
    method: Method,
    values: &[f64],
    total: Option<&[f64]>,
) -> Result<(f64, f64), Vec<Reason>> {
    let total = total.map(matrix);
    let measured = measure(
        shape,
        method,
        grid(values.len()),
        &matrix(values),
        total.as_ref(),
    )?;
    Ok((measured.total.values[0], measured.bad.values[0]))
}

fn codes(result: Result<(f64, f64), Vec<Reason>>) -> String {
    let reasons = result.unwrap_err();
    let codes: Vec<&str> = reasons.iter().map(Reason::code).collect();
    codes.join(" ")
}

const FAST: Shape = Shape::Value(Operator::Below, 0.5);

#[test]
fn each_point_of_a_threshold_is_good_or_bad() {
    let values = [0.1, 0.5, 0.4, 0.9];
    assert_eq!(
        counts(FAST, Method::Occurrences, &values, None),
        Ok((4.0, 2.0))
    );
    let at_most = Shape::Value(Operator::AtMost, 0.5);
    assert_eq!(
        counts(at_most, Method::Occurrences, &values, None),
        Ok((4.0, 1.0))
    );
}

#[test]
fn a_slice_of_a_threshold_is_judged_by_its_mean() {
    // Means 0.3 and 0.65.
    let values = [0.1, 0.5, 0.4, 0.9];
    assert_eq!(counts(FAST, slices(2, 1.0), &values, None), Ok((2.0, 1.0)));
}

#[test]
fn a_slice_of_a_ratio_is_good_when_enough_of_its_events_are() {
    let (bad, total) = ([0.0, 1.0, 5.0, 0.0], [10.0, 10.0, 10.0, 0.0]);
    let of = |target| counts(Shape::Bad, slices(1, target), &bad, Some(&total)).unwrap();
    // A minute without events is neither good nor bad.
    assert_eq!(of(0.9), (3.0, 1.0));
    assert_eq!(of(0.95), (3.0, 2.0));
    assert_eq!(of(0.5), (3.0, 0.0));
}

#[test]
fn shares_of_slices_are_averaged() {
    let method = Method::RatioTimeslices {
        slice: Duration::from_secs(60),
    };
    let (good, total) = ([10.0, 45.0], [10.0, 90.0]);
    assert_eq!(
        counts(Shape::Good, method, &good, Some(&total)),
        Ok((2.0, 0.5))
    );
}

#[test]
fn a_recorded_share_is_averaged_over_the_time() {
    let shares = [1.0, 0.5, 1.0, 0.9];
    let (total, bad) = counts(Shape::GoodShare, Method::Occurrences, &shares, None).unwrap();
    assert!(
        (total - 4.0).abs() < 1e-9 && (bad - 0.6).abs() < 1e-9,
        "{bad}"
    );
    let odd = counts(Shape::BadShare, Method::Occurrences, &[0.0, 1.5], None);
    assert_eq!(codes(odd), "contradiction");
}

#[test]
fn what_is_missing_or_no_number_is_not_known() {
    let of = |values: &[f64]| counts(FAST, Method::Occurrences, values, None);
    let mut values = vec![0.1; 100];
    values[7] = f64::NAN;
    values[8] = f64::INFINITY;
    assert_eq!(
        of(&values),
        Ok((98.0, 0.0)),
        "two of a hundred may be missing"
    );
    values[9] = f64::NEG_INFINITY;
    assert_eq!(codes(of(&values)), "nan");
    let short = measure(
        FAST,
        Method::Occurrences,
        grid(100),
        &matrix(&[0.1; 97]),
        None,
    );
    assert_eq!(short.unwrap_err()[0].code(), "points_missing");
    assert_eq!(codes(of(&[])), "points_missing");
}

#[test]
fn one_series_is_meant() {
    let mut many = matrix(&[0.1; 4]);
    many.series.push(many.series[0].clone());
    let none = Matrix::default();
    for (values, code) in [(&many, "several_series"), (&none, "no_data")] {
        let reasons = measure(FAST, Method::Occurrences, grid(4), values, None).unwrap_err();
        assert_eq!(reasons[0].code(), code);
        let one = matrix(&[1.0; 4]);
        let reasons = measure(Shape::Bad, slices(1, 0.9), grid(4), &one, Some(values));
        assert_eq!(reasons.unwrap_err()[0].code(), code);
    }
}

#[test]
fn a_part_beyond_its_whole_contradicts() {
    let of = |bad: f64| counts(Shape::Bad, slices(1, 0.9), &[bad], Some(&[100.0]));
    assert_eq!(of(101.9), Ok((1.0, 1.0)), "extrapolation");
    assert_eq!(codes(of(102.1)), "contradiction");
    assert_eq!(codes(of(-0.1)), "contradiction");
}

#[test]
fn the_last_slice_ends_with_the_grid() {
    let start = 7 * MINUTE;
    let grid = Grid::over(start, start + 5 * MINUTE + 10, Duration::from_secs(60));
    assert_eq!(grid.points, 5);
    assert_eq!(grid.first, start + MINUTE + 10);
    // Five points in slices of two: the first one is left out.
    let values = [9.0, 0.1, 0.1, 0.1, 0.1];
    assert_eq!(counts(FAST, slices(2, 1.0), &values, None), Ok((2.0, 0.0)));
}

proptest! {
    /// Against a plain account, minute by minute.
    #[test]
    fn slices_are_counted_as_one_would_by_hand(
        events in proptest::collection::vec((0_u32..50, 0_u32..50), 1..200),
        each in 1_usize..7,
        target in 0.5_f64..1.0,
    ) {
        let total: Vec<f64> = events.iter().map(|(good, bad)| f64::from(good + bad)).collect();
        let bad: Vec<f64> = events.iter().map(|(_, bad)| f64::from(*bad)).collect();
        let (mut all, mut missed) = (0.0, 0.0);
        let lead = events.len() % each;
        for slice in events[lead..].chunks(each) {
            let sum: u32 = slice.iter().map(|(good, bad)| good + bad).sum();
            let wrong: u32 = slice.iter().map(|(_, bad)| bad).sum();
            if sum > 0 {
                all += 1.0;
                let good = 1.0 - f64::from(wrong) / f64::from(sum);
                missed += f64::from(u8::from(good < target - 1e-9));
            }
        }
        let method = slices(each as u64, target);
        prop_assert_eq!(counts(Shape::Bad, method, &bad, Some(&total)), Ok((all, missed)));
    }
}
