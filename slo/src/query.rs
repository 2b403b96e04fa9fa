//! The query behind one count of events, or behind one value.

mod count;

use std::path::PathBuf;

use promql_parser::parser::Expr;
use promql_parser::parser::value::ValueType;

use crate::promql;
use count::Counts;

/// A query: what it gives is said by its [`Form`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    text: String,
    form: Form,
    place: Option<(PathBuf, usize)>,
}

/// What a query gives, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A plain selector of counters. It may match many series; their increases are summed.
    Counter,
    /// An expression with `{{.window}}`: a count of events over that window, from exactly one series.
    Template,
    /// Any expression whose value at a moment is a count, which may fall: OpenSLO's
    /// `counter: false`. Of a plain selector the series are summed; else it must give exactly one.
    Gauge,
    /// Any expression that gives a value at a moment, from exactly one series. `{{.window}}` in it
    /// stands for the resolution at which it is looked at.
    Expression,
}

/// Why a query cannot be used where it stands.
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
    /// It has no window, where every query has one.
    #[error("expected an expression with {{{{.window}}}} as its range")]
    NoWindow,
    /// It is a selector, and the file does not say what it selects.
    #[error("expected `counter: true` beside the plain selector of a counter")]
    CounterNotSaid,
    /// The selector looks into the past.
    #[error("expected a selector without `offset` and `@`: the gate chooses the time")]
    OtherTime,
    /// It gives a text or a range of samples.
    #[error("it gives a {0}; expected one number at a moment")]
    NoNumber(String),
    /// It gives a rate where events are counted.
    #[error(
        "it gives events per second, and events must be counted; expected increase(…) where it has \
         rate(…)"
    )]
    PerSecond,
}

impl Query {
    /// Reads a query that counts events; `counter` is what the file says about it.
    ///
    /// # Errors
    /// What is wrong, as [`QueryError`].
    pub fn parse(text: &str, counter: Option<bool>) -> Result<Self, QueryError> {
        let text = &without_comments(text);
        if promql::has_window(text) {
            return Self::count(text);
        }
        let expression = number(text)?;
        if let Expr::VectorSelector(selector) = &expression
            && (selector.offset.is_some() || selector.at.is_some())
        {
            return Err(QueryError::OtherTime);
        }
        match (counter, expression) {
            (Some(false), _) => Ok(Self::of(text, Form::Gauge)),
            (_, expression) if !matches!(expression, Expr::VectorSelector(_)) => {
                Err(QueryError::NeitherForm)
            }
            (Some(true), _) => Ok(Self::of(text, Form::Counter)),
            (None, _) => Err(QueryError::CounterNotSaid),
        }
    }

    /// Reads an expression with `{{.window}}` that counts events over that window.
    ///
    /// # Errors
    /// What is wrong, as [`QueryError`].
    pub fn count(text: &str) -> Result<Self, QueryError> {
        let text = &without_comments(text);
        if !promql::has_window(text) {
            return Err(QueryError::NoWindow);
        }
        number(text)?;
        match count::of(text) {
            Counts::PerSecond => Err(QueryError::PerSecond),
            Counts::Events | Counts::Rates => Ok(Self::of(text, Form::Template)),
        }
    }

    /// Reads an expression that gives a value at any moment.
    ///
    /// # Errors
    /// What is wrong, as [`QueryError`].
    pub fn value(text: &str) -> Result<Self, QueryError> {
        let text = &without_comments(text);
        number(text)?;
        Ok(Self::of(text, Form::Expression))
    }

    fn of(text: &str, form: Form) -> Self {
        Self {
            text: text.trim().to_owned(),
            form,
            place: None,
        }
    }

    /// What it gives.
    #[must_use]
    pub fn form(&self) -> Form {
        self.form
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

    /// The query as if it were from no file.
    #[cfg(test)]
    pub(crate) fn without_place(self) -> Self {
        Self {
            place: None,
            ..self
        }
    }

    /// Where it was read from, as `file:line`; `None` when it is from no file.
    #[must_use]
    pub fn place(&self) -> Option<String> {
        let (file, line) = self.place.as_ref()?;
        Some(format!("{}:{line}", file.display()))
    }

    /// The query as the file has it, without comments.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether more than one series is a mistake.
    #[must_use]
    pub fn must_give_one_series(&self) -> bool {
        match self.form {
            Form::Counter => false,
            Form::Template | Form::Expression => true,
            Form::Gauge => !self.is_selector(),
        }
    }

    fn is_selector(&self) -> bool {
        matches!(
            promql::parse(&self.fill(ANY_WINDOW)),
            Ok(Expr::VectorSelector(_))
        )
    }

    /// Events over `window` (`1h`). A counter's increases are summed, so that resets of each
    /// series are seen. A template is used as written, but for `rate(…[{{.window}}])`: events must
    /// be counted, so it is read as `increase`, the same times the seconds of the window. Of a gauge
    /// the values at each minute are added; of an expression too, and they count what they mean.
    #[must_use]
    pub fn events(&self, window: &str) -> String {
        match self.form {
            Form::Counter => format!("sum(increase({}[{window}]))", self.text),
            Form::Template if count::of(&self.text) == Counts::Rates => {
                promql::fill_window(&count::increases(&self.text), window)
            }
            Form::Template => self.fill(window),
            Form::Gauge | Form::Expression => self.over_time(window),
        }
    }

    fn over_time(&self, window: &str) -> String {
        let value = self.fill(window);
        let value = if self.is_selector() && self.form == Form::Gauge {
            format!("sum({value})")
        } else {
            format!("({value})")
        };
        format!("sum_over_time({value}[{window}:{STEP}])")
    }

    /// What [`Query::events`] of a counter leaves out over `window`: the first value of each series
    /// that was not there at the beginning, summed by target. It is NaN where a series was reset
    /// since, which hides its first value. `None` for every other form.
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
            Form::Template => format!("sum({})", self.fill(window)),
            Form::Gauge | Form::Expression => format!("sum({})", self.over_time(window)),
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
        promql::selectors(&self.fill(ANY_WINDOW))
    }
}

