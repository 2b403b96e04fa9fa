//! What is set side by side: its queries, and how their answers are read.

use super::ranks::{Direction, Floor};
use super::{Figure, ReleasesPlan};
use crate::prometheus::{Answer, Matrix};

/// Share of a latency, of an error ratio or of saturation that a difference has to be at least.
const SHARE_MIN: f64 = 0.1;

/// Seconds that are no difference in latency, whatever share they are.
const LATENCY_SECONDS_MIN: f64 = 0.002;

/// One in a thousand requests is no difference in the error ratio.
const ERROR_RATIO_MIN: f64 = 0.001;

/// Share of the capacity that is no difference in saturation.
const SATURATION_MIN: f64 = 0.05;

/// Share of an objective's error budget that is no difference in its attainment.
const BUDGET_SHARE_MIN: f64 = 0.25;

/// One figure, before it is asked for.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    pub(super) figure: Figure,
    /// The objective that it is of.
    pub(super) objective: Option<String>,
    /// Gives its value over one interval, without matchers of a release.
    pub(super) query: String,
    /// Differences that are smaller do not matter.
    pub(super) floor: Floor,
}

impl Row {
    /// Which way it gets worse.
    pub(super) fn direction(&self) -> Direction {
        match self.figure {
            Figure::Attainment => Direction::LowerIsWorse,
            _ => Direction::HigherIsWorse,
        }
    }

    /// Whether it is of the latency of requests.
    pub(super) fn is_quantile(&self) -> bool {
        matches!(self.figure, Figure::P50 | Figure::P95 | Figure::P99)
    }
}

/// The rows of a plan, each over `interval` (`2m`).
pub(super) fn rows(plan: &ReleasesPlan<'_>, interval: &str) -> Vec<Row> {
    let of_service = |figure, query, floor| Row {
        figure,
        objective: None,
        query,
        floor,
    };
    let mut rows: Vec<Row> = Vec::new();
    for objective in plan.objectives {
        rows.push(Row {
            figure: Figure::Attainment,
            objective: Some(objective.name.clone()),
            query: format!("1 - ({})", objective.indicator.error_ratio(interval)),
            floor: Floor {
                share: 0.0,
                absolute: objective.budget() * BUDGET_SHARE_MIN,
            },
        });
    }
    if let Some(requests) = &plan.requests {
        let (name, bad) = (&requests.histogram, &requests.bad);
        let floor = |absolute| Floor {
            share: SHARE_MIN,
            absolute,
        };
        for (figure, quantile) in [
            (Figure::P50, "0.5"),
            (Figure::P95, "0.95"),
            (Figure::P99, "0.99"),
        ] {
            let query = format!(
                "histogram_quantile({quantile}, sum by (le) (rate({name}_bucket[{interval}])))"
            );
            rows.push(of_service(figure, query, floor(LATENCY_SECONDS_MIN)));
        }
        let query = format!(
            "sum(rate({name}_count{{{bad}}}[{interval}])) / sum(rate({name}_count[{interval}]))"
        );
        rows.push(of_service(
            Figure::ErrorRatio,
            query,
            floor(ERROR_RATIO_MIN),
        ));
    }
    if let Some(saturation) = &plan.saturation {
        let floor = Floor {
            share: SHARE_MIN,
            absolute: SATURATION_MIN,
        };
        let query = crate::promql::fill_window(saturation, interval);
        rows.push(of_service(Figure::Saturation, query, floor));
    }
    rows
}

/// The bounds of the buckets that had anything to say in an interval.
pub(super) fn bounds(histogram: &str, interval: &str) -> String {
    format!("count by (le) (last_over_time({histogram}_bucket[{interval}]))")
}

/// The highest bound of a bucket that is a number: no quantile is told beyond it.
pub(super) fn highest_bound(answer: &Answer) -> Option<f64> {
    let bound = |sample: &crate::prometheus::Sample| sample.labels.get("le")?.parse().ok();
    let bounds = answer.vector.iter().filter_map(bound);
    bounds
        .filter(|bound: &f64| bound.is_finite())
        .reduce(f64::max)
}

