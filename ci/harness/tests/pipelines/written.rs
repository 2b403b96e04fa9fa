//! What can be told from the files alone.

use std::collections::BTreeSet;
use std::process::Command;

use serde_yaml_ng::Value as Yaml;

use crate::{PROGRAM, action, gitlab, root};

fn read(file: &str) -> String {
    std::fs::read_to_string(root().join(file)).unwrap()
}

/// Scripts that a runner takes from YAML.
fn scripts() -> Vec<String> {
    let text = |script: &Yaml| script.as_str().unwrap().to_owned();
    let steps = action::definition()["runs"]["steps"].clone();
    let steps = steps.as_sequence().unwrap().iter();
    let of_action = steps.filter_map(|step| step.get("run")).map(text);
    let of_template = gitlab::template()["script"].clone();
    let of_template = of_template.as_sequence().unwrap().iter().map(text);
    of_action.chain(of_template).collect()
}

/// Words that begin with `prefix`, up to the first character that is no part of a name.
fn words(text: &str, prefix: &str) -> BTreeSet<String> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let found = text.match_indices(prefix).filter_map(|(at, _)| {
        let before = text[..at].chars().next_back();
        let name = &text[at + prefix.len()..];
        let end = name.find(|c| !is_part(c)).unwrap_or(name.len());
        let is_word = end > 0 && !before.is_some_and(|c| is_part(c) || c == '$');
        is_word.then(|| format!("{prefix}{}", &name[..end]))
    });
    found.collect()
}

#[test]
fn no_expression_stands_in_a_script() {
    let scripts = scripts();
    assert!(
        scripts.len() >= 4,
        "only {} scripts were found",
        scripts.len()
    );
    for script in scripts {
        for expression in ["${{", "$[[", "eval "] {
            assert!(!script.contains(expression), "{expression} in: {script}");
        }
    }
    for file in ["ci/action/judge", "ci/action/program"] {
        assert!(!read(file).contains("${{"), "{file}");
    }
}

#[test]
fn every_flag_that_is_passed_exists() {
    let output = Command::new(PROGRAM)
        .args(["gate", "--help"])
        .output()
        .unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    let known = words(&help, "--");
    let given = |text: &str| -> BTreeSet<String> {
        let lines = text
            .lines()
            .map(str::trim)
            .filter(|line| line.starts_with("give"));
        lines.flat_map(|line| words(line, "--")).collect()
    };
    for file in ["ci/action/judge", "ci/gitlab.yaml"] {
        let given = given(&read(file));
        assert!(given.len() >= 10, "{file}: {given:?}");
        let unknown: Vec<_> = given.difference(&known).collect();
        assert!(
            unknown.is_empty(),
            "{file} passes {unknown:?}, which the gate does not know"
        );
    }
}

#[test]
fn every_variable_that_is_given_is_read() {
    let definition = action::definition();
    let mut given = BTreeSet::new();
    for step in definition["runs"]["steps"].as_sequence().unwrap() {
        let names = step["env"]
            .as_mapping()
            .into_iter()
            .flat_map(|map| map.keys());
        given.extend(names.map(|name| name.as_str().unwrap().to_owned()));
    }
    let read_by_scripts = read("ci/action/judge") + &read("ci/action/program");
    for name in &given {
        let is_read = match name.strip_prefix("PROOFMARK_PROMETHEUS_") {
            Some(secret) => read_by_scripts.contains(secret),
            None => read_by_scripts.contains(&format!("${{{name}:")),
        };
        assert!(is_read, "no script reads {name}");
    }
    let used = words(&read_by_scripts.replace("${", " "), "GATE_");
    let missing: Vec<_> = used.difference(&given).collect();
    assert!(missing.is_empty(), "no step gives {missing:?}");

    let action = read("ci/action/action.yml");
    for (name, input) in definition["inputs"].as_mapping().unwrap() {
        let name = name.as_str().unwrap();
        let uses = action.matches(&format!("inputs.{name} }}}}")).count();
        assert!(uses >= 1, "input {name} has no effect");
        let described = input["description"].as_str().unwrap_or_default();
        assert!(!described.is_empty(), "input {name} is not described");
        let is_optional = input["default"].is_string();
        assert!(
            is_optional || input["required"].as_bool() == Some(true),
            "{name}"
        );
    }
}

#[test]
fn the_template_uses_each_of_its_variables() {
    let template = gitlab::template();
    let script = scripts().pop().unwrap();
    for name in template["variables"].as_mapping().unwrap().keys() {
        let name = name.as_str().unwrap();
        assert!(
            script.contains(&format!("\"${name}\"")),
            "{name} has no effect"
        );
    }
    let exit_codes = &template["allow_failure"];
    assert!(exit_codes.is_null(), "a job that may fail is no gate");
}

#[test]
fn the_packages_of_the_build_are_those_of_the_set_up() {
    let text = read("ci/action/program");
    let (_, list) = text.split_once("PACKAGES=(").unwrap();
    let (list, _) = list.split_once(')').unwrap();
    let output = Command::new(root().join("ci/setup"))
        .arg("--list")
        .output()
        .unwrap();
    let known = String::from_utf8(output.stdout).unwrap();
    for package in list.split_whitespace() {
        assert!(known.lines().any(|line| line == package), "{package}");
    }
}
