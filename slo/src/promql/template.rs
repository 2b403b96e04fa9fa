//! Placeholders in queries: the window of an objective, the intervals of Grafana.

/// The range that stands for every placeholder when a query is only checked.
const ANY_RANGE: &str = "5m";

/// Grafana's placeholders, longer names before their beginnings. Those that end in a unit are
/// plain numbers.
const GRAFANA: [(&str, &str); 6] = [
    ("__rate_interval", ANY_RANGE),
    ("__interval_ms", "300000"),
    ("__interval", ANY_RANGE),
    ("__range_ms", "300000"),
    ("__range_s", "300"),
    ("__range", ANY_RANGE),
];

/// Fills in `{{.window}}` and Grafana's intervals (`$__rate_interval`, `${__range}`, …) with five
/// minutes, so that the query can be parsed.
#[must_use]
pub fn fill_templates(query: &str) -> String {
    let filled = fill_window(query, ANY_RANGE);
    GRAFANA.iter().fold(filled, |query, (name, value)| {
        query
            .replace(&format!("${{{name}}}"), value)
            .replace(&format!("${name}"), value)
    })
}

/// Fills in `{{.window}}`, with or without spaces inside the braces.
#[must_use]
pub fn fill_window(query: &str, window: &str) -> String {
    let mut filled = String::with_capacity(query.len());
    let mut rest = query;
    while let Some((before, after)) = next_window(rest) {
        filled.push_str(before);
        filled.push_str(window);
        rest = after;
    }
    filled + rest
}

/// Whether a query has `{{.window}}` in it.
#[must_use]
pub fn has_window(query: &str) -> bool {
    next_window(query).is_some()
}

/// What stands before and after the first placeholder.
fn next_window(query: &str) -> Option<(&str, &str)> {
    query.match_indices("{{").find_map(|(start, braces)| {
        let inside = query[start + braces.len()..].trim_start();
        let after = inside
            .strip_prefix(".window")?
            .trim_start()
            .strip_prefix("}}")?;
        Some((&query[..start], after))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_placeholder_becomes_a_range() {
        let query = "a[{{.window}}] b[{{ .window }}] c[$__rate_interval] d[${__range}] $__range_s";
        assert_eq!(fill_templates(query), "a[5m] b[5m] c[5m] d[5m] 300");
    }

    #[test]
    fn anything_else_in_braces_stays() {
        let query = "a{b=\"{{ $labels.c }}\"} {{.windows}} {{.window";
        assert_eq!(fill_window(query, "1h"), query);
        assert!(!has_window(query));
    }
}
