use std::path::Path;

use super::*;
use crate::query::Form as QueryForm;

/// Sloth's example "getting started".
const FILE: &str = include_str!("../../tests/sloth/getting-started.yml");

/// The same as a resource of Kubernetes.
const RESOURCE: &str = include_str!("../../tests/sloth/k8s-getting-started.yml");

fn outcome(text: &str) -> String {
    match crate::read(text, Path::new("sloth.yml")) {
        Ok(objectives) => format!("{} objectives", objectives.len()),
        Err(failure) => failure.to_string(),
    }
}

#[test]
fn both_spellings_give_the_same_objective() {
    let of_file = crate::read(FILE, Path::new("sloth.yml")).unwrap().remove(0);
    let of_resource = crate::read(RESOURCE, Path::new("sloth.yml"))
        .unwrap()
        .remove(0);
    assert_eq!(of_file.name, "requests-availability");
    assert_eq!(of_file.service, "myservice");
    assert!((of_file.target - 0.999).abs() < 1e-12);
    assert_eq!(of_file.window_text, "30d");
    let error_ratio = of_file.indicator.error_ratio("5m");
    assert_eq!(error_ratio, of_resource.indicator.error_ratio("5m"));
    assert!(crate::promql::parse(&error_ratio).is_ok(), "{error_ratio}");
    assert_eq!(
        (of_file.target, of_file.name),
        (of_resource.target, of_resource.name)
    );
}

#[test]
fn rates_are_counted() {
    let objective = crate::read(FILE, Path::new("sloth.yml")).unwrap().remove(0);
    let total = objective.indicator.queries()[0];
    assert_eq!(total.form(), QueryForm::Template);
    assert_eq!(
        total.events("30d"),
        r#"sum(increase(http_request_duration_seconds_count{job="myservice"}[30d]))"#
    );
    assert_eq!(objective.place_of(total), "sloth.yml:15");
}

#[test]
fn a_raw_share_is_one_of_errors() {
    let text = include_str!("../../tests/sloth/raw-home-wifi.yml");
    let objective = crate::read(text, Path::new("sloth.yml")).unwrap().remove(0);
    let Indicator::Raw(raw) = &objective.indicator else {
        panic!("{objective:?}")
    };
    assert!(matches!(raw.share, Counted::Bad(_)));
    let ratio = objective.indicator.error_ratio("1h");
    assert!(
        crate::promql::parse(&ratio).is_ok() && !ratio.contains(":1m]"),
        "{ratio}"
    );
}

#[test]
fn several_levels_of_one_service_are_several_objectives() {
    let text = include_str!("../../tests/sloth/home-wifi.yml");
    let objectives = crate::read(text, Path::new("sloth.yml")).unwrap();
    let places: Vec<_> = objectives
        .iter()
        .map(|one| (one.name.as_str(), one.line))
        .collect();
    assert_eq!(
        places,
        [
            ("good-wifi-client-satisfaction", 8),
            ("risk-wifi-client-satisfaction", 17)
        ]
    );
}

#[test]
fn every_fault_names_its_line() {
    let changes = [
        ("prometheus/v1", "prometheus/v2"),
        ("service: \"myservice\"", "service: My_Service"),
        ("service: \"myservice\"\n", ""),
        (
            "labels:\n  owner",
            "slo_plugins: {chain: []}\nlabels:\n  owner",
        ),
        ("requests-availability", "Requests_Availability"),
        ("objective: 99.9", "objective: 100"),
        ("objective: 99.9", "objective: 0"),
        ("objective: 99.9", "objective: high"),
        ("    sli:", "    plugins: {chain: []}\n    sli:"),
        ("      events:", "      plugin: {id: x}\n      events:"),
        (
            "      events:",
            "      raw: {error_ratio_query: x}\n      events:",
        ),
        ("error_query: sum(rate(", "error_query: sum(irate("),
        ("total_query: sum(rate(", "total_query: 60 * sum(rate("),
        ("[{{.window}}]))\n    alerting", "[5m]))\n    alerting"),
        (
            "[{{.window}}]))\n    alerting",
            "[{{.window}]))\n    alerting",
        ),
        ("error_query", "errors_query"),
        ("      page_alert:", "      pages_alert:"),
        ("slos:", "slos: []\nslo:"),
    ];
    let seen = changes.map(|(from, to)| {
        assert!(FILE.contains(from), "{from}");
        let said = outcome(&FILE.replacen(from, to, 1));
        assert!(said.starts_with("sloth.yml:"), "{said}");
        format!("{to:?}\n    {said}")
    });
    insta::assert_snapshot!(seen.join("\n"));
    for (from, to, expected) in [
        (
            "slok.dev/v1",
            "slok.dev/v2",
            "sloth.yml:6: apiVersion is \"sloth.slok.dev/v2\"; expected",
        ),
        (
            "PrometheusServiceLevel",
            "AlertWindows",
            "sloth.yml:7: kind is \"AlertWindows\"; expected",
        ),
        (
            "objective: 99.9",
            "objective: -1",
            "sloth.yml:19: objective must lie",
        ),
        (
            "{{.window}}]))\n          total",
            "1h]))\n          total",
            "sloth.yml:23: expected an expression",
        ),
    ] {
        assert!(RESOURCE.contains(from), "{from}");
        let said = outcome(&RESOURCE.replacen(from, to, 1));
        assert!(said.starts_with(expected), "{said}");
    }
}

#[test]
fn the_same_name_twice_is_refused_where_the_second_begins() {
    let again = format!("{FILE}---\n{FILE}");
    let lines = FILE.lines().count();
    assert_eq!(
        outcome(&again),
        format!(
            "sloth.yml:{}: \"requests-availability\" of service \"myservice\" is already at \
             sloth.yml:9",
            lines + 1 + 9
        )
    );
}

#[test]
fn files_of_both_kinds_stand_side_by_side() {
    let slo = include_str!("../../objectives/latency.yaml");
    assert_eq!(
        outcome(&format!("{slo}---\n{FILE}---\n{RESOURCE}"))
            .matches("already")
            .count(),
        1
    );
    assert_eq!(outcome(&format!("{slo}---\n{FILE}")), "2 objectives");
    let service = "apiVersion: openslo/v1\nkind: Service\nmetadata: {name: proofmark}\nspec: {}\n";
    assert_eq!(
        outcome(&format!("{service}---\n{FILE}")),
        "sloth.yml:7: there is no Service called \"myservice\""
    );
}
