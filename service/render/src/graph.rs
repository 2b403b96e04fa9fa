//! A layered graph: where everything goes, and how it is drawn.
//!
//! In the manner of Sugiyama: cycles are broken, nodes get layers, layers an order, and then places.
//! All of it works on nodes and edges sorted by their ids, within a budget counted in steps.

mod budget;
mod icon;
mod model;
mod acyclic;
mod layers;
mod order;
mod place;
mod relax;
mod fit;
mod routes;
mod tags;
mod legend;
mod tones;
mod pen;
mod raster;

#[cfg(test)]
mod tests;

use crate::frame::Area;
use crate::scene::{Direction, Graph};
use crate::text::{Line, TextStyle, Typesetter};
use budget::{Budget, STEPS_MAX};
use fit::{Detail, Fit, Task};
use icon::Sign;
use layers::{Layered, Shape};
use legend::{Legend, counted, meanings};
use model::Model;
use order::Ordered;
use routes::{Roads, Route};
use tags::Tags;
use tones::Tones;

/// Lengths of what is around the graph are in pixels of a picture of this size.
const REFERENCE: (f32, f32) = (1_200.0, 800.0);
/// From the edge of the picture.
const MARGIN: f32 = 24.0;
const TITLE_SIZE: f32 = 22.0;
const SUBTITLE_SIZE: f32 = 14.0;
/// Between the graph and the texts around it.
const HEAD_GAP: f32 = 14.0;
/// A graph with more nodes may have to leave texts out, and needs room to say so.
const NODES_ALL_SHOWN: usize = 40;
/// More nodes than this are guessed to be drawn as dots.
const NODES_AS_BOXES: usize = 150;
/// Room smaller than this takes that of the texts around it.
const ROOM_MIN: (i32, i32) = (120, 90);

/// Where everything of a graph goes.
pub(crate) struct Layout<'a> {
    graph: &'a Graph,
    model: Model<'a>,
    tones: Tones,
    /// Of what is around the graph: 1 for 1200 × 800 px.
    scale: f32,
    title: Option<(Line, i32)>,
    subtitle: Option<(Line, i32)>,
    legend: Legend,
    legend_top: i32,
    fit: Fit,
    routes: Vec<Route>,
    tags: Tags,
    is_simplified: bool,
}

impl<'a> Layout<'a> {
    pub(crate) fn new(graph: &'a Graph, typesetter: &Typesetter<'_>) -> Self {
        Self::within(graph, typesetter, STEPS_MAX)
    }

    /// With at most `steps` of work.
    fn within(graph: &'a Graph, typesetter: &Typesetter<'_>, steps: u64) -> Self {
        let fit = (graph.width as f32 / REFERENCE.0).min(graph.height as f32 / REFERENCE.1);
        let scale = fit.clamp(0.7, 3.0);
        let model = Model::new(graph);
        let meanings = meanings(&model);
        let mut frame = Surroundings::new(graph, scale, typesetter, !has_notes(&model, &meanings));
        if frame.room.width() < ROOM_MIN.0 || frame.room.height() < ROOM_MIN.1 {
            frame = Surroundings::bare(graph, scale);
        }
        let mut budget = Budget::new(steps);
        let arcs = acyclic::arcs(model.edges.iter().map(|edge| (edge.from, edge.to)));
        let shape = Shape {
            columns_per_row: columns_per_row(graph, model.nodes.len(), frame.room),
        };
        let layered = Layered::new(model.nodes.len(), &arcs, shape, &mut budget);
        let ordered = Ordered::new(&layered, &mut budget);
        let mut has_loop = vec![false; model.nodes.len()];
        for edge in model.edges.iter().filter(|edge| edge.from == edge.to) {
            has_loop[edge.from] = true;
        }
        let task = Task {
            graph,
            model: &model,
            layered: &layered,
            ordered: &ordered,
            typesetter,
            room: frame.room,
            scale,
            has_loop: &has_loop,
        };
        let fit = task.fit(&mut budget);
        let roads = Roads {
            model: &model,
            layered: &layered,
            fit: &fit,
            direction: graph.direction,
        };
        let routes = roads.routes();
        let tags = Tags::new(
            &model,
            &routes,
            &fit,
            (graph.width, graph.height),
            graph.direction,
            typesetter,
        );
        let is_loose = layered.links.iter().any(|link| link.is_loose);
        let is_simplified = is_loose || budget.is_spent();
        let mut texts = meanings;
        if frame.has_legend {
            texts.extend(notes(&model, &fit, &tags, is_simplified));
        } else {
            texts.clear();
        }
        let ends = (frame.room.left, frame.room.right);
        let legend = Legend::new(texts, ends, scale, typesetter);
        Self {
            graph,
            tones: Tones::of(graph.theme),
            scale,
            title: frame.title,
            subtitle: frame.subtitle,
            legend_top: frame.legend_bottom - legend.height,
            legend,
            fit,
            routes,
            tags,
            is_simplified,
            model,
        }
    }

