//! Reads the body of a request as generously as the original: its clients rely on that.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::super::error::ApiError;

/// The key below which names are left as they were sent.
const ATTRIBUTES: &str = "attributes";

/// Reads the first JSON value of a body; what follows is ignored. Keys may be written in capitals,
/// of two equal ones the last counts, and `null` is as good as nothing.
///
/// # Errors
/// [`ApiError::BadBody`] when there is no value, or one of another shape.
pub(crate) fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    let bad = |error: serde_json::Error| ApiError::BadBody(error.to_string());
    let mut values = serde_json::Deserializer::from_slice(body).into_iter::<Value>();
    let first = values.next();
    let first = first.ok_or_else(|| ApiError::BadBody("it is empty".to_owned()))?;
    serde_json::from_value(as_keyed(first.map_err(bad)?)).map_err(bad)
}

/// The value with its keys in small letters and without what is `null`.
fn as_keyed(value: Value) -> Value {
    match value {
        Value::Array(list) => Value::Array(list.into_iter().map(as_keyed).collect()),
        Value::Object(fields) => Value::Object(keyed(fields)),
        other => other,
    }
}

fn keyed(fields: Map<String, Value>) -> Map<String, Value> {
    let mut small = Map::new();
    for (key, value) in fields {
        let known = key.to_ascii_lowercase();
        let is_exact = known == key;
        if value.is_null() || (small.contains_key(&known) && !is_exact) {
            continue;
        }
        let value = match known.as_str() {
            ATTRIBUTES => value,
            _ => as_keyed(value),
        };
        small.insert(known, value);
    }
    small
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(body: &str) -> Value {
        parse(body.as_bytes()).unwrap()
    }

    #[test]
    fn what_follows_the_first_value_is_ignored() {
        assert_eq!(read(r#" {"name": "p"} and more"#), json!({ "name": "p" }));
        assert!(parse::<Value>(b"").is_err());
        assert!(parse::<Value>(b"and more").is_err());
    }

    #[test]
    fn keys_may_be_written_in_capitals_and_one_as_it_is_meant_counts_most() {
        let body = r#"{"Name": "a", "name": "b", "NAME": "c", "Listen": "d", "listen": null}"#;
        assert_eq!(read(body), json!({ "name": "b", "listen": "d" }));
        assert_eq!(
            read(r#"{"name": "a", "name": "b"}"#),
            json!({ "name": "b" })
        );
        assert_eq!(read(r#"[{"Name": null}]"#), json!([{}]));
    }

    #[test]
    fn the_names_of_attributes_are_left_alone() {
        let body = r#"{"Attributes": {"Latency": 5, "jitter": null}}"#;
        assert_eq!(
            read(body),
            json!({ "attributes": { "Latency": 5, "jitter": null } })
        );
    }
}
