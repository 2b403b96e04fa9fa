//! The four golden signals of the service: latency, errors, traffic, saturation.
//!
//! Only what callers can blame on us counts: routes under `/v1/`, without 4xx on either side of a
//! ratio. No expression divides by zero or compares NaN in its favour, and none fires on a service
//! that hardly anyone calls: the burn alerts of the objectives see those.

use std::collections::BTreeMap;
use std::time::Duration;

use signals::{BUILD_INFO, CPU_SATURATION, HTTP_REQUEST};

use crate::names::{CPU_SOURCE, ERROR_TYPE, PROOFMARK, REVISION, ROUTE, STATUS, VERSION};
use crate::rule::{Alert, Hold, Routing, Severity};
use crate::settings::Pace;

/// P99 of requests above which latency is high, in seconds; a bound of the histogram.
const LATENCY_P99_MAX_SECONDS: f64 = 1.2;
/// Share of 5xx above which errors are high.
const ERROR_RATIO_MAX: f64 = 0.008;
/// Share of the hour's traffic whose loss is a drop.
const TRAFFIC_LOSS_MAX: f64 = 0.4;
/// Share of CPU time that was wanted and not given above which the CPU is saturated.
const CPU_WAIT_MAX: f64 = 0.15;
/// Share of the cores in use above which the CPU is saturated, where waiting cannot be seen.
const CPU_USE_MAX: f64 = 0.9;

/// Span of latency and errors: short, for an early alert, yet four scrapes of 30 s long.
const WINDOW: &str = "2m";
/// Requests in [`WINDOW`] below which a P99 or a ratio of 0.8 % means nothing.
const REQUESTS_MIN: u32 = 100;
/// Requests per second in the hour before below which a drop is chance.
const TRAFFIC_MIN_PER_SECOND: f64 = 0.5;
/// How long a release explains a drop. Not the whole hour: callers that a release lost for good
/// would be forgotten before anybody was told.
const RELEASE_SPAN: &str = "15m";

/// The alerts, each with the pace at which its signal is looked at.
pub(crate) fn alerts() -> Vec<(Pace, Alert)> {
    vec![
        (Pace::part(2), latency()),
        (Pace::times(2), errors()),
        (Pace::BASE, traffic()),
        (Pace::part(3), saturation()),
    ]
}

