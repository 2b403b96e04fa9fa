//! The JSON of the API, read strictly and in one pass.
//!
//! Nothing is held twice: the result is read straight into the values that leave this module, also
//! when its type comes after it.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::answer::{Answer, Labels, Matrix, Sample, Series};
use super::error::{Part, SourceError};
use crate::text::shown;

/// Most series of one answer.
pub const SERIES_MAX: usize = 20_000;

/// Most points of one series of a range query: Prometheus itself gives no more.
pub const POINTS_MAX: usize = 11_000;

/// Most samples of one series as they were scraped: a day at 1 s, a month at 15 s.
pub const SAMPLES_MAX: usize = 250_000;

/// Most names of metrics.
pub const NAMES_MAX: usize = 200_000;

/// Most warnings that are kept of one answer.
const WARNINGS_MAX: usize = 10;

/// Most labels of one series.
const LABELS_MAX: usize = 256;

/// So much of something foreign is shown, in bytes.
const BEGINNING_BYTES_MAX: usize = 60;

/// Reads the answer of an instant query: a vector or a scalar.
///
/// # Errors
/// [`SourceError::Refused`] when the body says that it is an error, [`SourceError::TooLarge`] and
/// [`SourceError::NotAnApi`], all with `address` as the server.
pub fn instant_of(bytes: &[u8], address: &str) -> Result<Answer, SourceError> {
    read_instant(bytes).map_err(|fault| fault.of(address))
}

/// Reads the answer of a range query: at most [`POINTS_MAX`] points a series.
///
/// # Errors
/// As [`instant_of`].
pub fn matrix_of(bytes: &[u8], address: &str) -> Result<Matrix, SourceError> {
    read_matrix::<POINTS_MAX>(bytes).map_err(|fault| fault.of(address))
}

/// Reads the samples of a range selector: at most [`SAMPLES_MAX`] a series.
///
/// # Errors
/// As [`instant_of`].
pub fn samples_of(bytes: &[u8], address: &str) -> Result<Matrix, SourceError> {
    read_matrix::<SAMPLES_MAX>(bytes).map_err(|fault| fault.of(address))
}

/// Reads which version the server is, such as `2.42.0`.
///
/// # Errors
/// As [`instant_of`].
pub fn version_of(bytes: &[u8], address: &str) -> Result<String, SourceError> {
    let version = data(bytes).and_then(|(data, _)| {
        let build: Build = typed(data)?;
        Ok(shown(&build.version))
    });
    version.map_err(|fault| fault.of(address))
}

/// Reads names of metrics, at most [`NAMES_MAX`].
///
/// # Errors
/// As [`instant_of`].
pub fn names_of(bytes: &[u8], address: &str) -> Result<Vec<String>, SourceError> {
    let names = data(bytes).and_then(|(data, warnings)| {
        let names: Bounded<String, NAMES_MAX> = typed(data)?;
        if let Some(warning) = warnings.first() {
            return Err(Fault::Foreign(format!(
                "the names may not be all: {warning}"
            )));
        }
        names.whole(Part::Names)
    });
    names.map_err(|fault| fault.of(address))
}

/// What is wrong with a body.
#[derive(Debug)]
enum Fault {
    /// `status: error`, with kind and message.
    Refused(String),
    Foreign(String),
    TooLarge(usize, Part),
}

impl Fault {
    fn of(self, address: &str) -> SourceError {
        let address = address.to_owned();
        match self {
            Self::Refused(message) => SourceError::Refused {
                address,
                status: 200,
                message,
            },
            Self::Foreign(message) => SourceError::NotAnApi { address, message },
            Self::TooLarge(limit, of) => SourceError::TooLarge { address, limit, of },
        }
    }
}

#[derive(Deserialize)]
#[serde(expecting = "an object")]
struct Envelope<'a> {
    #[serde(borrow)]
    status: Cow<'a, str>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
    #[serde(rename = "errorType", default)]
    error_type: String,
    #[serde(default)]
    error: String,
    // Beside it Prometheus 3 sends `infos`: advice on queries, which says nothing about the answer.
    #[serde(default)]
    warnings: Option<Bounded<String, WARNINGS_MAX>>,
}

#[derive(Deserialize)]
struct Data<'a> {
    #[serde(rename = "resultType", borrow)]
    result_type: Cow<'a, str>,
    #[serde(borrow)]
    result: &'a RawValue,
}

#[derive(Deserialize)]
struct Build {
    version: String,
}

#[derive(Deserialize)]
struct InstantSeries {
    metric: Metric,
    value: Option<Point>,
}

