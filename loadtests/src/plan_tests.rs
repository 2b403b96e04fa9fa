//! What a plan may say, and how it is told what is wrong.

use super::*;
use crate::lists::BODY_SIZE_MAX_BYTES;

const GOOD: &str = "
name: shop
shape: { kind: steady, rate: 50, duration: 10s }
thresholds: ['p95<500ms', 'error-rate<1%']
requests:
  - name: item
    path: /items/{n:1..100}
  - name: order
    method: POST
    path: /orders
    headers: { X-Shop: 'no {n:1..9}' }
    body: { item: '{n:1..100}', note: '{pick:a|b}' }
    weight: 3
    expect: [201, 409]
";

fn told(text: &str) -> String {
    match Plan::parse(text) {
        Ok(_) => "accepted".to_owned(),
        Err(error) => format!("plan.yaml:{error}"),
    }
}

/// `GOOD` with one change.
fn changed(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "{from}");
    told(&GOOD.replacen(from, to, 1))
}

#[test]
fn a_good_plan_is_read_with_its_defaults() {
    let plan = Plan::parse(GOOD).unwrap();
    assert_eq!(plan.users(), 13);
    assert!((plan.rate_held_min - 0.95).abs() < 1e-9);
    assert_eq!(plan.timeouts, Timeouts::default());
    assert_eq!(
        (plan.requests[0].weight, plan.requests[0].expect.as_slice()),
        (1, [200].as_slice())
    );
    assert!(plan.requests[1].body.as_ref().unwrap().is_json);
}

#[test]
fn every_plan_of_the_repository_is_good() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/plans");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let plan = Plan::parse(&text).unwrap_or_else(|error| panic!("{}:{error}", path.display()));
        assert_eq!(path.file_stem().unwrap().to_str(), Some(plan.name.as_str()));
        count += 1;
    }
    assert_eq!(count, 3);
}

