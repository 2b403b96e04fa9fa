//! Finds the line of a field, for messages about values that are well-formed and wrong.
//!
//! It asks the YAML parser itself: a walk down to the field that fails on purpose when it is there
//! gives the place of the failure, in whatever style the file is written.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// One step on the way to a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// The field of this name.
    Field(String),
    /// The item of a list, from 0.
    Item(usize),
}

/// The way from the top of a file to a field.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Way(Vec<Step>);

impl Way {
    /// One field deeper.
    pub(super) fn field(&self, name: &str) -> Self {
        self.to(Step::Field(name.to_owned()))
    }

    /// One item deeper.
    pub(super) fn item(&self, index: usize) -> Self {
        self.to(Step::Item(index))
    }

    fn to(&self, step: Step) -> Self {
        Self(self.0.iter().cloned().chain([step]).collect())
    }

    /// The line (from 1) of the field, or of the deepest one on the way that is there.
    pub(super) fn line_in(&self, text: &str) -> usize {
        let walk = Walk(&self.0).deserialize(serde_yaml_ng::Deserializer::from_str(text));
        let place = walk.err().and_then(|error| error.location());
        place.map_or(1, |place| place.line())
    }
}

/// As a message writes it: `method[0].provider.url`.
impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, step) in self.0.iter().enumerate() {
            match step {
                Step::Field(name) if index == 0 => f.write_str(name)?,
                Step::Field(name) => write!(f, ".{name}")?,
                Step::Item(item) => write!(f, "[{item}]")?,
            }
        }
        Ok(())
    }
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
    fn a_field_is_found_in_every_style_and_one_that_is_not_there_at_its_parent() {
        let list = Way::default().field("list");
        let line = |way: Way| way.line_in(TEXT);
        assert_eq!(line(Way::default().field("one")), 2);
        assert_eq!(line(list.item(0).field("name")), 4);
        assert_eq!(line(list.item(0).field("inner").field("y")), 6);
        assert_eq!(line(list.item(1).field("quoted")), 8);
        assert_eq!(line(Way::default().field("tail").item(1)), 11);
        assert_eq!(line(list.item(1).field("nothing")), 7);
        assert_eq!(Way::default().field("one").line_in(""), 1);
    }

    #[test]
    fn a_way_is_written_as_messages_have_it() {
        let way = Way::default().field("method").item(2).field("pauses");
        assert_eq!(way.to_string(), "method[2].pauses");
    }
}
