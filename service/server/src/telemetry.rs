//! What the service tells about itself: metrics, logs, traces.
//!
//! None of it can hold up a request: metrics are atomics, log lines and spans go into bounded
//! queues that drop and count what does not fit.

mod figures;
mod digits;
mod trace;
mod line;
mod access;
mod log;
mod otlp;
mod record;
mod saturation;

use std::sync::Arc;

use outcome::{Failure, OrFail};

pub(crate) use figures::Figures;
pub(crate) use line::{Line, Severity};
pub(crate) use log::Log;
pub(crate) use otlp::Otlp;
pub(crate) use record::{Ending, Record, Source, Timing};
pub(crate) use saturation::watch as watch_saturation;
pub(crate) use trace::TRACEPARENT;

use crate::config::{Config, FaultMode};
use trace::Trace;

/// Everything that records, shared by the whole server; clones record to the same.
#[derive(Debug, Clone)]
pub(crate) struct Telemetry {
    pub(crate) figures: Arc<Figures>,
    pub(crate) log: Log,
    otlp: Option<Arc<Otlp>>,
    trace_ratio: f64,
    writes_access_log: bool,
    observes_requests: bool,
    /// Neither a line nor a span is written for a request.
    is_silent: bool,
}

/// What this build is called.
#[derive(Debug, Clone)]
pub(crate) struct Build {
    pub(crate) version: String,
    pub(crate) revision: String,
}

impl Build {
    /// As configured, else as built.
    pub(crate) fn of(config: &Config) -> Self {
        let revision = option_env!("PROOFMARK_BUILD_REVISION").or(option_env!("GITHUB_SHA"));
        let built = |value: Option<&str>| {
            value
                .filter(|text| !text.is_empty())
                .unwrap_or("unknown")
                .to_owned()
        };
        Self {
            version: config
                .release
                .version
                .get()
                .cloned()
                .unwrap_or_else(|| env!("CARGO_PKG_VERSION").to_owned()),
            revision: config
                .release
                .revision
                .get()
                .cloned()
                .unwrap_or_else(|| built(revision)),
        }
    }
}

impl Telemetry {
    /// Starts everything that records.
    ///
    /// # Errors
    /// [`Failure::misused`] when the log file cannot be written, [`Failure::broken`] when the
    /// exporter cannot be made.
    pub(crate) fn start(config: &Config, build: &Build) -> Result<Self, Failure> {
        let injects_errors = config.fault.mode == FaultMode::Errors;
        let figures = Arc::new(Figures::new(
            &build.version,
            &build.revision,
            injects_errors,
        ));
        let settings = &config.telemetry;
        let file = settings.log_file.get().map(std::path::PathBuf::as_path);
        let log = Log::start(
            file,
            settings.log_bytes_max.get(),
            figures.logs_dropped.clone(),
        );
        let log = log.or_misused(match file {
            Some(file) => format!("telemetry.log_file: cannot write {}", file.display()),
            None => "cannot start the log".to_owned(),
        })?;
        let otlp = match settings.otlp_endpoint.get() {
            Some(endpoint) => Some(Arc::new(Otlp::start(
                endpoint, settings, build, &figures, &log,
            )?)),
            None => None,
        };
        Ok(Self {
            figures,
            log: log.with_otlp(otlp.clone()),
            otlp,
            trace_ratio: settings.trace_ratio.get(),
            writes_access_log: settings.access_log,
            observes_requests: settings.request_metrics,
            is_silent: !settings.access_log && settings.otlp_endpoint.get().is_none(),
        })
    }

    /// Sends and writes what is still held, then stops. Blocks for at most a few seconds.
    pub(crate) fn close(&self) {
        if let Some(otlp) = &self.otlp {
            otlp.close();
        }
        self.log.close();
    }
}
