//! Experiments, stages and faults as spans and log lines, so that whoever looks at a trace, a log or
//! a chart can see what was broken at that moment.
//!
//! Lines go to a file, and with the spans to a collector when there is one. Nothing here is waited
//! for and nothing can fail a run: what a collector does not take in time is dropped.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use opentelemetry::logs::{AnyValue, LogRecord as _, Logger as _, LoggerProvider as _};
use opentelemetry::trace::{
    Span as _, SpanContext, TraceContextExt as _, Tracer as _, TracerProvider as _,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_otlp::{LogExporter, SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::logs::{
    BatchConfigBuilder as LogBatches, BatchLogProcessor, SdkLogger, SdkLoggerProvider,
};
use opentelemetry_sdk::trace::{
    BatchConfigBuilder as SpanBatches, BatchSpanProcessor, SdkTracer, SdkTracerProvider, Span,
};
use outcome::{Failure, OrFail, Outcome};
use serde_json::{Map, Value};
use signals::{field, span};

use crate::experiment::model::Fault;

/// Name of the runner in every span and record.
const SERVICE: &str = "proofmark-chaos";

/// How long one export may take.
const EXPORT_TIMEOUT: Duration = Duration::from_secs(3);

/// How long spans and records gather before they are sent.
const GATHER: Duration = Duration::from_secs(1);

/// How long the end of a run waits for the last of them.
const CLOSE_PATIENCE: Duration = Duration::from_secs(2);

/// Spans and records that wait; further ones are dropped.
const WAITING_MAX: usize = 1024;

/// Where spans and lines go.
pub(crate) struct Telemetry {
    tracer: SdkTracer,
    spans: SdkTracerProvider,
    logs: Option<(SdkLogger, SdkLoggerProvider)>,
    open: Mutex<Open>,
}

/// What has begun and not ended.
#[derive(Default)]
struct Open {
    experiment: Option<(String, Arc<Context>)>,
    stage: Option<(String, Arc<Context>)>,
    faults: BTreeMap<String, Span>,
    file: Option<File>,
}

impl std::fmt::Debug for Telemetry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Telemetry").finish_non_exhaustive()
    }
}

impl Telemetry {
    /// Spans and lines that go to the collector at `otlp`, such as `http://127.0.0.1:4318`, or
    /// nowhere but to a file.
    ///
    /// # Errors
    /// [`Failure::misused`] when that is no address.
    pub(crate) fn new(otlp: Option<&str>) -> Result<Self, Failure> {
        let resource = Resource::builder_empty()
            .with_attributes([
                KeyValue::new("service.name", SERVICE),
                KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
            ])
            .build();
        let mut spans = SdkTracerProvider::builder().with_resource(resource.clone());
        let mut logs = None;
        if let Some(endpoint) = otlp {
            spans = spans.with_span_processor(span_processor(endpoint)?);
            let provider = SdkLoggerProvider::builder()
                .with_resource(resource)
                .with_log_processor(log_processor(endpoint)?)
                .build();
            logs = Some((provider.logger(SERVICE), provider));
        }
        let spans = spans.build();
        Ok(Self {
            tracer: spans.tracer(SERVICE),
            spans,
            logs,
            open: Mutex::default(),
        })
    }

    /// Lines of the next experiment go to `<name>.log.jsonl` in `folder` too.
    ///
    /// # Errors
    /// [`Failure::broken`] when that cannot be written.
    pub(crate) fn log_to(&self, folder: &Path, name: &str) -> Result<(), Failure> {
        let path = folder.join(format!("{name}.log.jsonl"));
        let file = File::create(&path).or_broken(format!("cannot write {}", path.display()))?;
        self.lock().file = Some(file);
        Ok(())
    }

