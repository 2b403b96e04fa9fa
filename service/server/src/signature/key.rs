//! Keys: a name that everybody may see and a secret that nobody may.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac};
use serde::de::{Deserialize, Deserializer, Error};
use sha2::Sha256;

use super::KeyError;

/// Secrets of fewer bytes could be guessed; longer ones gain nothing.
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 32..=256;

/// Bytes of a secret that [`fresh`] makes.
pub(crate) const FRESH_BYTES: usize = 32;

/// Different bytes in a secret. Of 32 random ones fewer are different once in 10^17 times.
const DIFFERENT_MIN: usize = 16;

/// Longest name of a key.
const ID_BYTES_MAX: usize = 32;

/// Bytes of a signature.
pub(super) const SIGNATURE_BYTES: usize = 32;

/// Secrets that are printed in public, as text: that of the configuration's own example.
const PUBLISHED: &[&str] = &["4pKtX0g9rJm2vQeYlU7Zc1oWbT6sNfH3kDiAxG8yLRE"];

/// One key.
#[derive(Clone)]
pub(crate) struct Key {
    id: String,
    mac: Hmac<Sha256>,
}

impl Key {
    /// Reads `id:secret`; the secret is base64url or hexadecimal.
    pub(super) fn parse(text: &str) -> Result<Self, KeyError> {
        let (id, secret) = text.split_once(':').ok_or(KeyError::NotIdSecret)?;
        if !is_id(id) {
            return Err(KeyError::Id);
        }
        let secret = decode(secret).ok_or(KeyError::Encoding)?;
        if !SECRET_BYTES.contains(&secret.len()) {
            return Err(KeyError::Length {
                bytes: secret.len(),
            });
        }
        if is_weak(&secret) {
            return Err(KeyError::Weak);
        }
        // A MAC takes a key of any length.
        let mac = Hmac::new_from_slice(&secret).map_err(|_| KeyError::Encoding)?;
        Ok(Self {
            id: id.to_owned(),
            mac,
        })
    }

    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// The signature of a text, as it stands in a URL.
    pub(super) fn sign(&self, message: &str) -> String {
        let mac = self.mac.clone().chain_update(message);
        URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
    }

    /// Whether `signature` is that of the text; takes as long whichever byte differs.
    pub(super) fn verify(&self, message: &str, signature: &[u8; SIGNATURE_BYTES]) -> bool {
        let mac = self.mac.clone().chain_update(message);
        mac.verify_slice(signature).is_ok()
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({}:…)", self.id)
    }
}

/// The setting `signing.keys`: `id:secret`, several with commas or white space between them.
#[derive(Debug, Clone)]
pub(crate) struct KeyList(pub(super) Vec<Key>);

impl<'de> Deserialize<'de> for KeyList {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let texts = text.split(|character: char| character == ',' || character.is_whitespace());
        let texts = texts.filter(|text| !text.is_empty()).enumerate();
        let keys = texts.map(|(index, text)| {
            Key::parse(text)
                .map_err(|error| D::Error::custom(format!("key {}: {error}", index + 1)))
        });
        keys.collect::<Result<_, _>>().map(Self)
    }
}

/// Bytes of a `sig` parameter; none if it is not 43 characters of base64url in the one right form.
pub(super) fn signature(text: &[u8]) -> Option<[u8; SIGNATURE_BYTES]> {
    URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()
}

/// A key for the configuration, made of random bytes.
pub(crate) fn fresh(id: &str, random: &[u8; FRESH_BYTES]) -> Result<String, KeyError> {
    let line = format!("{id}:{}", URL_SAFE_NO_PAD.encode(random));
    Key::parse(&line)?;
    Ok(line)
}

pub(super) fn is_id(text: &str) -> bool {
    let is_known = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=ID_BYTES_MAX).contains(&text.len()) && text.bytes().all(is_known)
}

/// Hexadecimal if all of it can be: chance makes no base64url of that kind, and a hexadecimal secret
/// that was cut must not pass for another encoding.
fn decode(text: &str) -> Option<Vec<u8>> {
    if text.len().is_multiple_of(2) && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        let digit = |byte: u8| char::from(byte).to_digit(16);
        let byte = |pair: &[u8]| u8::try_from(digit(pair[0])? * 16 + digit(pair[1])?).ok();
        return text.as_bytes().chunks_exact(2).map(byte).collect();
    }
    // The usual alphabet of base64 is read as well.
    let text = text.replace('+', "-").replace('/', "_");
    let engine = if text.ends_with('=') {
        URL_SAFE
    } else {
        URL_SAFE_NO_PAD
    };
    engine.decode(text).ok()
}

