//! Gives each node a layer, and each line that passes layers a place in all of them.

use super::acyclic::{Arc, ranks};
use super::budget::Budget;

/// Places for lines in the layers that they pass. Lines beyond are drawn straight: a chain of all
/// nodes with edges across all of it would need a million.
const BENDS_MAX: usize = 16_000;

/// How often nodes are moved to where their edges are shorter.
const PULLS_MAX: usize = 8;

/// All edges between two nodes, in either direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Link {
    /// The node in the earlier layer.
    pub(super) top: usize,
    /// The node in the later layer.
    pub(super) bottom: usize,
    /// How many edges there are.
    pub(super) lanes: usize,
    /// First of its bends, which are numbered one after the other from the top; none if its layers
    /// follow each other.
    pub(super) first_bend: usize,
    pub(super) bends: usize,
    /// Whether it is drawn straight, without regard to what lies in its way.
    pub(super) is_loose: bool,
}

/// Nodes and bends in layers. Nodes come first and are numbered as in the model, then bends.
#[derive(Debug)]
pub(super) struct Layered {
    pub(super) nodes: usize,
    /// Sorted by their ends.
    pub(super) links: Vec<Link>,
    /// Of each vertex.
    pub(super) layer: Vec<usize>,
    pub(super) layer_count: usize,
    /// Vertices of adjacent layers that a line joins, the upper first.
    pub(super) segments: Vec<(u32, u32)>,
    /// Lines that pass each vertex side by side; 1 for nodes.
    pub(super) lanes: Vec<usize>,
}

/// How many nodes fit side by side for one that fits below: more in a wide picture.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    pub(super) columns_per_row: f32,
}

impl Layered {
    pub(super) fn new(nodes: usize, arcs: &[Arc], shape: Shape, budget: &mut Budget) -> Self {
        let ranks = ranks(nodes, arcs);
        let mut links = links(arcs, &ranks);
        let mut order: Vec<usize> = (0..nodes).collect();
        order.sort_unstable_by_key(|&node| ranks[node]);
        let neighbours = Neighbours::new(nodes, &links);
        let mut layer = longest_paths(&order, &neighbours);
        for pull in 0..PULLS_MAX {
            if !budget.spend(nodes + 2 * links.len())
                || !pull_together(&order, &neighbours, &mut layer, pull % 2 == 0)
            {
                break;
            }
        }
        stack(&neighbours, &mut layer, shape);
        let layer_count = layer.iter().max().map_or(0, |last| last + 1);
        let mut layered = Self {
            nodes,
            segments: Vec::with_capacity(links.len()),
            lanes: vec![1; nodes],
            links: Vec::new(),
            layer,
            layer_count,
        };
        layered.bend(&mut links, budget);
        layered.links = links;
        layered
    }

    pub(super) fn vertices(&self) -> usize {
        self.layer.len()
    }

    pub(super) fn is_bend(&self, vertex: usize) -> bool {
        vertex >= self.nodes
    }

    /// Gives the links their bends, the short ones first, as long as there are any.
    fn bend(&mut self, links: &mut [Link], budget: &mut Budget) {
        let mut by_span: Vec<usize> = (0..links.len()).collect();
        let span = |link: &Link| self.layer[link.bottom] - self.layer[link.top];
        by_span.sort_by_key(|&index| span(&links[index]));
        let mut left = BENDS_MAX;
        for index in by_span {
            let link = &mut links[index];
            let bends = self.layer[link.bottom] - self.layer[link.top] - 1;
            if bends > left || !budget.spend(bends + 1) {
                link.is_loose = true;
                continue;
            }
            left -= bends;
            link.bends = bends;
        }
        // Numbered in the order of links, so that neighbours in memory are neighbours in the picture.
        for link in links.iter_mut().filter(|link| !link.is_loose) {
            link.first_bend = self.layer.len();
            let mut above = link.top;
            for step in 0..link.bends {
                let bend = self.layer.len();
                self.layer.push(self.layer[link.top] + step + 1);
                self.lanes.push(link.lanes);
                self.segments.push((above as u32, bend as u32));
                above = bend;
            }
            self.segments.push((above as u32, link.bottom as u32));
        }
    }
}

