//! The JSON of the query API, read strictly.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// Labels of a series, the name of its metric under `__name__`.
pub type Labels = BTreeMap<String, String>;

/// Most warnings that are kept of one answer.
const WARNINGS_MAX: usize = 10;

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

/// What a body turned out to be.
#[derive(Debug, PartialEq)]
pub(super) enum Body {
    Vector(Answer),
    Matrix(Matrix),
    /// `status: error`, with kind and message.
    Error(String),
    /// Not what the API answers; the text says why.
    Foreign(String),
}

#[derive(Deserialize)]
struct Envelope {
    status: String,
    data: Option<Data>,
    #[serde(rename = "errorType", default)]
    error_type: String,
    #[serde(default)]
    error: String,
    #[serde(default)]
    warnings: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Data {
    #[serde(rename = "resultType")]
    result_type: String,
    result: Value,
}

#[derive(Deserialize)]
struct InstantSeries {
    metric: Labels,
    value: Option<(f64, String)>,
}

#[derive(Deserialize)]
struct RangeSeries {
    metric: Labels,
    values: Option<Vec<(f64, String)>>,
}

/// Reads a body.
pub(super) fn read(bytes: &[u8]) -> Body {
    let envelope: Envelope = match serde_json::from_slice(bytes) {
        Ok(envelope) => envelope,
        Err(error) => {
            let beginning = String::from_utf8_lossy(&bytes[..bytes.len().min(60)]);
            return Body::Foreign(crate::text::shown(&format!("{error}, in {beginning:?}")));
        }
    };
    let warnings = envelope.warnings.unwrap_or_default();
    let warnings = warnings
        .iter()
        .take(WARNINGS_MAX)
        .map(|text| crate::text::shown(text))
        .collect();
    match (envelope.status.as_str(), envelope.data) {
        ("success", Some(data)) => result(data, warnings).unwrap_or_else(Body::Foreign),
        ("success", None) => Body::Foreign("status is success, and there is no data".to_owned()),
        ("error", _) => Body::Error(crate::text::shown(&format!(
            "{}: {}",
            envelope.error_type, envelope.error
        ))),
        (other, _) => Body::Foreign(crate::text::shown(&format!("status is {other:?}"))),
    }
}

fn result(data: Data, warnings: Vec<String>) -> Result<Body, String> {
    let wrong =
        |error: serde_json::Error| crate::text::shown(&format!("the result is odd: {error}"));
    match data.result_type.as_str() {
        "vector" => {
            let series: Vec<InstantSeries> = serde_json::from_value(data.result).map_err(wrong)?;
            let vector = series.into_iter().map(sample).collect::<Result<_, _>>()?;
            Ok(Body::Vector(Answer { vector, warnings }))
        }
        "scalar" => {
            let (time, value): (f64, String) =
                serde_json::from_value(data.result).map_err(wrong)?;
            let sample = Sample {
                labels: Labels::new(),
                value: number(&value)?,
                time,
            };
            Ok(Body::Vector(Answer {
                vector: vec![sample],
                warnings,
            }))
        }
        "matrix" => {
            let series: Vec<RangeSeries> = serde_json::from_value(data.result).map_err(wrong)?;
            let series = series.into_iter().map(points).collect::<Result<_, _>>()?;
            Ok(Body::Matrix(Matrix { series, warnings }))
        }
        other => Err(crate::text::shown(&format!("the result is a {other:?}"))),
    }
}

const HISTOGRAM: &str = "a native histogram instead of a number";

fn sample(series: InstantSeries) -> Result<Sample, String> {
    let (time, value) = series.value.ok_or(HISTOGRAM)?;
    Ok(Sample {
        labels: series.metric,
        value: number(&value)?,
        time,
    })
}

fn points(series: RangeSeries) -> Result<Series, String> {
    let values = series.values.ok_or(HISTOGRAM)?;
    let point = |(time, value): (f64, String)| Ok((time, number(&value)?));
    let points = values
        .into_iter()
        .map(point)
        .collect::<Result<_, String>>()?;
    Ok(Series {
        labels: series.metric,
        points,
    })
}

fn number(text: &str) -> Result<f64, String> {
    text.parse()
        .map_err(|_| crate::text::shown(&format!("{text:?} is not a number")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vector_and_a_scalar_are_samples() {
        let text = r#"{"status":"success","data":{"resultType":"vector","result":[
            {"metric":{"job":"a"},"value":[1.5,"NaN"]},{"metric":{},"value":[1.5,"+Inf"]}]}}"#;
        let Body::Vector(answer) = read(text.as_bytes()) else {
            panic!()
        };
        assert!(answer.vector[0].value.is_nan());
        assert_eq!(answer.vector[0].labels["job"], "a");
        assert_eq!(answer.vector[1].value, f64::INFINITY);
        let text = r#"{"status":"success","data":{"resultType":"scalar","result":[2,"3"]}}"#;
        let Body::Vector(answer) = read(text.as_bytes()) else {
            panic!()
        };
        assert_eq!(
            answer.vector,
            [Sample {
                labels: Labels::new(),
                value: 3.0,
                time: 2.0
            }]
        );
    }

    #[test]
    fn warnings_are_kept_within_bounds() {
        let text = format!(
            r#"{{"status":"success","data":{{"resultType":"vector","result":[]}},"warnings":[{}]}}"#,
            vec![format!("{:?}", "w".repeat(1_000)); 50].join(",")
        );
        let Body::Vector(answer) = read(text.as_bytes()) else {
            panic!()
        };
        assert_eq!(answer.warnings.len(), WARNINGS_MAX);
        assert!(answer.warnings[0].len() < 300);
    }

    #[test]
    fn anything_else_is_foreign() {
        for text in [
            "",
            "<html>",
            "[]",
            "{}",
            "null",
            r#"{"status":"success"}"#,
            r#"{"status":"fine"}"#,
            r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{}}]}}"#,
            r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"x"]}]}}"#,
            r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,2]}]}}"#,
            r#"{"status":"success","data":{"resultType":"string","result":[1,"x"]}}"#,
            r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"1"]}"#,
        ] {
            assert!(matches!(read(text.as_bytes()), Body::Foreign(_)), "{text}");
        }
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(matches!(read(deep.as_bytes()), Body::Foreign(_)));
    }

    #[test]
    fn an_error_keeps_its_words() {
        let text = r#"{"status":"error","errorType":"bad_data","error":"parse\u001b error"}"#;
        assert_eq!(
            read(text.as_bytes()),
            Body::Error("bad_data: parse error".to_owned())
        );
    }
}
