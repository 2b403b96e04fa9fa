//! A JSON Schema of the OpenSLO documents that are read, for editors.
//!
//! It says what the reader says, as far as a schema can: kinds, fields, what belongs together. Names
//! that refer to other documents, queries, and whether a slice fits into its window are left to
//! `proofmark slo check`.
//!
//! Source: JSON Schema, draft 2020-12 (<https://json-schema.org/draft/2020-12>).

use serde_json::{Value, json};

/// Where the schema stands in this project, relative to its root.
pub const PATH: &str = "slo/schema/openslo.schema.json";

/// The schema of one document, as text that ends in a line break; the same every time.
#[must_use]
pub fn openslo() -> String {
    let schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "OpenSLO v1 as Proofmark reads it",
        "description": "One document of a file of objectives.",
        "type": "object",
        "required": ["apiVersion", "kind", "metadata", "spec"],
        "properties": {
            "apiVersion": {"const": "openslo/v1"},
            "kind": {"enum": ["SLO", "SLI", "Service", "DataSource"]},
            "metadata": {"$ref": "#/$defs/metadata"},
            "spec": {"type": "object"},
        },
        "additionalProperties": false,
        "oneOf": [of_kind("SLO", "slo"), of_kind("SLI", "sli"), of_kind("Service", "service"),
            of_kind("DataSource", "dataSource")],
        "$defs": definitions(),
    });
    // The map of the JSON crate is sorted, so the text is the same for the same schema.
    format!("{schema:#}\n")
}

fn of_kind(kind: &str, definition: &str) -> Value {
    json!({
        "properties": {
            "kind": {"const": kind},
            "spec": {"$ref": format!("#/$defs/{definition}")},
        }
    })
}

fn definitions() -> Value {
    json!({
        "name": name(),
        "metadata": metadata(),
        "description": {"type": "string", "description": "For people."},
        "slo": slo(),
        "timeWindow": time_window(),
        "objective": objective(),
        "sli": sli(),
        "ratioMetric": ratio_metric(),
        "metric": metric(),
        "service": {
            "type": "object",
            "properties": {"description": {"$ref": "#/$defs/description"}},
            "additionalProperties": false,
        },
        "dataSource": data_source(),
    })
}

fn name() -> Value {
    json!({
        "type": "string",
        "description": "Lower-case letters, digits and hyphens (RFC 1123).",
        "pattern": "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$",
    })
}

fn metadata() -> Value {
    json!({
        "type": "object",
        "required": ["name"],
        "properties": {
            "name": {"$ref": "#/$defs/name"},
            "displayName": {"type": "string", "description": "Its name for people."},
            "labels": {
                "type": "object",
                "additionalProperties": {
                    "anyOf": [
                        {"type": "string"},
                        {"type": "array", "items": {"type": "string"}},
                    ],
                },
            },
            "annotations": {"type": "object", "additionalProperties": {"type": "string"}},
        },
        "additionalProperties": false,
    })
}

/// Exactly one of two fields.
fn either(one: &str, other: &str) -> Value {
    json!([{"required": [one]}, {"required": [other]}])
}

fn slo() -> Value {
    let sliced = |method: &str, with: &[&str], without: &[&str]| {
        let absent = |field: &&str| ((*field).to_owned(), Value::Bool(false));
        let absent: serde_json::Map<String, Value> = without.iter().map(absent).collect();
        json!({
            "properties": {
                "budgetingMethod": {"const": method},
                "objectives": {"items": {"required": with, "properties": absent}},
            }
        })
    };
    json!({
        "type": "object",
        "required": ["service", "timeWindow", "budgetingMethod", "objectives"],
        "properties": {
            "description": {"$ref": "#/$defs/description"},
            "service": {"$ref": "#/$defs/name"},
            "indicator": {
                "type": "object",
                "description": "What is measured.",
                "required": ["spec"],
                "properties": {
                    "metadata": {"$ref": "#/$defs/metadata"},
                    "spec": {"$ref": "#/$defs/sli"},
                },
                "additionalProperties": false,
            },
            "indicatorRef": {"type": "string", "description": "Name of an SLI."},
            "timeWindow": {
                "type": "array",
                "minItems": 1,
                "maxItems": 1,
                "items": {"$ref": "#/$defs/timeWindow"},
            },
            "budgetingMethod": {
                "description": "What the budget is made of: events, good slices, or the mean of all slices.",
                "enum": ["Occurrences", "Timeslices", "RatioTimeslices"],
            },
            "objectives": {
                "type": "array",
                "minItems": 1,
                "maxItems": crate::openslo::ENTRIES_MAX,
                "items": {"$ref": "#/$defs/objective"},
            },
            "alertPolicies": {
                "description": "Alerts are generated from the objectives.",
                "type": ["array", "null"],
                "maxItems": 0,
            },
        },
        "additionalProperties": false,
        "oneOf": either("indicator", "indicatorRef"),
        "allOf": [{"anyOf": [
            sliced("Occurrences", &[], &["timeSliceTarget", "timeSliceWindow"]),
            sliced("Timeslices", &["timeSliceWindow"], &[]),
            sliced("RatioTimeslices", &["timeSliceWindow"], &["timeSliceTarget"]),
        ]}],
    })
}

