//! What is signed: one text for all the ways in which a URL can be written.
//!
//! ```text
//! proofmark-url-v1
//! GET
//! /v1/card.png
//! expires=1795734000&key=2026-11&title=Ready%20to%20ship
//! ```
//!
//! Values are decoded and encoded again, parameters stand in the order of their names. Encoded
//! texts have no line break, `=` or `&` of their own, so two URLs that mean different things never
//! have the same text.

use crate::percent::{self, Plus};

use super::SignatureError;

/// Parameters of one URL.
const PARAMETERS_MAX: usize = 64;

/// Longest piece of a name that is shown back.
const NAME_SHOWN_MAX: usize = 64;

/// Says what the text is for, so that no other use of the same key can be taken for a signature.
const DOMAIN: &str = "proofmark-url-v1";

/// A signed URL is for reading: HEAD is the GET without its body.
const METHOD: &str = "GET";

/// One parameter of a query.
#[derive(Debug)]
pub(super) struct Parameter<'q> {
    /// Written plainly, without encoding.
    pub(super) name: &'q str,
    /// Decoded.
    pub(super) value: Vec<u8>,
    /// Name and value as they were written.
    pub(super) pair: &'q str,
}

impl Parameter<'_> {
    /// Name and value in the canonical form.
    pub(super) fn write(&self, text: &mut String) {
        text.push_str(self.name);
        text.push('=');
        percent::encode(&self.value, text);
    }
}

/// The parameters of a query in the order in which they stand, no name twice.
pub(super) fn parameters(query: &str) -> Result<Vec<Parameter<'_>>, SignatureError> {
    let mut parameters: Vec<Parameter<'_>> = Vec::new();
    for pair in query.split('&').filter(|_| !query.is_empty()) {
        let (name, value) = pair.split_once('=').ok_or(SignatureError::Unreadable {
            reason: "a parameter is not written name=value",
        })?;
        if !is_plain(name) {
            let reason = "a parameter has a name with other characters than a-z, 0-9 and _";
            return Err(SignatureError::Unreadable { reason });
        }
        if parameters.iter().any(|known| known.name == name) {
            return Err(SignatureError::Duplicate {
                // Plain names are ASCII.
                parameter: name[..name.len().min(NAME_SHOWN_MAX)].to_owned(),
            });
        }
        if parameters.len() == PARAMETERS_MAX {
            let reason = "it has more than 64 parameters";
            return Err(SignatureError::Unreadable { reason });
        }
        let value = percent::decode(value, Plus::Space).ok_or(SignatureError::Unreadable {
            reason: "a % is not followed by two hexadecimal digits",
        })?;
        parameters.push(Parameter { name, value, pair });
    }
    Ok(parameters)
}

/// A path in its canonical form. An encoded slash stays one: it does not part segments.
pub(super) fn path(path: &str) -> Result<String, SignatureError> {
    let unreadable = |reason| SignatureError::Unreadable { reason };
    let segments = path
        .strip_prefix('/')
        .ok_or_else(|| unreadable("its path does not start with /"))?;
    let mut text = String::with_capacity(path.len());
    for segment in segments.split('/') {
        let segment = percent::decode(segment, Plus::Itself)
            .ok_or_else(|| unreadable("a % is not followed by two hexadecimal digits"))?;
        // Programs on the way resolve these, and then the path is another one.
        if matches!(segment.as_slice(), b"." | b"..") {
            return Err(unreadable("its path goes through . or .."));
        }
        text.push('/');
        percent::encode(&segment, &mut text);
    }
    Ok(text)
}

/// Parameters as the query of a URL, in this order.
pub(super) fn query<'p>(parameters: impl IntoIterator<Item = &'p Parameter<'p>>) -> String {
    let mut text = String::new();
    for parameter in parameters {
        if !text.is_empty() {
            text.push('&');
        }
        parameter.write(&mut text);
    }
    text
}

/// The text that is signed. `path` is canonical.
pub(super) fn message<'p>(
    path: &str,
    parameters: impl IntoIterator<Item = &'p Parameter<'p>>,
) -> String {
    let mut sorted: Vec<&Parameter<'_>> = parameters.into_iter().collect();
    sorted.sort_unstable_by_key(|parameter| parameter.name);
    format!("{DOMAIN}\n{METHOD}\n{path}\n{}", query(sorted))
}

fn is_plain(name: &str) -> bool {
    let is_known = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    !name.is_empty() && name.bytes().all(is_known)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn canonical(text: &str) -> Result<String, SignatureError> {
        Ok(message("/v1/card.png", &parameters(text)?))
    }

    #[test]
    fn the_text_that_is_signed_is_this() {
        let text = canonical("title=a+b%2f%e8%af%81证&accent=f00&footer=").unwrap();
        insta::assert_snapshot!(text, @"
        proofmark-url-v1
        GET
        /v1/card.png
        accent=f00&footer=&title=a%20b%2F%E8%AF%81%E8%AF%81
        ");
    }

    #[test]
    fn a_path_has_one_form_and_an_encoded_slash_is_no_slash() {
        assert_eq!(path("/v1/c%61rd%2epng").unwrap(), "/v1/card.png");
        assert_eq!(path("/v1/a%2fb").unwrap(), "/v1/a%2Fb");
        assert_eq!(path("/v1/a+b c").unwrap(), "/v1/a%2Bb%20c");
        assert_eq!(path("/").unwrap(), "/");
        for bad in ["", "v1", "/v1/../x", "/v1/%2e%2E", "/./x", "/v1/%", "*"] {
            assert!(path(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_has_no_one_meaning_has_no_canonical_form() {
        let many: Vec<String> = (0..65).map(|index| format!("p{index}=")).collect();
        let report: Vec<String> = [
            "title",
            "=x",
            "&",
            "title=a&",
            "ti%74le=a",
            "Title=a",
            "title=%4",
            "title=a&title=b",
            "title=a&theme=dark&title=a",
            &many.join("&"),
        ]
        .iter()
        .map(|query| canonical(query).unwrap_err().to_string())
        .collect();
        insta::assert_snapshot!(report.join("\n"));
        assert!(canonical(&many[..64].join("&")).is_ok());
    }

    proptest! {
        #[test]
        fn the_canonical_form_of_the_canonical_form_is_itself(text in "[a-c=&%0-9A-F+ 证]{0,40}") {
            if let Ok(found) = parameters(&text) {
                let once = query(&found);
                prop_assert_eq!(&query(&parameters(&once).unwrap()), &once);
                prop_assert_eq!(canonical(&once), canonical(&text));
            }
        }

        #[test]
        fn the_canonical_form_of_a_path_is_its_own(text in "/[a-c/%.2eF+ 证]{0,20}") {
            if let Ok(once) = path(&text) {
                prop_assert_eq!(path(&once), Ok(once.clone()));
            }
        }

        #[test]
        fn different_values_are_different_texts(first: Vec<(String, String)>, second: Vec<(String, String)>) {
            let write = |values: &[(String, String)]| {
                let mut text = String::new();
                for (index, (left, right)) in values.iter().take(20).enumerate() {
                    text.push_str(&format!("{}a{index}=", if index > 0 { "&" } else { "" }));
                    percent::encode(left.as_bytes(), &mut text);
                    text.push_str(&format!("&b{index}="));
                    percent::encode(right.as_bytes(), &mut text);
                }
                canonical(&text).unwrap()
            };
            prop_assert_eq!(write(&first) == write(&second), first == second);
        }
    }
}
