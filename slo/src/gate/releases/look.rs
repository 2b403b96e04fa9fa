//! Asks when which release was there, and what each did.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use jiff::Timestamp;

use super::compare::{Measured, Names, compared, unknown};
use super::figures::{Row, Values, bounds, highest_bound, rows};
use super::spans::{Span, alone, current, spans};
use super::{INTERVALS_MIN, Release, Releases, ReleasesPlan};
use crate::gate::ask::{Asker, Deadline, Source};
use crate::gate::evidence::{Asked, Lost, LostKind};
use crate::prometheus::{Client, Matrix};
use crate::promql;
use crate::window;

/// The most points of a look at all releases.
const POINTS_MAX: u32 = 2_000;

/// Points of a closer look at one step of it.
const POINTS_CLOSER: i64 = 100;

/// No look is finer, in milliseconds: a usual time from scrape to scrape.
const STEP_MIN: i64 = 15_000;

/// Every look takes in at least so much, so that slower scrapes do not make a release come and go.
const REACH_MIN: i64 = 60_000;

/// A release that is missing no longer, in milliseconds, was not away.
const GAP_MIN: i64 = 600_000;

/// A release whose newest sample is older, in milliseconds, is not there any more: what Prometheus
/// calls stale.
const FRESH: i64 = 300_000;

/// The most values of the label: it should change with releases, not with requests.
const NAMES_MAX: usize = 500;

/// The most releases, latest first, whose ends are looked at closer.
const CLOSER_MAX: usize = 32;

/// Intervals of a window.
const INTERVALS: u32 = 30;

/// An interval is this long at least, in windows that have eight of them: four scrapes of 15
/// seconds.
const INTERVAL_MIN: Duration = Duration::from_secs(60);

/// The most rows that are asked for at the same time; their questions have a bound of their own.
const ROWS_AT_ONCE: usize = 16;

/// Sets the release that is there at `at` beside the ones before it, by what `client` knows. It
/// takes no longer than `timeout`, with at most `concurrency` questions at the same time.
///
/// `None` when no series of the metric names a release. What cannot be known of a figure is
/// inconclusive, in its row.
///
/// # Errors
/// [`LostKind::BadQuery`] for a plan that cannot be asked for, [`LostKind::TooLarge`] when the label
/// has too many values; else why there is no answer.
pub async fn side_by_side(
    client: &Client,
    plan: &ReleasesPlan<'_>,
    at: Timestamp,
    timeout: Duration,
    concurrency: usize,
) -> Asked<Option<Releases>> {
    let source = Source::Live {
        client,
        recorder: None,
        deadline: Deadline::after(timeout),
    };
    let asker = Asker::new(source, client.address(), concurrency).looking_at(at);
    releases(&asker, plan).await
}

/// The same for who asks more.
pub(in crate::gate) async fn releases(
    asker: &Asker<'_>,
    plan: &ReleasesPlan<'_>,
) -> Asked<Option<Releases>> {
    plan.check().map_err(bad)?;
    let look = Look::of(asker, plan);
    let (spans, doubt) = look.spans().await?;
    let Some(last) = spans.last() else {
        return Ok(None);
    };
    let at = asker.at().as_millisecond();
    let current = current(&spans, at - FRESH);
    let span = current.map_or(last, |index| &spans[index]);
    let before = spans.iter().rev().filter(|other| other.since < span.since);
    let before: Vec<&Span> = before.take(plan.number).collect();
    let mut releases = Releases {
        // The newest sample of a release that is there is a scrape old.
        current: release(span, if current.is_some() { at } else { span.until }),
        earlier: before
            .iter()
            .map(|span| release(span, span.until))
            .collect(),
        rows: Vec::new(),
        is_first: before.is_empty(),
    };
    if before.is_empty() {
        return Ok(Some(releases));
    }
    let why = match (doubt, current) {
        (Some(doubt), _) => Some(format!(
            "the answer about {} may be partial ({doubt})",
            plan.metric
        )),
        (None, None) => Some(format!(
            "no release is there now; {} was last seen at {}",
            span.name,
            moment(span.until)
        )),
        (None, Some(_)) => look.mixed(span, &spans),
    };
    releases.rows = match why {
        Some(why) => unknown(rows(plan, "5m"), before.len(), &why),
        None => look.compare(span, &before, &spans).await?,
    };
    Ok(Some(releases))
}

fn release(span: &Span, until: i64) -> Release {
    Release {
        name: crate::text::shown(&span.name),
        since: moment(span.since),
        until: moment(until),
    }
}

fn moment(millis: i64) -> Timestamp {
    Timestamp::from_millisecond(millis).unwrap_or(Timestamp::MIN)
}

fn bad(message: String) -> Lost {
    Lost {
        kind: LostKind::BadQuery,
        message: format!("releases: {message}"),
    }
}

/// A look at the releases up to the time that is looked at. Lengths of time are in milliseconds.
struct Look<'a> {
    asker: &'a Asker<'a>,
    plan: &'a ReleasesPlan<'a>,
    /// From point to point.
    step: i64,
    /// How much of the time before a point it takes in.
    reach: i64,
    /// The first point.
    start: i64,
    selector: String,
}

