//! The series that a query may name.

use std::collections::{BTreeMap, BTreeSet};

use signals::{Metric, MetricKind, TARGET_LABELS, Values, catalog, foreign};

/// What a series measures over time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Counter,
    Gauge,
    Recorded,
    /// Of another service, and it does not say.
    Unknown,
}

/// The values that a label can have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Known {
    Any,
    OneOf(Vec<String>),
}

/// One metric as Prometheus stores it; a histogram is three of them.
#[derive(Debug, Clone)]
pub(super) struct Series {
    pub(super) kind: Kind,
    pub(super) labels: BTreeMap<String, Known>,
    /// Whether it may have more labels than these.
    pub(super) is_open: bool,
}

/// The series that queries are resolved against.
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    series: BTreeMap<String, Series>,
    histograms: BTreeSet<String>,
    any_metric: bool,
}

impl Catalog {
    /// Everything that this workspace records, and what Prometheus and libraries add to it.
    #[must_use]
    pub fn of_workspace() -> Self {
        let mut all = Self::default();
        for metric in catalog().iter().chain(foreign()) {
            all.declare(metric);
        }
        all
    }

    /// Adds a series that a recording rule writes, with the names of its labels.
    #[must_use]
    pub fn with_recorded(
        mut self,
        name: impl AsRef<str>,
        labels: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> Self {
        let labels = labels
            .into_iter()
            .map(|label| (label.as_ref().to_owned(), Known::Any));
        let series = Series {
            kind: Kind::Recorded,
            labels: labels.collect(),
            is_open: false,
        };
        self.series.insert(name.as_ref().to_owned(), series);
        self
    }

    /// Lets metrics pass that are not in the catalog: those of another service.
    #[must_use]
    pub fn with_any_metric(mut self) -> Self {
        self.any_metric = true;
        self
    }

    /// Adds a series of another service, whose labels are not known; of a histogram's buckets the
    /// `bounds` are, as the exposition spells them.
    pub(crate) fn with_foreign(
        mut self,
        name: &str,
        kind: Kind,
        bounds: Option<Vec<String>>,
    ) -> Self {
        let bounds = bounds.map(|mut bounds| {
            // By size, as people look for one; what is no number last.
            let size = |bound: &String| bound.parse().unwrap_or(f64::NAN);
            bounds.sort_by(|one, other| size(one).total_cmp(&size(other)));
            ("le".to_owned(), Known::OneOf(bounds))
        });
        let series = Series {
            kind,
            labels: bounds.into_iter().collect(),
            is_open: true,
        };
        if let Some(histogram) = name.strip_suffix("_bucket") {
            self.histograms.insert(histogram.to_owned());
        }
        self.series.insert(name.to_owned(), series);
        self
    }

    pub(super) fn takes_any_metric(&self) -> bool {
        self.any_metric
    }

    pub(super) fn get(&self, name: &str) -> Option<&Series> {
        self.series.get(name)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.series.keys().map(String::as_str)
    }

    /// What may have been meant by a name that is not there.
    pub(super) fn hint(&self, name: &str) -> Option<String> {
        if self.histograms.contains(name) {
            return Some(format!(
                "it is a histogram: {name}_bucket, {name}_sum or {name}_count"
            ));
        }
        let nearest = self
            .names()
            .map(|known| (distance(name, known), known))
            .min()?;
        let near = nearest.0 <= name.chars().count() / 4;
        near.then(|| format!("is {} meant?", nearest.1))
    }

    fn declare(&mut self, metric: &Metric) {
        let mut labels: BTreeMap<String, Known> = TARGET_LABELS
            .iter()
            .map(|name| ((*name).to_owned(), Known::Any))
            .collect();
        for label in metric.labels {
            let known = match label.values {
                Values::OneOf(values) => {
                    Known::OneOf(values.iter().map(ToString::to_string).collect())
                }
                Values::AtMost(_) => Known::Any,
            };
            labels.insert(label.name.to_owned(), known);
        }
        let kind = match metric.kind {
            MetricKind::Counter => Kind::Counter,
            MetricKind::Gauge => Kind::Gauge,
            MetricKind::Histogram(bounds) => {
                self.declare_histogram(metric.name, &labels, bounds);
                return;
            }
        };
        self.series
            .insert(metric.name.to_owned(), closed(kind, labels));
    }

    fn declare_histogram(&mut self, name: &str, labels: &BTreeMap<String, Known>, bounds: &[f64]) {
        let series = |labels| closed(Kind::Counter, labels);
        for part in ["count", "sum"] {
            self.series
                .insert(format!("{name}_{part}"), series(labels.clone()));
        }
        // Prometheus compares text, so a bound must be spelled as the exposition spells it.
        let spelled = bounds
            .iter()
            .map(ToString::to_string)
            .chain(["+Inf".to_owned()]);
        let mut labels = labels.clone();
        labels.insert("le".to_owned(), Known::OneOf(spelled.collect()));
        self.series.insert(format!("{name}_bucket"), series(labels));
        self.histograms.insert(name.to_owned());
    }
}

fn closed(kind: Kind, labels: BTreeMap<String, Known>) -> Series {
    Series {
        kind,
        labels,
        is_open: false,
    }
}

/// Letters to insert, delete or replace to make one name the other (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (above, left) in one.chars().zip(1..) {
        let mut diagonal = row[0];
        row[0] = left;
        for (column, across) in other.iter().enumerate() {
            let replaced = diagonal + usize::from(above != *across);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_counts_single_letters() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("same", "same"), 0);
    }

    #[test]
    fn a_histogram_is_three_series() {
        let catalog = Catalog::of_workspace();
        let name = "http_server_request_duration_seconds";
        assert!(catalog.get(name).is_none());
        for part in ["bucket", "sum", "count"] {
            assert!(catalog.get(&format!("{name}_{part}")).is_some(), "{part}");
        }
    }
}
