//! Nodes and edges, in layers.

use std::cmp::Ordering;
use std::str::FromStr;

use super::canonical::Canonical;
use super::{ChoiceError, Theme};
use crate::limit::{self, LimitError};
use crate::{
    DETAIL_CHARACTERS_MAX, EDGES_MAX, ID_CHARACTERS_MAX, NAME_CHARACTERS_MAX, NODES_MAX,
    SUBTITLE_CHARACTERS_MAX, TITLE_CHARACTERS_MAX,
};

/// Nodes in layers, with the edges between them along one direction as far as cycles allow. The
/// order of nodes and edges does not matter. Texts that are empty take no room; without any node it
/// says "no nodes".
#[derive(Debug, Clone, PartialEq)]
pub struct Graph {
    /// In pixels, [`SIDE_PIXELS_MIN`](crate::SIDE_PIXELS_MIN) to
    /// [`SIDE_PIXELS_MAX`](crate::SIDE_PIXELS_MAX). The layout is scaled to fit.
    pub width: u32,
    /// In pixels, as `width`.
    pub height: u32,
    /// Bold, one line.
    pub title: String,
    /// One line under the title.
    pub subtitle: String,
    /// Colours of ground and ink.
    pub theme: Theme,
    /// Where edges lead.
    pub direction: Direction,
    /// At most [`NODES_MAX`], those of `before` included. Each id once.
    pub nodes: Vec<Node>,
    /// At most [`EDGES_MAX`], those of `before` included.
    pub edges: Vec<Edge>,
    /// An earlier state of the same graph: the picture then shows what was added, removed and
    /// changed since.
    pub before: Option<Box<Before>>,
}

/// Nodes and edges as they were.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Before {
    /// Each id once.
    pub nodes: Vec<Node>,
    /// Between the nodes of `before` only.
    pub edges: Vec<Edge>,
}

/// One node of a graph.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Node {
    /// What edges call it by, at most [`ID_CHARACTERS_MAX`] characters.
    pub id: String,
    /// What it shows; the id if empty. At most [`NAME_CHARACTERS_MAX`] characters.
    pub label: String,
    /// A smaller line under the label, if there is room. At most [`DETAIL_CHARACTERS_MAX`]
    /// characters.
    pub detail: String,
    /// How it is doing; a plain box without one.
    pub state: Option<State>,
}

/// One edge of a graph. From a node to itself is fine, and so are many between the same nodes.
#[derive(Debug, Clone, PartialEq)]
pub struct Edge {
    /// Id of the node where it begins.
    pub from: String,
    /// Id of the node at its arrow head.
    pub to: String,
    /// Shown where there is room. At most [`NAME_CHARACTERS_MAX`] characters.
    pub label: String,
    /// Its line is wider the more of the greatest weight of the graph it has. One that is negative
    /// or not finite is drawn like zero.
    pub weight: f64,
    /// How it is doing; a plain line without one.
    pub state: Option<State>,
}

/// Where the edges of a graph lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Direction {
    /// From the top to the bottom. As text `down`.
    #[default]
    Down,
    /// From the left to the right. As text `right`.
    Right,
}

/// How a node or an edge is doing. Each has a colour and a shape of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// As it should be. As text `ok`.
    Ok,
    /// Needs a look. As text `warning`.
    Warning,
    /// Does not work. As text `failed`.
    Failed,
    /// Nobody knows. As text `unknown`.
    Unknown,
    /// Not in use. As text `idle`.
    Idle,
}

/// An id that is there twice, or that no node has.
///
/// As text: "There is no node \"b\"."
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Two nodes have the same id.
    #[error("Another node before it has the id {id:?} too.")]
    Duplicate {
        /// The second one, such as `nodes[3].id`.
        parameter: String,
        /// The id.
        id: String,
    },
    /// An edge names a node that is not there.
    #[error("There is no node {id:?}.")]
    Unknown {
        /// The end of the edge, such as `edges[3].to`.
        parameter: String,
        /// The id.
        id: String,
    },
}

impl NameError {
    /// The part of the graph that is wrong, such as `before.edges[3].to`.
    #[must_use]
    pub fn parameter(&self) -> &str {
        match self {
            Self::Duplicate { parameter, .. } | Self::Unknown { parameter, .. } => parameter,
        }
    }
}

impl From<NameError> for LimitError {
    fn from(error: NameError) -> Self {
        let actual = match error {
            NameError::Duplicate { .. } => 2,
            NameError::Unknown { .. } => 0,
        };
        Self {
            parameter: error.parameter().to_owned(),
            counted: "nodes of that id",
            limit: 1,
            actual,
        }
    }
}

/// 1200 × 800 px, downwards, without nodes.
impl Default for Graph {
    fn default() -> Self {
        Self {
            width: 1_200,
            height: 800,
            title: String::new(),
            subtitle: String::new(),
            theme: Theme::default(),
            direction: Direction::default(),
            nodes: Vec::new(),
            edges: Vec::new(),
            before: None,
        }
    }
}

