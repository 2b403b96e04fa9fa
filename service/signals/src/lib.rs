//! The catalog of signals: every metric, label, bucket, span and log field of the workspace.
//!
//! A signal is declared once, here. The service records through it, dashboards and alerts are
//! written from it, and every PromQL query of the repository is resolved against [`catalog`]. This
//! crate declares; it records nothing and depends on nothing.
//!
//! ```
//! use signals::{RENDER_SHED, RENDER_STAGE, Kind, Stage, LabelSet};
//!
//! assert_eq!(format!("rate({RENDER_SHED}[5m])"), "rate(render_shed_total[5m])");
//! assert_eq!(RENDER_STAGE.metric().labels[1].name, "stage");
//! (Kind::Card, Stage::Encode).with_values(|values| assert_eq!(values, ["card", "encode"]));
//! ```
//!
//! Names follow the OpenTelemetry semantic conventions where one exists, in Prometheus base units.

mod declare;
mod labels;
mod buckets;
mod metrics;
mod catalog;
pub mod field;
pub mod span;
pub mod toxiproxy;

pub use buckets::{REQUEST_BUCKETS, STAGE_BUCKETS, STORE_BUCKETS};
pub use catalog::{TARGET_LABELS, catalog, foreign};
pub use declare::{Label, LabelSet, LabelValue, Metric, MetricKind, Signal, Values};
pub use labels::*;
pub use metrics::*;
