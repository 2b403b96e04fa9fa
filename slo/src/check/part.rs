//! Whether a part of the events lies within all of them, as far as two queries show it.
//!
//! A ratio whose part counts what its total leaves out can exceed 1, and the gate then says that the
//! two contradict each other. That is better found before.

use std::collections::BTreeSet;
use std::time::Duration;

use promql_parser::label::{MatchOp, Matcher};
use promql_parser::parser::{Expr, Offset, VectorSelector};

use super::finding::Level;
use crate::promql::{self, children, name_of};
use crate::query::{Form, Query};
use crate::window;

/// One selector of a query, and when it looks.
struct Look {
    selector: VectorSelector,
    range: Option<Duration>,
}

/// That a plain selector of buckets adds up buckets that contain each other.
pub(super) fn all_buckets(query: &Query) -> Option<String> {
    if query.form() != Form::Counter {
        return None;
    }
    let looks = looks(query);
    let [look] = looks.as_slice() else {
        return None;
    };
    let name = name_of(&look.selector)?;
    let histogram = name.strip_suffix("_bucket")?;
    let has_bound = look
        .selector
        .matchers
        .matchers
        .iter()
        .any(|matcher| matcher.name == "le");
    (!has_bound).then(|| {
        format!(
            "adds up all buckets of {histogram}, which contain each other; name one with le=\"…\", \
             or take {histogram}_count"
        )
    })
}

/// What lets `part` count more than `total`, if the queries show anything of the kind.
pub(super) fn beyond(part: &Query, total: &Query) -> Option<(Level, String)> {
    if [part, total]
        .iter()
        .any(|query| query.form() == Form::Expression)
    {
        return None;
    }
    let (part, total) = (looks(part), looks(total));
    if let Some(message) = other_time(&part, &total) {
        return Some((Level::Wrong, message));
    }
    let ([part], [total]) = (part.as_slice(), total.as_slice()) else {
        return None;
    };
    let (part, total) = (&part.selector, &total.selector);
    let (of_part, of_total) = (name_of(part)?, name_of(total)?);
    if of_part != of_total && !is_histogram(of_part, of_total) {
        let message = format!(
            "nothing shows that {of_part} counts a part of {of_total}; where it counts more, the gate \
             finds a contradiction"
        );
        return Some((Level::Note, message));
    }
    let lacking = total.matchers.matchers.iter().find(|matcher| {
        let of_both = matcher.name == "__name__";
        let of_buckets = matcher.name == "le" && is_within(part, &matcher.value);
        !of_both && !of_buckets && lets_more_in(&part.matchers.matchers, matcher)
    });
    let lacking = lacking.filter(|_| {
        total.matchers.or_matchers.is_empty() && part.matchers.or_matchers.is_empty()
    })?;
    let message = format!(
        "the ratio can exceed 1: total counts only {lacking}, and this counts the others as well; add \
         the matcher here or take it from total"
    );
    Some((Level::Wrong, message))
}

/// That the two look at different times, so that one may see events that the other does not.
fn other_time(part: &[Look], total: &[Look]) -> Option<String> {
    let ranges = |looks: &[Look]| -> BTreeSet<Duration> {
        looks.iter().filter_map(|look| look.range).collect()
    };
    let (of_part, of_total) = (ranges(part), ranges(total));
    if !of_part.is_empty() && !of_total.is_empty() && of_part != of_total {
        let shown = |ranges: BTreeSet<Duration>| -> String {
            let texts: Vec<String> = ranges.into_iter().map(shown_range).collect();
            texts.join(" and ")
        };
        return Some(format!(
            "the ratio can exceed 1: this looks back over {}, and total over {}; take the same",
            shown(of_part),
            shown(of_total)
        ));
    }
    let offsets = |looks: &[Look]| -> BTreeSet<String> {
        looks
            .iter()
            .map(|look| shown_offset(&look.selector))
            .collect()
    };
    (offsets(part) != offsets(total)).then(|| {
        "the ratio can exceed 1: this and total have different offsets; take the same".to_owned()
    })
}

/// The range that stands for `{{.window}}` here: nobody writes it.
const MARK: &str = "7919123s";
const MARK_LENGTH: Duration = Duration::from_secs(7_919_123);

fn shown_range(range: Duration) -> String {
    if range == MARK_LENGTH {
        return "{{.window}}".to_owned();
    }
    window::text(range)
}

fn shown_offset(selector: &VectorSelector) -> String {
    let offset = match &selector.offset {
        Some(Offset::Pos(length)) => window::text(*length),
        Some(Offset::Neg(length)) => format!("-{}", window::text(*length)),
        None => String::new(),
    };
    match &selector.at {
        Some(at) => format!("{offset} {at}"),
        None => offset,
    }
}

fn looks(query: &Query) -> Vec<Look> {
    let mut found = Vec::new();
    if let Ok(expression) = promql::parse(&query.fill(MARK)) {
        collect(&expression, &mut found);
    }
    found
}

/// Bounded by the depth that the parser lets through.
fn collect(expression: &Expr, found: &mut Vec<Look>) {
    let (selector, range) = match expression {
        Expr::VectorSelector(selector) => (selector, None),
        Expr::MatrixSelector(matrix) => (&matrix.vs, Some(matrix.range)),
        other => {
            children(other)
                .into_iter()
                .for_each(|child| collect(child, found));
            return;
        }
    };
    let selector = selector.clone();
    found.push(Look { selector, range });
}

