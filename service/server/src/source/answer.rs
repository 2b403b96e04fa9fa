//! The JSON of a range query, read strictly and within bounds.
//!
//! What is read is never larger than what can be drawn: series beyond the maximum are only counted,
//! warnings beyond the maximum dropped, so that a hostile answer cannot grow in memory.

use std::borrow::Cow;
use std::fmt;

use render::{CHART_POINTS_MAX, SERIES_MAX, SERIES_POINTS_MAX, Series};
use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::SourceError;
use super::legend::{self, Labels, Legend};
use super::step::{Grid, seconds};

/// Notes that are kept of one answer.
const NOTES_MAX: usize = 4;

/// Longest note or message, in characters.
const WORDS_CHARACTERS_MAX: usize = 200;

/// Labels that a series can have.
const LABELS_MAX: usize = 64;

/// How far a moment may be from where it was asked for, as a share of the step.
const TOLERANCE: f64 = 0.5;

/// What an answer turned out to be.
#[derive(Debug, PartialEq)]
pub(super) enum Body {
    /// Series over time.
    Matrix(Matrix),
    /// `status: error`.
    Error { kind: String, message: String },
    /// Something that is no number.
    Histograms,
    /// Not what the API answers; the text says why.
    Foreign(String),
}

/// Series over time.
#[derive(Debug, PartialEq)]
pub(super) struct Matrix {
    series: Vec<Range>,
    /// More than are held, when there are too many.
    series_count: usize,
    /// What the server doubts about it.
    notes: Vec<String>,
}

/// What can be drawn of an answer.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Found {
    pub(super) series: Vec<Series>,
    pub(super) notes: Vec<String>,
}

/// One series as it was answered.
#[derive(Debug, PartialEq)]
struct Range {
    labels: Labels,
    points: Vec<(f64, f64)>,
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    status: Cow<'a, str>,
    data: Option<Data>,
    #[serde(rename = "errorType", default, borrow)]
    error_type: Cow<'a, str>,
    #[serde(default, borrow)]
    error: Cow<'a, str>,
    #[serde(default)]
    warnings: Option<Notes>,
    #[serde(default)]
    infos: Option<Notes>,
}

#[derive(Deserialize)]
struct Data {
    #[serde(rename = "resultType")]
    result_type: String,
    result: Entries,
}

/// The first notes of a list.
struct Notes(Vec<String>);

/// What stands in the result.
struct Entries {
    series: Vec<Entry>,
    count: usize,
    /// Whether all of them are series.
    is_series: bool,
}

/// One of them.
enum Entry {
    Series {
        labels: Labels,
        points: Option<Vec<(f64, f64)>>,
        has_histograms: bool,
    },
    Other,
}

/// Reads a body.
pub(super) fn read(bytes: &[u8]) -> Body {
    // A list could pass for an object whose members are given in order.
    if bytes.trim_ascii_start().first() != Some(&b'{') {
        return Body::Foreign("it is no JSON object".to_owned());
    }
    let envelope: Envelope<'_> = match serde_json::from_slice(bytes) {
        Ok(envelope) => envelope,
        Err(error) => return Body::Foreign(one_line(&format!("its JSON is odd: {error}"))),
    };
    match (&*envelope.status, envelope.data) {
        ("success", Some(data)) => {
            let notes = [envelope.warnings, envelope.infos].into_iter().flatten();
            let notes = notes.flat_map(|Notes(notes)| notes).take(NOTES_MAX);
            matrix(data, notes.collect())
        }
        ("success", None) => Body::Foreign("it has no data".to_owned()),
        ("error", _) => Body::Error {
            kind: one_line(&envelope.error_type),
            message: one_line(&envelope.error),
        },
        (other, _) => Body::Foreign(one_line(&format!("its status is {other:?}"))),
    }
}

