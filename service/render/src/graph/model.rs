//! What is drawn: the nodes and edges of one graph, or of two and how they differ.

use std::cmp::Ordering;

use super::icon::Sign;
use crate::scene::{Edge, Graph, Node, State, sorted_edges, sorted_nodes};

/// What became of a node or an edge since the graph before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    Added,
    Removed,
    Changed,
    Same,
}

/// A node as it is drawn.
#[derive(Debug, Clone, Copy)]
pub(super) struct ModelNode<'a> {
    /// As it is now, or was when it was removed.
    pub(super) node: &'a Node,
    /// As it was, if it is one that changed.
    pub(super) earlier: Option<&'a Node>,
    /// None if there is no graph before.
    pub(super) change: Option<Change>,
}

/// An edge as it is drawn.
#[derive(Debug, Clone, Copy)]
pub(super) struct ModelEdge<'a> {
    pub(super) edge: &'a Edge,
    pub(super) earlier: Option<&'a Edge>,
    pub(super) change: Option<Change>,
    /// Places of its ends in [`Model::nodes`].
    pub(super) from: usize,
    pub(super) to: usize,
}

/// All that is drawn, in an order that does not depend on how it came.
#[derive(Debug)]
pub(super) struct Model<'a> {
    /// Sorted by id.
    pub(super) nodes: Vec<ModelNode<'a>>,
    /// Sorted by ends, then as they differ.
    pub(super) edges: Vec<ModelEdge<'a>>,
}

impl<'a> Model<'a> {
    pub(super) fn new(graph: &'a Graph) -> Self {
        let now = sorted_nodes(&graph.nodes);
        let edges_now = sorted_edges(&graph.edges);
        let Some(before) = graph.before.as_deref() else {
            let nodes = now.into_iter().map(|node| ModelNode {
                node,
                earlier: None,
                change: None,
            });
            let nodes: Vec<ModelNode<'a>> = nodes.collect();
            let edges = edges_now.into_iter().map(|edge| (edge, None, None));
            let edges = with_places(&nodes, edges.collect());
            return Self { nodes, edges };
        };
        let pairs = paired(now, sorted_nodes(&before.nodes), |a, b| a.id.cmp(&b.id));
        let mut nodes: Vec<ModelNode<'a>> = pairs.into_iter().map(node_of).collect();
        nodes.sort_by(|a, b| a.node.id.cmp(&b.node.id));
        let edges = with_places(&nodes, differences(edges_now, sorted_edges(&before.edges)));
        Self { nodes, edges }
    }
}

impl ModelNode<'_> {
    /// What its sign says; none for a plain node.
    pub(super) fn sign(&self) -> Option<Sign> {
        match self.change {
            Some(change) => Sign::of_change(change),
            None => self.node.state.map(Sign::of_state),
        }
    }

    /// The line under its label: of one that changed, what it was.
    pub(super) fn detail(&self) -> Option<String> {
        let (now, earlier) = (self.node, self.earlier);
        let Some(earlier) = earlier else {
            return Some(now.detail.clone()).filter(|detail| !detail.is_empty());
        };
        let state =
            |state: Option<State>| state.map_or("plain", |state| Sign::of_state(state).name());
        if now.state != earlier.state {
            return Some(format!("{} → {}", state(earlier.state), state(now.state)));
        }
        if now.shown_label() != earlier.shown_label() {
            return Some(format!("was {}", earlier.shown_label()));
        }
        Some(format!("{} → {}", earlier.detail, now.detail))
    }
}

impl ModelEdge<'_> {
    /// What its sign says; none for a plain edge. States show in the line alone.
    pub(super) fn sign(&self) -> Option<Sign> {
        self.change.and_then(Sign::of_change)
    }

    /// Its text: of one that changed, what it was as well.
    pub(super) fn text(&self) -> String {
        let (now, Some(earlier)) = (self.edge, self.earlier) else {
            return self.edge.label.clone();
        };
        let (weight, weight_before) = (now.shown_weight(), earlier.shown_weight());
        if now.label != earlier.label {
            format!("{} → {}", earlier.label, now.label)
        } else if weight != weight_before {
            let (now_text, before_text) = (short(weight), short(weight_before));
            format!("{} {before_text} → {now_text}", now.label)
        } else {
            now.label.clone()
        }
    }
}

/// A number in few characters.
fn short(number: f64) -> String {
    if number != 0.0 && !(1e-3..1e6).contains(&number) {
        return format!("{number:.2e}");
    }
    let text = format!("{number:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// What is now, what was before, or both.
enum Pair<'a, T> {
    Now(&'a T),
    Before(&'a T),
    Both(&'a T, &'a T),
}

/// Joins two lists in the order of `compare`, each entry with at most one of the other.
fn paired<'a, T>(
    now: Vec<&'a T>,
    before: Vec<&'a T>,
    compare: impl Fn(&T, &T) -> Ordering,
) -> Vec<Pair<'a, T>> {
    let mut pairs = Vec::with_capacity(now.len() + before.len());
    let (mut now, mut before) = (now.into_iter().peekable(), before.into_iter().peekable());
    loop {
        let order = match (now.peek(), before.peek()) {
            (None, None) => return pairs,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(a), Some(b)) => compare(a, b),
        };
        let left = now.next_if(|_| order != Ordering::Greater);
        let right = before.next_if(|_| order != Ordering::Less);
        match (left, right) {
            (Some(a), Some(b)) => pairs.push(Pair::Both(a, b)),
            (Some(a), None) => pairs.push(Pair::Now(a)),
            (None, Some(b)) => pairs.push(Pair::Before(b)),
            (None, None) => return pairs,
        }
    }
}