/// The times at which each release was seen.
type Seen = BTreeMap<String, Vec<i64>>;

impl<'a> Look<'a> {
    fn of(asker: &'a Asker<'_>, plan: &'a ReleasesPlan<'_>) -> Self {
        let lookback = i64::try_from(plan.lookback.as_millis()).unwrap_or(i64::MAX);
        let seconds = lookback / i64::from(POINTS_MAX - 1) / 1_000 + 1;
        let step = (seconds * 1_000).max(STEP_MIN);
        let others = plan.matchers.iter().filter(|(name, _)| *name != plan.label);
        let matchers = others.map(|(name, value)| {
            let value = promql_parser::util::escape_string(value);
            format!("{name}=\"{value}\"")
        });
        let matchers: Vec<String> = matchers.collect();
        Self {
            asker,
            plan,
            step,
            reach: step.max(REACH_MIN),
            start: asker.at().as_millisecond() - lookback / step * step,
            selector: format!("{}{{{}}}", plan.metric, matchers.join(",")),
        }
    }

    /// The releases by their beginning, and what the server doubts about them.
    async fn spans(&self) -> Asked<(Vec<Span>, Option<String>)> {
        let (label, selector) = (&self.plan.label, &self.selector);
        let reach = window::text(Duration::from_millis(self.reach.unsigned_abs()));
        let query = format!("count by ({label}) (last_over_time({selector}[{reach}]))");
        let at = self.asker.at().as_millisecond();
        let answer = self.range(&query, self.start, at, self.step).await?;
        let seen = self.seen(&answer, |time, _| time)?;
        let mut spans = spans(&seen, GAP_MIN.max(2 * self.step));
        let mut doubt = answer.warnings.first().cloned();
        let far = spans.len().saturating_sub(CLOSER_MAX);
        for (index, span) in spans.iter_mut().enumerate() {
            // Closer looks at one time are one question, however many releases changed then. All
            // that were there lately are told by one.
            let mut closer = Seen::new();
            if index >= far || span.until == at {
                closer = self.closer(span.until, &mut doubt).await?;
            }
            let times = closer.get(&span.name).into_iter().flatten();
            // What is not seen closer ends as early as it may have.
            let until = times.max().copied().unwrap_or(span.until - self.reach);
            if index >= far {
                closer = self.closer(span.since, &mut doubt).await?;
            }
            let times = closer.get(&span.name).into_iter().flatten();
            let since = times.copied().filter(|time| *time <= span.since).min();
            span.since = since.unwrap_or(span.since);
            span.until = until.max(span.since);
        }
        spans.sort_by(|one, other| {
            let key = |span: &Span| (span.since, span.until);
            key(one).cmp(&key(other))
        });
        Ok((spans, doubt))
    }

    /// When each release was sampled in what a point takes in.
    async fn closer(&self, point: i64, doubt: &mut Option<String>) -> Asked<Seen> {
        let query = format!(
            "max by ({}) (timestamp({}))",
            self.plan.label, self.selector
        );
        let step = (self.reach / POINTS_CLOSER).max(1_000);
        let first = point - self.reach;
        let answer = self.range(&query, first, point, step).await?;
        if doubt.is_none() {
            *doubt = answer.warnings.first().cloned();
        }
        let mut seen = self.seen(&answer, |_, value| (value * 1_000.0) as i64)?;
        for times in seen.values_mut() {
            // Prometheus looks back further than the point does.
            times.retain(|time| (first..=point).contains(time));
        }
        Ok(seen)
    }

    async fn range(&self, query: &str, from: i64, to: i64, step: i64) -> Asked<Arc<Matrix>> {
        let step = Duration::from_millis(step.unsigned_abs());
        let range = self.asker.range(query, moment(from), moment(to), step);
        range.await
    }

    /// What `time` makes of the points of each release. Series without the label name none.
    fn seen(&self, matrix: &Matrix, time: impl Fn(i64, f64) -> i64) -> Asked<Seen> {
        if matrix.series.len() > NAMES_MAX {
            return Err(Lost {
                kind: LostKind::TooLarge,
                message: format!(
                    "{} has {} values of {} in {}, more than {NAMES_MAX}: name another label",
                    self.plan.metric,
                    matrix.series.len(),
                    self.plan.label,
                    window::text(self.plan.lookback)
                ),
            });
        }
        let mut seen = Seen::new();
        for series in &matrix.series {
            let Some(name) = series.labels.get(&self.plan.label) else {
                continue;
            };
            let points = series.points.iter();
            let times = points.map(|(at, value)| time((at * 1_000.0).round() as i64, *value));
            seen.entry(name.clone()).or_default().extend(times);
        }
        Ok(seen)
    }

