//! The shape of Sloth's files, in both spellings.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_yaml_ng::Value;

/// A file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct File {
    #[serde(rename = "version")]
    _version: String,
    service: String,
    labels: Option<Notes>,
    slo_plugins: Option<IgnoredAny>,
    slos: Vec<Level>,
}

impl File {
    pub(super) fn spec(self) -> Spec {
        Spec {
            service: self.service,
            _labels: self.labels,
            slo_plugins: self.slo_plugins,
            slos: self.slos,
        }
    }
}

/// A resource of Kubernetes.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Resource {
    #[serde(rename = "apiVersion")]
    _api_version: String,
    #[serde(rename = "kind")]
    _kind: String,
    /// Belongs to Kubernetes.
    #[serde(rename = "metadata")]
    _metadata: Option<IgnoredAny>,
    pub(super) spec: Spec,
    /// What Sloth's controller writes.
    #[serde(rename = "status")]
    _status: Option<IgnoredAny>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Spec {
    pub(super) service: String,
    #[serde(rename = "labels")]
    _labels: Option<Notes>,
    pub(super) slo_plugins: Option<IgnoredAny>,
    pub(super) slos: Vec<Level>,
}

/// One of the `slos`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Level {
    pub(super) name: String,
    #[serde(default)]
    pub(super) description: String,
    /// The target in percent.
    pub(super) objective: f64,
    pub(super) plugins: Option<IgnoredAny>,
    #[serde(rename = "labels")]
    _labels: Option<Notes>,
    pub(super) sli: Indicators,
    pub(super) alerting: Option<Alerting>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Indicators {
    pub(super) events: Option<Events>,
    pub(super) raw: Option<RawShare>,
    pub(super) plugin: Option<IgnoredAny>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Events {
    #[serde(alias = "errorQuery")]
    pub(super) error_query: String,
    #[serde(alias = "totalQuery")]
    pub(super) total_query: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawShare {
    #[serde(alias = "errorRatioQuery")]
    pub(super) error_ratio_query: String,
}

/// What shapes alerts, and has no part in a verdict.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Alerting {
    #[serde(rename = "name")]
    _name: Option<String>,
    #[serde(rename = "labels")]
    _labels: Option<Notes>,
    #[serde(rename = "annotations")]
    _annotations: Option<Notes>,
    #[serde(rename = "page_alert", alias = "pageAlert")]
    _page_alert: Option<Alert>,
    #[serde(rename = "ticket_alert", alias = "ticketAlert")]
    _ticket_alert: Option<Alert>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Alert {
    #[serde(rename = "disable")]
    _disable: Option<bool>,
    #[serde(rename = "labels")]
    _labels: Option<Notes>,
    #[serde(rename = "annotations")]
    _annotations: Option<Notes>,
}

/// Labels and annotations: texts for Sloth, which takes numbers for texts too.
type Notes = BTreeMap<String, Value>;
