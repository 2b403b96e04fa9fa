//! Service level objectives: reading them, their budgets, and the gate that judges a release.
//!
//! [`load()`] reads [`Objective`]s from OpenSLO and Sloth files. [`budget`] and [`burn`] are the
//! arithmetic, [`promql`] checks queries against the catalog of signals, [`prometheus`] asks a
//! server, and [`gate`] collects evidence, decides and reports. Only `load`, the client and the two commands
//! do I/O; everything that decides is a pure function. Nothing here makes alerts or dashboards.
//!
//! What the gate cannot know is inconclusive: no path turns missing data into a pass.
//!
//! ```
//! use slo::budget::Events;
//!
//! let hour = Events { total: 100_000.0, bad: 20.0 };
//! assert!((hour.attainment().unwrap() - 0.9998).abs() < 1e-12);
//! assert!((hour.burn_rate(0.9995).unwrap() - 0.4).abs() < 1e-9);
//! ```
//!
//! Sources: the OpenSLO specification v1; *The Site Reliability Workbook*, chapter 5.

mod objective;
mod calendar;
mod query;
mod sloth;
pub mod window;
mod openslo;
mod load;
pub mod schema;
pub mod budget;
pub mod burn;
pub mod statistics;
pub mod promql;
pub mod prometheus;
pub mod policy;
pub mod gate;
pub mod check;
mod text;

pub use calendar::{Calendar, CalendarUnit};
pub use load::{FILE_SIZE_BYTES_MAX, FILES_MAX, load, read};
pub use objective::{
    Counted, EventCounts, Indicator, Method, Objective, Operator, Ratio, Raw, Threshold,
};
pub use query::{Form, Query, QueryError};
