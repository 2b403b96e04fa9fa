use super::*;
use crate::prometheus::{Sample, Series};

const NOW: f64 = 1_800_000_000.0;
const HOUR: Duration = Duration::from_secs(3_600);

fn labels(cluster: &str) -> Labels {
    [("job", "a"), ("instance", "b"), ("cluster", cluster)]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
}

fn answer(values: &[(&str, f64)]) -> Answer {
    let sample = |(cluster, value): &(&str, f64)| Sample {
        labels: labels(cluster),
        value: *value,
        time: NOW,
    };
    Answer {
        vector: values.iter().map(sample).collect(),
        warnings: Vec::new(),
    }
}

/// Scrapes at these seconds before now, by cluster.
fn matrix(series: &[(&str, &[u32])]) -> Matrix {
    let series_of = |(cluster, before): &(&str, &[u32])| Series {
        labels: labels(cluster),
        points: before
            .iter()
            .map(|before| (NOW - f64::from(*before), 1.0))
            .collect(),
    };
    Matrix {
        series: series.iter().map(series_of).collect(),
        warnings: Vec::new(),
    }
}

fn rhythm(series: &[(&str, &[u32])]) -> (Option<f64>, Option<f64>) {
    let found = rhythms(&matrix(series), NOW, HOUR);
    let rhythm = found[&key(&labels(""))];
    (rhythm.interval_seconds, rhythm.gap_seconds)
}

#[test]
fn the_interval_is_the_middle_gap() {
    assert_eq!(median_gap(&[]), None);
    assert_eq!(median_gap(&[5.0]), None);
    assert_eq!(median_gap(&[0.0, 15.0, 30.0, 90.0, 105.0]), Some(15.0));
}

#[test]
fn a_gap_counts_from_the_first_scrape_in_the_window() {
    assert_eq!(rhythm(&[("a", &[])]), (None, None));
    assert_eq!(rhythm(&[("a", &[30, 15, 0])]), (Some(15.0), Some(15.0)));
    assert_eq!(
        rhythm(&[("a", &[900, 30, 15, 0])]),
        (Some(15.0), Some(870.0))
    );
    let before_the_window = rhythm(&[("a", &[5_000, 30, 15, 0])]);
    assert_eq!(before_the_window, (Some(15.0), Some(15.0)));
}

#[test]
fn a_gap_of_one_series_is_not_covered_by_another() {
    let whole: &[u32] = &[60, 45, 30, 15, 0];
    let holed: &[u32] = &[60, 0];
    for series in [[("a", whole), ("b", holed)], [("a", holed), ("b", whole)]] {
        assert_eq!(rhythm(&series), (Some(15.0), Some(60.0)));
    }
    // One that ended when the other began has no gap, but what lies between them is one.
    assert_eq!(rhythm(&[("a", &[60, 45]), ("b", &[15, 0])]).1, Some(30.0));
}

#[test]
fn the_worst_of_several_series_speaks_for_the_target() {
    for (one, other) in [(0.0, 1.0), (1.0, 0.0)] {
        let found = answer(&[("a", one), ("b", other)]);
        assert_eq!(
            by_key(samples(&found), less_up)[&key(&labels(""))],
            0.0,
            "now"
        );
        assert_eq!(
            by_key(samples(&found), more_up)[&key(&labels(""))],
            1.0,
            "at the start"
        );
    }
    let odd = answer(&[("a", 1.0), ("b", f64::NAN)]);
    assert!(by_key(samples(&odd), less_up)[&key(&labels(""))].is_nan());
}

#[test]
fn the_scrapes_of_which_most_failed_count() {
    let worst = |all: [f64; 2], good: [f64; 2]| {
        let pairs = |values: [f64; 2]| answer(&[("a", values[0]), ("b", values[1])]);
        let scrapes = scrapes(&pairs(all), &pairs(good))[&key(&labels(""))];
        (scrapes.all, scrapes.failed)
    };
    assert_eq!(worst([240.0, 240.0], [240.0, 200.0]), (240.0, 40.0));
    assert_eq!(worst([240.0, 240.0], [200.0, 240.0]), (240.0, 40.0));
    // One failure is allowed of ten, five are not of a hundred.
    assert_eq!(worst([10.0, 100.0], [9.0, 95.0]), (100.0, 5.0));
    assert_eq!(worst([10.0, 100.0], [10.0, 100.0]), (100.0, 0.0));
    assert!(worst([10.0, 100.0], [f64::NAN, 100.0]).1.is_nan());
    assert!(worst([10.0, 100.0], [10.0, f64::NAN]).1.is_nan());
}

#[test]
fn an_age_that_makes_no_sense_is_not_covered_by_another() {
    assert_eq!(older(3.0, 5.0), 5.0);
    for odd in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -60.0] {
        assert!(
            older(odd, 5.0).is_nan() && older(5.0, odd).is_nan(),
            "{odd}"
        );
    }
}
