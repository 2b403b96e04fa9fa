//! What a Prometheus has at the moment: names, bounds of buckets, series, traffic.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use outcome::Failure;
use promql_parser::parser::Expr;

use super::finding::{Finding, Level, parts};
use crate::objective::{Indicator, Method, Objective};
use crate::prometheus::{Answer, Client, SourceError};
use crate::promql::{self, Catalog, Kind, literal, name_of};
use crate::query::{Form, Query};
use crate::text::{count, percent, shown};
use crate::window;

/// Names of metrics in one question.
const NAMES_PER_QUESTION: usize = 50;

/// How long one answer may take.
const ANSWER_LIMIT: Duration = Duration::from_secs(15);

/// How long all answers together may take.
const LIMIT: Duration = Duration::from_secs(120);

/// The time whose traffic stands for that of longer windows.
const TRAFFIC_WINDOW: Duration = Duration::from_secs(86_400);

/// Share of verdicts that may be wrong.
const DOUBT: f64 = 0.05;

/// What was asked, and answered.
#[derive(Debug, Default)]
pub(super) struct Live {
    /// The metrics that were asked for and are there.
    pub(super) catalog: Catalog,
    address: String,
    /// Series that each selector matches.
    series: BTreeMap<String, f64>,
    /// Events of the traffic window by the index of the objective; the values that came.
    traffic: BTreeMap<usize, Vec<f64>>,
}

/// Asks the Prometheus at `url` for everything that `objectives` name.
///
/// # Errors
/// [`Failure::misused`] for what is no address, [`Failure::inconclusive`] when there is no answer, or
/// one that may be partial.
pub(super) async fn ask(url: &str, objectives: &[Objective]) -> Result<Live, Failure> {
    let client = Client::new(url, ANSWER_LIMIT)?;
    let asked = tokio::time::timeout(LIMIT, Asker { client: &client }.all(objectives)).await;
    let late = || {
        let limit = window::text(LIMIT);
        let address = client.address();
        Failure::inconclusive(format!(
            "{address} did not answer everything within {limit}"
        ))
    };
    asked.unwrap_or_else(|_| Err(late()))
}

struct Asker<'a> {
    client: &'a Client,
}

impl Asker<'_> {
    async fn all(&self, objectives: &[Objective]) -> Result<Live, Failure> {
        let mut live = Live {
            address: self.client.address().to_owned(),
            ..Live::default()
        };
        let selectors: BTreeSet<String> = objectives
            .iter()
            .flat_map(|objective| objective.indicator.queries())
            .flat_map(Query::selectors)
            .collect();
        for name in self.names(&selectors).await? {
            let bounds = if name.ends_with("_bucket") {
                Some(self.bounds(&name).await?)
            } else {
                None
            };
            live.catalog = live.catalog.with_foreign(&name, Kind::Unknown, bounds);
        }
        for selector in selectors {
            let answer = self.answer(&format!("count({selector})")).await?;
            let series = answer.vector.first().map_or(0.0, |sample| sample.value);
            live.series.insert(selector, series);
        }
        for (index, objective) in objectives.iter().enumerate() {
            if let Some(total) = counted(objective) {
                let over = window::text(traffic_window(objective));
                let answer = self.answer(&total.events(&over)).await?;
                let values = answer.vector.iter().map(|sample| sample.value).collect();
                live.traffic.insert(index, values);
            }
        }
        Ok(live)
    }

    /// The names of metrics that are there, of those that selectors ask for.
    async fn names(&self, selectors: &BTreeSet<String>) -> Result<BTreeSet<String>, Failure> {
        let (mut wanted, mut found) = (BTreeSet::new(), BTreeSet::new());
        for selector in selectors {
            match promql::parse(selector) {
                Ok(Expr::VectorSelector(parsed)) if name_of(&parsed).is_some() => {
                    wanted.extend(name_of(&parsed).map(literal));
                }
                // A pattern of names: those that fit.
                _ => found.extend(
                    self.labels(&format!("count by (__name__) ({selector})"))
                        .await?,
                ),
            }
        }
        let wanted: Vec<String> = wanted.into_iter().collect();
        for names in wanted.chunks(NAMES_PER_QUESTION) {
            let pattern = promql_parser::util::escape_string(&names.join("|"));
            let query = format!("count by (__name__) ({{__name__=~\"{pattern}\"}})");
            found.extend(self.labels(&query).await?);
        }
        Ok(found)
    }

    async fn bounds(&self, buckets: &str) -> Result<Vec<String>, Failure> {
        let name = promql_parser::util::escape_string(buckets);
        self.labels(&format!("count by (le) ({{__name__=\"{name}\"}})"))
            .await
    }

    /// The values of the one label by which a query groups.
    async fn labels(&self, query: &str) -> Result<Vec<String>, Failure> {
        let answer = self.answer(query).await?;
        let values = answer.vector.into_iter();
        Ok(values
            .flat_map(|sample| sample.labels.into_values())
            .collect())
    }

    async fn answer(&self, query: &str) -> Result<Answer, Failure> {
        let answer = self.client.instant(query, None).await.map_err(lost)?;
        match answer.warnings.first() {
            None => Ok(answer),
            Some(warning) => Err(Failure::inconclusive(format!(
                "{} answered in part only: {warning}",
                self.client.address()
            ))),
        }
    }
}

