//! Access log lines, one for each request, with little work for each.
//!
//! Most lines of a thread differ from the one before in a few numbers only. So a thread keeps the
//! constant parts of its last line, and the text of its last second, and writes them again as long
//! as they fit. What it writes is the same as [`Line::write`](super::Line::write) would.

use std::cell::RefCell;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use signals::field;

use super::Trace;
use super::digits::{push_fraction, push_hexadecimal, push_second};
use super::line::{self, Severity, Value};

/// Longer lines do not keep their memory.
const KEPT_BYTES_MAX: usize = 4_096;

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// What a line says beside its fields.
#[derive(Debug, Clone, Copy)]
pub(super) struct Heading<'a> {
    pub(super) at: SystemTime,
    pub(super) severity: Severity,
    /// The words of the message, which has a space between them; of the catalog, without escapes.
    pub(super) message: [&'static str; 3],
    pub(super) trace: &'a Trace,
}

/// Gives the line of this heading and of the fields that `each` gives, its line break included.
pub(super) fn with_line<R>(
    heading: Heading<'_>,
    each: impl Fn(&mut dyn FnMut(&'static str, Value)),
    give: impl FnOnce(&str) -> R,
) -> R {
    SCRATCH.with_borrow_mut(|scratch| {
        scratch.write(heading, each);
        let given = give(&scratch.line);
        if scratch.line.capacity() > KEPT_BYTES_MAX {
            scratch.line = String::new();
        }
        given
    })
}

#[derive(Debug, Default)]
struct Scratch {
    line: String,
    stamp: Stamp,
    template: Template,
}

impl Scratch {
    fn write(&mut self, heading: Heading<'_>, each: impl Fn(&mut dyn FnMut(&'static str, Value))) {
        if self.try_write(heading, &each) {
            return;
        }
        self.template = Template::of(heading, &each);
        // Nothing has changed since, so it fits.
        let _ = self.try_write(heading, &each);
    }

    /// Writes the line with the template of the last one; false if it is another kind of line.
    fn try_write(
        &mut self,
        heading: Heading<'_>,
        each: impl Fn(&mut dyn FnMut(&'static str, Value)),
    ) -> bool {
        let Self {
            line,
            stamp,
            template,
        } = self;
        if template.message != heading.message {
            return false;
        }
        line.clear();
        stamp.push(heading.at, line);
        line.push_str(&template.head);
        push_hexadecimal(line, heading.trace.trace_id, 32);
        line.push_str(&template.span);
        push_hexadecimal(line, u128::from(heading.trace.span_id), 16);
        line.push_str(&template.flags);
        line.push_str(heading.trace.flags());
        let (mut fields, mut segments) = (template.fields.iter(), template.segments.iter());
        let mut fits = true;
        each(&mut |name, value| {
            let known = fields.next();
            fits &= known.is_some_and(|known| known.fits(name, &value));
            if let (true, None) = (fits, word(&value)) {
                line.push_str(segments.next().map_or("", String::as_str));
                value.write(line);
            }
        });
        line.push_str(segments.next().map_or("", String::as_str));
        fits && fields.next().is_none()
    }
}

/// The constant parts of a line.
#[derive(Debug, Default)]
struct Template {
    message: [&'static str; 3],
    /// From the end of the timestamp to the trace.
    head: String,
    /// From the trace to the span, and from the span to the flags.
    span: String,
    flags: String,
    fields: Vec<Field>,
    /// Up to each field that is no word, and from the last one to the end.
    segments: Vec<String>,
}

/// A field, and its value if that is a word.
#[derive(Debug)]
struct Field {
    name: &'static str,
    word: Option<&'static str>,
}

impl Field {
    fn fits(&self, name: &'static str, value: &Value) -> bool {
        is_same(self.name, name)
            && match (self.word, word(value)) {
                (Some(known), Some(word)) => is_same(known, word),
                (known, word) => known.is_none() && word.is_none(),
            }
    }
}

impl Template {
    fn of(heading: Heading<'_>, each: impl Fn(&mut dyn FnMut(&'static str, Value))) -> Self {
        let mut template = Self {
            message: heading.message,
            ..Self::default()
        };
        let head = &mut template.head;
        head.push_str("Z\"");
        line::key(head, field::SEVERITY);
        Value::Word(heading.severity.as_str()).write(head);
        line::key(head, field::MESSAGE);
        line::string(head, &heading.message.join(" "));
        for (out, name) in [
            (&mut template.head, field::TRACE_ID),
            (&mut template.span, field::SPAN_ID),
            (&mut template.flags, field::TRACE_FLAGS),
        ] {
            line::key(out, name);
            out.push('"');
        }
        // The values before these are texts, and end with a quote.
        template.span.insert(0, '"');
        template.flags.insert(0, '"');
        let mut segment = String::from("\"");
        each(&mut |name, value| {
            let word = word(&value);
            template.fields.push(Field { name, word });
            line::key(&mut segment, name);
            match word {
                Some(_) => value.write(&mut segment),
                None => template.segments.push(std::mem::take(&mut segment)),
            }
        });
        segment.push_str("}\n");
        template.segments.push(segment);
        template
    }
}

/// The text of a second.
#[derive(Debug, Default)]
struct Stamp {
    second: u64,
    text: String,
}

impl Stamp {
    /// Appends the beginning of a line up to the end of its timestamp.
    fn push(&mut self, at: SystemTime, out: &mut String) {
        let since: Duration = at.duration_since(UNIX_EPOCH).unwrap_or_default();
        if self.second != since.as_secs() || self.text.is_empty() {
            self.second = since.as_secs();
            self.text.clear();
            self.text.push_str("{\"");
            self.text.push_str(field::TIMESTAMP);
            self.text.push_str("\":\"");
            push_second(&mut self.text, self.second);
        }
        out.push_str(&self.text);
        push_fraction(out, since);
    }
}

fn word(value: &Value) -> Option<&'static str> {
    match value {
        Value::Word(word) => Some(word),
        _ => None,
    }
}