fn time_window() -> Value {
    json!({
        "type": "object",
        "required": ["duration"],
        "properties": {
            "duration": {"type": "string", "description": "Such as 7d, 4w; of a calendar 1M, 1Q, 1Y."},
            "isRolling": {"type": "boolean"},
            "calendar": {
                "type": "object",
                "required": ["startTime", "timeZone"],
                "properties": {
                    "startTime": {
                        "type": "string",
                        "description": "A beginning, such as 2024-01-01 00:00:00.",
                        "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}([ T][0-9:]+)?$",
                    },
                    "timeZone": {"type": "string", "description": "Such as Europe/Berlin or UTC."},
                },
                "additionalProperties": false,
            },
        },
        "additionalProperties": false,
        "oneOf": [
            {
                "required": ["isRolling"],
                "properties": {
                    "isRolling": {"const": true},
                    "calendar": false,
                    "duration": {"pattern": "^([0-9]+(y|w|d|h|m|s|ms))+$"},
                },
            },
            {
                "required": ["calendar"],
                "properties": {
                    "isRolling": {"const": false},
                    "duration": {"pattern": "^[0-9]+[dwMQY]$"},
                },
            },
        ],
    })
}

fn objective() -> Value {
    json!({
        "type": "object",
        "properties": {
            "displayName": {"type": "string"},
            "op": {"enum": ["lte", "lt", "gte", "gt"], "description": "Of a thresholdMetric."},
            "value": {"type": "number", "description": "The bound of a thresholdMetric."},
            "target": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
            "targetPercent": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 100},
            "timeSliceTarget": {
                "description": "Share of good events that makes a slice good.",
                "type": "number",
                "exclusiveMinimum": 0,
                "maximum": 1,
            },
            "timeSliceWindow": {
                "description": "Length of a slice, such as 5m; a bare number is minutes.",
                "anyOf": [
                    {"type": "integer", "minimum": 1},
                    {"type": "string", "pattern": "^([0-9]+(y|w|d|h|m|s|ms))+$"},
                ],
            },
        },
        "additionalProperties": false,
        "oneOf": either("target", "targetPercent"),
        "dependentRequired": {"op": ["value"], "value": ["op"]},
    })
}

fn sli() -> Value {
    json!({
        "type": "object",
        "properties": {
            "description": {"$ref": "#/$defs/description"},
            "ratioMetric": {"$ref": "#/$defs/ratioMetric"},
            "thresholdMetric": {"$ref": "#/$defs/metric"},
        },
        "additionalProperties": false,
        "oneOf": either("ratioMetric", "thresholdMetric"),
    })
}

fn ratio_metric() -> Value {
    let metric = json!({"$ref": "#/$defs/metric"});
    json!({
        "type": "object",
        "properties": {
            "counter": {
                "type": "boolean",
                "description": "Whether the queries select counters, whose increase is taken.",
            },
            "good": metric,
            "bad": metric,
            "total": metric,
            "rawType": {"enum": ["success", "failure"]},
            "raw": metric,
        },
        "additionalProperties": false,
        "oneOf": [
            {"required": ["total", "good"], "properties": {"bad": false, "raw": false, "rawType": false}},
            {"required": ["total", "bad"], "properties": {"good": false, "raw": false, "rawType": false}},
            {"required": ["raw", "rawType"], "properties": {"good": false, "bad": false, "total": false}},
        ],
    })
}

fn metric() -> Value {
    json!({
        "type": "object",
        "required": ["metricSource"],
        "properties": {
            "metricSource": {
                "type": "object",
                "required": ["spec"],
                "properties": {
                    "type": prometheus(),
                    "metricSourceRef": {"type": "string", "description": "Name of a DataSource."},
                    "spec": {
                        "type": "object",
                        "required": ["query"],
                        "properties": {
                            "query": {"type": "string", "description": "PromQL.", "minLength": 1},
                        },
                        "additionalProperties": false,
                    },
                },
                "additionalProperties": false,
                "anyOf": either("type", "metricSourceRef"),
            },
        },
        "additionalProperties": false,
    })
}

fn prometheus() -> Value {
    json!({"type": "string", "pattern": "^[Pp][Rr][Oo][Mm][Ee][Tt][Hh][Ee][Uu][Ss]$"})
}

fn data_source() -> Value {
    json!({
        "type": "object",
        "required": ["type", "connectionDetails"],
        "properties": {
            "description": {"$ref": "#/$defs/description"},
            "type": prometheus(),
            "connectionDetails": {
                "type": "object",
                "required": ["url"],
                "properties": {
                    "url": {
                        "type": "string",
                        "description": "Address of the server, without credentials.",
                        "pattern": "^https?://[^@?#]+$",
                    },
                },
                "additionalProperties": false,
            },
        },
        "additionalProperties": false,
    })
}