    /// An experiment begins.
    pub(crate) fn experiment_begins(&self, name: &str) {
        let mut begun = self
            .tracer
            .start_with_context(span::CHAOS_EXPERIMENT, &Context::new());
        begun.set_attribute(KeyValue::new(field::EXPERIMENT, name.to_owned()));
        let context = Arc::new(Context::new().with_span(begun));
        self.lock().experiment = Some((name.to_owned(), context));
        self.log("The experiment begins", &[]);
    }

    /// An experiment ends; whatever is still open ends with it.
    pub(crate) fn experiment_ends(&self, _name: &str, outcome: Outcome) {
        self.log("The experiment ends", &[(field::OUTCOME, outcome.as_str())]);
        self.stage_ends();
        let mut open = self.lock();
        for span in open.faults.values_mut() {
            span.end();
        }
        open.faults.clear();
        if let Some((_, context)) = open.experiment.take() {
            let outcome = KeyValue::new(field::OUTCOME, outcome.as_str());
            context.span().set_attribute(outcome);
            context.span().end();
        }
        open.file = None;
    }

    /// A stage begins.
    pub(crate) fn stage_begins(&self, stage: &str) {
        let mut open = self.lock();
        let parent = open.experiment.as_ref();
        let parent = parent.map_or_else(Context::new, |(_, context)| (**context).clone());
        let mut begun = self.tracer.start_with_context(span::CHAOS_STAGE, &parent);
        begun.set_attribute(KeyValue::new(field::STAGE, stage.to_owned()));
        let context = Arc::new(parent.with_span(begun));
        open.stage = Some((stage.to_owned(), context));
        drop(open);
        self.log("The stage begins", &[]);
    }

    /// The stage that is open, if any, ends.
    pub(crate) fn stage_ends(&self) {
        if let Some((_, context)) = self.lock().stage.take() {
            context.span().end();
        }
    }

    /// A fault is set, or has other numbers now.
    pub(crate) fn fault_is(&self, stage: &str, fault: &Fault, text: &str) {
        let mut open = self.lock();
        if !open.faults.contains_key(&fault.name) {
            let parent = open.stage.as_ref().or(open.experiment.as_ref());
            let parent = parent.map_or_else(Context::new, |(_, context)| (**context).clone());
            let mut begun = self.tracer.start_with_context(span::CHAOS_FAULT, &parent);
            begun.set_attribute(KeyValue::new(field::STAGE, stage.to_owned()));
            begun.set_attribute(KeyValue::new(field::TARGET, fault.target().to_owned()));
            begun.set_attribute(KeyValue::new(field::FAULT, fault.label().to_owned()));
            open.faults.insert(fault.name.clone(), begun);
        }
        if let Some(begun) = open.faults.get_mut(&fault.name) {
            begun.add_event(text.to_owned(), Vec::new());
        }
        drop(open);
        self.log(&format!("Broken on purpose: {text}"), &of_fault(fault));
    }

    /// A fault is gone.
    pub(crate) fn fault_is_gone(&self, _stage: &str, fault: &Fault) {
        self.log("Mended again", &of_fault(fault));
        if let Some(mut begun) = self.lock().faults.remove(&fault.name) {
            begun.end();
        }
    }

    /// Something that was read while a stage lasts.
    pub(crate) fn remark(&self, _stage: &str, text: &str) {
        self.log(text, &[]);
    }

