//! The shape of the files.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, Visitor};
use serde_yaml_ng::Value;

/// The only version that is read.
pub(super) const API_VERSION: &str = "openslo/v1";

/// What is read of a document before its kind is known.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Head {
    pub(super) api_version: Option<String>,
    pub(super) kind: Option<String>,
    /// What Sloth's own files have instead of both.
    pub(super) version: Option<String>,
}

/// A document of one kind.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Whole<Spec> {
    #[serde(rename = "apiVersion")]
    _api_version: String,
    #[serde(rename = "kind")]
    _kind: String,
    pub(super) metadata: Metadata,
    pub(super) spec: Spec,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Metadata {
    pub(super) name: String,
    pub(super) display_name: Option<String>,
    /// Notes for people and other tools.
    #[serde(rename = "labels", default)]
    _labels: BTreeMap<String, OneOrMore>,
    #[serde(rename = "annotations", default)]
    _annotations: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged, expecting = "expected a text or a list of texts")]
pub(super) enum OneOrMore {
    One(#[expect(dead_code, reason = "labels are notes; only their shape is checked")] String),
    More(
        #[expect(dead_code, reason = "labels are notes; only their shape is checked")] Vec<String>,
    ),
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct SloSpec {
    #[serde(default)]
    pub(super) description: String,
    pub(super) service: String,
    pub(super) indicator: Option<Inline>,
    pub(super) indicator_ref: Option<String>,
    pub(super) time_window: Vec<TimeWindow>,
    pub(super) budgeting_method: String,
    pub(super) objectives: Vec<Entry>,
    pub(super) alert_policies: Option<Vec<IgnoredAny>>,
}

/// An indicator inside an SLO.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Inline {
    #[serde(rename = "metadata")]
    _metadata: Option<Metadata>,
    pub(super) spec: SliSpec,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct TimeWindow {
    pub(super) duration: String,
    pub(super) is_rolling: Option<bool>,
    pub(super) calendar: Option<CalendarSpec>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct CalendarSpec {
    pub(super) start_time: String,
    pub(super) time_zone: String,
}

/// One of the `objectives` of an SLO.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Entry {
    pub(super) display_name: Option<String>,
    pub(super) op: Option<String>,
    pub(super) value: Option<f64>,
    pub(super) target: Option<f64>,
    pub(super) target_percent: Option<f64>,
    pub(super) time_slice_target: Option<f64>,
    pub(super) time_slice_window: Option<SliceLength>,
    // What makes an SLO of several indicators, which is refused by name.
    pub(super) indicator: Option<IgnoredAny>,
    pub(super) indicator_ref: Option<IgnoredAny>,
    pub(super) composite_weight: Option<IgnoredAny>,
}

/// A length of time; a bare number is minutes.
#[derive(Debug, Clone)]
pub(super) struct SliceLength(pub(super) String);

impl<'de> Deserialize<'de> for SliceLength {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;
        impl Visitor<'_> for Read {
            type Value = SliceLength;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a length of time such as 5m, or a whole number of minutes")
            }

            fn visit_u64<E: Error>(self, minutes: u64) -> Result<SliceLength, E> {
                Ok(SliceLength(format!("{minutes}m")))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<SliceLength, E> {
                Ok(SliceLength(text.to_owned()))
            }
        }
        deserializer.deserialize_any(Read)
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct SliSpec {
    #[serde(rename = "description")]
    _description: Option<String>,
    pub(super) ratio_metric: Option<RatioMetric>,
    pub(super) threshold_metric: Option<Metric>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct RatioMetric {
    pub(super) counter: Option<bool>,
    pub(super) good: Option<Metric>,
    pub(super) bad: Option<Metric>,
    pub(super) total: Option<Metric>,
    pub(super) raw_type: Option<String>,
    pub(super) raw: Option<Metric>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Metric {
    pub(super) metric_source: MetricSource,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct MetricSource {
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
    pub(super) spec: PrometheusSpec,
    pub(super) metric_source_ref: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct PrometheusSpec {
    pub(super) query: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ServiceSpec {
    #[serde(rename = "description")]
    _description: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct DataSourceSpec {
    #[serde(rename = "description")]
    _description: Option<String>,
    #[serde(rename = "type")]
    pub(super) kind: String,
    /// Anything, for the specification; what is not the address is refused by name.
    pub(super) connection_details: BTreeMap<String, Value>,
}
