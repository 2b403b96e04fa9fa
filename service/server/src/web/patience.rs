//! How long the caller of a request waits: `deadline=800ms` in the query, or the header
//! `Render-Deadline: 800ms`.

use std::borrow::Cow;
use std::time::Duration;

use http::{HeaderMap, HeaderName};

use super::problem::Problem;
use super::query::shown;

/// The header and the parameter. The shorter of both counts.
const HEADER: HeaderName = HeaderName::from_static("render-deadline");
const PARAMETER: &str = "deadline";

/// Nothing can be answered sooner, not even "too late".
const LEAST: Duration = Duration::from_millis(1);

/// Takes the deadline out of a query: what is left of it, and how long the caller waits, which is at
/// most `patience_max`.
pub(crate) fn take<'a>(
    headers: &HeaderMap,
    query: &'a str,
    patience_max: Duration,
) -> Result<(Cow<'a, str>, Duration), Problem> {
    let mut patience = patience_max;
    for value in headers.get_all(&HEADER) {
        let text = String::from_utf8_lossy(value.as_bytes());
        patience = patience.min(read(HEADER.as_str(), &text)?);
    }
    if !query.contains(PARAMETER) {
        return Ok((Cow::Borrowed(query), patience));
    }
    let mut rest = String::with_capacity(query.len());
    let mut is_given = false;
    for pair in query.split('&') {
        let value = pair
            .split_once('=')
            .filter(|(name, _)| *name == PARAMETER)
            .map(|(_, value)| value);
        let Some(value) = value else {
            if !rest.is_empty() {
                rest.push('&');
            }
            rest.push_str(pair);
            continue;
        };
        if is_given {
            return Err(Problem::parameter(PARAMETER, "It is given more than once."));
        }
        is_given = true;
        patience = patience.min(read(PARAMETER, value)?);
    }
    Ok((Cow::Owned(rest), patience))
}

fn read(name: &str, text: &str) -> Result<Duration, Problem> {
    let duration = humantime::parse_duration(text).ok();
    duration
        .filter(|&duration| duration >= LEAST)
        .ok_or_else(|| {
            let words = format!(
                "{:?}: must be a duration of 1ms or more, such as 800ms.",
                shown(text)
            );
            Problem::parameter(name, words)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAX: Duration = Duration::from_secs(5);

    fn with_header(value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(HEADER, value.parse().unwrap());
        headers
    }

    #[test]
    fn the_shortest_of_all_counts() {
        let millis = Duration::from_millis;
        let taken = |header: &str, query| {
            let headers = if header.is_empty() {
                HeaderMap::new()
            } else {
                with_header(header)
            };
            let (rest, patience) = take(&headers, query, MAX).unwrap();
            (rest.into_owned(), patience)
        };
        assert_eq!(taken("", "title=a"), ("title=a".to_owned(), MAX));
        assert_eq!(taken("800ms", ""), (String::new(), millis(800)));
        assert_eq!(
            taken("800ms", "title=a&deadline=300ms&theme=dark"),
            ("title=a&theme=dark".to_owned(), millis(300))
        );
        assert_eq!(taken("1h", "deadline=1day"), (String::new(), MAX));
        assert_eq!(
            taken("", "title=deadline%3D1ms"),
            ("title=deadline%3D1ms".to_owned(), MAX)
        );
    }

    #[test]
    fn what_is_no_duration_is_refused_by_name() {
        let report: Vec<String> = [
            take(&HeaderMap::new(), "deadline=5", MAX),
            take(&HeaderMap::new(), "deadline=", MAX),
            take(&HeaderMap::new(), "deadline=0s", MAX),
            take(&HeaderMap::new(), "deadline=1s&deadline=2s", MAX),
            take(&with_header("soon"), "", MAX),
        ]
        .into_iter()
        .map(|taken| {
            let problem = taken.unwrap_err();
            let parameter = problem.parameter.as_deref().unwrap();
            format!("{parameter}: {}", problem.detail)
        })
        .collect();
        insta::assert_snapshot!(report.join("\n"), @r#"
        deadline: "5": must be a duration of 1ms or more, such as 800ms.
        deadline: "": must be a duration of 1ms or more, such as 800ms.
        deadline: "0s": must be a duration of 1ms or more, such as 800ms.
        deadline: It is given more than once.
        render-deadline: "soon": must be a duration of 1ms or more, such as 800ms.
        "#);
    }
}
