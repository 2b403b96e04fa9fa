//! Files that name their stages.

use super::super::model::{Difference, Expected, FaultKind};
use super::*;

/// The small file with stages of its own.
const STAGES: &str = r#"    blast_radius: {targets: [redis], faults_at_once: 1, duration: 30s}
    stages:
      - name: smoke
        faults:
          - {action: redis-is-late, attributes: {latency: 20}, toxicity: 0.5}
        ramp: 1s
        hold: 2s
        expect:
          - {probe: circuit-opens, rises: 0.5, within: 3s}
      - name: full
        faults: [{action: redis-goes, flap: {period: 2s, duty: 50%}}]
        hold: 2s
        expect: [{probe: circuit-opens}, {probe: is-up, falls: 10%}]
      - name: back
        faults: []
        hold: 0s
        expect: [{probe: circuit-closes, query: max(circuit_breaker_state), tolerance: 0}]
    abort:
      - {objective: availability, at_least: 95%, window: 10s, for: 3s}
      - {probe: is-up, for: 1s}
    users: [{objective: availability, at_least: 99.9%}]
    steady_state: {during: ignore, objectives: [{objective: latency, window: 30s, at_least: 0.9}]}
    alerts: [{name: LatencyBurnsFast, within: 2m}]
"#;

/// One more action, the stages, and more to undo.
fn staged() -> String {
    let late = r#"  - type: action
    name: redis-is-late
    provider:
      type: http
      method: POST
      url: ${toxiproxy}/proxies/redis/toxics
      arguments: {type: latency, attributes: {latency: 800, jitter: 5}}
"#;
    let text = SMALL.replace("method:\n", &format!("method:\n{late}"));
    text.replace("    recovery:", &format!("{STAGES}    recovery:"))
}

fn objectives() -> Vec<Objective> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../slo/objectives");
    slo::load(&[folder]).unwrap()
}

fn with_objectives(text: &str) -> Result<Plan, Failure> {
    let objectives = objectives();
    let around = Around {
        allowed: &[],
        objectives: &objectives,
    };
    Plan::parse("small", "small.yaml", text, around)
}

#[test]
fn a_stage_is_an_action_as_strong_as_the_stage_wants_it() {
    let plan = with_objectives(&staged()).unwrap();
    let [smoke, full, back] = plan.stages.as_slice() else {
        panic!("{:?}", plan.stages)
    };
    let FaultKind::Toxic { toxic, .. } = &smoke.faults[0].kind else {
        panic!("{smoke:?}")
    };
    assert_eq!(
        (toxic.attributes["latency"], toxic.attributes["jitter"]),
        (20, 5)
    );
    assert_eq!(toxic.toxicity, 0.5);
    assert_eq!(smoke.ramp, Duration::from_secs(1));
    assert_eq!(smoke.broken_at_most(1.0), Duration::from_secs(4));
    let rise = Expected::Rises(Difference::Absolute(0.5));
    assert_eq!(smoke.effects[0].expected, rise);
    assert_eq!(
        full.faults[0].kind,
        FaultKind::Flapping {
            proxy: "redis".to_owned(),
            period: Duration::from_secs(2),
            duty: 0.5,
        }
    );
    assert_eq!(
        full.effects[1].expected,
        Expected::Falls(Difference::Relative(0.1))
    );
    assert_eq!(full.effects[1].within, Duration::from_secs(5));
    assert!(back.faults.is_empty());
    assert!(!plan.steady_during);
    assert_eq!(plan.steady.last().unwrap().tolerance.least, 0.9);
    assert_eq!(plan.aborts[0].probe.tolerance.least, 0.95);
    let Source::PromQl(good) = &plan.aborts[0].probe.source else {
        panic!("{:?}", plan.aborts)
    };
    assert!(
        good.starts_with("1 - (") && good.contains("[10s]"),
        "{good}"
    );
    assert!(plan.users[0].error_ratio.contains("{{.window}}"));
    assert_eq!(plan.alerts[0].name, "LatencyBurnsFast");
    assert_eq!(plan.document["title"], "Redis is gone");
}

