//! Evidence to verdict: a pure function.

use super::evidence::{Asked, Counts, Evidence, Period, Reading, Target, Terms, Unit};
use super::reason::{Reason, Which};
use super::report::Verdict;
use crate::budget::Events;
use crate::statistics::{self, Proof};
use crate::text::count;

/// Share of scrapes that may fail before events count as missing. One may always fail.
const FAILED_SHARE_MAX: f64 = 0.02;

/// Scrape intervals after which a series is no longer fresh.
const STALE_INTERVALS: f64 = 5.0;

/// No series is stale sooner than this, however short its interval is.
const STALE_SECONDS_MIN: f64 = 15.0;

/// No sample is newer than the time that is looked at, but for rounding.
pub(super) const AGE_SECONDS_MIN: f64 = -1.0;

/// Interval that is assumed of series whose scrapes are not known: Prometheus' default.
const INTERVAL_SECONDS_DEFAULT: f64 = 60.0;

/// Prometheus extrapolates each series for itself, so a part may exceed its whole by this share…
const EXTRAPOLATION_SHARE_MAX: f64 = 0.01;

/// …or by this many events.
const EXTRAPOLATION_EVENTS_MAX: f64 = 1.0;

/// Most reasons of one kind that name a target.
const TARGETS_NAMED_MAX: usize = 5;

/// What was decided on one objective.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// The verdict.
    pub verdict: Verdict,
    /// Why it is not a pass; empty for a pass.
    pub reasons: Vec<Reason>,
    /// The events of the window, when they are known.
    pub events: Option<Events>,
    /// The events of the objective's own window, when they are known.
    pub period: Option<PeriodFigures>,
}

/// The figures of the objective's own window.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PeriodFigures {
    /// The events, as far as the history goes.
    pub events: Events,
    /// Whether the history is as long as the window; else the figures are only information.
    pub is_complete: bool,
}

/// Decides on one objective.
#[must_use]
pub fn decide(evidence: &Evidence, terms: &Terms) -> Decision {
    let mut misses = Vec::new();
    let mut doubts = Vec::new();
    let seen = known(&evidence.unmeasured)
        .and_then(|()| events(&evidence.total, &evidence.counted, terms.counts));
    let events = match seen {
        Ok(events) => {
            judge_window(events, terms, &mut misses, &mut doubts);
            Some(events)
        }
        Err(reasons) => {
            doubts.extend(reasons);
            None
        }
    };
    // Where there is no series there is no target either, and one reason is enough.
    let is_nobody = evidence.targets.as_ref().is_ok_and(Vec::is_empty);
    if events.is_some() || !is_nobody {
        doubts.extend(doubts_of_targets(&evidence.targets));
    }
    let period = evidence
        .period
        .as_ref()
        .and_then(|period| judge_period(period, terms, &mut misses, &mut doubts));
    doubts.extend(evidence.warnings.iter().map(|message| Reason::Partial {
        message: message.clone(),
    }));
    let is_partial = !evidence.warnings.is_empty();
    let verdict = match (misses.is_empty(), doubts.is_empty()) {
        (false, _) if !is_partial => Verdict::Fail,
        (true, true) => Verdict::Pass,
        _ => Verdict::Inconclusive,
    };
    misses.extend(doubts);
    Decision {
        verdict,
        reasons: without_repeats(misses),
        events,
        period,
    }
}

/// Nothing says that there are no counts.
fn known(unmeasured: &[Reason]) -> Result<(), Vec<Reason>> {
    if unmeasured.is_empty() {
        Ok(())
    } else {
        Err(unmeasured.to_vec())
    }
}

fn judge_window(events: Events, terms: &Terms, misses: &mut Vec<Reason>, doubts: &mut Vec<Reason>) {
    if !are_enough(events, terms) {
        doubts.push(Reason::TooFewEvents {
            seen: events.total,
            needed: needed(terms),
            unit: terms.unit,
        });
        return;
    }
    let error_ratio = events.error_ratio().unwrap_or(1.0);
    let allowed_ratio = 1.0 - terms.target;
    let missed = Reason::Missed {
        error_ratio,
        allowed_ratio,
        total: events.total,
    };
    if terms.unit != Unit::Events {
        // Time is seen whole; nothing is drawn from it, so there is nothing to be unsure about.
        misses.extend((!events.hold(terms.target)).then_some(missed));
        return;
    }
    match statistics::judge(events.bad, events.total, allowed_ratio, terms.bound) {
        Proof::Holds => {}
        Proof::Missed => misses.push(missed),
        Proof::Open { more_needed } => doubts.push(Reason::Undecided {
            error_ratio,
            lower: terms.bound.lower(events.bad, events.total).unwrap_or(0.0),
            upper: terms.bound.upper(events.bad, events.total).unwrap_or(1.0),
            allowed_ratio,
            more_needed,
        }),
    }
}

