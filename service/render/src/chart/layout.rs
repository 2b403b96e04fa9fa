//! Gives every part of a chart its place.

use super::legend::Legend;
use super::marks::BAND_STRIP;
use super::{Axes, Layout, Tones, pixels, text_size};
use crate::frame::Area;
use crate::scene::{Axis, Chart, Unit};
use crate::text::{Line, TextStyle, Typesetter};
use crate::ticks::{Scale, Tick, number_scale, time_scale};

/// Lengths below are in pixels of a chart of this size.
const REFERENCE: (f32, f32) = (800.0, 400.0);
/// From the edge of the picture.
pub(super) const MARGIN: f32 = 20.0;
/// Between the plot and its labels.
pub(super) const LABEL_GAP: f32 = 8.0;
const TITLE_SIZE: f32 = 19.0;
const SUBTITLE_SIZE: f32 = 13.0;
pub(super) const LABEL_SIZE: f32 = 12.0;
/// Height of the plot for each tick, and least room between two labels below it.
const TICK_ROOM: (f32, f32) = (44.0, 36.0);
/// How far the axis reaches beyond a threshold over all points, as a part of what it spans.
const THRESHOLD_HEADROOM: f64 = 0.02;
/// A plot smaller than this gives its surroundings up, one after the other.
const PLOT_MIN: (i32, i32) = (80, 56);

/// What is left out so that a small plot has room, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd)]
enum Spare {
    Nothing,
    Legend,
    Subtitle,
    Title,
    Labels,
}

impl Layout {
    pub(crate) fn new(chart: &Chart, typesetter: &Typesetter<'_>) -> Self {
        let fit = (chart.width as f32 / REFERENCE.0).min(chart.height as f32 / REFERENCE.1);
        let scale = fit.clamp(0.75, 4.0);
        let ladder = [Spare::Nothing, Spare::Legend, Spare::Subtitle, Spare::Title];
        ladder
            .into_iter()
            .map(|spare| Self::with(chart, typesetter, scale, spare))
            .find(|layout| layout.plot.width() >= PLOT_MIN.0 && layout.plot.height() >= PLOT_MIN.1)
            .unwrap_or_else(|| Self::with(chart, typesetter, scale, Spare::Labels))
    }

    fn with(chart: &Chart, typesetter: &Typesetter<'_>, scale: f32, spare: Spare) -> Self {
        let mut plot = Area {
            left: 0,
            top: 0,
            right: chart.width as i32,
            bottom: chart.height as i32,
        };
        let has_labels = spare < Spare::Labels;
        plot = plot.inset(pixels(if has_labels { MARGIN } else { 4.0 }, scale));
        let room = plot.width() as f32;
        let mut head = |text: &str, style: TextStyle, is_spared: bool| {
            let line = Some(typesetter.line(text, style, room));
            let line = line.filter(|line| !is_spared && !line.glyphs.is_empty())?;
            let baseline = plot.top + style.ascent();
            plot.top += style.leading();
            Some((line, baseline))
        };
        let title = TextStyle::bold(text_size(TITLE_SIZE, scale));
        let title = head(&chart.title, title, spare >= Spare::Title);
        let subtitle = TextStyle::regular(text_size(SUBTITLE_SIZE, scale));
        let subtitle = head(&chart.subtitle, subtitle, spare >= Spare::Subtitle);
        let has_head = title.is_some() || subtitle.is_some();
        plot.top += if has_head { pixels(8.0, scale) } else { 0 };
        let legend = (spare < Spare::Legend)
            .then(|| Legend::new(chart, typesetter, scale, plot))
            .flatten();
        plot.top = legend.as_ref().map_or(plot.top, |legend| legend.bottom);
        let mut layout = Self {
            scale,
            tones: Tones::of(chart.theme),
            title,
            subtitle,
            legend,
            plot,
            band_strip: 0,
            axes: None,
            has_labels,
        };
        layout.place_axes(chart, typesetter);
        layout
    }

