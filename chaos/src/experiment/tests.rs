//! What a file may say, and what it is told when it makes no sense.

mod staged;
mod library;
mod hostile;

use std::time::Duration;

use super::*;

const SMALL: &str = r#"title: Redis is gone
description: It refuses connections.
configuration:
  prometheus: {type: env, key: PROMETHEUS}
  toxiproxy: {type: env, key: TOXIPROXY}
steady-state-hypothesis:
  title: It is scraped
  probes:
    - type: probe
      name: is-up
      tolerance: 1
      provider: {type: http, url: "${prometheus}/api/v1/query", arguments: {query: max(up)}}
method:
  - type: action
    name: redis-goes
    provider:
      type: http
      method: POST
      url: ${toxiproxy}/proxies/redis
      arguments: {enabled: false}
    pauses: {after: 2.5}
  - type: probe
    name: circuit-opens
    tolerance: {type: range, range: [1, 2]}
    provider:
      type: http
      url: ${prometheus}/api/v1/query
      arguments: {query: max(circuit_breaker_state)}
rollbacks:
  - type: action
    name: all-is-well
    provider: {type: http, method: POST, url: "${toxiproxy}/reset"}
extensions:
  - name: proofmark
    effect: {within: 5s}
    recovery: {within: 10s}
"#;

fn parse(text: &str) -> Result<Plan, Failure> {
    Plan::parse("small", "small.yaml", text, Around::default())
}

fn refusal(text: &str) -> String {
    let failure = parse(text).unwrap_err();
    assert_eq!(failure.outcome().exit_code(), 2);
    failure.to_string()
}

#[test]
fn a_stage_is_actions_and_the_probes_that_follow() {
    let plan = parse(SMALL).unwrap();
    let [stage] = plan.stages.as_slice() else {
        panic!("{:?}", plan.stages)
    };
    assert_eq!(stage.name, "redis-goes");
    assert_eq!(stage.hold, Duration::from_millis(2_500));
    assert_eq!(
        (stage.faults[0].label(), stage.faults[0].target()),
        ("down", "redis")
    );
    assert_eq!(stage.effects[0].name, "circuit-opens");
    assert_eq!(plan.recovery_within, Duration::from_secs(10));
}

/// Changes to the small file, each wrong in one way.
const CHANGES: &[(&str, &str)] = &[
    ("title: Redis is gone\n", "titel: Redis is gone\n"),
    ("title: It is scraped", "title: [It is scraped"),
    ("tolerance: 1\n", "tolerance: yes\n"),
    ("tolerance: 1\n", "\n"),
    ("range: [1, 2]", "range: [2, 1]"),
    ("query: max(up)", "query: max(upp)"),
    ("query: max(up)", "query: max(up"),
    ("{query: max(up)}", "{}"),
    ("${prometheus}/api/v1/query\"", "http://example.org\""),
    ("${prometheus}/api/v1/query\"", "${service}/\""),
    ("  toxiproxy: {type", "  toxic: {type"),
    ("{type: env, key: PROMETHEUS}", "http://127.0.0.1:9090"),
    (
        "configuration:\n",
        "configuration:\n  region: {type: env, key: REGION}\n",
    ),
    (
        "title: Redis is gone\n",
        "title: Redis is gone\nsecrets: {a: {b: c}}\n",
    ),
    (
        "title: Redis is gone\n",
        "title: Redis is gone\ncontrols: [{name: x}]\n",
    ),
    (
        "title: Redis is gone\n",
        "title: Redis is gone\ntitle: It is not\n",
    ),
    (
        "${toxiproxy}/proxies/redis\n",
        "${toxiproxy}/proxies/redis/../..\n",
    ),
    ("${toxiproxy}/proxies/redis\n", "${toxiproxy}/populate\n"),
    ("method: POST\n", "method: PUT\n"),
    ("{enabled: false}", "{enabled: no-way}"),
    (
        "{enabled: false}",
        "{enabled: false, listen: \"0.0.0.0:1\"}",
    ),
    (
        "proxies/redis\n      arguments: {enabled: false}",
        "proxies/redis/toxics\n      arguments: {type: latency, toxicity: 2}",
    ),
    (
        "proxies/redis\n      arguments: {enabled: false}",
        "proxies/redis/toxics\n      arguments: {type: latency, stream: up}",
    ),
    (
        "proxies/redis\n      arguments: {enabled: false}",
        "proxies/redis/toxics\n      arguments: {kind: latency}",
    ),
    ("pauses: {after: 2.5}", "pauses: {after: 86400}"),
    ("pauses: {after: 2.5}", "pauses: {before: 1}"),
    ("name: circuit-opens", "name: is-up"),
    (
        "${toxiproxy}/reset",
        "${toxiproxy}/proxies/other\", arguments: {enabled: true}, method: \"POST",
    ),
    (
        "method: POST, url: \"${toxiproxy}/reset\"",
        "method: POST, url: \"${toxiproxy}/proxies/other\", arguments: {enabled: true}",
    ),
    ("effect: {within: 5s}", "effect: {within: 5}"),
    ("effect: {within: 5s}", "effect: {within: 5d}"),
    ("name: proofmark", "name: someone"),
    (
        "    recovery: {within: 10s}",
        "    recovery: {within: 10s}\n    abort: never",
    ),
];

