//! What a chart says about what it does not know: no data, no more data, values beyond all numbers.

use super::data::Data;
use super::{Axes, Layout, pixels, shapes, text_size};
use crate::frame::Area;
use crate::scene::{Axis, Chart, Kind};
use crate::text::{Ink, TextStyle};
use crate::ticks::moment_label;

/// Size of the triangles of infinite values, and how far apart they are at least.
const TRIANGLE: f32 = 8.0;
/// Radius and line of the ring at the end of a series, in pixels at scale 1.
const RING: (f32, f32) = (4.0, 1.6);
const LABEL_SIZE: f32 = 12.0;

/// Since when there is no data, in words.
pub(super) fn stale_words(chart: &Chart, data: &Data<'_>, since: f64) -> String {
    let span = data.x.map_or(0.0, |(low, high)| high - low);
    match chart.x {
        Axis::Time => format!("stale since {}", moment_label(since, span, &chart.zone)),
        Axis::Number => format!("ends at {since}"),
    }
}

/// How many values are beyond all numbers, in words; none if there are none.
pub(super) fn infinite_words(data: &Data<'_>) -> Option<String> {
    match data.infinite {
        (0, 0) => None,
        (high, 0) => Some(format!("{high} × +Inf")),
        (0, low) => Some(format!("{low} × −Inf")),
        (high, low) => Some(format!("{high} × +Inf, {low} × −Inf")),
    }
}

impl Layout<'_> {
    /// Hatches what lies after the end of all series.
    pub(super) fn raster_tail(&self, chart: &Chart, axes: &Axes, ink: &mut Ink<'_, '_>) {
        // The gaps of a heat map are hatched already.
        if let Some(tail) = self.tail(chart, axes).filter(|_| chart.kind != Kind::Heat) {
            shapes::hatch(ink.frame, tail, self.scale, self.tones.hatch);
        }
    }

    /// The part of the plot after the end of all series, if they end before the range does.
    fn tail(&self, chart: &Chart, axes: &Axes) -> Option<Area> {
        let since = self.data.stale_from?;
        let half = match chart.kind {
            Kind::Heat | Kind::Bar => self.data.step / 2.0,
            Kind::Line | Kind::Area => 0.0,
        };
        let left = self.x_pixel(axes, since + half).round() as i32 + 1;
        Some(Area {
            left: left.min(self.plot.right),
            ..self.plot
        })
    }

    /// Says since when there is no data, over everything else in the plot.
    pub(super) fn raster_stale_label(&self, chart: &Chart, axes: &Axes, ink: &mut Ink<'_, '_>) {
        let (Some(since), Some(tail)) = (self.data.stale_from, self.tail(chart, axes)) else {
            return;
        };
        let style = TextStyle::regular(text_size(LABEL_SIZE, self.scale));
        let words = stale_words(chart, &self.data, since);
        let line = ink
            .typesetter
            .line(&words, style, self.plot.width() as f32 * 0.8);
        let (gap, width) = (pixels(6.0, self.scale), line.width_pixels());
        let centred = tail.left + (tail.width() - width) / 2;
        let has_room = tail.width() >= width + 2 * gap;
        // Low in the tail, where no label of a threshold is. Where the tail is narrow the words
        // begin before it, and stand as high as can be, so that they hide no end of a line.
        let left = centred.min(self.plot.right - width - 2 * gap);
        let top = if has_room {
            self.plot.bottom - self.plot.height() / 4 - style.leading() / 2
        } else {
            self.plot.top + gap / 2
        };
        let ground = Area {
            left: left - gap,
            right: left + width + gap,
            top: top - gap / 2,
            bottom: top + style.leading() + gap / 2,
        };
        ink.frame
            .fill_round(ground, gap as f32 / 2.0, self.tones.ground, 235);
        ink.text(&line, left as f32, top + style.ascent(), self.tones.title);
    }

    /// Marks the ends of series that end before others do.
    pub(super) fn raster_ends(&self, axes: &Axes, ink: &mut Ink<'_, '_>) {
        if self.data.stale_from.is_some() {
            return;
        }
        for row in self.data.rows.iter().filter(|row| row.is_stale) {
            let Some((x, y)) = row.last else { continue };
            let at = (self.x_pixel(axes, x), self.y_pixel(axes, y));
            let (radius, pen) = (RING.0 * self.scale, RING.1 * self.scale);
            shapes::ring(ink.frame, at, radius, pen, (row.color, self.tones.ground));
        }
    }

    /// Draws a triangle at the upper or lower edge for each infinite value.
    pub(super) fn raster_infinite(&self, axes: &Axes, ink: &mut Ink<'_, '_>) {
        let size = pixels(TRIANGLE, self.scale);
        for row in self.data.rows.iter().rev() {
            let mut free = [f32::NEG_INFINITY; 2];
            let points = row.points.iter();
            for &(x, y) in points.filter(|(x, y)| x.is_finite() && y.is_infinite()) {
                let (at, is_up) = (self.x_pixel(axes, x), y > 0.0);
                let free = &mut free[usize::from(is_up)];
                if at < *free {
                    continue;
                }
                *free = at + size as f32 / 2.0;
                let tip = if is_up {
                    self.plot.top
                } else {
                    self.plot.bottom
                };
                shapes::triangle(ink.frame, (at, tip), size, is_up, row.color);
            }
        }
    }

    /// What a chart without a point says.
    pub(super) fn raster_no_data(&self, ink: &mut Ink<'_, '_>) {
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
