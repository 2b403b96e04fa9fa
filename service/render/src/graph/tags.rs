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
        if is_readable {
            let lines = routes.iter().map(|route| &route.line);
            lines
                .zip(1..)
                .for_each(|(line, number)| grid.cross(line, number));
        }
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
            match grid.place(&route.line, index as u32 + 1, size, side) {
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
    /// The number of the line that crosses each cell, [`Grid::SEVERAL`], or 0.
    lines: Vec<u32>,
}

impl Grid {
    const SEVERAL: u32 = u32::MAX;

    fn new((width, height): (u32, u32)) -> Self {
        let (width, height) = (width as i32 / CELL, height as i32 / CELL);
        Self {
            width,
            height,
            is_taken: vec![false; (width * height) as usize],
            lines: vec![0; (width * height) as usize],
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

    /// Marks the cells that a line crosses.
    fn cross(&mut self, line: &[Point], number: u32) {
        for pair in line.windows(2) {
            let (from, to) = (pair[0], pair[1]);
            let (x, y) = (to.0 - from.0, to.1 - from.1);
            let steps = (x.abs().max(y.abs()) / CELL as f32).ceil().max(1.0);
            for step in 0..=steps as i32 {
                let part = step as f32 / steps;
                let column = ((from.0 + x * part) as i32 / CELL).clamp(0, self.width - 1);
                let row = ((from.1 + y * part) as i32 / CELL).clamp(0, self.height - 1);
                let cell = &mut self.lines[(row * self.width + column) as usize];
                *cell = match *cell {
                    0 => number,
                    same if same == number => number,
                    _ => Self::SEVERAL,
                };
            }
        }
    }

    /// A free place along the line of this number for something of this size, which is taken then:
    /// the first that hides no other line, or else the first. On the line, or beside one that leads
    /// back to its own node.
    fn place(
        &mut self,
        line: &[Point],
        number: u32,
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
        let hides_none = |area: &Area| {
            let is_own = |&other: &u32| other == 0 || other == number;
            self.rows(*area)
                .all(|row| self.lines[row].iter().all(is_own))
        };
        let free: Vec<Area> = PLACES
            .into_iter()
            .filter_map(area)
            .filter(is_free)
            .collect();
        let found = *free.iter().find(|area| hides_none(area)).or(free.first())?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_keeps_off_boxes_other_tags_and_other_lines() {
        let mut grid = Grid::new((400, 400));
        let line = [(200.0, 0.0), (200.0, 400.0)];
        let crossing = [(0.0, 200.0), (400.0, 200.0)];
        grid.cross(&line, 1);
        grid.cross(&crossing, 2);
        let first = grid.place(&line, 1, (40, 20), None).unwrap();
        assert_eq!(
            (first.top, first.bottom),
            (150, 170),
            "the middle is crossed"
        );
        let second = grid.place(&line, 1, (40, 20), None).unwrap();
        assert_eq!(second.top, 230, "the first place is taken");
        grid.take(Area {
            left: 0,
            top: 0,
            right: 400,
            bottom: 188,
        });
        grid.take(Area {
            left: 0,
            top: 212,
            right: 400,
            bottom: 400,
        });
        assert_eq!(
            grid.place(&line, 1, (40, 20), None).unwrap().top,
            190,
            "better than none"
        );
        assert_eq!(grid.place(&line, 1, (40, 20), None), None);
    }
}
