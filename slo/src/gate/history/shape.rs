//! From the answers of Prometheus to what a picture shows.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Grid, Mark, Row, Span};
use crate::prometheus::{Answer, Labels, Matrix};
use crate::text::{count, seconds, shown};

/// Rows of the map of latency at most; of more bounds some are left out, which joins buckets.
pub(super) const BUCKETS_MAX: usize = 24;

/// A difference of two buckets may be below zero by this share of all requests: the noise of sums.
const NOISE: f64 = 1e-9;

/// Marks and faults at most.
pub(super) const MARKS_MAX: usize = 30;

/// Labels that say who records, not what.
const OF_TARGETS: [&str; 3] = ["__name__", "job", "instance"];

/// The value of a label, fit to be shown.
pub(super) fn label(labels: &Labels, name: &str) -> String {
    let value = labels.get(name).map(|value| shown(value));
    value
        .filter(|value| !value.is_empty())
        .unwrap_or_else(|| format!("no {name}"))
}

/// Routes by their number of bad requests, the most first; what is no number counts as none.
pub(super) fn ranked(answer: &Answer, route: &str) -> Vec<(String, f64)> {
    let number = |value: f64| if value.is_finite() { value } else { 0.0 };
    let samples = answer.vector.iter();
    let mut routes: Vec<(String, f64)> = samples
        .map(|sample| (label(&sample.labels, route), number(sample.value)))
        .collect();
    routes.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    routes
}

/// The map of bad requests, its rows in the order of `ranked` and then by name, and how many rows
/// did not fit. A value outside 0 to 1 is none.
pub(super) fn routes(
    matrix: &Matrix,
    route: &str,
    ranked: &[(String, f64)],
    rows_max: usize,
    step: Duration,
) -> (Option<Grid>, usize) {
    let mut rows: BTreeMap<(usize, String), Vec<(f64, f64)>> = BTreeMap::new();
    for series in &matrix.series {
        let name = label(&series.labels, route);
        let place = ranked.iter().position(|(ranked, _)| *ranked == name);
        let row = rows.entry((place.unwrap_or(usize::MAX), name)).or_default();
        let known = series.points.iter();
        row.extend(known.filter(|(_, share)| (0.0..=1.0).contains(share)));
    }
    let hidden = rows.len().saturating_sub(rows_max);
    let rows: Vec<Row> = rows
        .into_iter()
        .take(rows_max)
        .map(|((place, name), points)| Row {
            name,
            detail: match ranked.get(place) {
                Some((_, bad)) if *bad >= 0.5 => format!("{} bad", count(bad.round())),
                _ => String::new(),
            },
            points,
        })
        .collect();
    let is_known = rows.iter().any(|row| !row.points.is_empty());
    (is_known.then(|| grid(rows, step)), hidden)
}

fn grid(rows: Vec<Row>, step: Duration) -> Grid {
    Grid {
        rows,
        step_seconds: step.as_secs_f64(),
    }
}

/// The map of latency: what lies between two bounds, as a share of all. A column without requests
/// is a gap, and so is one whose buckets contradict each other.
pub(super) fn buckets(matrix: &Matrix, step: Duration) -> Result<Grid, &'static str> {
    let mut bounds: Vec<(f64, BTreeMap<u64, f64>)> = Vec::new();
    for series in &matrix.series {
        let bound = series.labels.get("le").and_then(|le| bound(le));
        let Some(bound) = bound else { continue };
        let points = series.points.iter();
        bounds.push((
            bound,
            points.map(|&(at, rate)| (at.to_bits(), rate)).collect(),
        ));
    }
    bounds.sort_by(|a, b| a.0.total_cmp(&b.0));
    bounds.dedup_by(|a, b| a.0 == b.0);
    let bounds = thinned(bounds);
    let Some((top, all)) = bounds.last() else {
        return Err("no buckets");
    };
    if *top != f64::INFINITY {
        return Err("no bucket without bound");
    }
    let mut rows = Vec::with_capacity(bounds.len());
    let mut below: Option<&(f64, BTreeMap<u64, f64>)> = None;
    for bucket in &bounds {
        let points = bucket.1.iter().filter_map(|(at, rate)| {
            let all = *all.get(at)?;
            let under = below.map_or(Some(0.0), |(_, under)| under.get(at).copied())?;
            Some((f64::from_bits(*at), share(rate - under, all)?))
        });
        let name = bucket_name(below.map(|(bound, _)| *bound), bucket.0);
        rows.push(Row {
            name,
            detail: String::new(),
            points: points.collect(),
        });
        below = Some(bucket);
    }
    rows.reverse();
    if rows.iter().all(|row| row.points.is_empty()) {
        return Err("no requests");
    }
    Ok(grid(rows, step))
}

