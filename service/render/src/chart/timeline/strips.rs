//! Strips: one figure each, with what it may be.

use super::{MARGIN, TEXT_SIZE, TimelineLayout, placed, regular, shapes};
use crate::Color;
use crate::chart::pen::{Paint, Pen, Pixel};
use crate::frame::Area;
use crate::scene::{Strip, Theme, Unit};
use crate::text::{Ink, Line, TextStyle, Typesetter};
use crate::ticks::{Scale, number_scale};

/// Height of a strip with its name and the room below it.
pub(super) const STRIP_HEIGHT: i32 = 112;
/// Height of the name.
const NAME_HEIGHT: i32 = 24;
/// Room below a strip.
const GAP: i32 = 8;
const TICKS: usize = 3;
/// Room between a value at the end of the axis and the edge of the plot.
const BORDER: i32 = 5;
const PEN_RADIUS: f32 = 0.9;
const DOT_RADIUS: f32 = 2.6;
/// The figure where it is as it may be, and where it is not: told apart by most colour-blind readers,
/// and by the dots that only the second has.
const LINE: Color = Color::rgb(0x2563eb);
const LINE_ON_DARK: Color = Color::rgb(0x5b9bff);
const OUTSIDE: Color = Color::rgb(0xd55e00);
/// What a figure may be, and how much of that colour the ground has.
const ALLOWED: Color = Color::rgb(0x009e73);
const ALLOWED_COVERAGE: u8 = 30;
/// How far an axis reaches beyond a bound, as a part of it.
const BOUND_PART: f64 = 0.05;
/// A bound that is so many times any value is left beyond the axis: the figure counts.
const BOUND_FACTOR: f64 = 5.0;
/// A stretch in which nothing is known is seen from so many pixels on, and so many steps.
const GAP_MIN: i32 = 2;
const STEPS_MIN: f64 = 1.5;
/// Dots of one strip at most: one for each column that a wide picture has.
const DOTS_MAX: usize = 4_096;

/// A strip with its place.
pub(super) struct StripPlace<'a> {
    strip: &'a Strip,
    pub(super) plot: Area,
    name: Line,
    detail: Line,
    axis: Scale,
    labels: Vec<Line>,
    /// Unbroken runs of points, in pixels, and whether each is outside of what it may be.
    runs: Vec<Vec<(Pixel, bool)>>,
    /// Columns in which nothing is known.
    gaps: Vec<(i32, i32)>,
}

pub(super) fn place<'a>(
    strip: &'a Strip,
    time: &Scale,
    columns: (i32, i32),
    top: i32,
    typesetter: &Typesetter<'_>,
) -> StripPlace<'a> {
    let plot = Area {
        left: columns.0,
        right: columns.1,
        top: top + NAME_HEIGHT,
        bottom: top + STRIP_HEIGHT - GAP,
    };
    let room = (columns.1 - MARGIN) as f32;
    let detail = typesetter.line(&strip.detail, regular(), room * 0.4);
    let name = TextStyle::bold(TEXT_SIZE);
    let name = typesetter.line(&strip.name, name, room - detail.width - 24.0);
    let axis = value_axis(strip);
    let style = regular();
    let room = (columns.0 - MARGIN) as f32;
    let labels = axis.ticks.iter();
    let labels = labels.map(|tick| typesetter.line(&tick.label, style, room));
    let row = |value: f64| row(&axis, plot, value);
    let inside = |seconds: f64| (time.low..=time.high).contains(&seconds);
    let mut runs: Vec<Vec<(Pixel, bool)>> = vec![Vec::new()];
    let mut gaps = Vec::new();
    let mut known_until: Option<f64> = None;
    for &(seconds, value) in strip.points.iter().filter(|(seconds, _)| inside(*seconds)) {
        let column = placed(time, columns, seconds);
        if !value.is_finite() {
            runs.push(Vec::new());
            continue;
        }
        let is_new = runs.last().is_some_and(Vec::is_empty);
        if is_new {
            let from = known_until.unwrap_or(time.low);
            gaps.push((
                placed(time, columns, from).ceil() as i32,
                column.floor() as i32,
            ));
        }
        known_until = Some(seconds);
        let is_outside = !is_allowed(strip, value);
        if let Some(run) = runs.last_mut() {
            run.push(((column, row(value)), is_outside));
        }
    }
    let from = known_until.unwrap_or(time.low);
    gaps.push((placed(time, columns, from).ceil() as i32, columns.1));
    runs.retain(|run| !run.is_empty());
    // From one reading to the next is no gap.
    let step = step(&strip.points) * STEPS_MIN;
    let step = placed(time, columns, time.low + step) as i32 - columns.0;
    gaps.retain(|(left, right)| right - left > step.max(GAP_MIN));
    StripPlace {
        strip,
        plot,
        name,
        detail,
        labels: labels.collect(),
        axis,
        runs,
        gaps,
    }
}

