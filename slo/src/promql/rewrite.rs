//! Queries taken apart and written anew.

use promql_parser::label::{MatchOp, Matcher};
use promql_parser::parser::{Expr, VectorSelector};
use promql_parser::util::visitor::{ExprVisitorMut, walk_expr_mut};

use super::syntax::{children, parse};

/// The distinct selectors of a query, without ranges, offsets and `@`, in reading order. A query
/// that does not parse has none.
#[must_use]
pub fn selectors(query: &str) -> Vec<String> {
    let mut found = Vec::new();
    if let Ok(expression) = parse(query) {
        for selector in selectors_of(&expression) {
            let bare = VectorSelector::new(selector.name.clone(), selector.matchers.clone());
            let text = bare.to_string();
            if !found.contains(&text) {
                found.push(text);
            }
        }
    }
    found
}

/// All selectors below an expression, in reading order.
pub(super) fn selectors_of(expression: &Expr) -> Vec<&VectorSelector> {
    match expression {
        Expr::VectorSelector(selector) => vec![selector],
        Expr::MatrixSelector(matrix) => vec![&matrix.vs],
        other => children(other).into_iter().flat_map(selectors_of).collect(),
    }
}

/// The query with `label="value"` added to every selector.
///
/// # Errors
/// What the parser says, or that the parser cannot write the query as it read it.
pub fn with_matchers(query: &str, matchers: &[(String, String)]) -> Result<String, String> {
    if matchers.is_empty() {
        return Ok(query.to_owned());
    }
    let mut expression = parse(query)?;
    let mut narrow = Narrow { matchers };
    match walk_expr_mut(&mut narrow, &mut expression) {
        Ok(_) => {}
        Err(never) => match never {},
    }
    let text = expression.to_string();
    // The text is what is sent, so it must mean what was read.
    if parse(&text).as_ref() != Ok(&expression) {
        return Err(format!(
            "cannot add matchers to {query:?}: write it more plainly"
        ));
    }
    Ok(text)
}

struct Narrow<'a> {
    matchers: &'a [(String, String)],
}

impl Narrow<'_> {
    fn add(&self, selector: &mut VectorSelector) {
        for (name, value) in self.matchers {
            let matcher = Matcher::new(MatchOp::Equal, name, value);
            if selector.matchers.or_matchers.is_empty() {
                selector.matchers.matchers.push(matcher);
            } else {
                for group in &mut selector.matchers.or_matchers {
                    group.push(matcher.clone());
                }
            }
        }
        // The parser sorts when it writes; sorting here too keeps trees comparable.
        selector.matchers.matchers.sort_by_key(ToString::to_string);
    }
}

impl ExprVisitorMut for Narrow<'_> {
    type Error = std::convert::Infallible;

    fn pre_visit(&mut self, expression: &mut Expr) -> Result<bool, Self::Error> {
        match expression {
            Expr::VectorSelector(selector) => self.add(selector),
            Expr::MatrixSelector(matrix) => self.add(&mut matrix.vs),
            // The walk leaves the parameter out, and it may be an expression.
            Expr::Aggregate(aggregate) => {
                if let Some(parameter) = aggregate.param.as_deref_mut() {
                    walk_expr_mut(self, parameter)?;
                }
            }
            _ => {}
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn narrowed(query: &str) -> String {
        let matchers = [("instance".to_owned(), "a\"b\\c:1".to_owned())];
        with_matchers(query, &matchers).unwrap()
    }

    #[test]
    fn every_selector_is_narrowed() {
        let query = r#"sum by (x) (increase(a_total{z="1",b=~"c.*"}[1h30m] offset 5m)) / on (x) d"#;
        insta::assert_snapshot!(narrowed(query), @r#"sum by (x) (increase(a_total{b=~"c.*",instance="a\"b\\c:1",z="1"}[1h30m] offset 5m)) / on (x) d{instance="a\"b\\c:1"}"#);
    }

    #[test]
    fn a_value_is_escaped() {
        let text = narrowed("up");
        assert_eq!(selectors(&text), [r#"up{instance="a\"b\\c:1"}"#]);
    }

    #[test]
    fn the_parameter_of_an_aggregation_is_narrowed_too() {
        let text = narrowed("quantile(scalar(a), b)");
        assert_eq!(text.matches("instance=").count(), 2, "{text}");
    }

    #[test]
    fn without_matchers_a_query_stays_as_it_was_written() {
        assert_eq!(with_matchers("sum( a )", &[]).unwrap(), "sum( a )");
    }
}
