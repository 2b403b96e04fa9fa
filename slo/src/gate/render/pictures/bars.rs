//! Bars: this release beside the ones before it, one picture for each figure.

use render::{Axis, Chart, Color, Kind, Mark, MarkKind, Series, Unit};

use super::super::super::releases::{Compared, Figure, Release, Releases};
use super::super::plain;
use super::super::section::{figure_text, figure_title};
use super::{Group, Plot, SMALL, heading, name};

/// Pictures at most, the worst figures first.
const PLOTS_MAX: usize = 8;

/// Earlier releases beside this one.
const EARLIER_MAX: usize = 3;

/// This release stands out; the earlier ones are the paler the older.
const CURRENT: Color = Color::rgb(0x25_63_eb);
const EARLIER: [Color; EARLIER_MAX] = [
    Color::rgb(0x64_74_8b),
    Color::rgb(0x94_a3_b8),
    Color::rgb(0xc3_cd_d9),
];

/// The worst figures; none for a first release.
pub(super) fn releases(releases: &Releases) -> Vec<Plot> {
    let is_known = |row: &&Compared| {
        let earlier = row.earlier.iter().flatten().any(|value| value.is_finite());
        earlier && row.current.is_some_and(f64::is_finite)
    };
    let mut rows: Vec<&Compared> = releases.rows.iter().filter(is_known).collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.verdict));
    let shown = rows.into_iter().take(PLOTS_MAX);
    shown.map(|row| plot(row, releases)).collect()
}

fn plot(row: &Compared, releases: &Releases) -> Plot {
    let title = match &row.objective {
        Some(objective) => format!("{}, {}", figure_title(row.figure), plain(objective)),
        None => figure_title(row.figure).to_owned(),
    };
    // What is good is drawn as what is bad: shares close to all look alike.
    let (title, drawn): (String, fn(f64) -> f64) = match row.figure {
        Figure::Attainment => (title.replacen("Good", "Bad", 1), |good| 1.0 - good),
        _ => (title, |value| value),
    };
    // From left to right as they came, each in a place of its own under its name.
    let earlier = releases.earlier.iter().zip(&row.earlier).zip(EARLIER);
    let earlier = earlier.map(|((release, value), color)| (release, *value, color));
    let mut places: Vec<(&Release, Option<f64>, Color)> = earlier.collect();
    places.reverse();
    places.push((&releases.current, row.current, CURRENT));
    let end = places.len() as f64 + 0.5;
    let mut series = Vec::new();
    let mut marks = Vec::new();
    for (place, (release, value, color)) in (1_u32..).zip(places) {
        let place = f64::from(place);
        marks.push(Mark {
            at: place - 0.5,
            label: name(&release.name),
            kind: MarkKind::Note,
        });
        series.extend(value.map(|value| Series {
            name: String::new(),
            color: Some(color),
            points: vec![(place, drawn(value))],
        }));
    }
    Plot {
        group: Group::Releases,
        finding: finding(row, releases),
        chart: Chart {
            width: SMALL.0,
            height: SMALL.1,
            title: heading(&title),
            subtitle: "median of the intervals, the latest release at the right".to_owned(),
            kind: Kind::Bar,
            unit: match row.figure {
                Figure::P50 | Figure::P95 | Figure::P99 => Unit::Seconds,
                Figure::Attainment | Figure::ErrorRatio | Figure::Saturation => Unit::Ratio,
            },
            x: Axis::Number,
            range: Some((0.5, end)),
            series,
            marks,
            ..Chart::default()
        },
    }
}

fn finding(row: &Compared, releases: &Releases) -> String {
    if !row.sentence.trim().is_empty() {
        return plain(&row.sentence);
    }
    let earlier = releases.earlier.iter().zip(&row.earlier);
    let earlier: Vec<String> = earlier
        .map(|(release, value)| {
            format!(
                "{} in {}",
                figure_text(row.figure, *value),
                plain(&release.name)
            )
        })
        .collect();
    format!(
        "{}: {} in {}; {}.",
        figure_title(row.figure),
        figure_text(row.figure, row.current),
        plain(&releases.current.name),
        earlier.join(", ")
    )
}
