//! The way of each edge: from border to border, in curves through its bends, with an arrow head.

use super::fit::{Detail, Fit, LANE, LOOP};
use super::layers::{Layered, Link};
use super::model::Model;
use super::pen::Point;
use crate::frame::Area;
use crate::scene::Direction;

/// Pixels along a curve for each of its pieces, and the most pieces from bend to bend.
const PIECE: f32 = 5.0;
const PIECES_MAX: usize = 32;

/// Pixels by which the run of a curve may differ from that of a straight line.
const STRAIGHT: f32 = 1.0;

/// Part of a border that lines may touch.
const BORDER_PART: f32 = 0.7;

/// Between two lines at a border, at scale 1.
const PORT: f32 = 13.0;

/// One edge as it is drawn.
#[derive(Debug)]
pub(super) struct Route {
    /// From the border of its first node to the base of the head.
    pub(super) line: Vec<Point>,
    pub(super) head: [Point; 3],
    pub(super) width: f32,
}

impl Route {
    /// Where it touches the node that it leads to.
    #[cfg(test)]
    pub(super) fn tip(&self) -> Point {
        self.head[0]
    }
}

/// What routes are made from.
pub(super) struct Roads<'a> {
    pub(super) model: &'a Model<'a>,
    pub(super) layered: &'a Layered,
    pub(super) fit: &'a Fit,
    pub(super) direction: Direction,
}

/// Lowest and highest pixel of something on one axis.
type Span = (f32, f32);

