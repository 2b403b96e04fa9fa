//! From objectives and signals to Grafana dashboards.
//!
//! [`files`] is a pure function from [`slo::Objective`]s to the JSON of one dashboard, the golden
//! signals: what is promised, then latency, errors, traffic and saturation, then what lies behind
//! them. Nothing is read or written; `proofmark build` does that. Start at `golden_signals`, which
//! reads like the dashboard; `panel` says what a panel is, `grafana` how Grafana wants it written.
//!
//! ```
//! let files = dashboards::files(&[]);
//! assert!(files.keys().all(|path| path.starts_with("dashboards/generated")));
//! ```
//!
//! The format is the classic one, `schemaVersion` 39, which Grafana 10.4 and later import.

mod golden_signals;
mod objectives;
mod panel;
mod grafana;
mod names;

use std::collections::BTreeMap;
use std::path::PathBuf;

use slo::Objective;

/// Identifier of the dashboard, the last part of its address.
pub const UID: &str = "proofmark-golden-signals";

/// The checked-in files, by path relative to the root of the project.
#[must_use]
pub fn files(objectives: &[Objective]) -> BTreeMap<PathBuf, String> {
    let mut dashboard = grafana::dashboard(&golden_signals::rows(objectives));
    // Whether `serde_json` keeps the order of keys is up to whatever else is built with it.
    dashboard.sort_all_objects();
    BTreeMap::from([(
        PathBuf::from("dashboards/generated/golden-signals.json"),
        format!("{dashboard:#}\n"),
    )])
}
