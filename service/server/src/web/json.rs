//! Bodies as JSON: read once, strictly, and never deeper than allowed.

use std::fmt::Display;
use std::str::FromStr;

use serde::de::DeserializeOwned;

use super::members::Object;
use super::problem::Problem;
use super::query::shown;

/// What a body says, nested `depth_max` deep at most, with nothing before or after it.
pub(super) fn read<T: DeserializeOwned>(body: &[u8], depth_max: usize) -> Result<T, Problem> {
    let depth = depth(body);
    if depth > depth_max {
        return Err(Problem::too_deep(depth_max, depth));
    }
    let mut json = serde_json::Deserializer::from_slice(body);
    let Object(parsed) = serde_path_to_error::deserialize(&mut json).map_err(bad_member)?;
    json.end()
        .map_err(|error| Problem::parameter("body", format!("{error}.")))?;
    Ok(parsed)
}

/// One of the choices of a member, if it is there.
pub(super) fn choice<T: FromStr<Err: Display>>(
    parameter: &str,
    text: Option<String>,
) -> Result<Option<T>, Problem> {
    let Some(text) = text else { return Ok(None) };
    let refuse = |error| Problem::parameter(parameter, format!("{:?}: {error}.", shown(&text)));
    text.parse().map(Some).map_err(refuse)
}

/// What the parser says, at the member that it says it about.
fn bad_member(error: serde_path_to_error::Error<serde_json::Error>) -> Problem {
    let path = error.path().to_string();
    // A question mark stands for where the text broke off.
    let path = path.trim_end_matches(['?', '.']);
    let words = error.inner().to_string();
    let parameter = match (path, named_member(&words)) {
        ("", None) => "body".to_owned(),
        ("", Some(name)) => name.to_owned(),
        (path, None) => path.to_owned(),
        (path, Some(name)) => format!("{path}.{name}"),
    };
    Problem::parameter(&shown(&parameter), format!("{}.", shorten(&words)))
}

/// The member that is missing or there twice: it is known only by name, as it has no one place.
fn named_member(words: &str) -> Option<&str> {
    let rest = words.strip_prefix("missing field `");
    let rest = rest.or_else(|| words.strip_prefix("duplicate field `"))?;
    Some(rest.split_once('`')?.0)
}

/// What the parser says, without more than a piece of what the caller sent.
fn shorten(text: &str) -> String {
    const MAX: usize = 300;
    if text.chars().count() <= MAX {
        text.to_owned()
    } else {
        text.chars().take(MAX).chain(['…']).collect()
    }
}

/// How deep arrays and objects are nested, strings left out. Also right for what is no JSON: it is
/// never too small.
fn depth(body: &[u8]) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let (mut is_string, mut is_escaped) = (false, false);
    for byte in body {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_string => is_escaped = true,
            b'"' => is_string = !is_string,
            b'[' | b'{' if !is_string => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !is_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_in_strings_are_not_depth() {
        assert_eq!(depth(br#"{"a":"[[[\"[[","b":[1]}"#), 2);
    }
}
