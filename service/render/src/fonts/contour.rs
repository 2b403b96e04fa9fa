//! Outlines as closed contours: scaled, made bolder, and flattened to polygons.

use ttf_parser::{Face, GlyphId, OutlineBuilder};

use super::coverage::Point;

/// How far a flattened curve may be from the real one, in pixels.
const FLATNESS_PIXELS: f32 = 0.04;

/// Straight pieces of one curve.
const PIECES_MAX: usize = 64;

/// A corner sharper than this (as the cosine of its turn) is left where it is: its tip would run away.
const SHARPEST_COSINE: f32 = -0.937_5;

/// From its start a contour goes to the end of each step and from the last one back.
#[derive(Debug)]
struct Contour {
    start: Point,
    steps: Vec<Step>,
}

/// A line, or a curve with one or two points that pull it.
#[derive(Debug, Clone, Copy)]
enum Step {
    Line(Point),
    Quad(Point, Point),
    Cubic(Point, Point, Point),
}

/// The outline of a glyph, in pixels.
#[derive(Debug)]
pub(super) struct Outline {
    contours: Vec<Contour>,
}

/// From font units, y upwards, to pixels, y downwards.
#[derive(Debug, Clone, Copy)]
pub(super) struct Placing {
    /// Pixels of one unit.
    pub(super) scale: f32,
    /// Pixels from the pen to the right.
    pub(super) shift: f32,
}

impl Placing {
    /// In font units, as the font has it.
    pub(super) const UNITS: Self = Self {
        scale: 1.0,
        shift: 0.0,
    };
}

impl Outline {
    /// Reads a glyph. None if it is blank or broken.
    pub(super) fn of(face: &Face<'_>, glyph: GlyphId, placing: Placing) -> Option<Self> {
        let mut pen = Pen {
            placing,
            contours: Vec::new(),
        };
        face.outline_glyph(glyph, &mut pen)?;
        let mut contours = pen.contours;
        contours.retain(|contour| !contour.steps.is_empty());
        (!contours.is_empty()).then_some(Self { contours })
    }

    /// Makes all strokes thicker by so many pixels, half of them on each side.
    ///
    /// Every point moves outwards along the middle of the angle at it, as FreeType does it.
    pub(super) fn embolden(&mut self, pixels: (f32, f32)) {
        // Outer contours run clockwise in TrueType and the other way in PostScript; they have the
        // most area, so the sum tells.
        let area: f32 = self.contours.iter().map(Contour::area).sum();
        let side = if area < 0.0 { -0.5 } else { 0.5 };
        let by = (pixels.0 * side, pixels.1 * side);
        for contour in &mut self.contours {
            contour.embolden(by);
        }
    }

    /// The contours as polygons.
    pub(super) fn polygons(&self) -> Vec<Vec<Point>> {
        self.contours.iter().map(Contour::polygon).collect()
    }
}

impl Contour {
    fn points(&self) -> Vec<Point> {
        let mut points = vec![self.start];
        for step in &self.steps {
            match *step {
                Step::Line(to) => points.push(to),
                Step::Quad(pull, to) => points.extend([pull, to]),
                Step::Cubic(first, second, to) => points.extend([first, second, to]),
            }
        }
        points
    }

    fn put(&mut self, points: &[Point]) {
        let mut points = points.iter().copied();
        let start = self.start;
        let mut next = || points.next().unwrap_or(start);
        self.start = next();
        for step in &mut self.steps {
            *step = match step {
                Step::Line(_) => Step::Line(next()),
                Step::Quad(..) => Step::Quad(next(), next()),
                Step::Cubic(..) => Step::Cubic(next(), next(), next()),
            };
        }
    }

    /// Twice the area, negative if it runs against the clock on the screen.
    fn area(&self) -> f32 {
        let points = self.points();
        let ends = points.iter().skip(1).chain(points.first());
        let cross = |(from, to): (&Point, &Point)| from.x * to.y - to.x * from.y;
        points.iter().zip(ends).map(cross).sum()
    }

    fn embolden(&mut self, by: (f32, f32)) {
        let points = self.points();
        // Points on the same place move together, or the contour would tear.
        let mut corners: Vec<Point> = Vec::with_capacity(points.len());
        let mut places = Vec::with_capacity(points.len());
        for &point in &points {
            if corners.last() != Some(&point) {
                corners.push(point);
            }
            places.push(corners.len() - 1);
        }
        let is_closed = corners.len() > 1 && corners.last() == corners.first();
        if is_closed {
            corners.pop();
        }
        let count = corners.len();
        if count < 3 {
            return;
        }
        let moved: Vec<Point> = (0..count)
            .map(|at| {
                let before = corners[(at + count - 1) % count];
                let after = corners[(at + 1) % count];
                corner_moved(before, corners[at], after, by)
            })
            .collect();
        let put: Vec<Point> = places.iter().map(|&at| moved[at % count]).collect();
        self.put(&put);
    }