fn judge_period(
    period: &Period,
    terms: &Terms,
    misses: &mut Vec<Reason>,
    doubts: &mut Vec<Reason>,
) -> Option<PeriodFigures> {
    let is_complete = match number(&period.history, Which::History) {
        Ok(series) => series > 0.0,
        Err(Reason::NoData { .. }) => false,
        Err(reason) => {
            doubts.push(reason);
            return None;
        }
    };
    let seen = known(&period.unmeasured)
        .and_then(|()| events(&period.total, &period.counted, terms.counts));
    match seen {
        Ok(events) => {
            let counts = is_complete && !terms.is_budget_left_to_policy;
            if counts && are_enough(events, terms) && !events.hold(terms.target) {
                misses.push(Reason::BudgetSpent {
                    error_ratio: events.error_ratio().unwrap_or(1.0),
                    allowed_ratio: 1.0 - terms.target,
                });
            }
            Some(PeriodFigures {
                events,
                is_complete,
            })
        }
        Err(reasons) => {
            doubts.extend(reasons);
            None
        }
    }
}

/// Fewer slices or points than this say little of a window.
const SLICES_MIN: u64 = 10;

fn needed(terms: &Terms) -> u64 {
    match terms.unit {
        Unit::Events => terms.events_min.max(1),
        Unit::Slices | Unit::Points => SLICES_MIN,
    }
}

fn are_enough(events: Events, terms: &Terms) -> bool {
    events.total >= needed(terms) as f64
}

/// The events of two readings, when both are sound and fit each other.
fn events(
    total: &Asked<Reading>,
    counted: &Asked<Reading>,
    counts: Counts,
) -> Result<Events, Vec<Reason>> {
    let which = Which::from(counts);
    let (total, counted) = match (number(total, Which::Total), number(counted, which)) {
        (Ok(total), Ok(counted)) => (total, counted),
        (total, counted) => {
            return Err([total.err(), counted.err()].into_iter().flatten().collect());
        }
    };
    let part_max = total * (1.0 + EXTRAPOLATION_SHARE_MAX) + EXTRAPOLATION_EVENTS_MAX;
    if counted > part_max {
        let message = format!(
            "{} events were {which}, of {} in total",
            count(counted),
            count(total)
        );
        return Err(vec![Reason::Contradiction { message }]);
    }
    let counted = counted.min(total);
    let bad = match counts {
        Counts::Bad => counted,
        Counts::Good => total - counted,
    };
    Ok(Events { total, bad })
}

fn number(reading: &Asked<Reading>, query: Which) -> Result<f64, Reason> {
    let reading = reading
        .as_ref()
        .map_err(|lost| Reason::from(lost.clone()))?;
    let value = match reading.values.as_slice() {
        [] => return Err(Reason::NoData { query }),
        [value] => *value,
        many => {
            return Err(Reason::SeveralSeries {
                query,
                series: many.len(),
            });
        }
    };
    if !value.is_finite() {
        return Err(Reason::Nan {
            query,
            value: value.to_string(),
        });
    }
    if value < 0.0 {
        let message = format!("The count for {query} is {value}, below 0");
        return Err(Reason::Contradiction { message });
    }
    Ok(value)
}

fn doubts_of_targets(targets: &Asked<Vec<Target>>) -> Vec<Reason> {
    let targets = match targets {
        Ok(targets) => targets,
        Err(lost) => return vec![lost.clone().into()],
    };
    // A target that is gone together with its series was retired, but not the last of them.
    let is_retired = |target: &&Target| target.up_now.is_none() && target.age_seconds.is_none();
    if targets.iter().all(|target| is_retired(&target)) {
        return vec![nobody_left(targets)];
    }
    let mut doubts = Vec::new();
    for find in [down, stale] {
        let present = targets.iter().filter(|target| !is_retired(target));
        doubts.extend(present.filter_map(find).take(TARGETS_NAMED_MAX));
    }
    // What a retired one did not record is missing all the same.
    for find in [gap, born] {
        doubts.extend(targets.iter().filter_map(find).take(TARGETS_NAMED_MAX));
    }
    doubts
}

