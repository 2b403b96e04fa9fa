//! Every PromQL query of the repository is parsed and resolved against the catalog of signals.
//!
//! The crates check their own queries too; this test looks at the files as they lie in the tree, so
//! that nothing that is checked in can escape: rules, dashboards, objectives, experiments, runbooks,
//! named charts.

#![allow(
    clippy::unwrap_used,
    reason = "a test may panic, helpers outside of test functions too"
)]

use std::path::{Path, PathBuf};

use serde_json::Value as Json;
use serde_yaml_ng::Value as Yaml;
use slo::promql::{self, Catalog};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

fn files(folder: &str, extension: &str) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(root().join(folder))
        .unwrap_or_else(|error| panic!("{folder}: {error}"))
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .collect();
    found.sort();
    assert!(!found.is_empty(), "there is no *.{extension} in {folder}");
    found
}

/// Values of all keys called `wanted`, anywhere below.
fn yaml_texts(value: &Yaml, wanted: &[&str], found: &mut Vec<String>) {
    match value {
        Yaml::Mapping(mapping) => {
            for (key, value) in mapping {
                match (key.as_str(), value.as_str()) {
                    (Some(key), Some(text)) if wanted.contains(&key) => found.push(text.to_owned()),
                    _ => yaml_texts(value, wanted, found),
                }
            }
        }
        Yaml::Sequence(items) => items
            .iter()
            .for_each(|item| yaml_texts(item, wanted, found)),
        _ => {}
    }
}

fn json_texts(value: &Json, wanted: &str, found: &mut Vec<String>) {
    match value {
        Json::Object(members) => {
            for (key, value) in members {
                match value.as_str() {
                    Some(text) if key == wanted => found.push(text.to_owned()),
                    _ => json_texts(value, wanted, found),
                }
            }
        }
        Json::Array(items) => items
            .iter()
            .for_each(|item| json_texts(item, wanted, found)),
        _ => {}
    }
}

fn catalog() -> Catalog {
    alerts::catalog(&slo::load(&[root().join("slo/objectives")]).unwrap())
}

fn check_all(file: &Path, queries: &[String]) -> usize {
    let catalog = catalog();
    for query in queries {
        if let Err(problems) = promql::check(&promql::fill_templates(query), &catalog) {
            panic!("{}: {query}\n{problems:#?}", file.display());
        }
    }
    queries.len()
}

fn check_yaml(folder: &str, keys: &[&str]) -> usize {
    let mut checked = 0;
    for file in files(folder, "yaml") {
        let text = std::fs::read_to_string(&file).unwrap();
        let mut queries = Vec::new();
        for document in serde_yaml_ng::Deserializer::from_str(&text) {
            let value = <Yaml as serde::Deserialize>::deserialize(document).unwrap();
            yaml_texts(&value, keys, &mut queries);
        }
        checked += check_all(&file, &queries);
    }
    checked
}

#[test]
fn queries_of_rules_resolve() {
    assert!(check_yaml("alerts/generated", &["expr"]) >= 10);
}

#[test]
fn queries_of_objectives_resolve() {
    assert!(check_yaml("slo/objectives", &["query"]) >= 4);
}

#[test]
fn queries_of_experiments_resolve() {
    assert!(check_yaml("chaos/experiments", &["query", "promql"]) >= 3);
}

#[test]
fn queries_of_dashboards_resolve() {
    let mut checked = 0;
    for file in files("dashboards/generated", "json") {
        let value: Json = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
        let mut queries = Vec::new();
        json_texts(&value, "expr", &mut queries);
        checked += check_all(&file, &queries);
    }
    assert!(checked >= 10, "only {checked} queries were found");
}

#[test]
fn queries_of_runbooks_resolve() {
    let mut checked = 0;
    for file in files("runbooks", "md") {
        let text = std::fs::read_to_string(&file).unwrap();
        let blocks = text
            .split("```promql\n")
            .skip(1)
            .map(|rest| rest.split("```").next().unwrap_or_default());
        let queries: Vec<String> = blocks.map(|block| block.trim().to_owned()).collect();
        checked += check_all(&file, &queries);
    }
    assert!(checked >= 8, "only {checked} queries were found");
}

#[test]
fn queries_of_named_charts_resolve() {
    let file = root().join("service/config/charts.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let blocks = text
        .split("query = '''\n")
        .skip(1)
        .map(|rest| rest.split("'''").next().unwrap_or_default());
    let queries: Vec<String> = blocks.map(|block| block.trim().to_owned()).collect();
    let charts = text.lines().filter(|line| line.starts_with("[charts."));
    assert_eq!(check_all(&file, &queries), charts.count());
    assert!(queries.len() >= 8, "only {} were found", queries.len());
}

#[test]
fn every_runbook_url_leads_to_a_page() {
    let mut pages = 0;
    for file in files("alerts/generated", "yaml") {
        let value: Yaml =
            serde_yaml_ng::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
        let mut urls = Vec::new();
        yaml_texts(&value, &["runbook_url"], &mut urls);
        for url in urls {
            let page = url.rsplit('/').next().unwrap();
            assert!(
                root().join("runbooks").join(page).is_file(),
                "{url} leads nowhere"
            );
            pages += 1;
        }
    }
    assert!(pages >= 8, "only {pages} alerts have a runbook");
}
