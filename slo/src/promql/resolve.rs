//! Resolves a query against the catalog.

use promql_parser::label::{MatchOp, Matcher};
use promql_parser::parser::value::ValueType;
use promql_parser::parser::{
    AggregateExpr, BinaryExpr, Call, Expr, LabelModifier, VectorMatchCardinality, VectorSelector,
};

use super::Problem;
use super::catalog::{Catalog, Kind, Known, Series};
use super::labels::{self, Labels, name_of};
use super::syntax::{children, parse};

/// Functions that make sense of counters only.
const OF_COUNTERS: [&str; 4] = ["rate", "increase", "irate", "resets"];
/// Functions that make sense of gauges only: a reset of a counter would look like a fall.
const OF_GAUGES: [&str; 4] = ["delta", "idelta", "deriv", "predict_linear"];

/// Parses `query` (without templates, see [`super::fill_templates`]) and resolves every metric,
/// label and value in it.
///
/// # Errors
/// Everything that is wrong with it, in reading order; never empty.
pub fn check(query: &str, catalog: &Catalog) -> Result<(), Vec<Problem>> {
    let expression = parse(query).map_err(|message| vec![Problem::Syntax(message)])?;
    let mut problems = Vec::new();
    if !matches!(
        expression.value_type(),
        ValueType::Scalar | ValueType::Vector
    ) {
        let message = format!("it gives a {}, not numbers", expression.value_type());
        problems.push(Problem::Syntax(message));
    }
    Resolver {
        catalog,
        problems: &mut problems,
    }
    .expression(&expression);
    if problems.is_empty() {
        Ok(())
    } else {
        Err(problems)
    }
}

struct Resolver<'a> {
    catalog: &'a Catalog,
    problems: &'a mut Vec<Problem>,
}