fn bound(le: &str) -> Option<f64> {
    match le {
        "+Inf" | "Inf" => Some(f64::INFINITY),
        _ => le.parse().ok().filter(|bound: &f64| bound.is_finite()),
    }
}

/// At most [`BUCKETS_MAX`] bounds, the last one among them.
fn thinned<T>(bounds: Vec<T>) -> Vec<T> {
    let every = bounds.len().div_ceil(BUCKETS_MAX).max(1);
    let last = bounds.len().saturating_sub(1);
    let kept = bounds.into_iter().enumerate();
    let kept = kept.filter(|(index, _)| (last - index).is_multiple_of(every));
    kept.map(|(_, bound)| bound).collect()
}

fn share(part: f64, all: f64) -> Option<f64> {
    let share = part / all;
    (all > 0.0 && share.is_finite() && (-NOISE..=1.0 + NOISE).contains(&share))
        .then(|| share.clamp(0.0, 1.0))
}

fn bucket_name(below: Option<f64>, bound: f64) -> String {
    match below {
        _ if bound.is_finite() => format!("≤ {}", seconds(bound)),
        Some(below) => format!("> {}", seconds(below)),
        None => "any".to_owned(),
    }
}

/// Points of each dependency, those that are no number left out: the gaps that they are.
pub(super) fn lines(matrix: &Matrix, name: &str, moved: f64) -> BTreeMap<String, Vec<(f64, f64)>> {
    let mut lines: BTreeMap<String, Vec<(f64, f64)>> = BTreeMap::new();
    for series in &matrix.series {
        let points = series.points.iter();
        let known = points.filter(|(_, value)| value.is_finite());
        let line = lines.entry(label(&series.labels, name)).or_default();
        line.extend(known.map(|&(at, value)| (at + moved, value)));
    }
    lines.retain(|_, points| !points.is_empty());
    lines
}

/// The only series of an answer, by time; more than one is no answer.
pub(super) fn only(matrix: &Matrix) -> Result<BTreeMap<u64, f64>, &'static str> {
    match matrix.series.as_slice() {
        [] => Err("no data"),
        [series] => {
            let points = series.points.iter();
            let known = points.filter(|(_, value)| value.is_finite());
            Ok(known.map(|&(at, value)| (at.to_bits(), value)).collect())
        }
        _ => Err("several series where one is meant"),
    }
}

/// Releases that came up after the first column, at the column in which they were first seen.
pub(super) fn marks(matrix: &Matrix, name: &str, first: f64) -> Vec<Mark> {
    let mut marks: Vec<Mark> = Vec::new();
    for series in &matrix.series {
        let Some(&(at, _)) = series.points.first() else {
            continue;
        };
        if at > first {
            let text = label(&series.labels, name);
            marks.push(Mark { at, text });
        }
    }
    marks.sort_by(|a, b| a.at.total_cmp(&b.at));
    let hidden = marks.len().saturating_sub(MARKS_MAX);
    marks.split_off(hidden)
}

/// Stretches of time in which a fault was there; columns that follow each other are one.
pub(super) fn spans(matrix: &Matrix, step: Duration) -> Vec<Span> {
    let step = step.as_secs_f64();
    let mut spans: Vec<Span> = Vec::new();
    for series in &matrix.series {
        let text = fault(&series.labels);
        let mut open: Option<Span> = None;
        for &(at, _) in &series.points {
            match &mut open {
                Some(span) if at - span.until <= step * 1.5 => span.until = at,
                _ => spans.extend(open.replace(Span {
                    from: at - step,
                    until: at,
                    text: text.clone(),
                })),
            }
        }
        spans.extend(open);
    }
    spans.sort_by(|a, b| a.from.total_cmp(&b.from));
    let hidden = spans.len().saturating_sub(MARKS_MAX);
    spans.split_off(hidden)
}

/// What a fault is called: `latency on redis` where its labels say so, else all they say.
fn fault(labels: &Labels) -> String {
    if let (Some(fault), Some(target)) = (labels.get("fault"), labels.get("target")) {
        return shown(&format!("{fault} on {target}"));
    }
    let said = labels.iter();
    let said = said.filter(|(name, _)| !OF_TARGETS.contains(&name.as_str()));
    let said: Vec<&str> = said.map(|(_, value)| value.as_str()).collect();
    if said.is_empty() {
        return "fault".to_owned();
    }
    shown(&said.join(", "))
}
