//! Judges a release by its objectives: pass, fail or inconclusive.
//!
//! A shell collects [`Evidence`] from Prometheus ([`judge`]); a pure function decides on it
//! ([`decide()`]); a [`Report`] says what was decided and why. Whatever is missing, odd or doubtful
//! has a [`Reason`] of its own and makes the verdict inconclusive, never a pass.
//!
//! An objective fails when its share of bad events is above what it allows, over the window of the
//! gate, or over its own window once the history is that long. A proven fail stays one although a
//! target is down as well; an odd or partial number proves nothing.

mod evidence;
mod reason;
mod decide;
mod plan;
mod ask;
mod targets;
mod collect;
mod releases;
mod report;
mod schema;
#[allow(
    dead_code,
    unused_imports,
    reason = "the command collects it once a policy names the metrics"
)]
mod history;
mod render;
mod run;

pub use collect::judge;
pub use decide::{Decision, PeriodFigures, decide};
pub use evidence::{Asked, Counts, Evidence, Lost, LostKind, Period, Reading, Target, Terms};
pub use history::{BudgetLine, Dependency, Grid, History, Mark, Row, Span};
pub use plan::Options;
pub use reason::{Reason, Which};
pub use releases::{Compared, Figure, Release, Releases};
pub use render::{Style, html, junit, markdown, terminal};
pub use report::{Explained, Judged, REPORT_SCHEMA, Report, Verdict};
pub use run::{Args, run};
pub use schema::schema;
