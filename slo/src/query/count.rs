//! Whether a template counts events, or tells how many there are per second.
//!
//! A verdict on events needs their number. Sloth's own examples say `rate(…[{{.window}}])`, which is
//! the increase divided by the seconds of the window: for a ratio that is the same, for a bound on
//! counts it is not. Where an expression is a rate through and through it can be read as an
//! increase; where rates are mixed with something else it counts nothing that is known.

use std::time::Duration;

use promql_parser::parser::{AggregateExpr, BinaryExpr, Call, Expr};

use crate::promql;

/// What the value of a template is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Counts {
    /// A count, or at least no rate.
    Events,
    /// Events per second over the whole window: with `increase` for `rate` a count.
    Rates,
    /// Made of rates in some other way.
    PerSecond,
}

/// Nobody writes this range, so it can be told from ranges that are not the window.
const MARK: &str = "7919123s";
const MARK_SECONDS: u64 = 7_919_123;

/// Functions that tell how fast something changes.
const RATES: [&str; 4] = ["rate", "irate", "deriv", "idelta"];

/// Functions whose result grows with their argument, by the same factor.
const LINEAR: [&str; 5] = ["abs", "sort", "sort_desc", "label_replace", "label_join"];

/// Functions that count samples, whatever these are.
const OF_SAMPLES: [&str; 5] = [
    "count_over_time",
    "present_over_time",
    "changes",
    "resets",
    "absent_over_time",
];

/// What `template` counts.
pub(super) fn of(template: &str) -> Counts {
    let Ok(expression) = promql::parse(&promql::fill_window(template, MARK)) else {
        return Counts::PerSecond;
    };
    match value(&expression) {
        Value::Zero | Value::Plain => Counts::Events,
        // What is written anew must be all that was read as a rate, and nothing else.
        Value::Rate(calls) if places(template).len() == calls => Counts::Rates,
        Value::Rate(_) | Value::Mixed => Counts::PerSecond,
    }
}

/// The template with `increase` for `rate`.
pub(super) fn increases(template: &str) -> String {
    let mut text = template.to_owned();
    for start in places(template).into_iter().rev() {
        text.replace_range(start..start + "rate".len(), "increase");
    }
    text
}

/// What an expression is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Value {
    /// 0, which is any number of events in any time.
    Zero,
    /// No rate is in it.
    Plain,
    /// A sum of so many rates over the window.
    Rate(usize),
    /// A rate in some other way.
    Mixed,
}

impl Value {
    /// Of two expressions that are added, or that stand in for each other.
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Zero, same) | (same, Self::Zero) => same,
            (Self::Plain, Self::Plain) => Self::Plain,
            (Self::Rate(some), Self::Rate(more)) => Self::Rate(some + more),
            _ => Self::Mixed,
        }
    }

    /// Of what is neither a sum nor a choice.
    fn blurred(self) -> Self {
        match self {
            Self::Zero | Self::Plain => Self::Plain,
            Self::Rate(_) | Self::Mixed => Self::Mixed,
        }
    }
}

fn value(expression: &Expr) -> Value {
    match expression {
        Expr::NumberLiteral(number) if number.val == 0.0 => Value::Zero,
        Expr::Paren(paren) => value(&paren.expr),
        Expr::Unary(unary) => value(&unary.expr),
        Expr::Aggregate(aggregate) => of_aggregate(aggregate),
        Expr::Binary(binary) => of_binary(binary),
        Expr::Call(call) => of_call(call),
        Expr::Subquery(subquery) => value(&subquery.expr).blurred(),
        _ => Value::Plain,
    }
}

fn of_aggregate(aggregate: &AggregateExpr) -> Value {
    match aggregate.op.to_string().as_str() {
        "sum" | "avg" | "min" | "max" => value(&aggregate.expr),
        "count" | "group" => Value::Plain,
        _ => value(&aggregate.expr).blurred(),
    }
}

fn of_binary(binary: &BinaryExpr) -> Value {
    let (left, right) = (value(&binary.lhs), value(&binary.rhs));
    match binary.op.to_string().as_str() {
        "+" | "-" | "or" => left.and(right),
        // The right side only chooses, but its rates would be written anew as well.
        "and" | "unless" => match right {
            Value::Zero | Value::Plain => left,
            Value::Rate(_) | Value::Mixed => left.blurred().and(right.blurred()),
        },
        _ if binary.op.is_comparison_operator() && binary.return_bool() => Value::Plain,
        _ if binary.op.is_comparison_operator() && right == Value::Zero => left,
        _ => left.and(right).blurred(),
    }
}

