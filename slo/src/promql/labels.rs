//! The labels that the result of an expression can have.

use std::collections::BTreeSet;

use promql_parser::label::{MatchOp, Matchers};
use promql_parser::parser::{AggregateExpr, BinaryExpr, Call, Expr, LabelModifier, VectorSelector};

use super::catalog::Catalog;

/// Names of labels, or that they cannot be known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Labels {
    Any,
    These(BTreeSet<String>),
}

impl Labels {
    fn none() -> Self {
        Self::These(BTreeSet::new())
    }

    pub(super) fn contains(&self, label: &str) -> bool {
        match self {
            Self::Any => true,
            Self::These(labels) => labels.contains(label),
        }
    }

    pub(super) fn names(&self) -> Vec<String> {
        match self {
            Self::Any => Vec::new(),
            Self::These(labels) => labels.iter().cloned().collect(),
        }
    }

    pub(super) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::These(mut labels), Self::These(others)) => {
                labels.extend(others);
                Self::These(labels)
            }
            _ => Self::Any,
        }
    }

    fn with(self, label: &str) -> Self {
        self.and(Self::These(BTreeSet::from([label.to_owned()])))
    }

    fn kept(self, keep: impl Fn(&str) -> bool) -> Self {
        match self {
            Self::Any => Self::Any,
            Self::These(labels) => {
                Self::These(labels.into_iter().filter(|label| keep(label)).collect())
            }
        }
    }
}

/// The labels that `expression` can give.
pub(super) fn of(expression: &Expr, catalog: &Catalog) -> Labels {
    match expression {
        Expr::VectorSelector(selector) => of_selector(selector, catalog),
        Expr::MatrixSelector(matrix) => of_selector(&matrix.vs, catalog),
        Expr::Aggregate(aggregate) => of_aggregate(aggregate, catalog),
        Expr::Binary(binary) => of_binary(binary, catalog),
        Expr::Call(call) => of_call(call, catalog),
        Expr::Unary(unary) => of(&unary.expr, catalog),
        Expr::Paren(paren) => of(&paren.expr, catalog),
        Expr::Subquery(subquery) => of(&subquery.expr, catalog),
        _ => Labels::none(),
    }
}

fn of_selector(selector: &VectorSelector, catalog: &Catalog) -> Labels {
    let name = name_of(selector);
    match name.and_then(|name| catalog.get(name)) {
        Some(series) if !series.is_open => Labels::These(series.labels.keys().cloned().collect()),
        _ => Labels::Any,
    }
}

/// The name that a selector asks for, before or inside its braces.
pub(crate) fn name_of(selector: &VectorSelector) -> Option<&str> {
    let inside = || {
        let named = |matcher: &&promql_parser::label::Matcher| {
            matcher.name == "__name__" && matcher.op == MatchOp::Equal
        };
        selector
            .matchers
            .matchers
            .iter()
            .find(named)
            .map(|matcher| matcher.value.as_str())
    };
    selector.name.as_deref().or_else(inside)
}

fn of_aggregate(aggregate: &AggregateExpr, catalog: &Catalog) -> Labels {
    let inner = of(&aggregate.expr, catalog);
    let operator = aggregate.op.to_string();
    // These pick series and keep them whole.
    let picks = matches!(
        operator.as_str(),
        "topk" | "bottomk" | "limitk" | "limit_ratio"
    );
    if picks {
        return inner;
    }
    let grouped = match &aggregate.modifier {
        Some(LabelModifier::Include(by)) => {
            inner.kept(|label| by.labels.iter().any(|by| by == label))
        }
        Some(LabelModifier::Exclude(without)) => {
            inner.kept(|label| !without.labels.iter().any(|without| without == label))
        }
        None => Labels::none(),
    };
    match (operator.as_str(), aggregate.param.as_deref()) {
        ("count_values", Some(Expr::StringLiteral(label))) => grouped.with(&label.val),
        _ => grouped,
    }
}

fn of_binary(binary: &BinaryExpr, catalog: &Catalog) -> Labels {
    of(&binary.lhs, catalog).and(of(&binary.rhs, catalog))
}

fn of_call(call: &Call, catalog: &Catalog) -> Labels {
    let arguments = &call.args.args;
    let text = |index: usize| match arguments.get(index).map(AsRef::as_ref) {
        Some(Expr::StringLiteral(literal)) => Some(literal.val.as_str()),
        _ => None,
    };
    let inner = || {
        arguments.iter().fold(Labels::none(), |labels, argument| {
            labels.and(of(argument, catalog))
        })
    };
    match call.func.name {
        "absent" | "absent_over_time" => match arguments.first().map(AsRef::as_ref) {
            Some(Expr::VectorSelector(selector)) => equalities(&selector.matchers),
            Some(Expr::MatrixSelector(matrix)) => equalities(&matrix.vs.matchers),
            _ => Labels::none(),
        },
        "scalar" | "vector" | "time" => Labels::none(),
        "histogram_quantile" => inner().kept(|label| label != "le"),
        "label_replace" | "label_join" => match text(1) {
            Some(label) => inner().with(label),
            None => inner(),
        },
        _ => inner(),
    }
}

/// `absent` takes its labels from the equalities of its argument.
fn equalities(matchers: &Matchers) -> Labels {
    let equal = matchers
        .matchers
        .iter()
        .filter(|matcher| matcher.op == MatchOp::Equal);
    Labels::These(equal.map(|matcher| matcher.name.clone()).collect())
}