impl Resolver<'_> {
    fn expression(&mut self, expression: &Expr) {
        match expression {
            Expr::VectorSelector(selector) => self.selector(selector),
            Expr::MatrixSelector(matrix) => self.selector(&matrix.vs),
            Expr::Aggregate(aggregate) => self.aggregate(aggregate),
            Expr::Binary(binary) => self.binary(binary),
            Expr::Call(call) => self.call(call),
            _ => {}
        }
        children(expression)
            .into_iter()
            .for_each(|child| self.expression(child));
    }

    fn selector(&mut self, selector: &VectorSelector) {
        if !selector.matchers.or_matchers.is_empty() {
            let message = "Prometheus has no `or` between matchers".to_owned();
            self.problems.push(Problem::Syntax(message));
            return;
        }
        let Some(name) = name_of(selector) else {
            self.unnamed(selector);
            return;
        };
        match self.catalog.get(name) {
            Some(series) => self.matchers(name, series, &selector.matchers.matchers),
            None if self.catalog.takes_any_metric() => {}
            None => {
                let hint = self.catalog.hint(name);
                self.problems.push(Problem::UnknownMetric {
                    name: name.to_owned(),
                    hint,
                });
            }
        }
    }

    /// A selector whose name is a pattern, or has none: some metric must fit.
    fn unnamed(&mut self, selector: &VectorSelector) {
        let fits = |name: &str| {
            let of_name = |matcher: &&Matcher| matcher.name == "__name__";
            selector
                .matchers
                .matchers
                .iter()
                .filter(of_name)
                .all(|matcher| matcher.is_match(name))
        };
        if !self.catalog.takes_any_metric() && !self.catalog.names().any(fits) {
            let name = selector.to_string();
            self.problems
                .push(Problem::UnknownMetric { name, hint: None });
        }
    }

    fn matchers(&mut self, metric: &str, series: &Series, matchers: &[Matcher]) {
        let named = |matcher: &&Matcher| matcher.name != "__name__";
        for matcher in matchers.iter().filter(named) {
            if !series.is_open && !series.labels.contains_key(&matcher.name) {
                self.problems.push(Problem::UnknownLabel {
                    of: metric.to_owned(),
                    label: matcher.name.clone(),
                    known: series.labels.keys().cloned().collect(),
                });
            }
        }
        for (label, known) in &series.labels {
            let Known::OneOf(values) = known else {
                continue;
            };
            let of_label: Vec<&Matcher> = matchers
                .iter()
                .filter(|matcher| matcher.name == *label)
                .collect();
            let wrong: Vec<&&Matcher> = of_label
                .iter()
                .filter(|matcher| !names_a_value(matcher, values))
                .collect();
            self.problems
                .extend(wrong.iter().map(|matcher| Problem::UnknownValue {
                    metric: metric.to_owned(),
                    matcher: matcher.to_string(),
                    known: values.iter().map(|value| format!("{value:?}")).collect(),
                }));
            let left = |value: &String| of_label.iter().all(|matcher| matcher.is_match(value));
            if wrong.is_empty() && !values.iter().any(left) {
                let (metric, label) = (metric.to_owned(), label.clone());
                self.problems.push(Problem::NothingLeft { metric, label });
            }
        }
    }

    fn aggregate(&mut self, aggregate: &AggregateExpr) {
        let (Some(LabelModifier::Include(named)) | Some(LabelModifier::Exclude(named))) =
            &aggregate.modifier
        else {
            return;
        };
        let inner = labels::of(&aggregate.expr, self.catalog);
        self.labels(&named.labels, &inner, || {
            format!("what {} groups", aggregate.op)
        });
    }

    fn binary(&mut self, binary: &BinaryExpr) {
        let Some(modifier) = &binary.modifier else {
            return;
        };
        let both = labels::of(&binary.lhs, self.catalog).and(labels::of(&binary.rhs, self.catalog));
        let of = || "neither side of the operator".to_owned();
        if let Some(LabelModifier::Include(named) | LabelModifier::Exclude(named)) =
            &modifier.matching
        {
            self.labels(&named.labels, &both, of);
        }
        if let VectorMatchCardinality::ManyToOne(named) | VectorMatchCardinality::OneToMany(named) =
            &modifier.card
        {
            self.labels(&named.labels, &both, of);
        }
    }

    fn labels(&mut self, named: &[String], there: &Labels, of: impl Fn() -> String) {
        for label in named.iter().filter(|label| !there.contains(label)) {
            let (of, label, known) = (of(), label.clone(), there.names());
            self.problems
                .push(Problem::UnknownLabel { of, label, known });
        }
    }

    fn call(&mut self, call: &Call) {
        let function = call.func.name;
        if call.func.experimental {
            let message = format!("{function}() is experimental: not every Prometheus has it");
            self.problems.push(Problem::Syntax(message));
        }
        if let Some(Expr::MatrixSelector(matrix)) = call.args.args.first().map(AsRef::as_ref) {
            self.kind(function, &matrix.vs);
        }
        if function == "histogram_quantile" {
            let buckets = call
                .args
                .args
                .get(1)
                .map(|argument| labels::of(argument, self.catalog));
            if buckets.is_some_and(|labels| !labels.contains("le")) {
                self.problems.push(Problem::NoBuckets {
                    function: function.to_owned(),
                });
            }
        }
    }

    fn kind(&mut self, function: &str, selector: &VectorSelector) {
        let Some(name) = name_of(selector) else {
            return;
        };
        let Some(series) = self.catalog.get(name) else {
            return;
        };
        let kind = match series.kind {
            Kind::Gauge if OF_COUNTERS.contains(&function) => "gauge",
            Kind::Recorded if OF_COUNTERS.contains(&function) => "recorded series",
            Kind::Counter if OF_GAUGES.contains(&function) => "counter",
            _ => return,
        };
        let (function, metric) = (function.to_owned(), name.to_owned());
        self.problems.push(Problem::WrongKind {
            function,
            metric,
            kind,
        });
    }
}

/// Whether a matcher names a value that there is, to take it or to leave it out; of a plain list of
/// values, whether each is there.
fn names_a_value(matcher: &Matcher, values: &[String]) -> bool {
    let there = |text: &str| values.iter().any(|value| value == text);
    match &matcher.op {
        MatchOp::Equal => there(&matcher.value),
        // `!=""` asks for a value at all, whatever it is.
        MatchOp::NotEqual => matcher.value.is_empty() || there(&matcher.value),
        MatchOp::Re(pattern) | MatchOp::NotRe(pattern) => match alternatives(&matcher.value) {
            Some(mut texts) => texts.all(there),
            None => values.iter().any(|value| pattern.is_match(value)),
        },
    }
}

/// The values of a pattern that is only a list of them: `a|b`.
fn alternatives(pattern: &str) -> Option<impl Iterator<Item = &str>> {
    let plain = !pattern
        .chars()
        .any(|character| r"\.+*?()[]{}^$".contains(character));
    plain.then(|| pattern.split('|'))
}

#[cfg(test)]
mod tests;