#[test]
fn a_file_that_makes_no_sense_is_refused_with_its_line() {
    let refusals = CHANGES.iter().map(|(from, to)| {
        assert!(SMALL.contains(from), "{from}");
        refusal(&SMALL.replacen(from, to, 1))
    });
    let refusals: Vec<String> = refusals.collect();
    insta::assert_snapshot!(refusals.join("\n"));
}

#[test]
fn a_method_without_an_effect_to_be_felt_is_refused() {
    let probe = SMALL
        .find("  - type: probe\n    name: circuit-opens")
        .unwrap();
    let rest = SMALL.find("rollbacks:").unwrap();
    let without_probe = [&SMALL[..probe], &SMALL[rest..]].concat();
    let action = SMALL
        .find("  - type: action\n    name: redis-goes")
        .unwrap();
    let without_action = [&SMALL[..action], &SMALL[probe..]].concat();
    let empty = [
        &SMALL[..action - "method:\n".len()],
        "method: []\n",
        &SMALL[rest..],
    ]
    .concat();
    let refusals = [without_probe, without_action, empty].map(|text| refusal(&text));
    insta::assert_snapshot!(refusals.join("\n"), @r"
    small.yaml:14: method[0] is not followed by a probe, expected one that says how it is felt
    small.yaml:14: method breaks nothing, expected at least one action and one probe
    small.yaml:14: method[0] comes before any action, expected a fault first
    small.yaml:13: method breaks nothing, expected at least one action and one probe
    ");
}

#[test]
fn metrics_of_another_service_pass_when_the_file_says_so() {
    let foreign = SMALL.replace("max(up)", "max(checkout_orders_open)");
    assert!(refusal(&foreign).contains("checkout_orders_open"));
    let any = foreign.replace("effect:", "metrics: any\n    effect:");
    assert!(parse(&any).is_ok());
}

#[test]
fn nonsense_of_any_kind_is_refused_and_nothing_panics() {
    let nested = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
    for text in [
        "",
        "\0",
        "- 1",
        "title: x",
        "a: &a [*a]",
        "%",
        nested.as_str(),
    ] {
        refusal(text);
    }
}

fn with_proxy(name: &str, listen: &str, upstream: &str) -> String {
    let proxy = format!("{{name: {name:?}, listen: {listen:?}, upstream: {upstream:?}}}");
    let effect = format!("proxies:\n      - {proxy}\n    effect:");
    SMALL.replace("effect:", &effect)
}

#[test]
fn a_proxy_must_listen_on_and_lead_to_loopback_unless_a_host_is_named() {
    let here = "127.0.0.1:26379";
    let wrong = [
        ("redis", "0.0.0.0:26379", here),
        ("redis", here, "redis.example.org:6379"),
        ("redis", "26379", here),
        ("redis", ":26379", here),
        ("redis", here, "127.0.0.1:redis"),
        ("..", here, here),
        ("redis/toxics", here, here),
        ("", here, here),
    ];
    let refusals =
        wrong.map(|(name, listen, upstream)| refusal(&with_proxy(name, listen, upstream)));
    insta::assert_snapshot!(refusals.join("\n"), @r#"
    small.yaml:36: extensions[0].proxies[0] redis: listen 0.0.0.0 is not loopback; to aim at it all the same, add --allow-remote 0.0.0.0
    small.yaml:36: extensions[0].proxies[0] redis: upstream redis.example.org is not loopback; to aim at it all the same, add --allow-remote redis.example.org
    small.yaml:36: extensions[0].proxies[0] redis: listen is "26379", expected HOST:PORT
    small.yaml:36: extensions[0].proxies[0] redis: listen is ":26379", expected HOST:PORT
    small.yaml:36: extensions[0].proxies[0] redis: upstream is "127.0.0.1:redis", expected HOST:PORT
    small.yaml:36: extensions[0].proxies[0] has the name "..", expected 1 to 64 letters, digits and -_.
    small.yaml:36: extensions[0].proxies[0] has the name "redis/toxics", expected 1 to 64 letters, digits and -_.
    small.yaml:36: extensions[0].proxies[0] has the name "", expected 1 to 64 letters, digits and -_.
    "#);

    let remote = with_proxy("redis", here, "redis.example.org:6379");
    let allowed = ["redis.example.org".to_owned()];
    let around = Around {
        allowed: &allowed,
        objectives: &[],
    };
    assert!(Plan::parse("small", "small.yaml", &remote, around).is_ok());
    let local = with_proxy("redis", "[::1]:0", "localhost:6379");
    assert!(parse(&local).is_ok());
}
