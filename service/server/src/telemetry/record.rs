//! One request from its head to the last byte of its answer, as metric, log line and spans.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use http::{HeaderMap, HeaderValue};
use opentelemetry::trace::{SpanContext, SpanKind, Status as SpanStatus, TraceState};
use opentelemetry::{KeyValue, SpanId};
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};
use signals::{ErrorType, Kind, Method, Route, Status, field};

use super::access::{self, Heading};
use super::line::Value;
use super::otlp::{self, Otlp};
use super::trace::Chances;
use super::{Line, Severity, Telemetry, Trace};
use crate::clock;

/// Where a picture came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// This process had it.
    Memory,
    /// Redis had it.
    Redis,
    /// An equal request was drawing it.
    Shared,
    /// It was drawn for this request.
    Drawn,
}

impl Source {
    fn as_str(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Redis => "redis",
            Self::Shared => "shared",
            Self::Drawn => "drawn",
        }
    }
}

/// One part of the work for a request: a span, if the request is sampled.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timing {
    pub(crate) span: &'static str,
    pub(crate) start: Instant,
    pub(crate) end: Instant,
    pub(crate) error: ErrorType,
}

/// How a request was answered.
#[derive(Debug, Clone)]
pub(crate) struct Ending {
    pub(crate) status: Status,
    pub(crate) error: ErrorType,
    /// Why it failed, in words.
    pub(crate) reason: Option<String>,
    pub(crate) body_bytes: u64,
    /// Whether it is less than what was asked for.
    pub(crate) is_degraded: bool,
    pub(crate) kind: Option<Kind>,
    pub(crate) source: Option<Source>,
    pub(crate) timings: Option<Arc<Vec<Timing>>>,
}

impl Ending {
    /// An ending without anything to say but its status.
    pub(crate) fn plain(status: Status, error: ErrorType) -> Self {
        Self {
            status,
            error,
            reason: None,
            body_bytes: 0,
            is_degraded: false,
            kind: None,
            source: None,
            timings: None,
        }
    }

    /// Whether its trace is kept even if it was not sampled: it failed, or a part of it did.
    fn is_remarkable(&self) -> bool {
        let has_failed = |timing: &Timing| timing.error != ErrorType::None;
        self.error != ErrorType::None
            || self.is_degraded
            || self
                .timings
                .as_deref()
                .is_some_and(|timings| timings.iter().any(has_failed))
    }
}

/// A request that is being answered. Dropped before it is finished, it counts as a caller who went
/// away.
#[derive(Debug)]
pub(crate) struct Record {
    telemetry: Arc<Telemetry>,
    start: Instant,
    method: Method,
    route: Route,
    trace: Trace,
    ending: Option<Ending>,
    is_finished: bool,
}

impl Record {
    /// Begins with the head of a request.
    pub(crate) fn begin(
        telemetry: Arc<Telemetry>,
        method: Method,
        route: Route,
        headers: &HeaderMap,
    ) -> Self {
        Self::begin_at(clock::now(), telemetry, method, route, headers)
    }

    /// Begins at a moment that is known already.
    pub(crate) fn begin_at(
        start: Instant,
        telemetry: Arc<Telemetry>,
        method: Method,
        route: Route,
        headers: &HeaderMap,
    ) -> Self {
        let trace = Trace::begin(headers, telemetry.trace_ratio, Chances::draw());
        Self {
            telemetry,
            start,
            method,
            route,
            trace,
            ending: None,
            is_finished: false,
        }
    }

    /// The trace as 32 digits.
    pub(crate) fn trace_id(&self) -> String {
        format!("{:032x}", self.trace.trace_id)
    }

    /// Takes note of the answer before it is sent; gives the `traceparent` to send with it.
    pub(crate) fn answer(&mut self, ending: Ending) -> HeaderValue {
        self.trace.is_sampled |= ending.is_remarkable();
        self.ending = Some(ending);
        self.trace.header()
    }

    /// The last byte of the answer was handed to the kernel at `now`.
    pub(crate) fn delivered(mut self, now: Instant) {
        if let Some(ending) = self.ending.take() {
            self.finish(ending, now);
        }
    }

    fn finish(&mut self, ending: Ending, now: Instant) {
        self.is_finished = true;
        let elapsed = now.saturating_duration_since(self.start);
        if self.telemetry.observes_requests {
            let figures = &self.telemetry.figures;
            let request = figures.request(self.method, self.route, ending.status, ending.error);
            request.observe(elapsed.as_secs_f64());
        }
        if self.telemetry.is_silent {
            return;
        }
        let wall = clock::wall();
        if self.telemetry.writes_access_log {
            self.write_line(&ending, elapsed, wall);
        }
        if !self.trace.is_sampled {
            return;
        }
        if let Some(otlp) = &self.telemetry.otlp {
            self.export_spans(otlp, &ending, now, wall);
            if self.telemetry.writes_access_log {
                otlp.log(&self.line(&ending, elapsed), wall);
            }
        }
    }

    /// Writes the access log line: made beside the log, whose lock is held for a copy only.
    fn write_line(&self, ending: &Ending, elapsed: Duration, wall: SystemTime) {
        let heading = Heading {
            at: wall,
            severity: severity(ending.status),
            message: [
                self.method.as_str(),
                self.route.as_str(),
                ending.status.as_str(),
            ],
            trace: &self.trace,
        };
        access::with_line(
            heading,
            |give| self.each_field(ending, elapsed, give),
            |line| self.telemetry.log.append_line(line),
        );
    }

