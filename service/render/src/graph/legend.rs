//! What the signs mean, how many there are of each, and what is not shown.

use super::icon::Sign;
use super::model::{Change, Model};
use crate::text::{Line, TextStyle, Typesetter};

/// Pixels per em, and from the end of one entry to the next, at scale 1.
const TEXT_SIZE: f32 = 13.0;
const ENTRY_GAP: f32 = 22.0;

/// Entries that go below each other if one row is too short.
const ROWS_MAX: i32 = 3;

/// One entry with its place.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) sign: Option<Sign>,
    pub(super) text: Line,
    pub(super) x: i32,
    /// Counted from the top of the legend.
    pub(super) baseline: i32,
}

/// The entries, in rows.
#[derive(Debug)]
pub(super) struct Legend {
    pub(super) entries: Vec<Entry>,
    pub(super) height: i32,
}

impl Legend {
    /// Sets `texts` from `left` to `right`; what finds no room is left out.
    pub(super) fn new(
        texts: Vec<(Option<Sign>, String)>,
        (left, right): (i32, i32),
        scale: f32,
        typesetter: &Typesetter<'_>,
    ) -> Self {
        let style = TextStyle::regular((TEXT_SIZE * scale).round().max(8.0) as u16);
        let mut entries: Vec<Entry> = Vec::with_capacity(texts.len());
        let (mut x, mut row) = (left, 0);
        let pitch = style.leading() + 4;
        for (sign, text) in texts {
            let room = sign.map_or(0, |_| sign_room(style));
            let width_max = (right - left - room).max(0) as f32;
            let text = typesetter.line(&text, style, width_max);
            if x > left && x + room + text.width_pixels() > right {
                (x, row) = (left, row + 1);
            }
            if row == ROWS_MAX || text.glyphs.is_empty() {
                continue;
            }
            let end = x + room + text.width_pixels();
            entries.push(Entry {
                sign,
                text,
                x,
                baseline: row * pitch + style.ascent(),
            });
            x = end + (ENTRY_GAP * scale) as i32;
        }
        let rows = if entries.is_empty() {
            0
        } else {
            (row + 1).min(ROWS_MAX)
        };
        Self {
            entries,
            height: rows * pitch,
        }
    }
}

/// Room for a sign and the gap after it.
pub(super) fn sign_room(style: TextStyle) -> i32 {
    i32::from(style.size) * 3 / 2
}

/// What the signs of the picture mean, with their numbers.
pub(super) fn meanings(model: &Model<'_>) -> Vec<(Option<Sign>, String)> {
    if model.nodes.iter().any(|node| node.change.is_some()) {
        return changes(model);
    }
    let of = |sign: Sign| {
        let count = model
            .nodes
            .iter()
            .filter(|node| node.sign() == Some(sign))
            .count();
        (count > 0).then(|| (Some(sign), format!("{} {}", grouped(count), sign.name())))
    };
    Sign::STATES.into_iter().filter_map(of).collect()
}

fn changes(model: &Model<'_>) -> Vec<(Option<Sign>, String)> {
    let kinds = [
        Change::Added,
        Change::Removed,
        Change::Changed,
        Change::Same,
    ];
    let entry = |kind: Change| {
        let nodes = model
            .nodes
            .iter()
            .filter(|node| node.change == Some(kind))
            .count();
        let edges = model
            .edges
            .iter()
            .filter(|edge| edge.change == Some(kind))
            .count();
        let sign = Sign::of_change(kind);
        let name = sign.map_or("unchanged", Sign::name);
        (
            sign,
            format!(
                "{name}: {}, {}",
                counted(nodes, "node"),
                counted(edges, "edge")
            ),
        )
    };
    kinds.map(entry).into()
}

/// A number of things, such as "1 node" and "2,000 nodes".
pub(super) fn counted(count: usize, name: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{} {name}{plural}", grouped(count))
}

/// A whole number in groups of three digits.
fn grouped(count: usize) -> String {
    match count / 1_000 {
        0 => count.to_string(),
        thousands => format!("{},{:03}", grouped(thousands), count % 1_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn things_are_counted_as_people_write_it() {
        assert_eq!(counted(1, "node"), "1 node");
        assert_eq!(counted(0, "edge"), "0 edges");
        assert_eq!(counted(12_005, "edge"), "12,005 edges");
    }
}
