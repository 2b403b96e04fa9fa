//! Tells a release that is worse from chance, and says so in sentences.
//!
//! Each row is a Mann–Whitney test of the intervals of this release against those of the earlier
//! ones together, at a level of 1 % for **all rows together** (Holm, 1979): of many rows some differ
//! by chance. A row fails when it is worse by more than chance and by more than its floor; when it
//! is worse by more than its floor, and that may be chance, it is inconclusive. Intervals
//! that follow each other are alike, so chance is a little larger than the test takes it to be; the
//! floor is what keeps that from failing a release.

use super::figures::{Row, Values};
use super::ranks::{Change, compare};
use super::{Compared, Figure};
use crate::gate::report::Verdict;
use crate::text::percent;

/// How often chance alone may fail a release, all rows together.
const LEVEL: f64 = 0.01;

/// A row with what was measured.
#[derive(Debug, Clone)]
pub(super) struct Measured {
    pub(super) row: Row,
    pub(super) current: Values,
    /// Of the earlier releases, in their order.
    pub(super) earlier: Vec<Values>,
    /// The highest bound of the buckets, of a quantile: it tells nothing beyond.
    pub(super) highest: Option<f64>,
}

/// Names of the releases.
#[derive(Debug, Clone, Copy)]
pub(super) struct Names<'a> {
    pub(super) current: &'a str,
    pub(super) earlier: &'a [String],
}

/// What a row came to, before the others are known.
struct Tested {
    verdict: Verdict,
    change: Option<Change>,
    p_value: Option<f64>,
    /// Whether there may be no difference at all.
    is_chance: bool,
    /// Why it is not known.
    unknown: Option<String>,
}

/// Compares every row.
pub(super) fn compared(rows: Vec<Measured>, names: Names<'_>) -> Vec<Compared> {
    let mut tested: Vec<Tested> = rows.iter().map(|row| tested(row, names)).collect();
    holm(&mut tested);
    let both = rows.iter().zip(&tested);
    both.map(|(row, tested)| told(row, tested, names)).collect()
}

/// Rows of which nothing is known, and why.
pub(super) fn unknown(rows: Vec<Row>, earlier: usize, why: &str) -> Vec<Compared> {
    let told = |row: Row| Compared {
        sentence: format!("{} is not known: {why}.", title(&row)),
        figure: row.figure,
        objective: row.objective,
        current: None,
        earlier: vec![None; earlier],
        p_value: None,
        shift: None,
        verdict: Verdict::Inconclusive,
    };
    rows.into_iter().map(told).collect()
}

fn tested(measured: &Measured, names: Names<'_>) -> Tested {
    let unknown = |why: String| Tested {
        verdict: Verdict::Inconclusive,
        change: None,
        p_value: None,
        is_chance: true,
        unknown: Some(why),
    };
    let releases = [names.current].into_iter();
    let releases = releases.chain(names.earlier.iter().map(String::as_str));
    let all = [&measured.current].into_iter().chain(&measured.earlier);
    for (release, values) in releases.zip(all) {
        if let Values::Unknown(why) = values {
            return unknown(format!("of {release} {why}"));
        }
    }
    let current = measured.current.known();
    let earlier = pooled(measured);
    let row = &measured.row;
    let comparison = compare(&earlier, current, row.direction(), row.floor);
    match comparison.change {
        Change::Unknown(why) => unknown(why),
        change => Tested {
            verdict: match change {
                Change::Worse => Verdict::Fail,
                Change::Unsettled => Verdict::Inconclusive,
                _ => Verdict::Pass,
            },
            change: Some(change),
            p_value: comparison.p_value,
            is_chance: false,
            unknown: None,
        },
    }
}

fn pooled(measured: &Measured) -> Vec<f64> {
    let earlier = measured.earlier.iter();
    earlier.flat_map(|values| values.known()).copied().collect()
}

/// Takes back what may be chance among so many rows.
fn holm(tested: &mut [Tested]) {
    let mut rows: Vec<&mut Tested> = tested
        .iter_mut()
        .filter(|row| row.p_value.is_some())
        .collect();
    let p_of = |row: &Tested| row.p_value.unwrap_or(1.0);
    rows.sort_by(|one, other| p_of(one).total_cmp(&p_of(other)));
    let number = rows.len();
    let mut is_chance = false;
    for (rank, row) in rows.into_iter().enumerate() {
        is_chance = is_chance || p_of(row) > LEVEL / (number - rank) as f64;
        row.is_chance = is_chance;
        match &mut row.change {
            Some(change @ Change::Better) if is_chance => *change = Change::Same,
            Some(change @ Change::Worse) if is_chance => {
                *change = Change::Unsettled;
                row.verdict = Verdict::Inconclusive;
            }
            _ => {}
        }
    }
}

