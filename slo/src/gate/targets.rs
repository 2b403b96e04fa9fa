//! Who recorded the events, and how well. Series of one job and instance may differ in other
//! labels; then the worst of them speaks for all.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::ask::Asker;
use super::collect::Warnings;
use super::decide::{AGE_SECONDS_MIN, failed_too_many};
use super::evidence::{Asked, Target};
use super::plan::{Plan, RECENT, SelectorPlan, UpPlan};
use crate::prometheus::{Answer, Labels, Matrix};

/// Times are told in milliseconds, and sums of them are not exact.
const ROUNDING_SECONDS: f64 = 0.01;

/// Job and instance.
type Key = (String, String);

fn key(labels: &Labels) -> Key {
    let label = |name: &str| labels.get(name).cloned().unwrap_or_default();
    (label("job"), label("instance"))
}

/// One value for each target; of several the one that `worst` makes of them.
fn by_key(
    values: impl IntoIterator<Item = (Key, f64)>,
    worst: fn(f64, f64) -> f64,
) -> BTreeMap<Key, f64> {
    let mut found = BTreeMap::new();
    for (key, value) in values {
        found
            .entry(key)
            .and_modify(|known| *known = worst(*known, value))
            .or_insert(value);
    }
    found
}

fn samples(answer: &Answer) -> impl Iterator<Item = (Key, f64)> {
    let sample = |sample: &crate::prometheus::Sample| (key(&sample.labels), sample.value);
    answer.vector.iter().map(sample)
}

/// Every target behind the selectors of a plan.
pub(super) async fn targets(
    asker: &Asker<'_>,
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
    let born = first_values(asker, &plan.born, warnings).await?;
    let born_late = first_values(asker, &plan.born_late, warnings).await?;
    let jobs: BTreeSet<&str> = ages
        .keys()
        .map(|(job, _)| job.as_str())
        .filter(|job| !job.is_empty())
        .collect();
    let up = if jobs.is_empty() {
        Up::default()
    } else {
        let jobs: Vec<&str> = jobs.into_iter().collect();
        up(asker, &jobs, plan.terms.window, warnings).await?
    };
    let target = |(key, age_seconds): (Key, Option<f64>)| Target {
        born_at: born.get(&key).copied(),
        born_late_at: born_late.get(&key).copied(),
        ..up.target(key, age_seconds)
    };
    Ok(ages.into_iter().map(target).collect())
}

