//! The names of the lines.

use super::data::Data;
use super::hints::stale_words;
use super::{pixels, text_size};
use crate::Color;
use crate::frame::Area;
use crate::scene::Chart;
use crate::text::{Ink, Line, TextStyle, Typesetter};

const NAME_SIZE: f32 = 13.0;
const NAME_WIDTH_MAX: f32 = 260.0;
const SWATCH: (f32, f32) = (16.0, 4.0);
const SWATCH_GAP: f32 = 7.0;
/// Between two entries of a row.
const ENTRY_GAP: f32 = 20.0;
const ROWS_MAX: i32 = 2;

/// The entries with their places.
pub(super) struct Legend {
    entries: Vec<Entry>,
    /// Where the room of the legend ends.
    pub(super) bottom: i32,
    scale: f32,
}

struct Entry {
    /// None for the one that says how many found no room.
    color: Option<Color>,
    name: Line,
    x: i32,
    /// Top of its row.
    y: i32,
}

impl Legend {
    /// Sets the names from the top left of `room` rightwards; none if no series has a name.
    pub(super) fn new(
        chart: &Chart,
        data: &Data<'_>,
        typesetter: &Typesetter<'_>,
        scale: f32,
        room: Area,
    ) -> Option<Self> {
        let style = TextStyle::regular(text_size(NAME_SIZE, scale));
        let width_max = (NAME_WIDTH_MAX * scale).min(room.width() as f32 * 0.8);
        let names: Vec<(Color, Line)> = names(chart, data)
            .map(|(color, name)| (color, typesetter.line(&name, style, width_max)))
            .filter(|(_, name)| !name.glyphs.is_empty())
            .collect();
        if names.is_empty() {
            return None;
        }
        let more = |count: usize| typesetter.line(&format!("+{count} more"), style, f32::MAX);
        let more_width = more(names.len()).width_pixels() + pixels(ENTRY_GAP, scale);
        let row_height = style.leading() + pixels(3.0, scale);
        let (mut x, mut row) = (room.left, 0);
        let mut entries = Vec::with_capacity(names.len());
        let count = names.len();
        for (index, (color, name)) in names.into_iter().enumerate() {
            let width = pixels(SWATCH.0 + SWATCH_GAP, scale) + name.width_pixels();
            if x > room.left && x + width > room.right {
                (x, row) = (room.left, row + 1);
            }
            let is_last_row = row + 1 >= ROWS_MAX && index + 1 < count;
            let reserve = if is_last_row { more_width } else { 0 };
            let y = room.top + row.min(ROWS_MAX - 1) * row_height;
            if row >= ROWS_MAX || (x > room.left && x + width + reserve > room.right) {
                // The row before this entry had kept room for the count.
                let x = if row >= ROWS_MAX {
                    last_end(&entries, scale)
                } else {
                    x
                };
                entries.push(Entry {
                    color: None,
                    name: more(count - index),
                    x,
                    y,
                });
                break;
            }
            entries.push(Entry {
                color: Some(color),
                name,
                x,
                y,
            });
            x += width + pixels(ENTRY_GAP, scale);
        }
        let bottom = entries
            .last()
            .map_or(room.top, |entry| entry.y + row_height);
        Some(Self {
            entries,
            bottom: bottom + pixels(8.0, scale),
            scale,
        })
    }

    pub(super) fn raster(&self, ink: &mut Ink<'_, '_>, text: Color) {
        for entry in &self.entries {
            let baseline = entry.y + entry.name.style.ascent();
            let mut x = entry.x;
            if let Some(color) = entry.color {
                let middle = baseline - i32::from(entry.name.style.size) * 36 / 100;
                let height = pixels(SWATCH.1, self.scale).max(2);
                let swatch = Area {
                    left: x,
                    right: x + pixels(SWATCH.0, self.scale),
                    top: middle - height / 2,
                    bottom: middle - height / 2 + height,
                };
                ink.frame
                    .fill_round(swatch, height as f32 / 2.0, color, 255);
                x += pixels(SWATCH.0 + SWATCH_GAP, self.scale);
            }
            ink.text(&entry.name, x as f32, baseline, text);
        }
    }
}

/// The names, each with what must be known of its line.
fn names(chart: &Chart, data: &Data<'_>) -> impl Iterator<Item = (Color, String)> {
    let is_all_stale = data.stale_from.is_some() || !data.has_points();
    data.rows.iter().map(move |row| {
        let known = match row.last {
            _ if row.name.is_empty() || is_all_stale => String::new(),
            None if row.points.iter().all(|point| !point.1.is_infinite()) => " (no data)".into(),
            Some((x, _)) if row.is_stale => format!(" ({})", stale_words(chart, data, x)),
            _ => String::new(),
        };
        (row.color, format!("{}{known}", row.name))
    })
}

/// Where the next entry after the last one begins.
fn last_end(entries: &[Entry], scale: f32) -> i32 {
    entries.last().map_or(0, |entry| {
        entry.x + pixels(SWATCH.0 + SWATCH_GAP + ENTRY_GAP, scale) + entry.name.width_pixels()
    })
}
