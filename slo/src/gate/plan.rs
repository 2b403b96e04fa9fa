//! What will be asked, before anything is.

use std::time::Duration;

use jiff::Timestamp;
use outcome::Failure;
use promql_parser::parser::Expr;

use super::evidence::{Counts, Terms, Unit};
use super::measure::{self, Shape};
use super::report::Severity;
use crate::objective::{Counted, Indicator, Method, Objective};
use crate::query::Query;
use crate::statistics::Bound;
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
    /// How sure a verdict on events must be.
    pub bound: Bound,
    /// How long Prometheus may take for all answers together.
    pub timeout: Duration,
    /// The most questions that are on their way at the same time; at least 1.
    pub concurrency: usize,
    /// The release, as the caller calls it.
    pub release: Option<String>,
    /// What the verdict means for the exit code.
    pub severity: Severity,
    /// Whether a policy says what a spent budget means; else it is a fail.
    pub is_budget_left_to_policy: bool,
}

/// The beginning of an objective's window in which samples prove that the history is as long.
const EDGE_SHARE: u32 = 28;

/// No window is looked at on more points than this: a month by the minute.
pub(super) const POINTS_MAX: u64 = 44_640;

/// Points of a window that is looked at by itself, unless they would lie closer than a second or
/// wider than a minute.
const POINTS_WANTED: u32 = 60;

/// What `{{.window}}` of a query at a point stands for at least: four scrapes of 15 seconds.
const RESOLUTION_MIN: Duration = Duration::from_secs(60);

/// The questions of one objective.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) terms: Terms,
    pub(super) measure: Measure,
    pub(super) period: Option<PeriodPlan>,
    pub(super) selectors: Vec<SelectorPlan>,
    /// What the counters that began in the window began at, by target.
    pub(super) born: Vec<String>,
    /// The same of those that began later than their target.
    pub(super) born_late: Vec<String>,
}

/// How a window is measured.
#[derive(Debug, Clone)]
pub(super) enum Measure {
    /// By two counts of events: all of them, and the good or the bad ones.
    Counts { total: Count, counted: Count },
    /// By values on a grid of points.
    Curves(Curves),
}

/// A count of events over any window.
#[derive(Debug, Clone)]
pub(super) struct Count {
    query: Query,
    matchers: Vec<(String, String)>,
}

impl Count {
    fn of(query: &Query, options: &Options) -> Result<Self, String> {
        let count = Self {
            query: query.clone(),
            matchers: options.matchers.clone(),
        };
        // What can be narrowed over one window can be over every other.
        count.over(options.window).map(|_| count)
    }

    /// The query for the count over `window`.
    pub(super) fn over(&self, window: Duration) -> Result<String, String> {
        promql::with_matchers(&self.query.events(&window::text(window)), &self.matchers)
    }
}

/// Values on a grid.
#[derive(Debug, Clone)]
pub(super) struct Curves {
    pub(super) shape: Shape,
    pub(super) method: Method,
    pub(super) step: Duration,
    pub(super) value: String,
    pub(super) total: Option<String>,
}

#[derive(Debug)]
pub(super) struct PeriodPlan {
    pub(super) measure: Measure,
    /// As long as the window has lasted.
    pub(super) window: Duration,
    /// Counts the series at its beginning.
    pub(super) edge: String,
    /// Whether it is of the whole service, narrowed by nothing.
    pub(super) is_whole: bool,
}

/// Questions about the targets behind one selector.
#[derive(Debug)]
pub(super) struct SelectorPlan {
    /// The targets that had series in the window.
    pub(super) targets: String,
    /// The time of the newest sample of each target: of its series, the one that is furthest behind.
    pub(super) newest: String,
}

/// Whether a query counts events over a window: a counter, or an expression with `{{.window}}`.
fn counts_events(query: &Query) -> bool {
    query.born("5m").is_some() || promql::has_window(query.as_str())
}

fn bounds_events(objective: &Objective) -> bool {
    matches!(&objective.indicator, Indicator::Ratio(ratio)
        if objective.method == Method::Occurrences && counts_events(&ratio.total))
}

impl Terms {
    /// What the evidence of `objective` is held against.
    #[must_use]
    pub(super) fn of(objective: &Objective, options: &Options) -> Self {
        let counts = match &objective.indicator {
            Indicator::Ratio(ratio) if bounds_events(objective) => match ratio.counted {
                Counted::Good(_) => Counts::Good,
                Counted::Bad(_) => Counts::Bad,
            },
            _ => Counts::Bad,
        };
        let unit = if bounds_events(objective) {
            Unit::Events
        } else {
            measure::unit(objective.method)
        };
        Self {
            target: objective.target,
            counts,
            events_min: options.events_min,
            window: options.window,
            unit,
            bound: options.bound,
            is_budget_left_to_policy: options.is_budget_left_to_policy,
        }
    }
}

