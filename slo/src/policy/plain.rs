//! What YAML allows and a policy does not: fields that come twice, and tags.
//!
//! The walk over the whole document comes before anything is read from it, so that a second field
//! is blamed on its own line and a tag is never passed over.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::scalar::quoted;

/// Walks over all of `text`.
///
/// # Errors
/// Of the YAML parser, or one of ours, with its place.
pub(super) fn check(text: &str) -> Result<(), serde_yaml_ng::Error> {
    Plain.deserialize(serde_yaml_ng::Deserializer::from_str(text))
}

/// Any value.
struct Plain;

impl<'de> DeserializeSeed<'de> for Plain {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

/// A tag arrives as an enum, which is not visited below, and fails by its type.
impl<'de> Visitor<'de> for Plain {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value without a tag")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut seen = BTreeSet::new();
        while map.next_key_seed(Key(&mut seen))?.is_some() {
            map.next_value_seed(Self)?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while items.next_element_seed(Self)?.is_some() {}
        Ok(())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_i128<E: Error>(self, _: i128) -> Result<(), E> {
        Ok(())
    }

    fn visit_u128<E: Error>(self, _: u128) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    /// There is no document at all.
    fn visit_none<E: Error>(self) -> Result<(), E> {
        Err(E::custom("the file is empty; expected a GatePolicy"))
    }
}

/// The name of a field, and those before it.
struct Key<'a>(&'a mut BTreeSet<String>);

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a field")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<(), E> {
        if self.0.insert(name.to_owned()) {
            return Ok(());
        }
        Err(E::custom(format!(
            "the field {} comes twice; expected each once",
            quoted(name)
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        check(text).unwrap_err().to_string()
    }

    #[test]
    fn plain_documents_of_every_style_go_through() {
        let text =
            "a: &x [1, -1, 1.5, true, ~, 'b', 99999999999999999999]\nb: {c: *x}\nd: |\n  e\n";
        check(text).unwrap();
    }

    #[test]
    fn a_second_field_is_blamed_on_its_own_line() {
        let message = refused("a: 1\nb:\n  c: 1\n  c: 2\n");
        assert!(message.contains("\"c\" comes twice"), "{message}");
        assert!(message.contains("line 4"), "{message}");
    }

    #[test]
    fn tags_and_odd_names_are_refused() {
        for text in [
            "a: !secret b",
            "a: !x [1]",
            "a: !x {b: 1}",
            "[1]: 2",
            "{a: 1}: 2",
        ] {
            let message = refused(text);
            assert!(message.contains("expected"), "{text}: {message}");
        }
    }
}