    fn polygon(&self) -> Vec<Point> {
        let mut polygon = vec![self.start];
        let mut from = self.start;
        for step in &self.steps {
            from = match *step {
                Step::Line(to) => {
                    polygon.push(to);
                    to
                }
                Step::Quad(pull, to) => {
                    let pieces = pieces(bend(from, pull, to) / 4.0);
                    polygon.extend((1..=pieces).map(|piece| {
                        let t = piece as f32 / pieces as f32;
                        between(between(from, pull, t), between(pull, to, t), t)
                    }));
                    to
                }
                Step::Cubic(first, second, to) => {
                    let most = bend(from, first, second).max(bend(first, second, to));
                    let pieces = pieces(most * 0.75);
                    polygon.extend((1..=pieces).map(|piece| {
                        let t = piece as f32 / pieces as f32;
                        let middle = between(first, second, t);
                        let left = between(between(from, first, t), middle, t);
                        let right = between(middle, between(second, to, t), t);
                        between(left, right, t)
                    }));
                    to
                }
            };
        }
        polygon
    }
}

/// Where the corner at `point` goes when both of its edges move outwards.
fn corner_moved(before: Point, point: Point, after: Point, by: (f32, f32)) -> Point {
    let (into, into_length) = direction(before, point);
    let (out, out_length) = direction(point, after);
    let cosine = into.x * out.x + into.y * out.y;
    if cosine <= SHARPEST_COSINE {
        return point;
    }
    let turn = into.x * out.y - into.y * out.x;
    let shorter = into_length.min(out_length);
    // In a corner that turns inwards both edges get shorter, and none may turn around.
    let step = |strength: f32| {
        let inwards = -turn * strength;
        if inwards <= shorter * (1.0 + cosine) {
            strength / (1.0 + cosine)
        } else {
            strength * shorter / inwards
        }
    };
    Point {
        x: point.x + (into.y + out.y) * step(by.0),
        y: point.y - (into.x + out.x) * step(by.1),
    }
}

/// The unit vector from one point to another and their distance.
fn direction(from: Point, to: Point) -> (Point, f32) {
    let (x, y) = (to.x - from.x, to.y - from.y);
    let length = (x * x + y * y).sqrt();
    let unit = Point {
        x: x / length,
        y: y / length,
    };
    (unit, length)
}

/// How far the middle of three points is from where it would be on a straight line, doubled.
fn bend(from: Point, pull: Point, to: Point) -> f32 {
    let (x, y) = (from.x - 2.0 * pull.x + to.x, from.y - 2.0 * pull.y + to.y);
    (x * x + y * y).sqrt()
}

/// Straight pieces for a curve that is this far from its chord.
fn pieces(sagitta: f32) -> usize {
    ((sagitta / FLATNESS_PIXELS).sqrt().ceil() as usize).clamp(1, PIECES_MAX)
}

fn between(from: Point, to: Point, t: f32) -> Point {
    Point {
        x: from.x + (to.x - from.x) * t,
        y: from.y + (to.y - from.y) * t,
    }
}

/// Takes an outline from the font.
struct Pen {
    placing: Placing,
    contours: Vec<Contour>,
}

impl Pen {
    fn point(&self, x: f32, y: f32) -> Point {
        Point {
            x: x * self.placing.scale + self.placing.shift,
            y: -y * self.placing.scale,
        }
    }

    fn step(&mut self, step: Step) {
        // A step before any start is broken data and has nowhere to begin.
        if let Some(contour) = self.contours.last_mut() {
            contour.steps.push(step);
        }
    }
}

impl OutlineBuilder for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        let start = self.point(x, y);
        self.contours.push(Contour {
            start,
            steps: Vec::new(),
        });
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.step(Step::Line(self.point(x, y)));
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        self.step(Step::Quad(self.point(x1, y1), self.point(x, y)));
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        let (first, second) = (self.point(x1, y1), self.point(x2, y2));
        self.step(Step::Cubic(first, second, self.point(x, y)));
    }

    fn close(&mut self) {}
}
