//! Heat maps: a row for each series, a cell for each point, its value as colour.

use super::data::Row;
use super::{Axes, Layout, pixels, shapes, text_size};
use crate::Color;
use crate::frame::Area;
use crate::scene::{Chart, Theme, Unit};
use crate::text::{Ink, Line, TextStyle, Typesetter};
use crate::ticks::number_scale;

/// Colours of a heat map; few enough for a picture with a palette.
const LEVELS: usize = 24;
/// The colours that the others lie between, from the least value to the greatest.
const LIGHT: [Color; 5] = [
    Color::rgb(0xfdf3d3),
    Color::rgb(0xfbc05b),
    Color::rgb(0xee6c2b),
    Color::rgb(0xbe1a3f),
    Color::rgb(0x5a0b3c),
];
const DARK: [Color; 5] = [
    Color::rgb(0x22304c),
    Color::rgb(0x5f2a86),
    Color::rgb(0xc4326c),
    Color::rgb(0xf98b3a),
    Color::rgb(0xfdeb9c),
];
/// Cells and rows from this size on, in pixels, have a line of room between them.
const APART: i32 = 6;
/// Width and height of the bar of colours, and room around it, in pixels at scale 1.
const BAR: (f32, f32) = (132.0, 11.0);
const BAR_GAP: f32 = 8.0;
const LABEL_SIZE: f32 = 12.0;
/// The part of the width that names of rows may take.
const NAMES_PART: f32 = 0.34;

/// What each colour of a heat map means.
pub(super) struct Ramp {
    /// From the least value to the greatest.
    colors: Vec<Color>,
    low: f64,
    high: f64,
    /// The labels of both ends.
    ends: [Line; 2],
    no_data: Line,
    at: (i32, i32),
    pub(super) bottom: i32,
}

impl Ramp {
    /// Stands at the top left of `room`; none without a value.
    pub(super) fn new(
        chart: &Chart,
        values: Option<(f64, f64)>,
        typesetter: &Typesetter<'_>,
        scale: f32,
        room: Area,
    ) -> Option<Self> {
        let (low, high) = values?;
        let scale_of_values = number_scale(low, high, chart.unit, 4);
        let style = TextStyle::regular(text_size(LABEL_SIZE, scale));
        let end = |text: &str| typesetter.line(text, style, room.width() as f32 * 0.25);
        let ticks = &scale_of_values.ticks;
        let label = |tick: Option<&crate::ticks::Tick>, value: f64| {
            tick.map_or_else(|| format!("{value:e}"), |tick| tick.label.clone())
        };
        let per_cent = if chart.unit == Unit::Ratio { "0%" } else { "0" };
        let first = label(ticks.first(), scale_of_values.low);
        let first = if scale_of_values.low == 0.0 {
            per_cent.to_owned()
        } else {
            first
        };
        let last = label(ticks.last(), scale_of_values.high);
        Some(Self {
            colors: ramp(chart.theme),
            low: scale_of_values.low,
            high: scale_of_values.high,
            ends: [end(&first), end(&last)],
            no_data: end("no data"),
            at: (room.left, room.top),
            bottom: room.top + style.leading() + pixels(10.0, scale),
        })
    }

    fn level(&self, value: f64) -> u8 {
        let part = (value / 2.0 - self.low / 2.0) / (self.high / 2.0 - self.low / 2.0);
        // Infinite values have the colour of the end that they are beyond.
        (part.clamp(0.0, 1.0) * (LEVELS - 1) as f64).round() as u8
    }

    fn raster(&self, layout: &Layout<'_>, has_gaps: bool, ink: &mut Ink<'_, '_>) {
        let (scale, tones) = (layout.scale, &layout.tones);
        let style = self.ends[0].style;
        let baseline = self.at.1 + style.ascent();
        let gap = pixels(BAR_GAP, scale);
        let mut x = self.at.0;
        ink.text(&self.ends[0], x as f32, baseline, tones.text);
        x += self.ends[0].width_pixels() + gap;
        let height = pixels(BAR.1, scale).max(4);
        let step = (pixels(BAR.0, scale) / LEVELS as i32).max(2);
        let top = baseline - i32::from(style.size) * 36 / 100 - height / 2;
        let swatch = |left: i32, width: i32| Area {
            left,
            right: left + width,
            top,
            bottom: top + height,
        };
        for &color in &self.colors {
            ink.frame.fill(swatch(x, step), color, 255);
            x += step;
        }
        x += gap;
        ink.text(&self.ends[1], x as f32, baseline, tones.text);
        x += self.ends[1].width_pixels() + gap * 3;
        let width = pixels(22.0, scale);
        let has_room = x + width + gap + self.no_data.width_pixels() <= layout.plot.right;
        if has_gaps && has_room {
            shapes::hatch(ink.frame, swatch(x, width), scale, tones.hatch);
            ink.text(
                &self.no_data,
                (x + width + gap) as f32,
                baseline,
                tones.text,
            );
        }
    }
}

/// The colours between the given ones, each as far from the next.
fn ramp(theme: Theme) -> Vec<Color> {
    let stops = match theme {
        Theme::Light => &LIGHT,
        Theme::Dark => &DARK,
    };
    let last = stops.len() - 1;
    let color = |level: usize| {
        let place = level * last;
        let (stop, part) = (place / (LEVELS - 1), place % (LEVELS - 1));
        let coverage = (part * 255 / (LEVELS - 1)) as u8;
        stops[stop].under(stops[(stop + 1).min(last)], coverage)
    };
    (0..LEVELS).map(color).collect()
}

