//! The pictures of a report, each with its finding in words.

mod maps;
mod lines;
mod bars;

use std::sync::Arc;

use render::{Chart, Fonts, NAME_CHARACTERS_MAX, Painter, Scene, TITLE_CHARACTERS_MAX};

use super::super::history::History;
use super::super::report::Report;
use super::{clock, plain};

/// A picture, or why there is none.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Picture {
    /// Which part of the page it belongs to.
    pub(super) group: Group,
    /// What it shows.
    pub(super) title: String,
    /// What is seen in it, in one sentence: it stands in for the picture, too.
    pub(super) finding: String,
    /// The bytes of a PNG file; `None` when it could not be drawn.
    pub(super) png: Option<Vec<u8>>,
    /// How wide it is shown, in pixels.
    pub(super) width: u32,
    /// How high it is shown, in pixels.
    pub(super) height: u32,
}

/// Pictures that stand together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Group {
    /// Where it went wrong, and how long answers took.
    Requests,
    /// What the service calls.
    Dependencies,
    /// How budgets were spent.
    Budgets,
    /// This release beside earlier ones.
    Releases,
}

/// A chart with the sentence that says what it shows.
struct Plot {
    group: Group,
    finding: String,
    chart: Chart,
}

/// Size of a wide picture, in pixels. It is shown at half of it, so that it is sharp in print.
const WIDE: (u32, u32) = (1_840, 800);

/// Size of one of several beside each other, in pixels. It is shown as it is: letters shrink with a
/// picture only down to a least size.
const SMALL: (u32, u32) = (480, 290);

/// Pictures as wide as this are shown at half their size.
const SHARP_WIDTH_MIN: u32 = 1_000;

/// Every picture that there is something for.
pub(super) fn pictures(report: &Report, history: &History) -> Vec<Picture> {
    let mut plots = Vec::new();
    plots.extend(maps::routes(history));
    plots.extend(maps::buckets(history));
    plots.extend(lines::dependencies(history));
    plots.extend(lines::budgets(history));
    plots.extend(report.releases.iter().flat_map(bars::releases));
    // Without its own fonts nothing can be drawn; the findings are still told.
    let mut painter = Fonts::bundled()
        .ok()
        .map(|fonts| Painter::new(Arc::new(fonts)));
    let draw = |plot: Plot| picture(plot, painter.as_mut());
    plots.into_iter().map(draw).collect()
}

fn picture(plot: Plot, painter: Option<&mut Painter>) -> Picture {
    let part = if plot.chart.width >= SHARP_WIDTH_MIN {
        2
    } else {
        1
    };
    let (width, height) = (plot.chart.width / part, plot.chart.height / part);
    let title = plot.chart.title.clone();
    let scene = Scene::Chart(plot.chart);
    let drawn = painter.and_then(|painter| painter.draw(&scene, &mut |_| ()).ok());
    Picture {
        group: plot.group,
        title,
        finding: plot.finding,
        png: drawn.map(|drawn| drawn.png),
        width,
        height,
    }
}

/// A name that a chart takes.
fn name(text: &str) -> String {
    cut(text, NAME_CHARACTERS_MAX)
}

/// A title that a chart takes.
fn heading(text: &str) -> String {
    cut(text, TITLE_CHARACTERS_MAX)
}

fn cut(text: &str, max: usize) -> String {
    let text = plain(text);
    if text.chars().count() <= max {
        return text;
    }
    text.chars().take(max - 1).chain(['…']).collect()
}

/// The day and the time of day in UTC, such as `22 Nov 14:05 UTC`.
fn moment(at: f64) -> String {
    let known = at.is_finite() && at.abs() < 1e11;
    let time = known.then(|| jiff::Timestamp::from_second(at as i64).ok());
    let time = time.flatten();
    time.map_or("an unknown time".to_owned(), |time| {
        time.strftime("%-d %b %H:%M UTC").to_string()
    })
}

/// A time in a picture of this span: with its day when the span is longer than one.
fn told(at: f64, span_seconds: f64) -> String {
    if span_seconds > 86_400.0 {
        moment(at)
    } else {
        clock(at)
    }
}
