//! The shape of the report for programs that read it.

use super::report::Report;

/// JSON Schema (draft 2020-12) of [`Report::json`], with a newline at its end. It is kept in
/// `slo/schema/report.schema.json`.
///
/// # Panics
/// Never: a schema has only plain fields.
#[must_use]
pub fn schema() -> String {
    let schema = schemars::schema_for!(Report);
    serde_json::to_string_pretty(&schema).expect("a schema has only plain fields") + "\n"
}

#[cfg(test)]
mod tests;
