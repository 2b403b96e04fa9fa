//! Load from a plan file, driven by goose and held against thresholds.
//!
//! A [`Plan`] describes requests with varying parts, the rate at which they are due, and what must
//! hold; any HTTP service can be loaded with one. [`run`] sends it and ends in an outcome:
//! thresholds that failed are *missed*, a rate that was not kept is *inconclusive*, never a pass.
//! What was seen is a [`LoadResult`], written as `load.json`.
//!
//! Requests are due by the clock, not when the answer before has come, so a stalled service is not
//! hidden: a request sent late is measured from when it was due, one that could not be sent within
//! the plan's lateness is counted as dropped. Goose starts the users, collects, judges and reports;
//! the pace is ours, because goose's own is a maximum that slows down together with the service.
//!
//! Start at [`Plan::parse`]; the modules before `sender` are pure.
//!
//! ```
//! let text = "
//! name: hello
//! shape: { kind: steady, rate: 50, duration: 10s }
//! thresholds: ['p95<500ms', 'error-rate<1%']
//! requests:
//!   - { name: item, path: '/items/{n:1..100}' }
//! ";
//! let plan = loadtests::Plan::parse(text).unwrap();
//! assert_eq!(plan.requests[0].method.as_str(), "GET");
//! ```

mod varying;
mod checked;
mod values;
mod lists;
mod plan;
mod schedule;
mod latencies;
mod tally;
mod result;
mod verdict;
mod summary;
mod interrupt;
mod progress;
mod pace;
mod sender;
mod attack;
mod command;

pub use command::{Args, run};
pub use plan::{Body, Method, Plan, PlanError, Request, Shape, ShapeKind, Timeouts};
pub use result::{
    K6Count, K6Metrics, K6Rate, K6Trend, Latency, LoadResult, RequestResult, SCHEMA, Totals,
    Verdict,
};
pub use varying::{Draw, Escape, Text, VaryingError};