#[derive(Deserialize)]
struct RangeSeries<const POINTS: usize> {
    metric: Metric,
    values: Option<Bounded<Point, POINTS>>,
    #[serde(default)]
    histograms: Option<IgnoredAny>,
}

/// What the server said in an error, when the body is one.
pub(super) fn error_of(bytes: &[u8]) -> Option<String> {
    match data(bytes) {
        Err(Fault::Refused(message)) => Some(message),
        _ => None,
    }
}

fn data(bytes: &[u8]) -> Result<(&RawValue, Vec<String>), Fault> {
    if bytes.trim_ascii_start().first() == Some(&b'[') {
        // A list in the order of our fields would do else.
        return Err(Fault::Foreign(
            "it is a list; expected an object".to_owned(),
        ));
    }
    let envelope: Envelope<'_> = serde_json::from_slice(bytes).map_err(|error| {
        let beginning = &bytes[..bytes.len().min(BEGINNING_BYTES_MAX)];
        let beginning = String::from_utf8_lossy(beginning);
        Fault::Foreign(shown(&format!("{error}, in {beginning:?}")))
    })?;
    match (&*envelope.status, envelope.data) {
        ("success", _) if !envelope.error.is_empty() || !envelope.error_type.is_empty() => {
            let (kind, error) = (envelope.error_type, envelope.error);
            let said = format!("status is success, and there is an error: {kind}: {error}");
            Err(Fault::Foreign(shown(&said)))
        }
        ("success", Some(data)) => Ok((data, warnings(envelope.warnings))),
        ("success", None) => {
            let said = "status is success, and there is no data";
            Err(Fault::Foreign(said.to_owned()))
        }
        ("error", _) => {
            let (kind, error) = (envelope.error_type, envelope.error);
            Err(Fault::Refused(shown(&format!("{kind}: {error}"))))
        }
        (other, _) => Err(Fault::Foreign(shown(&format!("status is {other:?}")))),
    }
}

fn warnings(warnings: Option<Bounded<String, WARNINGS_MAX>>) -> Vec<String> {
    let Some(warnings) = warnings else {
        return Vec::new();
    };
    let mut texts: Vec<String> = warnings.items.iter().map(|text| shown(text)).collect();
    if warnings.count > WARNINGS_MAX {
        // Written over the last one, which keeps the bound.
        texts.pop();
        let more = warnings.count - texts.len();
        texts.push(format!("and {more} more"));
    }
    texts
}

fn typed<'a, T: Deserialize<'a>>(raw: &'a RawValue) -> Result<T, Fault> {
    let odd = |error| Fault::Foreign(shown(&format!("the result is odd: {error}")));
    serde_json::from_str(raw.get()).map_err(odd)
}

fn read_instant(bytes: &[u8]) -> Result<Answer, Fault> {
    let (data, warnings) = data(bytes)?;
    let data: Data<'_> = typed(data)?;
    let vector = match &*data.result_type {
        "vector" => {
            let series: Bounded<InstantSeries, SERIES_MAX> = typed(data.result)?;
            let series = series.whole(Part::Series)?;
            let samples: Result<Vec<Sample>, Fault> = series.into_iter().map(sample).collect();
            samples?
        }
        "scalar" => {
            let Point { time, value } = typed(data.result)?;
            let labels = Labels::new();
            vec![Sample {
                labels,
                value,
                time,
            }]
        }
        other => return Err(unexpected(other, "a vector or a scalar")),
    };
    unique(vector.iter().map(|sample| &sample.labels))?;
    Ok(Answer { vector, warnings })
}

fn read_matrix<const POINTS: usize>(bytes: &[u8]) -> Result<Matrix, Fault> {
    let (data, warnings) = data(bytes)?;
    let data: Data<'_> = typed(data)?;
    if data.result_type != "matrix" {
        return Err(unexpected(&data.result_type, "a matrix"));
    }
    let series: Bounded<RangeSeries<POINTS>, SERIES_MAX> = typed(data.result)?;
    let series = series.whole(Part::Series)?;
    let series: Result<Vec<Series>, Fault> = series.into_iter().map(points).collect();
    let series = series?;
    unique(series.iter().map(|series| &series.labels))?;
    Ok(Matrix { series, warnings })
}

fn unexpected(kind: &str, expected: &str) -> Fault {
    Fault::Foreign(shown(&format!(
        "the result is a {kind}; expected {expected}"
    )))
}

fn histogram(labels: &Labels) -> Fault {
    Fault::Foreign(format!(
        "{} is a native histogram instead of a number",
        name(labels)
    ))
}