impl Roads<'_> {
    /// One route for each edge of the model.
    pub(super) fn routes(&self) -> Vec<Route> {
        let ports = self.ports();
        let halves = self.halves();
        let mut lanes = vec![0; self.layered.links.len()];
        let mut loops = vec![0; self.model.nodes.len()];
        let all_loops = self.loops();
        let weights = self.weights();
        let mut routes = Vec::with_capacity(self.model.edges.len());
        for edge in &self.model.edges {
            let width = self.width(edge.edge.shown_weight(), weights);
            let way = match self.link(edge.from, edge.to) {
                None => {
                    loops[edge.from] += 1;
                    self.loop_way(edge.from, loops[edge.from], all_loops[edge.from])
                }
                Some(index) => {
                    let link = &self.layered.links[index];
                    let lane = lanes[index];
                    lanes[index] += 1;
                    let mut way = self.way(link, lane, ports[index], &halves);
                    if link.top != edge.from {
                        way.reverse();
                    }
                    way
                }
            };
            let way = way.into_iter().map(|point| self.turned(point)).collect();
            routes.push(self.with_head(way, width));
        }
        routes
    }

    /// Across and along the layers to right and down, and back.
    fn turned(&self, (across, along): Point) -> Point {
        match self.direction {
            Direction::Down => (across, along),
            Direction::Right => (along, across),
        }
    }

    /// The box of a node across and along the layers.
    fn spans(&self, node: usize) -> (Span, Span) {
        let Area {
            left,
            top,
            right,
            bottom,
        } = self.fit.boxes[node];
        let (x, y) = ((left as f32, right as f32), (top as f32, bottom as f32));
        match self.direction {
            Direction::Down => (x, y),
            Direction::Right => (y, x),
        }
    }

    /// The place of the link between two nodes; none from a node to itself.
    fn link(&self, from: usize, to: usize) -> Option<usize> {
        let find = |top: usize, bottom: usize| {
            let links = &self.layered.links;
            links
                .binary_search_by(|link| (link.top, link.bottom).cmp(&(top, bottom)))
                .ok()
        };
        find(from, to).or_else(|| find(to, from))
    }

    /// How far from the middle of its nodes each link begins and ends: in the order in which they go
    /// on, so that they do not cross at once.
    fn ports(&self) -> Vec<(f32, f32)> {
        let nodes = self.model.nodes.len();
        let (mut below, mut above) = (vec![Vec::new(); nodes], vec![Vec::new(); nodes]);
        for (index, link) in self.layered.links.iter().enumerate() {
            let (next, last) = match link.bends {
                0 => (link.bottom, link.top),
                bends => (link.first_bend, link.first_bend + bends - 1),
            };
            below[link.top].push((self.fit.middles[next], index));
            above[link.bottom].push((self.fit.middles[last], index));
        }
        let mut ports = vec![(0.0, 0.0); self.layered.links.len()];
        let mut spread = |sides: Vec<Vec<(f32, usize)>>, is_below: bool| {
            for (node, mut side) in sides.into_iter().enumerate() {
                side.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
                let (across, _) = self.spans(node);
                let room = (across.1 - across.0) * BORDER_PART;
                let pitch = (room / side.len() as f32).min(PORT * self.fit.scale);
                for (place, &(_, index)) in side.iter().enumerate() {
                    let offset = (place as f32 - (side.len() - 1) as f32 / 2.0) * pitch;
                    let port = &mut ports[index];
                    *(if is_below { &mut port.0 } else { &mut port.1 }) = offset;
                }
            }
        };
        spread(below, true);
        spread(above, false);
        ports
    }

    /// Half of what the boxes of each layer take along it: lines go straight past them.
    fn halves(&self) -> Vec<f32> {
        let mut halves = vec![0.0_f32; self.fit.along.len()];
        if self.fit.detail != Detail::Dot {
            for node in 0..self.model.nodes.len() {
                let (_, along) = self.spans(node);
                let half = &mut halves[self.layered.layer[node]];
                *half = half.max((along.1 - along.0) / 2.0);
            }
        }
        halves
    }

    /// The way of one edge of a link, from its top to its bottom.
    fn way(&self, link: &Link, lane: usize, ports: Span, halves: &[f32]) -> Vec<Point> {
        let (top, top_along) = self.spans(link.top);
        let (bottom, bottom_along) = self.spans(link.bottom);
        let narrow = (top.1 - top.0).min(bottom.1 - bottom.0);
        let step = (narrow * BORDER_PART / link.lanes as f32).min(LANE * self.fit.scale);
        let offset = (lane as f32 - (link.lanes - 1) as f32 / 2.0) * step;
        let end = |span: Span, port: f32| {
            let middle = (span.0 + span.1) / 2.0;
            let reach = (span.1 - span.0) * BORDER_PART / 2.0;
            middle + (port + offset).clamp(-reach, reach)
        };
        let mut points = Vec::with_capacity(2 + 2 * link.bends);
        points.push((end(top, ports.0), top_along.1));
        for bend in link.first_bend..link.first_bend + link.bends {
            let across = self.fit.middles[bend] + offset;
            let layer = self.layered.layer[bend];
            let (along, half) = (self.fit.along[layer], halves[layer]);
            points.push((across, along - half));
            if half > 0.0 {
                points.push((across, along + half));
            }
        }
        points.push((end(bottom, ports.1), bottom_along.0));
        if link.is_loose {
            return points;
        }
        curve(&points)
    }

    fn loops(&self) -> Vec<usize> {
        let mut loops = vec![0; self.model.nodes.len()];
        for edge in self.model.edges.iter().filter(|edge| edge.from == edge.to) {
            loops[edge.from] += 1;
        }
        loops
    }

    /// The way of a node's `index`th of `count` edges to itself, beside its box.
    fn loop_way(&self, node: usize, index: usize, count: usize) -> Vec<Point> {
        let (across, along) = self.spans(node);
        let height = along.1 - along.0;
        let middle = (along.0 + along.1) / 2.0;
        let size = (LOOP * self.fit.scale).min(height.max(2.0)) * index as f32 / count as f32;
        let (open, far) = ((height * 0.25).min(size * 0.45), across.1 + size * 1.2);
        let corners = [
            (across.1, middle - open),
            (far, middle - open * 2.0),
            (far, middle + open * 2.0),
            (across.1, middle + open),
        ];
        let point = |step: usize| {
            let (b, a) = (step as f32 / 12.0, 1.0 - step as f32 / 12.0);
            let parts = [a * a * a, 3.0 * a * a * b, 3.0 * a * b * b, b * b * b];
            let sum = |of: fn(&Point) -> f32| -> f32 {
                corners
                    .iter()
                    .zip(parts)
                    .map(|(corner, part)| of(corner) * part)
                    .sum()
            };
            (sum(|corner| corner.0), sum(|corner| corner.1))
        };
        (0..=12).map(point).collect()
    }

    /// The least and the greatest weight of all.
    fn weights(&self) -> (f64, f64) {
        let weights = self.model.edges.iter().map(|edge| edge.edge.shown_weight());
        weights.fold((f64::MAX, 0.0), |(low, high), weight| {
            (low.min(weight), high.max(weight))
        })
    }

    fn width(&self, weight: f64, (low, high): (f64, f64)) -> f32 {
        let part = if high > low {
            0.85 + 3.4 * (weight / high).sqrt()
        } else {
            1.4
        };
        let scale = match self.fit.detail {
            Detail::Dot => self.fit.scale.clamp(0.3, 0.45),
            _ => self.fit.scale.clamp(0.5, 1.5),
        };
        (part as f32 * scale).max(0.75)
    }

    /// Ends a line in an arrow head.
    fn with_head(&self, mut line: Vec<Point>, width: f32) -> Route {
        let tip = *line.last().unwrap_or(&(0.0, 0.0));
        let whole: f32 = line.windows(2).map(|pair| distance(pair[0], pair[1])).sum();
        let length = (6.5 * self.fit.scale + width * 1.2)
            .clamp(4.0, 15.0)
            .min(whole * 0.6);
        let base = cut_end(&mut line, length);
        let (x, y) = (tip.0 - base.0, tip.1 - base.1);
        let unit = distance(tip, base).max(1e-6);
        let half = (length * 0.42).max(width * 0.9);
        let side = (-y / unit * half, x / unit * half);
        // The line goes on a little under the head, so that no gap shows.
        line.push((base.0 + x * 0.2, base.1 + y * 0.2));
        let head = [
            tip,
            (base.0 + side.0, base.1 + side.1),
            (base.0 - side.0, base.1 - side.1),
        ];
        Route { line, head, width }
    }
}

