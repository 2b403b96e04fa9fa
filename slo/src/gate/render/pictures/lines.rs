//! Lines: latency of dependencies, and budgets that burn down.

use render::{Band, Chart, Color, Mark, MarkKind, Series, Threshold, Unit};

use super::super::super::history::{BudgetLine, Dependency, History};
use super::super::{budget, plain};
use super::{Group, Plot, WIDE, heading, name, told};
use crate::text::{count, seconds};

/// The week before is paler than now.
const BEFORE: Color = Color::rgb(0xa8b3c4);
const NOW: Color = Color::rgb(0x25_63_eb);

/// A budget overspent by more than this is drawn as a triangle at the edge: the scale is for what
/// can still be told apart.
const OVERSPENT_MAX: f64 = -1.0;

/// Height of the picture of one dependency, in pixels.
const HEIGHT_OF_ONE: u32 = 620;

/// A peak from so many times the usual on is worth a word.
const PEAK_MIN: f64 = 1.5;

/// Lines, marks and bands at most.
const LINES_MAX: usize = 12;
const MARKS_MAX: usize = 30;

/// P99 of each dependency, now and a week before.
pub(super) fn dependencies(history: &History) -> Vec<Plot> {
    let shown = history.dependencies.iter().take(LINES_MAX);
    shown.map(|one| dependency(history, one)).collect()
}

fn dependency(history: &History, dependency: &Dependency) -> Plot {
    let series = |name: &str, color: Color, points: &[(f64, f64)]| Series {
        name: name.to_owned(),
        color: Some(color),
        points: points.to_vec(),
    };
    let mut lines = vec![
        series("a week before", BEFORE, &dependency.week_before),
        series("now", NOW, &dependency.now),
    ];
    lines.retain(|line| !line.points.is_empty());
    Plot {
        group: Group::Dependencies,
        finding: dependency_finding(dependency, history.until - history.from),
        chart: Chart {
            width: WIDE.0,
            height: HEIGHT_OF_ONE,
            title: heading(&format!("{}: P99", dependency.name)),
            subtitle: "how long its calls took; times in UTC".to_owned(),
            unit: Unit::Seconds,
            range: Some((history.from, history.until)),
            series: lines,
            bands: bands(history, history.from),
            ..Chart::default()
        },
    }
}

fn dependency_finding(dependency: &Dependency, span_seconds: f64) -> String {
    let name = plain(&dependency.name);
    let Some(now) = median(&dependency.now) else {
        return format!("{name}: nothing is known of the window.");
    };
    let before = median(&dependency.week_before);
    let beside = match before {
        None => "a week before is not known".to_owned(),
        Some(before) => format!("{} a week before", seconds(before)),
    };
    let usual = before.unwrap_or(now);
    let known = dependency.now.iter().filter(|point| point.1.is_finite());
    let peak = known.max_by(|a, b| a.1.total_cmp(&b.1));
    let peak = match peak.filter(|peak| peak.1 >= usual * PEAK_MIN) {
        Some(&(at, peak)) => format!("; up to {} at {}", seconds(peak), told(at, span_seconds)),
        None => String::new(),
    };
    format!("{name}: median P99 {}, {beside}{peak}.", seconds(now))
}

fn median(points: &[(f64, f64)]) -> Option<f64> {
    let known = points.iter().map(|point| point.1);
    let mut values: Vec<f64> = known.filter(|value| value.is_finite()).collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

/// What is left of each budget, with releases and faults.
pub(super) fn budgets(history: &History) -> Option<Plot> {
    let lines: Vec<&BudgetLine> = history.budgets.iter().take(LINES_MAX).collect();
    let times = lines.iter().flat_map(|line| &line.points);
    let times = times.map(|point| point.0).filter(|at| at.is_finite());
    let from = times.fold(history.from, f64::min);
    let shown = |&(at, left): &(f64, f64)| {
        let left = if left < OVERSPENT_MAX {
            f64::NEG_INFINITY
        } else {
            left
        };
        (at, left)
    };
    let is_one_window = lines.windows(2).all(|two| two[0].window == two[1].window);
    let series = lines.iter().map(|line| Series {
        name: if is_one_window {
            name(&line.objective)
        } else {
            name(&format!("{} ({})", line.objective, line.window))
        },
        color: None,
        points: line.points.iter().map(shown).collect(),
    });
    let window = lines.first()?.window.as_str();
    let title = if is_one_window {
        format!("Error budgets over {window}")
    } else {
        "Error budgets".to_owned()
    };
    Some(Plot {
        group: Group::Budgets,
        finding: budgets_finding(&lines, history.until - from),
        chart: Chart {
            width: WIDE.0,
            height: WIDE.1,
            title: heading(&title),
            subtitle: "share that was left; times in UTC".to_owned(),
            unit: Unit::Ratio,
            range: Some((from, history.until)),
            series: series.collect(),
            thresholds: vec![Threshold {
                value: 0.0,
                label: "spent".to_owned(),
            }],
            bands: bands(history, from),
            marks: marks(history, from),
            ..Chart::default()
        },
    })
}

fn budgets_finding(lines: &[&BudgetLine], span_seconds: f64) -> String {
    let last = |line: &BudgetLine| {
        line.points
            .iter()
            .rev()
            .find(|point| point.1.is_finite())
            .copied()
    };
    let known = lines.iter().filter_map(|line| Some((line, last(line)?)));
    let known: Vec<_> = known.collect();
    let least = known.iter().min_by(|a, b| a.1.1.total_cmp(&b.1.1));
    let Some((line, (at, left))) = least else {
        return "Nothing is known of the budgets.".to_owned();
    };
    let spent = known.iter().filter(|(_, (_, left))| *left <= 0.0).count();
    let spent = match spent {
        0 => "None is spent".to_owned(),
        spent => format!(
            "{} of {} spent",
            count(spent as f64),
            count(known.len() as f64)
        ),
    };
    format!(
        "{spent}. {} has least left: {} at {}.",
        plain(&line.objective),
        budget(Some(*left)),
        told(*at, span_seconds)
    )
}

/// What was broken on purpose.
pub(super) fn bands(history: &History, from: f64) -> Vec<Band> {
    let spans = history.faults.iter().filter(|span| span.until > from);
    let bands = spans.take(MARKS_MAX).map(|span| Band {
        from: span.from,
        to: span.until,
        label: name(&span.text),
    });
    bands.collect()
}

fn marks(history: &History, from: f64) -> Vec<Mark> {
    let marks = history.releases.iter().filter(|mark| mark.at >= from);
    let marks = marks.take(MARKS_MAX).map(|mark| Mark {
        at: mark.at,
        label: name(&mark.text),
        kind: MarkKind::Deploy,
    });
    marks.collect()
}
