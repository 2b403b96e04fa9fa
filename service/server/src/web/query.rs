//! Query strings, read strictly: what is not understood is refused, never guessed.

use super::problem::Problem;

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
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        match first {
            b'+' => bytes.push(b' '),
            b'%' => {
                let Some(byte) = tail
                    .first_chunk::<2>()
                    .and_then(|&[high, low]| hexadecimal(high, low))
                else {
                    return Err(Problem::parameter(
                        name,
                        "A % is not followed by two hexadecimal digits.",
                    ));
                };
                bytes.push(byte);
                rest = &tail[2..];
            }
            &other => bytes.push(other),
        }
    }
    String::from_utf8(bytes).map_err(|_| Problem::parameter(name, "It is not UTF-8."))
}

fn hexadecimal(high: u8, low: u8) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(high)? * 16 + digit(low)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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
