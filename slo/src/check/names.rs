//! A file of metrics: names, one a line, or the text that a service answers to `/metrics`.

use std::collections::{BTreeMap, BTreeSet};

use crate::promql::{Catalog, Kind};

/// The most series names of one file.
const NAMES_MAX: usize = 100_000;

/// What a file says about one metric.
#[derive(Debug, Default)]
struct Seen {
    bounds: BTreeSet<String>,
}

/// The metrics of a file.
///
/// # Errors
/// The line that is none of what may stand there, and what was expected.
pub(super) fn catalog(text: &str) -> Result<Catalog, (usize, String)> {
    let mut types: BTreeMap<&str, &str> = BTreeMap::new();
    let mut series: BTreeMap<&str, Seen> = BTreeMap::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if let Some(comment) = line.strip_prefix('#') {
            let mut words = comment.split_whitespace();
            if let (Some("TYPE"), Some(name), Some(kind)) =
                (words.next(), words.next(), words.next())
            {
                types.insert(name, kind);
            }
            continue;
        }
        if line.is_empty() {
            continue;
        }
        let (name, labels) = sample(line).ok_or_else(|| {
            let message = "expected the name of a metric, or a sample as a service exposes it";
            (index + 1, message.to_owned())
        })?;
        let seen = series.entry(name).or_default();
        if name.ends_with("_bucket") {
            seen.bounds.extend(value_of(labels, "le"));
        }
        if series.len() > NAMES_MAX {
            return Err((index + 1, format!("more than {NAMES_MAX} metrics")));
        }
    }
    if series.is_empty() && types.is_empty() {
        return Err((1, "expected at least one metric".to_owned()));
    }
    let mut catalog = Catalog::default();
    // A metric without samples yet is one that is declared: its first sample will come.
    for (name, kind) in &types {
        for (name, kind) in declared(name, kind) {
            catalog = catalog.with_foreign(&name, kind, None);
        }
    }
    for (name, Seen { bounds }) in series {
        let bounds = (!bounds.is_empty()).then(|| bounds.into_iter().collect());
        catalog = catalog.with_foreign(name, kind_of(name, &types), bounds);
    }
    Ok(catalog)
}

/// The series that a declared metric is stored as.
fn declared(name: &str, kind: &str) -> Vec<(String, Kind)> {
    let with = |end: &str, kind| (format!("{name}{end}"), kind);
    match kind {
        "histogram" => ["_bucket", "_sum", "_count"]
            .map(|end| with(end, Kind::Counter))
            .into(),
        "summary" => vec![
            with("", Kind::Gauge),
            with("_sum", Kind::Counter),
            with("_count", Kind::Counter),
        ],
        // OpenMetrics declares a counter without the end that its samples have.
        "counter" if !name.ends_with("_total") => {
            vec![with("", Kind::Counter), with("_total", Kind::Counter)]
        }
        "counter" => vec![with("", Kind::Counter)],
        "gauge" => vec![with("", Kind::Gauge)],
        _ => vec![with("", Kind::Unknown)],
    }
}

fn kind_of(name: &str, types: &BTreeMap<&str, &str>) -> Kind {
    let of = |name: &str| types.get(name).copied();
    let bare = ["_bucket", "_sum", "_count", "_total"]
        .iter()
        .find_map(|end| of(name.strip_suffix(end)?));
    match (of(name), bare) {
        (Some("counter"), _) | (None, Some("counter" | "histogram" | "summary")) => Kind::Counter,
        (Some("gauge" | "summary"), _) => Kind::Gauge,
        _ => Kind::Unknown,
    }
}

/// Name and text between the braces of a sample, or of a name alone.
fn sample(line: &str) -> Option<(&str, &str)> {
    let inner = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    let end = line.find(|c| !inner(c)).unwrap_or(line.len());
    let (name, rest) = line.split_at(end);
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let rest = rest.trim_start();
    let (labels, value) = match rest.strip_prefix('{') {
        Some(inside) => {
            let end = closing(inside)?;
            (&inside[..end], inside[end + 1..].trim_start())
        }
        None => ("", rest),
    };
    let number = value.split_whitespace().next();
    let is_sound = match number {
        None => labels.is_empty() && rest.is_empty(),
        Some(number) => number.parse::<f64>().is_ok(),
    };
    is_sound.then_some((name, labels))
}