impl Measure {
    /// What an objective is asked for at each point; `None` when its events are counted.
    pub(super) fn kind_of(objective: &Objective) -> Option<Shape> {
        (!bounds_events(objective)).then(|| shape(&objective.indicator))
    }

    fn new(objective: &Objective, options: &Options, window: Duration) -> Result<Self, String> {
        let narrowed = |query: &str| promql::with_matchers(query, &options.matchers);
        if let (true, Indicator::Ratio(ratio)) = (bounds_events(objective), &objective.indicator) {
            return Ok(Self::Counts {
                total: Count::of(&ratio.total, options)?,
                counted: Count::of(ratio.counted.query(), options)?,
            });
        }
        let step = step(objective, window)?;
        let resolution = window::text(step.max(RESOLUTION_MIN));
        let (value, total) = match &objective.indicator {
            Indicator::Ratio(ratio) => {
                let count = |query: &Query| {
                    if counts_events(query) {
                        query.events(&window::text(step))
                    } else {
                        summed(&query.fill(&resolution))
                    }
                };
                (count(ratio.counted.query()), Some(count(&ratio.total)))
            }
            Indicator::Raw(raw) => (raw.share.query().fill(&resolution), None),
            Indicator::Threshold(threshold) => (threshold.query.fill(&resolution), None),
        };
        Ok(Self::Curves(Curves {
            shape: shape(&objective.indicator),
            method: objective.method,
            step,
            value: narrowed(&value)?,
            total: total.map(|total| narrowed(&total)).transpose()?,
        }))
    }
}

fn shape(indicator: &Indicator) -> Shape {
    match indicator {
        Indicator::Ratio(ratio) => match ratio.counted {
            Counted::Good(_) => Shape::Good,
            Counted::Bad(_) => Shape::Bad,
        },
        Indicator::Raw(raw) => match raw.share {
            Counted::Good(_) => Shape::GoodShare,
            Counted::Bad(_) => Shape::BadShare,
        },
        Indicator::Threshold(threshold) => Shape::Value(threshold.operator, threshold.value),
    }
}

/// A plain selector may match many series; they are summed.
fn summed(query: &str) -> String {
    match promql::parse(query) {
        Ok(Expr::VectorSelector(_)) => format!("sum({query})"),
        _ => query.to_owned(),
    }
}

/// From point to point: of events in slices the slice itself, else a part of it that is fine enough.
fn step(objective: &Objective, window: Duration) -> Result<Duration, String> {
    let second = Duration::from_secs(1);
    let fine = (window / POINTS_WANTED).clamp(second, Duration::from_secs(60));
    let fine = Duration::from_secs(fine.as_secs());
    let slice = match objective.method {
        Method::Occurrences => None,
        Method::Timeslices { slice, .. } | Method::RatioTimeslices { slice } => Some(slice),
    };
    let is_counted = matches!(&objective.indicator, Indicator::Ratio(ratio)
        if counts_events(&ratio.total));
    let step = match slice {
        Some(slice) if is_counted => slice,
        // So many whole steps that a slice is filled by them.
        Some(slice) => {
            let each = slice.as_millis().div_ceil(fine.as_millis()).max(1);
            slice / u32::try_from(each).unwrap_or(u32::MAX)
        }
        None => fine,
    };
    let points = window.as_millis() / step.as_millis().max(1);
    if slice.is_none() && points > u128::from(POINTS_MAX) {
        let coarse = window.as_secs().div_ceil(POINTS_MAX);
        return Ok(Duration::from_secs(coarse.div_ceil(60) * 60));
    }
    if points > u128::from(POINTS_MAX) {
        return Err(format!(
            "{} in slices takes {points} points; at most {POINTS_MAX} are read",
            window::text(window)
        ));
    }
    Ok(step)
}

impl Plan {
    /// # Errors
    /// [`Failure::misused`] when a matcher cannot be added to a query, or a window has too many
    /// slices.
    pub(super) fn new(
        objective: &Objective,
        options: &Options,
        at: Timestamp,
    ) -> Result<Self, Failure> {
        let plan = Self::of(objective, options, at);
        plan.map_err(|message| {
            let (file, line) = (objective.file.display(), objective.line);
            Failure::misused(format!("{file}:{line}: {message}"))
        })
    }

