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
mod measure;
mod decide;
mod plan;
mod folder;
mod record;
mod ask;
mod targets;
mod weigh;
mod counting;
mod context;
mod faults;
mod collect;
mod pieces;
mod recorded;
mod releases;
mod report;
mod schema;
mod history;
mod render;
mod inputs;
mod looks;
mod run;
mod replay;
mod selftest;

pub use collect::judge;
pub use decide::{Decision, PeriodFigures, decide};
pub use evidence::{Asked, Counts, Evidence, Lost, LostKind, Period, Reading, Target, Terms, Unit};
pub use faults::FaultSeen;
pub use history::{BudgetLine, Dependency, Grid, History, Mark, Row, Span};
pub use plan::Options;
pub use reason::{Reason, Which};
pub use recorded::{RECORDED_BAD_EVENTS, RECORDED_EVENTS};
pub use releases::{Compared, Figure, Release, Releases, ReleasesPlan, Requests, side_by_side};
pub use render::{Style, html, junit, markdown, terminal};
pub use report::{Explained, Judged, REPORT_SCHEMA, Report, Severity, Verdict};
pub use run::{Args, run};
pub use schema::schema;

#[cfg(test)]
#[path = "../tests/prometheus/mod.rs"]
mod server;
