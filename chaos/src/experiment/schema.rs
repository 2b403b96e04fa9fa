//! A JSON Schema of experiments, for editors.
//!
//! It says what the reader says, as far as a schema can: fields, their types and ranges. What names
//! refer to, queries and what a toxic takes are left to `proofmark chaos check`.

use schemars::transform::{RecursiveTransform, Transform as _};
use schemars::{Schema, SchemaGenerator};

use super::document::Document;

/// JSON Schema (draft 2020-12) of an experiment, with a newline at its end; the same every time.
#[must_use]
pub fn schema() -> String {
    let mut schema = SchemaGenerator::default().into_root_schema_for::<Document>();
    // Defaults and formats say nothing that an editor could show.
    let mut plain = RecursiveTransform(|schema: &mut Schema| {
        schema.remove("default");
        schema.remove("format");
    });
    plain.transform(&mut schema);
    schema.insert(
        "title".to_owned(),
        "Experiment of Proofmark, in Chaos Toolkit's words".into(),
    );
    format!("{:#}\n", schema.as_value())
}