    fn of(objective: &Objective, options: &Options, at: Timestamp) -> Result<Self, String> {
        let narrowed = |query: &str| promql::with_matchers(query, &options.matchers);
        let judged = window::text(options.window);
        let queries = objective.indicator.queries();
        let mut selectors: Vec<String> = Vec::new();
        for selector in queries.iter().flat_map(|query| query.selectors()) {
            if !selectors.contains(&selector) {
                selectors.push(selector);
            }
        }
        let plan_of = |selector: &String| {
            let targets =
                format!("count by (job, instance) (last_over_time({selector}[{judged}]))");
            let newest = format!("min by (job, instance) (timestamp({selector}))");
            Ok(SelectorPlan {
                targets: narrowed(&targets)?,
                newest: narrowed(&newest)?,
            })
        };
        let born = queries.iter().filter_map(|query| query.born(&judged));
        // `up` has not the labels of what is judged.
        let born_late = queries.iter().filter(|query| query.born(&judged).is_some());
        let born_late = born_late.map(|query| {
            let narrow = query.with_text(narrowed(query.as_str())?);
            Ok(narrow.born_late(&judged).unwrap_or_default())
        });
        let first = selectors.first().map(String::as_str);
        Ok(Self {
            born: born
                .map(|query| narrowed(&query))
                .collect::<Result<_, _>>()?,
            born_late: born_late.collect::<Result<_, String>>()?,
            terms: Terms::of(objective, options),
            measure: Measure::new(objective, options, options.window)?,
            period: period(objective, options, at, first)?,
            selectors: selectors
                .iter()
                .map(plan_of)
                .collect::<Result<_, String>>()?,
        })
    }
}

/// The objective's own window, unless the gate looks at the same.
fn period(
    objective: &Objective,
    options: &Options,
    at: Timestamp,
    selector: Option<&str>,
) -> Result<Option<PeriodPlan>, String> {
    let window = match &objective.calendar {
        None => objective.window,
        Some(calendar) => {
            let Some((begin, _)) = calendar.window_at(at) else {
                return Ok(None);
            };
            let seconds = at.as_second() - begin.as_second();
            Duration::from_secs(u64::try_from(seconds).unwrap_or(0))
        }
    };
    if window == options.window || window < Duration::from_secs(60) {
        return Ok(None);
    }
    let edge = Duration::from_secs((window / EDGE_SHARE).as_secs().max(1));
    let offset = window::text(window - edge);
    let edge = window::text(edge);
    let first = selector.unwrap_or("vector(0)");
    let edge = format!("count(last_over_time({first}[{edge}] offset {offset}))");
    Ok(Some(PeriodPlan {
        measure: Measure::new(objective, options, window)?,
        window,
        edge: promql::with_matchers(&edge, &options.matchers)?,
        is_whole: options.matchers.is_empty(),
    }))
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
        let pattern: Vec<String> = jobs.iter().map(|job| promql::literal(job)).collect();
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
            bound: Bound::default(),
            timeout: Duration::from_secs(1),
            concurrency: 1,
            release: None,
            severity: Severity::Usual,
            is_budget_left_to_policy: false,
        }
    }

    #[test]
    fn every_question_is_promql_and_narrowed() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("objectives");
        for objective in crate::load(&[folder]).unwrap() {
            let plan = Plan::new(&objective, &options(), Timestamp::UNIX_EPOCH).unwrap();
            let period = plan.period.unwrap();
            let counts = |measure: &Measure, window: Duration| match measure {
                Measure::Counts { total, counted } => {
                    [total.over(window).unwrap(), counted.over(window).unwrap()]
                }
                Measure::Curves(_) => panic!("expected counts"),
            };
            let judged = counts(&plan.measure, options().window);
            let own = counts(&period.measure, period.window);
            let of_selectors = plan
                .selectors
                .iter()
                .flat_map(|plan| [&plan.targets, &plan.newest]);
            let asked: Vec<&String> = [&period.edge]
                .into_iter()
                .chain(&judged)
                .chain(&own)
                .chain(of_selectors)
                .chain(&plan.born)
                .chain(&plan.born_late)
                .collect();
            assert_eq!(asked.len(), 13);
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
        let plan = Plan::new(&objective, &options, Timestamp::UNIX_EPOCH).unwrap();
        let edge = plan.period.unwrap().edge;
        assert!(edge.ends_with("[6h] offset 162h))"), "{edge}");
        let same = Options {
            window: objective.window,
            ..options
        };
        let plan = Plan::new(&objective, &same, Timestamp::UNIX_EPOCH).unwrap();
        assert!(plan.period.is_none());
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
