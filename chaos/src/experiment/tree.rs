//! A file as plain data, before anybody asks what it means: bounded, and without surprises.
//!
//! YAML can say one thing twice, point back at what it said, and grow a kilobyte into gigabytes.
//! What is read here has at most [`NODES_MAX`] values, each key once, and nothing that JSON could not
//! hold.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, EnumAccess, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Values of a file, those that an alias repeats included.
pub(super) const NODES_MAX: usize = 20_000;

/// Reads `text` as plain data.
///
/// # Errors
/// The line, from 1, and what was expected there.
pub(super) fn read(text: &str) -> Result<Value, (usize, String)> {
    let nodes = Cell::new(0);
    Tree { nodes: &nodes }
        .deserialize(serde_yaml_ng::Deserializer::from_str(text))
        .map_err(|error| placed(&error))
}

/// The line of an error and its sentence without the place.
pub(super) fn placed(error: &serde_yaml_ng::Error) -> (usize, String) {
    let line = error.location().map_or(1, |location| location.line());
    let text = error.to_string();
    let sentence = text
        .rsplit_once(" at line ")
        .map_or(text.as_str(), |(sentence, _)| sentence);
    (line.max(1), sentence.to_owned())
}

/// Builds a value out of what is left of the budget.
#[derive(Clone, Copy)]
struct Tree<'a> {
    nodes: &'a Cell<usize>,
}

impl<'de> DeserializeSeed<'de> for Tree<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        let nodes = self.nodes.get() + 1;
        if nodes > NODES_MAX {
            return Err(D::Error::custom(format!(
                "the file has more than {NODES_MAX} values, expected fewer"
            )));
        }
        self.nodes.set(nodes);
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Tree<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value that JSON can hold")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        let number = Number::from_f64(value).map(Value::Number);
        number.ok_or_else(|| E::custom("a number is not finite, expected one that is"))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        self.deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(self)? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(key) = fields.next_key_seed(NewKey(&map))? {
            let value = fields.next_value_seed(self)?;
            map.insert(key, value);
        }
        Ok(Value::Object(map))
    }

    fn visit_enum<A: EnumAccess<'de>>(self, _: A) -> Result<Value, A::Error> {
        Err(A::Error::custom("a tag (!) stands here, expected none"))
    }
}

/// A key that is not there yet; one that is fails where it stands.
struct NewKey<'a>(&'a Map<String, Value>);

impl<'de> DeserializeSeed<'de> for NewKey<'_> {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for NewKey<'_> {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text as the name of a field")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<String, E> {
        if self.0.contains_key(key) {
            return Err(E::custom(format!(
                "{key:?} stands here for the second time, expected it once"
            )));
        }
        Ok(key.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_json_cannot_hold_is_refused_with_its_line() {
        let many = format!("a:\n{}", "- 1\n".repeat(NODES_MAX));
        let laughs: String = (1..12)
            .map(|level| {
                format!(
                    "l{level}: &l{level} [{}]\n",
                    format!("*l{},", level - 1).repeat(9)
                )
            })
            .collect();
        let laughs = format!("l0: &l0 x\n{laughs}");
        let texts = [
            "a: 1\nb:\n  c: 1\n  c: 2\n",
            "a: 1\nb: .nan\n",
            "a: 1\nb: !tag x\n",
            "a: 1\nb: {1: 2, [x]: 3}\n",
            many.as_str(),
            laughs.as_str(),
        ];
        let refusals = texts.map(|text| {
            let (line, sentence) = read(text).unwrap_err();
            format!("{line}: {sentence}")
        });
        insta::assert_snapshot!(refusals.join("\n"));
    }

    #[test]
    fn plain_data_stays_what_it_is() {
        let read = read("a: [1, -2, 0.5, yes, null, '1']\nb: {c: &x d, e: *x}\n").unwrap();
        assert_eq!(
            read,
            serde_json::json!({
                "a": [1, -2, 0.5, "yes", null, "1"], "b": { "c": "d", "e": "d" },
            })
        );
    }
}
