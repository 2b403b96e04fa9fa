//! The metrics, grouped by who records them.

use crate::buckets::{REQUEST_BUCKETS, STAGE_BUCKETS, STORE_BUCKETS};
use crate::declare::MetricKind::{Counter, Gauge, Histogram};
use crate::declare::signals;
use crate::labels::*;

signals! {
    // The service: requests.

    /// Time from the head of a request to the last byte of its answer.
    HTTP_REQUEST: Histogram(REQUEST_BUCKETS) => "http_server_request_duration_seconds" by (Method, Route, Status, ErrorType);
    /// Connections that are open now.
    HTTP_CONNECTIONS: Gauge => "http_server_open_connections" by ();

    // The service: drawing.

    /// Time that one stage of drawing takes.
    RENDER_STAGE: Histogram(STAGE_BUCKETS) => "render_stage_duration_seconds" by (Kind, Stage);
    /// Lookups of a picture in a cache.
    RENDER_CACHE: Counter => "render_cache_requests_total" by (Tier, CacheResult);
    /// Pictures that are being drawn now.
    RENDER_INFLIGHT: Gauge => "render_inflight" by ();
    /// Pictures that wait for a render thread.
    RENDER_QUEUE_DEPTH: Gauge => "render_queue_depth" by ();
    /// Requests refused at admission.
    RENDER_SHED: Counter => "render_shed_total" by (ShedReason);
    /// Characters for which no font has a glyph.
    RENDER_MISSING_GLYPHS: Counter => "render_missing_glyphs_total" by ();

    /// Answers that were less than what was asked for.
    RENDER_DEGRADED: Counter => "render_degraded_total" by (DegradedLevel, DegradedReason);

    // The service: what it calls.

    /// Time that one call of an upstream takes, its body included.
    HTTP_CLIENT: Histogram(REQUEST_BUCKETS) => "http_client_request_duration_seconds" by (Dependency, ErrorType);

    /// Time that one operation of a store takes.
    DB_OPERATION: Histogram(STORE_BUCKETS) => "db_client_operation_duration_seconds" by (DbSystem, DbOperation, ErrorType);
    /// State of a circuit breaker: 0 closed, 1 half open, 2 open.
    CIRCUIT_STATE: Gauge => "circuit_breaker_state" by (Dependency);

    // The service: itself.

    /// Always 1; its labels say which build runs.
    BUILD_INFO: Gauge => "build_info" by (Version, Revision);
    /// Share of the last interval in which CPU was wanted and not given, or used, by its source.
    CPU_SATURATION: Gauge => "cpu_saturation_ratio" by (CpuSource);
    /// Telemetry that was dropped: its bounded queue was full, or its receiver failed.
    TELEMETRY_DROPPED: Counter => "telemetry_dropped_total" by (Telemetry);

    // The load runner.

    /// Time that the load runner waited for one answer.
    LOAD_REQUEST: Histogram(REQUEST_BUCKETS) => "load_request_duration_seconds" by (RequestName, LoadResult);
    /// Requests per second that the plan asks for now.
    LOAD_RATE_WANTED: Gauge => "load_rate_wanted" by ();

    // The chaos runner.

    /// 1 while a fault is applied.
    CHAOS_FAULT_ACTIVE: Gauge => "chaos_fault_active" by (ExperimentName, StageName, FaultTarget, FaultName);

    // The desk.

    /// Webhooks that the desk was sent.
    DESK_WEBHOOKS: Counter => "desk_webhooks_total" by (WebhookResult);
}
