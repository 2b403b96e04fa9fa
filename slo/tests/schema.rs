//! The schema for editors says what the reader says.

#![expect(
    clippy::unwrap_used,
    reason = "a helper of a test may panic as a test does"
)]

mod validator;

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize as _;
use serde_json::Value;
use validator::Schema;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_owned()
}

fn schema() -> Schema {
    Schema::new(serde_json::from_str(&slo::schema::openslo()).unwrap())
}

fn documents(text: &str) -> Vec<Value> {
    let documents = serde_yaml_ng::Deserializer::from_str(text);
    documents
        .map(|document| Value::deserialize(document).unwrap())
        .collect()
}

#[test]
fn the_file_for_editors_is_what_the_program_writes() {
    let written = fs::read_to_string(root().join(slo::schema::PATH)).unwrap();
    assert!(written == slo::schema::openslo(), "run `proofmark build`");
}

#[test]
fn what_is_read_is_valid() {
    let schema = schema();
    let mut count = 0;
    for path in [
        "slo/objectives/availability.yaml",
        "slo/objectives/latency.yaml",
        "slo/tests/check/shop.yaml",
        "slo/tests/openslo/everything.yaml",
    ] {
        let text = fs::read_to_string(root().join(path)).unwrap();
        slo::read(&text, Path::new(path)).unwrap();
        for document in documents(&text) {
            assert_eq!(
                schema.faults(&document),
                Vec::<String>::new(),
                "{path}: {document}"
            );
            count += 1;
        }
    }
    assert_eq!(count, 2 + 8 + 7);
}

/// Changes to the file of everything; each makes one document that neither takes.
const FAULTS: [(&str, &str); 24] = [
    ("apiVersion: openslo/v1", "apiVersion: openslo/v2"),
    ("kind: Service", "kind: AlertPolicy"),
    ("name: shop\n", "name: The Shop\n"),
    ("displayName: The shop", "display_name: The shop"),
    ("tiers: [one, two]", "tiers: {one: two}"),
    ("    url: http", "    token: x\n    url: http"),
    ("http://127", "http://me:secret@127"),
    ("type: Prometheus", "type: Datadog"),
    ("        metricSourceRef: main\n", ""),
    (
        "    bad:",
        "    good:\n      metricSource: {metricSourceRef: main, spec: {query: x}}\n    bad:",
    ),
    ("    bad:", "    fine:"),
    (
        "          query: http_requests_total\n",
        "          expression: http_requests_total\n",
    ),
    ("  indicatorRef: answered\n", ""),
    ("budgetingMethod: Occurrences", "budgetingMethod: Sometimes"),
    (
        "budgetingMethod: Occurrences",
        "budgetingMethod: Timeslices",
    ),
    ("      isRolling: true\n", ""),
    ("target: 0.9995", "target: 1"),
    (
        "target: 0.9995",
        "target: 0.9995\n      targetPercent: 99.95",
    ),
    ("target: 0.9995", "target: 0.9995\n      compositeWeight: 2"),
    ("  alertPolicies:\n", "  alertPolicies: [x]\n"),
    ("duration: 1M", "duration: 1h"),
    ("- op: lte\n      value: 0.3", "- value: 0.3"),
    ("        rawType: success\n", ""),
    ("value: 0.3", "value: fast"),
];

#[test]
fn what_is_refused_is_not_valid() {
    let schema = schema();
    let path = Path::new("slo/tests/openslo/everything.yaml");
    let text = fs::read_to_string(root().join(path)).unwrap();
    for (from, to) in FAULTS {
        assert!(text.contains(from), "{from}");
        let text = text.replacen(from, to, 1);
        assert!(slo::read(&text, path).is_err(), "the reader takes {to:?}");
        let faults = documents(&text)
            .iter()
            .flat_map(|one| schema.faults(one))
            .count();
        assert!(faults > 0, "the schema takes {to:?}");
    }
}