/// From and to the node with an empty id, of weight 1.
impl Default for Edge {
    fn default() -> Self {
        Self {
            from: String::new(),
            to: String::new(),
            label: String::new(),
            weight: 1.0,
            state: None,
        }
    }
}

impl Node {
    /// What the picture calls it.
    pub(crate) fn shown_label(&self) -> &str {
        if self.label.is_empty() {
            &self.id
        } else {
            &self.label
        }
    }
}

impl Edge {
    /// The weight as it is drawn: a finite number that is not negative.
    pub(crate) fn shown_weight(&self) -> f64 {
        if self.weight.is_finite() && self.weight > 0.0 {
            self.weight
        } else {
            0.0
        }
    }

    /// The one order of edges that does not depend on how they came.
    pub(crate) fn order(&self, other: &Self) -> Ordering {
        let ends = (&self.from, &self.to, &self.label);
        ends.cmp(&(&other.from, &other.to, &other.label))
            .then(self.shown_weight().total_cmp(&other.shown_weight()))
            .then(self.state.cmp(&other.state))
    }
}

/// Nodes by their ids.
pub(crate) fn sorted_nodes(nodes: &[Node]) -> Vec<&Node> {
    let mut sorted: Vec<&Node> = nodes.iter().collect();
    sorted.sort_by(|a, b| a.id.cmp(&b.id));
    sorted
}

/// Edges in [`Edge::order`].
pub(crate) fn sorted_edges(edges: &[Edge]) -> Vec<&Edge> {
    let mut sorted: Vec<&Edge> = edges.iter().collect();
    sorted.sort_by(|a, b| a.order(b));
    sorted
}

impl Graph {
    /// Holds every id against the others: those of nodes are unique, and edges name nodes that are
    /// there. Drawing does this too.
    ///
    /// # Errors
    /// The first id that is wrong.
    pub fn check_names(&self) -> Result<(), NameError> {
        check_names("", &self.nodes, &self.edges)?;
        match &self.before {
            Some(before) => check_names("before.", &before.nodes, &before.edges),
            None => Ok(()),
        }
    }

    pub(super) fn check(&self) -> Result<(), LimitError> {
        limit::size_within(self.width, self.height)?;
        limit::text_at_most(|| "title".to_owned(), &self.title, TITLE_CHARACTERS_MAX)?;
        let subtitle = || "subtitle".to_owned();
        limit::text_at_most(subtitle, &self.subtitle, SUBTITLE_CHARACTERS_MAX)?;
        let (nodes, edges) = (self.nodes.len(), self.edges.len());
        let before = self.before.as_deref();
        let (nodes_before, edges_before) =
            before.map_or((0, 0), |before| (before.nodes.len(), before.edges.len()));
        let name = |part: &str, before: usize| match before {
            0 => part.to_owned(),
            _ => format!("{part} with before.{part}"),
        };
        let parameter = || name("nodes", nodes_before);
        limit::at_most(parameter, "entries", nodes + nodes_before, NODES_MAX)?;
        let parameter = || name("edges", edges_before);
        limit::at_most(parameter, "entries", edges + edges_before, EDGES_MAX)?;
        check_texts("", &self.nodes, &self.edges)?;
        if let Some(before) = before {
            check_texts("before.", &before.nodes, &before.edges)?;
        }
        Ok(self.check_names()?)
    }

    /// Drawing time as it is predicted, in microseconds: grows with the pixels, the nodes, the
    /// edges and the characters.
    pub(super) fn cost_micros(&self) -> u64 {
        let before = self.before.as_deref();
        let sum = |now: usize, before: Option<usize>| now as u64 + before.unwrap_or(0) as u64;
        let nodes = sum(self.nodes.len(), before.map(|before| before.nodes.len()));
        let edges = sum(self.edges.len(), before.map(|before| before.edges.len()));
        let bytes = |nodes: &[Node], edges: &[Edge]| -> u64 {
            let nodes = nodes
                .iter()
                .map(|node| node.shown_label().len() + node.detail.len());
            let edges = edges.iter().map(|edge| edge.label.len());
            nodes.chain(edges).map(|bytes| bytes as u64).sum()
        };
        let mut bytes_all = bytes(&self.nodes, &self.edges);
        bytes_all += before.map_or(0, |before| bytes(&before.nodes, &before.edges));
        bytes_all += (self.title.len() + self.subtitle.len()) as u64;
        let pixels = u64::from(self.width) * u64::from(self.height);
        COST_BASE
            + pixels * COST_MEGAPIXEL / 1_000_000
            + nodes * COST_NODE
            + edges * COST_EDGE
            + bytes_all * COST_KILOBYTE / 1_000
    }

    pub(super) fn write_canonical(&self, out: &mut Canonical) {
        out.number(self.width).number(self.height);
        out.text(&self.title).text(&self.subtitle);
        out.tag(self.theme as u8).tag(self.direction as u8);
        write_parts(out, &self.nodes, &self.edges);
        match &self.before {
            Some(before) => write_parts(out.tag(1), &before.nodes, &before.edges),
            None => {
                out.tag(0);
            }
        }
    }
}

