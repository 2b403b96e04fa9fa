//! How large everything is drawn, and how much of it: what is too small to be read is left out.

use super::budget::Budget;
use super::layers::Layered;
use super::model::Model;
use super::order::Ordered;
use super::place::{Positions, Room};
use super::relax::{relax, width_least};
use crate::frame::Area;
use crate::scene::{Direction, Graph};
use crate::text::{TextStyle, Typesetter};

/// How much of a node is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Detail {
    /// Label, detail and sign.
    Full,
    /// A short label and the sign.
    Label,
    /// The sign alone.
    Dot,
}

/// Lengths in pixels at scale 1.
pub(super) struct Lengths {
    pub(super) text_size: f32,
    pub(super) detail_size: f32,
    /// Between border and text.
    pub(super) padding: f32,
    /// For the sign and the gap after it.
    pub(super) sign: f32,
    text_width_max: f32,
    pub(super) width_min: f32,
    height: f32,
    pub(super) detail_height: f32,
    node_gap: f32,
    bend_gap: f32,
    /// Least room from layer to layer, and with labels on edges.
    layer_gap: (f32, f32),
}

impl Detail {
    pub(super) const fn lengths(self) -> Lengths {
        match self {
            Self::Full => Lengths {
                text_size: 14.0,
                detail_size: 11.0,
                padding: 13.0,
                sign: 22.0,
                text_width_max: 180.0,
                width_min: 64.0,
                height: 36.0,
                detail_height: 14.0,
                node_gap: 24.0,
                bend_gap: 14.0,
                layer_gap: (40.0, 56.0),
            },
            Self::Label => Lengths {
                text_size: 14.0,
                detail_size: 0.0,
                padding: 8.0,
                sign: 19.0,
                text_width_max: 90.0,
                width_min: 40.0,
                height: 26.0,
                detail_height: 0.0,
                node_gap: 12.0,
                bend_gap: 8.0,
                layer_gap: (26.0, 36.0),
            },
            Self::Dot => Lengths {
                text_size: 0.0,
                detail_size: 0.0,
                padding: 0.0,
                sign: 0.0,
                text_width_max: 0.0,
                width_min: 14.0,
                height: 14.0,
                detail_height: 0.0,
                node_gap: 6.0,
                bend_gap: 2.5,
                layer_gap: (16.0, 16.0),
            },
        }
    }
}

/// Room of each edge beside another one of the same nodes, and of one from a node to itself.
pub(super) const LANE: f32 = 7.0;
pub(super) const LOOP: f32 = 22.0;

/// Lines beside each other that get room of their own.
const LANES_MAX: usize = 6;

/// Text smaller than this, in pixels, is left out.
pub(super) const TEXT_SIZE_MIN: f32 = 8.0;

/// How much more room than at least there may be between layers and within them.
const LAYER_STRETCH_MAX: f32 = 3.0;
const NODE_STRETCH_MAX: f32 = 1.6;

/// How much room there may be between layers in any case, as a part of the width across them: a wide
/// graph of few layers opens like a fan.
const LAYER_GAP_PART: f32 = 0.12;

/// How much wider than the picture straight lines may make it.
const WIDTH_SLACK: f32 = 1.15;

/// Largest scale for a picture of the reference size.
const SCALE_MAX: f32 = 1.4;

/// Where boxes and layers are, in pixels of the picture.
#[derive(Debug)]
pub(super) struct Fit {
    pub(super) detail: Detail,
    pub(super) scale: f32,
    /// Of each vertex, across the layers.
    pub(super) middles: Vec<f32>,
    /// Of each layer.
    pub(super) along: Vec<f32>,
    pub(super) boxes: Vec<Area>,
}

/// Room along the layers at scale 1.
struct Depth {
    /// Of the boxes of each layer.
    layers: Vec<f32>,
    /// Least from layer to layer.
    gap: f32,
}

impl Depth {
    fn thick(&self) -> f32 {
        self.layers.iter().sum()
    }

    fn gaps(&self) -> f32 {
        self.layers.len().saturating_sub(1) as f32
    }

    /// All of it with the least gaps.
    fn least(&self) -> f32 {
        self.thick() + self.gap * self.gaps()
    }
}