/// Where the brace closes that was opened before `text`.
fn closing(text: &str) -> Option<usize> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    for (at, character) in text.char_indices() {
        match character {
            _ if is_escaped => is_escaped = false,
            '\\' if is_quoted => is_escaped = true,
            '"' => is_quoted = !is_quoted,
            '}' if !is_quoted => return Some(at),
            _ => {}
        }
    }
    None
}

/// The value of a label that has no escapes in it, as bounds of buckets have none.
fn value_of(labels: &str, name: &str) -> Option<String> {
    let start = format!("{name}=\"");
    let after = |at: usize| labels[..at].chars().next_back();
    let (at, found) = labels
        .match_indices(&start)
        .find(|(at, _)| matches!(after(*at), None | Some(',' | ' ')))?;
    let value = &labels[at + found.len()..];
    Some(value[..value.find('"')?].to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::promql;

    const EXPOSITION: &str = "\
# HELP http_seconds Time.
# TYPE http_seconds histogram
http_seconds_bucket{route=\"/a\\\"}le=\\\"9\",le=\"0.5\"} 3
http_seconds_bucket{le=\"+Inf\",route=\"/\"} 4 1700000000
http_seconds_sum{route=\"/\"} 1.5e3
http_seconds_count{route=\"/\"} 4
# TYPE depth gauge
depth 3
# TYPE failures counter
failures_total 0
# TYPE quiet_total counter
odd NaN
";

    fn problems(catalog: &Catalog, query: &str) -> String {
        let found = promql::check(query, catalog).err().unwrap_or_default();
        let texts: Vec<String> = found.iter().map(ToString::to_string).collect();
        texts.join("; ")
    }

    #[test]
    fn an_exposition_tells_names_kinds_and_bounds() {
        let catalog = catalog(EXPOSITION).unwrap();
        for (query, expected) in [
            ("rate(http_seconds_bucket{le=\"0.5\",route=\"x\"}[5m])", ""),
            ("rate(quiet_total[5m])", ""),
            ("rate(failures_total[5m])", ""),
            ("odd", ""),
            (
                "rate(http_seconds_bucket{le=\"0.3\"}[5m])",
                "le=\"0.3\" matches no value of http_seconds_bucket; expected one of \"0.5\", \"+Inf\"",
            ),
            ("rate(depth[5m])", "rate() of depth, which is a gauge"),
            (
                "delta(failures_total[5m])",
                "delta() of failures_total, which is a counter",
            ),
            ("deph", "nobody records deph; is depth meant?"),
            (
                "http_seconds",
                "nobody records http_seconds; it is a histogram: http_seconds_bucket, \
                 http_seconds_sum or http_seconds_count",
            ),
        ] {
            assert_eq!(problems(&catalog, query), expected, "{query}");
        }
    }

    #[test]
    fn a_list_of_names_tells_names() {
        let catalog = catalog("# ours\nrequests_total\n\nx:y_bucket\n").unwrap();
        assert_eq!(
            problems(&catalog, "rate(x:y_bucket{le=\"7\"}[5m]) > requests_total"),
            ""
        );
        assert_eq!(
            problems(&catalog, "request_total"),
            "nobody records request_total; is requests_total meant?"
        );
    }

    #[test]
    fn anything_else_is_refused_with_its_line() {
        for (text, line) in [
            ("", 1),
            ("a\n<html>", 2),
            ("a\nb c", 2),
            ("a{x=\"1\" 3", 1),
            ("a{x=\"1\"}", 1),
            ("{\"status\":\"success\"}", 1),
            ("1a 3", 1),
        ] {
            assert_eq!(
                catalog(text).err().map(|(line, _)| line),
                Some(line),
                "{text:?}"
            );
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "([a-z_{}=\",# \\\\0-9é\n]|TYPE|_bucket|le=){0,60}") {
            let _ = catalog(&text);
        }
    }
}
