//! The schema for editors says what the reader says.

#![expect(
    clippy::unwrap_used,
    reason = "a helper of a test may panic as a test does"
)]

#[path = "../../slo/tests/validator/mod.rs"]
mod validator;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use validator::Schema;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn schema() -> Schema {
    Schema::new(serde_json::from_str(&chaos::schema()).unwrap())
}

fn faults(text: &str) -> Vec<String> {
    schema().faults(&serde_yaml_ng::from_str::<Value>(text).unwrap())
}

#[test]
fn the_file_for_editors_is_what_the_program_writes() {
    let written = fs::read_to_string(folder().join("schema/experiment.schema.json")).unwrap();
    assert!(written == chaos::schema(), "run `proofmark build`");
}

#[test]
fn every_experiment_is_valid_and_names_its_schema() {
    let mut count = 0;
    for entry in fs::read_dir(folder().join("experiments")).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let first = "# yaml-language-server: $schema=../schema/experiment.schema.json\n";
        assert!(text.starts_with(first), "{}", path.display());
        assert_eq!(faults(&text), Vec::<String>::new(), "{}", path.display());
        count += 1;
    }
    assert_eq!(count, 12);
}

/// Changes to the experiment of a Redis that is slow.
const FAULTS: [(&str, &str); 18] = [
    ("title: Redis is late\n", "titel: Redis is late\n"),
    ("version: 1.0.0\n", "secrets: {a: {b: c}}\n"),
    ("version: 1.0.0\n", "controls: [{name: x}]\n"),
    ("type: env", "type: vault"),
    ("type: probe", "type: question"),
    ("method: POST", "method: PUT"),
    (
        "${toxiproxy}/proxies/redis/toxics\n",
        "http://example.org/\n",
    ),
    ("name: proofmark", "name: someone"),
    ("faults_at_once: 1", "faults_at_once: 0"),
    ("duration: 35s", "duration: 35"),
    ("duration: 35s", "duration: soon"),
    ("hold: 3s", "hold: long"),
    ("hold: 3s", "held: 3s"),
    ("attributes: {latency: 20}", "toxicity: 2"),
    ("expect: [{probe: circuit-opens}]", "expect: []"),
    (
        "expect: [{probe: circuit-opens}]",
        "expect: [{probe: circuit-opens, rises: x}]",
    ),
    ("at_least: 95%", "at_least: 2"),
    (
        "contributions: {reliability: high}",
        "contributions: {reliability: 5}",
    ),
];

#[test]
fn what_is_broken_is_not_valid() {
    let text = fs::read_to_string(folder().join("experiments/redis-slow.yaml")).unwrap();
    for (from, to) in FAULTS {
        assert!(text.contains(from), "{from}");
        assert!(
            !faults(&text.replacen(from, to, 1)).is_empty(),
            "the schema takes {to:?}"
        );
    }
}