fn distance(a: Point, b: Point) -> f32 {
    let (x, y) = (a.0 - b.0, a.1 - b.1);
    (x * x + y * y).sqrt()
}

/// Takes `length` off the end of a line, and gives its new last point.
fn cut_end(line: &mut Vec<Point>, mut length: f32) -> Point {
    while let [.., before, last] = line[..] {
        let piece = distance(before, last);
        if piece >= length && piece > 0.0 {
            let part = length / piece;
            let cut = (
                last.0 + (before.0 - last.0) * part,
                last.1 + (before.1 - last.1) * part,
            );
            line.pop();
            line.push(cut);
            return cut;
        }
        length -= piece;
        line.pop();
    }
    line.first().copied().unwrap_or((0.0, 0.0))
}

/// A smooth line through points that go along the layers: it leaves and arrives straight along them,
/// and between two points never goes beyond them.
fn curve(points: &[Point]) -> Vec<Point> {
    let secant = |at: usize| {
        let ((x0, y0), (x1, y1)) = (points[at], points[at + 1]);
        (x1 - x0) / (y1 - y0).max(1e-3)
    };
    let slope = |at: usize| {
        if at == 0 || at + 1 == points.len() {
            return 0.0;
        }
        let (before, after) = (secant(at - 1), secant(at));
        if before * after <= 0.0 {
            return 0.0;
        }
        2.0 * before * after / (before + after)
    };
    let mut line: Vec<Point> = Vec::with_capacity(points.len() * 8);
    line.extend(points.first());
    for at in 1..points.len() {
        let ((x0, y0), (x1, y1)) = (points[at - 1], points[at]);
        let (width, height) = (x1 - x0, y1 - y0);
        let (m0, m1) = (slope(at - 1) * height, slope(at) * height);
        // Slopes that are nearly those of the straight line bend it by less than a pixel shows.
        let is_straight = (m0 - width).abs() < STRAIGHT && (m1 - width).abs() < STRAIGHT;
        let pieces = ((width.abs() + height.abs()) / PIECE) as usize;
        let pieces = if is_straight {
            1
        } else {
            pieces.clamp(2, PIECES_MAX)
        };
        for piece in 1..=pieces {
            let t = piece as f32 / pieces as f32;
            let (t2, t3) = (t * t, t * t * t);
            let x = x0 + width * (3.0 * t2 - 2.0 * t3) + m0 * (t3 - 2.0 * t2 + t) + m1 * (t3 - t2);
            // Points on one line along the layers need only its ends.
            if let [.., before, last] = line[..]
                && before.0 == x
                && last.0 == x
            {
                line.pop();
            }
            line.push((x, y0 + height * t));
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_never_leaves_the_room_between_its_points() {
        let points = [
            (0.0, 0.0),
            (50.0, 40.0),
            (52.0, 80.0),
            (-30.0, 90.0),
            (-30.0, 200.0),
        ];
        let line = curve(&points);
        assert_eq!((line[0], line[line.len() - 1]), (points[0], points[4]));
        for point in &line {
            let after = points
                .iter()
                .position(|corner| corner.1 >= point.1)
                .unwrap()
                .max(1);
            let (a, b) = (points[after - 1].0, points[after].0);
            assert!(
                (a.min(b) - 0.01..=a.max(b) + 0.01).contains(&point.0),
                "{point:?}"
            );
        }
    }

    #[test]
    fn cutting_the_end_leaves_the_rest() {
        let mut line = vec![(0.0, 0.0), (0.0, 6.0), (0.0, 10.0)];
        assert_eq!(cut_end(&mut line, 5.0), (0.0, 5.0));
        assert_eq!(line, [(0.0, 0.0), (0.0, 5.0)]);
        assert_eq!(cut_end(&mut vec![(3.0, 3.0), (3.0, 3.0)], 5.0), (3.0, 3.0));
    }
}
