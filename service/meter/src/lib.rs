//! Records the signals of the catalog and offers them to Prometheus.
//!
//! A [`Meter`] is built from declared metrics; recording one that it was not built with is a bug
//! and panics in tests of the caller. [`serve`] offers a meter on `/metrics`, for the runners of
//! load and chaos; the service has an admin listener of its own.
//!
//! ```
//! use meter::Meter;
//! use signals::{RENDER_SHED, ShedReason};
//!
//! let meter = Meter::new(&[RENDER_SHED.metric()]);
//! meter.add(&RENDER_SHED, (ShedReason::QueueFull,), 2);
//! assert!(meter.encode().contains("render_shed_total{reason=\"queue_full\"} 2"));
//! ```

mod registry;
mod exposition;

pub use exposition::{CONTENT_TYPE, Exposition, serve};
pub use registry::Meter;