/// Names and words are constants, so that one look at their addresses is nearly always enough.
fn is_same(one: &'static str, other: &'static str) -> bool {
    std::ptr::eq(one, other) || one == other
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::Line;
    use proptest::prelude::*;

    const NAMES: [&str; 3] = [field::METHOD, field::BODY_SIZE, field::ERROR];
    const WORDS: [&str; 3] = ["GET", "POST", ""];

    fn values() -> impl Strategy<Value = Vec<(&'static str, Value)>> {
        let value = prop_oneof![
            (0_usize..3).prop_map(|word| Value::Word(WORDS[word])),
            any::<u64>().prop_map(Value::Integer),
            (0_u64..100_000_000).prop_map(|micros| Value::Seconds(Duration::from_micros(micros))),
            ".{0,5}".prop_map(Value::Text),
        ];
        prop::collection::vec(((0_usize..3).prop_map(|name| NAMES[name]), value), 0..5)
    }

    proptest! {
        /// Line after line, whatever the one before was.
        #[test]
        fn a_line_is_as_the_general_way_writes_it(
            lines in prop::collection::vec(
                (values(), 0_usize..3, any::<u128>(), any::<u64>(), 0_u64..4_000_000, any::<bool>()),
                1..8,
            ),
        ) {
            let mut scratch = Scratch::default();
            for (fields, method, trace_id, span_id, micros, is_sampled) in lines {
                let trace = Trace { trace_id, span_id, parent_id: None, is_sampled };
                let at = UNIX_EPOCH + Duration::from_micros(micros);
                let message = [WORDS[method], "/v1/card.png", "200"];
                let heading = Heading { at, severity: Severity::Info, message, trace: &trace };
                scratch.write(heading, |give: &mut dyn FnMut(&'static str, Value)| {
                    for (name, value) in &fields {
                        give(name, value.clone());
                    }
                });
                let mut line = Line::new(Severity::Info, message.join(" ")).of(trace);
                line.fields = fields;
                let mut expected = String::new();
                line.write(at, &mut expected);
                prop_assert_eq!(&scratch.line, &expected);
            }
        }
    }
}