#[test]
fn wrong_values_are_named_with_their_line() {
    let told = [
        changed("rate: 50", "rate: fast"),
        changed("rate: 50", "rate: .inf"),
        changed("rate: 50", "rate: 0"),
        changed("duration: 10s", "duration: 10 parsecs"),
        changed("duration: 10s", "duration: 2d"),
        changed("steady", "wavy"),
        changed("name: item", "name: An Item"),
        changed("p95<500ms", "p95=500ms"),
        changed("p95<500ms", "p100<1s"),
        changed("p95<500ms", "rps>100"),
        changed("/items/{n:1..100}", "/items/{id}"),
        changed("/items/{n:1..100}", "items"),
        changed("/items/{n:1..100}", "/items?q=a b"),
        changed("{pick:a|b}", "{pick}"),
        changed("X-Shop", "User-Agent"),
        changed("X-Shop", "not a name"),
        changed("no {n:1..9}", "naïve"),
        changed("expect: [201, 409]", "expect: [999]"),
        changed("expect: [201, 409]", "expect: []"),
        changed("weight: 3", "weight: -3"),
        changed("method: POST", "method: FETCH"),
    ];
    insta::assert_snapshot!(told.join("\n"), @r#"
    plan.yaml:3: shape.rate: rate fast: expected requests per second from 0.1 to 100000
    plan.yaml:3: shape.rate: rate inf: expected requests per second from 0.1 to 100000
    plan.yaml:3: shape.rate: rate 0: expected requests per second from 0.1 to 100000
    plan.yaml:3: shape.duration: duration "10 parsecs": expected text such as 30s or 500ms, from 100ms to 1day
    plan.yaml:3: shape.duration: duration "2d": expected text such as 30s or 500ms, from 100ms to 1day
    plan.yaml:3: shape.kind: unknown variant `wavy`, expected `steady` or `ramp`
    plan.yaml:6: requests[0].name: name "An Item": expected 1 to 63 of a-z, 0-9 and -, such as cached-card
    plan.yaml:4: thresholds[0]: threshold "p95=500ms": the operator must be <, <=, > or >=.
    plan.yaml:4: thresholds[0]: threshold "p100<1s": the percentile must be greater than 0 and less than 100, such as p95 or p99.9.
    plan.yaml:4: thresholds[0]: threshold "rps>100": expected pNN, avg, max or error-rate; the rate is held by shape.rate and rate_held_min
    plan.yaml:7: requests[0].path: path "/items/{id}": unknown part {id}; expected {n:1..5000}, {pick:a|b|c}, {raw:a|b|c} or {unique}
    plan.yaml:7: requests[0].path: path "items": expected it to start with /
    plan.yaml:7: requests[0].path: path "/items?q=a b": expected percent-encoded ASCII without spaces and #
    plan.yaml:8: requests[1]: body: unknown part {pick}; expected {n:1..5000}, {pick:a|b|c}, {raw:a|b|c} or {unique}
    plan.yaml:11: requests[1].headers: header user-agent: the load runner sets it itself
    plan.yaml:11: requests[1].headers: header "not a name": expected a header name
    plan.yaml:11: requests[1].headers.X-Shop: header value "naïve": expected printable ASCII
    plan.yaml:14: requests[1].expect[0]: status 999: expected 200 to 599
    plan.yaml:8: requests[1]: expect: expected 1 to 16 statuses, found 0
    plan.yaml:13: requests[1].weight: weight -3: expected 1 to 1000000
    plan.yaml:9: requests[1].method: unknown variant `FETCH`, expected one of `GET`, `HEAD`, `POST`, `PUT`, `PATCH`, `DELETE`
    "#);
}

#[test]
fn a_wrong_build_is_named_with_its_line() {
    let told = [
        changed("weight: 3", "wait: 3"),
        changed("name: shop\n", ""),
        changed("name: shop\n", "name: shop\nname: shop\n"),
        changed("name: order", "name: item"),
        changed("method: POST", "method: GET"),
        changed("weight: 3", "etag: true"),
        changed("'error-rate<1%'", "'error-rate<1% for GET item'"),
        changed("p95<500ms", "p95<500ms for GET items"),
        changed("kind: steady", "kind: ramp"),
        changed("kind: steady", "kind: ramp, ramp_up: 11s"),
        changed("kind: steady", "kind: steady, ramp_up: 1s"),
        changed("rate: 50, duration: 10s", "rate: 100000, duration: 24h"),
        changed("{ X-Shop: 'no {n:1..9}' }", "{ X-Shop: a, x-shop: b }"),
        changed("requests:", "requests: [\n"),
        told("- a list"),
        told(""),
        told(
            "name: shop\nshape: { kind: steady, rate: 1, duration: 1s }\nthresholds: ['error-rate<1%']\nrequests: []\n",
        ),
    ];
    insta::assert_snapshot!(told.join("\n"), @r#"
    plan.yaml:13: requests[1]: unknown field `wait`, expected one of `name`, `method`, `path`, `headers`, `body`, `weight`, `expect`, `etag`
    plan.yaml:2: missing field `name`
    plan.yaml:2: duplicate field `name`
    plan.yaml:8: requests: the name item is used twice
    plan.yaml:8: request order: GET and HEAD have no body; set method: POST
    plan.yaml:8: request order: etag: true is for GET and HEAD
    plan.yaml:4: thresholds: expected a rule such as error-rate<1%, for answers that fail fast would pass any other rule
    plan.yaml:4: threshold "p95<500ms for GET items": no request is GET items; expected such as GET item
    plan.yaml:3: shape: kind ramp needs a ramp_up such as 10s
    plan.yaml:3: shape: ramp_up is longer than the whole duration
    plan.yaml:3: shape: only kind ramp has a ramp_up
    plan.yaml:3: shape: rate and duration make more than 1,000,000,000 requests
    plan.yaml:11: requests[1].headers: header x-shop is set twice
    plan.yaml:7: did not find expected node content
    plan.yaml:1: invalid type: sequence, expected a plan with name, shape, thresholds, requests
    plan.yaml:1: missing field `name`
    plan.yaml:4: requests: expected 1 to 64, found 0
    "#);
}

#[test]
fn an_oversized_plan_is_refused() {
    let padded = format!("{GOOD}# {}", "x".repeat(FILE_SIZE_MAX_BYTES));
    assert_eq!(
        told(&padded),
        "plan.yaml: the plan is larger than 1048576 bytes"
    );
    let many = (0..65)
        .map(|n| format!("  - {{ name: r{n}, path: / }}\n"))
        .collect::<String>();
    let (head, _) = GOOD.split_once("  - name").unwrap();
    assert_eq!(
        told(&format!("{head}{many}")),
        "plan.yaml:5: requests: expected 1 to 64, found 65"
    );
    let large = format!("body: '{}'", "x".repeat(BODY_SIZE_MAX_BYTES - 400));
    let padded = changed("body: { item: '{n:1..100}', note: '{pick:a|b}' }", &large);
    assert_eq!(padded, "accepted");
}

#[test]
fn a_plan_takes_another_rate_and_duration() {
    let plan = Plan::parse(GOOD).unwrap();
    let other = plan
        .clone()
        .with(Some(Rate(200.0)), Some(Span(Duration::from_secs(3))))
        .unwrap();
    assert_eq!(
        (other.shape.rate, other.shape.duration),
        (200.0, Duration::from_secs(3))
    );
    let ramp = GOOD.replace("kind: steady", "kind: ramp, ramp_up: 5s");
    let short = Plan::parse(&ramp)
        .unwrap()
        .with(None, Some(Span(Duration::from_secs(3))));
    assert!(short.unwrap_err().message.contains("ramp_up is longer"));
}
