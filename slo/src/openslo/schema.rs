//! The shape of the files, as far as it is supported.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Visitor};

/// The only version that is read.
pub(super) const API_VERSION: &str = "openslo/v1";

/// What is read of a document before its kind is known.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Head {
    pub(super) api_version: String,
    pub(super) kind: String,
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
    pub(super) objectives: Vec<Target>,
    #[serde(rename = "alertPolicies")]
    _alert_policies: Option<NotSupported>,
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
    pub(super) is_rolling: bool,
    #[serde(rename = "calendar")]
    _calendar: Option<NotSupported>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Target {
    /// A note for people.
    #[serde(rename = "displayName")]
    _display_name: Option<String>,
    pub(super) target: Option<f64>,
    pub(super) target_percent: Option<f64>,
    #[serde(rename = "op")]
    _op: Option<NotSupported>,
    #[serde(rename = "value")]
    _value: Option<NotSupported>,
    #[serde(rename = "timeSliceTarget")]
    _time_slice_target: Option<NotSupported>,
    #[serde(rename = "timeSliceWindow")]
    _time_slice_window: Option<NotSupported>,
    #[serde(rename = "indicator")]
    _indicator: Option<NotSupported>,
    #[serde(rename = "indicatorRef")]
    _indicator_ref: Option<NotSupported>,
    #[serde(rename = "compositeWeight")]
    _composite_weight: Option<NotSupported>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct SliSpec {
    #[serde(rename = "description")]
    _description: Option<String>,
    pub(super) ratio_metric: RatioMetric,
    #[serde(rename = "thresholdMetric")]
    _threshold_metric: Option<NotSupported>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct RatioMetric {
    pub(super) counter: Option<bool>,
    pub(super) good: Option<Metric>,
    pub(super) bad: Option<Metric>,
    pub(super) total: Metric,
    #[serde(rename = "rawType")]
    _raw_type: Option<NotSupported>,
    #[serde(rename = "raw")]
    _raw: Option<NotSupported>,
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
    pub(super) kind: String,
    pub(super) spec: PrometheusSpec,
    #[serde(rename = "metricSourceRef")]
    _metric_source_ref: Option<NotSupported>,
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

/// A field that OpenSLO has and that changes the meaning, so that it may not be passed over.
#[derive(Debug, Clone)]
pub(super) struct NotSupported;

impl<'de> Deserialize<'de> for NotSupported {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self)
    }
}

impl Visitor<'_> for NotSupported {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("this field to be absent: it is not supported yet")
    }
}
