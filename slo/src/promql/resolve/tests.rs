use super::*;

fn problems(query: &str) -> String {
    let catalog = Catalog::of_workspace()
        .with_recorded("slo:sli_error:ratio_rate5m", ["sloth_slo", "sloth_service"]);
    match check(query, &catalog) {
        Ok(()) => "none".to_owned(),
        Err(problems) => problems
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("\n"),
    }
}

const COUNT: &str = "http_server_request_duration_seconds_count";
const BUCKET: &str = "http_server_request_duration_seconds_bucket";

#[test]
fn sound_queries_pass() {
    for query in [
        format!(
            r#"sum(rate({COUNT}{{http_route=~"/v1/.*",http_response_status_code!~"4.."}}[5m]))"#
        ),
        format!("histogram_quantile(0.99, sum by (le, http_route) (rate({BUCKET}[5m]))) > 1.2"),
        format!(r#"sum by (error_type) (rate({COUNT}{{error_type!="",job="proofmark"}}[5m]))"#),
        r#"up{job="proofmark"} == 0 or absent(up{job="proofmark"})"#.to_owned(),
        "changes(build_info[5m]) + on (instance) group_left (version) build_info".to_owned(),
        r#"slo:sli_error:ratio_rate5m{sloth_slo="latency"} > 14.4 * 0.01"#.to_owned(),
        r#"sum by (x) (label_replace(up, "x", "$1", "instance", "(.*):.*"))"#.to_owned(),
        r#"ALERTS{alertstate="firing"}"#.to_owned(),
        r#"count({__name__=~"render_.*"})"#.to_owned(),
        "1 - vector(0.5)".to_owned(),
        format!(r#"{BUCKET}{{le="1"}} or {BUCKET}{{le="+Inf"}}"#),
        "topk(3, sum by (http_route) (rate(http_server_request_duration_seconds_sum[5m])))"
            .to_owned(),
    ] {
        assert_eq!(problems(&query), "none", "{query}");
    }
}

#[test]
fn an_unknown_metric_is_named_with_what_may_be_meant() {
    insta::assert_snapshot!(problems("rate(render_shed_totl[5m]) + nothing_like_it"), @"
    nobody records render_shed_totl; is render_shed_total meant?
    nobody records nothing_like_it
    ");
    insta::assert_snapshot!(problems("http_server_request_duration_seconds"), @"nobody records http_server_request_duration_seconds; it is a histogram: http_server_request_duration_seconds_bucket, http_server_request_duration_seconds_sum or http_server_request_duration_seconds_count");
}

#[test]
fn an_unknown_label_is_named_with_those_that_there_are() {
    insta::assert_snapshot!(problems(r#"up{route="/"}"#), @"up has no label route; expected one of instance, job");
    insta::assert_snapshot!(problems("sum by (kind) (render_shed_total)"), @"what sum groups has no label kind; expected one of instance, job, reason");
    insta::assert_snapshot!(problems("sum by (kind) (sum by (stage) (render_stage_duration_seconds_sum))"), @"what sum groups has no label kind; expected stage");
    insta::assert_snapshot!(problems("up * on (version) group_left (revision) up"), @"
    neither side of the operator has no label version; expected one of instance, job
    neither side of the operator has no label revision; expected one of instance, job
    ");
}

#[test]
fn an_unknown_value_is_named_with_those_that_there_are() {
    for (query, count) in [
        (r#"render_shed_total{reason="full"}"#, 1),
        (r#"render_shed_total{reason!="full"}"#, 1),
        (r#"render_shed_total{reason=~"q.*"}"#, 0),
        (r#"render_shed_total{reason=~"x.*"}"#, 1),
        (r#"render_shed_total{reason!~"x.*"}"#, 1),
        (r#"render_shed_total{reason=~"queue_full|conections"}"#, 1),
        (
            r#"render_shed_total{reason="queue_full",reason!="queue_full"}"#,
            1,
        ),
        (r#"render_shed_total{reason!~".*"}"#, 1),
    ] {
        let found = problems(query);
        let lines = if found == "none" {
            0
        } else {
            found.lines().count()
        };
        assert_eq!(lines, count, "{query}: {found}");
    }
    insta::assert_snapshot!(problems(r#"render_shed_total{reason="full"}"#), @r#"reason="full" matches no value of render_shed_total; expected one of "queue_full", "connections", "evicted", "cost""#);
}

#[test]
fn a_bound_must_exist_and_be_spelled_as_it_is_stored() {
    for bound in ["0.3", "0.50", "1.0", "inf", "600"] {
        let found = problems(&format!(r#"{BUCKET}{{le="{bound}"}}"#));
        assert!(
            found.starts_with(&format!("le=\"{bound}\" matches no value")),
            "{found}"
        );
    }
    assert_eq!(problems(&format!(r#"{BUCKET}{{le="0.5"}}"#)), "none");
    insta::assert_snapshot!(problems(&format!("histogram_quantile(0.9, sum(rate({BUCKET}[5m])))")), @"histogram_quantile() needs the label le, which its argument has lost");
}

#[test]
fn functions_must_fit_the_kind_of_metric() {
    insta::assert_snapshot!(problems("rate(render_inflight[5m])"), @"rate() of render_inflight, which is a gauge");
    insta::assert_snapshot!(problems("delta(render_shed_total[5m])"), @"delta() of render_shed_total, which is a counter");
    insta::assert_snapshot!(problems("increase(slo:sli_error:ratio_rate5m[1h])"), @"increase() of slo:sli_error:ratio_rate5m, which is a recorded series");
}

#[test]
fn what_prometheus_would_refuse_is_refused() {
    for query in [
        r#"up{job="a" or instance="b"}"#,
        "up[5m]",
        "\"text\"",
        "sum(rate(up))",
        "up{",
    ] {
        assert!(
            problems(query).starts_with("not PromQL: "),
            "{query}: {}",
            problems(query)
        );
    }
}

#[test]
fn metrics_of_another_service_pass_when_told_so() {
    let catalog = Catalog::of_workspace().with_any_metric();
    assert!(check("sum by (x) (rate(theirs_total{a=\"b\"}[5m]))", &catalog).is_ok());
    assert!(check("sum by (x) (rate(theirs_total{a=\"b\"}[5m]", &catalog).is_err());
    assert!(check("rate(render_inflight[5m])", &catalog).is_err());
}