/// What a fit is made from.
pub(super) struct Task<'a, 't> {
    pub(super) graph: &'a Graph,
    pub(super) model: &'a Model<'a>,
    pub(super) layered: &'a Layered,
    pub(super) ordered: &'a Ordered,
    pub(super) typesetter: &'a Typesetter<'t>,
    /// Where the graph goes.
    pub(super) room: Area,
    /// Of texts around the graph: 1 for a picture of the reference size.
    pub(super) scale: f32,
    /// Whether each node has an edge to itself.
    pub(super) has_loop: &'a [bool],
}

impl Task<'_, '_> {
    /// The most detailed fit whose text can be read.
    pub(super) fn fit(&self, budget: &mut Budget) -> Fit {
        for detail in [Detail::Full, Detail::Label] {
            if !self.may_fit(detail) {
                continue;
            }
            let fit = self.with(detail, budget);
            if detail.lengths().text_size * fit.scale >= TEXT_SIZE_MIN {
                return fit;
            }
        }
        self.with(Detail::Dot, budget)
    }

    fn is_down(&self) -> bool {
        self.graph.direction == Direction::Down
    }

    /// Room across and along the layers, in pixels.
    fn extent(&self) -> (f32, f32) {
        let (width, height) = (self.room.width() as f32, self.room.height() as f32);
        if self.is_down() {
            (width, height)
        } else {
            (height, width)
        }
    }

    /// A quick no: not even the smallest boxes and texts would have room.
    fn may_fit(&self, detail: Detail) -> bool {
        let lengths = detail.lengths();
        let least = TEXT_SIZE_MIN / lengths.text_size;
        let (across, along) = if self.is_down() {
            (lengths.width_min, lengths.height)
        } else {
            (lengths.height, lengths.width_min)
        };
        let layer_width = |layer: &Vec<u32>| {
            let is_node = |vertex: &&u32| !self.layered.is_bend(**vertex as usize);
            let nodes = layer.iter().filter(is_node).count();
            let bends = layer.len() - nodes;
            nodes as f32 * (across + lengths.bend_gap) + bends as f32 * lengths.bend_gap
                - lengths.bend_gap
        };
        let widest = self
            .ordered
            .layers
            .iter()
            .map(layer_width)
            .fold(0.0, f32::max);
        let layers = self.ordered.layers.len() as f32;
        let deep = layers * (along + lengths.layer_gap.0) - lengths.layer_gap.0;
        let extent = self.extent();
        widest * least <= extent.0 && deep * least <= extent.1
    }