/// Joins the arcs between the same two nodes, whichever way they lead.
fn links(arcs: &[Arc], ranks: &[usize]) -> Vec<Link> {
    let turned = arcs.iter().map(|arc| {
        let is_back = ranks[arc.from] > ranks[arc.to];
        let (top, bottom) = if is_back {
            (arc.to, arc.from)
        } else {
            (arc.from, arc.to)
        };
        (top, bottom, arc.count)
    });
    let mut turned: Vec<(usize, usize, usize)> = turned.collect();
    turned.sort_unstable();
    let same = turned.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1));
    let link = |chunk: &[(usize, usize, usize)]| Link {
        top: chunk[0].0,
        bottom: chunk[0].1,
        lanes: chunk.iter().map(|arc| arc.2).sum(),
        first_bend: 0,
        bends: 0,
        is_loose: false,
    };
    same.map(link).collect()
}

/// The links of each node, with the number of their edges.
struct Neighbours {
    above: Vec<Vec<(usize, usize)>>,
    below: Vec<Vec<(usize, usize)>>,
}

impl Neighbours {
    fn new(nodes: usize, links: &[Link]) -> Self {
        let (mut above, mut below) = (vec![Vec::new(); nodes], vec![Vec::new(); nodes]);
        for link in links {
            above[link.bottom].push((link.top, link.lanes));
            below[link.top].push((link.bottom, link.lanes));
        }
        Self { above, below }
    }
}

/// One more than the latest layer above.
fn longest_paths(order: &[usize], neighbours: &Neighbours) -> Vec<usize> {
    let mut layer = vec![0; order.len()];
    for &node in order {
        let above = neighbours.above[node].iter();
        layer[node] = above.map(|&(top, _)| layer[top] + 1).max().unwrap_or(0);
    }
    layer
}

/// Moves each node, as far as its neighbours let it, to where more of its edges get shorter. Says
/// whether one moved.
fn pull_together(
    order: &[usize],
    neighbours: &Neighbours,
    layer: &mut [usize],
    from_below: bool,
) -> bool {
    let mut moved = false;
    let mut pull = |node: usize| {
        let (above, below) = (&neighbours.above[node], &neighbours.below[node]);
        let weight = |ends: &[(usize, usize)]| ends.iter().map(|end| end.1).sum::<usize>();
        let earliest = above.iter().map(|&(top, _)| layer[top] + 1).max();
        let latest = below.iter().map(|&(bottom, _)| layer[bottom] - 1).min();
        let best = match weight(above).cmp(&weight(below)) {
            std::cmp::Ordering::Less => latest,
            std::cmp::Ordering::Greater => earliest,
            std::cmp::Ordering::Equal => None,
        };
        if let Some(best) = best.filter(|&best| best != layer[node]) {
            layer[node] = best;
            moved = true;
        }
    };
    if from_below {
        order.iter().rev().for_each(|&node| pull(node));
    } else {
        order.iter().for_each(|&node| pull(node));
    }
    moved
}

/// A part of the graph that no edge leads out of.
#[derive(Debug, Clone)]
struct Island {
    nodes: Vec<usize>,
    /// Most nodes in one layer.
    width: usize,
    /// Layers.
    height: usize,
}