/// Selector of requests that were not refused for a fault of the caller, with `suffix`.
fn requests(suffix: &str) -> String {
    format!(r#"{HTTP_REQUEST}{suffix}{{{ROUTE}=~"/v1/.*",{STATUS}!~"4.."}}"#)
}

fn latency() -> Alert {
    let (buckets, count) = (requests("_bucket"), requests("_count"));
    golden(Golden {
        name: "RequestLatencyHigh",
        signal: "latency",
        expr: format!(
            "histogram_quantile(0.99, sum by (le, {ROUTE}) (rate({buckets}[{WINDOW}]))) \
             > {LATENCY_P99_MAX_SECONDS}\n\
             and on ({ROUTE})\n\
             sum by ({ROUTE}) (increase({count}[{WINDOW}])) >= {REQUESTS_MIN}"
        ),
        hold: Hold::Evaluations(3),
        urgency: (Severity::Warning, Routing::Ticket),
        summary: "One request in a hundred waits longer than 1.2 seconds.",
        description: format!(
            "The P99 of {{{{ $labels.{ROUTE} }}}} over {WINDOW} is \
             {{{{ $value | humanizeDuration }}}}; more than 1.2s is too slow."
        ),
        chart: "latency_p99",
    })
}

fn errors() -> Alert {
    let count = requests("_count");
    let bad = format!(r#"{HTTP_REQUEST}_count{{{ROUTE}=~"/v1/.*",{STATUS}=~"5.."}}"#);
    golden(Golden {
        name: "RequestErrorsHigh",
        signal: "errors",
        // One alert for each cause that has a part in it, once all causes together are too many.
        expr: format!(
            "sum by ({ERROR_TYPE}) (rate({bad}[{WINDOW}])) / on () group_left ()\n  \
             sum (rate({count}[{WINDOW}])) > 0\n\
             and on ()\n\
             sum (rate({bad}[{WINDOW}])) / sum (rate({count}[{WINDOW}])) > {ERROR_RATIO_MAX}\n\
             and on ()\n\
             sum (increase({count}[{WINDOW}])) >= {REQUESTS_MIN}"
        ),
        hold: Hold::Evaluations(3),
        urgency: (Severity::Critical, Routing::Page),
        summary: "More than 0.8 percent of the requests fail with a 5xx.",
        description: format!(
            "Cause {{{{ with $labels.{ERROR_TYPE} }}}}{{{{ . }}}}{{{{ else }}}}unnamed{{{{ end }}}} \
             makes {{{{ $value | humanizePercentage }}}} of all requests over {WINDOW} fail; all \
             causes together are above 0.8%."
        ),
        chart: "error_ratio",
    })
}

fn traffic() -> Alert {
    let count = requests("_count");
    golden(Golden {
        name: "RequestTrafficDropped",
        signal: "traffic",
        // A route whose series vanished counts as 0 now, or the worst drop would be the silent one.
        expr: format!(
            "1 - (\n  \
             sum by ({ROUTE}) (rate({count}[5m]))\n  \
             or sum by ({ROUTE}) (rate({count}[1h] offset 5m)) * 0\n\
             ) / (\n  \
             sum by ({ROUTE}) (rate({count}[1h] offset 5m)) > {TRAFFIC_MIN_PER_SECOND}\n\
             ) > {TRAFFIC_LOSS_MAX}\n\
             unless on ()\n\
             count by (job) (count by (job, {VERSION}, {REVISION}) \
             (max_over_time({BUILD_INFO}[{RELEASE_SPAN}]))) > 1"
        ),
        hold: Hold::Evaluations(3),
        urgency: (Severity::Warning, Routing::Ticket),
        summary: "Traffic fell by more than 40 percent and no release explains it.",
        description: format!(
            "{{{{ $labels.{ROUTE} }}}} lost {{{{ $value | humanizePercentage }}}} of its requests: \
             the last 5 minutes against the hour before them."
        ),
        chart: "request_rate",
    })
}

fn saturation() -> Alert {
    golden(Golden {
        name: "CpuSaturated",
        signal: "saturation",
        expr: format!(
            "{CPU_SATURATION}{{{CPU_SOURCE}!=\"process\"}} > {CPU_WAIT_MAX}\n\
             or\n\
             {CPU_SATURATION}{{{CPU_SOURCE}=\"process\"}} > {CPU_USE_MAX}"
        ),
        hold: Hold::Time(Duration::from_secs(300)),
        urgency: (Severity::Warning, Routing::Ticket),
        summary: "The service has wanted more CPU than it got for five minutes.",
        description: format!(
            "{{{{ $labels.instance }}}}: {{{{ $value | humanizePercentage }}}}, read from \
             {{{{ $labels.{CPU_SOURCE} }}}} (cgroup and pressure: share of time without the CPU it \
             wanted, at most 15%; process: share of all cores in use, at most 90%)."
        ),
        chart: "cpu_saturation",
    })
}

/// What differs between the golden signals.
struct Golden {
    name: &'static str,
    signal: &'static str,
    expr: String,
    hold: Hold,
    urgency: (Severity, Routing),
    summary: &'static str,
    description: String,
    chart: &'static str,
}

fn golden(golden: Golden) -> Alert {
    let (severity, routing) = golden.urgency;
    Alert {
        name: golden.name.to_owned(),
        signal: golden.signal,
        expr: golden.expr,
        hold: golden.hold,
        keep: Hold::Evaluations(5),
        severity,
        routing,
        service: PROOFMARK.to_owned(),
        labels: BTreeMap::new(),
        summary: golden.summary.to_owned(),
        description: golden.description,
        chart: Some(golden.chart),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_of_the_latency_alert_is_a_bound_of_the_histogram() {
        assert!(signals::REQUEST_BUCKETS.contains(&LATENCY_P99_MAX_SECONDS));
    }

    #[test]
    fn the_alerts_are_those_of_the_four_golden_signals() {
        let signals: Vec<&str> = alerts().iter().map(|(_, alert)| alert.signal).collect();
        assert_eq!(signals, ["latency", "errors", "traffic", "saturation"]);
    }
}
