//! The query behind one count of events.

use std::path::PathBuf;

use promql_parser::parser::Expr;

use crate::promql;

/// A query that counts events: a plain selector of a counter, or a template used as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    text: String,
    form: Form,
    place: Option<(PathBuf, usize)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// May match many series; their increases are summed.
    Counter,
    /// Contains the window; must give exactly one series.
    Template,
}

/// Why a query cannot count events.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// It is not PromQL.
    #[error("not PromQL: {0}")]
    Syntax(String),
    /// It is an expression without window.
    #[error(
        "expected the plain selector of a counter, or an expression with {{{{.window}}}} as its \
         range"
    )]
    NeitherForm,
    /// It is a selector, and the file does not say that it selects a counter.
    #[error("expected `counter: true` beside the plain selector of a counter")]
    CounterNotSaid,
    /// It is a selector, and the file says that it selects no counter.
    #[error("not supported yet: `counter: false`; expected a counter")]
    NotACounter,
    /// The selector looks into the past.
    #[error("expected a selector without `offset` and `@`: the gate chooses the time")]
    OtherTime,
}

impl Query {
    /// Reads a query; `counter` is what the file says about it.
    ///
    /// # Errors
    /// What is wrong, as [`QueryError`].
    pub fn parse(text: &str, counter: Option<bool>) -> Result<Self, QueryError> {
        let text = text.trim();
        let expression = promql::parse(&promql::fill_window(text, "5m"));
        let expression = expression.map_err(QueryError::Syntax)?;
        if promql::has_window(text) {
            return Ok(Self {
                text: text.to_owned(),
                form: Form::Template,
                place: None,
            });
        }
        let Expr::VectorSelector(selector) = expression else {
            return Err(QueryError::NeitherForm);
        };
        if selector.offset.is_some() || selector.at.is_some() {
            return Err(QueryError::OtherTime);
        }
        match counter {
            Some(true) => Ok(Self {
                text: text.to_owned(),
                form: Form::Counter,
                place: None,
            }),
            Some(false) => Err(QueryError::NotACounter),
            None => Err(QueryError::CounterNotSaid),
        }
    }

    /// The query with the file and the line that it was read from.
    #[must_use]
    pub(crate) fn placed(self, file: PathBuf, line: usize) -> Self {
        let place = Some((file, line));
        Self { place, ..self }
    }

    /// The same kind of query with another text.
    #[must_use]
    pub(crate) fn with_text(&self, text: String) -> Self {
        Self {
            text,
            ..self.clone()
        }
    }

    /// Where it was read from, as `file:line`; `None` when it is from no file.
    #[must_use]
    pub fn place(&self) -> Option<String> {
        let (file, line) = self.place.as_ref()?;
        Some(format!("{}:{line}", file.display()))
    }

    /// The query as the file has it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether more than one series is a mistake.
    #[must_use]
    pub fn must_give_one_series(&self) -> bool {
        self.form == Form::Template
    }

    /// Events over `window` (`1h`). A counter's increases are summed, so that resets of each
    /// series are seen; a template is used as written.
    #[must_use]
    pub fn events(&self, window: &str) -> String {
        match self.form {
            Form::Counter => format!("sum(increase({}[{window}]))", self.text),
            Form::Template => promql::fill_window(&self.text, window),
        }
    }

    /// What [`Query::events`] of a counter leaves out over `window`: the first value of each series
    /// that was not there at the beginning, summed by target. It is NaN where a series was reset
    /// since, which hides its first value. `None` for a template, which has no one selector.
    #[must_use]
    pub fn born(&self, window: &str) -> Option<String> {
        let of = &self.text;
        (self.form == Form::Counter).then(|| {
            format!(
                "sum by (job, instance) ((min_over_time({of}[{window}]) + 0 / \
                 (resets({of}[{window}]) == bool 0)) unless {of} offset {window})"
            )
        })
    }

    /// The same for series that came later than the first scrape of their target: of a process that
    /// is new as a whole they alone are known to have begun at 0. `None` for a template.
    #[must_use]
    pub fn born_late(&self, window: &str) -> Option<String> {
        let of = &self.text;
        (self.form == Form::Counter).then(|| {
            format!(
                "sum by (job, instance) ((min_over_time({of}[{window}]) + 0 / \
                 (resets({of}[{window}]) == bool 0)) and count_over_time({of}[{window}]) \
                 < on (job, instance) group_left () \
                 max by (job, instance) (sum_over_time(up[{window}])))"
            )
        })
    }

    /// [`Query::events`], summed whatever its form. `None` when it counts nothing over a window.
    #[must_use]
    pub fn events_summed(&self, window: &str) -> Option<String> {
        if self.born(window).is_some() {
            return Some(self.events(window));
        }
        promql::has_window(&self.text).then(|| format!("sum({})", self.events(window)))
    }

    /// Events over `window` up to a constant factor, summed: one side of a ratio.
    #[must_use]
    pub fn rate(&self, window: &str) -> String {
        match self.form {
            Form::Counter => format!("sum(rate({}[{window}]))", self.text),
            Form::Template => format!("sum({})", promql::fill_window(&self.text, window)),
        }
    }

    /// The expression at a point in time, where a window is asked for with that one.
    #[must_use]
    pub fn fill(&self, window: &str) -> String {
        promql::fill_window(&self.text, window)
    }

    /// The selectors in it, without ranges and offsets.
    #[must_use]
    pub fn selectors(&self) -> Vec<String> {
        promql::selectors(&promql::fill_window(&self.text, "5m"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_selector_must_be_called_a_counter() {
        assert!(Query::parse("a_total", Some(true)).is_ok());
        assert_eq!(
            Query::parse("a_total", None),
            Err(QueryError::CounterNotSaid)
        );
        assert_eq!(
            Query::parse("a_total", Some(false)),
            Err(QueryError::NotACounter)
        );
    }

    #[test]
    fn an_expression_must_contain_the_window() {
        let error = Query::parse("sum(rate(a_total[5m]))", Some(true)).unwrap_err();
        assert_eq!(error, QueryError::NeitherForm);
        let query = Query::parse("sum(increase(a_total[{{ .window }}]))", None).unwrap();
        assert_eq!(query.events("1h"), "sum(increase(a_total[1h]))");
        assert!(query.must_give_one_series());
    }

    #[test]
    fn another_time_is_refused() {
        for text in ["a_total offset 1h", "a_total @ 1600000000"] {
            assert_eq!(
                Query::parse(text, Some(true)),
                Err(QueryError::OtherTime),
                "{text}"
            );
        }
    }

    #[test]
    fn selectors_are_found_without_their_ranges() {
        let text = r#"sum(increase(a_total{b="c"}[{{.window}}] offset 5m)) + sum(d_total)"#;
        let query = Query::parse(text, None).unwrap();
        assert_eq!(query.selectors(), [r#"a_total{b="c"}"#, "d_total"]);
    }
}
