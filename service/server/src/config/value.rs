//! Values that are valid by their type, so that nothing has to be checked later.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use serde::de::{Deserialize, DeserializeOwned, Deserializer, Error, SeqAccess, Visitor};

/// The longest duration that can be set.
const SPAN_MAX: Duration = Duration::from_secs(365 * 24 * 3_600);

/// A whole number from `MIN` to `MAX`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Count<const MIN: u64, const MAX: u64>(u64);

impl<const MIN: u64, const MAX: u64> Count<MIN, MAX> {
    pub(crate) fn get(self) -> usize {
        // The maxima fit 64-bit memory; on a smaller machine a larger bound is no bound.
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

impl<'de, const MIN: u64, const MAX: u64> Deserialize<'de> for Count<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = deserializer.deserialize_i64(WholeNumber)?;
        match u64::try_from(value) {
            Ok(count) if (MIN..=MAX).contains(&count) => Ok(Self(count)),
            _ => Err(D::Error::custom(format!(
                "{value} is not from {MIN} to {MAX}"
            ))),
        }
    }
}

/// Says in words what a [`Count`] wants.
struct WholeNumber;

impl Visitor<'_> for WholeNumber {
    type Value = i64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number")
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<i64, E> {
        Ok(value)
    }
}

/// Reads an address to listen on.
pub(crate) fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SocketAddr, D::Error> {
    let text = String::deserialize(deserializer)?;
    let expected = |_| {
        D::Error::custom(format!(
            "{text:?} is not an address such as \"127.0.0.1:8080\""
        ))
    };
    text.parse().map_err(expected)
}

/// A duration of at least `MIN_MS` milliseconds, as text such as `"250ms"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span<const MIN_MS: u64>(Duration);

impl<const MIN_MS: u64> Span<MIN_MS> {
    pub(crate) fn get(self) -> Duration {
        self.0
    }
}

impl<'de, const MIN_MS: u64> Deserialize<'de> for Span<MIN_MS> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let expected = || {
            D::Error::custom(format!(
                "{text:?} is not a duration such as \"250ms\" or \"5s\""
            ))
        };
        let span = humantime::parse_duration(&text).map_err(|_| expected())?;
        let min = Duration::from_millis(MIN_MS);
        if !(min..=SPAN_MAX).contains(&span) {
            return Err(D::Error::custom(format!(
                "{text:?} is not from {min:?} to 365 days"
            )));
        }
        Ok(Self(span))
    }
}

/// A share, from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Ratio(f64);

impl Ratio {
    pub(crate) fn get(self) -> f64 {
        self.0
    }
}

impl<'de> Deserialize<'de> for Ratio {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = f64::deserialize(deserializer)?;
        if (0.0..=1.0).contains(&value) {
            return Ok(Self(value));
        }
        Err(D::Error::custom(format!("{value} is not from 0 to 1")))
    }
}

/// A text that stands for a `T`, or `""` for none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Optional<T>(Option<T>);

impl<T> Optional<T> {
    pub(crate) fn none() -> Self {
        Self(None)
    }

    pub(crate) fn get(&self) -> Option<&T> {
        self.0.as_ref()
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Optional<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.is_empty() {
            return Ok(Self(None));
        }
        T::deserialize(serde::de::value::StringDeserializer::new(text))
            .map(|value| Self(Some(value)))
    }
}

/// At most `MAX` texts that each stand for a `T`: a list, or one text with commas in between, because
/// a variable of the environment has no lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct List<T, const MAX: usize>(Vec<T>);

impl<T, const MAX: usize> List<T, MAX> {
    pub(crate) fn get(&self) -> &[T] {
        &self.0
    }
}

impl<'de, T, const MAX: usize> Deserialize<'de> for List<T, MAX>
where
    T: std::str::FromStr<Err = String>,
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let texts = deserializer.deserialize_any(Texts)?;
        if texts.len() > MAX {
            return Err(D::Error::custom(format!("there are more than {MAX}")));
        }
        let items = texts.iter().map(|text| text.parse());
        items
            .collect::<Result<_, _>>()
            .map(Self)
            .map_err(D::Error::custom)
    }
}

/// Reads the texts of a [`List`].
struct Texts;

impl<'de> Visitor<'de> for Texts {
    type Value = Vec<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of texts")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Vec<String>, E> {
        let texts = text.split(',').map(str::trim);
        Ok(texts
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
            .collect())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Vec<String>, A::Error> {
        let mut texts = Vec::new();
        while let Some(item) = items.next_element()? {
            // Refused here and not by its own reader, so that the key of the whole list is named.
            let toml::Value::String(text) = item else {
                return Err(A::Error::custom(format!("{item} is not a text")));
            };
            texts.push(text);
        }
        Ok(texts)
    }
}

/// Where Redis is, checked. It may hold a password, so it is never printed.
#[derive(Clone)]
pub(crate) struct RedisUrl(redis::Client);

impl RedisUrl {
    pub(crate) fn client(&self) -> redis::Client {
        self.0.clone()
    }
}

impl fmt::Debug for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RedisUrl(…)")
    }
}

impl<'de> Deserialize<'de> for RedisUrl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let expected = |_| D::Error::custom("not an address such as \"redis://127.0.0.1:6379/0\"");
        redis::Client::open(text).map(Self).map_err(expected)
    }
}

/// Base address of an OpenTelemetry collector, without a slash at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OtlpEndpoint(String);

impl OtlpEndpoint {
    pub(crate) fn path(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }
}

impl<'de> Deserialize<'de> for OtlpEndpoint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let is_valid = text.parse::<http::Uri>().is_ok_and(|uri| {
            uri.scheme_str() == Some("http") && uri.host().is_some() && uri.query().is_none()
        });
        if is_valid {
            return Ok(Self(text.trim_end_matches('/').to_owned()));
        }
        Err(D::Error::custom(format!(
            "{text:?} is not an address such as \"http://127.0.0.1:4318\""
        )))
    }
}