/// The window with which a query is only looked at.
const ANY_WINDOW: &str = "5m";

/// Step of the subqueries that look at what is no counter.
const STEP: &str = "1m";

/// The text without comments: one at its end would swallow what is written behind it.
fn without_comments(text: &str) -> String {
    let mut bare = String::with_capacity(text.len());
    let (mut quote, mut is_escaped, mut is_comment) = (None, false, false);
    for character in text.chars() {
        match (quote, character) {
            _ if is_comment => is_comment = character != '\n',
            _ if is_escaped => is_escaped = false,
            (Some(end), '\\') if end != '`' => is_escaped = true,
            (Some(end), _) if character == end => quote = None,
            (None, '"' | '\'' | '`') => quote = Some(character),
            (None, '#') => is_comment = true,
            _ => {}
        }
        if !is_comment {
            bare.push(character);
        }
    }
    bare
}

/// Parses a query that gives a number, or one for each series.
fn number(text: &str) -> Result<Expr, QueryError> {
    let expression = promql::parse(&promql::fill_window(text.trim(), ANY_WINDOW));
    let expression = expression.map_err(QueryError::Syntax)?;
    match expression.value_type() {
        ValueType::Scalar | ValueType::Vector => Ok(expression),
        other => Err(QueryError::NoNumber(other.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_selector_must_be_called_a_counter() {
        let form = |counter| Query::parse("a_total", counter).map(|query| query.form());
        assert_eq!(form(Some(true)), Ok(Form::Counter));
        assert_eq!(form(Some(false)), Ok(Form::Gauge));
        assert_eq!(form(None), Err(QueryError::CounterNotSaid));
    }

    #[test]
    fn every_form_gives_promql_over_every_window() {
        let forms = [
            Query::parse("a_total", Some(true)),
            Query::parse("sum(rate(a_total[{{.window}}]))", None),
            Query::parse("queue", Some(false)),
            Query::parse("max(queue) - min(queue)", Some(false)),
            Query::value("histogram_quantile(0.99, sum by (le) (rate(a_bucket[{{.window}}])))"),
        ];
        let seen: Vec<String> = forms
            .into_iter()
            .map(|query| {
                let query = query.unwrap();
                for text in [query.events("3d"), query.rate("3d")] {
                    promql::parse(&text).unwrap();
                }
                let one = query.must_give_one_series();
                format!(
                    "{:?} one={one}\n  {}\n  {}",
                    query.form(),
                    query.events("1h"),
                    query.rate("1h")
                )
            })
            .collect();
        insta::assert_snapshot!(seen.join("\n"));
    }

    #[test]
    fn what_gives_no_number_is_refused() {
        for text in [
            "a[5m]",
            "a[{{.window}}]",
            "vector(1)[{{.window}}:]",
            "\"text\"",
        ] {
            for counter in [Some(true), Some(false), None] {
                let error = Query::parse(text, counter).unwrap_err();
                assert!(matches!(error, QueryError::NoNumber(_)), "{text}: {error}");
            }
            assert!(
                matches!(Query::value(text), Err(QueryError::NoNumber(_))),
                "{text}"
            );
        }
    }

    #[test]
    fn a_comment_swallows_nothing() {
        let query = Query::parse("a_total{b=\"#\\\"#\"} # of them all\n", Some(true)).unwrap();
        assert_eq!(
            query.events("1h"),
            "sum(increase(a_total{b=\"#\\\"#\"}[1h]))"
        );
        let query = Query::value("max(a) # first\n + max(b) # second").unwrap();
        assert_eq!(
            query.as_str().split_whitespace().collect::<String>(),
            "max(a)+max(b)"
        );
        assert!(promql::parse(&query.events("1h")).is_ok());
    }

    #[test]
    fn rates_are_counted_or_refused() {
        let query = Query::count("sum(rate(a[{{.window}}])) or vector(0)").unwrap();
        assert_eq!(query.events("1h"), "sum(increase(a[1h])) or vector(0)");
        assert_eq!(query.fill("1h"), "sum(rate(a[1h])) or vector(0)");
        let of_rates = "avg_over_time(sum(rate(a[5m]))[{{.window}}:])";
        assert_eq!(Query::count(of_rates), Err(QueryError::PerSecond));
        assert_eq!(Query::count("sum(a)"), Err(QueryError::NoWindow));
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
            for counter in [true, false] {
                let query = Query::parse(text, Some(counter));
                assert_eq!(query, Err(QueryError::OtherTime), "{text}");
            }
        }
    }

    #[test]
    fn selectors_are_found_without_their_ranges() {
        let text = r#"sum(increase(a_total{b="c"}[{{.window}}] offset 5m)) + sum(d_total)"#;
        let query = Query::parse(text, None).unwrap();
        assert_eq!(query.selectors(), [r#"a_total{b="c"}"#, "d_total"]);
    }
}
