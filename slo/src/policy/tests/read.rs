use super::*;
use crate::promql::{self, Catalog};

#[test]
fn the_bundled_policy_fits_the_bundled_objectives() {
    let policy = read(&root("gate.yaml"), &bundled()).unwrap();
    assert_eq!(policy.min_events, Some(1_000));
    assert_eq!(policy.objectives.len(), 2);
    // It shows the defaults, so it must be them.
    let least = self::policy("");
    assert_eq!(policy.comparison.number(), least.comparison.number());
    assert_eq!(policy.total_score.pass, least.total_score.pass);
    assert_eq!(policy.releases, least.releases);
    assert_eq!(policy.confidence, least.confidence);
    let shown = policy.golden_signals.unwrap();
    let defaults = self::policy("golden_signals: {}").golden_signals.unwrap();
    assert_eq!(shown.requests, defaults.requests);
    assert_eq!(shown.dependencies, defaults.dependencies);
    assert_eq!(shown.saturation, defaults.saturation);
}

#[test]
fn the_default_signals_are_those_of_the_catalog() {
    let signals = policy("golden_signals: {}").golden_signals.unwrap();
    let Requests {
        histogram,
        route,
        errors,
    } = &signals.requests;
    let mut queries = vec![
        format!("sum by ({route}) (rate({histogram}_count{{{errors}}}[5m]))"),
        format!("histogram_quantile(0.99, sum by (le) (rate({histogram}_bucket[5m])))"),
        promql::fill_window(&signals.saturation.query, "5m"),
    ];
    for Dependency { histogram, label } in &signals.dependencies {
        queries.push(format!(
            "sum by (le, {label}) (rate({histogram}_bucket[5m]))"
        ));
    }
    let releases = ReleaseMetric::default();
    queries.push(format!(
        "count by ({}) ({})",
        releases.label, releases.metric
    ));
    for query in queries {
        assert_eq!(
            promql::check(&query, &Catalog::of_workspace()),
            Ok(()),
            "{query}"
        );
    }
}

#[test]
fn what_is_wrong_is_named_with_line_and_field() {
    let cases = [
        "objectives:\n- objective: availability\n  wieght: 2",
        "objectives:\n- objective: availibility",
        "objectives:\n- objective: other/latency",
        "objectives:\n- objective: latency\n- objective: proofmark/latency",
        "objectives:\n- objective: latency\n  weight: 0",
        "objectives:\n- objective: latency\n  weight: -1",
        "objectives:\n- {objective: latency,\n   weight: 1.5}",
        "objectives:\n- objective: latency\n  pass:\n  - criteria:\n    - \"<=0.1\"\n    - \"<=5%\"",
        "objectives:\n- objective: latency\n  pass:\n  - criteria: [\"<=0.1\",\n      \"<=1\"]",
        "objectives:\n- objective: latency\n  pass: []",
        "objectives:\n- objective: latency\n  warning: [{criteria: [\"<=0.1\"]}]",
        "objectives:\n- objective: latency\n  key_sli: sometimes",
        "objectives: []",
        "objectives:",
        "min_events: 0",
        "min_events:",
        "confidence: 95",
        "confidence: .nan",
        "comparison: {compare_with: single_result, number_of_comparison_results: 3}",
        "comparison: {include_result_with_score: fail}",
        "comparison: {aggregate_function: mean}",
        "total_score:\n  pass: \"90%\"\n  warning: \"95%\"",
        "total_score: {pass: 90}",
        "error_budget:",
        "error_budget: {}",
        "error_budget:\n  freeze_below: 10%\n  override: {by: \"\", reason: x, until: 2026-12-01T00:00:00Z}",
        "error_budget:\n  freeze_below: 10%\n  override:\n    by: Ada\n    reason: ' - '\n    until: 2026-12-01T00:00:00Z",
        "error_budget:\n  freeze_below: 10%\n  override:\n    by: Ada\n    reason: fix",
        "error_budget:\n  freeze_below: 10%\n  override:\n    by: Ada\n    reason: fix\n    until: 2026-12-01",
        "golden_signals:\n  limits:\n    traffic: {hour: \"<=5\"}",
        "golden_signals:\n  limits:\n    traffic: {at_least: 1}",
        "golden_signals:\n  limits:\n    traffic: {hour: \"<=+5%\", at_least: -1}",
        "golden_signals:\n  requests:\n    histogram: seconds_bucket",
        "golden_signals:\n  requests:\n    errors: \"code=5\"",
        "golden_signals:\n  saturation:\n    query: sum(",
        "releases: {number: 11}",
        "releases: {label: a-b}",
        "\"\\u001b[31m\": 1",
        "min_events: 1\nmin_events: 2",
        "min_events: [",
        "confidence: !env 0.9",
        "---\nkind: GatePolicy",
    ];
    let mut table = String::new();
    for case in cases {
        let fault = parse(case).expect_err(case);
        table += &format!("{case}\n    -> {fault}\n\n");
    }
    insta::assert_snapshot!(table);
}

#[test]
fn another_kind_of_file_is_refused() {
    let refused = |text: &str| {
        Policy::parse(text, Path::new("p.yaml"), &bundled())
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        refused(""),
        "p.yaml:1: the file is empty; expected a GatePolicy"
    );
    assert_eq!(
        refused("apiVersion: proofmark/v2\nkind: GatePolicy\n"),
        r#"p.yaml:1: apiVersion: "proofmark/v2"; expected proofmark/v1"#
    );
    assert_eq!(
        refused("apiVersion: proofmark/v1\nkind: SLO\n"),
        r#"p.yaml:2: kind: "SLO"; expected GatePolicy"#
    );
    assert_eq!(
        refused("kind: GatePolicy\n"),
        "p.yaml:1: missing field `apiVersion`"
    );
    let large = "#".repeat(FILE_SIZE_BYTES_MAX as usize + 1);
    assert!(refused(&large).contains("larger than 262144 bytes"));
}