fn of_call(call: &Call) -> Value {
    let arguments = call.args.args.iter().map(|argument| value(argument));
    let name = call.func.name;
    if name == "rate" && is_over_the_window(call) {
        return Value::Rate(1);
    }
    if RATES.contains(&name) {
        return Value::Mixed;
    }
    if OF_SAMPLES.contains(&name) {
        return Value::Plain;
    }
    if name == "vector" || LINEAR.contains(&name) {
        return arguments.fold(Value::Zero, |all, one| match one {
            // Names of labels are no part of the value.
            Value::Plain if name.starts_with("label_") && all != Value::Zero => all,
            one => all.and(one),
        });
    }
    arguments.fold(Value::Plain, |all, one| all.and(one.blurred()))
}

fn is_over_the_window(call: &Call) -> bool {
    let range = match call.args.args.first().map(AsRef::as_ref) {
        Some(Expr::MatrixSelector(matrix)) => matrix.range,
        _ => return false,
    };
    range == Duration::from_secs(MARK_SECONDS)
}

/// Where `rate(` stands in a template, outside of texts.
fn places(template: &str) -> Vec<usize> {
    let bytes = template.as_bytes();
    let part_of_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b':';
    let (mut found, mut quote, mut at) = (Vec::new(), None, 0);
    while at < bytes.len() {
        match (quote, bytes[at]) {
            (Some(end), b'\\') if end != b'`' => at += 1,
            (Some(end), byte) if byte == end => quote = None,
            (None, byte @ (b'"' | b'\'' | b'`')) => quote = Some(byte),
            (None, b'r') if bytes[at..].starts_with(b"rate") => {
                let is_start = at == 0 || !part_of_name(bytes[at - 1]);
                let rest = template[at + "rate".len()..].trim_start();
                if is_start && rest.starts_with('(') {
                    found.push(at);
                }
            }
            _ => {}
        }
        at += 1;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_told_from_rates() {
        use Counts::{Events, PerSecond, Rates};
        for (template, expected) in [
            ("sum(increase(a[{{.window}}]))", Events),
            (
                "sum_over_time((count(a < 0.75))[{{.window}}:]) OR on() vector(0)",
                Events,
            ),
            (
                "count_over_time((rate(a[5m]) > 0.1)[{{.window}}:1m])",
                Events,
            ),
            (
                "sum_over_time((rate(a[5m]) > bool 0.1)[{{.window}}:1m])",
                Events,
            ),
            ("sum(rate(a[{{.window}}]))", Rates),
            (
                "sum(rate(a{b=\"rate(\"}[{{ .window }}])) - sum(rate (c[{{.window}}]))",
                Rates,
            ),
            ("sum(rate(a[{{.window}}]) > 0) or vector(0)", Rates),
            (
                "(sum by (x) (rate(a[{{.window}}])) or 0 * sum(up))",
                PerSecond,
            ),
            (
                "sum(rate(a[{{.window}}])) + sum(increase(b[{{.window}}]))",
                PerSecond,
            ),
            ("sum(rate(a[{{.window}}])) * 60", PerSecond),
            (
                "sum(rate(a[{{.window}}])) / sum(rate(b[{{.window}}]))",
                PerSecond,
            ),
            (
                "sum(rate(a[5m])) + 0 * sum(increase(b[{{.window}}]))",
                PerSecond,
            ),
            ("avg_over_time(sum(rate(a[5m]))[{{.window}}:])", PerSecond),
            ("sum(irate(a[{{.window}}]))", PerSecond),
            (
                "sum(rate(a[{{.window}}]) unless rate(b[5m]) > bool 0)",
                PerSecond,
            ),
            (
                "sum(label_replace(rate(a[{{.window}}]), \"x\", \"$1\", \"y\", \"(.*)\"))",
                Rates,
            ),
            ("sum(", PerSecond),
        ] {
            assert_eq!(of(template), expected, "{template}");
        }
    }

    #[test]
    fn only_the_function_is_written_anew() {
        let template =
            "sum(rate(error_rate{rate=\"rate(\"}[{{.window}}])) + sum( rate (rate[{{.window}}]))";
        assert_eq!(
            increases(template),
            "sum(increase(error_rate{rate=\"rate(\"}[{{.window}}])) + sum( increase (rate[{{.window}}]))"
        );
    }
}
