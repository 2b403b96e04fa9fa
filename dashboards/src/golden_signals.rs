//! The golden signals dashboard, row by row as it is read.

use signals::{
    BUILD_INFO, CIRCUIT_STATE, CPU_SATURATION, DB_OPERATION, HTTP_CLIENT, HTTP_CONNECTIONS,
    HTTP_REQUEST, RENDER_CACHE, RENDER_DEGRADED, RENDER_INFLIGHT, RENDER_MISSING_GLYPHS,
    RENDER_QUEUE_DEPTH, RENDER_SHED, RENDER_STAGE, TELEMETRY_DROPPED,
};
use slo::Objective;

use crate::names::{
    CPU_SOURCE, DEPENDENCY, ERROR_TYPE, KIND, LEVEL, OPERATION, REASON, RESULT, ROUTE, STAGE,
    STATUS, TELEMETRY, TIER, VERSION,
};
use crate::objectives;
use crate::panel::{Limits, Look, Panel, Row, lines};

/// Span of a rate: at least four scrapes, at least one pixel.
const SPAN: &str = "[$__rate_interval]";

/// All rows, top to bottom.
pub(crate) fn rows(of: &[Objective]) -> Vec<Row> {
    let row = |title, panels| Row { title, panels };
    vec![
        objectives::row(of),
        row("Latency", latency()),
        row("Errors", errors()),
        row("Traffic", traffic()),
        row("Saturation", saturation()),
        row("Drawing", drawing()),
        row("Caches", caches()),
        row("Redis and its circuit", redis()),
        row("What the service calls", upstreams()),
        row("Builds and telemetry", builds()),
    ]
}

