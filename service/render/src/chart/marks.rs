//! Thresholds and bands: what the lines are read against.

use super::{Axes, Layout, pixels, text_size};
use crate::frame::Area;
use crate::scene::{Band, Chart};
use crate::text::{Ink, TextStyle};

const LABEL_SIZE: f32 = 11.5;
/// Length of a dash and from one to the next.
const DASH: (f32, f32) = (7.0, 12.0);
/// How much of its colour a band has, its first column, and the ground behind a label.
const BAND_COVERAGE: u8 = 34;
const BAND_EDGE_COVERAGE: u8 = 150;
const LABEL_GROUND_COVERAGE: u8 = 215;
/// Height of the strip over the plot for the labels of bands.
pub(super) const BAND_STRIP: f32 = 18.0;
/// Labels with less room are left out, in ems.
const LABEL_ROOM_EMS: f32 = 3.0;

impl Layout<'_> {
    /// Shades the bands.
    pub(super) fn raster_bands(&self, chart: &Chart, axes: &Axes, ink: &mut Ink<'_, '_>) {
        for band in &chart.bands {
            let Some((left, right)) = self.band_columns(band, axes) else {
                continue;
            };
            let area = Area {
                left,
                right: right.max(left + 2),
                top: self.plot.top - self.band_strip,
                ..self.plot
            };
            ink.frame.fill(area, self.tones.band, BAND_COVERAGE);
            let edge = Area {
                right: left + pixels(1.0, self.scale).max(1),
                ..area
            };
            ink.frame.fill(edge, self.tones.band, BAND_EDGE_COVERAGE);
        }
    }

    /// Writes what the bands are, each up to where the next one begins.
    pub(super) fn raster_band_labels(&self, chart: &Chart, axes: &Axes, ink: &mut Ink<'_, '_>) {
        let style = TextStyle::regular(text_size(LABEL_SIZE, self.scale));
        let starts: Vec<i32> = chart
            .bands
            .iter()
            .filter_map(|band| Some(self.band_columns(band, axes)?.0))
            .collect();
        for band in &chart.bands {
            let Some((left, _)) = self.band_columns(band, axes) else {
                continue;
            };
            let next = starts.iter().copied().filter(|&start| start > left).min();
            let x = left + pixels(5.0, self.scale);
            let room = (next.unwrap_or(self.plot.right) - x - pixels(3.0, self.scale)) as f32;
            if room < f32::from(style.size) * LABEL_ROOM_EMS {
                continue;
            }
            let line = ink.typesetter.line(&band.label, style, room);
            let baseline = self.plot.top - self.band_strip + style.ascent();
            ink.text(&line, x as f32, baseline, self.tones.band_text);
        }
    }

    /// First and last column of the part of a band that the plot shows.
    fn band_columns(&self, band: &Band, axes: &Axes) -> Option<(i32, i32)> {
        if !(band.from.is_finite() && band.to.is_finite()) {
            return None;
        }
        let (from, to) = (band.from.min(band.to), band.from.max(band.to));
        if to < axes.x.low || from > axes.x.high {
            return None;
        }
        let left = self.x_pixel(axes, from).round() as i32;
        Some((left, self.x_pixel(axes, to).round() as i32))
    }

    /// Draws the dashed lines and, at their right end, what they are.
    pub(super) fn raster_thresholds(&self, chart: &Chart, axes: &Axes, ink: &mut Ink<'_, '_>) {
        let style = TextStyle::regular(text_size(LABEL_SIZE, self.scale));
        let pen = pixels(1.5, self.scale).max(1);
        let (dash, period) = (pixels(DASH.0, self.scale), pixels(DASH.1, self.scale));
        for threshold in chart
            .thresholds
            .iter()
            .filter(|line| line.value.is_finite())
        {
            let y = self.y_pixel(axes, threshold.value).round() as i32;
            for left in (self.plot.left..self.plot.right).step_by(period as usize) {
                let right = (left + dash).min(self.plot.right);
                let dash = Area {
                    left,
                    right,
                    top: y - pen / 2,
                    bottom: y - pen / 2 + pen,
                };
                ink.frame.fill(dash, self.tones.threshold, 255);
            }
            let room = self.plot.width() as f32 * 0.6;
            let line = ink.typesetter.line(&threshold.label, style, room);
            if line.glyphs.is_empty() || room < f32::from(style.size) * LABEL_ROOM_EMS {
                continue;
            }
            let gap = pixels(3.0, self.scale);
            // Above its line, or below if that would leave the plot.
            let above = y - gap - style.leading();
            let top = if above >= self.plot.top {
                above
            } else {
                y + gap
            };
            let x = self.plot.right - line.width_pixels() - gap;
            let ground = Area {
                left: x - gap,
                right: self.plot.right,
                top,
                bottom: top + style.leading(),
            };
            ink.frame
                .fill(ground, self.tones.ground, LABEL_GROUND_COVERAGE);
            ink.text(&line, x as f32, top + style.ascent(), self.tones.threshold);
        }
    }
}
