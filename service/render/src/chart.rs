//! A chart: where everything goes, and how it is drawn.

mod data;
mod layers;
mod layout;
mod axes;
mod legend;
mod marks;
mod flags;
mod hints;
mod shapes;
mod tile;
mod pen;
mod lines;
mod bars;
mod heat;
mod timeline;

use crate::Color;
use crate::frame::Area;
use crate::scene::{Chart, Kind, MarkKind, Theme};
use crate::text::{Ink, Line};
use crate::ticks::Scale;
use data::Data;
use heat::Ramp;
use legend::Legend;
pub(crate) use timeline::TimelineLayout;

/// Where everything of a chart goes.
pub(crate) struct Layout<'a> {
    /// Of all lengths: 1 for 800 × 400 px.
    scale: f32,
    tones: Tones,
    data: Data<'a>,
    title: Option<(Line, i32)>,
    subtitle: Option<(Line, i32)>,
    note: Option<Note>,
    legend: Option<Legend>,
    /// In place of the legend of a heat map.
    ramp: Option<Ramp>,
    footer: Option<Footer>,
    plot: Area,
    /// Height of the room over the plot for the labels of bands, and over that rows for flags.
    band_strip: i32,
    flag_rows: usize,
    /// None without a point to show, and without a range.
    axes: Option<Axes>,
    /// Whether there is room for the labels of the axes.
    has_labels: bool,
}

/// The two axes, and their labels in the order of their ticks.
struct Axes {
    x: Scale,
    y: Scale,
    x_labels: Vec<Line>,
    y_labels: Vec<Line>,
    /// Of a heat map.
    row_names: Vec<Line>,
    /// Says which clock the horizontal axis follows.
    zone: Option<Line>,
}

/// The banner of a chart.
struct Note {
    area: Area,
    line: Line,
    padding: i32,
}

/// The small line at the bottom.
struct Footer {
    left: (Line, i32),
    right: Line,
    right_start: f32,
    baseline: i32,
}

/// Colours of a theme.
#[derive(Debug, Clone, Copy)]
struct Tones {
    ground: Color,
    title: Color,
    text: Color,
    grid: Color,
    base: Color,
    threshold: Color,
    band: Color,
    band_text: Color,
    hatch: Color,
    deploy: Color,
    fault: Color,
}

impl Tones {
    fn of(theme: Theme) -> Self {
        match theme {
            Theme::Light => Self {
                ground: Color::WHITE,
                title: Color::rgb(0x0f172a),
                text: Color::rgb(0x5b677a),
                grid: Color::rgb(0xe8ecf1),
                base: Color::rgb(0xb6c0cd),
                threshold: Color::rgb(0xdc2626),
                band: Color::rgb(0xf59e0b),
                band_text: Color::rgb(0x925f09),
                hatch: Color::rgb(0xd5dbe4),
                deploy: Color::rgb(0x4f46e5),
                fault: Color::rgb(0xdc2626),
            },
            Theme::Dark => Self {
                ground: Color::rgb(0x0f172a),
                title: Color::rgb(0xf1f5f9),
                text: Color::rgb(0x9aa8bc),
                grid: Color::rgb(0x1f2b40),
                base: Color::rgb(0x475569),
                threshold: Color::rgb(0xf87171),
                band: Color::rgb(0xf59e0b),
                band_text: Color::rgb(0xfbcf68),
                hatch: Color::rgb(0x2f3d57),
                deploy: Color::rgb(0x818cf8),
                fault: Color::rgb(0xf87171),
            },
        }
    }

    fn mark(&self, kind: MarkKind) -> Color {
        match kind {
            MarkKind::Deploy => self.deploy,
            MarkKind::Fault => self.fault,
            MarkKind::Note => self.text,
        }
    }
}

impl Layout<'_> {
    pub(crate) fn raster(&self, chart: &Chart, ink: &mut Ink<'_, '_>) {
        ink.frame.resize(chart.width, chart.height);
        ink.frame.clear(self.tones.ground);
        self.raster_texts(ink);
        let Some(axes) = &self.axes else {
            self.raster_no_data(ink);
            return;
        };
        self.raster_bands(chart, axes, ink);
        if self.data.has_points() {
            self.raster_series(chart, axes, ink);
        } else {
            self.raster_no_data(ink);
        }
        self.raster_x_labels(axes, ink);
        self.raster_marks(chart, axes, ink);
        self.raster_band_labels(chart, axes, ink);
        self.raster_stale_label(chart, axes, ink);
    }

    fn raster_series(&self, chart: &Chart, axes: &Axes, ink: &mut Ink<'_, '_>) {
        self.raster_grid(axes, ink);
        match chart.kind {
            Kind::Line | Kind::Area => self.raster_lines(chart, axes, ink),
            Kind::Bar => self.raster_bars(chart, axes, ink),
            Kind::Heat => self.raster_heat(axes, ink),
        }
        self.raster_tail(chart, axes, ink);
        // The colours of a heat map are beyond what a mark could tell.
        if chart.kind != Kind::Heat {
            self.raster_infinite(axes, ink);
            self.raster_thresholds(chart, axes, ink);
        }
        if matches!(chart.kind, Kind::Line | Kind::Area) && !chart.is_stacked() {
            self.raster_ends(axes, ink);
        }
    }

    /// Draws what stands around the plot.
    fn raster_texts(&self, ink: &mut Ink<'_, '_>) {
        let left = pixels(layout::MARGIN, self.scale);
        for (text, color) in [
            (&self.title, self.tones.title),
            (&self.subtitle, self.tones.text),
        ] {
            if let Some((line, baseline)) = text {
                ink.text(line, left as f32, *baseline, color);
            }
        }
        if let Some(legend) = &self.legend {
            legend.raster(ink, self.tones.text);
        }
        if let Some(note) = &self.note {
            ink.frame.fill(note.area, self.tones.band, NOTE_COVERAGE);
            let edge = Area {
                right: note.area.left + pixels(3.0, self.scale),
                ..note.area
            };
            ink.frame.fill(edge, self.tones.band, 255);
            let middle = (note.area.top + note.area.bottom) / 2;
            let baseline = middle + i32::from(note.line.style.size) * 36 / 100;
            let x = (note.area.left + note.padding) as f32;
            ink.text(&note.line, x, baseline, self.tones.title);
        }
        if let Some(footer) = &self.footer {
            let (line, left) = &footer.left;
            ink.text(line, *left as f32, footer.baseline, self.tones.text);
            let at = footer.right_start;
            ink.text(&footer.right, at, footer.baseline, self.tones.text);
        }
    }

    /// Column of a position on the horizontal axis.
    fn x_pixel(&self, axes: &Axes, value: f64) -> f32 {
        let position = axes.x.position(value).clamp(0.0, 1.0);
        self.plot.left as f32 + (position * f64::from(self.plot.width())) as f32
    }

    /// Row of a position on the vertical axis.
    fn y_pixel(&self, axes: &Axes, value: f64) -> f32 {
        let position = axes.y.position(value).clamp(0.0, 1.0);
        self.plot.bottom as f32 - (position * f64::from(self.plot.height())) as f32
    }
}

/// How much of its colour the ground of a note has.
const NOTE_COVERAGE: u8 = 40;

fn pixels(length: f32, scale: f32) -> i32 {
    (length * scale).round() as i32
}

fn text_size(points: f32, scale: f32) -> u16 {
    (points * scale).round().max(6.0) as u16
}
