//! Names of labels, taken from the catalog of signals, and those that are ours.

use signals::{CpuSource, ErrorType, LabelValue, Revision, Route, Status, Version};

/// Route of a request.
pub(crate) const ROUTE: &str = <Route as LabelValue>::LABEL.name;
/// Status code of an answer.
pub(crate) const STATUS: &str = <Status as LabelValue>::LABEL.name;
/// Kind of a failure.
pub(crate) const ERROR_TYPE: &str = <ErrorType as LabelValue>::LABEL.name;
/// Where a reading of CPU saturation comes from.
pub(crate) const CPU_SOURCE: &str = <CpuSource as LabelValue>::LABEL.name;
/// Version of a build.
pub(crate) const VERSION: &str = <Version as LabelValue>::LABEL.name;
/// Commit of a build.
pub(crate) const REVISION: &str = <Revision as LabelValue>::LABEL.name;

/// Service that an alert is about.
pub(crate) const SERVICE: &str = "service";
/// Sloth: service and objective in one word.
pub(crate) const SLOTH_ID: &str = "sloth_id";
/// Sloth: the service.
pub(crate) const SLOTH_SERVICE: &str = "sloth_service";
/// Sloth: the objective.
pub(crate) const SLOTH_SLO: &str = "sloth_slo";
/// Sloth: the window of a ratio.
pub(crate) const SLOTH_WINDOW: &str = "sloth_window";

/// The bundled service, as its objectives name it.
pub(crate) const PROOFMARK: &str = "proofmark";
