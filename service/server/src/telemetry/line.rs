//! One log line: a sentence that reads well alone, and the same facts as fields.

use std::fmt::Write;
use std::time::{Duration, SystemTime};

use signals::field;

use super::Trace;
use super::digits::{push_decimal, push_hexadecimal, push_seconds, push_timestamp};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Severity {
    /// Worth knowing.
    Info,
    /// Something is worse than it should be, and was handled.
    Warn,
    /// A request or the service failed.
    Error,
}

impl Severity {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Info => "INFO",
            Self::Warn => "WARN",
            Self::Error => "ERROR",
        }
    }
}

/// The value of a field.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Word(&'static str),
    Text(String),
    Integer(u64),
    Seconds(Duration),
}

impl Value {
    /// Appends the value as JSON.
    pub(super) fn write(&self, out: &mut String) {
        match self {
            // A word is of the catalog and needs no escapes.
            Self::Word(word) => {
                out.push('"');
                out.push_str(word);
                out.push('"');
            }
            Self::Text(text) => string(out, text),
            Self::Integer(number) => push_decimal(out, *number, 1),
            Self::Seconds(duration) => push_seconds(out, *duration),
        }
    }
}

/// A line in the making.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) severity: Severity,
    pub(crate) message: String,
    pub(crate) trace: Option<Trace>,
    pub(crate) fields: Vec<(&'static str, Value)>,
}

impl Line {
    pub(crate) fn new(severity: Severity, message: impl Into<String>) -> Self {
        Self {
            severity,
            message: message.into(),
            trace: None,
            fields: Vec::new(),
        }
    }

    pub(crate) fn word(self, name: &'static str, value: &'static str) -> Self {
        self.field(name, Value::Word(value))
    }

    pub(crate) fn text(self, name: &'static str, value: impl Into<String>) -> Self {
        self.field(name, Value::Text(value.into()))
    }

    pub(crate) fn of(mut self, trace: Trace) -> Self {
        self.trace = Some(trace);
        self
    }

    fn field(mut self, name: &'static str, value: Value) -> Self {
        self.fields.push((name, value));
        self
    }

    /// Appends the line as JSON, its line break included.
    pub(crate) fn write(&self, at: SystemTime, out: &mut String) {
        begin(out, at, self.severity);
        key(out, field::MESSAGE);
        string(out, &self.message);
        if let Some(trace) = &self.trace {
            context(out, trace);
        }
        for (name, value) in &self.fields {
            key(out, name);
            value.write(out);
        }
        out.push_str("}\n");
    }
}

/// Opens the object of a line.
pub(super) fn begin(out: &mut String, at: SystemTime, severity: Severity) {
    out.push_str("{\"");
    out.push_str(field::TIMESTAMP);
    out.push_str("\":\"");
    push_timestamp(out, at);
    out.push('"');
    key(out, field::SEVERITY);
    Value::Word(severity.as_str()).write(out);
}

/// Appends which trace a line belongs to.
pub(super) fn context(out: &mut String, trace: &Trace) {
    for (name, number, count) in [
        (field::TRACE_ID, trace.trace_id, 32),
        (field::SPAN_ID, u128::from(trace.span_id), 16),
    ] {
        key(out, name);
        out.push('"');
        push_hexadecimal(out, number, count);
        out.push('"');
    }
    key(out, field::TRACE_FLAGS);
    Value::Word(trace.flags()).write(out);
}

/// Appends the name of the next field. Names are of the catalog and need no escapes.
pub(super) fn key(out: &mut String, name: &str) {
    out.push_str(",\"");
    out.push_str(name);
    out.push_str("\":");
}

/// Appends a JSON string.
pub(super) fn string(out: &mut String, text: &str) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            control if control < ' ' => drop(write!(out, "\\u{:04x}", control as u32)),
            other => out.push(other),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_line_is_one_json_object() {
        let trace = Trace {
            trace_id: 0xabc,
            span_id: 0xdef,
            parent_id: None,
            is_sampled: true,
        };
        let line = Line::new(Severity::Warn, "Redis is \"gone\"")
            .word(field::DEPENDENCY, "redis")
            .text(field::ERROR, "connection refused\n(os error 111)")
            .of(trace);
        let mut text = String::new();
        line.write(
            SystemTime::UNIX_EPOCH + std::time::Duration::from_micros(1_500_000),
            &mut text,
        );
        insta::assert_snapshot!(text.trim_end());
        let _: serde_json::Value = serde_json::from_str(&text).unwrap();
    }

    proptest! {
        #[test]
        fn any_text_survives_its_escapes(text in ".*") {
            let mut json = String::new();
            string(&mut json, &text);
            prop_assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
        }
    }
}
