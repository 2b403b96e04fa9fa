//! The tree tells the truth about itself: layers, licences, lengths.

#![allow(
    clippy::unwrap_used,
    reason = "a test may panic, helpers outside of test functions too"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Lines of a source file, tests and all; beyond that two rooms are easier to live in.
const FILE_LINES_MAX: usize = 500;

/// Licences that a dependency may have: permissive ones, and file-level copyleft.
const LICENCES: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-1-Clause",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "Bitstream-Vera",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "MPL-2.0",
    "OpenSSL",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

fn metadata() -> Value {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked", "--offline"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Members of the workspace and the members that each builds on, tests left out.
fn imports(metadata: &Value) -> BTreeMap<String, BTreeSet<String>> {
    let packages = metadata["packages"].as_array().unwrap();
    let members: Vec<&Value> = packages
        .iter()
        .filter(|package| package["source"].is_null())
        .collect();
    let names: BTreeSet<&str> = members
        .iter()
        .map(|member| member["name"].as_str().unwrap())
        .collect();
    let builds_on = |member: &Value| {
        let dependencies = member["dependencies"].as_array().unwrap().iter();
        dependencies
            .filter(|dependency| dependency["kind"].is_null())
            .map(|dependency| dependency["name"].as_str().unwrap())
            .filter(|name| names.contains(name))
            .map(str::to_owned)
            .collect()
    };
    members
        .iter()
        .map(|member| {
            (
                member["name"].as_str().unwrap().to_owned(),
                builds_on(member),
            )
        })
        .collect()
}

/// The rows `| layer | crate, crate | may import |` of the table in ARCHITECTURE.md.
fn layer_table() -> BTreeMap<String, BTreeSet<String>> {
    let text = std::fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let quoted = |cell: &str| -> BTreeSet<String> {
        cell.split('`')
            .skip(1)
            .step_by(2)
            .map(str::to_owned)
            .collect()
    };
    let mut table = BTreeMap::new();
    for line in text.lines() {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [layer, crates, may_import] = cells[..] else {
            continue;
        };
        if layer.parse::<u8>().is_err() {
            continue;
        }
        for name in quoted(crates) {
            table.insert(name, quoted(may_import));
        }
    }
    table
}

#[test]
fn every_crate_imports_only_what_its_layer_allows() {
    let mut table = layer_table();
    let imports = imports(&metadata());
    // The top of the tree may import everything.
    table.insert("harness".to_owned(), imports.keys().cloned().collect());
    for (name, builds_on) in &imports {
        let allowed = table
            .get(name)
            .unwrap_or_else(|| panic!("ARCHITECTURE.md has no layer for `{name}`"));
        let too_many: Vec<&String> = builds_on.difference(allowed).collect();
        assert!(
            too_many.is_empty(),
            "`{name}` may not import {too_many:?}: see ARCHITECTURE.md"
        );
    }
    let gone: Vec<&String> = table
        .keys()
        .filter(|name| !imports.contains_key(*name))
        .collect();
    assert!(
        gone.is_empty(),
        "ARCHITECTURE.md names crates that do not exist: {gone:?}"
    );
}

#[test]
fn every_dependency_has_a_licence_that_we_may_use() {
    let metadata = metadata();
    let mut refused = Vec::new();
    for package in metadata["packages"].as_array().unwrap() {
        let licence = package["license"]
            .as_str()
            .unwrap_or_default()
            .replace('/', " OR ");
        let by_file = licence.is_empty() && package["license_file"].is_string();
        if !by_file && !is_allowed(&licence) {
            refused.push(format!(
                "{} {}: {licence:?}",
                package["name"], package["version"]
            ));
        }
    }
    assert!(refused.is_empty(), "{refused:#?}");
}

/// Whether a choice of allowed licences satisfies an SPDX expression (without nested choices in
/// conjunctions of choices, which no dependency has: such a one is refused).
fn is_allowed(expression: &str) -> bool {
    let expression = expression.replace(['(', ')'], "");
    expression.split(" AND ").all(|part| {
        part.split(" OR ")
            .any(|licence| LICENCES.contains(&licence.trim()))
    })
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && name != "target" && !name.starts_with('.') {
            sources(&path, found);
        } else if name.ends_with(".rs") {
            found.push(path);
        }
    }
}

#[test]
fn no_source_file_is_too_long_to_be_read_in_one_go() {
    let mut files = Vec::new();
    sources(&root(), &mut files);
    let lines = |file: &PathBuf| std::fs::read_to_string(file).unwrap().lines().count();
    let long: Vec<&PathBuf> = files
        .iter()
        .filter(|file| lines(file) > FILE_LINES_MAX)
        .collect();
    assert!(files.len() > 50, "only {} sources were found", files.len());
    assert!(
        long.is_empty(),
        "longer than {FILE_LINES_MAX} lines: {long:#?}"
    );
}

#[test]
fn every_crate_opens_with_a_front_page() {
    for name in imports(&metadata()).keys() {
        let metadata = metadata();
        let packages = metadata["packages"].as_array().unwrap();
        let package = packages
            .iter()
            .find(|package| package["name"] == name.as_str())
            .unwrap();
        let target = package["targets"][0]["src_path"].as_str().unwrap();
        let text = std::fs::read_to_string(target).unwrap();
        let front = text
            .lines()
            .take_while(|line| line.starts_with("//!"))
            .count();
        assert!(front >= 3, "{target} has no front page");
    }
}
