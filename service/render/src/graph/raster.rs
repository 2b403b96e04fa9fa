//! Draws what the layout has placed: lines first, then boxes over them, then texts.

use super::fit::{Detail, Fit};
use super::icon::Sign;
use super::legend::sign_room;
use super::model::{Change, ModelEdge, ModelNode};
use super::pen::{Pen, Point, round_box};
use super::tags::Tag;
use super::{Layout, tones};
use crate::frame::Area;
use crate::scene::State;
use crate::text::{Ink, TextStyle};

/// Radius of the corners of a box, at scale 1.
const CORNER: f32 = 7.0;

/// Of an em: where the middle of small letters is over the base line.
const MIDDLE_EMS: f32 = 0.36;

/// How a line is drawn, in the order from the lowest to the topmost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stroke {
    Dim,
    Plain,
    Signed(Sign),
}

/// What a node shows, with all of its lengths.
struct Face<'l, 'a> {
    node: &'l ModelNode<'a>,
    area: Area,
    colors: tones::Node,
    sign: Option<Sign>,
}

impl Layout<'_> {
    pub(crate) fn raster(&self, ink: &mut Ink<'_, '_>) {
        ink.frame.resize(self.graph.width, self.graph.height);
        ink.frame.clear(self.tones.ground);
        let left = (super::MARGIN * self.scale) as i32 as f32;
        for (text, color) in [
            (&self.title, self.tones.title),
            (&self.subtitle, self.tones.text),
        ] {
            if let Some((line, baseline)) = text {
                ink.text(line, left, *baseline, color);
            }
        }
        if self.model.nodes.is_empty() {
            self.raster_nothing(ink);
        }
        let mut pen = Pen::new();
        self.raster_edges(&mut pen, ink);
        self.raster_tags(&mut pen, ink);
        self.raster_nodes(&mut pen, ink);
        self.raster_legend(&mut pen, ink);
    }

    /// What a graph without nodes says.
    fn raster_nothing(&self, ink: &mut Ink<'_, '_>) {
        let style = TextStyle::regular((16.0 * self.scale).round() as u16);
        let (width, height) = (ink.frame.width() as f32, ink.frame.height() as i32);
        let line = ink.typesetter.line("no nodes", style, width);
        let x = (width - line.width) / 2.0;
        ink.text(
            &line,
            x,
            middle_baseline(height / 2, style),
            self.tones.text,
        );
    }

    fn raster_edges(&self, pen: &mut Pen, ink: &mut Ink<'_, '_>) {
        let stroke = |edge: &ModelEdge<'_>| stroke_of(edge);
        let mut order: Vec<(Stroke, usize)> =
            self.model.edges.iter().map(stroke).zip(0..).collect();
        order.sort_unstable();
        for (stroke, index) in order {
            let route = &self.routes[index];
            let color = match stroke {
                Stroke::Dim => self.tones.edge_dim,
                Stroke::Plain if self.fit.detail == Detail::Dot => self.tones.edge_thin,
                Stroke::Plain => self.tones.edge,
                Stroke::Signed(sign) => self.tones.sign(sign).0,
            };
            pen.dip(color, ink.frame);
            let unit = route.width.max(1.2);
            match stroke {
                Stroke::Signed(Sign::Removed | Sign::Failed) => {
                    pen.dashes(&route.line, route.width, (unit * 4.0, unit * 2.8));
                }
                Stroke::Signed(Sign::Unknown | Sign::Idle) => {
                    pen.dashes(&route.line, route.width, (unit * 1.4, unit * 2.2));
                }
                _ => pen.line(&route.line, route.width),
            }
            pen.polygon(&route.head);
        }
        pen.flush(ink.frame);
    }

    /// Signs of one radius: first all shapes, then all that stands on them.
    fn raster_signs(&self, signs: &mut [(Sign, Point, f32)], pen: &mut Pen, ink: &mut Ink<'_, '_>) {
        signs.sort_by_key(|&(sign, _, _)| sign);
        for &(sign, middle, radius) in signs.iter() {
            pen.dip(self.tones.sign(sign).0, ink.frame);
            sign.shape(pen, middle, radius);
        }
        for &(sign, middle, radius) in signs.iter() {
            pen.dip(self.tones.on_sign, ink.frame);
            sign.mark(pen, middle, radius);
        }
        pen.flush(ink.frame);
    }

    fn raster_tags(&self, pen: &mut Pen, ink: &mut Ink<'_, '_>) {
        let mut signs = Vec::new();
        for tag in &self.tags.placed {
            let ground = self.tones.ground;
            ink.frame.fill_round(tag.area, 4.0, ground, 255);
            let height = tag.area.height();
            let radius = height as f32 * 0.33;
            let padding = (tag.area.height() - 2) / 4;
            let mut x = tag.area.left + padding;
            if let Some(sign) = tag.sign {
                let middle = (tag.area.top + tag.area.bottom) as f32 / 2.0;
                // A sign alone stands in the middle of its ground.
                let at = match tag.text {
                    Some(_) => x as f32 + radius,
                    None => (tag.area.left + tag.area.right) as f32 / 2.0,
                };
                signs.push((sign, (at, middle), radius));
                x += (radius * 2.0) as i32 + padding;
            }
            self.raster_tag_text(tag, x, ink);
        }
        self.raster_signs(&mut signs, pen, ink);
    }

    fn raster_tag_text(&self, tag: &Tag, x: i32, ink: &mut Ink<'_, '_>) {
        let Some(line) = &tag.text else { return };
        let edge = &self.model.edges[tag.edge];
        let color = match edge.change {
            Some(Change::Same) => self.tones.dim.ink,
            _ => self.tones.node.detail,
        };
        let middle = (tag.area.top + tag.area.bottom) / 2;
        ink.text(line, x as f32, middle_baseline(middle, line.style), color);
    }

    fn face<'l>(&'l self, node: &'l ModelNode<'l>, area: Area) -> Face<'l, 'l> {
        let sign = node.sign();
        let colors = match (sign, node.change) {
            (Some(sign), _) => self.tones.signed(sign),
            (None, Some(Change::Same)) => self.tones.dim,
            (None, _) => self.tones.node,
        };
        Face {
            node,
            area,
            colors,
            sign,
        }
    }

    fn raster_nodes(&self, pen: &mut Pen, ink: &mut Ink<'_, '_>) {
        let pairs = self.model.nodes.iter().zip(&self.fit.boxes);
        let faces: Vec<Face<'_, '_>> = pairs.map(|(node, &area)| self.face(node, area)).collect();
        if self.fit.detail == Detail::Dot {
            return self.raster_dots(&faces, pen, ink);
        }
        let lengths = self.fit.detail.lengths();
        let scale = self.fit.scale;
        let border = (1.2 * scale).round().max(1.0) as i32;
        for face in &faces {
            let (area, colors) = (face.area, face.colors);
            let radius = CORNER * scale;
            let is_dashed = face.sign == Some(Sign::Removed);
            let outer = if is_dashed {
                colors.fill
            } else {
                colors.border
            };
            ink.frame.fill_round(area, radius, outer, 255);
            let inner = radius - border as f32;
            ink.frame
                .fill_round(area.inset(border), inner, colors.fill, 255);
            if is_dashed {
                pen.dip(colors.border, ink.frame);
                pen.dashes(
                    &border_line(area, radius, border),
                    border as f32 * 1.2,
                    (6.0 * scale, 4.0 * scale),
                );
            }
        }
        pen.flush(ink.frame);
        let radius = lengths.sign * 0.34 * scale;
        let sign = |face: &Face<'_, '_>| {
            let x = face.area.left as f32 + lengths.padding * scale + radius;
            let y = (face.area.top + face.area.bottom) as f32 / 2.0;
            Some((face.sign?, (x, y), radius))
        };
        let mut signs: Vec<(Sign, Point, f32)> = faces.iter().filter_map(sign).collect();
        self.raster_signs(&mut signs, pen, ink);
        faces
            .iter()
            .for_each(|face| raster_texts(face, &self.fit, ink));
    }

    /// Nodes too small for a text: the sign alone, or a disc.
    fn raster_dots(&self, faces: &[Face<'_, '_>], pen: &mut Pen, ink: &mut Ink<'_, '_>) {
        // Whole pixels would make equal nodes unequal.
        let radius = (self.fit.detail.lengths().width_min * self.fit.scale / 2.0).max(0.6);
        let place = |area: Area| {
            let middle = (
                (area.left + area.right) as f32 / 2.0,
                (area.top + area.bottom) as f32 / 2.0,
            );
            (middle, radius)
        };
        let mut plain: Vec<&Face<'_, '_>> =
            faces.iter().filter(|face| face.sign.is_none()).collect();
        plain.sort_by_key(|face| face.node.change == Some(Change::Same));
        for face in plain {
            let (middle, radius) = place(face.area);
            pen.dip(face.colors.detail, ink.frame);
            pen.disc(middle, radius);
        }
        let signed = |face: &Face<'_, '_>| {
            let (middle, radius) = place(face.area);
            Some((face.sign?, middle, radius))
        };
        let mut signs: Vec<(Sign, Point, f32)> = faces.iter().filter_map(signed).collect();
        self.raster_signs(&mut signs, pen, ink);
    }

    fn raster_legend(&self, pen: &mut Pen, ink: &mut Ink<'_, '_>) {
        let mut signs = Vec::new();
        for entry in &self.legend.entries {
            let style = entry.text.style;
            let baseline = self.legend_top + entry.baseline;
            let mut x = entry.x;
            if let Some(sign) = entry.sign {
                let radius = f32::from(style.size) * 0.52;
                let middle = baseline as f32 - f32::from(style.size) * MIDDLE_EMS;
                signs.push((sign, (x as f32 + radius, middle), radius));
                x += sign_room(style);
            }
            ink.text(&entry.text, x as f32, baseline, self.tones.text);
        }
        self.raster_signs(&mut signs, pen, ink);
    }
}

