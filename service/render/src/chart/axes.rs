//! The grid, and what stands beside it.

use super::{Axes, Layout, layout, pixels};
use crate::frame::Area;
use crate::text::Ink;

/// Between two labels of the horizontal axis, in pixels at scale 1.
const LABELS_APART: f32 = 6.0;

impl Layout<'_> {
    /// Draws the lines of the vertical axis and their labels.
    pub(super) fn raster_grid(&self, axes: &Axes, ink: &mut Ink<'_, '_>) {
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
    }

    /// Draws the ticks of the horizontal axis, their labels, and which clock they follow.
    pub(super) fn raster_x_labels(&self, axes: &Axes, ink: &mut Ink<'_, '_>) {
        if !self.has_labels {
            return;
        }
        let pen = pixels(1.0, self.scale).max(1);
        let top = self.plot.bottom + pixels(layout::LABEL_GAP, self.scale);
        // A label that would leave the picture, or touch the zone or its neighbour, is left out.
        let mut free = axes.zone.as_ref().map_or(0.0, |zone| {
            self.plot.left as f32 - layout::LABEL_GAP * self.scale + zone.width * 0.2
        });
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
            if left >= free && left + label.width <= ink.frame.width() as f32 - 2.0 {
                ink.text(label, left, top + label.style.ascent(), self.tones.text);
                free = left + label.width + LABELS_APART * self.scale;
            }
        }
        if let Some(zone) = &axes.zone {
            let right = self.plot.left - pixels(layout::LABEL_GAP, self.scale);
            let x = right as f32 - zone.width;
            ink.text(zone, x, top + zone.style.ascent(), self.tones.text);
        }
    }
}
