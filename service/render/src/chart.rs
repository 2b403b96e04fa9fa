//! A line chart: where everything goes, and how it is drawn.

mod layout;
mod legend;
mod lines;
mod marks;

use crate::Color;
use crate::frame::Area;
use crate::scene::{Chart, Theme};
use crate::text::{Ink, Line, TextStyle};
use crate::ticks::Scale;
use legend::Legend;

/// Where everything of a chart goes.
pub(crate) struct Layout {
    /// Of all lengths: 1 for 800 × 400 px.
    scale: f32,
    tones: Tones,
    title: Option<(Line, i32)>,
    subtitle: Option<(Line, i32)>,
    legend: Option<Legend>,
    plot: Area,
    /// Height of the room over the plot for the labels of bands.
    band_strip: i32,
    /// None without a point to show.
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
    /// Says which clock the horizontal axis follows.
    zone: Option<Line>,
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
            },
        }
    }
}

impl Layout {
    pub(crate) fn raster(&self, chart: &Chart, ink: &mut Ink<'_, '_>) {
        ink.frame.resize(chart.width, chart.height);
        ink.frame.clear(self.tones.ground);
        let left = self.left();
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
        let Some(axes) = &self.axes else {
            self.raster_no_data(ink);
            return;
        };
        self.raster_bands(chart, axes, ink);
        self.raster_grid(axes, ink);
        self.raster_lines(chart, axes, ink);
        self.raster_thresholds(chart, axes, ink);
        self.raster_band_labels(chart, axes, ink);
    }

    /// Where the texts over the plot begin.
    fn left(&self) -> i32 {
        pixels(layout::MARGIN, self.scale)
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

    fn raster_grid(&self, axes: &Axes, ink: &mut Ink<'_, '_>) {
        let pen = pixels(1.0, self.scale).max(1);
        for (index, tick) in axes.y.ticks.iter().enumerate() {
            let y = self.y_pixel(axes, tick.value).round() as i32;
            let is_zero = tick.value == 0.0 || index == 0;
            let color = if is_zero {
                self.tones.base
            } else {
                self.tones.grid
            };
            let line = Area {
                top: y - pen / 2,
                bottom: y - pen / 2 + pen,
                ..self.plot
            };
            ink.frame.fill(line, color, 255);
            if let Some(label) = axes.y_labels.get(index).filter(|_| self.has_labels) {
                let x = self.plot.left - pixels(layout::LABEL_GAP, self.scale);
                let baseline = y + i32::from(label.style.size) * 36 / 100;
                ink.text(label, x as f32 - label.width, baseline, self.tones.text);
            }
        }
        if self.has_labels {
            self.raster_x_labels(axes, ink, pen);
        }
    }

    fn raster_x_labels(&self, axes: &Axes, ink: &mut Ink<'_, '_>, pen: i32) {
        let top = self.plot.bottom + pixels(layout::LABEL_GAP, self.scale);
        for (tick, label) in axes.x.ticks.iter().zip(&axes.x_labels) {
            let x = self.x_pixel(axes, tick.value);
            let mark = Area {
                left: x.round() as i32 - pen / 2,
                right: x.round() as i32 - pen / 2 + pen,
                top: self.plot.bottom,
                bottom: self.plot.bottom + pixels(5.0, self.scale),
            };
            ink.frame.fill(mark, self.tones.base, 255);
            let left = x - label.width / 2.0;
            // A label that would leave the picture, or touch the zone, is left out.
            let zone_end = axes.zone.as_ref().map_or(0.0, |zone| {
                self.plot.left as f32 - layout::LABEL_GAP * self.scale + zone.width * 0.5
            });
            if left >= zone_end && left + label.width <= ink.frame.width() as f32 - 2.0 {
                ink.text(label, left, top + label.style.ascent(), self.tones.text);
            }
        }
        if let Some(zone) = &axes.zone {
            let right = self.plot.left - pixels(layout::LABEL_GAP, self.scale);
            let x = right as f32 - zone.width;
            ink.text(zone, x, top + zone.style.ascent(), self.tones.text);
        }
    }

    /// What a chart without a point says.
    fn raster_no_data(&self, ink: &mut Ink<'_, '_>) {
        let pen = pixels(1.0, self.scale).max(1);
        let lines = 4;
        for index in 0..=lines {
            let y = self.plot.top + self.plot.height() * index / lines;
            let line = Area {
                top: y,
                bottom: y + pen,
                ..self.plot
            };
            let color = if index == lines {
                self.tones.base
            } else {
                self.tones.grid
            };
            ink.frame.fill(line, color, 255);
        }
        let style = TextStyle::regular(text_size(16.0, self.scale));
        let line = ink
            .typesetter
            .line("no data", style, self.plot.width() as f32);
        let x = self.plot.left as f32 + (self.plot.width() as f32 - line.width) / 2.0;
        let middle = self.plot.top + self.plot.height() / 2;
        let box_height = style.leading() + pixels(12.0, self.scale);
        let ground = Area {
            left: x as i32 - pixels(14.0, self.scale),
            right: x as i32 + line.width_pixels() + pixels(14.0, self.scale),
            top: middle - box_height / 2,
            bottom: middle + box_height / 2,
        };
        ink.frame.fill(ground, self.tones.ground, 255);
        let baseline = middle + i32::from(style.size) * 36 / 100;
        ink.text(&line, x, baseline, self.tones.text);
    }
}

fn pixels(length: f32, scale: f32) -> i32 {
    (length * scale).round() as i32
}

fn text_size(points: f32, scale: f32) -> u16 {
    (points * scale).round().max(6.0) as u16
}
