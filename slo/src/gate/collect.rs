//! Collects the evidence of every objective and has it judged.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use outcome::Failure;

use super::ask::{Asker, Deadline, time};
use super::decide::{AGE_SECONDS_MIN, decide};
use super::evidence::{Asked, Evidence, Lost, Period, Reading, Target};
use super::plan::{Options, Plan, SelectorPlan, UpPlan};
use super::report::{Judged, REPORT_SCHEMA, Report, Seen};
use crate::objective::Objective;
use crate::prometheus::{Answer, Client, Labels, Matrix};
use crate::window;

/// Most warnings of a server that become reasons.
const WARNINGS_MAX: usize = 3;

/// Judges `objectives` by what `client` knows. It takes no longer than `options.timeout`, and
/// whatever it does not learn in that time is inconclusive.
///
/// # Errors
/// [`Failure::misused`] when there is no objective, or when a matcher cannot be added to a query.
pub async fn judge(
    client: &Client,
    objectives: &[Objective],
    options: &Options,
) -> Result<Report, Failure> {
    if objectives.is_empty() {
        return Err(Failure::misused("expected at least one objective to judge"));
    }
    let plans = objectives
        .iter()
        .map(|objective| Plan::new(objective, options));
    let plans: Vec<Plan> = plans.collect::<Result<_, _>>()?;
    let deadline = Deadline::after(options.timeout);
    // Even when the time is given, this says whether anyone answers.
    let server_time = time(client, deadline).await;
    let at = server_time.map(|now| options.at.unwrap_or(now));
    let mut judged = Vec::new();
    match &at {
        Ok(at) => {
            let mut asker = Asker::new(client, *at, deadline);
            for (objective, plan) in objectives.iter().zip(&plans) {
                let evidence = evidence(&mut asker, plan).await;
                judged.push(judge_one(objective, plan, &evidence));
            }
        }
        Err(lost) => {
            for (objective, plan) in objectives.iter().zip(&plans) {
                judged.push(judge_one(objective, plan, &nothing(lost)));
            }
        }
    }
    let verdict = Report::worst(&judged);
    let matcher = |(label, value): &(String, String)| format!("{label}={value:?}");
    Ok(Report {
        schema: REPORT_SCHEMA.to_owned(),
        verdict,
        exit_code: verdict.outcome().exit_code(),
        release: options.release.clone(),
        prometheus: client.address().to_owned(),
        at: at.ok(),
        window: window::text(options.window),
        matchers: options.matchers.iter().map(matcher).collect(),
        min_events: options.events_min,
        objectives: judged,
    })
}

fn judge_one(objective: &Objective, plan: &Plan, evidence: &Evidence) -> Judged {
    let decision = decide(evidence, &plan.terms);
    Judged::new(objective, decision, seen(evidence, plan.terms.window))
}

fn nothing(lost: &Lost) -> Evidence {
    Evidence {
        total: Err(lost.clone()),
        counted: Err(lost.clone()),
        targets: Err(lost.clone()),
        period: None,
        warnings: Vec::new(),
    }
}

fn seen(evidence: &Evidence, window: Duration) -> Seen {
    let Ok(targets) = &evidence.targets else {
        return Seen::default();
    };
    let scraped = |target: &Target| Some(target.scrapes * target.interval_seconds?);
    let longest = targets.iter().filter_map(scraped).reduce(f64::max);
    let has_up = |target: &Target| target.scrapes > 0.0;
    Seen {
        observed_seconds: longest.map(|seconds| seconds.min(window.as_secs_f64())),
        has_up: (!targets.is_empty()).then(|| targets.iter().any(has_up)),
    }
}

async fn evidence(asker: &mut Asker<'_>, plan: &Plan) -> Evidence {
    let mut warnings = Warnings::default();
    let total = reading(asker, &plan.total, &mut warnings).await;
    let counted = reading(asker, &plan.counted, &mut warnings).await;
    let targets = targets(asker, plan, &mut warnings).await;
    let mut period = None;
    if let Some(plan) = &plan.period {
        period = Some(Period {
            total: reading(asker, &plan.total, &mut warnings).await,
            counted: reading(asker, &plan.counted, &mut warnings).await,
            history: reading(asker, &plan.edge, &mut warnings).await,
        });
    }
    Evidence {
        total,
        counted,
        targets,
        period,
        warnings: warnings.0,
    }
}

#[derive(Default)]
struct Warnings(Vec<String>);

impl Warnings {
    fn add(&mut self, warnings: &[String]) {
        for warning in warnings {
            if self.0.len() < WARNINGS_MAX && !self.0.contains(warning) {
                self.0.push(warning.clone());
            }
        }
    }

    fn of_answer(&mut self, answer: Answer) -> Answer {
        self.add(&answer.warnings);
        answer
    }

    fn of_matrix(&mut self, matrix: Matrix) -> Matrix {
        self.add(&matrix.warnings);
        matrix
    }
}

async fn reading(asker: &mut Asker<'_>, query: &str, warnings: &mut Warnings) -> Asked<Reading> {
    let answer = warnings.of_answer(asker.instant(query).await?);
    Ok(Reading {
        values: answer.vector.iter().map(|sample| sample.value).collect(),
    })
}

/// Job and instance.
type Key = (String, String);

fn key(labels: &Labels) -> Key {
    let label = |name: &str| labels.get(name).cloned().unwrap_or_default();
    (label("job"), label("instance"))
}