    /// Whether the work ran out before the layout was as good as it could be.
    pub(crate) fn is_simplified(&self) -> bool {
        self.is_simplified
    }
}

/// Whether there may be something to say under the graph.
fn has_notes(model: &Model<'_>, meanings: &[(Option<Sign>, String)]) -> bool {
    !meanings.is_empty()
        || model.nodes.len() > NODES_ALL_SHOWN
        || model.edges.iter().any(|edge| !edge.edge.label.is_empty())
}

/// What the picture does not show.
fn notes(
    model: &Model<'_>,
    fit: &Fit,
    tags: &Tags,
    is_simplified: bool,
) -> Vec<(Option<Sign>, String)> {
    let mut notes = Vec::new();
    if fit.detail == Detail::Dot && !model.nodes.is_empty() {
        let (nodes, edges) = (
            counted(model.nodes.len(), "node"),
            counted(model.edges.len(), "edge"),
        );
        notes.push(format!("{nodes}, {edges}: too many for labels"));
    } else if tags.left_out > 0 {
        notes.push(format!("no room for {}", counted(tags.left_out, "label")));
    }
    if is_simplified {
        notes.push("simplified layout".to_owned());
    }
    notes.into_iter().map(|note| (None, note)).collect()
}

/// How many nodes stand beside each other for one below: boxes are wider than high, and dots have
/// more room between layers than within them.
fn columns_per_row(graph: &Graph, nodes: usize, room: Area) -> f32 {
    let picture = room.width() as f32 / room.height().max(1) as f32;
    let are_dots = nodes > NODES_AS_BOXES;
    match graph.direction {
        Direction::Down if are_dots => picture * 1.5,
        Direction::Down => picture * 0.6,
        Direction::Right if are_dots => 1.5 / picture,
        Direction::Right => 3.0 / picture,
    }
}

/// What is around the graph, and what is left for it.
struct Surroundings {
    title: Option<(Line, i32)>,
    subtitle: Option<(Line, i32)>,
    room: Area,
    has_legend: bool,
    legend_bottom: i32,
}

impl Surroundings {
    fn new(graph: &Graph, scale: f32, typesetter: &Typesetter<'_>, is_plain: bool) -> Self {
        let mut bare = Self::bare(graph, scale);
        let margin = (MARGIN * scale) as i32;
        let mut room = Area {
            left: 0,
            top: 0,
            right: graph.width as i32,
            bottom: graph.height as i32,
        }
        .inset(margin);
        let width = room.width() as f32;
        let mut head = |text: &str, style: TextStyle| {
            let line = typesetter.line(text, style, width);
            let line = Some(line).filter(|line| !line.glyphs.is_empty())?;
            let baseline = room.top + style.ascent();
            room.top += style.leading();
            Some((line, baseline))
        };
        let size = |points: f32| (points * scale).round() as u16;
        bare.title = head(&graph.title, TextStyle::bold(size(TITLE_SIZE)));
        bare.subtitle = head(&graph.subtitle, TextStyle::regular(size(SUBTITLE_SIZE)));
        if bare.title.is_some() || bare.subtitle.is_some() {
            room.top += (HEAD_GAP * scale) as i32;
        }
        bare.legend_bottom = graph.height as i32 - margin * 2 / 3;
        if !is_plain {
            bare.has_legend = true;
            room.bottom = bare.legend_bottom - ((18.0 + HEAD_GAP) * scale) as i32;
        }
        bare.room = room;
        bare
    }

    /// Nothing: the graph has all the room.
    fn bare(graph: &Graph, scale: f32) -> Self {
        let whole = Area {
            left: 0,
            top: 0,
            right: graph.width as i32,
            bottom: graph.height as i32,
        };
        Self {
            title: None,
            subtitle: None,
            room: whole.inset((6.0 * scale) as i32),
            has_legend: false,
            legend_bottom: whole.bottom,
        }
    }
}
