//! Gives every part of a chart its place.

use super::data::Data;
use super::flags::{self, FLAG_ROW};
use super::heat::Ramp;
use super::hints;
use super::legend::Legend;
use super::marks::BAND_STRIP;
use super::{Axes, Footer, Layout, Note, Tones, pixels, text_size};
use crate::frame::Area;
use crate::scene::{Axis, Chart, Kind, Unit, Zone};
use crate::text::{Line, TextStyle, Typesetter};
use crate::ticks::{Scale, Tick, number_scale, offset_label, time_scale};

/// Lengths below are in pixels of a chart of this size.
const REFERENCE: (f32, f32) = (800.0, 400.0);
/// From the edge of the picture.
pub(super) const MARGIN: f32 = 20.0;
/// Between the plot and its labels.
pub(super) const LABEL_GAP: f32 = 8.0;
const TITLE_SIZE: f32 = 19.0;
const SUBTITLE_SIZE: f32 = 13.0;
pub(super) const LABEL_SIZE: f32 = 12.0;
const FOOTER_SIZE: f32 = 11.0;
/// Height of the plot for each tick, and least room between two labels below it.
const TICK_ROOM: (f32, f32) = (38.0, 36.0);
/// A plot smaller than this gives its surroundings up, one after the other.
const PLOT_MIN: (i32, i32) = (80, 56);

/// What is left out so that a small plot has room, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd)]
enum Spare {
    Nothing,
    Legend,
    Footer,
    Subtitle,
    Title,
    Labels,
}

impl<'a> Layout<'a> {
    pub(crate) fn new(chart: &'a Chart, typesetter: &Typesetter<'_>) -> Self {
        let fit = (chart.width as f32 / REFERENCE.0).min(chart.height as f32 / REFERENCE.1);
        let mut layout = Self {
            scale: fit.clamp(0.75, 4.0),
            tones: Tones::of(chart.theme),
            data: Data::of(chart),
            title: None,
            subtitle: None,
            note: None,
            legend: None,
            ramp: None,
            footer: None,
            plot: Area::EMPTY,
            band_strip: 0,
            flag_rows: 0,
            axes: None,
            has_labels: true,
        };
        let ladder = [
            Spare::Nothing,
            Spare::Legend,
            Spare::Footer,
            Spare::Subtitle,
            Spare::Title,
            Spare::Labels,
        ];
        for spare in ladder {
            layout.place(chart, typesetter, spare);
            if layout.plot.width() >= PLOT_MIN.0 && layout.plot.height() >= PLOT_MIN.1 {
                break;
            }
        }
        layout
    }

    fn place(&mut self, chart: &Chart, typesetter: &Typesetter<'_>, spare: Spare) {
        let scale = self.scale;
        let mut plot = Area {
            left: 0,
            top: 0,
            right: chart.width as i32,
            bottom: chart.height as i32,
        };
        self.has_labels = spare < Spare::Labels;
        plot = plot.inset(pixels(if self.has_labels { MARGIN } else { 4.0 }, scale));
        let room = plot.width() as f32;
        let mut head = |text: &str, style: TextStyle, is_spared: bool| {
            let line = Some(typesetter.line(text, style, room));
            let line = line.filter(|line| !is_spared && !line.glyphs.is_empty())?;
            let baseline = plot.top + style.ascent();
            plot.top += style.leading();
            Some((line, baseline))
        };
        let title = TextStyle::bold(text_size(TITLE_SIZE, scale));
        self.title = head(&chart.title, title, spare >= Spare::Title);
        let subtitle = TextStyle::regular(text_size(SUBTITLE_SIZE, scale));
        self.subtitle = head(&chart.subtitle, subtitle, spare >= Spare::Subtitle);
        let has_head = self.title.is_some() || self.subtitle.is_some();
        plot.top += if has_head { pixels(8.0, scale) } else { 0 };
        self.note = self.place_note(chart, typesetter, &mut plot);
        (self.legend, self.ramp) = (None, None);
        if chart.kind == Kind::Heat {
            self.ramp = Ramp::new(chart, self.data.y, typesetter, scale, plot);
            plot.top = self.ramp.as_ref().map_or(plot.top, |ramp| ramp.bottom);
        } else if spare < Spare::Legend {
            self.legend = Legend::new(chart, &self.data, typesetter, scale, plot);
            plot.top = self
                .legend
                .as_ref()
                .map_or(plot.top, |legend| legend.bottom);
        }
        let has_footer = spare < Spare::Footer;
        self.footer = has_footer
            .then(|| self.place_footer(chart, typesetter, &mut plot))
            .flatten();
        self.plot = plot;
        self.place_axes(chart, typesetter);
    }

    /// The banner that says what a reader must know first.
    fn place_note(
        &self,
        chart: &Chart,
        typesetter: &Typesetter<'_>,
        plot: &mut Area,
    ) -> Option<Note> {
        let text = chart.note.as_deref().filter(|_| self.has_labels)?;
        let style = TextStyle::regular(text_size(SUBTITLE_SIZE, self.scale));
        let padding = pixels(10.0, self.scale);
        let line = typesetter.line(text, style, (plot.width() - 2 * padding) as f32);
        if line.glyphs.is_empty() {
            return None;
        }
        let height = style.leading() + pixels(8.0, self.scale);
        let area = Area {
            bottom: plot.top + height,
            ..*plot
        };
        plot.top += height + pixels(8.0, self.scale);
        Some(Note {
            area,
            line,
            padding,
        })
    }