fn node_of<'a>(pair: Pair<'a, Node>) -> ModelNode<'a> {
    let (node, earlier, change) = match pair {
        Pair::Now(node) => (node, None, Change::Added),
        Pair::Before(node) => (node, None, Change::Removed),
        Pair::Both(now, before) => {
            let shown = |node: &'a Node| (node.shown_label(), &node.detail, node.state);
            let change = same_or_changed(shown(now) == shown(before));
            let earlier = Some(before).filter(|_| change == Change::Changed);
            (now, earlier, change)
        }
    };
    ModelNode {
        node,
        earlier,
        change: Some(change),
    }
}

fn same_or_changed(is_same: bool) -> Change {
    if is_same {
        Change::Same
    } else {
        Change::Changed
    }
}

/// An edge, what it was, and what became of it.
type Difference<'a> = (&'a Edge, Option<&'a Edge>, Option<Change>);

/// Pairs edges with those before: first equal ones, then those of the same label between the same
/// nodes, then those that are just between the same nodes.
fn differences<'a>(now: Vec<&'a Edge>, before: Vec<&'a Edge>) -> Vec<Difference<'a>> {
    let by_ends = |a: &Edge, b: &Edge| (&a.from, &a.to).cmp(&(&b.from, &b.to));
    let by_label = |a: &Edge, b: &Edge| (&a.from, &a.to, &a.label).cmp(&(&b.from, &b.to, &b.label));
    let mut found = Vec::with_capacity(now.len() + before.len());
    let mut take = |pairs: Vec<Pair<'a, Edge>>, is_same: bool| {
        let (mut now, mut before) = (Vec::new(), Vec::new());
        for pair in pairs {
            match pair {
                Pair::Now(edge) => now.push(edge),
                Pair::Before(edge) => before.push(edge),
                Pair::Both(edge, earlier) => {
                    let change = same_or_changed(is_same);
                    let earlier = Some(earlier).filter(|_| !is_same);
                    found.push((edge, earlier, Some(change)));
                }
            }
        }
        (now, before)
    };
    let (now, before) = take(paired(now, before, Edge::order), true);
    let (now, before) = take(paired(now, before, by_label), false);
    let (now, before) = take(paired(now, before, by_ends), false);
    found.extend(
        now.into_iter()
            .map(|edge| (edge, None, Some(Change::Added))),
    );
    found.extend(
        before
            .into_iter()
            .map(|edge| (edge, None, Some(Change::Removed))),
    );
    // Stable: what is equal keeps the order of its making, which is the same each time.
    found.sort_by(|a, b| by_ends(a.0, b.0));
    found
}

/// Looks the ends up. An edge to a node that is not there is left out; checked graphs have none.
fn with_places<'a>(nodes: &[ModelNode<'a>], edges: Vec<Difference<'a>>) -> Vec<ModelEdge<'a>> {
    let place = |id: &str| {
        nodes
            .binary_search_by(|known| known.node.id.as_str().cmp(id))
            .ok()
    };
    let edge = |(edge, earlier, change): Difference<'a>| {
        Some(ModelEdge {
            edge,
            earlier,
            change,
            from: place(&edge.from)?,
            to: place(&edge.to)?,
        })
    };
    edges.into_iter().filter_map(edge).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scene::Before;

    fn node(id: &str, label: &str) -> Node {
        Node {
            id: id.to_owned(),
            label: label.to_owned(),
            ..Node::default()
        }
    }

    fn edge(ends: &str, label: &str, weight: f64) -> Edge {
        Edge {
            from: ends[..1].to_owned(),
            to: ends[1..].to_owned(),
            label: label.to_owned(),
            weight,
            state: None,
        }
    }

    #[test]
    fn a_difference_tells_each_node_and_edge_what_became_of_it() {
        let failed = Node {
            state: Some(State::Failed),
            ..node("d", "")
        };
        let graph = Graph {
            nodes: vec![failed, node("a", ""), node("c", "new"), node("b", "b")],
            edges: vec![
                edge("ab", "", 2.0),
                edge("ab", "x", 1.0),
                edge("ca", "", 1.0),
                edge("ba", "", 1.0),
                edge("ba", "", 1.0),
            ],
            before: Some(Box::new(Before {
                nodes: vec![node("a", ""), node("b", ""), node("z", ""), node("d", "")],
                edges: vec![
                    edge("ab", "x", 1.0),
                    edge("ab", "y", 2.0),
                    edge("za", "", 1.0),
                    edge("ba", "", 1.0),
                ],
            })),
            ..Graph::default()
        };
        let model = Model::new(&graph);
        let seen: Vec<String> = model
            .nodes
            .iter()
            .map(|node| format!("{} {:?}", node.node.id, node.change.unwrap()))
            .collect();
        let expected = ["a Same", "b Same", "c Added", "d Changed", "z Removed"];
        assert_eq!(
            seen, expected,
            "b shows its id, which is what its label says now"
        );
        let seen: Vec<String> = model
            .edges
            .iter()
            .map(|edge| {
                let Edge {
                    from, to, label, ..
                } = edge.edge;
                format!("{from}{to}{label} {:?}", edge.change.unwrap())
            })
            .collect();
        let expected = [
            "abx Same",
            "ab Changed",
            "ba Same",
            "ba Added",
            "ca Added",
            "za Removed",
        ];
        assert_eq!(seen, expected);
    }
}