/// Buckets within the count of the same histogram.
fn is_histogram(part: &str, total: &str) -> bool {
    let of_total = total.strip_suffix("_count");
    part.strip_suffix("_bucket")
        .is_some_and(|name| of_total == Some(name))
}

/// Whether the buckets that `part` takes lie within the one up to `bound`.
fn is_within(part: &VectorSelector, bound: &str) -> bool {
    let bound: Result<f64, _> = bound.parse();
    let own = part
        .matchers
        .matchers
        .iter()
        .find(|matcher| matcher.name == "le");
    match (own, bound) {
        (Some(own), Ok(bound)) => {
            own.op == MatchOp::Equal && own.value.parse().is_ok_and(|own: f64| own <= bound)
        }
        _ => false,
    }
}

/// Whether something that fits `matchers` is left out by `matcher`, as far as values are named. What
/// two patterns have in common is not known here, and then nothing is said.
fn lets_more_in(matchers: &[Matcher], matcher: &Matcher) -> bool {
    let of_label: Vec<&Matcher> = matchers
        .iter()
        .filter(|own| own.name == matcher.name)
        .collect();
    if of_label.is_empty() {
        return true;
    }
    let named = of_label.iter().find_map(|own| values(own));
    named.is_some_and(|values| {
        let fits = |value: &&str| of_label.iter().all(|own| own.is_match(value));
        let mut fitting = values.into_iter().filter(fits);
        fitting.any(|value| !matcher.is_match(value))
    })
}

/// The values that a matcher names, when it is no pattern.
fn values(matcher: &Matcher) -> Option<Vec<&str>> {
    let is_list = !matcher.value.contains(|c| r"\.+*?()[]{}^$".contains(c));
    match &matcher.op {
        MatchOp::Equal => Some(vec![&matcher.value]),
        MatchOp::Re(_) if is_list => Some(matcher.value.split('|').collect()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(part: &str, total: &str) -> Option<(Level, String)> {
        let query = |text: &str| Query::parse(text, Some(true)).unwrap();
        beyond(&query(part), &query(total))
    }

    #[test]
    fn a_part_within_its_total_is_in_order() {
        for (part, total) in [
            (r#"a{x="1",code=~"5.."}"#, r#"a{x="1"}"#),
            (r#"a{x="1"}"#, r#"a{x=~"1|2"}"#),
            (r#"a{x=~"1|2"}"#, r#"a{x=~"[0-9]"}"#),
            (r#"a{x="1"}"#, r#"a{x!="2"}"#),
            (r#"a{x=~"5.."}"#, r#"a{x!~"4.."}"#),
            (r#"a{x=~"1|2",x!="2"}"#, r#"a{x="1"}"#),
            (r#"a{x!="2",y="3"}"#, r#"a{x!="2"}"#),
            (r#"s_bucket{le="0.5",x="1"}"#, r#"s_count{x="1"}"#),
            (r#"s_bucket{le="0.5"}"#, r#"s_bucket{le="+Inf"}"#),
            (r#"{__name__="a",x="1"}"#, "a"),
            (
                "sum(increase(a{x=\"1\"}[{{.window}}]))",
                "sum(increase(a[{{.window}}]))",
            ),
            ("sum(increase(a{x=\"1\"}[{{.window}}]))", "a"),
            (
                "sum(increase(a[{{.window}}])) + sum(increase(b[{{.window}}]))",
                "c",
            ),
        ] {
            assert_eq!(of(part, total), None, "{part} of {total}");
        }
    }

    #[test]
    fn a_part_that_can_exceed_its_total_is_found() {
        for (part, total, expected) in [
            (r#"a{code="500"}"#, r#"a{x="1"}"#, "only x=\"1\""),
            (r#"a{x="2"}"#, r#"a{x="1"}"#, "only x=\"1\""),
            (r#"a{x=~"1|3"}"#, r#"a{x=~"1|2"}"#, "only x=~\"1|2\""),
            (
                r#"s_bucket{le="5"}"#,
                r#"s_bucket{le="0.5"}"#,
                "only le=\"0.5\"",
            ),
            (r#"s_bucket{le="0.5"}"#, r#"s_count{x="1"}"#, "only x=\"1\""),
            (
                "sum(increase(a[{{.window}}]))",
                "sum(increase(a[1h])) + 0*sum(increase(a[{{.window}}]))",
                "{{.window}}",
            ),
            (
                "sum(increase(a[{{.window}}] offset 5m))",
                "sum(increase(a[{{.window}}]))",
                "offsets",
            ),
        ] {
            let (level, message) = of(part, total).unwrap_or_else(|| panic!("{part} of {total}"));
            assert_eq!(level, Level::Wrong, "{part} of {total}");
            assert!(message.contains(expected), "{message}");
        }
        let (level, message) = of("errors_total", "requests_total").unwrap();
        assert_eq!(level, Level::Note);
        assert!(
            message.contains("nothing shows that errors_total"),
            "{message}"
        );
    }

    #[test]
    fn buckets_are_not_added_up() {
        let message = |text: &str| all_buckets(&Query::parse(text, Some(true)).unwrap());
        assert!(message("s_bucket").unwrap().contains("take s_count"));
        assert_eq!(message(r#"s_bucket{le="1"}"#), None);
        assert_eq!(message("s_count"), None);
    }
}