    /// Why the figures of the current release are not its own, if they are not.
    fn mixed(&self, current: &Span, spans: &[Span]) -> Option<String> {
        let at = self.asker.at().as_millisecond();
        let is_there = |other: &&Span| *other != current && other.until >= at - REACH_MIN;
        let other = spans.iter().find(is_there)?;
        (!self.plan.tells_apart()).then(|| {
            let (current, other) = (&current.name, &other.name);
            format!("{current} runs beside {other}, and most series are of both")
        })
    }

    /// The time over which a release is looked at.
    fn stretch(&self, span: &Span, spans: &[Span]) -> Option<(i64, i64)> {
        if self.plan.tells_apart() {
            return (span.until > span.since).then_some((span.since, span.until));
        }
        alone(span, spans.iter().filter(|other| *other != span))
    }

    async fn compare(
        &self,
        span: &Span,
        before: &[&Span],
        spans: &[Span],
    ) -> Asked<Vec<super::Compared>> {
        let at = self.asker.at().as_millisecond();
        let mut stretch = self.stretch(span, spans);
        if let Some((_, end)) = &mut stretch {
            // Its newest sample is a scrape old.
            *end = at;
        }
        let length = stretch.map_or(0, |(begin, end)| end - begin);
        let interval = interval(self.plan.window, length);
        let stretches = before.iter().map(|span| self.stretch(span, spans));
        let stretches: Vec<Option<(i64, i64)>> = [stretch].into_iter().chain(stretches).collect();
        let names: Vec<String> = [span]
            .into_iter()
            .chain(before.iter().copied())
            .map(|span| span.name.clone())
            .collect();
        let rows = rows(self.plan, &window::text(interval));
        let all = rows.into_iter().map(|row| {
            let (names, stretches) = (&names, &stretches);
            async move { self.measure(row, names, stretches, interval).await }
        });
        let all = stream::iter(all).buffered(ROWS_AT_ONCE);
        let measured: Vec<Measured> = all.try_collect().await?;
        let shown: Vec<String> = names.iter().map(|name| crate::text::shown(name)).collect();
        let (current, earlier) = shown.split_at(1);
        let names = Names {
            current: &current[0],
            earlier,
        };
        Ok(compared(measured, names))
    }

    async fn measure(
        &self,
        row: Row,
        names: &[String],
        stretches: &[Option<(i64, i64)>],
        interval: Duration,
    ) -> Asked<Measured> {
        let mut values = Vec::with_capacity(names.len());
        for (name, stretch) in names.iter().zip(stretches) {
            values.push(match stretch {
                Some((begin, end)) => self.values(&row, name, *begin, *end, interval).await?,
                None => Values::Known(Vec::new()),
            });
        }
        let current = values.remove(0);
        let highest = match (&self.plan.requests, stretches.first()) {
            (Some(requests), Some(Some((_, end)))) if row.is_quantile() => {
                let query = bounds(&requests.histogram, &window::text(interval));
                let query = self.narrowed(&query, &names[0])?;
                highest_bound(&*self.asker.instant_at(&query, moment(*end)).await?)
            }
            _ => None,
        };
        Ok(Measured {
            row,
            current,
            earlier: values,
            highest,
        })
    }

    /// The value of each interval of the latest window of a stretch.
    async fn values(
        &self,
        row: &Row,
        name: &str,
        begin: i64,
        end: i64,
        interval: Duration,
    ) -> Asked<Values> {
        let window = i64::try_from(self.plan.window.as_millis()).unwrap_or(i64::MAX);
        let step = i64::try_from(interval.as_millis()).unwrap_or(i64::MAX);
        let intervals = (end - begin).min(window) / step;
        if intervals < 1 {
            return Ok(Values::Known(Vec::new()));
        }
        let query = self.narrowed(&row.query, name)?;
        let first = end - (intervals - 1) * step;
        let answer = self.range(&query, first, end, step).await?;
        Ok(Values::read(&answer))
    }

    fn narrowed(&self, query: &str, release: &str) -> Asked<String> {
        promql::with_matchers(query, &self.plan.matchers_of(release)).map_err(bad)
    }
}

/// How long an interval is, when the current release has been alone for `length`. A release that is
/// younger than the window has shorter ones, yet none in which `rate` has too few samples.
fn interval(window: Duration, length: i64) -> Duration {
    let least = INTERVAL_MIN.min(window / INTERVALS_MIN);
    let length = Duration::from_millis(length.max(0).unsigned_abs()).min(window);
    Duration::from_secs((length / INTERVALS).max(least).as_secs().max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_young_release_has_short_intervals_but_none_too_short() {
        let seconds = |window: u64, alone: i64| {
            interval(Duration::from_secs(window), alone * 1_000).as_secs()
        };
        assert_eq!(seconds(3_600, 7_200), 120);
        assert_eq!(seconds(3_600, 2_400), 80);
        assert_eq!(seconds(3_600, 90), 60, "one interval, which tells nothing");
        assert_eq!(
            seconds(90, 7_200),
            11,
            "a rehearsal is short and is scraped each second"
        );
        assert_eq!(seconds(8, -5), 1);
    }
}