/// First values by target; of several the highest.
async fn first_values(
    asker: &Asker<'_>,
    queries: &[String],
    warnings: &mut Warnings,
) -> Asked<BTreeMap<Key, f64>> {
    let mut values = Vec::new();
    for query in queries {
        values.extend(samples(&warnings.of_answer(asker.instant(query).await?)));
    }
    Ok(by_key(values, higher))
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

/// The greater of two; NaN spoils the other.
fn higher(one: f64, other: f64) -> f64 {
    if one.is_nan() || other.is_nan() {
        f64::NAN
    } else {
        one.max(other)
    }
}

/// Of two values of `up` one that is not up, if there is one.
fn less_up(one: f64, other: f64) -> f64 {
    if one == 1.0 { other } else { one }
}

/// Of two values of `up` one that is not down, if there is one.
fn more_up(one: f64, other: f64) -> f64 {
    if one == 0.0 { other } else { one }
}

/// Age of the newest sample of every target that had series of a selector in the window.
async fn ages_of(
    asker: &Asker<'_>,
    plan: &SelectorPlan,
    warnings: &mut Warnings,
) -> Asked<Vec<(Key, Option<f64>)>> {
    let there = warnings.of_answer(asker.instant(&plan.targets).await?);
    let newest = warnings.of_answer(asker.instant(&plan.newest).await?);
    let now = asker.at_seconds();
    let ages = samples(&newest).map(|(key, time)| (key, now - time));
    let ages = by_key(ages, older);
    let there: BTreeSet<Key> = samples(&there).map(|(key, _)| key).collect();
    let age = |key: Key| {
        let age = ages.get(&key).copied();
        (key, age)
    };
    Ok(there.into_iter().map(age).collect())
}

/// What `up` says of some jobs.
#[derive(Default)]
struct Up {
    now: BTreeMap<Key, f64>,
    at_start: BTreeMap<Key, f64>,
    scrapes: BTreeMap<Key, Scrapes>,
    rhythms: BTreeMap<Key, Rhythm>,
}

async fn up(
    asker: &Asker<'_>,
    jobs: &[&str],
    window: Duration,
    warnings: &mut Warnings,
) -> Asked<Up> {
    let plan = UpPlan::new(jobs, window);
    let now = warnings.of_answer(asker.instant(&plan.now).await?);
    let at_start = warnings.of_answer(asker.instant(&plan.at_start).await?);
    let all = warnings.of_answer(asker.instant(&plan.scrapes).await?);
    let good = warnings.of_answer(asker.instant(&plan.scrapes_good).await?);
    let matrix = warnings.of_matrix(asker.samples(&plan.samples).await?);
    Ok(Up {
        now: by_key(samples(&now), less_up),
        at_start: by_key(samples(&at_start), more_up),
        scrapes: scrapes(&all, &good),
        rhythms: rhythms(&matrix, asker.at_seconds(), window),
    })
}

impl Up {
    fn target(&self, key: Key, age_seconds: Option<f64>) -> Target {
        let scrapes = self.scrapes.get(&key).copied().unwrap_or_default();
        let rhythm = self.rhythms.get(&key).copied().unwrap_or_default();
        Target {
            up_now: self.now.get(&key).copied(),
            up_at_start: self.at_start.get(&key).copied(),
            scrapes: scrapes.all,
            scrapes_failed: scrapes.failed,
            interval_seconds: rhythm.interval_seconds,
            gap_seconds: rhythm.gap_seconds,
            age_seconds,
            born_at: None,
            born_late_at: None,
            job: key.0,
            instance: key.1,
        }
    }
}

/// Scrapes of one target in the window.
#[derive(Debug, Clone, Copy, Default)]
struct Scrapes {
    all: f64,
    failed: f64,
}

impl Scrapes {
    /// The one of which too many failed, the more the worse; else the one that was seen longer.
    fn worst(self, other: Self) -> Self {
        let badness = |of: Self| match failed_too_many(of.all, of.failed) {
            bad if bad.is_nan() => f64::INFINITY,
            bad => bad.max(0.0),
        };
        let order = badness(self).total_cmp(&badness(other));
        if order.then(self.all.total_cmp(&other.all)).is_lt() {
            other
        } else {
            self
        }
    }
}

fn scrapes(all: &Answer, good: &Answer) -> BTreeMap<Key, Scrapes> {
    let good: BTreeMap<&Labels, f64> = good
        .vector
        .iter()
        .map(|sample| (&sample.labels, sample.value))
        .collect();
    let mut found: BTreeMap<Key, Scrapes> = BTreeMap::new();
    for sample in &all.vector {
        let all = sample.value;
        let failed = all - good.get(&sample.labels).copied().unwrap_or(0.0);
        let scrapes = Scrapes { all, failed };
        found
            .entry(key(&sample.labels))
            .and_modify(|known| *known = known.worst(scrapes))
            .or_insert(scrapes);
    }
    found
}

/// How regularly one target is scraped.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Rhythm {
    interval_seconds: Option<f64>,
    gap_seconds: Option<f64>,
}

fn rhythms(matrix: &Matrix, now: f64, window: Duration) -> BTreeMap<Key, Rhythm> {
    let since = |past: Duration| now - past.as_secs_f64() - ROUNDING_SECONDS;
    let mut together: BTreeMap<Key, Vec<f64>> = BTreeMap::new();
    let mut found: BTreeMap<Key, Rhythm> = BTreeMap::new();
    for series in &matrix.series {
        let mut times: Vec<f64> = series.points.iter().map(|(time, _)| *time).collect();
        times.sort_by(f64::total_cmp);
        let after = |start: f64| &times[times.partition_point(|time| *time < start)..];
        let (recent, judged) = (after(since(RECENT)), after(since(window)));
        let key = key(&series.labels);
        let rhythm = found.entry(key.clone()).or_default();
        // The shortest interval is the strictest, and the longest gap the worst.
        let intervals = [rhythm.interval_seconds, median_gap(recent)];
        rhythm.interval_seconds = intervals.into_iter().flatten().reduce(f64::min);
        rhythm.gap_seconds = longest(rhythm.gap_seconds, longest_gap(judged));
        together.entry(key).or_default().extend(judged);
    }
    // A target that came back with other labels is another series of the same.
    for (key, mut times) in together {
        times.sort_by(f64::total_cmp);
        let rhythm = found.entry(key).or_default();
        rhythm.gap_seconds = longest(rhythm.gap_seconds, longest_gap(&times));
    }
    found
}

fn gaps(times: &[f64]) -> impl Iterator<Item = f64> {
    times.windows(2).map(|pair| pair[1] - pair[0])
}

/// The middle one of the gaps between times.
fn median_gap(times: &[f64]) -> Option<f64> {
    let mut gaps: Vec<f64> = gaps(times).collect();
    gaps.sort_by(f64::total_cmp);
    gaps.get(gaps.len() / 2).copied()
}

fn longest_gap(times: &[f64]) -> Option<f64> {
    gaps(times).reduce(f64::max)
}

fn longest(one: Option<f64>, other: Option<f64>) -> Option<f64> {
    one.into_iter().chain(other).reduce(f64::max)
}

#[cfg(test)]
mod tests;