/// The time from one reading to the next, on average.
fn step(points: &[(f64, f64)]) -> f64 {
    let ends = points.first().zip(points.last());
    let steps = points.len().saturating_sub(1).max(1);
    let step = ends.map_or(0.0, |(first, last)| (last.0 - first.0) / steps as f64);
    if step.is_finite() { step } else { 0.0 }
}

fn is_allowed(strip: &Strip, value: f64) -> bool {
    strip.least.is_none_or(|least| value >= least) && strip.most.is_none_or(|most| value <= most)
}

/// The axis of the values: all of them, zero where it is near, and the bounds.
fn value_axis(strip: &Strip) -> Scale {
    let values = strip.points.iter().map(|point| point.1);
    let values = values.filter(|value| value.is_finite());
    let most = values.clone().map(f64::abs).fold(0.0, f64::max);
    let is_near = |bound: &f64| most == 0.0 || bound.abs() <= most * BOUND_FACTOR;
    let bounds = [strip.least, strip.most].into_iter().flatten();
    let bounds = bounds.filter(|bound| bound.is_finite() && is_near(bound));
    let headroom = bounds.flat_map(|bound| {
        let more = bound.abs() * BOUND_PART;
        [bound - more, bound + more]
    });
    let shown = values.chain(headroom).filter(|value| value.is_finite());
    let (low, high) = shown.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
        (low.min(value), high.max(value))
    });
    if low > high {
        return number_scale(0.0, 1.0, strip.unit, TICKS);
    }
    // Plain numbers such as a status are told apart without zero; amounts are not.
    let is_amount = strip.unit != Unit::None || low < high / 2.0;
    let low = if low > 0.0 && is_amount { 0.0 } else { low };
    number_scale(low, high.max(low), strip.unit, TICKS)
}

/// Row of a value, or of the end of its axis that is next to it.
fn row(axis: &Scale, plot: Area, value: f64) -> f32 {
    let part = axis.position(value).clamp(0.0, 1.0);
    let height = f64::from(plot.height() - 2 * BORDER);
    (plot.bottom - BORDER) as f32 - (part * height) as f32
}