    /// Sends what waits; takes at most a few seconds.
    pub(crate) fn close(&self) {
        // What cannot be sent by now is lost.
        let _ = self.spans.shutdown_with_timeout(CLOSE_PATIENCE);
        if let Some((_, provider)) = &self.logs {
            let _ = provider.shutdown_with_timeout(CLOSE_PATIENCE);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        // Each entry is put and taken whole.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn log(&self, message: &str, fields: &[(&'static str, &str)]) {
        let mut open = self.lock();
        let mut all: Vec<(&'static str, String)> = Vec::new();
        if let Some((name, _)) = &open.experiment {
            all.push((field::EXPERIMENT, name.clone()));
        }
        if let Some((name, _)) = &open.stage {
            all.push((field::STAGE, name.clone()));
        }
        all.extend(
            fields
                .iter()
                .map(|(name, text)| (*name, (*text).to_owned())),
        );
        let context = open.stage.as_ref().or(open.experiment.as_ref());
        let context = context.map(|(_, context)| context.span().span_context().clone());
        if let Some(file) = &mut open.file {
            // A full disk must not keep a fault in place.
            let _ = writeln!(file, "{}", line(message, &all, context.as_ref()));
        }
        drop(open);
        self.emit(message, &all, context);
    }

    fn emit(&self, message: &str, fields: &[(&'static str, String)], context: Option<SpanContext>) {
        let Some((logger, _)) = &self.logs else {
            return;
        };
        let now: SystemTime = Timestamp::now().into();
        let mut record = logger.create_log_record();
        record.set_timestamp(now);
        record.set_observed_timestamp(now);
        record.set_severity_text("INFO");
        record.set_severity_number(opentelemetry::logs::Severity::Info);
        record.set_body(AnyValue::from(message.to_owned()));
        for (name, text) in fields {
            record.add_attribute(*name, AnyValue::from(text.clone()));
        }
        if let Some(context) = context {
            let flags = Some(context.trace_flags());
            record.set_trace_context(context.trace_id(), context.span_id(), flags);
        }
        logger.emit(record);
    }
}

fn of_fault(fault: &Fault) -> [(&'static str, &str); 2] {
    [
        (field::TARGET, fault.target()),
        (field::FAULT, fault.label()),
    ]
}

/// One JSON object, as the service writes its own lines.
fn line(message: &str, fields: &[(&'static str, String)], context: Option<&SpanContext>) -> Value {
    let mut object = Map::new();
    let mut put = |name: &str, text: String| object.insert(name.to_owned(), Value::String(text));
    put(field::TIMESTAMP, format!("{:.6}", Timestamp::now()));
    put(field::SEVERITY, "INFO".to_owned());
    put(field::MESSAGE, message.to_owned());
    if let Some(context) = context {
        put(field::TRACE_ID, context.trace_id().to_string());
        put(field::SPAN_ID, context.span_id().to_string());
        put(field::TRACE_FLAGS, format!("{:02x}", context.trace_flags()));
    }
    for (name, text) in fields {
        put(name, text.clone());
    }
    Value::Object(object)
}

fn path(endpoint: &str, path: &str) -> String {
    format!("{}{path}", endpoint.trim_end_matches('/'))
}

fn span_processor(endpoint: &str) -> Result<BatchSpanProcessor, Failure> {
    let exporter = SpanExporter::builder()
        .with_http()
        .with_endpoint(path(endpoint, "/v1/traces"))
        .with_timeout(EXPORT_TIMEOUT)
        .build()
        .or_misused(format!("--otlp is {endpoint:?}, expected http://HOST:PORT"))?;
    let batches = SpanBatches::default()
        .with_max_queue_size(WAITING_MAX)
        .with_scheduled_delay(GATHER)
        .build();
    Ok(BatchSpanProcessor::builder(exporter)
        .with_batch_config(batches)
        .build())
}

fn log_processor(endpoint: &str) -> Result<BatchLogProcessor, Failure> {
    let exporter = LogExporter::builder()
        .with_http()
        .with_endpoint(path(endpoint, "/v1/logs"))
        .with_timeout(EXPORT_TIMEOUT)
        .build()
        .or_misused(format!("--otlp is {endpoint:?}, expected http://HOST:PORT"))?;
    let batches = LogBatches::default()
        .with_max_queue_size(WAITING_MAX)
        .with_scheduled_delay(GATHER)
        .build();
    Ok(BatchLogProcessor::builder(exporter)
        .with_batch_config(batches)
        .build())
}

#[cfg(test)]
mod tests;
