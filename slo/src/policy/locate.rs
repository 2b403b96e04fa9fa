//! Finds the line of a field, for messages about values that are well-formed and wrong.
//!
//! It asks the YAML parser itself: a walk down to the field that fails on purpose when it is there
//! gives the place of the failure, in whatever style the file is written.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// One step on the way to a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// The field of this name.
    Field(&'static str),
    /// The item of a list, from 0.
    Item(usize),
}

impl From<&'static str> for Step {
    fn from(name: &'static str) -> Self {
        Self::Field(name)
    }
}

impl From<usize> for Step {
    fn from(index: usize) -> Self {
        Self::Item(index)
    }
}

/// The way as a message writes it: `objectives[0].pass`.
pub(super) fn written(way: &[Step]) -> String {
    let mut text = String::new();
    for step in way {
        match step {
            Step::Field(name) if text.is_empty() => text.push_str(name),
            Step::Field(name) => text = text + "." + name,
            Step::Item(index) => text = format!("{text}[{index}]"),
        }
    }
    text
}

/// The line (from 1) of the field, or of the deepest one on the way that is there.
pub(super) fn line_of(text: &str, way: &[Step]) -> usize {
    let walk = Walk(way).deserialize(serde_yaml_ng::Deserializer::from_str(text));
    let place = walk.err().and_then(|error| error.location());
    place.map_or(1, |place| place.line())
}

/// Fails at the end of the way.
struct Walk<'a>(&'a [Step]);

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

/// What is not visited below is no way on, and fails by its type.
impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the place that is looked for")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let here = || A::Error::custom("here");
        let [Step::Field(name), rest @ ..] = self.0 else {
            return Err(here());
        };
        while let Some(key) = map.next_key::<String>()? {
            if key == *name {
                return map.next_value_seed(Walk(rest));
            }
            map.next_value::<IgnoredAny>()?;
        }
        Err(here())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let here = || A::Error::custom("here");
        let [Step::Item(index), rest @ ..] = self.0 else {
            return Err(here());
        };
        for _ in 0..*index {
            if items.next_element::<IgnoredAny>()?.is_none() {
                return Err(here());
            }
        }
        items.next_element_seed(Walk(rest))?;
        Err(here())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
# a comment
one: 1
list:
  - name: a
    inner: {x: 1,
      y: 2}
  - name: b
    'quoted': >
      folded
tail: [1,
  2]
";

    #[test]
    fn a_field_is_found_in_every_style() {
        let line = |way: &[Step]| line_of(TEXT, way);
        assert_eq!(line(&["one".into()]), 2);
        assert_eq!(line(&["list".into(), 0.into(), "name".into()]), 4);
        assert_eq!(
            line(&["list".into(), 0.into(), "inner".into(), "y".into()]),
            6
        );
        assert_eq!(line(&["list".into(), 1.into(), "quoted".into()]), 8);
        assert_eq!(line(&["tail".into(), 1.into()]), 11);
    }

    #[test]
    fn a_field_that_is_not_there_is_at_its_parent() {
        let line = |way: &[Step]| line_of(TEXT, way);
        assert_eq!(line(&["nothing".into()]), 2);
        assert_eq!(line(&["list".into(), 1.into(), "nothing".into()]), 7);
        assert_eq!(line(&["list".into(), 9.into()]), 4);
        assert_eq!(line(&["one".into(), "below".into()]), 2);
        assert_eq!(line_of("", &["one".into()]), 1);
    }

    #[test]
    fn a_way_is_written_as_messages_have_it() {
        let way = ["objectives".into(), 2.into(), "pass".into(), 0.into()];
        assert_eq!(written(&way), "objectives[2].pass[0]");
    }
}