    /// The small line at the bottom: the zone, values that cannot be drawn, and when it was computed.
    fn place_footer(
        &self,
        chart: &Chart,
        typesetter: &Typesetter<'_>,
        plot: &mut Area,
    ) -> Option<Footer> {
        let style = TextStyle::regular(text_size(FOOTER_SIZE, self.scale));
        let zone = (chart.x == Axis::Time && chart.zone != Zone::UTC && self.data.x.is_some())
            .then(|| format!("times in {}", chart.zone.name()));
        let words: Vec<String> = zone
            .into_iter()
            .chain(hints::infinite_words(&self.data))
            .collect();
        let evaluated = chart.evaluated_at.as_deref().unwrap_or_default();
        let right = typesetter.line(evaluated, style, plot.width() as f32 * 0.7);
        let room = plot.width() as f32 - right.width - 16.0 * self.scale;
        let left = typesetter.line(&words.join(" · "), style, room);
        if left.glyphs.is_empty() && right.glyphs.is_empty() {
            return None;
        }
        // It stands partly in the margin.
        let bottom = plot.bottom + pixels(8.0, self.scale);
        plot.bottom = bottom - style.leading() - pixels(5.0, self.scale);
        let baseline = bottom - style.leading() + style.ascent();
        Some(Footer {
            left: (left, plot.left),
            right_start: plot.right as f32 - right.width,
            right,
            baseline,
        })
    }

    /// Chooses the axes and takes the room of their labels from the plot.
    fn place_axes(&mut self, chart: &Chart, typesetter: &Typesetter<'_>) {
        let style = TextStyle::regular(text_size(LABEL_SIZE, self.scale));
        let set = |ticks: &[Tick]| -> Vec<Line> {
            let line = |tick: &Tick| typesetter.line(&tick.label, style, f32::MAX);
            ticks.iter().map(line).collect()
        };
        let gap = pixels(LABEL_GAP, self.scale);
        (self.band_strip, self.flag_rows, self.axes) = (0, 0, None);
        if self.has_labels {
            self.plot.bottom -= gap + style.leading() - pixels(4.0, self.scale);
            self.plot.top += i32::from(style.size) / 2;
            self.place_strips(chart, typesetter);
            self.plot.right -= i32::from(style.size) / 2;
        }
        let Some(x_range) = self.data.x else { return };
        let rows = self.plot.height() as f32 / (TICK_ROOM.0 * self.scale);
        let y = y_scale(chart, self.data.y, (rows.round() as usize).clamp(2, 10));
        let y_labels = set(&y.ticks);
        let row_names = match chart.kind {
            Kind::Heat => Self::row_names(chart, style, self.plot.width(), typesetter),
            Kind::Line | Kind::Area | Kind::Bar => Vec::new(),
        };
        let zone = (chart.x == Axis::Time)
            .then(|| typesetter.line(&offset_label(x_range, &chart.zone), style, f32::MAX));
        if self.has_labels {
            let labels = y_labels.iter().chain(&row_names).chain(&zone);
            let widest = labels.map(Line::width_pixels).max();
            self.plot.left += widest.unwrap_or(0) + gap;
        }
        let columns = self.plot.width().max(1) as f32;
        // The first try says how wide labels are, the second how many have room.
        let widest = |scale: &Scale| {
            let widest = set(&scale.ticks).iter().map(Line::width_pixels).max();
            widest.unwrap_or(0) as f32 + TICK_ROOM.1 * self.scale
        };
        let guess = (columns / (80.0 * self.scale)) as usize;
        let first = x_scale(chart, x_range, guess);
        let x = x_scale(
            chart,
            x_range,
            ((columns / widest(&first)) as usize).min(12),
        );
        let x_labels = set(&x.ticks);
        self.axes = Some(Axes {
            x,
            y,
            x_labels,
            y_labels,
            row_names,
            zone,
        });
    }

    /// Takes the room of the flags of marks and of the labels of bands.
    fn place_strips(&mut self, chart: &Chart, typesetter: &Typesetter<'_>) {
        if chart.bands.iter().any(|band| !band.label.is_empty()) {
            self.band_strip = pixels(BAND_STRIP, self.scale);
        }
        let width = self.plot.width();
        self.flag_rows = flags::rows_needed(chart, self.data.x, width, self.scale, typesetter);
        let flags = pixels(FLAG_ROW, self.scale) * self.flag_rows as i32;
        self.plot.top += self.band_strip + flags;
    }
}

/// The vertical axis; one without ticks where no number has a place on it.
fn y_scale(chart: &Chart, range: Option<(f64, f64)>, count: usize) -> Scale {
    match range {
        Some((low, high)) if chart.kind != Kind::Heat => number_scale(low, high, chart.unit, count),
        _ => Scale {
            low: 0.0,
            high: 1.0,
            ticks: Vec::new(),
        },
    }
}

/// The horizontal axis: from the first point to the last, without rounding.
fn x_scale(chart: &Chart, (low, high): (f64, f64), count: usize) -> Scale {
    match chart.x {
        Axis::Time => time_scale(low, high, count.max(1), &chart.zone),
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
