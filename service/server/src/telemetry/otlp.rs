//! Spans and log records to an OpenTelemetry collector: in batches, bounded, dropped rather than
//! blocking.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use opentelemetry::logs::{AnyValue, LogRecord, Logger, LoggerProvider};
use opentelemetry::{InstrumentationScope, KeyValue, SpanId, TraceFlags, TraceId};
use opentelemetry_otlp::{LogExporter, SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::logs::{BatchLogProcessor, LogBatch, SdkLogger, SdkLoggerProvider};
use opentelemetry_sdk::trace::{BatchSpanProcessor, SpanData, SpanProcessor};
use outcome::{Failure, OrFail};
use prometheus::IntCounter;
use signals::field;

use super::line::Value;
use super::{Build, Figures, Line, Log, Severity, Trace};
use crate::config::{self, OtlpEndpoint};

/// Name of the service in every span and record.
const SERVICE: &str = "proofmark";

/// How long one export may take.
const EXPORT_TIMEOUT: Duration = Duration::from_secs(3);

/// How long spans and records gather before they are sent.
const GATHER: Duration = Duration::from_secs(1);

/// How long the end of the service waits for the last of them.
const CLOSE_PATIENCE: Duration = Duration::from_secs(2);

/// The way to a collector.
#[derive(Debug)]
pub(crate) struct Otlp {
    spans: BatchSpanProcessor,
    span_gate: Arc<Gate>,
    logger: SdkLogger,
    logs: SdkLoggerProvider,
    log_gate: Arc<Gate>,
    scope: InstrumentationScope,
}

/// Counts what waits for an export, so that what is dropped can be counted too.
#[derive(Debug)]
struct Gate {
    waiting: AtomicUsize,
    waiting_max: usize,
    dropped: IntCounter,
    is_failing: AtomicBool,
    what: &'static str,
    log: Log,
}

impl Gate {
    fn try_enter(&self) -> bool {
        let has_room = |waiting: usize| (waiting < self.waiting_max).then_some(waiting + 1);
        let entered = self
            .waiting
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, has_room)
            .is_ok();
        if !entered {
            self.dropped.inc();
        }
        entered
    }

    /// Takes note of an export of `count`; says in the log when the collector goes and comes back.
    fn left(&self, count: usize, result: &OTelSdkResult) {
        self.waiting.fetch_sub(count, Ordering::Relaxed);
        let Err(error) = result else {
            if self.is_failing.swap(false, Ordering::Relaxed) {
                self.log.write(&Line::new(
                    Severity::Info,
                    format!("The collector takes {} again", self.what),
                ));
            }
            return;
        };
        self.dropped.inc_by(count as u64);
        if !self.is_failing.swap(true, Ordering::Relaxed) {
            let message = format!(
                "The collector does not take {}; they are dropped",
                self.what
            );
            self.log
                .write(&Line::new(Severity::Warn, message).text(field::ERROR, error.to_string()));
        }
    }
}

/// An exporter that reports to its gate.
#[derive(Debug)]
struct Gated<E> {
    exporter: E,
    gate: Arc<Gate>,
}

impl opentelemetry_sdk::trace::SpanExporter for Gated<SpanExporter> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let count = batch.len();
        let result = self.exporter.export(batch).await;
        self.gate.left(count, &result);
        result
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}

