//! All metrics as one list, with those that others record.

use crate::declare::{Label, Metric, MetricKind, Values};
use crate::metrics;

/// Labels that Prometheus adds to every series it scrapes.
pub const TARGET_LABELS: &[&str] = &["job", "instance"];

/// Every metric that this workspace records, in reading order.
#[must_use]
pub fn catalog() -> &'static [Metric] {
    metrics::ALL
}

const fn plain(name: &'static str, help: &'static str, kind: MetricKind) -> Metric {
    Metric {
        name,
        help,
        kind,
        labels: &[],
    }
}

const ALERT_LABELS: &[Label] = &[
    Label {
        name: "alertname",
        values: Values::AtMost(64),
    },
    Label {
        name: "alertstate",
        values: Values::OneOf(&["pending", "firing"]),
    },
    Label {
        name: "severity",
        values: Values::OneOf(&["critical", "warning", "info"]),
    },
];

const FOREIGN: &[Metric] = &[
    plain(
        "process_cpu_seconds_total",
        "CPU time of the process.",
        MetricKind::Counter,
    ),
    plain(
        "process_open_fds",
        "Open file descriptors.",
        MetricKind::Gauge,
    ),
    plain(
        "process_max_fds",
        "Most open file descriptors.",
        MetricKind::Gauge,
    ),
    plain(
        "process_resident_memory_bytes",
        "Resident memory.",
        MetricKind::Gauge,
    ),
    plain(
        "process_virtual_memory_bytes",
        "Virtual memory.",
        MetricKind::Gauge,
    ),
    plain(
        "process_start_time_seconds",
        "When the process started.",
        MetricKind::Gauge,
    ),
    plain(
        "process_threads",
        "Threads of the process.",
        MetricKind::Gauge,
    ),
    plain(
        "up",
        "1 when the last scrape of a target worked.",
        MetricKind::Gauge,
    ),
    plain(
        "scrape_duration_seconds",
        "How long the last scrape took.",
        MetricKind::Gauge,
    ),
    plain(
        "scrape_samples_scraped",
        "Samples of the last scrape.",
        MetricKind::Gauge,
    ),
    Metric {
        name: "ALERTS",
        help: "1 while an alert is pending or firing.",
        kind: MetricKind::Gauge,
        labels: ALERT_LABELS,
    },
];

/// Metrics that a library or Prometheus itself records about our processes.
#[must_use]
pub fn foreign() -> &'static [Metric] {
    FOREIGN
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_name_is_declared_once() {
        let mut seen = HashSet::new();
        for metric in catalog().iter().chain(foreign()) {
            assert!(
                seen.insert(metric.name),
                "{} is declared twice",
                metric.name
            );
        }
    }

    #[test]
    fn counters_end_in_total_and_histograms_in_a_unit() {
        for metric in catalog() {
            match metric.kind {
                MetricKind::Counter => assert!(metric.name.ends_with("_total"), "{}", metric.name),
                MetricKind::Histogram(_) => {
                    assert!(metric.name.ends_with("_seconds"), "{}", metric.name)
                }
                MetricKind::Gauge => assert!(!metric.name.ends_with("_total"), "{}", metric.name),
            }
        }
    }

    #[test]
    fn buckets_ascend() {
        for metric in catalog() {
            if let MetricKind::Histogram(bounds) = metric.kind {
                assert!(
                    bounds.windows(2).all(|pair| pair[0] < pair[1]),
                    "{}",
                    metric.name
                );
            }
        }
    }

    #[test]
    fn every_help_is_one_sentence() {
        for metric in catalog() {
            assert!(
                metric.help.ends_with('.'),
                "{}: {:?}",
                metric.name,
                metric.help
            );
        }
    }
}
