//! One log line: a sentence that reads well alone, and the same facts as fields.

use std::fmt::Write;
use std::time::SystemTime;

use signals::field;

use super::Trace;

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
    Seconds(f64),
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
            match value {
                Value::Word(word) => string(out, word),
                Value::Text(text) => string(out, text),
                Value::Integer(number) => drop(write!(out, "{number}")),
                Value::Seconds(seconds) => drop(write!(out, "{seconds:.6}")),
            }
        }
        out.push_str("}\n");
    }
}

/// Opens the object of a line.
pub(super) fn begin(out: &mut String, at: SystemTime, severity: Severity) {
    out.push_str("{\"");
    out.push_str(field::TIMESTAMP);
    out.push_str("\":\"");
    let at = jiff::Timestamp::try_from(at).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    // Writing to a string cannot fail.
    let _ = write!(out, "{at:.6}\"");
    key(out, field::SEVERITY);
    string(out, severity.as_str());
}

/// Appends which trace a line belongs to.
pub(super) fn context(out: &mut String, trace: &Trace) {
    let (id, span, flags) = (trace.trace_id, trace.span_id, trace.flags());
    let _ = write!(
        out,
        ",\"{}\":\"{id:032x}\",\"{}\":\"{span:016x}\",\"{}\":\"{flags}\"",
        field::TRACE_ID,
        field::SPAN_ID,
        field::TRACE_FLAGS
    );
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
