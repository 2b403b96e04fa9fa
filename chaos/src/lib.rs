//! Experiments: a steady state, staged faults, and the way back.
//!
//! An experiment is a file in Chaos Toolkit's words; `experiments/` holds those of the bundled
//! service. [`run`] is `proofmark chaos`: it sets faults on a Toxiproxy, real or embedded, reads
//! each of them back, watches Prometheus for the effect that must come and for the steady state that
//! must hold, takes every fault away again however it ends, and leaves a [`Journal`].
//! [`toxiproxy`] is the embedded server. What a query means is for `slo`, and how a service bears a
//! fault is its own affair: nothing here knows more of it than its URL and its metrics.
//!
//! A fault that left no mark proves nothing, and is inconclusive:
//!
//! ```
//! use outcome::Outcome;
//!
//! let text = r#"{"schema": "proofmark.chaos-journal/2", "chaoslib-version": "1.44.0",
//!     "platform": "linux-x86_64", "node": "here", "status": "aborted", "deviated": false,
//!     "experiment": {"name": "redis-gone", "title": "Redis is gone"},
//!     "outcome": "inconclusive", "exit_code": 3, "detail": "redis-goes was not felt within 10 s",
//!     "start": "2026-01-02T03:04:05Z", "end": "2026-01-02T03:04:20Z", "duration": 15.0,
//!     "steady_states": {"before": null, "during": [], "after": null},
//!     "stages": [], "run": [], "rollbacks": []}"#;
//! let journal: chaos::Journal = serde_json::from_str(text)?;
//! assert_eq!(journal.outcome(), Outcome::Inconclusive);
//! # Ok::<(), serde_json::Error>(())
//! ```

mod command;
mod experiment;
mod runner;
mod journal;
mod client;
mod helper;
mod telemetry;
mod lease;
pub mod processes;
mod show;
mod timeline;
pub mod report;
pub mod toxiproxy;
mod interrupt;
mod say;

pub use command::{Args, run};
pub use experiment::schema::schema;
pub use helper::helpers_start_by;
pub use journal::{
    Activity, Detection, Doing, FaultRecord, JOURNAL_SCHEMA, Journal, Samples, StageRecord, Status,
    SteadyState, SteadyStates, Subject, UserRecord,
};
pub use timeline::draw_timeline;
