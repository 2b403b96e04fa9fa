//! Bounds what a document may unfold to, before anything is made of it.
//!
//! A YAML alias costs two bytes and stands for a tree; a few lines of them stand for more than any
//! memory holds. So a document is walked once without keeping anything, and the walk has a limit.

use std::cell::Cell;
use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, EnumAccess, Error, MapAccess, SeqAccess, Visitor};

/// The most values and keys of one document, each use of an alias counted anew.
pub(crate) const NODES_MAX: usize = 200_000;

/// Flow brackets within brackets of one file. The scanner takes quadratic time over them.
pub(crate) const BRACKETS_MAX: usize = 200;

/// Whether brackets are nested deeper than [`BRACKETS_MAX`] anywhere; the line where they are.
///
/// Brackets in text count too: no query has so many that stay open.
pub(super) fn too_many_brackets(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (index, line) in text.lines().enumerate() {
        // What stands at the margin closes what people forgot to close.
        if line.starts_with("---") {
            depth = 0;
        }
        for byte in line.bytes() {
            match byte {
                b'[' | b'{' => depth += 1,
                b']' | b'}' => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth > BRACKETS_MAX {
                return Some(index + 1);
            }
        }
    }
    None
}

/// Walks a document; an error when it has too many nodes or a key twice.
pub(super) fn walk<'de, D: Deserializer<'de>>(document: D) -> Result<(), D::Error> {
    let left = Cell::new(NODES_MAX);
    Walk { left: &left }.deserialize(document)
}

#[derive(Clone, Copy)]
struct Walk<'a> {
    left: &'a Cell<usize>,
}

impl Walk<'_> {
    fn step<E: Error>(self) -> Result<(), E> {
        let Some(left) = self.left.get().checked_sub(1) else {
            let message = format!(
                "the document has more than {NODES_MAX} values, those of its aliases included"
            );
            return Err(E::custom(message));
        };
        self.left.set(left);
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a document of YAML")
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        self.step()
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        self.step()
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        self.step()
    }

    fn visit_i128<E: Error>(self, _: i128) -> Result<(), E> {
        self.step()
    }

    fn visit_u128<E: Error>(self, _: u128) -> Result<(), E> {
        self.step()
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        self.step()
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        self.step()
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.step()
    }

    fn visit_none<E: Error>(self) -> Result<(), E> {
        self.step()
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        self.step()?;
        while items.next_element_seed(self)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        self.step()?;
        let seen = &mut HashSet::new();
        while entries.next_key_seed(Key { seen, walk: self })?.is_some() {
            entries.next_value_seed(self)?;
        }
        Ok(())
    }

    fn visit_enum<A: EnumAccess<'de>>(self, _: A) -> Result<(), A::Error> {
        Err(A::Error::custom("expected no YAML tag (`!name`)"))
    }
}

/// A key, which must be a text that was not there before.
struct Key<'a, 'b> {
    seen: &'b mut HashSet<String>,
    walk: Walk<'a>,
}

impl<'de> DeserializeSeed<'de> for Key<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text as key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<(), E> {
        self.walk.step()?;
        if self.seen.insert(key.to_owned()) {
            return Ok(());
        }
        Err(E::custom(format!("duplicate field `{key}`")))
    }
}

#[cfg(test)]
mod tests {
    use serde_yaml_ng::Deserializer;

    use super::*;

    fn outcome(text: &str) -> String {
        match walk(Deserializer::from_str(text)) {
            Ok(()) => "sound".to_owned(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn ordinary_documents_are_sound() {
        for text in ["", "a", "a: &x [1, 2.5, null, true]\nb: *x", "- ~", "1: 2"] {
            assert_eq!(outcome(text), "sound", "{text}");
        }
    }

    #[test]
    fn a_key_twice_is_named_with_its_line() {
        let text = "a: 1\nb:\n  c: 1\n  d: 2\n  c: 3\n";
        assert_eq!(outcome(text), "b: duplicate field `c` at line 5 column 3");
    }

    #[test]
    fn a_bomb_of_aliases_ends_at_the_limit() {
        let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..9 {
            let last = format!("*a{}", level - 1);
            let all = vec![last; 10].join(", ");
            text += &format!("a{level}: &a{level} [{all}]\n");
        }
        let said = outcome(&text);
        assert_eq!(
            said, "repetition limit exceeded",
            "the parser has a limit of its own"
        );
        let wide = format!(
            "a: &a [{}]\nb: [{}]\n",
            vec!["x"; 1_000].join(","),
            vec!["*a"; 1_000].join(",")
        );
        assert!(
            outcome(&wide).contains("more than 200000 values"),
            "{}",
            outcome(&wide)
        );
    }

    #[test]
    fn nesting_and_tags_are_refused() {
        let deep = format!("{}{}", "[".repeat(150), "]".repeat(150));
        assert!(
            outcome(&deep).contains("recursion limit"),
            "{}",
            outcome(&deep)
        );
        assert!(
            outcome("a: !include b").contains("no YAML tag"),
            "{}",
            outcome("a: !include b")
        );
        assert!(
            outcome("? [a]\n: b").contains("a text as key"),
            "{}",
            outcome("? [a]\n: b")
        );
        assert_eq!(
            too_many_brackets(&format!("a\n{}", "[{".repeat(101))),
            Some(2)
        );
        assert_eq!(too_many_brackets(&"[{]}\n".repeat(1_000)), None);
    }
}
