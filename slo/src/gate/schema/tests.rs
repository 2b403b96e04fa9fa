use std::path::Path;

use serde_json::{Value, json};

use super::super::reason::{Reason, Which};
use super::super::report::{Explained, REPORT_SCHEMA, Verdict};
use super::*;

/// Why `value` is not of the shape of `schema`; the words that reports use are understood, any other
/// is a fault of the test.
fn problem(root: &Value, schema: &Value, value: &Value, place: &str) -> Option<String> {
    let Some(schema) = schema.as_object() else {
        return (schema != &json!(true)).then(|| format!("{place}: nothing is allowed"));
    };
    let within = |schema: &Value| problem(root, schema, value, place);
    schema
        .iter()
        .find_map(|(word, wanted)| match word.as_str() {
            "$ref" => {
                let name = wanted.as_str()?.strip_prefix("#/$defs/")?;
                within(&root["$defs"][name])
            }
            "type" => {
                let is_one = |kind: &Value| is_of(value, kind.as_str().unwrap_or_default());
                let is_any = wanted
                    .as_array()
                    .map_or_else(|| is_one(wanted), |all| all.iter().any(is_one));
                (!is_any).then(|| format!("{place}: {value} is not {wanted}"))
            }
            "const" => (value != wanted).then(|| format!("{place}: {value} is not {wanted}")),
            "enum" => (!wanted.as_array()?.contains(value)).then(|| format!("{place}: {value}")),
            "oneOf" | "anyOf" => {
                let found: Vec<String> = wanted.as_array()?.iter().filter_map(&within).collect();
                (found.len() == wanted.as_array()?.len()).then(|| found.join("; "))
            }
            "allOf" => wanted.as_array()?.iter().find_map(within),
            "required" => wanted.as_array()?.iter().find_map(|name| {
                let is_there = value.get(name.as_str()?).is_some();
                (!is_there).then(|| format!("{place}: {name} is missing"))
            }),
            "properties" => wanted.as_object()?.iter().find_map(|(name, schema)| {
                problem(root, schema, value.get(name)?, &format!("{place}.{name}"))
            }),
            "items" => {
                let items = value.as_array()?.iter().enumerate();
                let mut items = items.map(|(index, item)| (format!("{place}[{index}]"), item));
                items.find_map(|(place, item)| problem(root, wanted, item, &place))
            }
            "minimum" => (value.as_f64()? < wanted.as_f64()?).then(|| format!("{place}: {value}")),
            "maximum" => (value.as_f64()? > wanted.as_f64()?).then(|| format!("{place}: {value}")),
            "$schema" | "$defs" | "title" | "description" | "format" | "default" => None,
            other => Some(format!("{place}: this test does not know {other}")),
        })
}

fn is_of(value: &Value, kind: &str) -> bool {
    match kind {
        "null" => value.is_null(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "number" => value.is_number(),
        "integer" => value.is_u64() || value.is_i64(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => false,
    }
}

fn schema_of_file() -> Value {
    serde_json::from_str(&schema()).unwrap()
}

fn report() -> Value {
    let explained = |reason: Reason| Explained::from(reason);
    let report = Report {
        schema: REPORT_SCHEMA.to_owned(),
        reasons: vec![explained(Reason::NoData { query: Which::Bad })],
        releases: Some(super::super::render::sample_releases()),
        faults: super::super::render::sample_faults(),
        ..super::super::render::sample_report()
    };
    serde_json::from_str(&report.json()).unwrap()
}

#[test]
fn the_schema_in_the_folder_is_that_of_the_code() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema/report.schema.json");
    let written = std::fs::read_to_string(&file).unwrap_or_default();
    let how =
        "cargo run --release -p slo --example report -- --schema slo/schema/report.schema.json";
    assert!(written == schema(), "the schema changed; run {how}");
}

#[test]
fn a_report_is_of_the_shape_that_the_schema_says() {
    let (schema, report) = (schema_of_file(), report());
    assert_eq!(problem(&schema, &schema, &report, "report"), None);
}

#[test]
fn what_is_not_a_report_is_told_apart() {
    let schema = schema_of_file();
    for (pointer, wrong) in [
        ("/verdict", json!("maybe")),
        ("/exit_code", json!("0")),
        ("/objectives/0/target", json!(null)),
        (
            "/objectives/0/verdict",
            json!(Verdict::Pass.as_str().to_uppercase()),
        ),
        ("/reasons/0/code", json!("unheard_of")),
        ("/releases/current", json!({})),
    ] {
        let mut report = report();
        *report.pointer_mut(pointer).unwrap() = wrong;
        assert!(
            problem(&schema, &schema, &report, "report").is_some(),
            "{pointer}"
        );
    }
}