impl opentelemetry_sdk::logs::LogExporter for Gated<LogExporter> {
    async fn export(&self, batch: LogBatch<'_>) -> OTelSdkResult {
        let count = batch.iter().count();
        let result = self.exporter.export(batch).await;
        self.gate.left(count, &result);
        result
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}

impl Otlp {
    /// Prepares both ways. Nothing is connected yet, so a missing collector is not noticed here.
    pub(super) fn start(
        endpoint: &OtlpEndpoint,
        settings: &config::Telemetry,
        build: &Build,
        figures: &Figures,
        log: &Log,
    ) -> Result<Self, Failure> {
        let sentence = "telemetry.otlp_endpoint: cannot make an exporter";
        let queue_max = settings.otlp_queue_max.get();
        let gate = |what, dropped: &IntCounter| {
            Arc::new(Gate {
                waiting: AtomicUsize::new(0),
                waiting_max: queue_max,
                dropped: dropped.clone(),
                is_failing: AtomicBool::new(false),
                what,
                log: log.clone(),
            })
        };
        let (span_gate, log_gate) = (
            gate("spans", &figures.traces_dropped),
            gate("logs", &figures.logs_dropped),
        );
        let exporter = SpanExporter::builder()
            .with_http()
            .with_endpoint(endpoint.path("/v1/traces"));
        let exporter = exporter
            .with_timeout(EXPORT_TIMEOUT)
            .build()
            .or_broken(sentence)?;
        let batches = opentelemetry_sdk::trace::BatchConfigBuilder::default()
            .with_max_queue_size(queue_max)
            .with_scheduled_delay(GATHER)
            .build();
        let exporter = Gated {
            exporter,
            gate: Arc::clone(&span_gate),
        };
        let mut spans = BatchSpanProcessor::builder(exporter)
            .with_batch_config(batches)
            .build();
        let resource = resource(build);
        spans.set_resource(&resource);
        let exporter = LogExporter::builder()
            .with_http()
            .with_endpoint(endpoint.path("/v1/logs"));
        let exporter = exporter
            .with_timeout(EXPORT_TIMEOUT)
            .build()
            .or_broken(sentence)?;
        let batches = opentelemetry_sdk::logs::BatchConfigBuilder::default()
            .with_max_queue_size(queue_max)
            .with_scheduled_delay(GATHER)
            .build();
        let exporter = Gated {
            exporter,
            gate: Arc::clone(&log_gate),
        };
        let processor = BatchLogProcessor::builder(exporter)
            .with_batch_config(batches)
            .build();
        let logs = SdkLoggerProvider::builder()
            .with_resource(resource)
            .with_log_processor(processor)
            .build();
        Ok(Self {
            spans,
            span_gate,
            logger: logs.logger(SERVICE),
            logs,
            log_gate,
            scope: InstrumentationScope::builder(SERVICE).build(),
        })
    }

    /// The scope of our spans.
    pub(super) fn scope(&self) -> InstrumentationScope {
        self.scope.clone()
    }

    /// Hands one finished span over.
    pub(super) fn span(&self, span: SpanData) {
        if self.span_gate.try_enter() {
            self.spans.on_end(span);
        }
    }

    /// Hands one log line over.
    pub(super) fn log(&self, line: &Line, at: SystemTime) {
        if !self.log_gate.try_enter() {
            return;
        }
        let mut record = self.logger.create_log_record();
        record.set_timestamp(at);
        record.set_observed_timestamp(at);
        record.set_severity_text(line.severity.as_str());
        record.set_severity_number(match line.severity {
            Severity::Info => opentelemetry::logs::Severity::Info,
            Severity::Warn => opentelemetry::logs::Severity::Warn,
            Severity::Error => opentelemetry::logs::Severity::Error,
        });
        record.set_body(AnyValue::from(line.message.clone()));
        for (name, value) in &line.fields {
            record.add_attribute(*name, any_value(value));
        }
        if let Some(trace) = &line.trace {
            let (trace_id, span_id) = ids(trace.trace_id, trace.span_id);
            record.set_trace_context(trace_id, span_id, Some(flags(trace)));
        }
        self.logger.emit(record);
    }

    /// Sends what waits. Blocks for at most a few seconds.
    pub(super) fn close(&self) {
        // What cannot be sent by now is lost, and was counted as it failed.
        let _ = self.spans.shutdown_with_timeout(CLOSE_PATIENCE);
        let _ = self.logs.shutdown_with_timeout(CLOSE_PATIENCE);
    }
}

/// The identifiers in OpenTelemetry's form.
pub(super) fn ids(trace_id: u128, span_id: u64) -> (TraceId, SpanId) {
    (
        TraceId::from_bytes(trace_id.to_be_bytes()),
        SpanId::from_bytes(span_id.to_be_bytes()),
    )
}

/// The flags in OpenTelemetry's form.
pub(super) fn flags(trace: &Trace) -> TraceFlags {
    if trace.is_sampled {
        TraceFlags::SAMPLED
    } else {
        TraceFlags::NOT_SAMPLED
    }
}

fn any_value(value: &Value) -> AnyValue {
    match value {
        Value::Word(word) => AnyValue::from(*word),
        Value::Text(text) => AnyValue::from(text.clone()),
        Value::Integer(number) => AnyValue::Int(i64::try_from(*number).unwrap_or(i64::MAX)),
        Value::Seconds(duration) => AnyValue::Double(duration.as_secs_f64()),
    }
}

fn resource(build: &Build) -> Resource {
    let instance = format!("{:016x}", rand::random::<u64>());
    Resource::builder_empty()
        .with_attributes([
            KeyValue::new("service.name", SERVICE),
            KeyValue::new("service.version", build.version.clone()),
            KeyValue::new("service.instance.id", instance),
        ])
        .build()
}
