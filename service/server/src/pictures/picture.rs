//! A finished picture, its key, and how both are kept in Redis.

use bytes::Bytes;
use http::HeaderValue;
use md5::{Digest, Md5};
use render::Scene;

/// First byte of a value in Redis; raised when its form changes.
const FORM: u8 = 2;

/// Form, hash of the parameters, hash of what follows.
const HEAD_BYTES: usize = 1 + 32 + 32;

/// The number of missing glyphs, which stands before the PNG.
const FACTS_BYTES: usize = 4;

/// What a picture costs beside its bytes.
const ENTRY_OVERHEAD_BYTES: usize = 256;

/// The bytes of a PNG and their strong hash as an entity tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Picture {
    pub(crate) png: Bytes,
    pub(crate) etag: HeaderValue,
    /// Characters that no font has.
    pub(crate) missing_glyphs: u32,
    /// Whether it shows a simpler layout than was asked for. Such a picture is never kept in Redis.
    pub(crate) is_simplified: bool,
}

/// What a picture is kept under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Key {
    /// Strong hash of the canonical parameters and the fonts: the key in memory, and the proof in
    /// Redis that a value is of these parameters.
    pub(crate) strong: [u8; 32],
    /// The key in Redis.
    pub(crate) redis: RedisKey,
}

/// `graph:{md5(canonical params)}:v2`, made when it is needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RedisKey {
    canonical: Vec<u8>,
    font_identity: [u8; 32],
}

impl Key {
    /// The key of a scene. Its canonical bytes hold the kind and the version of the renderer.
    pub(crate) fn of(scene: &Scene, font_identity: &[u8; 32]) -> Self {
        let canonical = scene.canonical_bytes();
        let mut strong = blake3::Hasher::new();
        strong.update(font_identity).update(&canonical);
        Self {
            strong: *strong.finalize().as_bytes(),
            redis: RedisKey {
                canonical,
                font_identity: *font_identity,
            },
        }
    }
}

impl Key {
    /// What the scene holds in memory, nearly: as much as its canonical bytes.
    pub(crate) fn scene_bytes(&self) -> usize {
        self.redis.canonical.len()
    }
}

impl RedisKey {
    pub(crate) fn text(&self) -> String {
        let digest = Md5::new()
            .chain_update(&self.canonical)
            .chain_update(self.font_identity)
            .finalize();
        let digits: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("graph:{digits}:v2")
    }
}

impl Picture {
    pub(crate) fn new(png: Bytes, missing_glyphs: u32) -> Self {
        let etag = entity_tag(&png);
        Self {
            png,
            etag,
            missing_glyphs,
            is_simplified: false,
        }
    }

    /// What it weighs in memory.
    pub(crate) fn weight_bytes(&self) -> u32 {
        u32::try_from(self.png.len() + ENTRY_OVERHEAD_BYTES).unwrap_or(u32::MAX)
    }

    /// The value in Redis.
    pub(crate) fn to_value(&self, key: &Key) -> Vec<u8> {
        let facts = self.missing_glyphs.to_be_bytes();
        let content = blake3::Hasher::new()
            .update(&facts)
            .update(&self.png)
            .finalize();
        let mut value = Vec::with_capacity(HEAD_BYTES + FACTS_BYTES + self.png.len());
        value.push(FORM);
        value.extend_from_slice(&key.strong);
        value.extend_from_slice(content.as_bytes());
        value.extend_from_slice(&facts);
        value.extend_from_slice(&self.png);
        value
    }

    /// Reads a value from Redis; none if it is not exactly what was written for `key`.
    pub(crate) fn from_value(value: Vec<u8>, key: &Key) -> Option<Self> {
        let value = Bytes::from(value);
        let head = value.get(..HEAD_BYTES)?;
        let content = value.slice(HEAD_BYTES..);
        let is_whole = head[0] == FORM
            && head[1..33] == key.strong
            && head[33..] == *blake3::hash(&content).as_bytes();
        let missing_glyphs = u32::from_be_bytes(*content.first_chunk::<FACTS_BYTES>()?);
        is_whole.then(|| Self::new(content.slice(FACTS_BYTES..), missing_glyphs))
    }
}

/// A strong entity tag of `bytes`.
pub(crate) fn entity_tag(bytes: &[u8]) -> HeaderValue {
    let hash = blake3::hash(bytes).to_hex();
    let tag = Bytes::from(format!("\"{}\"", &hash[..32]));
    // Hexadecimal digits and quotes are a valid header.
    HeaderValue::from_maybe_shared(tag).unwrap_or_else(|_| HeaderValue::from_static("\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use render::Card;

    fn key(title: &str) -> Key {
        let card = Card {
            title: title.to_owned(),
            ..Card::default()
        };
        Key::of(&Scene::Card(card), &[7; 32])
    }

    #[test]
    fn a_key_depends_on_scene_and_fonts_only() {
        assert_eq!(key("a"), key("a"));
        assert_ne!(key("a").strong, key("b").strong);
        assert_ne!(key("a").redis.text(), key("b").redis.text());
        let other_fonts = Key::of(
            &Scene::Card(Card {
                title: "a".to_owned(),
                ..Card::default()
            }),
            &[8; 32],
        );
        assert_ne!(key("a").strong, other_fonts.strong);
        assert_ne!(key("a").redis.text(), other_fonts.redis.text());
    }

    #[test]
    fn a_key_in_redis_has_the_agreed_form() {
        let text = key("a").redis.text();
        let digits = text
            .strip_prefix("graph:")
            .and_then(|rest| rest.strip_suffix(":v2"))
            .unwrap();
        assert_eq!(digits.len(), 32);
        assert!(digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
    }

    #[test]
    fn a_value_is_read_back_only_for_its_own_key() {
        let picture = Picture::new(Bytes::from_static(b"picture"), 3);
        let value = picture.to_value(&key("a"));
        assert_eq!(Picture::from_value(value.clone(), &key("a")), Some(picture));
        assert_eq!(Picture::from_value(value, &key("b")), None);
    }

    proptest! {
        #[test]
        fn a_changed_or_shortened_value_is_refused(
            at in 0_usize..76,
            change in 1_u8..,
            length in 0_usize..76,
        ) {
            let value = Picture::new(Bytes::from_static(b"picture"), 3).to_value(&key("a"));
            prop_assert_eq!(value.len(), 76);
            prop_assert_eq!(Picture::from_value(value[..length].to_vec(), &key("a")), None);
            let mut changed = value;
            changed[at] ^= change;
            prop_assert_eq!(Picture::from_value(changed, &key("a")), None);
        }
    }
}
