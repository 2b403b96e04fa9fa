//! Query strings, read strictly: what is not understood is refused, never guessed.

use super::problem::Problem;
use crate::percent::{self, Plus};

/// Longest piece of what a caller sent that is shown back.
const SHOWN_MAX: usize = 64;

/// Calls `take` with each parameter, decoded. `take` gives false for a name that it does not know.
pub(crate) fn each_parameter(
    query: &str,
    names: &[&'static str],
    mut take: impl FnMut(&'static str, String) -> Result<(), Problem>,
) -> Result<(), Problem> {
    let mut seen = 0_u64;
    for pair in query.split('&').filter(|_| !query.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        if pair.is_empty() || name.is_empty() {
            return Err(Problem::parameter(
                "query",
                "A parameter has no name: write name=value&name=value.",
            ));
        }
        let Some(index) = names.iter().position(|known| *known == name) else {
            let known = names.join(", ");
            let detail = if known.is_empty() {
                "This route takes no parameters.".to_owned()
            } else {
                format!("There is no such parameter; there are {known}.")
            };
            return Err(Problem::parameter(&shown(name), detail));
        };
        let name = names[index];
        if pair.len() == name.len() {
            return Err(Problem::parameter(
                name,
                "It has no value: write name=value.",
            ));
        }
        if seen & 1 << index != 0 {
            return Err(Problem::parameter(name, "It is given more than once."));
        }
        seen |= 1 << index;
        take(name, decode(name, value)?)?;
    }
    Ok(())
}

/// Refuses text with characters that cannot be drawn.
pub(crate) fn check_text(parameter: &str, text: &str) -> Result<(), Problem> {
    if text.bytes().any(|byte| byte.is_ascii_control()) || text.chars().any(char::is_control) {
        return Err(Problem::parameter(
            parameter,
            "It holds a control character.",
        ));
    }
    Ok(())
}

/// A piece of what the caller sent, short enough to show.
pub(crate) fn shown(text: &str) -> String {
    if text.chars().count() <= SHOWN_MAX {
        return text.to_owned();
    }
    text.chars().take(SHOWN_MAX).chain(['…']).collect()
}

fn decode(name: &str, value: &str) -> Result<String, Problem> {
    if !value.bytes().any(|byte| matches!(byte, b'%' | b'+')) {
        return Ok(value.to_owned());
    }
    let bytes = percent::decode(value, Plus::Space).ok_or_else(|| {
        Problem::parameter(name, "A % is not followed by two hexadecimal digits.")
    })?;
    String::from_utf8(bytes).map_err(|_| Problem::parameter(name, "It is not UTF-8."))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use proptest::prelude::*;

    use super::*;
    use crate::{Config, Keyring, Signed};

    /// How long chance may look for a query that breaks something.
    const FUZZ_TIME: Duration = Duration::from_secs(2);

    fn read(query: &str) -> Result<Vec<(&'static str, String)>, String> {
        let mut found = Vec::new();
        each_parameter(query, &["title", "width"], |name, value| {
            found.push((name, value));
            Ok(())
        })
        .map_err(|problem| {
            format!(
                "{}: {}",
                problem.parameter.as_deref().unwrap(),
                problem.detail
            )
        })?;
        Ok(found)
    }

    #[test]
    fn values_are_decoded() {
        let found = read("title=a+b%20%E8%AF%81%26&width=").unwrap();
        assert_eq!(
            found,
            [("title", "a b 证&".to_owned()), ("width", String::new())]
        );
        assert_eq!(read("").unwrap(), []);
    }

    #[test]
    fn what_is_not_understood_is_named() {
        let long = "x".repeat(100);
        let report: Vec<String> = [
            "titel=x",
            "title=x&title=y",
            "title",
            "title=%",
            "title=%4",
            "title=%zz",
            "title=%ff",
            "title=x&&width=5",
            "&",
            "=x",
            "TITLE=x",
            "%74itle=x",
            &long,
        ]
        .iter()
        .map(|query| read(query).unwrap_err())
        .collect();
        insta::assert_snapshot!(report.join("\n"));
    }

    #[test]
    fn an_encoded_name_hides_neither_a_signature_nor_a_need_of_one() {
        let keyring = Keyring::new(&Config::with(&[]).unwrap()).unwrap();
        for query in ["%73ig=x", "p%69cture=x", "picture%3D=x", "SIG=x", "k+ey=x"] {
            let signed = keyring.look("/v1/card.png", query, UNIX_EPOCH);
            assert_eq!(signed, Ok(Signed::Absent), "{query}");
            assert!(!crate::is_needed("/v1/card.png", query), "{query}");
            let known = ["sig", "key", "expires", "picture"];
            assert!(
                each_parameter(query, &known, |_, _| Ok(())).is_err(),
                "{query}"
            );
        }
    }

    /// What stands for bytes that are no ASCII, so that chance finds queries that mean something.
    const PIECES: [&str; 12] = [
        "title=",
        "&title=",
        "&width=",
        "&",
        "=",
        "%",
        "%E8%AF%81",
        "证",
        "+",
        "%2B",
        "%26",
        "&sig=",
    ];

    /// Files of the corpus are read as they stand.
    fn query_of(bytes: &[u8]) -> String {
        if let Ok(text) = std::str::from_utf8(bytes) {
            return text.to_owned();
        }
        let mut query = String::new();
        for &byte in bytes {
            match byte {
                0..128 => query.push(char::from(byte)),
                _ => query.push_str(PIECES[usize::from(byte) % PIECES.len()]),
            }
        }
        query
    }

    /// What is signed is what is read: the canonical form says the same as the query.
    #[test]
    fn fuzz_query() {
        let key = "signing.keys=2026-11:j0SC8luArUAvLU0QjnGWkssO1EjhagN2JnidQCS_Wes";
        let keyring = Keyring::new(&Config::with(&[key]).unwrap()).unwrap();
        let sign = |query: &str| keyring.sign("/v1/card.png", query, None, 60, UNIX_EPOCH);
        let check = |query: &str| keyring.check("/v1/card.png", query, UNIX_EPOCH);
        bolero::check!(name = "query")
            .with_test_time(FUZZ_TIME)
            .with_max_len(200)
            .for_each(|bytes: &[u8]| {
                let query = query_of(bytes);
                let found = read(&query);
                let Ok(url) = sign(&query) else {
                    // What has no one meaning is not read either, or claims to be signed.
                    assert!(found.is_err(), "{query:?}");
                    return;
                };
                let (_, signed) = url.split_once('?').unwrap();
                let canonical = check(signed).unwrap().query;
                assert_eq!(sign(&canonical), Ok(url.clone()), "{query:?}");
                assert_eq!(read(&canonical).ok(), found.ok(), "{query:?}");
                let signature = url.rsplit_once("expires=").unwrap().1;
                let separator = if query.is_empty() { "" } else { "&" };
                let own = check(&format!("{query}{separator}expires={signature}")).unwrap();
                assert_eq!(own.query, query);
            });
    }

    proptest! {
        #[test]
        fn any_query_is_read_without_a_panic(query in ".{0,80}") {
            let _ = read(&query);
            let _ = read(&format!("title={query}"));
        }

        #[test]
        fn what_is_encoded_is_read_back(text in ".{0,40}") {
            let encoded: String = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
            prop_assert_eq!(read(&format!("title={encoded}")).unwrap(), [("title", text)]);
        }
    }
}