fn matrix(data: Data, notes: Vec<String>) -> Body {
    let Entries {
        series,
        count,
        is_series,
    } = data.result;
    if data.result_type != "matrix" || !is_series {
        let kind = &data.result_type;
        return Body::Foreign(one_line(&format!(
            "it is a {kind:?} instead of series over time"
        )));
    }
    let mut ranges = Vec::with_capacity(series.len());
    for entry in series {
        match entry {
            Entry::Series {
                labels,
                points: Some(points),
                has_histograms: false,
            } => ranges.push(Range { labels, points }),
            Entry::Series {
                has_histograms: true,
                ..
            } => return Body::Histograms,
            _ => return Body::Foreign("a series has no values".to_owned()),
        }
    }
    Body::Matrix(Matrix {
        series: ranges,
        series_count: count,
        notes,
    })
}

/// Text on one short line, without what cannot be shown.
pub(super) fn one_line(text: &str) -> String {
    let beginning: String = text.chars().take(WORDS_CHARACTERS_MAX * 4).collect();
    let words =
        beginning.split(|character: char| character.is_whitespace() || character.is_control());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    legend::cut(&words.join(" "), WORDS_CHARACTERS_MAX)
}

impl Matrix {
    /// The series as a chart draws them: named, in order, with a gap wherever a moment is missing.
    pub(super) fn into_series(
        self,
        grid: &Grid,
        legend: Option<&Legend>,
    ) -> Result<Found, ShapeError> {
        if self.series_count > SERIES_MAX {
            return Err(ShapeError::Limit(SourceError::TooManySeries {
                limit: SERIES_MAX,
                actual: self.series_count,
            }));
        }
        let labels: Vec<&Labels> = self.series.iter().map(|range| &range.labels).collect();
        let names = legend::names(legend, &labels);
        let mut all = Vec::with_capacity(self.series.len());
        for (name, range) in names.into_iter().zip(self.series) {
            let points = with_gaps(&range.points, grid)?;
            all.push((name, range.labels, points));
        }
        let points = all.iter().map(|(_, _, points)| points.len()).sum();
        if points > CHART_POINTS_MAX {
            return Err(ShapeError::Limit(SourceError::TooManyPoints {
                limit: CHART_POINTS_MAX,
                actual: points,
            }));
        }
        all.sort_by(|one, other| legend::order((&one.0, &one.1), (&other.0, &other.1)));
        let series = all.into_iter().map(|(name, _, points)| Series {
            name,
            color: None,
            points,
        });
        Ok(Found {
            series: series.collect(),
            notes: self.notes,
        })
    }
}

/// Why a matrix is no chart.
#[derive(Debug, PartialEq)]
pub(super) enum ShapeError {
    /// It is too much.
    Limit(SourceError),
    /// It is not what was asked for.
    Foreign(&'static str),
}

/// The points with a point of no value where moments are missing, so that the line breaks.
fn with_gaps(points: &[(f64, f64)], grid: &Grid) -> Result<Vec<(f64, f64)>, ShapeError> {
    let (start, end) = grid.ends();
    let step = seconds(i64::try_from(grid.step_ms).unwrap_or(i64::MAX));
    let slack = step * TOLERANCE;
    let mut all: Vec<(f64, f64)> = Vec::with_capacity(points.len());
    let mut before: Option<f64> = None;
    for &(time, value) in points {
        if !(start - slack..=end + slack).contains(&time) {
            return Err(ShapeError::Foreign("a moment is outside of the range"));
        }
        match before {
            Some(before) if time <= before => {
                return Err(ShapeError::Foreign("its moments are not in order"));
            }
            Some(before) if time - before > step + slack => all.push((before + step, f64::NAN)),
            _ => {}
        }
        all.push((time, value));
        before = Some(time);
    }
    if all.len() > SERIES_POINTS_MAX {
        return Err(ShapeError::Foreign(
            "a series has more points than were asked for",
        ));
    }
    Ok(all)
}

impl<'de> Deserialize<'de> for Notes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List;
        impl<'de> Visitor<'de> for List {
            type Value = Notes;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of texts")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Notes, A::Error> {
                let mut notes = Vec::new();
                while notes.len() < NOTES_MAX {
                    let Some(note) = list.next_element::<Cow<'de, str>>()? else {
                        return Ok(Notes(notes));
                    };
                    notes.push(one_line(&note));
                }
                while list.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Notes(notes))
            }
        }
        deserializer.deserialize_seq(List)
    }
}

