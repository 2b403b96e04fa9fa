//! Fuzz targets: any bytes are an answer or a refusal, never a panic and never more than allowed.
//!
//! Under plain `cargo test` each runs its corpus and a second of chance; `cargo bolero` runs the
//! same targets under libFuzzer.

use std::collections::BTreeSet;
use std::time::Duration;

use proptest::prelude::*;
use slo::prometheus::{
    Answer, Labels, Matrix, POINTS_MAX, SAMPLES_MAX, SERIES_MAX, Sample, Series, instant_of,
    matrix_of, names_of, samples_of, version_of,
};

const TEST_TIME: Duration = Duration::from_secs(1);

const ADDRESS: &str = "http://prometheus:9090";

/// Good answers and odd ones; chance changes them. They are the corpus of the first target too.
const SEEDS: [&str; 9] = [
    include_str!("__fuzz__/any_bytes/corpus/vector.json"),
    include_str!("__fuzz__/any_bytes/corpus/scalar.json"),
    include_str!("__fuzz__/any_bytes/corpus/matrix.json"),
    include_str!("__fuzz__/any_bytes/corpus/error.json"),
    include_str!("__fuzz__/any_bytes/corpus/warned.json"),
    include_str!("__fuzz__/any_bytes/corpus/histogram.json"),
    include_str!("__fuzz__/any_bytes/corpus/build.json"),
    include_str!("__fuzz__/any_bytes/corpus/names.json"),
    include_str!("__fuzz__/any_bytes/corpus/turned.json"),
];

/// Reads the same bytes twice with every reader and checks what may be relied on.
fn is_sound(body: &[u8]) {
    let read = instant_of(body, ADDRESS);
    // NaN is not equal to itself, its text is.
    assert_eq!(
        format!("{read:?}"),
        format!("{:?}", instant_of(body, ADDRESS))
    );
    match read {
        Ok(answer) => {
            assert!(answer.vector.len() <= SERIES_MAX && answer.warnings.len() <= 10);
            let labels: BTreeSet<&Labels> = answer.vector.iter().map(|it| &it.labels).collect();
            assert_eq!(labels.len(), answer.vector.len());
            assert!(matrix_of(body, ADDRESS).is_err());
        }
        Err(error) => assert!(error.to_string().chars().count() < 400, "{error}"),
    }
    for (read, points_max) in [
        (matrix_of(body, ADDRESS), POINTS_MAX),
        (samples_of(body, ADDRESS), SAMPLES_MAX),
    ] {
        let Ok(matrix) = read else { continue };
        for series in &matrix.series {
            assert!(series.points.len() <= points_max);
            assert!(series.points.windows(2).all(|pair| pair[0].0 < pair[1].0));
        }
    }
    let _ = version_of(body, ADDRESS);
    let _ = names_of(body, ADDRESS);
}

#[test]
fn fuzz_any_bytes() {
    bolero::check!()
        .with_test_time(TEST_TIME)
        .for_each(|body: &[u8]| is_sound(body));
}

/// Chance never writes an envelope, so it changes good answers instead.
#[test]
fn fuzz_changed_answers() {
    bolero::check!()
        .with_test_time(TEST_TIME)
        .with_type::<(u8, Vec<(u16, u8)>, u16)>()
        .for_each(|(seed, changes, cut)| {
            let mut body = SEEDS[usize::from(*seed) % SEEDS.len()].as_bytes().to_vec();
            for (place, value) in changes.iter().take(6) {
                let place = usize::from(*place) % body.len();
                body[place] = *value;
            }
            if cut % 8 == 0 {
                body.truncate(usize::from(*cut) % body.len());
            }
            is_sound(&body);
        });
}

#[test]
fn the_corpus_is_read() {
    let is_good = |seed: &&str| {
        let seed = seed.as_bytes();
        instant_of(seed, ADDRESS).is_ok()
            || matrix_of(seed, ADDRESS).is_ok()
            || version_of(seed, ADDRESS).is_ok()
            || names_of(seed, ADDRESS).is_ok()
    };
    // All but an error and a histogram.
    assert_eq!(SEEDS.iter().filter(|seed| is_good(seed)).count(), 7);
}

/// Milliseconds are what Prometheus counts in.
fn time() -> impl Strategy<Value = f64> {
    (0..4_000_000_000_000_i64).prop_map(|millis| millis as f64 / 1_000.0)
}

fn value() -> impl Strategy<Value = f64> {
    prop_oneof![
        any::<f64>(),
        Just(f64::NAN),
        Just(f64::INFINITY),
        Just(f64::NEG_INFINITY),
        Just(-0.0),
        Just(5e-324),
    ]
}

fn label_sets() -> impl Strategy<Value = BTreeSet<Labels>> {
    let labels = prop::collection::btree_map("[a-z_]{1,4}", any::<String>(), 0..4);
    prop::collection::btree_set(labels, 0..6)
}

fn same(one: f64, other: f64) -> bool {
    one.to_bits() == other.to_bits() || one.is_nan() && other.is_nan()
}

proptest! {
    #[test]
    fn an_answer_reads_back_as_it_was_written(
        labels in label_sets(),
        values in prop::collection::vec((time(), value()), 6),
    ) {
        let samples = labels.into_iter().zip(values);
        let vector = samples.map(|(labels, (time, value))| Sample { labels, value, time });
        let written = Answer { vector: vector.collect(), warnings: vec!["partial".to_owned()] };
        let read = instant_of(written.json().as_bytes(), ADDRESS).unwrap();
        prop_assert_eq!(&read.warnings, &written.warnings);
        prop_assert_eq!(read.vector.len(), written.vector.len());
        for (read, written) in read.vector.iter().zip(&written.vector) {
            prop_assert_eq!(&read.labels, &written.labels);
            prop_assert!(same(read.time, written.time) && same(read.value, written.value));
        }
    }

    #[test]
    fn a_matrix_reads_back_as_it_was_written(
        labels in label_sets(),
        start in 0..4_000_000_000_000_i64,
        values in prop::collection::vec(value(), 0..20),
    ) {
        let times = (0..).map(|index| (start + 15_000 * index) as f64 / 1_000.0);
        let points: Vec<(f64, f64)> = times.zip(values).collect();
        let series = labels.into_iter().map(|labels| Series { labels, points: points.clone() });
        let written = Matrix { series: series.collect(), warnings: Vec::new() };
        let read = matrix_of(written.json().as_bytes(), ADDRESS).unwrap();
        prop_assert_eq!(read.series.len(), written.series.len());
        for (read, written) in read.series.iter().zip(&written.series) {
            prop_assert_eq!(&read.labels, &written.labels);
            prop_assert_eq!(read.points.len(), written.points.len());
            for (read, written) in read.points.iter().zip(&written.points) {
                prop_assert!(same(read.0, written.0) && same(read.1, written.1));
            }
        }
    }
}
