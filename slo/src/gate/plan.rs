//! What will be asked, before anything is.

use std::time::Duration;

use jiff::Timestamp;
use outcome::Failure;

use super::evidence::{Counts, Terms};
use crate::objective::{Counted, Indicator, Objective};
use crate::query::Query;
use crate::{promql, window};

/// How a release is judged.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// The window that is judged.
    pub window: Duration,
    /// The end of it; now, by the clock of Prometheus, when there is none.
    pub at: Option<Timestamp>,
    /// Label and value of matchers that are added to every selector.
    pub matchers: Vec<(String, String)>,
    /// Fewer events than this are inconclusive.
    pub events_min: u64,
    /// How long Prometheus may take for all answers together.
    pub timeout: Duration,
    /// The most questions that are on their way at the same time; at least 1.
    pub concurrency: usize,
    /// The release, as the caller calls it.
    pub release: Option<String>,
}

/// The beginning of an objective's window in which samples prove that the history is as long.
const EDGE_SHARE: u32 = 28;

/// The questions of one objective.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) terms: Terms,
    pub(super) total: String,
    pub(super) counted: String,
    pub(super) period: Option<PeriodPlan>,
    pub(super) selectors: Vec<SelectorPlan>,
    /// What the counters that began in the window began at, by target.
    pub(super) born: Vec<String>,
}

#[derive(Debug)]
pub(super) struct PeriodPlan {
    pub(super) total: String,
    pub(super) counted: String,
    pub(super) edge: String,
}

/// Questions about the targets behind one selector.
#[derive(Debug)]
pub(super) struct SelectorPlan {
    /// The targets that had series in the window.
    pub(super) targets: String,
    /// The time of the newest sample of each target: of its series, the one that is furthest behind.
    pub(super) newest: String,
}

impl Plan {
    /// # Errors
    /// [`Failure::misused`] when a matcher cannot be added to a query.
    pub(super) fn new(objective: &Objective, options: &Options) -> Result<Self, Failure> {
        let narrowed = |query: &str| {
            promql::with_matchers(query, &options.matchers).map_err(|message| {
                let (file, line) = (objective.file.display(), objective.line);
                Failure::misused(format!("{file}:{line}: {message}"))
            })
        };
        let judged = window::text(options.window);
        let Indicator::Ratio(ratio) = &objective.indicator else {
            return Err(Failure::misused("expected a ratio of counters"));
        };
        let indicator = &objective.indicator;
        let counted = ratio.counted.query();
        let mut selectors: Vec<String> = indicator
            .queries()
            .into_iter()
            .flat_map(Query::selectors)
            .collect();
        selectors.dedup();
        let period = if objective.window == options.window {
            None
        } else {
            let own = &objective.window_text;
            let edge = objective.window / EDGE_SHARE;
            let offset = window::text(objective.window - edge);
            let edge = window::text(edge);
            let first = selectors.first().map_or("vector(0)", String::as_str);
            Some(PeriodPlan {
                total: narrowed(&ratio.total.events(own))?,
                counted: narrowed(&counted.events(own))?,
                edge: narrowed(&format!(
                    "count(last_over_time({first}[{edge}] offset {offset}))"
                ))?,
            })
        };
        let plan_of = |selector: &String| {
            let targets =
                format!("count by (job, instance) (last_over_time({selector}[{judged}]))");
            let newest = format!("min by (job, instance) (timestamp({selector}))");
            Ok(SelectorPlan {
                targets: narrowed(&targets)?,
                newest: narrowed(&newest)?,
            })
        };
        let born = indicator.queries().into_iter();
        let born = born.filter_map(|query| query.born(&judged));
        let born = born.map(|query| narrowed(&query));
        Ok(Self {
            born: born.collect::<Result<_, _>>()?,
            terms: Terms {
                target: objective.target,
                counts: match ratio.counted {
                    Counted::Good(_) => Counts::Good,
                    Counted::Bad(_) => Counts::Bad,
                },
                events_min: options.events_min,
                window: options.window,
            },
            total: narrowed(&ratio.total.events(&judged))?,
            counted: narrowed(&counted.events(&judged))?,
            period,
            selectors: selectors
                .iter()
                .map(plan_of)
                .collect::<Result<_, Failure>>()?,
        })
    }
}