impl TimelineLayout<'_> {
    pub(super) fn raster_strips(&self, ink: &mut Ink<'_, '_>) {
        let line = match self.timeline.theme {
            Theme::Light => LINE,
            Theme::Dark => LINE_ON_DARK,
        };
        for place in &self.strips {
            self.raster_ground(place, ink);
            raster_figure(place, line, ink);
            let baseline = place.plot.top - 7;
            let (name, detail) = (&place.name, &place.detail);
            self.raster_words(name, place.plot.left, baseline, self.tones.title, ink);
            let left = place.plot.right - detail.width_pixels();
            self.raster_words(detail, left, baseline, self.tones.text, ink);
        }
    }

    /// Words on a ground of their own, so that no line runs through them.
    fn raster_words(
        &self,
        line: &Line,
        left: i32,
        baseline: i32,
        color: Color,
        ink: &mut Ink<'_, '_>,
    ) {
        if line.glyphs.is_empty() {
            return;
        }
        let ground = Area {
            left: left - 2,
            right: left + line.width_pixels() + 3,
            top: baseline - line.style.ascent(),
            bottom: baseline + line.style.leading() - line.style.ascent(),
        };
        ink.frame.fill(ground, self.tones.ground, 255);
        ink.text(line, left as f32, baseline, color);
    }

    fn raster_ground(&self, place: &StripPlace<'_>, ink: &mut Ink<'_, '_>) {
        let plot = place.plot;
        self.raster_allowed(place, ink);
        for (tick, label) in place.axis.ticks.iter().zip(&place.labels) {
            let y = row(&place.axis, plot, tick.value).round() as i32;
            let line = Area {
                top: y,
                bottom: y + 1,
                ..plot
            };
            ink.frame.fill(line, self.tones.grid, 255);
            let left = plot.left - 8 - label.width_pixels();
            let baseline = y + i32::from(label.style.size) * 36 / 100;
            ink.text(label, left as f32, baseline, self.tones.text);
        }
        for &(left, right) in &place.gaps {
            let area = Area {
                left,
                right: right.min(plot.right),
                ..plot
            };
            shapes::hatch(ink.frame, area, 1.0, self.tones.base);
        }
        let axis = Area {
            right: plot.left + 1,
            ..plot
        };
        ink.frame.fill(axis, self.tones.base, 255);
    }

    /// What the figure may be, and its bounds.
    fn raster_allowed(&self, place: &StripPlace<'_>, ink: &mut Ink<'_, '_>) {
        let (plot, strip) = (place.plot, place.strip);
        let bounds = [strip.least, strip.most];
        let [least, most] = bounds.map(|bound| bound.filter(|bound| bound.is_finite()));
        if least.is_none() && most.is_none() {
            return;
        }
        let y = |bound: f64| row(&place.axis, plot, bound).round() as i32;
        let top = most.map_or(plot.top, y);
        let bottom = least.map_or(plot.bottom, y).max(top + 3);
        let area = Area {
            top,
            bottom,
            ..plot
        };
        ink.frame.fill(area, ALLOWED, ALLOWED_COVERAGE);
        let inside = |bound: &f64| (place.axis.low..=place.axis.high).contains(bound);
        let bounds = [least, most].into_iter().flatten().filter(inside);
        for bound in bounds.map(y) {
            for left in (plot.left..plot.right).step_by(9) {
                let dash = Area {
                    left,
                    right: (left + 5).min(plot.right),
                    top: bound,
                    bottom: bound + 1,
                };
                ink.frame.fill(dash, ALLOWED, 255);
            }
        }
    }
}

fn raster_figure(place: &StripPlace<'_>, color: Color, ink: &mut Ink<'_, '_>) {
    let mut pen = Pen::new(place.plot);
    let paint = Paint {
        color,
        opacity: 255,
    };
    for run in &place.runs {
        let points: Vec<Pixel> = run.iter().map(|(pixel, _)| *pixel).collect();
        if let [dot] = points[..] {
            shapes::disc(ink.frame, dot, DOT_RADIUS, color);
        } else {
            pen.stroke(&points, PEN_RADIUS, paint, ink.frame);
        }
    }
    let mut before: Option<Pixel> = None;
    let all = place.runs.iter().flatten();
    let outside = all.filter(|(_, is_outside)| *is_outside);
    for (pixel, _) in outside.take(DOTS_MAX) {
        // A dot on a dot is not seen.
        let is_near = |(x, y): Pixel| (pixel.0 - x).abs() < 1.5 && (pixel.1 - y).abs() < 1.5;
        if !before.is_some_and(is_near) {
            shapes::disc(ink.frame, *pixel, DOT_RADIUS, OUTSIDE);
            before = Some(*pixel);
        }
    }
}