    /// Chooses the axes and takes the room of their labels from the plot.
    fn place_axes(&mut self, chart: &Chart, typesetter: &Typesetter<'_>) {
        let style = TextStyle::regular(text_size(LABEL_SIZE, self.scale));
        let set = |ticks: &[Tick]| -> Vec<Line> {
            let line = |tick: &Tick| typesetter.line(&tick.label, style, f32::MAX);
            ticks.iter().map(line).collect()
        };
        let gap = pixels(LABEL_GAP, self.scale);
        if self.has_labels {
            self.plot.bottom -= gap + style.leading() - pixels(4.0, self.scale);
            self.plot.top += i32::from(style.size) / 2;
            if chart.bands.iter().any(|band| !band.label.is_empty()) {
                self.band_strip = pixels(BAND_STRIP, self.scale);
                self.plot.top += self.band_strip;
            }
            self.plot.right -= i32::from(style.size) / 2;
        }
        let Some((x_range, y_range)) = ranges(chart) else {
            return;
        };
        let rows = self.plot.height() as f32 / (TICK_ROOM.0 * self.scale);
        let y = number_scale(
            y_range.0,
            y_range.1,
            chart.unit,
            (rows as usize).clamp(2, 10),
        );
        let y_labels = set(&y.ticks);
        let zone = (chart.x == Axis::Time).then(|| typesetter.line("UTC", style, f32::MAX));
        if self.has_labels {
            let widest = y_labels.iter().chain(&zone).map(Line::width_pixels).max();
            self.plot.left += widest.unwrap_or(0) + gap;
        }
        let columns = self.plot.width().max(1) as f32;
        // The first try says how wide labels are, the second how many have room.
        let widest = |scale: &Scale| {
            let widest = set(&scale.ticks).iter().map(Line::width_pixels).max();
            widest.unwrap_or(0) as f32 + TICK_ROOM.1 * self.scale
        };
        let guess = (columns / (80.0 * self.scale)) as usize;
        let first = x_scale(chart.x, x_range, guess);
        let x = x_scale(
            chart.x,
            x_range,
            ((columns / widest(&first)) as usize).min(12),
        );
        let x_labels = set(&x.ticks);
        self.axes = Some(Axes {
            x,
            y,
            x_labels,
            y_labels,
            zone,
        });
    }
}

/// The horizontal axis: from the first point to the last, without rounding.
fn x_scale(axis: Axis, (low, high): (f64, f64), count: usize) -> Scale {
    match axis {
        Axis::Time => time_scale(low, high, count.max(1)),
        Axis::Number => {
            let mut scale = number_scale(low, high, Unit::None, count.max(2));
            if low < high {
                (scale.low, scale.high) = (low, high);
                scale
                    .ticks
                    .retain(|tick| (low..=high).contains(&tick.value));
            }
            scale
        }
    }
}

/// A least and a greatest number.
type Range = (f64, f64);

/// What the axes must span; none if there is no point to show.
fn ranges(chart: &Chart) -> Option<(Range, Range)> {
    let points = chart.series.iter().flat_map(|series| &series.points);
    let finite = points.filter(|(x, y)| x.is_finite() && y.is_finite());
    let mut spans: Option<(Range, Range)> = None;
    for &(x, y) in finite {
        let (x_span, y_span) = spans.get_or_insert(((x, x), (y, y)));
        widen(x_span, x);
        widen(y_span, y);
    }
    let (x_span, mut y_span) = spans?;
    let thresholds = chart.thresholds.iter().map(|threshold| threshold.value);
    for value in thresholds.filter(|value| value.is_finite()) {
        widen(&mut y_span, value);
        // A little more than the value, so that its line and label are not at the very edge. Parts
        // of numbers, because the difference of two can be larger than any number.
        let headroom = value * THRESHOLD_HEADROOM - y_span.0 * THRESHOLD_HEADROOM;
        if value == y_span.1 && (value + headroom).is_finite() {
            widen(&mut y_span, value + headroom);
        }
    }
    Some((x_span, with_zero(y_span)))
}

fn widen(span: &mut Range, value: f64) {
    span.0 = span.0.min(value);
    span.1 = span.1.max(value);
}

/// Lets the axis begin at zero, unless that would press the lines flat against its far end.
fn with_zero((low, high): Range) -> Range {
    const FLAT: f64 = 0.75;
    if low == high {
        return if low > 0.0 {
            (0.0, high)
        } else if low < 0.0 {
            (low, 0.0)
        } else {
            (0.0, 1.0)
        };
    }
    if low > 0.0 && low < high * FLAT {
        return (0.0, high);
    }
    if high < 0.0 && high > low * FLAT {
        return (low, 0.0);
    }
    (low, high)
}