/// The latest scrapes, which tell their interval.
pub(super) const RECENT: Duration = Duration::from_secs(600);

/// Questions about `up` of some jobs.
#[derive(Debug)]
pub(super) struct UpPlan {
    pub(super) now: String,
    pub(super) scrapes: String,
    pub(super) scrapes_good: String,
    /// `up` at the beginning of the window.
    pub(super) at_start: String,
    /// Every scrape of the window, and at least the recent ones.
    pub(super) samples: String,
}

impl UpPlan {
    pub(super) fn new(jobs: &[&str], window: Duration) -> Self {
        let pattern: Vec<String> = jobs.iter().map(|job| literal(job)).collect();
        let pattern = promql_parser::util::escape_string(&pattern.join("|"));
        let up = format!("up{{job=~\"{pattern}\"}}");
        let sampled = window::text(window.max(RECENT));
        let window = window::text(window);
        Self {
            scrapes: format!("count_over_time({up}[{window}])"),
            scrapes_good: format!("sum_over_time({up}[{window}])"),
            at_start: format!("{up} offset {window}"),
            samples: format!("{up}[{sampled}]"),
            now: up,
        }
    }
}

/// A regular expression that matches exactly this text.
fn literal(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len());
    for character in text.chars() {
        if r"\.+*?()|[]{}^$".contains(character) {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn options() -> Options {
        Options {
            window: Duration::from_secs(3_600),
            at: None,
            matchers: vec![("instance".to_owned(), "a:1".to_owned())],
            events_min: 1,
            timeout: Duration::from_secs(1),
            concurrency: 1,
            release: None,
        }
    }

    #[test]
    fn every_question_is_promql_and_narrowed() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("objectives");
        for objective in crate::load(&[folder]).unwrap() {
            let plan = Plan::new(&objective, &options()).unwrap();
            let period = plan.period.unwrap();
            let of_selectors = plan
                .selectors
                .iter()
                .flat_map(|plan| [&plan.targets, &plan.newest]);
            let asked: Vec<&String> = [
                &plan.total,
                &plan.counted,
                &period.total,
                &period.counted,
                &period.edge,
            ]
            .into_iter()
            .chain(of_selectors)
            .chain(&plan.born)
            .collect();
            assert_eq!(asked.len(), 11);
            for query in asked {
                promql::check(query, &promql::Catalog::of_workspace()).unwrap();
                assert!(query.contains(r#"instance="a:1""#), "{query}");
            }
        }
    }

    #[test]
    fn the_edge_of_seven_days_is_their_first_six_hours() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("objectives/availability.yaml");
        let objective = crate::load(&[folder]).unwrap().remove(0);
        let options = Options {
            matchers: Vec::new(),
            ..options()
        };
        let plan = Plan::new(&objective, &options).unwrap();
        let edge = plan.period.unwrap().edge;
        assert!(edge.ends_with("[6h] offset 162h))"), "{edge}");
        let same = Options {
            window: objective.window,
            ..options
        };
        assert!(Plan::new(&objective, &same).unwrap().period.is_none());
    }

    #[test]
    fn jobs_are_matched_to_the_letter() {
        let plan = UpPlan::new(&["a.b", "c|d\"e\\"], Duration::from_secs(60));
        let expected = r#"up{job=~"a\\.b|c\\|d\"e\\\\"}"#;
        assert_eq!(plan.now, expected);
        assert!(promql::parse(&plan.now).is_ok());
        assert!(promql::parse(&plan.at_start).is_ok());
        assert!(promql::parse(&plan.samples).is_ok());
        assert!(plan.samples.ends_with("[10m]"), "{}", plan.samples);
    }
}
