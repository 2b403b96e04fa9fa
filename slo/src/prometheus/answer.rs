//! What the query API answers.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// Labels of a series, the name of its metric under `__name__`.
pub type Labels = BTreeMap<String, String>;

/// One value of one series.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// What tells it from others; empty for a scalar.
    pub labels: Labels,
    /// The value; may be NaN or infinite.
    pub value: f64,
    /// When it was evaluated, in seconds since 1970.
    pub time: f64,
}

/// What an instant query gave.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Answer {
    /// One value of each series; a scalar is one without labels.
    pub vector: Vec<Sample>,
    /// What the server doubts about it: the answer may be partial.
    pub warnings: Vec<String>,
}

/// Values of one series over time.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// What tells it from others.
    pub labels: Labels,
    /// Time in seconds since 1970 and value, ascending.
    pub points: Vec<(f64, f64)>,
}

/// What a range query gave.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Matrix {
    /// One entry for each series.
    pub series: Vec<Series>,
    /// What the server doubts about it: the answer may be partial.
    pub warnings: Vec<String>,
}

impl Answer {
    /// The answer as the query API writes it: what a server in this process sends.
    #[must_use]
    pub fn json(&self) -> String {
        let sample = |sample: &Sample| {
            let value = json!([sample.time, number(sample.value)]);
            json!({ "metric": sample.labels, "value": value })
        };
        envelope(
            "vector",
            self.vector.iter().map(sample).collect(),
            &self.warnings,
        )
    }
}

impl Matrix {
    /// The answer as the query API writes it: what a server in this process sends.
    #[must_use]
    pub fn json(&self) -> String {
        let point = |(time, value): &(f64, f64)| json!([time, number(*value)]);
        let series = |series: &Series| {
            let values: Vec<Value> = series.points.iter().map(point).collect();
            json!({ "metric": series.labels, "values": values })
        };
        envelope(
            "matrix",
            self.series.iter().map(series).collect(),
            &self.warnings,
        )
    }
}

fn envelope(kind: &str, result: Vec<Value>, warnings: &[String]) -> String {
    let data = json!({ "resultType": kind, "result": result });
    let mut answer = json!({ "status": "success", "data": data });
    if !warnings.is_empty() {
        answer["warnings"] = json!(warnings);
    }
    answer.to_string()
}

/// A value as Prometheus spells it.
fn number(value: f64) -> String {
    if value.is_infinite() {
        return if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    value.to_string()
}