fn told(measured: &Measured, tested: &Tested, names: Names<'_>) -> Compared {
    let row = &measured.row;
    let current = median(measured.current.known());
    let earlier: Vec<Option<f64>> = measured
        .earlier
        .iter()
        .map(|values| median(values.known()))
        .collect();
    let before = median(&pooled(measured));
    let (verdict, sentence) = match (current, before, &tested.unknown) {
        (Some(now), Some(before), None) => of_both(measured, tested, names, now, before),
        (_, _, why) => {
            let why = why.as_deref().unwrap_or("there are no values");
            let sentence = format!("{} is not known: {why}.", title(row));
            (Verdict::Inconclusive, sentence)
        }
    };
    let share = |now: f64, before: f64| (before != 0.0).then(|| (now - before) / before.abs());
    Compared {
        figure: row.figure,
        objective: row.objective.clone(),
        current,
        earlier,
        p_value: tested.p_value,
        shift: current
            .zip(before)
            .and_then(|(now, before)| share(now, before)),
        verdict,
        sentence,
    }
}

fn of_both(
    measured: &Measured,
    tested: &Tested,
    names: Names<'_>,
    now: f64,
    before: f64,
) -> (Verdict, String) {
    let row = &measured.row;
    let (title, was) = (title(row), value(row.figure, before));
    let with_values = names.earlier.iter().zip(&measured.earlier);
    let with_values = with_values.filter(|(_, values)| !values.known().is_empty());
    let releases: Vec<&str> = with_values.map(|(name, _)| name.as_str()).collect();
    let was = format!("was {was} in {}", releases.join(", "));
    let beyond = measured.highest.filter(|highest| now >= *highest);
    if let (Some(highest), Verdict::Pass) = (beyond, tested.verdict) {
        let highest = value(row.figure, highest);
        let sentence = format!(
            "{title} is not known: it is beyond {highest}, the highest bound of the buckets; {was}."
        );
        return (Verdict::Inconclusive, sentence);
    }
    let p = tested.p_value.map_or(String::new(), p_text);
    let how = match tested.change {
        Some(Change::Worse | Change::Better) => {
            format!("{}, not chance{p}", difference(row.figure, now, before))
        }
        Some(Change::Unsettled) => {
            let difference = difference(row.figure, now, before);
            format!("{difference}, which may be chance{p}; more intervals would tell")
        }
        _ if tested.is_chance => format!("no difference beyond chance{p}"),
        _ => format!("a difference too small to matter{p}"),
    };
    let sentence = format!("{title} {}, {was}: {how}.", value(row.figure, now));
    (tested.verdict, sentence)
}

/// The middle of the finite values.
fn median(values: &[f64]) -> Option<f64> {
    let finite = values.iter().copied().filter(|value| value.is_finite());
    let mut values: Vec<f64> = finite.collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    let upper = *values.get(middle)?;
    let is_odd = values.len() % 2 == 1;
    Some(if is_odd {
        upper
    } else {
        f64::midpoint(values[middle - 1], upper)
    })
}

fn title(row: &Row) -> String {
    let figure = match row.figure {
        Figure::Attainment => "Attainment",
        Figure::ErrorRatio => "Error ratio",
        Figure::P50 => "P50",
        Figure::P95 => "P95",
        Figure::P99 => "P99",
        Figure::Saturation => "Saturation",
    };
    match &row.objective {
        Some(objective) => format!("{figure} of {objective}"),
        None => figure.to_owned(),
    }
}

/// A value with its unit: `0.21 s`, `99.95 %`.
fn value(figure: Figure, value: f64) -> String {
    if is_latency(figure) {
        format!("{} s", two_digits(value))
    } else {
        percent(value)
    }
}

fn is_latency(figure: Figure) -> bool {
    matches!(figure, Figure::P50 | Figure::P95 | Figure::P99)
}

/// A number with at least two digits that tell something.
fn two_digits(number: f64) -> String {
    let size = number.abs();
    if size == 0.0 || size >= 10.0 {
        return format!("{number:.0}");
    }
    let digits = (1.0 - size.log10().floor()).clamp(1.0, 6.0) as usize;
    format!("{number:.digits$}")
}

fn difference(figure: Figure, now: f64, before: f64) -> String {
    let words = if is_latency(figure) {
        ["slower", "faster"]
    } else {
        ["higher", "lower"]
    };
    let word = words[usize::from(now < before)];
    if is_latency(figure) && before > 0.0 {
        return format!("{:.0} % {word}", (now / before - 1.0).abs() * 100.0);
    }
    let points = two_digits((now - before).abs() * 100.0);
    format!("{points} percentage points {word}")
}

fn p_text(p: f64) -> String {
    if p < 0.0001 {
        return " (p < 0.0001)".to_owned();
    }
    format!(" (p {})", two_digits(p))
}

#[cfg(test)]
mod tests;
