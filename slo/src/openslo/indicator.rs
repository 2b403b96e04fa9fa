//! SLIs: the queries, and what they mean together.

use super::document::{Fault, Place};
use super::schema::{Metric, RatioMetric, SliSpec};
use super::source::{self, Sources};
use crate::objective::{Counted, Ratio, Raw};
use crate::query::{Form, Query, QueryError};

/// Where an indicator stands: its document and the way to its `spec`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found<'a> {
    pub(super) place: &'a Place,
    pub(super) path: &'static [&'static str],
    pub(super) spec: &'a SliSpec,
}

/// What an SLI measures; the bound of a threshold belongs to the objective.
#[derive(Debug, Clone)]
pub(super) enum Measure {
    Ratio(Ratio),
    Raw(Raw),
    Threshold(Query),
}

/// An SLI that was understood.
#[derive(Debug, Clone)]
pub(super) struct Measured {
    pub(super) measure: Measure,
    /// The server that its queries name.
    pub(super) source: Option<String>,
}

/// A query beside the server that it names.
type Sourced = (Query, Option<String>);

impl Found<'_> {
    fn path<'b>(&self, rest: &[&'b str]) -> Vec<&'b str> {
        self.path.iter().chain(rest).copied().collect()
    }

    fn fault(&self, rest: &[&str], message: impl Into<String>) -> Fault {
        self.place.fault(&self.path(rest), message)
    }

    /// Understands it.
    pub(super) fn measured(&self, sources: &Sources<'_>) -> Result<Measured, Fault> {
        match (&self.spec.ratio_metric, &self.spec.threshold_metric) {
            (Some(ratio), None) => self.ratio_metric(ratio, sources),
            (None, Some(metric)) => {
                let (query, source) =
                    self.query(&["thresholdMetric"], metric, sources, Query::value)?;
                let measure = Measure::Threshold(query);
                Ok(Measured { measure, source })
            }
            _ => Err(self.fault(&[], "expected either ratioMetric or thresholdMetric")),
        }
    }

    fn ratio_metric(&self, ratio: &RatioMetric, sources: &Sources<'_>) -> Result<Measured, Fault> {
        if let Some(raw) = &ratio.raw {
            return self.raw(ratio, raw, sources);
        }
        if ratio.raw_type.is_some() {
            let message = "rawType says what raw is; expected raw, or no rawType";
            return Err(self.fault(&["ratioMetric", "rawType"], message));
        }
        let Some(total) = &ratio.total else {
            let message = "expected total, beside it good or bad; or raw with rawType";
            return Err(self.fault(&["ratioMetric"], message));
        };
        let (part, metric) = match (&ratio.good, &ratio.bad) {
            (Some(good), None) => ("good", good),
            (None, Some(bad)) => ("bad", bad),
            _ => {
                let message = "expected either good or bad beside total";
                return Err(self.fault(&["ratioMetric"], message));
            }
        };
        let parse = |text: &str| Query::parse(text, ratio.counter);
        let (total, source) = self.query(&["ratioMetric", "total"], total, sources, parse)?;
        let (counted, other) = self.query(&["ratioMetric", part], metric, sources, parse)?;
        if source != other {
            let message = format!("{part} and total name different sources; expected one");
            return Err(self.fault(&["ratioMetric", part, "metricSource"], message));
        }
        if (total.form() == Form::Gauge) != (counted.form() == Form::Gauge) {
            let message = format!(
                "{part} and total count differently; expected {{{{.window}}}} in both or in neither"
            );
            return Err(self.fault(
                &["ratioMetric", part, "metricSource", "spec", "query"],
                message,
            ));
        }
        let counted = match part {
            "good" => Counted::Good(counted),
            _ => Counted::Bad(counted),
        };
        let measure = Measure::Ratio(Ratio { counted, total });
        Ok(Measured { measure, source })
    }

    fn raw(
        &self,
        ratio: &RatioMetric,
        raw: &Metric,
        sources: &Sources<'_>,
    ) -> Result<Measured, Fault> {
        if ratio.good.is_some() || ratio.bad.is_some() || ratio.total.is_some() {
            let message = "raw is a ratio already; expected no good, bad or total beside it";
            return Err(self.fault(&["ratioMetric", "raw"], message));
        }
        let is_good = match ratio.raw_type.as_deref() {
            Some("success") => true,
            Some("failure") => false,
            Some(other) => {
                let message = format!("rawType is {other:?}; expected success or failure");
                return Err(self.fault(&["ratioMetric", "rawType"], message));
            }
            None => {
                let message = "expected rawType beside raw: success or failure";
                return Err(self.fault(&["ratioMetric", "raw"], message));
            }
        };
        let (query, source) = self.query(&["ratioMetric", "raw"], raw, sources, Query::value)?;
        let share = if is_good {
            Counted::Good(query)
        } else {
            Counted::Bad(query)
        };
        let measure = Measure::Raw(Raw { share });
        Ok(Measured { measure, source })
    }

    fn query(
        &self,
        way: &[&str],
        metric: &Metric,
        sources: &Sources<'_>,
        parse: impl FnOnce(&str) -> Result<Query, QueryError>,
    ) -> Result<Sourced, Fault> {
        let below = |rest: &[&'static str]| self.path(&[way, &["metricSource"], rest].concat());
        let metric = &metric.metric_source;
        let source = source::resolved(self.place, &below(&[]), metric, sources)?;
        let path = below(&["spec", "query"]);
        let line = self.place.line_of(&path);
        let query = parse(&metric.spec.query)
            .map_err(|error| self.place.fault(&path, error.to_string()))?;
        let query = query.placed(self.place.file.clone(), line);
        Ok((query, source.map(str::to_owned)))
    }
}