/// Puts islands beside and below each other, so that many small ones fill the picture.
fn stack(neighbours: &Neighbours, layer: &mut [usize], shape: Shape) {
    let mut islands = islands(neighbours, layer);
    if islands.len() < 2 {
        return;
    }
    // The largest first; equal ones in the order of their first nodes.
    islands.sort_by_key(|island| std::cmp::Reverse((island.height, island.width)));
    let area: usize = islands
        .iter()
        .map(|island| island.width * island.height)
        .sum();
    let widest = islands.iter().map(|island| island.width).max().unwrap_or(1);
    let square = (area as f32 * shape.columns_per_row).sqrt().ceil() as usize;
    let room = square.max(widest);
    let (mut first_layer, mut used, mut height) = (0, 0, 0);
    for island in islands {
        if used + island.width > room {
            (first_layer, used, height) = (first_layer + height, 0, 0);
        }
        used += island.width;
        height = height.max(island.height);
        for node in island.nodes {
            layer[node] += first_layer;
        }
    }
}

/// The islands, in the order of their first nodes. Each begins at layer 0 afterwards.
fn islands(neighbours: &Neighbours, layer: &mut [usize]) -> Vec<Island> {
    let mut is_seen = vec![false; layer.len()];
    let mut islands = Vec::new();
    for start in 0..layer.len() {
        if std::mem::replace(&mut is_seen[start], true) {
            continue;
        }
        let mut nodes = vec![start];
        let mut next = 0;
        while let Some(&node) = nodes.get(next) {
            next += 1;
            let ends = neighbours.above[node].iter().chain(&neighbours.below[node]);
            for &(other, _) in ends {
                if !std::mem::replace(&mut is_seen[other], true) {
                    nodes.push(other);
                }
            }
        }
        let first = nodes.iter().map(|&node| layer[node]).min().unwrap_or(0);
        nodes.iter().for_each(|&node| layer[node] -= first);
        let mut levels: Vec<usize> = nodes.iter().map(|&node| layer[node]).collect();
        levels.sort_unstable();
        let width = levels.chunk_by(|a, b| a == b).map(<[usize]>::len).max();
        islands.push(Island {
            width: width.unwrap_or(1),
            height: levels.last().map_or(1, |last| last + 1),
            nodes,
        });
    }
    islands
}

#[cfg(test)]
mod tests {
    use super::super::acyclic::arcs;
    use super::*;

    const SQUARE: Shape = Shape {
        columns_per_row: 1.0,
    };

    fn layered(nodes: usize, edges: &[(usize, usize)], steps: u64) -> Layered {
        let arcs = arcs(edges.iter().copied());
        Layered::new(nodes, &arcs, SQUARE, &mut Budget::new(steps))
    }

    #[test]
    fn a_long_edge_gets_a_bend_in_each_layer_that_it_passes() {
        let layered = layered(4, &[(0, 1), (1, 2), (2, 3), (0, 3)], 1_000);
        assert_eq!(layered.layer, [0, 1, 2, 3, 1, 2]);
        let segments = [(0, 1), (0, 4), (4, 5), (5, 3), (1, 2), (2, 3)];
        assert_eq!(layered.segments, segments);
    }

    #[test]
    fn a_late_source_stands_just_over_what_needs_it() {
        let layered = layered(4, &[(0, 1), (1, 2), (3, 2)], 1_000);
        assert_eq!(layered.layer[3], 1);
    }

    #[test]
    fn lonely_nodes_fill_rows() {
        let layered = layered(9, &[], 1_000);
        assert_eq!(layered.layer, [0, 0, 0, 1, 1, 1, 2, 2, 2]);
    }

    #[test]
    fn bends_are_bounded_and_without_work_there_are_none() {
        let mut edges: Vec<(usize, usize)> = (1..1_000).map(|node| (node - 1, node)).collect();
        edges.extend((0..400).map(|node| (node, 999 - node)));
        let long = layered(1_000, &edges, u64::MAX);
        assert!(long.vertices() <= 1_000 + BENDS_MAX);
        assert!(long.links.iter().any(|link| link.is_loose));
        assert!(long.links.iter().any(|link| link.bends > 100));
        let none = layered(1_000, &edges, 0);
        assert_eq!(none.vertices(), 1_000);
        assert!(
            none.links
                .iter()
                .all(|link| none.layer[link.top] < none.layer[link.bottom])
        );
    }
}