fn by_key(answer: &Answer) -> BTreeMap<Key, f64> {
    answer
        .vector
        .iter()
        .map(|sample| (key(&sample.labels), sample.value))
        .collect()
}

async fn targets(
    asker: &mut Asker<'_>,
    plan: &Plan,
    warnings: &mut Warnings,
) -> Asked<Vec<Target>> {
    let mut ages: BTreeMap<Key, Option<f64>> = BTreeMap::new();
    for selector in &plan.selectors {
        for (key, age) in ages_of(asker, selector, warnings).await? {
            // The oldest counts, and one that is gone is older than any.
            let oldest = match (ages.get(&key), age) {
                (None, age) => age,
                (Some(Some(known)), Some(age)) => Some(older(*known, age)),
                _ => None,
            };
            ages.insert(key, oldest);
        }
    }
    let jobs: BTreeSet<&str> = ages
        .keys()
        .map(|(job, _)| job.as_str())
        .filter(|job| !job.is_empty())
        .collect();
    let up = if jobs.is_empty() {
        Up::default()
    } else {
        let jobs: Vec<&str> = jobs.into_iter().collect();
        up(asker, &UpPlan::new(&jobs, plan.terms.window), warnings).await?
    };
    Ok(ages
        .into_iter()
        .map(|(key, age_seconds)| up.target(key, age_seconds))
        .collect())
}

/// The greater of two ages; one that makes no sense spoils the other.
fn older(one: f64, other: f64) -> f64 {
    let makes_sense = |age: f64| age.is_finite() && age >= AGE_SECONDS_MIN;
    if makes_sense(one) && makes_sense(other) {
        one.max(other)
    } else {
        f64::NAN
    }
}

/// Age of the newest sample of every target that had series of a selector in the window.
async fn ages_of(
    asker: &mut Asker<'_>,
    plan: &SelectorPlan,
    warnings: &mut Warnings,
) -> Asked<Vec<(Key, Option<f64>)>> {
    let there = warnings.of_answer(asker.instant(&plan.targets).await?);
    let newest = by_key(&warnings.of_answer(asker.instant(&plan.newest).await?));
    let now = asker.at_seconds();
    let age = |key: Key| {
        let age = newest.get(&key).map(|time| now - time);
        (key, age)
    };
    Ok(by_key(&there).into_keys().map(age).collect())
}

/// What `up` says of some jobs.
#[derive(Default)]
struct Up {
    now: BTreeMap<Key, f64>,
    scrapes: BTreeMap<Key, f64>,
    scrapes_good: BTreeMap<Key, f64>,
    intervals: BTreeMap<Key, f64>,
}

async fn up(asker: &mut Asker<'_>, plan: &UpPlan, warnings: &mut Warnings) -> Asked<Up> {
    let now = by_key(&warnings.of_answer(asker.instant(&plan.now).await?));
    let scrapes = by_key(&warnings.of_answer(asker.instant(&plan.scrapes).await?));
    let scrapes_good = by_key(&warnings.of_answer(asker.instant(&plan.scrapes_good).await?));
    let recent = warnings.of_matrix(asker.samples(&plan.recent).await?);
    let interval = |series: &crate::prometheus::Series| {
        let times: Vec<f64> = series.points.iter().map(|(time, _)| *time).collect();
        Some((key(&series.labels), median_gap(&times)?))
    };
    let intervals = recent.series.iter().filter_map(interval).collect();
    Ok(Up {
        now,
        scrapes,
        scrapes_good,
        intervals,
    })
}

impl Up {
    fn target(&self, key: Key, age_seconds: Option<f64>) -> Target {
        let scrapes = self.scrapes.get(&key).copied().unwrap_or(0.0);
        let good = self.scrapes_good.get(&key).copied().unwrap_or(0.0);
        Target {
            up_now: self.now.get(&key).copied(),
            scrapes,
            scrapes_failed: scrapes - good,
            interval_seconds: self.intervals.get(&key).copied(),
            age_seconds,
            job: key.0,
            instance: key.1,
        }
    }
}

/// The middle one of the gaps between times.
fn median_gap(times: &[f64]) -> Option<f64> {
    let mut gaps: Vec<f64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    gaps.sort_by(f64::total_cmp);
    gaps.get(gaps.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_is_the_middle_gap() {
        assert_eq!(median_gap(&[]), None);
        assert_eq!(median_gap(&[5.0]), None);
        assert_eq!(median_gap(&[0.0, 15.0, 30.0, 90.0, 105.0]), Some(15.0));
    }

    #[test]
    fn an_age_that_makes_no_sense_is_not_covered_by_another() {
        assert_eq!(older(3.0, 5.0), 5.0);
        for odd in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -60.0] {
            assert!(
                older(odd, 5.0).is_nan() && older(5.0, odd).is_nan(),
                "{odd}"
            );
        }
    }

    #[test]
    fn a_scrape_that_is_no_number_counts_as_failed() {
        let key = || ("a".to_owned(), "b".to_owned());
        let up = Up {
            scrapes: BTreeMap::from([(key(), 10.0)]),
            scrapes_good: BTreeMap::from([(key(), f64::NAN)]),
            ..Up::default()
        };
        assert!(up.target(key(), Some(1.0)).scrapes_failed.is_nan());
    }
}
