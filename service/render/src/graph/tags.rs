//! Texts and signs on edges, where there is room.

use super::fit::{Fit, TEXT_SIZE_MIN};
use super::icon::Sign;
use super::model::Model;
use super::pen::Point;
use super::routes::Route;
use crate::frame::Area;
use crate::scene::Direction;
use crate::text::{Line, TextStyle, Typesetter};

/// Pixels per em at scale 1.
const TEXT_SIZE: f32 = 12.0;
const TEXT_WIDTH_MAX: f32 = 140.0;

/// Texts that are looked at: more than find room in any picture that can be read.
const TEXTS_MAX: usize = 400;

/// Places along a line that are tried, in this order.
const PLACES: [f32; 7] = [0.5, 0.4, 0.6, 0.3, 0.7, 0.22, 0.78];

/// Side of the squares of the grid in which taken room is marked, in pixels.
const CELL: i32 = 4;

/// A text or a sign on an edge.
#[derive(Debug)]
pub(super) struct Tag {
    /// Of the model.
    pub(super) edge: usize,
    /// The ground under it.
    pub(super) area: Area,
    pub(super) sign: Option<Sign>,
    pub(super) text: Option<Line>,
}

/// All tags that found room.
#[derive(Debug, Default)]
pub(super) struct Tags {
    pub(super) placed: Vec<Tag>,
    /// Texts that found none.
    pub(super) left_out: usize,
}

impl Tags {
    pub(super) fn new(
        model: &Model<'_>,
        routes: &[Route],
        fit: &Fit,
        size: (u32, u32),
        direction: Direction,
        typesetter: &Typesetter<'_>,
    ) -> Self {
        let mut tags = Self::default();
        let text_size = (TEXT_SIZE * fit.scale).min(TEXT_SIZE * 1.25);
        let style = TextStyle::regular(text_size as u16);
        let is_readable = text_size >= TEXT_SIZE_MIN;
        let mut grid = Grid::new(size);
        fit.boxes.iter().for_each(|&area| grid.take(area));
        let mut tried = 0;
        for (index, (edge, route)) in model.edges.iter().zip(routes).enumerate() {
            let (sign, text) = (edge.sign(), edge.text());
            if text.is_empty() && sign.is_none() {
                continue;
            }
            tried += 1;
            if !is_readable || tried > TEXTS_MAX {
                tags.left_out += usize::from(!text.is_empty());
                continue;
            }
            let width_max = TEXT_WIDTH_MAX * fit.scale;
            let line = (!text.is_empty()).then(|| typesetter.line(&text, style, width_max));
            let line = line.filter(|line| !line.glyphs.is_empty());
            let width = line.as_ref().map_or(0, Line::width_pixels);
            let padding = i32::from(style.size) / 3;
            let sign_room = sign.map_or(0, |_| i32::from(style.size) + padding / 2);
            let size = (width + sign_room + 2 * padding, style.leading() + 2);
            let side = (edge.from == edge.to).then_some(direction);
            match grid.place(&route.line, size, side) {
                Some(area) => tags.placed.push(Tag {
                    edge: index,
                    area,
                    sign,
                    text: line,
                }),
                None => tags.left_out += usize::from(line.is_some()),
            }
        }
        tags
    }
}

/// Which parts of the picture are taken.
struct Grid {
    width: i32,
    height: i32,
    is_taken: Vec<bool>,
}

impl Grid {
    fn new((width, height): (u32, u32)) -> Self {
        let (width, height) = (width as i32 / CELL, height as i32 / CELL);
        Self {
            width,
            height,
            is_taken: vec![false; (width * height) as usize],
        }
    }

    /// Rows and columns that an area touches.
    fn cells(&self, area: Area) -> Area {
        let last = |pixel: i32| pixel.max(0).div_euclid(CELL) + 1;
        Area {
            left: (area.left / CELL).clamp(0, self.width),
            top: (area.top / CELL).clamp(0, self.height),
            right: last(area.right - 1).clamp(0, self.width),
            bottom: last(area.bottom - 1).clamp(0, self.height),
        }
    }

    fn rows(&self, area: Area) -> impl Iterator<Item = std::ops::Range<usize>> + use<> {
        let (cells, width) = (self.cells(area), self.width);
        (cells.top..cells.bottom).map(move |row| {
            let start = (row * width + cells.left) as usize;
            start..start + cells.width() as usize
        })
    }

    fn take(&mut self, area: Area) {
        for row in self.rows(area) {
            self.is_taken[row].fill(true);
        }
    }

    /// The first free place along a line for something of this size, which is taken then. On the
    /// line, or beside one that leads back to its own node.
    fn place(
        &mut self,
        line: &[Point],
        (width, height): (i32, i32),
        beside: Option<Direction>,
    ) -> Option<Area> {
        let area = |part: f32| {
            let (x, y) = along(line, part)?;
            let (x, y) = (x.round() as i32, y.round() as i32);
            let (left, top) = match beside {
                None => (x - width / 2, y - height / 2),
                Some(Direction::Down) => (x + CELL, y - height / 2),
                Some(Direction::Right) => (x - width / 2, y + CELL),
            };
            Some(Area {
                left,
                top,
                right: left + width,
                bottom: top + height,
            })
        };
        let is_free = |area: &Area| {
            let inside = area.left >= 0
                && area.top >= 0
                && area.right <= self.width * CELL
                && area.bottom <= self.height * CELL;
            inside
                && self
                    .rows(*area)
                    .all(|row| !self.is_taken[row].contains(&true))
        };
        let found = PLACES.into_iter().filter_map(area).find(is_free)?;
        self.take(found);
        Some(found)
    }
}

/// The point after a part of a line.
fn along(line: &[Point], part: f32) -> Option<Point> {
    let length = |pair: &[Point]| {
        let (x, y) = (pair[1].0 - pair[0].0, pair[1].1 - pair[0].1);
        (x * x + y * y).sqrt()
    };
    let whole: f32 = line.windows(2).map(length).sum();
    let mut left = whole * part;
    for pair in line.windows(2) {
        let piece = length(pair);
        if piece >= left && piece > 0.0 {
            let part = left / piece;
            let (from, to) = (pair[0], pair[1]);
            return Some((
                from.0 + (to.0 - from.0) * part,
                from.1 + (to.1 - from.1) * part,
            ));
        }
        left -= piece;
    }
    line.last().copied()
}
