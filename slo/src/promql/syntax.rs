//! Text to syntax tree, within bounds.

use promql_parser::parser::{self, Expr};

/// The longest query that is read. Trees grow with it, and they are walked recursively.
pub const QUERY_SIZE_BYTES_MAX: usize = 8 * 1024;

/// Brackets within brackets.
const DEPTH_MAX: usize = 64;

/// Digits of one number; a longer one is out of every range, and the parser would not say so.
const DIGITS_MAX: usize = 18;

/// Parses a query without templates.
///
/// # Errors
/// One line that says what is wrong.
pub fn parse(query: &str) -> Result<Expr, String> {
    if query.trim().is_empty() {
        return Err("the query is empty".to_owned());
    }
    if query.len() > QUERY_SIZE_BYTES_MAX {
        return Err(format!(
            "it has {} bytes, more than {QUERY_SIZE_BYTES_MAX}",
            query.len()
        ));
    }
    bounds(query)?;
    // The parser panics on durations beyond its own type, such as `[1e20]`.
    let parsed = std::panic::catch_unwind(|| parser::parse(query));
    let parsed = parsed.map_err(|_| "a duration in it is out of range".to_owned())?;
    let expression = parsed.map_err(|message| one_line(&message))?;
    bounded_tree(&expression, 0)?;
    Ok(expression)
}

/// Deepest tree: a sum of some hundred terms still fits.
const TREE_DEPTH_MAX: usize = 512;

fn bounded_tree(expression: &Expr, depth: usize) -> Result<(), String> {
    if depth > TREE_DEPTH_MAX {
        return Err(format!("it is nested more than {TREE_DEPTH_MAX} deep"));
    }
    children(expression)
        .into_iter()
        .try_for_each(|child| bounded_tree(child, depth + 1))
}

/// The expressions directly inside one.
pub(crate) fn children(expression: &Expr) -> Vec<&Expr> {
    match expression {
        Expr::Aggregate(aggregate) => aggregate
            .param
            .as_deref()
            .into_iter()
            .chain([aggregate.expr.as_ref()])
            .collect(),
        Expr::Unary(unary) => vec![&unary.expr],
        Expr::Binary(binary) => vec![&binary.lhs, &binary.rhs],
        Expr::Paren(paren) => vec![&paren.expr],
        Expr::Subquery(subquery) => vec![&subquery.expr],
        Expr::Call(call) => call.args.args.iter().map(AsRef::as_ref).collect(),
        _ => Vec::new(),
    }
}

/// Bounds nesting, operators and numbers before the parser recurses over them.
fn bounds(query: &str) -> Result<(), String> {
    let (mut quote, mut escaped) = (None, false);
    let (mut depth, mut digits, mut operators) = (0_usize, 0_usize, 0_usize);
    for character in query.chars() {
        if let Some(end) = quote {
            if escaped {
                escaped = false;
            } else if character == '\\' && end != '`' {
                escaped = true;
            } else if character == end {
                quote = None;
            }
            continue;
        }
        digits = if character.is_ascii_digit() {
            digits + 1
        } else {
            0
        };
        match character {
            '"' | '\'' | '`' => quote = Some(character),
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            '+' | '-' | '*' | '/' | '%' | '^' => operators += 1,
            _ => {}
        }
        if depth > DEPTH_MAX {
            return Err(format!("brackets are nested more than {DEPTH_MAX} deep"));
        }
        if digits > DIGITS_MAX {
            return Err(format!("a number has more than {DIGITS_MAX} digits"));
        }
        if operators > TREE_DEPTH_MAX {
            return Err(format!("it has more than {TREE_DEPTH_MAX} operators"));
        }
    }
    Ok(())
}

fn one_line(message: &str) -> String {
    // What the parser says when it has nothing to say.
    if message == "invalid promql query" {
        return "the query makes no sense where it stands".to_owned();
    }
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_not_promql_is_said_in_one_line() {
        for query in [
            "",
            " ",
            "sum(",
            "a b",
            "a{b=}",
            "rate(a[5m]",
            "a[5m",
            "sum(a))",
            "foo(",
            "]",
        ] {
            let message = parse(query).expect_err(query);
            assert!(
                !message.is_empty() && !message.contains('\n'),
                "{query}: {message:?}"
            );
        }
    }

    #[test]
    fn nesting_length_and_numbers_have_a_maximum() {
        for query in [
            format!("{}a{}", "(".repeat(100), ")".repeat(100)),
            format!("{}a", "-".repeat(5_000)),
            format!("a{}", "+a".repeat(4_000)),
            format!("a{}", " or a".repeat(1_600)),
            "a".repeat(10_000),
            format!("a[{}s]", "9".repeat(30)),
            format!("rate(a[{}])", "1e20"),
        ] {
            assert!(parse(&query).is_err(), "{}", &query[..query.len().min(20)]);
        }
    }

    #[test]
    fn brackets_in_strings_do_not_count() {
        let query = format!("a{{b=\"{}\\\"\"}}", "(".repeat(100));
        assert!(parse(&query).is_ok(), "{:?}", parse(&query));
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(query in r#"([a-z0-9_:{}()\[\]"'`\\,.=~!<>+*/%^@ $-]|sum|rate|by|offset|5m|1e30|[0-9]{1,25}){0,40}"#) {
            let _ = parse(&query);
        }

        #[test]
        fn no_duration_makes_the_parser_panic(range in r"[0-9.e+x]{1,30}(ms|s|m|h|d|w|y)?") {
            let _ = parse(&format!("rate(a[{range}])"));
            let _ = parse(&format!("a offset {range}"));
            let _ = parse(&format!("a @ {range}"));
        }
    }
}
