//! Every field that can be wrong, and what is said about it.

use super::with;

/// Every change to the sound file that must be refused.
const FAULTS: [(&str, &str); 66] = [
    ("openslo/v1", "openslo/v2"),
    ("openslo/v1", "sloth.slok.dev/v1"),
    ("apiVersion: openslo/v1\n", ""),
    ("apiVersion: openslo/v1\n", "version: prometheus/v2\n"),
    (
        "apiVersion: openslo/v1\n",
        "apiVersion: openslo/v1\nversion: prometheus/v1\n",
    ),
    ("kind: SLO\n", ""),
    ("kind: SLO", "kind: Slo"),
    ("kind: SLO", "kind: AlertPolicy"),
    ("kind: SLO", "kind: AlertCondition"),
    ("kind: SLO", "kind: AlertNotificationTarget"),
    ("name: availability", "name: Availability"),
    ("  labels", "  colour: red\n  labels"),
    ("{team: web,", "{team: web, team: shop,"),
    ("team: web", "team: !secret web"),
    ("  service: shop\n", ""),
    ("service: shop", "service: the shop"),
    ("Occurrences", "Sometimes"),
    ("Occurrences", "Timeslices"),
    ("duration: 4w", "duration: 1M"),
    ("duration: 4w", "duration: 53w"),
    ("isRolling: true", "isRolling: false"),
    ("      isRolling: true\n", ""),
    (
        "isRolling: true",
        "isRolling: true\n      calendar: {startTime: x, timeZone: UTC}",
    ),
    (
        "isRolling: true",
        "calendar: {startTime: 2024-01-01 00:00:00}",
    ),
    ("isRolling: true", "calendar: {startTime: x, timeZone: UTC}"),
    (
        "isRolling: true",
        "calendar:\n        startTime: 2024-01-01 00:00:00\n        timeZone: Mars",
    ),
    (
        "duration: 4w\n      isRolling: true",
        "duration: 4h\n      calendar: {startTime: 2024-01-01, timeZone: UTC}",
    ),
    ("    - targetPercent: 99.9\n", "    []\n"),
    ("targetPercent: 99.9", "targetPercent: 100"),
    ("targetPercent: 99.9", "target: 99.9"),
    ("targetPercent: 99.9", "target: .nan"),
    ("targetPercent: 99.9", "targetPercent: many"),
    (
        "targetPercent: 99.9",
        "target: 0.9\n      targetPercent: 90",
    ),
    (
        "targetPercent: 99.9",
        "targetPercent: 99.9\n      targetPercent: 90",
    ),
    (
        "- targetPercent: 99.9",
        "- targetPercent: 99\n    - targetPercent: 0",
    ),
    ("targetPercent: 99.9", "targetPercent: 99.9\n      op: lte"),
    ("targetPercent: 99.9", "targetPercent: 99.9\n      value: 1"),
    (
        "targetPercent: 99.9",
        "targetPercent: 99.9\n      timeSliceTarget: 0.9",
    ),
    (
        "targetPercent: 99.9",
        "targetPercent: 99.9\n      timeSliceWindow: 5m",
    ),
    (
        "targetPercent: 99.9",
        "targetPercent: 99.9\n      compositeWeight: 2",
    ),
    (
        "targetPercent: 99.9",
        "targetPercent: 99.9\n      indicatorRef: x",
    ),
    (
        "targetPercent: 99.9",
        "targetPercent: 99.9\n      indicator: {spec: {}}",
    ),
    (
        "  indicator:\n",
        "  alertPolicies:\n    - x\n  indicator:\n",
    ),
    ("  indicator:\n", "  indicatorRef: x\n  indicator:\n"),
    ("ratioMetric", "thresholdMetric"),
    ("ratioMetric", "ratiosMetric"),
    (
        "      ratioMetric:",
        "      thresholdMetric: {metricSource: {type: Prometheus, spec: {query: x}}}\n      ratioMetric:",
    ),
    ("        counter: true\n", ""),
    ("counter: true", "counter: 1"),
    ("        bad:", "        rawType: success\n        bad:"),
    (
        "        bad:",
        "        raw: {metricSource: {type: Prometheus, spec: {query: x}}}\n        bad:",
    ),
    (
        "        bad:",
        "        good: {metricSource: {type: Prometheus, spec: {query: x}}}\n        bad:",
    ),
    ("type: Prometheus", "type: Datadog"),
    ("            type: Prometheus\n", ""),
    (
        "type: Prometheus",
        "metricSourceRef: x\n            type: Prometheus",
    ),
    ("query: bad_total", "query: bad_total{"),
    ("query: bad_total", "query: bad_total[5m]"),
    ("query: bad_total", "query: bad_total offset 1h"),
    (
        "query: bad_total",
        "query: sum(irate(bad_total[{{.window}}]))",
    ),
    ("query: all_total", "query: sum(rate(all_total[5m]))"),
    ("query: all_total", "query: [all_total]"),
    (
        "query: all_total",
        "query: all_total\n              region: eu",
    ),
    ("query: all_total", "query: &a all_total\n    - *b"),
    ("counter: true\n", "counter: false\n        total: {}\n"),
    ("counter: true", "<<: {counter: true}"),
    ("kind: SLO", "\tkind: SLO"),
];

#[test]
fn every_fault_names_file_line_and_what_was_expected() {
    let seen: Vec<String> = FAULTS
        .iter()
        .map(|(from, to)| format!("{to:?}\n    {}", with(from, to)))
        .collect();
    for line in &seen {
        assert!(line.contains("\n    shop.yaml:"), "{line}");
    }
    insta::assert_snapshot!(seen.join("\n"));
}