fn sample(series: InstantSeries) -> Result<Sample, Fault> {
    let labels = series.metric.0;
    let Some(Point { time, value }) = series.value else {
        return Err(histogram(&labels));
    };
    Ok(Sample {
        labels,
        value,
        time,
    })
}

fn points<const POINTS: usize>(series: RangeSeries<POINTS>) -> Result<Series, Fault> {
    let labels = series.metric.0;
    let (Some(values), None) = (series.values, series.histograms) else {
        return Err(histogram(&labels));
    };
    let values = values.whole(Part::Points)?;
    if let Some(pair) = values.windows(2).find(|pair| pair[0].time >= pair[1].time) {
        return Err(Fault::Foreign(format!(
            "the points of {} do not ascend in time: {} comes after {}",
            name(&labels),
            pair[1].time,
            pair[0].time
        )));
    }
    let points = values.into_iter().map(|point| (point.time, point.value));
    Ok(Series {
        labels,
        points: points.collect(),
    })
}

fn unique<'a>(series: impl Iterator<Item = &'a Labels>) -> Result<(), Fault> {
    let mut seen = HashSet::new();
    for labels in series {
        if !seen.insert(labels) {
            let said = format!("{} is in the answer twice", name(labels));
            return Err(Fault::Foreign(said));
        }
    }
    Ok(())
}

/// A series as PromQL writes it, bounded.
fn name(labels: &Labels) -> String {
    let metric = labels.get("__name__").map_or("", String::as_str);
    let others = labels.iter().filter(|(label, _)| *label != "__name__");
    let others: Vec<String> = others
        .map(|(label, value)| format!("{label}={value:?}"))
        .collect();
    shown(&format!("{metric}{{{}}}", others.join(",")))
}

/// The first `MAX` items of a list, and how many there are.
struct Bounded<T, const MAX: usize> {
    items: Vec<T>,
    count: usize,
}

impl<T, const MAX: usize> Bounded<T, MAX> {
    fn whole(self, of: Part) -> Result<Vec<T>, Fault> {
        if self.count > MAX {
            return Err(Fault::TooLarge(MAX, of));
        }
        Ok(self.items)
    }
}

struct BoundedVisitor<T, const MAX: usize>(PhantomData<T>);

impl<'de, T: Deserialize<'de>, const MAX: usize> Deserialize<'de> for Bounded<T, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(BoundedVisitor(PhantomData))
    }
}

impl<'de, T: Deserialize<'de>, const MAX: usize> Visitor<'de> for BoundedVisitor<T, MAX> {
    type Value = Bounded<T, MAX>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut items = Vec::new();
        while items.len() < MAX {
            match list.next_element()? {
                Some(item) => items.push(item),
                None => break,
            }
        }
        let mut count = items.len();
        while count >= MAX && list.next_element::<IgnoredAny>()?.is_some() {
            count += 1;
        }
        Ok(Bounded { items, count })
    }
}

/// Labels, each name once.
struct Metric(Labels);

struct MetricVisitor;

impl<'de> Deserialize<'de> for Metric {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MetricVisitor)
    }
}

impl<'de> Visitor<'de> for MetricVisitor {
    type Value = Metric;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("labels")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Metric, A::Error> {
        let mut labels = Labels::new();
        while let Some((label, value)) = map.next_entry::<String, String>()? {
            if labels.len() == LABELS_MAX {
                let said = format!("a series has more than {LABELS_MAX} labels");
                return Err(A::Error::custom(said));
            }
            if labels.contains_key(&label) {
                let said = format!("a series has the label {label:?} twice");
                return Err(A::Error::custom(said));
            }
            labels.insert(label, value);
        }
        Ok(Metric(labels))
    }
}

/// A time in seconds since 1970, and a value, which may be NaN or infinite.
#[derive(Deserialize)]
#[serde(from = "(f64, Number)")]
struct Point {
    time: f64,
    value: f64,
}

impl From<(f64, Number)> for Point {
    fn from((time, Number(value)): (f64, Number)) -> Self {
        Self { time, value }
    }
}

/// A number that is written as text.
struct Number(f64);

struct NumberVisitor;

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(NumberVisitor)
    }
}

impl Visitor<'_> for NumberVisitor {
    type Value = Number;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number as text")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Number, E> {
        let number = text.parse().map(Number);
        number.map_err(|_| E::custom(format!("{:?} is not a number", shown(text))))
    }
}

#[cfg(test)]
mod tests;