    /// The same line for the collector.
    fn line(&self, ending: &Ending, elapsed: Duration) -> Line {
        let (method, route, status) = (
            self.method.as_str(),
            self.route.as_str(),
            ending.status.as_str(),
        );
        let message = format!("{method} {route} {status}");
        let mut line = Line::new(severity(ending.status), message).of(self.trace);
        self.each_field(ending, elapsed, |name, value| {
            line.fields.push((name, value))
        });
        line
    }

    fn each_field(
        &self,
        ending: &Ending,
        elapsed: Duration,
        mut give: impl FnMut(&'static str, Value),
    ) {
        give(field::METHOD, Value::Word(self.method.as_str()));
        give(field::ROUTE, Value::Word(self.route.as_str()));
        give(field::STATUS, Value::Integer(code(ending.status)));
        give(field::BODY_SIZE, Value::Integer(ending.body_bytes));
        give(field::DURATION, Value::Seconds(elapsed));
        if let Some(source) = ending.source {
            give(field::SOURCE, Value::Word(source.as_str()));
        }
        if let Some(kind) = ending.kind {
            give(field::KIND, Value::Word(kind.as_str()));
        }
        if ending.error != ErrorType::None {
            give(field::ERROR_TYPE, Value::Word(ending.error.as_str()));
        }
        if let Some(reason) = &ending.reason {
            give(field::ERROR, Value::Text(reason.clone()));
        }
    }

    fn export_spans(&self, otlp: &Otlp, ending: &Ending, now: Instant, wall: SystemTime) {
        let at = |moment| clock::wall_at(moment, now, wall);
        for timing in ending.timings.iter().flat_map(|timings| timings.iter()) {
            let mut span = self.span(otlp, rand::random::<u64>().max(1), timing.span.into());
            span.parent_span_id = SpanId::from_bytes(self.trace.span_id.to_be_bytes());
            // A shared picture may have been begun before this request.
            span.start_time = at(timing.start.max(self.start));
            span.end_time = at(timing.end.max(self.start));
            if timing.error != ErrorType::None {
                span.attributes
                    .push(KeyValue::new(field::ERROR_TYPE, timing.error.as_str()));
                span.status = SpanStatus::error(timing.error.as_str());
            }
            otlp.span(span);
        }
        let name = match self.route {
            Route::Unmatched => Cow::from(self.method.as_str()),
            route => Cow::from(format!("{} {}", self.method.as_str(), route.as_str())),
        };
        let mut span = self.span(otlp, self.trace.span_id, name);
        span.parent_span_is_remote = self.trace.parent_id.is_some();
        span.parent_span_id = SpanId::from_bytes(self.trace.parent_id.unwrap_or(0).to_be_bytes());
        span.span_kind = SpanKind::Server;
        span.start_time = at(self.start);
        span.end_time = wall;
        let elapsed = now.saturating_duration_since(self.start);
        self.each_field(ending, elapsed, |name, value| {
            span.attributes.push(attribute(name, value))
        });
        if ending.error != ErrorType::None {
            span.status = SpanStatus::error(ending.reason.clone().unwrap_or_default());
        }
        otlp.span(span);
    }

    fn span(&self, otlp: &Otlp, span_id: u64, name: Cow<'static, str>) -> SpanData {
        let (trace_id, span_id) = otlp::ids(self.trace.trace_id, span_id);
        let flags = otlp::flags(&self.trace);
        SpanData {
            span_context: SpanContext::new(trace_id, span_id, flags, false, TraceState::default()),
            parent_span_id: SpanId::INVALID,
            parent_span_is_remote: false,
            span_kind: SpanKind::Internal,
            name,
            start_time: SystemTime::UNIX_EPOCH,
            end_time: SystemTime::UNIX_EPOCH,
            attributes: Vec::new(),
            dropped_attributes_count: 0,
            events: SpanEvents::default(),
            links: SpanLinks::default(),
            status: SpanStatus::Unset,
            instrumentation_scope: otlp.scope(),
        }
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        if self.is_finished {
            return;
        }
        // What was answered but not delivered keeps its facts, apart from how it ended.
        let mut ending = self
            .ending
            .take()
            .unwrap_or_else(|| Ending::plain(Status::ClientClosed, ErrorType::None));
        ending.status = Status::ClientClosed;
        ending.error = ErrorType::None;
        self.finish(ending, clock::now());
    }
}

fn code(status: Status) -> u64 {
    // Every status of the catalog is a number.
    status.as_str().parse().unwrap_or(0)
}

fn severity(status: Status) -> Severity {
    if code(status) >= 500 {
        Severity::Error
    } else {
        Severity::Info
    }
}

fn attribute(name: &'static str, value: Value) -> KeyValue {
    match value {
        Value::Word(word) => KeyValue::new(name, word),
        Value::Text(text) => KeyValue::new(name, text),
        Value::Integer(number) => KeyValue::new(name, i64::try_from(number).unwrap_or(i64::MAX)),
        Value::Seconds(duration) => KeyValue::new(name, duration.as_secs_f64()),
    }
}