fn stroke_of(edge: &ModelEdge<'_>) -> Stroke {
    match (edge.change, edge.edge.state) {
        (Some(change), _) => Sign::of_change(change).map_or(Stroke::Dim, Stroke::Signed),
        (None, Some(State::Idle)) => Stroke::Signed(Sign::Idle),
        (None, Some(state)) => Stroke::Signed(Sign::of_state(state)),
        (None, None) => Stroke::Plain,
    }
}

/// The middle of the border of a box.
fn border_line(area: Area, radius: f32, border: i32) -> Vec<Point> {
    let half = border as f32 / 2.0;
    round_box(
        area.left as f32 + half,
        area.top as f32 + half,
        area.right as f32 - half,
        area.bottom as f32 - half,
        (radius - half).max(0.5),
    )
}

/// The base line of text whose small letters have their middle at `y`.
fn middle_baseline(y: i32, style: TextStyle) -> i32 {
    y + (f32::from(style.size) * MIDDLE_EMS).round() as i32
}

/// Label and detail of a node, ending in an ellipsis where the box does.
fn raster_texts(face: &Face<'_, '_>, fit: &Fit, ink: &mut Ink<'_, '_>) {
    let (lengths, scale) = (fit.detail.lengths(), fit.scale);
    let padding = lengths.padding * scale;
    let sign = face.sign.map_or(0.0, |_| lengths.sign * scale);
    let (left, right) = (
        face.area.left as f32 + padding + sign,
        face.area.right as f32 - padding,
    );
    let room = right - left + padding * 0.4;
    let mut middle = (face.area.top + face.area.bottom) / 2;
    let style = TextStyle::regular((lengths.text_size * scale) as u16);
    let line = ink
        .typesetter
        .line(face.node.node.shown_label(), style, room);
    let place = |width: f32| (left + (right - left - width).max(0.0) / 2.0).round();
    let detail = face.node.detail().filter(|_| fit.detail == Detail::Full);
    let mut label_left = place(line.width);
    if let Some(detail) = detail {
        // A detail that is too small to be read leaves its room free.
        let size = lengths.detail_size * scale;
        let small = TextStyle::regular(size as u16);
        let shift = (lengths.detail_height * scale / 2.0).round() as i32;
        if size >= super::fit::TEXT_SIZE_MIN {
            let detail = ink.typesetter.line(&detail, small, room);
            middle -= shift;
            let below = middle + (lengths.detail_height * scale * 1.15).round() as i32;
            label_left = label_left.min(place(line.width));
            let x = place(detail.width);
            ink.text(
                &detail,
                x,
                middle_baseline(below, small),
                face.colors.detail,
            );
        }
    }
    ink.text(
        &line,
        label_left,
        middle_baseline(middle, style),
        face.colors.ink,
    );
}