/// Selector of requests that were not refused for a fault of the caller.
fn requests(suffix: &str) -> String {
    format!(r#"{HTTP_REQUEST}{suffix}{{{ROUTE}=~"/v1/.*",{STATUS}!~"4.."}}"#)
}

/// Selector of requests that failed by our fault.
fn failures() -> String {
    format!(r#"{HTTP_REQUEST}_count{{{ROUTE}=~"/v1/.*",{STATUS}=~"5.."}}"#)
}

/// A quantile of the buckets that `select` finds, by `labels` (empty, or starting with a comma).
fn quantile(quantile: f64, select: &str, labels: &str) -> String {
    format!("histogram_quantile({quantile}, sum by (le{labels}) (rate({select}{SPAN})))")
}

fn latency() -> Vec<Panel> {
    let buckets = requests("_bucket");
    let shares = [(0.5, "P50"), (0.95, "P95"), (0.99, "P99")];
    let all = lines(
        "Latency of requests",
        "s",
        "Half, 95 % and 99 % of the requests under /v1/ are answered within this time; 4xx left \
         out. RequestLatencyHigh looks at a P99 above 1.2 s.",
    )
    .limits(Limits::Above(1.2));
    let all = shares.into_iter().fold(all, |panel, (share, name)| {
        panel.query(quantile(share, &buckets, ""), name)
    });
    let by_route = lines(
        "P99 by route",
        "s",
        "The slowest hundredth of each route. One high line and one low one: look at that kind \
         of picture, below under Drawing.",
    )
    .limits(Limits::Above(1.2))
    .query(
        quantile(0.99, &buckets, &format!(", {ROUTE}")),
        format!("{{{{{ROUTE}}}}}"),
    );
    let heat = lines(
        "Requests by latency",
        "s",
        "Every bucket of the histogram over time. Two bands are hits and drawn pictures; a band \
         that moves up is what quantiles hide.",
    )
    .look(Look::Heatmap)
    .size(24, 8)
    .query(format!("sum by (le) (increase({buckets}{SPAN}))"), "{{le}}");
    vec![all, by_route, heat]
}

fn errors() -> Vec<Panel> {
    let (bad, count) = (failures(), requests("_count"));
    let ratio = lines(
        "Failed requests",
        "percentunit",
        "Share of requests answered with 5xx; 4xx count on neither side. RequestErrorsHigh pages \
         above 0.8 %.",
    )
    .limits(Limits::Above(0.008))
    .query(
        format!("sum(rate({bad}{SPAN})) / sum(rate({count}{SPAN}))"),
        "5xx",
    );
    let by_type = lines(
        "Failures by cause",
        "reqps",
        "Requests answered with 5xx, by error_type. The largest area names the part of the \
         runbook to follow.",
    )
    .look(Look::Stacked)
    .query(
        format!("sum by ({ERROR_TYPE}) (rate({bad}{SPAN}))"),
        format!("{{{{{ERROR_TYPE}}}}}"),
    );
    vec![ratio, by_type]
}

fn traffic() -> Vec<Panel> {
    let by_route = lines(
        "Requests by route",
        "reqps",
        "Requests a second of every route, whatever became of them. RequestTrafficDropped looks \
         for a loss of more than 40 % against the hour before.",
    )
    .look(Look::Stacked)
    .query(
        format!("sum by ({ROUTE}) (rate({HTTP_REQUEST}_count{SPAN}))"),
        format!("{{{{{ROUTE}}}}}"),
    );
    let by_status = lines(
        "Answers by status",
        "reqps",
        "Answers a second by status code. Many 4xx: a caller is wrong, or we refuse what we took \
         before.",
    )
    .look(Look::Stacked)
    .query(
        format!("sum by ({STATUS}) (rate({HTTP_REQUEST}_count{SPAN})) > 0"),
        format!("{{{{{STATUS}}}}}"),
    );
    vec![by_route, by_status]
}

fn saturation() -> Vec<Panel> {
    let cpu = lines(
        "CPU",
        "percentunit",
        "Share of time in which CPU was wanted and not given (cgroup, pressure), or of all cores \
         in use (process). CpuSaturated: above 15 %, or above 90 %, for 5 minutes.",
    )
    .up_to(1.0)
    .query(
        CPU_SATURATION.to_string(),
        format!("{{{{instance}}}} {{{{{CPU_SOURCE}}}}}"),
    );
    let queue = lines(
        "Pictures that wait and that are drawn",
        "none",
        "Queue of the drawing threads and pictures in their hands. A queue that stays full is \
         shed next.",
    )
    .query(
        format!("sum by (instance) ({RENDER_QUEUE_DEPTH})"),
        "{{instance}} waiting",
    )
    .query(
        format!("sum by (instance) ({RENDER_INFLIGHT})"),
        "{{instance}} drawing",
    );
    let shed = lines(
        "Refused at admission",
        "reqps",
        "Requests that were refused because the queue was full, the picture too dear or connections \
         too many. Normal is 0.",
    )
    .size(8, 8)
    .limits(Limits::Above(0.001))
    .query(
        format!("sum by ({REASON}) (rate({RENDER_SHED}{SPAN}))"),
        format!("{{{{{REASON}}}}}"),
    );
    let memory = lines(
        "Resident memory",
        "bytes",
        "Memory of each instance. It rises while the caches fill, then stays; a line that never \
         bends is a leak.",
    )
    .size(8, 8)
    .query("process_resident_memory_bytes", "{{job}} {{instance}}");
    let connections = lines(
        "Open connections",
        "none",
        "Connections of the public listener, and open files against their limit.",
    )
    .size(8, 8)
    .query(
        format!("sum by (instance) ({HTTP_CONNECTIONS})"),
        "{{instance}} connections",
    )
    .query("process_open_fds", "{{job}} {{instance}} files");
    vec![cpu, queue, shed, memory, connections]
}

fn drawing() -> Vec<Panel> {
    let stages = lines(
        "P95 of each stage",
        "s",
        "Time of each stage of drawing. A slow queue is a lack of threads; a slow stage is \
         costly pictures, or a slow machine.",
    )
    .query(
        quantile(
            0.95,
            &format!("{RENDER_STAGE}_bucket"),
            &format!(", {KIND}, {STAGE}"),
        ),
        format!("{{{{{KIND}}}}} {{{{{STAGE}}}}}"),
    );
    let drawn = lines(
        "Pictures drawn",
        "ops",
        "Pictures that left the last stage, a second: the work that caches did not save.",
    )
    .look(Look::Stacked)
    .size(6, 8)
    .query(
        format!(r#"sum by ({KIND}) (rate({RENDER_STAGE}_count{{{STAGE}="encode"}}{SPAN}))"#),
        format!("{{{{{KIND}}}}}"),
    );
    let glyphs = lines(
        "Missing glyphs",
        "ops",
        "Characters for which no font has a glyph. Normal is 0; a rise means that callers write \
         in a script that no font covers.",
    )
    .size(6, 8)
    .query(
        format!("sum(rate({RENDER_MISSING_GLYPHS}{SPAN}))"),
        "missing",
    );
    vec![stages, drawn, glyphs]
}

fn caches() -> Vec<Panel> {
    let all = format!("sum by ({TIER}) (rate({RENDER_CACHE}{SPAN}))");
    let found = format!(r#"{RENDER_CACHE}{{{RESULT}=~"hit|shared"}}"#);
    let share = lines(
        "Found in cache",
        "percentunit",
        "Share of lookups that found the picture, or shared one that was being drawn. It starts \
         low after a restart.",
    )
    .up_to(1.0)
    .query(
        format!("sum by ({TIER}) (rate({found}{SPAN})) / {all}"),
        format!("{{{{{TIER}}}}}"),
    );
    let results = lines(
        "Lookups by result",
        "ops",
        "Lookups in each cache by what they gave. An error costs only speed; corrupt is a value \
         that was thrown away, and should be 0.",
    )
    .look(Look::Stacked)
    .query(
        format!("sum by ({TIER}, {RESULT}) (rate({RENDER_CACHE}{SPAN}))"),
        format!("{{{{{TIER}}}}} {{{{{RESULT}}}}}"),
    );
    vec![share, results]
}

fn redis() -> Vec<Panel> {
    let slow = lines(
        "P95 and P99 of Redis",
        "s",
        "Time of one operation. It is cut off at its timeout, 50 ms unless configured otherwise.",
    )
    .size(8, 8)
    .limits(Limits::Above(0.05));
    let by_operation = format!(", {OPERATION}");
    let slow = [(0.95, "P95"), (0.99, "P99")]
        .into_iter()
        .fold(slow, |panel, (share, name)| {
            panel.query(
                quantile(share, &format!("{DB_OPERATION}_bucket"), &by_operation),
                format!("{name} {{{{{OPERATION}}}}}"),
            )
        });
    let errors = lines(
        "Operations by outcome",
        "ops",
        "Operations a second by how they failed; without a name they succeeded.",
    )
    .look(Look::Stacked)
    .size(8, 8)
    .query(
        format!("sum by ({ERROR_TYPE}) (rate({DB_OPERATION}_count{SPAN}))"),
        format!("{{{{{ERROR_TYPE}}}}}"),
    );
    let circuit = lines(
        "Circuit",
        "none",
        "Closed lets calls through. Open makes none for a while: pictures are drawn without \
         Redis. Half open tries one.",
    )
    .look(Look::Circuit)
    .size(8, 8)
    .query(
        format!("max by (instance, {DEPENDENCY}) ({CIRCUIT_STATE})"),
        format!("{{{{instance}}}} {{{{{DEPENDENCY}}}}}"),
    );
    vec![slow, errors, circuit]
}

fn upstreams() -> Vec<Panel> {
    let slow = lines(
        "P99 of upstreams",
        "s",
        "Time of one call, its body included: Prometheus for charts, pictures for cards.",
    )
    .size(8, 8)
    .query(
        quantile(
            0.99,
            &format!("{HTTP_CLIENT}_bucket"),
            &format!(", {DEPENDENCY}"),
        ),
        format!("{{{{{DEPENDENCY}}}}}"),
    );
    let errors = lines(
        "Calls by outcome",
        "reqps",
        "Calls a second by how they failed; without a name they succeeded. A failed call costs no \
         answer while there is older data, or a card without its picture.",
    )
    .look(Look::Stacked)
    .size(8, 8)
    .query(
        format!("sum by ({DEPENDENCY}, {ERROR_TYPE}) (rate({HTTP_CLIENT}_count{SPAN}))"),
        format!("{{{{{DEPENDENCY}}}}} {{{{{ERROR_TYPE}}}}}"),
    );
    let degraded = lines(
        "Degraded answers",
        "reqps",
        "Answers that were less than what was asked for: a picture left out, a coarser step, older \
         data. Normal is 0.",
    )
    .size(8, 8)
    .query(
        format!("sum by ({LEVEL}, {REASON}) (rate({RENDER_DEGRADED}{SPAN}))"),
        format!("{{{{{LEVEL}}}}} {{{{{REASON}}}}}"),
    );
    vec![slow, errors, degraded]
}

fn builds() -> Vec<Panel> {
    let versions = lines(
        "Instances by version",
        "none",
        "Instances of each version. Two areas are a release on its way.",
    )
    .look(Look::Stacked)
    .size(8, 6)
    .query(
        format!("sum by ({VERSION}) ({BUILD_INFO})"),
        format!("{{{{{VERSION}}}}}"),
    );
    let up = lines(
        "Targets",
        "none",
        "1 while Prometheus reaches the target, 0 when not.",
    )
    .size(8, 6)
    .up_to(1.0)
    .query("up", "{{job}} {{instance}}");
    let dropped = lines(
        "Dropped telemetry",
        "ops",
        "Log lines and spans that did not fit their queues. Normal is 0; above it logs and \
         traces have holes, metrics have none.",
    )
    .size(8, 6)
    .query(
        format!("sum by ({TELEMETRY}) (rate({TELEMETRY_DROPPED}{SPAN}))"),
        format!("{{{{{TELEMETRY}}}}}"),
    );
    vec![versions, up, dropped]
}