/// Measured on one core, in microseconds.
const COST_BASE: u64 = 300;
const COST_MEGAPIXEL: u64 = 1_500;
const COST_NODE: u64 = 5;
const COST_EDGE: u64 = 13;
const COST_KILOBYTE: u64 = 150;

fn write_parts(out: &mut Canonical, nodes: &[Node], edges: &[Edge]) {
    let state = |state: Option<State>| state.map_or(0, |state| state as u8 + 1);
    out.count(nodes.len());
    for node in sorted_nodes(nodes) {
        out.text(&node.id).text(node.shown_label());
        out.text(&node.detail).tag(state(node.state));
    }
    out.count(edges.len());
    for edge in sorted_edges(edges) {
        out.text(&edge.from).text(&edge.to).text(&edge.label);
        out.value(edge.shown_weight()).tag(state(edge.state));
    }
}

fn check_texts(prefix: &str, nodes: &[Node], edges: &[Edge]) -> Result<(), LimitError> {
    for (index, node) in nodes.iter().enumerate() {
        for (member, text, max) in [
            ("id", &node.id, ID_CHARACTERS_MAX),
            ("label", &node.label, NAME_CHARACTERS_MAX),
            ("detail", &node.detail, DETAIL_CHARACTERS_MAX),
        ] {
            let parameter = || format!("{prefix}nodes[{index}].{member}");
            limit::text_at_most(parameter, text, max)?;
        }
    }
    for (index, edge) in edges.iter().enumerate() {
        let parameter = || format!("{prefix}edges[{index}].label");
        limit::text_at_most(parameter, &edge.label, NAME_CHARACTERS_MAX)?;
    }
    Ok(())
}

fn check_names(prefix: &str, nodes: &[Node], edges: &[Edge]) -> Result<(), NameError> {
    let mut ids: Vec<(&str, usize)> = nodes.iter().map(|node| node.id.as_str()).zip(0..).collect();
    ids.sort_unstable();
    let twice = ids.windows(2).filter(|pair| pair[0].0 == pair[1].0);
    if let Some((id, index)) = twice.map(|pair| pair[1]).min_by_key(|&(_, index)| index) {
        return Err(NameError::Duplicate {
            parameter: format!("{prefix}nodes[{index}].id"),
            id: id.to_owned(),
        });
    }
    for (index, edge) in edges.iter().enumerate() {
        for (member, id) in [("from", edge.from.as_str()), ("to", edge.to.as_str())] {
            if ids.binary_search_by(|known| known.0.cmp(id)).is_err() {
                return Err(NameError::Unknown {
                    parameter: format!("{prefix}edges[{index}].{member}"),
                    id: id.to_owned(),
                });
            }
        }
    }
    Ok(())
}

impl FromStr for Direction {
    type Err = ChoiceError;

    fn from_str(text: &str) -> Result<Self, ChoiceError> {
        match text {
            "down" => Ok(Self::Down),
            "right" => Ok(Self::Right),
            _ => Err(ChoiceError {
                choices: "down, right",
            }),
        }
    }
}

impl FromStr for State {
    type Err = ChoiceError;

    fn from_str(text: &str) -> Result<Self, ChoiceError> {
        match text {
            "ok" => Ok(Self::Ok),
            "warning" => Ok(Self::Warning),
            "failed" => Ok(Self::Failed),
            "unknown" => Ok(Self::Unknown),
            "idle" => Ok(Self::Idle),
            _ => Err(ChoiceError {
                choices: "ok, warning, failed, unknown, idle",
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_of_anything_never_costs_less() {
        let cost = |change: fn(&mut Graph)| {
            let mut graph = Graph {
                nodes: vec![Node::default(); 30],
                edges: vec![Edge::default(); 45],
                ..Graph::default()
            };
            change(&mut graph);
            graph.cost_micros()
        };
        let plain = cost(|_| ());
        // Measured: 2.4 ms, and 33 ms for 1,000 nodes and 2,000 edges.
        assert!((1_200..=4_800).contains(&plain), "{plain}");
        let large = cost(|graph| {
            graph.nodes = vec![Node::default(); 1_000];
            graph.edges = vec![Edge::default(); 2_000];
        });
        assert!((17_000..=66_000).contains(&large), "{large}");
        for more in [
            cost(|graph| graph.width *= 2),
            cost(|graph| graph.nodes.push(Node::default())),
            cost(|graph| graph.edges.push(Edge::default())),
            cost(|graph| graph.nodes[0].label = "label".repeat(4)),
            cost(|graph| graph.edges[0].label = "label".repeat(4)),
            cost(|graph| {
                graph.before = Some(Box::new(Before {
                    nodes: graph.nodes.clone(),
                    edges: Vec::new(),
                }));
            }),
        ] {
            assert!(more > plain, "{more}");
        }
    }
}