impl<'de> Deserialize<'de> for Entries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List;
        impl<'de> Visitor<'de> for List {
            type Value = Entries;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of series")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Entries, A::Error> {
                let mut all = Entries {
                    series: Vec::new(),
                    count: 0,
                    is_series: true,
                };
                while all.count < SERIES_MAX {
                    let Some(entry) = list.next_element::<Entry>()? else {
                        return Ok(all);
                    };
                    all.is_series &= matches!(entry, Entry::Series { .. });
                    all.series.push(entry);
                    all.count += 1;
                }
                // The rest is only counted: it is too many already.
                while list.next_element::<IgnoredAny>()?.is_some() {
                    all.count += 1;
                }
                Ok(all)
            }
        }
        deserializer.deserialize_seq(List)
    }
}

impl<'de> Deserialize<'de> for Entry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct One;
        impl<'de> Visitor<'de> for One {
            type Value = Entry;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a series")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Entry, A::Error> {
                series(map)
            }

            // A scalar or a text is a list of a time and a value.
            fn visit_f64<E: Error>(self, _: f64) -> Result<Entry, E> {
                Ok(Entry::Other)
            }

            fn visit_u64<E: Error>(self, _: u64) -> Result<Entry, E> {
                Ok(Entry::Other)
            }

            fn visit_i64<E: Error>(self, _: i64) -> Result<Entry, E> {
                Ok(Entry::Other)
            }

            fn visit_str<E: Error>(self, _: &str) -> Result<Entry, E> {
                Ok(Entry::Other)
            }
        }
        deserializer.deserialize_any(One)
    }
}

fn series<'de, A: MapAccess<'de>>(mut map: A) -> Result<Entry, A::Error> {
    let (mut labels, mut points, mut has_histograms) = (None, None, false);
    while let Some(key) = map.next_key::<Cow<'de, str>>()? {
        match &*key {
            "metric" if labels.is_none() => labels = Some(map.next_value::<Metric>()?.0),
            "values" if points.is_none() => points = Some(map.next_value::<Values>()?.0),
            "metric" | "values" => return Err(A::Error::custom("a member is there twice")),
            other => {
                has_histograms |= other.starts_with("histogram");
                map.next_value::<IgnoredAny>()?;
            }
        }
    }
    let labels = labels.ok_or_else(|| A::Error::custom("a series has no labels"))?;
    Ok(Entry::Series {
        labels,
        points,
        has_histograms,
    })
}

/// The labels of a series.
struct Metric(Labels);

impl<'de> Deserialize<'de> for Metric {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Map;
        impl<'de> Visitor<'de> for Map {
            type Value = Metric;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("labels")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Metric, A::Error> {
                let mut labels = Labels::new();
                while let Some((name, value)) = map.next_entry::<String, String>()? {
                    if labels.len() >= LABELS_MAX {
                        return Err(A::Error::custom("a series has too many labels"));
                    }
                    if labels.insert(name, value).is_some() {
                        return Err(A::Error::custom("a label is there twice"));
                    }
                }
                Ok(Metric(labels))
            }
        }
        deserializer.deserialize_map(Map)
    }
}

/// The points of a series, each a time and a number as text.
struct Values(Vec<(f64, f64)>);

impl<'de> Deserialize<'de> for Values {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List;
        impl<'de> Visitor<'de> for List {
            type Value = Values;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of points")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Values, A::Error> {
                let mut points = Vec::new();
                while let Some((time, text)) = list.next_element::<(f64, &'de str)>()? {
                    if points.len() >= SERIES_POINTS_MAX {
                        return Err(A::Error::custom("a series has too many points"));
                    }
                    let value = text.parse::<f64>();
                    let value = value.map_err(|_| A::Error::custom("a value is not a number"))?;
                    points.push((time, value));
                }
                Ok(Values(points))
            }
        }
        deserializer.deserialize_seq(List)
    }
}

#[cfg(test)]
mod tests;