/// Whether anybody could guess it: few different bytes, bytes that count, plain words, or one that
/// is printed in public.
fn is_weak(secret: &[u8]) -> bool {
    let mut sorted = secret.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    let step = |pair: &[u8]| pair[1].wrapping_sub(pair[0]);
    let counts = secret
        .windows(2)
        .all(|pair| step(pair) == step(&secret[..2]));
    let is_words = secret.iter().all(|byte| matches!(byte, b' '..=b'~'));
    let is_published = PUBLISHED
        .iter()
        .any(|text| decode(text).as_deref() == Some(secret));
    sorted.len() < DIFFERENT_MIN || counts || is_words || is_published
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes that look random and are in no source of ours as text.
    fn secret(seed: u8, bytes: usize) -> Vec<u8> {
        (0..bytes)
            .map(|index| {
                (index as u8)
                    .wrapping_mul(index as u8 ^ 0x9d)
                    .wrapping_add(seed)
            })
            .collect()
    }

    #[test]
    fn a_secret_is_the_same_in_every_encoding() {
        let secret = secret(7, 34);
        let hexadecimal: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
        let texts = [
            URL_SAFE_NO_PAD.encode(&secret),
            URL_SAFE.encode(&secret),
            base64::engine::general_purpose::STANDARD.encode(&secret),
            hexadecimal.to_uppercase(),
            hexadecimal,
        ];
        let signatures: Vec<String> = texts
            .iter()
            .map(|text| Key::parse(&format!("a:{text}")).unwrap().sign("x"))
            .collect();
        assert!(signatures.windows(2).all(|pair| pair[0] == pair[1]));
    }

    #[test]
    fn the_signature_is_the_one_of_rfc_4231() {
        // Test case 6: the key is as weak as a published one can be, so it does not come by `parse`.
        let key = Key {
            id: "rfc".to_owned(),
            mac: Hmac::new_from_slice(&[0xaa; 131]).unwrap(),
        };
        let message = "Test Using Larger Than Block-Size Key - Hash Key First";
        let signature = signature(key.sign(message).as_bytes()).unwrap();
        assert_eq!(signature[..4], [0x60, 0xe4, 0x31, 0x59]);
        assert!(key.verify(message, &signature));
    }

    #[test]
    fn a_bad_key_is_refused_and_never_shown() {
        let good = URL_SAFE_NO_PAD.encode(secret(7, 32));
        let encoded = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let counting: Vec<u8> = (0..32).map(|index| index * 7).collect();
        let keys = [
            good.clone(),
            format!(":{good}"),
            format!("Upper:{good}"),
            format!("{}:{good}", "a".repeat(33)),
            format!("a:{good}!"),
            "a:".to_owned(),
            format!("a:{}", encoded(&secret(7, 31))),
            format!("a:{}", encoded(&secret(7, 257))),
            format!("a:{}", "changeme".repeat(8)),
            format!("a:{}", encoded(&[0; 32])),
            format!("a:{}", "0123456789abcdef".repeat(4)),
            format!("a:{}", encoded(&counting)),
            format!("a:{}", encoded(b"correct horse battery staple, they said")),
            format!("a:{}", PUBLISHED[0]),
        ];
        let report: Vec<String> = keys
            .iter()
            .map(|key| Key::parse(key).unwrap_err().to_string())
            .collect();
        assert!(!report.concat().contains(&good));
        insta::assert_snapshot!(report.join("\n"));
        assert!(Key::parse(&format!("{}:{good}", "a".repeat(32))).is_ok());
    }

    #[test]
    fn the_example_of_the_configuration_is_a_published_key() {
        assert!(crate::config::BASE.contains(PUBLISHED[0]));
    }

    #[test]
    fn a_secret_is_not_printed() {
        let text = URL_SAFE_NO_PAD.encode(secret(7, 32));
        let key = Key::parse(&format!("2026-11:{text}")).unwrap();
        assert_eq!(format!("{key:?}"), "Key(2026-11:…)");
    }

    #[test]
    fn a_signature_is_written_in_one_way_only() {
        let text = Key::parse(&fresh("a", &secret(7, 32).try_into().unwrap()).unwrap())
            .unwrap()
            .sign("x");
        assert_eq!(text.len(), 43);
        assert!(signature(text.as_bytes()).is_some());
        // The last character has two bits that say nothing, and they are zero.
        let (start, _) = text.split_at(42);
        let others = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let readable = others
            .chars()
            .filter(|other| signature(format!("{start}{other}").as_bytes()).is_some());
        assert_eq!(readable.count(), 16);
        for bad in [
            format!("{text}="),
            text[..42].to_owned(),
            format!("{text}A"),
        ] {
            assert!(signature(bad.as_bytes()).is_none(), "{bad}");
        }
    }
}