fn nobody_left(targets: &[Target]) -> Reason {
    match targets.first() {
        Some(target) => Reason::TargetDown {
            target: name(target),
            detail: "is not scraped any more, and no other counts these events".to_owned(),
        },
        None => Reason::Stale {
            target: "the indicator".to_owned(),
            detail: "none of its series is there".to_owned(),
        },
    }
}

fn name(target: &Target) -> String {
    let named = [&target.job, &target.instance]
        .into_iter()
        .filter(|part| !part.is_empty());
    let name = named
        .map(|part| crate::text::shown(part))
        .collect::<Vec<_>>()
        .join("/");
    if name.is_empty() {
        "a series without job and instance".to_owned()
    } else {
        name
    }
}

/// By how many more of the scrapes failed than may; NaN when the figures make no sense.
pub(super) fn failed_too_many(scrapes: f64, failed: f64) -> f64 {
    if failed >= 0.0 {
        failed - (scrapes * FAILED_SHARE_MAX).max(1.0)
    } else {
        f64::NAN
    }
}

fn down(target: &Target) -> Option<Reason> {
    let detail = match target.up_now {
        // Series that no scrape makes have no `up` at all; then their freshness has to do.
        None if target.scrapes == 0.0 => return None,
        None => "is not scraped any more".to_owned(),
        // Anything but a clear 1 is not up; NaN is not either.
        Some(up) if up != 1.0 => "is down now".to_owned(),
        Some(_) if !(1.0..f64::INFINITY).contains(&target.scrapes) => {
            "was not scraped in the window".to_owned()
        }
        Some(_) if failed_too_many(target.scrapes, target.scrapes_failed) <= 0.0 => return None,
        Some(_) => {
            let (failed, all) = (count(target.scrapes_failed), count(target.scrapes));
            format!("failed {failed} of {all} scrapes in the window")
        }
    };
    Some(Reason::TargetDown {
        target: name(target),
        detail,
    })
}

/// How long a target may go without a sample.
fn limit_seconds(target: &Target) -> f64 {
    let interval = target
        .interval_seconds
        .filter(|seconds| seconds.is_finite() && *seconds > 0.0);
    let interval = interval.unwrap_or(INTERVAL_SECONDS_DEFAULT);
    (interval * STALE_INTERVALS).max(STALE_SECONDS_MIN)
}

fn stale(target: &Target) -> Option<Reason> {
    let limit = limit_seconds(target);
    let detail = match target.age_seconds {
        Some(age) if (AGE_SECONDS_MIN..=limit).contains(&age) => return None,
        Some(age) if !age.is_finite() || age < AGE_SECONDS_MIN => {
            "the time of its newest sample makes no sense".to_owned()
        }
        Some(age) => format!("its newest sample is {age:.0} s old, more than {limit:.0} s"),
        // What is down has no fresh series either, and one reason is enough.
        None if target.up_now != Some(1.0) => return None,
        None => "it is scraped, but series that it had in the window are gone".to_owned(),
    };
    Some(Reason::Stale {
        target: name(target),
        detail,
    })
}

/// A hole in which nobody scraped, so that no scrape failed either.
fn gap(target: &Target) -> Option<Reason> {
    let limit_seconds = limit_seconds(target);
    let seconds = match target.gap_seconds {
        Some(gap) if (0.0..=limit_seconds).contains(&gap) => return None,
        Some(gap) => Some(gap).filter(|gap| gap.is_finite() && *gap > 0.0),
        // Of one scrape or two there is no gap that could be told.
        None if target.scrapes <= 2.0 => return None,
        None => None,
    };
    Some(Reason::Gap {
        target: name(target),
        seconds,
        limit_seconds,
    })
}

/// Counters that began above 0 although their target was scraped before. All counters of a target
/// that is new as a whole begin somewhere; of it only those count that came after its first scrape.
fn born(target: &Target) -> Option<Reason> {
    let is_new = target.scrapes > 0.0 && target.up_at_start.is_none_or(|up| up == 0.0);
    let value = if is_new {
        target.born_late_at?
    } else {
        target.born_at?
    };
    if value == 0.0 {
        return None;
    }
    Some(Reason::BornInWindow {
        target: name(target),
        value: Some(value).filter(|value| value.is_finite()),
    })
}

fn without_repeats(reasons: Vec<Reason>) -> Vec<Reason> {
    let mut kept: Vec<Reason> = Vec::new();
    for reason in reasons {
        if !kept.contains(&reason) {
            kept.push(reason);
        }
    }
    kept
}

#[cfg(test)]
mod tests;