/// The values of one figure over the intervals of one release.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Values {
    /// One value of each interval that has any.
    Known(Vec<f64>),
    /// They were not measured, and why: a phrase after the name of the release.
    Unknown(String),
}

impl Values {
    pub(super) fn known(&self) -> &[f64] {
        match self {
            Self::Known(values) => values,
            Self::Unknown(_) => &[],
        }
    }

    /// Reads an answer. NaN is what a ratio without requests gives: such an interval has no value.
    /// Whatever else is no number stays, and makes the comparison unknown.
    pub(super) fn read(matrix: &Matrix) -> Self {
        if let Some(doubt) = matrix.warnings.first() {
            return Self::Unknown(format!("the answer may be partial ({doubt})"));
        }
        match matrix.series.as_slice() {
            [] => Self::Known(Vec::new()),
            [series] => {
                let values = series.points.iter().map(|(_, value)| *value);
                Self::Known(values.filter(|value| !value.is_nan()).collect())
            }
            several => Self::Unknown(format!(
                "there are {} series where one is meant",
                several.len()
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::releases::{Requests, tests::plan};
    use crate::prometheus::{Labels, Sample, Series};

    #[test]
    fn every_question_is_promql() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("objectives");
        let objectives = crate::load(&[folder]).unwrap();
        let plan = ReleasesPlan {
            objectives: &objectives,
            requests: Some(Requests {
                histogram: "http_server_request_duration_seconds".to_owned(),
                bad: r#"http_response_status_code=~"5..""#.to_owned(),
            }),
            saturation: Some("max(cpu_saturation_ratio)".to_owned()),
            ..plan()
        };
        let rows = rows(&plan, "2m");
        assert_eq!(rows.len(), 2 + 4 + 1);
        for row in &rows {
            assert!(crate::promql::parse(&row.query).is_ok(), "{}", row.query);
        }
        assert!(
            (rows[0].floor.absolute - 0.000_125).abs() < 1e-12,
            "a quarter of 0.05 %"
        );
        insta::assert_snapshot!(rows[5].query, @r#"sum(rate(http_server_request_duration_seconds_count{http_response_status_code=~"5.."}[2m])) / sum(rate(http_server_request_duration_seconds_count[2m]))"#);
    }

    #[test]
    fn an_interval_without_requests_is_no_value_and_an_infinite_one_is() {
        let points = [1.0, f64::NAN, f64::INFINITY].map(|value| (0.0, value));
        let series = Series {
            labels: Labels::new(),
            points: points.to_vec(),
        };
        let matrix = |series: &[Series], warnings: &[&str]| Matrix {
            series: series.to_vec(),
            warnings: warnings.iter().map(|text| (*text).to_owned()).collect(),
        };
        let one = std::slice::from_ref(&series);
        assert_eq!(
            Values::read(&matrix(one, &[])),
            Values::Known(vec![1.0, f64::INFINITY])
        );
        assert_eq!(Values::read(&matrix(&[], &[])), Values::Known(vec![]));
        let unknown = |values| matches!(values, Values::Unknown(_));
        assert!(unknown(Values::read(&matrix(
            &[series.clone(), series.clone()],
            &[]
        ))));
        assert!(unknown(Values::read(&matrix(one, &["a store is gone"]))));
    }

    #[test]
    fn the_highest_bound_is_the_last_that_is_a_number() {
        let sample = |le: &str| Sample {
            labels: Labels::from([("le".to_owned(), le.to_owned())]),
            value: 1.0,
            time: 0.0,
        };
        let answer = |bounds: &[&str]| Answer {
            vector: bounds.iter().map(|le| sample(le)).collect(),
            warnings: Vec::new(),
        };
        assert_eq!(
            highest_bound(&answer(&["0.5", "10", "+Inf", "2.5"])),
            Some(10.0)
        );
        assert_eq!(highest_bound(&answer(&["+Inf"])), None);
    }
}