/// Changes to the file, each wrong in one way.
const WRONG: [(&str, &str); 35] = [
    ("{action: redis-goes,", "{action: redis-stays-away,"),
    ("{action: redis-goes,", "{action: circuit-opens,"),
    ("attributes: {latency: 20}", "attributes: {latency: -1}"),
    (
        "attributes: {latency: 20}",
        "attributes: {latency: 90000000}",
    ),
    ("attributes: {latency: 20}", "attributes: {rate: 20}"),
    ("toxicity: 0.5", "toxicity: 0"),
    ("toxicity: 0.5", "flap: {period: 1s, duty: 0.5}"),
    (
        "flap: {period: 2s",
        "attributes: {latency: 1}, flap: {period: 2s",
    ),
    ("period: 2s", "period: 10ms"),
    ("duty: 50%", "duty: 100%"),
    ("duty: 50%", "duty: 500%"),
    (
        "faults: [{action: redis-goes, flap",
        "ramp: 1s\n        faults: [{action: redis-goes, flap",
    ),
    ("targets: [redis]", "targets: [pictures]"),
    ("faults_at_once: 1", "faults_at_once: 0"),
    ("duration: 30s", "duration: 8s"),
    (
        "    blast_radius: {targets: [redis], faults_at_once: 1, duration: 30s}\n",
        "",
    ),
    ("name: full", "name: smoke"),
    ("rises: 0.5, ", "rises: 0.5, falls: 1, "),
    ("rises: 0.5, ", "rises: -5%, "),
    ("rises: 0.5, ", "rises: much, "),
    ("{probe: is-up, falls: 10%}", "{probe: is-up}"),
    ("{probe: is-up, falls: 10%}", "{probe: is-down}"),
    (
        "query: max(circuit_breaker_state), tolerance: 0",
        "query: max(circuit_state), tolerance: 0",
    ),
    (", tolerance: 0}", "}"),
    (
        "expect: [{probe: circuit-opens}, {probe: is-up, falls: 10%}]",
        "expect: []",
    ),
    ("effect: {within: 5s}\n", "effect: {within: 0s}\n"),
    ("    effect: {within: 5s}\n", ""),
    (
        "objective: availability, at_least: 99.9%",
        "objective: uptime, at_least: 99.9%",
    ),
    ("at_least: 99.9%", "at_least: 999%"),
    ("window: 10s, for: 3s", "for: 3s"),
    (
        "{probe: is-up, for: 1s}",
        "{probe: is-up, objective: availability, for: 1s}",
    ),
    ("name: LatencyBurnsFast", "name: latency-burns"),
    ("during: ignore", "during: sometimes"),
    ("hold: 0s", "hold: 2h"),
    (
        "{action: redis-is-late, attributes: {latency: 20}, toxicity: 0.5}",
        "{action: redis-goes}\n          - {action: redis-goes}",
    ),
];

#[test]
fn a_stage_that_makes_no_sense_is_refused_with_its_line() {
    let text = staged();
    let refusals = WRONG.map(|(from, to)| {
        assert!(text.contains(from), "{from}");
        let failure = with_objectives(&text.replacen(from, to, 1)).unwrap_err();
        assert_eq!(failure.outcome().exit_code(), 2);
        failure.to_string()
    });
    insta::assert_snapshot!(refusals.join("\n\n"));
}

#[test]
fn an_objective_that_nobody_gave_is_misuse() {
    let refused = refusal(&staged());
    assert!(refused.contains("expected --slo PATH"), "{refused}");
    assert_eq!(refused.lines().count(), 3, "{refused}");
}

#[test]
fn a_process_is_broken_and_mended_by_its_keeper() {
    let text = SMALL
        .replace("configuration:\n", "configuration:\n  processes: {type: env, key: P}\n")
        .replace(
            "url: ${toxiproxy}/proxies/redis\n      arguments: {enabled: false}",
            "url: ${processes}/processes/service/pause\n      arguments: {holder: me, lease_seconds: 30}",
        );
    let refused = refusal(&text);
    assert!(refused.contains("leave service paused"), "{refused}");
    let text = text.replace("${toxiproxy}/reset", "${processes}/processes/service/undo");
    let plan = parse(&text).unwrap();
    let process = "service".to_owned();
    assert_eq!(plan.stages[0].faults[0].kind, FaultKind::Paused { process });
    let refused = refusal(&text.replace("service/pause", "service/hang"));
    assert!(
        refused.starts_with("small.yaml:20: method[0].provider.url"),
        "{refused}"
    );
}

#[test]
fn texts_and_numbers_of_the_configuration_are_put_in() {
    let text = SMALL
        .replace(
            "configuration:\n",
            "configuration:\n  state: circuit_breaker_state\n  most: 2\n",
        )
        .replace("max(circuit_breaker_state)", "\"max(${state})\"")
        .replace("range: [1, 2]", "range: [1, \"${most}\"]");
    let plan = parse(&text).unwrap();
    let effect = &plan.stages[0].effects[0];
    assert_eq!(
        effect.source,
        Source::PromQl("max(circuit_breaker_state)".to_owned())
    );
    let Expected::Within(tolerance) = effect.expected else {
        panic!("{effect:?}")
    };
    assert_eq!(tolerance.most, 2.0);
}

#[test]
fn every_toxic_takes_what_it_takes_and_nothing_else() {
    let toxic = |arguments: &str| {
        let text = SMALL.replace(
            "proxies/redis\n      arguments: {enabled: false}",
            &format!("proxies/redis/toxics\n      arguments: {arguments}"),
        );
        parse(&text)
            .map(|_| ())
            .map_err(|failure| failure.to_string())
    };
    for good in [
        "{type: latency, attributes: {latency: 1, jitter: 1}}",
        "{type: bandwidth, attributes: {rate: 0}}",
        "{type: slow_close, attributes: {delay: 10}}",
        "{type: timeout, attributes: {timeout: 0}}",
        "{type: timeout, stream: upstream}",
        "{type: reset_peer, toxicity: 0.1}",
        "{type: slicer, attributes: {average_size: 10, size_variation: 9, delay: 1}}",
        "{type: limit_data, attributes: {bytes: 0}}",
        "{type: noop}",
    ] {
        assert_eq!(toxic(good), Ok(()), "{good}");
    }
    let refusals = [
        "{type: latency}",
        "{type: latency, attributes: {latency: 1.5}}",
        "{type: latency, attributes: {latency: 1, delay: 1}}",
        "{type: bandwidth, attributes: {rate: 99999999}}",
        "{type: slicer, attributes: {average_size: 10, size_variation: 10}}",
        "{type: noop, attributes: {a: 1}}",
        "{type: slow, stream: sideways, toxicity: 2, name: a/b}",
    ]
    .map(|bad| toxic(bad).unwrap_err());
    insta::assert_snapshot!(refusals.join("\n"));
}