fn lost(error: SourceError) -> Failure {
    Failure::inconclusive(error.to_string())
}

/// The query that counts the events of an objective, when its verdict is about their number.
fn counted(objective: &Objective) -> Option<&Query> {
    match &objective.indicator {
        Indicator::Ratio(ratio) if objective.method == Method::Occurrences => {
            (ratio.total.form() != Form::Gauge).then_some(&ratio.total)
        }
        _ => None,
    }
}

fn traffic_window(objective: &Objective) -> Duration {
    objective.window.min(TRAFFIC_WINDOW)
}

/// Good events without a bad one that it takes to show `target`.
fn needed(target: f64) -> f64 {
    (DOUBT.ln() / target.ln()).ceil()
}

impl Live {
    /// What the answers say about the objective of this index.
    pub(super) fn findings(&self, index: usize, objective: &Objective) -> Vec<Finding> {
        let mut found: Vec<Finding> = parts(objective)
            .into_iter()
            .flat_map(|(part, query)| self.unmatched(objective, part, query))
            .collect();
        if let (Some(total), Some(values)) = (counted(objective), self.traffic.get(&index)) {
            found.extend(traffic(objective, values).map(|(level, message)| Finding {
                level,
                place: objective.place_of(total),
                part: "total",
                message,
            }));
        }
        found
    }

    /// Selectors that match nothing although their metric is there.
    fn unmatched(&self, objective: &Objective, part: &'static str, query: &Query) -> Vec<Finding> {
        // No bad event yet is a good sign, and no series of them nothing strange.
        let level = match part {
            "good" | "bad" => Level::Note,
            _ => Level::Wrong,
        };
        let is_empty = |selector: &String| {
            let is_there = promql::check(selector, &self.catalog).is_ok();
            is_there
                && self
                    .series
                    .get(selector)
                    .is_some_and(|series| *series == 0.0)
        };
        let empty = query.selectors().into_iter().filter(is_empty);
        let finding = |selector: String| Finding {
            level,
            place: objective.place_of(query),
            part,
            message: format!(
                "{} matches no series of {} at the moment; look for a label or a value that is \
                 written otherwise",
                shown(&selector),
                self.address
            ),
        };
        empty.map(finding).collect()
    }
}

/// What is wrong with the traffic of an objective: `values` came for its total.
fn traffic(objective: &Objective, values: &[f64]) -> Option<(Level, String)> {
    let over = window::text(traffic_window(objective));
    let seen = match values {
        // A metric that is not there was found already.
        [] => return None,
        [one] => *one,
        many => {
            let message = format!("gives {} series; expected one: aggregate them", many.len());
            return Some((Level::Wrong, message));
        }
    };
    if !seen.is_finite() || seen < 0.0 {
        let message = format!("counts {seen} events over {over}; expected a number of them");
        return Some((Level::Wrong, message));
    }
    let target = percent(objective.target);
    let needed = needed(objective.target);
    let share = objective.window.as_secs_f64() / traffic_window(objective).as_secs_f64();
    let events = seen * share;
    if events >= needed {
        return None;
    }
    let so_many = if share > 1.0 {
        format!(
            "with the traffic of the last {over} it has about {}",
            count(events)
        )
    } else {
        format!("it had {}", count(events))
    };
    let one_is_too_many = if events * objective.budget() < 1.0 {
        ", and one bad event alone spends the budget"
    } else {
        ""
    };
    let message = format!(
        "{target} takes {} good events to show, 95 % sure, and in {} {so_many}{one_is_too_many}; \
         promise less, or over a longer window",
        count(needed),
        objective.window_text
    );
    Some((Level::Wrong, message))
}

#[cfg(test)]
mod tests;
