//! The on-call desk: receives alerts and keeps them.
//!
//! Alertmanager posts its webhooks to the desk, which keeps each alert with its times in one SQLite
//! file and lists them, newest first. A webhook is answered with success only after its alerts are
//! durably written; otherwise Alertmanager sends it again, and receiving an alert twice changes
//! nothing but when it was last heard of. The desk acts on nothing: it remembers.
//!
//! Reading a webhook ([`Alert`]) and merging it into what is known ([`AlertRecord::merge`]) are pure;
//! a store and an HTTP listener stand around them.
//!
//! ```
//! let body = br#"{"version": "4", "alerts": [{
//!     "status": "firing", "fingerprint": "a1b2c3d4e5f60718",
//!     "labels": {"alertname": "LatencyHigh"}, "startsAt": "2026-01-02T03:04:05Z"
//! }]}"#;
//! let alerts = desk::read_webhook(body).unwrap();
//! let record = desk::AlertRecord::merge(None, &alerts[0], "2026-01-02T03:04:06Z".parse().unwrap());
//! assert_eq!(record.status, desk::Status::Firing);
//! ```

mod message;
mod record;
mod store;
mod table;
mod http;
mod listener;
mod command;

pub use command::{Args, run};
pub use message::{Alert, Status, WebhookError, read_webhook};
pub use record::{AlertList, AlertRecord, SCHEMA};

#[cfg(test)]
mod http_tests;
#[cfg(test)]
mod live_tests;