    /// Width and height of each node's box at scale 1.
    fn sizes(&self, detail: Detail) -> Vec<(f32, f32)> {
        let lengths = detail.lengths();
        if detail == Detail::Dot {
            return vec![(lengths.width_min, lengths.height); self.model.nodes.len()];
        }
        let label_style = TextStyle::regular(lengths.text_size as u16);
        let detail_style = TextStyle::regular(lengths.detail_size as u16);
        let width = |text: &str, style| {
            let line = self.typesetter.line(text, style, lengths.text_width_max);
            line.width + 2.0
        };
        let size = |node: &super::model::ModelNode<'_>| {
            let mut text = width(node.node.shown_label(), label_style);
            let mut height = lengths.height;
            if let Some(line) = node.detail().filter(|_| detail == Detail::Full) {
                text = text.max(width(&line, detail_style));
                height += lengths.detail_height;
            }
            let sign = node.sign().map_or(0.0, |_| lengths.sign);
            let width = text + sign + 2.0 * lengths.padding;
            (width.max(lengths.width_min), height)
        };
        self.model.nodes.iter().map(size).collect()
    }

    fn with(&self, detail: Detail, budget: &mut Budget) -> Fit {
        let lengths = detail.lengths();
        let sizes = self.sizes(detail);
        // Across and along the layers.
        let turned = |&(width, height): &(f32, f32)| match self.is_down() {
            true => (width, height),
            false => (height, width),
        };
        let nodes: Vec<(f32, f32)> = sizes.iter().map(turned).collect();
        let shrink = lengths.width_min.min(lengths.height) / 26.0;
        let node_width = |(node, size): (usize, &(f32, f32))| {
            let own_loop = if self.has_loop[node] {
                LOOP * shrink.min(1.0)
            } else {
                0.0
            };
            size.0 + 2.0 * own_loop
        };
        let mut widths: Vec<f32> = nodes.iter().enumerate().map(node_width).collect();
        let lanes = self.layered.lanes[nodes.len()..].iter();
        let bend_width =
            |&lanes: &usize| (lanes.min(LANES_MAX) - 1) as f32 * LANE * shrink.min(1.0);
        widths.extend(lanes.map(bend_width));
        let room = Room {
            widths,
            node_gap: lengths.node_gap,
            bend_gap: lengths.bend_gap,
        };
        let depth = self.depth(detail, &nodes);
        let mut positions = Positions::new(self.layered, self.ordered, &room, budget);
        let (across, along) = self.extent();
        let least = width_least(self.layered, self.ordered, &room);
        let width = least.max(depth.least() * across / along.max(1.0));
        if positions.width > width * WIDTH_SLACK {
            relax(
                self.layered,
                self.ordered,
                &room,
                &mut positions,
                width,
                budget,
            );
        }
        self.scaled(detail, &positions, &nodes, &depth)
    }

    /// Room along the layers at scale 1.
    fn depth(&self, detail: Detail, nodes: &[(f32, f32)]) -> Depth {
        let mut layers = vec![0.0_f32; self.layered.layer_count];
        for (node, size) in nodes.iter().enumerate() {
            let layer = &mut layers[self.layered.layer[node]];
            *layer = layer.max(size.1);
        }
        let has_labels = self
            .model
            .edges
            .iter()
            .any(|edge| !edge.edge.label.is_empty());
        let gap = detail.lengths().layer_gap;
        Depth {
            layers,
            gap: if has_labels { gap.1 } else { gap.0 },
        }
    }

    fn scaled(
        &self,
        detail: Detail,
        positions: &Positions,
        nodes: &[(f32, f32)],
        depth: &Depth,
    ) -> Fit {
        let (across, along) = self.extent();
        let scale = (SCALE_MAX * self.scale)
            .min(across / positions.width.max(1.0))
            .min(along / depth.least().max(1.0));
        let gap_max = (depth.gap * scale * LAYER_STRETCH_MAX).max(across * LAYER_GAP_PART);
        let gap = ((along - depth.thick() * scale) / depth.gaps().max(1.0))
            .clamp(depth.gap * scale, gap_max);
        // Wider only where it is deeper too: flat lines are hard to follow.
        let stretch_max = (gap / (depth.gap * scale)).clamp(1.0, NODE_STRETCH_MAX);
        let stretch = (across / (positions.width * scale).max(1.0)).clamp(1.0, stretch_max);
        let origin = if self.is_down() {
            (self.room.left as f32, self.room.top as f32)
        } else {
            (self.room.top as f32, self.room.left as f32)
        };
        let used = positions.width * scale * stretch;
        let left = origin.0 + (across - used) / 2.0;
        let middle = |at: &f32| left + at * scale * stretch;
        let middles: Vec<f32> = positions.middles.iter().map(middle).collect();
        let used = depth.thick() * scale + gap * depth.gaps();
        let mut top = origin.1 + (along - used) / 2.0;
        let layer = |thickness: &f32| {
            let middle = top + thickness * scale / 2.0;
            top += thickness * scale + gap;
            middle
        };
        let along: Vec<f32> = depth.layers.iter().map(layer).collect();
        let area = |(node, size): (usize, &(f32, f32))| {
            let layer = along[self.layered.layer[node]];
            self.area((middles[node], layer), (size.0 * scale, size.1 * scale))
        };
        let boxes = nodes.iter().enumerate().map(area).collect();
        Fit {
            detail,
            scale,
            middles,
            along,
            boxes,
        }
    }

    /// Whole pixels; two boxes that do not overlap before do not afterwards.
    fn area(&self, (across, along): (f32, f32), (width, height): (f32, f32)) -> Area {
        let ends = |middle: f32, length: f32| {
            let low = (middle - length / 2.0).round() as i32;
            (low, ((middle + length / 2.0).round() as i32).max(low + 1))
        };
        let (across, along) = (ends(across, width), ends(along, height));
        let (x, y) = if self.is_down() {
            (across, along)
        } else {
            (along, across)
        };
        Area {
            left: x.0,
            top: y.0,
            right: x.1,
            bottom: y.1,
        }
    }
}
