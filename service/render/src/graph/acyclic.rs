//! Which way round each pair of nodes stands, so that no cycle is left.
//!
//! The greedy heuristic of Eades, Lin and Smyth: *A fast and effective heuristic for the feedback
//! arc set problem*, 1993. A graph without cycles keeps all its edges as they are.

use std::collections::BTreeSet;

/// Edges that lead from one node to another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Arc {
    pub(super) from: usize,
    pub(super) to: usize,
    /// How many there are.
    pub(super) count: usize,
}

/// Joins edges of the same ends; those from a node to itself are left out.
pub(super) fn arcs(edges: impl Iterator<Item = (usize, usize)>) -> Vec<Arc> {
    let mut ends: Vec<(usize, usize)> = edges.filter(|(from, to)| from != to).collect();
    ends.sort_unstable();
    let same = ends.chunk_by(|a, b| a == b);
    let arc = |chunk: &[(usize, usize)]| Arc {
        from: chunk[0].0,
        to: chunk[0].1,
        count: chunk.len(),
    };
    same.map(arc).collect()
}

/// The place of each node in a sequence in which few edges lead back, none if there is no cycle.
pub(super) fn ranks(nodes: usize, arcs: &[Arc]) -> Vec<usize> {
    let mut peeling = Peeling::new(nodes, arcs);
    let (mut head, mut tail) = (Vec::with_capacity(nodes), Vec::new());
    loop {
        if let Some(node) = peeling.sinks.pop_first() {
            tail.push(node);
            peeling.remove(node);
        } else if let Some(node) = peeling.sources.pop_first() {
            head.push(node);
            peeling.remove(node);
        } else if let Some((_, node)) = peeling.others.pop_first() {
            head.push(node);
            peeling.remove(node);
        } else {
            break;
        }
    }
    let mut ranks = vec![0; nodes];
    for (rank, node) in head.into_iter().chain(tail.into_iter().rev()).enumerate() {
        ranks[node] = rank;
    }
    ranks
}

/// Edges of a node that are still there.
#[derive(Debug, Clone, Copy, Default)]
struct Degree {
    into: usize,
    out: usize,
}

impl Degree {
    /// The more of its edges lead away, the earlier a node comes.
    fn key(self) -> i64 {
        self.into as i64 - self.out as i64
    }
}

/// A graph that loses one node after the other.
struct Peeling {
    degrees: Vec<Degree>,
    is_gone: Vec<bool>,
    /// For each node the other end, the number of edges, and whether they lead away from it.
    neighbours: Vec<Vec<(usize, usize, bool)>>,
    sinks: BTreeSet<usize>,
    sources: BTreeSet<usize>,
    others: BTreeSet<(i64, usize)>,
}

impl Peeling {
    fn new(nodes: usize, arcs: &[Arc]) -> Self {
        let mut degrees = vec![Degree::default(); nodes];
        let mut neighbours = vec![Vec::new(); nodes];
        for arc in arcs {
            degrees[arc.from].out += arc.count;
            degrees[arc.to].into += arc.count;
            neighbours[arc.from].push((arc.to, arc.count, true));
            neighbours[arc.to].push((arc.from, arc.count, false));
        }
        let mut peeling = Self {
            is_gone: vec![false; nodes],
            neighbours,
            sinks: BTreeSet::new(),
            sources: BTreeSet::new(),
            others: BTreeSet::new(),
            degrees,
        };
        (0..nodes).for_each(|node| peeling.file(node));
        peeling
    }

    /// Puts a node where it belongs.
    fn file(&mut self, node: usize) {
        let degree = self.degrees[node];
        match (degree.into, degree.out) {
            (_, 0) => self.sinks.insert(node),
            (0, _) => self.sources.insert(node),
            _ => self.others.insert((degree.key(), node)),
        };
    }

    /// Takes a node out, and its edges from its neighbours.
    fn remove(&mut self, node: usize) {
        self.is_gone[node] = true;
        for (other, count, leads_away) in std::mem::take(&mut self.neighbours[node]) {
            if self.is_gone[other] {
                continue;
            }
            self.others.remove(&(self.degrees[other].key(), other));
            self.sources.remove(&other);
            self.sinks.remove(&other);
            let degree = &mut self.degrees[other];
            if leads_away {
                degree.into -= count;
            } else {
                degree.out -= count;
            }
            self.file(other);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn back(nodes: usize, edges: &[(usize, usize)]) -> Vec<(usize, usize)> {
        let ranks = ranks(nodes, &arcs(edges.iter().copied()));
        let is_back = |&(from, to): &(usize, usize)| ranks[from] > ranks[to];
        edges.iter().copied().filter(is_back).collect()
    }

    #[test]
    fn no_edge_of_a_graph_without_cycles_leads_back() {
        assert_eq!(back(5, &[(4, 2), (2, 0), (4, 0), (0, 3), (1, 3)]), []);
    }

    #[test]
    fn a_cycle_is_cut_once_and_where_it_is_thinnest() {
        assert_eq!(back(4, &[(0, 1), (1, 2), (2, 3), (3, 0)]).len(), 1);
        let twice = [(0, 1), (0, 1), (1, 2), (1, 2), (2, 0)];
        assert_eq!(back(3, &twice), [(2, 0)]);
    }
}