#[test]
fn what_cannot_be_read_is_misuse_that_names_the_path() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let large = vec![b'#'; FILE_SIZE_BYTES_MAX as usize + 1];
    for (path, part) in [
        (
            folder.path().join("missing"),
            "missing: cannot read the policy",
        ),
        (file("binary", b"a: 1\n\xff"), "binary:2: expected UTF-8"),
        (file("large", &large), "large: larger than 262144"),
        (
            file("wrong", b"kind: X\n"),
            "wrong:1: kind: \"X\"; expected GatePolicy",
        ),
    ] {
        let failure = read(&path, &bundled()).unwrap_err();
        assert_eq!(failure.outcome(), outcome::Outcome::Misused);
        assert!(failure.to_string().contains(part), "{failure}");
    }
}

#[test]
fn a_name_that_two_services_have_needs_its_service() {
    let mut objectives = bundled();
    let mut other = objectives[0].clone();
    other.service = "other".to_owned();
    objectives.push(other);
    let parse = |rules: &str| {
        let text = format!("apiVersion: proofmark/v1\nkind: GatePolicy\nobjectives:\n{rules}");
        Policy::parse(&text, Path::new("gate.yaml"), &objectives)
    };
    let fault = parse("- objective: availability").unwrap_err();
    assert!(
        fault
            .message
            .contains("expected proofmark/availability or other/availability"),
        "{fault}"
    );
    let both =
        parse("- {objective: other/availability, weight: 3}\n- objective: proofmark/availability");
    let mut figures = [good("availability"), good("availability"), good("latency")];
    figures[1].service = "other".to_owned();
    let judged = judge(&both.unwrap(), &figures);
    let weights: Vec<u64> = judged.criteria.iter().map(|one| one.weight).collect();
    assert_eq!(weights, [1, 3, 1]);
}

#[test]
fn what_is_said_reads_well() {
    let text = std::fs::read_to_string(root("gate.yaml")).unwrap();
    let text = text.replace(
        "  # override:\n  #   by: the release manager on duty\n  #   reason: The fix of the cache that spent the budget\n  #   until: 2026-12-01T00:00:00Z",
        "  override:\n    by: the release manager on duty\n    reason: The fix of the cache that spent the budget\n    until: 2026-12-01T00:00:00Z",
    );
    let policy = Policy::parse(&text, Path::new("gate.yaml"), &bundled()).unwrap();
    let mut availability = good("availability");
    availability.error_ratio = Some(0.000_3);
    availability.budget_left = BudgetLeft::Known(0.043);
    let mut latency = good("latency");
    latency.error_ratio = Some(0.004);
    latency.baseline = unknown();
    latency.budget_left = BudgetLeft::HistoryTooShort;
    let signals = [
        SignalFigures {
            signal: Signal::LatencyP99,
            now: Some(0.43),
            hour_ago: Past::Known(0.14),
            week_ago: Past::Nothing,
        },
        SignalFigures {
            signal: Signal::Errors,
            now: None,
            hour_ago: Past::Unknown,
            week_ago: Past::Unknown,
        },
        SignalFigures {
            signal: Signal::Traffic,
            now: Some(12.0),
            hour_ago: Past::Known(100.0),
            week_ago: Past::Unknown,
        },
        steady(Signal::Saturation),
    ];
    let judged = policy.judge(&Figures {
        at: "2026-11-22T12:00:00Z".parse().unwrap(),
        objectives: &[availability, latency],
        signals: &signals,
    });
    let mut text = String::new();
    let mut section = |title: &str, verdict: Verdict, sentences: &[String]| {
        text += &format!("{title}: {verdict}\n");
        for sentence in sentences {
            text += &format!("  {sentence}\n");
        }
    };
    for one in &judged.criteria {
        section(&one.objective, one.verdict, &one.sentences);
    }
    section("score", judged.score.verdict, &judged.score.sentences);
    let budget = judged.budget.as_ref().unwrap();
    section("error budget", budget.verdict, &budget.sentences);
    for one in &judged.signals {
        section(&one.title, one.verdict, &one.sentences);
    }
    insta::assert_snapshot!(text);
    insta::assert_snapshot!(serde_json::to_string_pretty(&judged).unwrap());
    let again: PolicyJudged =
        serde_json::from_str(&serde_json::to_string(&judged).unwrap()).unwrap();
    assert_eq!(again, judged);
}

#[test]
fn the_schema_is_the_committed_one_and_says_what_each_field_is() {
    let committed = std::fs::read_to_string(root("schema/gate.schema.json")).unwrap();
    assert_eq!(
        committed,
        schema(),
        "slo/schema/gate.schema.json is not up to date"
    );
    let schema: serde_json::Value = serde_json::from_str(&committed).unwrap();
    assert_eq!(
        schema["$schema"],
        "https://json-schema.org/draft/2020-12/schema"
    );
    let definitions = schema["$defs"].as_object().unwrap();
    let mut objects = 0;
    for (name, definition) in definitions
        .iter()
        .map(|(n, d)| (n.as_str(), d))
        .chain([("Policy", &schema)])
    {
        let Some(properties) = definition["properties"].as_object() else {
            continue;
        };
        objects += 1;
        assert_eq!(definition["additionalProperties"], false, "{name}");
        for (field, property) in properties {
            assert!(property["description"].is_string(), "{name}.{field}");
            assert!(
                !property["default"].is_null() || property.get("default").is_none(),
                "{name}.{field}"
            );
        }
    }
    assert_eq!(objects, 14);
    assert_eq!(
        schema["required"],
        serde_json::json!(["apiVersion", "kind"])
    );
}
