//! What must not be shown: hidden where it is kept, and taken out of what a server echoes.

use std::fmt;

use aho_corasick::{AhoCorasick, MatchKind};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// What stands in the place of a secret.
const HIDDEN: &str = "***";

/// Text that only the configured server may see. It cannot be printed.
#[derive(Clone)]
pub(super) struct Secret(String);

impl Secret {
    pub(super) fn new(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The secret as others may write it: plain, in base64, in a URL, in HTML, in JSON.
    fn forms(&self) -> Vec<String> {
        let plain = &self.0;
        // What the JSON of Go writes for these, and that of others does not.
        let json = serde_json::Value::from(plain.as_str()).to_string();
        let json = json[1..json.len() - 1].to_owned();
        let of_go = json
            .replace('<', "\\u003c")
            .replace('>', "\\u003e")
            .replace('&', "\\u0026");
        let html = plain
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;");
        let url = percent_encoded(plain, |byte| format!("%{byte:02X}"));
        let url_small = percent_encoded(plain, |byte| format!("%{byte:02x}"));
        vec![
            plain.clone(),
            STANDARD_NO_PAD.encode(plain),
            URL_SAFE_NO_PAD.encode(plain),
            json.replace('/', "\\/"),
            json,
            of_go,
            html.replace('"', "&quot;").replace('\'', "&#39;"),
            html.replace('"', "&#34;").replace('\'', "&#39;"),
            html.replace('"', "&quot;").replace('\'', "&#x27;"),
            html,
            url.replace("%20", "+"),
            url,
            url_small.replace("%20", "+"),
            url_small,
        ]
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HIDDEN)
    }
}

/// All but letters, digits and `-._~` as `escaped`.
fn percent_encoded(text: &str, escaped: impl Fn(u8) -> String) -> String {
    let encoded = |byte: u8| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            char::from(byte).to_string()
        } else {
            escaped(byte)
        }
    };
    text.bytes().map(encoded).collect()
}

/// Takes secrets out of text.
pub(super) struct Redactor {
    /// None when there is no secret.
    forms: Option<AhoCorasick>,
}

impl Redactor {
    /// # Errors
    /// When there are more secrets than can be looked for.
    pub(super) fn new(secrets: &[Secret]) -> Result<Self, aho_corasick::BuildError> {
        let mut forms: Vec<String> = secrets.iter().flat_map(Secret::forms).collect();
        forms.retain(|form| !form.is_empty());
        forms.sort_unstable();
        forms.dedup();
        if forms.is_empty() {
            return Ok(Self { forms: None });
        }
        let mut builder = AhoCorasick::builder();
        let builder = builder.match_kind(MatchKind::LeftmostLongest);
        Ok(Self {
            forms: Some(builder.build(forms)?),
        })
    }

    /// `bytes` with `***` in place of every secret, also of those that JSON escapes hide.
    pub(super) fn bytes(&self, bytes: Vec<u8>) -> Vec<u8> {
        let Some(forms) = &self.forms else {
            return bytes;
        };
        let bytes = if forms.is_match(&bytes) {
            replaced(forms, &bytes)
        } else {
            bytes
        };
        if bytes.contains(&b'\\') {
            without_escaped(forms, bytes)
        } else {
            bytes
        }
    }

    /// `text` with `***` in place of every secret.
    pub(super) fn text(&self, text: &str) -> String {
        let bytes = self.bytes(text.as_bytes().to_vec());
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Redactor")
    }
}

fn replaced(forms: &AhoCorasick, bytes: &[u8]) -> Vec<u8> {
    let mut kept = Vec::with_capacity(bytes.len());
    forms.replace_all_with_bytes(bytes, &mut kept, |_, _, kept| {
        kept.extend_from_slice(HIDDEN.as_bytes());
        true
    });
    kept
}

/// Writes those strings of a JSON text anew that hold a secret behind escapes.
fn without_escaped(forms: &AhoCorasick, bytes: Vec<u8>) -> Vec<u8> {
    let mut kept = Vec::new();
    // Up to here everything is in `kept`.
    let mut done = 0;
    let mut at = 0;
    while let Some(start) = position(&bytes, at, b'"') {
        let Some(end) = end_of_string(&bytes, start) else {
            break;
        };
        let string = &bytes[start..end];
        at = end;
        if !string.contains(&b'\\') {
            continue;
        }
        if let Ok(text) = serde_json::from_slice::<String>(string)
            && forms.is_match(&text)
        {
            let text = String::from_utf8_lossy(&replaced(forms, text.as_bytes())).into_owned();
            kept.extend_from_slice(&bytes[done..start]);
            kept.extend_from_slice(serde_json::Value::from(text).to_string().as_bytes());
            done = end;
        }
    }
    if done == 0 {
        return bytes;
    }
    kept.extend_from_slice(&bytes[done..]);
    kept
}

fn position(bytes: &[u8], from: usize, wanted: u8) -> Option<usize> {
    let found = bytes[from..].iter().position(|byte| *byte == wanted)?;
    Some(from + found)
}

/// The place after the closing quote of the string that begins at `start`.
fn end_of_string(bytes: &[u8], start: usize) -> Option<usize> {
    let mut at = start + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redactor(secrets: &[&str]) -> Redactor {
        let secrets: Vec<Secret> = secrets.iter().map(|secret| Secret::new(secret)).collect();
        Redactor::new(&secrets).unwrap()
    }

    #[test]
    fn a_secret_is_found_in_every_spelling() {
        let redactor = redactor(&["p<&\"w/rd é'"]);
        for spelling in [
            r#"p<&"w/rd é'"#,
            r#"{"a":"p<&\"w/rd é'"}"#,
            r#"{"a":"p\u003c\u0026\"w/rd é'"}"#,
            r#"{"a":"p<&\"w\/rd é'"}"#,
            r#"{"a":"\u0070<&\u0022w/\u0072d \u00e9'"}"#,
            "<p>p&lt;&amp;&quot;w/rd é&#39;</p>",
            "<p>p&lt;&amp;&#34;w/rd é&#39;</p>",
            "p%3C%26%22w%2Frd%20%C3%A9%27",
            "p%3c%26%22w%2frd%20%c3%a9%27",
            "p%3C%26%22w%2Frd+%C3%A9%27",
            "cDwmIncvcmQgw6kn",
        ] {
            let text = redactor.text(spelling);
            assert!(text.contains(HIDDEN), "{spelling}: {text}");
            assert!(!text.contains("w/rd") && !text.contains("cDwm"), "{text}");
        }
    }

    #[test]
    fn the_rest_of_the_text_stays() {
        let redactor = redactor(&["hunter22", "hunter22:more"]);
        let text = r#"{"a":"\n hunter22:more \"","b":["\u0068unter22","x\\"],"c":hunter22"#;
        let expected = r#"{"a":"\n *** \"","b":["***","x\\"],"c":***"#;
        assert_eq!(redactor.text(text), expected);
        let untouched = r#"{"a":"hunter 22\t","b":"\ud800"} " \"#;
        assert_eq!(redactor.text(untouched), untouched);
    }

    #[test]
    fn without_secrets_nothing_changes() {
        let bytes = vec![0, 255, b'"', b'\\'];
        assert_eq!(redactor(&[]).bytes(bytes.clone()), bytes);
    }

    #[test]
    fn no_secret_is_printed() {
        let secret = Secret::new("hunter22");
        let printed = format!(
            "{secret:?} {:?}",
            Redactor::new(std::slice::from_ref(&secret)).unwrap()
        );
        assert_eq!(printed, "*** Redactor");
    }
}
