//! The part of JSON Schema, draft 2020-12, that the schema of objectives is written in. A keyword
//! that it does not know is a panic: nothing of the schema goes unchecked.

use regex::Regex;
use serde_json::{Map, Value};

/// A schema document.
pub(crate) struct Schema {
    root: Value,
}

impl Schema {
    pub(crate) fn new(root: Value) -> Self {
        Self { root }
    }

    /// What is wrong with a value; empty when it is valid.
    pub(crate) fn faults(&self, value: &Value) -> Vec<String> {
        let mut faults = Vec::new();
        self.check(&self.root, value, "", &mut faults);
        faults
    }

    fn is_valid(&self, schema: &Value, value: &Value) -> bool {
        let mut faults = Vec::new();
        self.check(schema, value, "", &mut faults);
        faults.is_empty()
    }

    fn check(&self, schema: &Value, value: &Value, at: &str, faults: &mut Vec<String>) {
        let keywords = match schema {
            Value::Bool(true) => return,
            Value::Bool(false) => return faults.push(format!("{at}: must be absent")),
            Value::Object(keywords) => keywords,
            other => panic!("{other} is no schema"),
        };
        for (keyword, argument) in keywords {
            let holds = match keyword.as_str() {
                "$schema" | "title" | "description" | "$defs" => true,
                "$ref" => {
                    let pointer = argument.as_str().unwrap().trim_start_matches('#');
                    self.check(self.root.pointer(pointer).unwrap(), value, at, faults);
                    true
                }
                "oneOf" => self.fitting(argument, value) == 1,
                "anyOf" => self.fitting(argument, value) > 0,
                "allOf" => self.fitting(argument, value) == argument.as_array().unwrap().len(),
                "properties" | "additionalProperties" | "items" => {
                    self.inside(keyword, keywords, value, at, faults);
                    true
                }
                _ => plain(keyword, argument, value),
            };
            if !holds {
                faults.push(format!("{at}: {keyword} {argument}"));
            }
        }
    }

    fn fitting(&self, schemas: &Value, value: &Value) -> usize {
        let schemas = schemas.as_array().unwrap().iter();
        schemas
            .filter(|schema| self.is_valid(schema, value))
            .count()
    }

    fn inside(
        &self,
        keyword: &str,
        keywords: &Map<String, Value>,
        value: &Value,
        at: &str,
        faults: &mut Vec<String>,
    ) {
        let argument = &keywords[keyword];
        if let ("items", Some(items)) = (keyword, value.as_array()) {
            for (index, item) in items.iter().enumerate() {
                self.check(argument, item, &format!("{at}/{index}"), faults);
            }
        }
        let Some(fields) = value.as_object() else {
            return;
        };
        let known = keywords.get("properties").and_then(Value::as_object);
        for (name, field) in fields {
            let own = known.and_then(|known| known.get(name));
            let schema = match (keyword, own) {
                ("properties", Some(own)) => own,
                ("additionalProperties", None) => argument,
                _ => continue,
            };
            self.check(schema, field, &format!("{at}/{name}"), faults);
        }
    }
}

/// Keywords that hold for a value by itself.
fn plain(keyword: &str, argument: &Value, value: &Value) -> bool {
    let number = |holds: fn(f64, f64) -> bool| match (value.as_f64(), argument.as_f64()) {
        (Some(value), Some(bound)) => holds(value, bound),
        _ => true,
    };
    let count = |length: Option<usize>, holds: fn(usize, usize) -> bool| {
        let bound = argument.as_u64().unwrap() as usize;
        length.is_none_or(|length| holds(length, bound))
    };
    let has = |name: &Value| value.get(name.as_str().unwrap()).is_some();
    match keyword {
        "type" => match argument {
            Value::Array(types) => types.iter().any(|one| is_of_type(one, value)),
            one => is_of_type(one, value),
        },
        "const" => argument == value,
        "enum" => argument.as_array().unwrap().contains(value),
        "pattern" => {
            let pattern = Regex::new(argument.as_str().unwrap()).unwrap();
            value.as_str().is_none_or(|text| pattern.is_match(text))
        }
        "required" => !value.is_object() || argument.as_array().unwrap().iter().all(has),
        "dependentRequired" => argument.as_object().unwrap().iter().all(|(name, others)| {
            value.get(name).is_none() || others.as_array().unwrap().iter().all(has)
        }),
        "minimum" => number(|value, bound| value >= bound),
        "maximum" => number(|value, bound| value <= bound),
        "exclusiveMinimum" => number(|value, bound| value > bound),
        "exclusiveMaximum" => number(|value, bound| value < bound),
        "minItems" => count(value.as_array().map(Vec::len), |length, bound| {
            length >= bound
        }),
        "maxItems" => count(value.as_array().map(Vec::len), |length, bound| {
            length <= bound
        }),
        "minLength" => count(value.as_str().map(str::len), |length, bound| {
            length >= bound
        }),
        "maxLength" => count(value.as_str().map(str::len), |length, bound| {
            length <= bound
        }),
        "maxProperties" => count(value.as_object().map(Map::len), |length, bound| {
            length <= bound
        }),
        other => panic!("the keyword {other} is not checked"),
    }
}

fn is_of_type(name: &Value, value: &Value) -> bool {
    match name.as_str().unwrap() {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "number" => value.is_number(),
        "integer" => value.is_i64() || value.is_u64(),
        other => panic!("the type {other} is not checked"),
    }
}