impl Layout<'_> {
    /// The names of the rows, as wide as the widest but for those that would take the plot's room.
    pub(super) fn row_names(
        chart: &Chart,
        style: TextStyle,
        width: i32,
        typesetter: &Typesetter<'_>,
    ) -> Vec<Line> {
        let room = width as f32 * NAMES_PART;
        let names = chart.series.iter();
        names
            .map(|series| typesetter.line(&series.name, style, room))
            .collect()
    }

    pub(super) fn raster_heat(&self, axes: &Axes, ink: &mut Ink<'_, '_>) {
        let Some(ramp) = &self.ramp else { return };
        let mut has_gaps = false;
        let mut cells = Vec::new();
        for (index, row) in self.data.rows.iter().enumerate() {
            self.levels(row, axes, ramp, &mut cells);
            let rows = self.row_rows(index);
            for run in cells.chunk_by(|a, b| a == b).scan(0, |at, run| {
                let left = *at;
                *at += run.len();
                Some((left, run))
            }) {
                let (left, run): (usize, &[Cell]) = run;
                let area = Area {
                    left: self.plot.left + left as i32,
                    right: self.plot.left + (left + run.len()) as i32,
                    ..rows
                };
                match run[0] {
                    Cell::Level(level) => {
                        ink.frame.fill(area, ramp.colors[usize::from(level)], 255);
                    }
                    Cell::Missing => {
                        has_gaps = true;
                        shapes::hatch(ink.frame, area, self.scale, self.tones.hatch);
                    }
                    Cell::Between => {}
                }
            }
        }
        self.raster_row_names(axes, ink);
        ramp.raster(self, has_gaps, ink);
    }

    /// The rows of pixels of a row of the map.
    fn row_rows(&self, index: usize) -> Area {
        let count = self.data.rows.len().max(1) as i32;
        let edge = |index: i32| self.plot.top + self.plot.height() * index / count;
        let (top, bottom) = (edge(index as i32), edge(index as i32 + 1));
        let gap = i32::from(bottom - top >= APART);
        Area {
            top,
            bottom: bottom - gap,
            ..self.plot
        }
    }

    /// What each column of a row shows: of several points in one the greatest, because it is what a
    /// reader must not miss.
    fn levels(&self, row: &Row<'_>, axes: &Axes, ramp: &Ramp, cells: &mut Vec<Cell>) {
        cells.clear();
        cells.resize(self.plot.width() as usize, Cell::Missing);
        let half = self.data.step / 2.0;
        let column = |x: f64| {
            let from_left = self.x_pixel(axes, x) - self.plot.left as f32;
            (from_left.round().max(0.0) as usize).min(cells.len())
        };
        let points = row.points.iter();
        let places = points.filter(|(x, y)| x.is_finite() && !y.is_nan());
        let shown: Vec<(usize, usize, u8)> = places
            .map(|&(x, y)| {
                let whole = if half > 0.0 {
                    (column(x - half), column(x + half))
                } else {
                    (0, cells.len())
                };
                (whole.0, whole.1, ramp.level(y))
            })
            .collect();
        let mut before = None;
        for (from, to, level) in shown {
            let from = from.min(cells.len().saturating_sub(1));
            let to = to
                .clamp(from + 1, cells.len().max(from + 1))
                .min(cells.len());
            if before == Some((from, to, level)) {
                continue;
            }
            before = Some((from, to, level));
            let is_apart = to - from >= APART as usize && half > 0.0;
            for (at, cell) in (from..).zip(&mut cells[from..to]) {
                let own = if is_apart && at + 1 == to {
                    Cell::Between
                } else {
                    Cell::Level(level)
                };
                *cell = (*cell).max(own);
            }
        }
    }

    fn raster_row_names(&self, axes: &Axes, ink: &mut Ink<'_, '_>) {
        if !self.has_labels {
            return;
        }
        let right = self.plot.left - pixels(super::layout::LABEL_GAP, self.scale);
        let mut free = i32::MIN;
        for (index, name) in axes.row_names.iter().enumerate() {
            let rows = self.row_rows(index);
            let middle = (rows.top + rows.bottom) / 2;
            let height = i32::from(name.style.size);
            // A name that would touch the one before is left out.
            if middle - height / 2 < free || name.glyphs.is_empty() {
                continue;
            }
            free = middle + height / 2 + height / 4;
            let baseline = middle + height * 36 / 100;
            ink.text(name, right as f32 - name.width, baseline, self.tones.text);
        }
    }
}

/// What one column of a row shows, from the weakest claim to the strongest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Cell {
    Missing,
    /// The room between two cells.
    Between,
    Level(u8),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_colours_of_a_ramp_begin_and_end_where_given_and_all_differ() {
        for (theme, stops) in [(Theme::Light, LIGHT), (Theme::Dark, DARK)] {
            let colors = ramp(theme);
            assert_eq!(
                (colors.len(), colors[0], colors[LEVELS - 1]),
                (LEVELS, stops[0], stops[4])
            );
            for (index, color) in colors.iter().enumerate() {
                assert!(!colors[..index].contains(color), "{index}");
            }
        }
    }
}
