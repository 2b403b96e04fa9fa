//! The order of nodes and bends within their layers: few crossings.
//!
//! Sweeps of barycentres with exchanges of neighbours, as in Gansner and others: *A technique for
//! drawing directed graphs*, 1993. The best order seen is kept.

use super::budget::Budget;
use super::layers::Layered;

/// Sweeps up and down, and how many in a row may bring nothing.
const SWEEPS_MAX: usize = 16;
const IDLE_SWEEPS_MAX: usize = 4;

/// Passes over all pairs of neighbours after one sweep.
const EXCHANGES_MAX: usize = 4;

/// Joined vertices of the next layer on one side.
#[derive(Debug)]
pub(super) struct Joined {
    starts: Vec<u32>,
    /// The other vertex and the number of the segment.
    ends: Vec<(u32, u32)>,
}

impl Joined {
    /// From pairs of a vertex and the other one, numbered in their order.
    fn new(vertices: usize, pairs: impl Iterator<Item = (u32, u32)> + Clone) -> Self {
        let mut starts = vec![0_u32; vertices + 1];
        for (vertex, _) in pairs.clone() {
            starts[vertex as usize + 1] += 1;
        }
        for vertex in 0..vertices {
            starts[vertex + 1] += starts[vertex];
        }
        let mut next = starts.clone();
        let mut ends = vec![(0, 0); starts[vertices] as usize];
        for (segment, (vertex, other)) in pairs.enumerate() {
            let place = &mut next[vertex as usize];
            ends[*place as usize] = (other, segment as u32);
            *place += 1;
        }
        Self { starts, ends }
    }

    pub(super) fn of(&self, vertex: u32) -> &[(u32, u32)] {
        &self.ends[self.starts[vertex as usize] as usize..self.starts[vertex as usize + 1] as usize]
    }

    /// Sorts the neighbours of each vertex by their places.
    fn sort(&mut self, place: &[u32]) {
        for window in self.starts.windows(2) {
            let ends = &mut self.ends[window[0] as usize..window[1] as usize];
            if ends.len() > 1 {
                ends.sort_unstable_by_key(|&(other, segment)| (place[other as usize], segment));
            }
        }
    }
}

/// Layers with their vertices in order.
#[derive(Debug)]
pub(super) struct Ordered {
    pub(super) layers: Vec<Vec<u32>>,
    /// Of each vertex in its layer.
    pub(super) place: Vec<u32>,
    /// Sorted by place.
    pub(super) above: Joined,
    /// Sorted by place.
    pub(super) below: Joined,
}

impl Ordered {
    pub(super) fn new(layered: &Layered, budget: &mut Budget) -> Self {
        let vertices = layered.vertices();
        let up = layered.segments.iter().map(|&(top, bottom)| (bottom, top));
        let mut ordered = Self {
            layers: vec![Vec::new(); layered.layer_count],
            place: vec![0; vertices],
            above: Joined::new(vertices, up),
            below: Joined::new(vertices, layered.segments.iter().copied()),
        };
        ordered.walk(layered);
        ordered.improve(layered.segments.len(), budget);
        ordered.sort_neighbours();
        ordered
    }

    /// The first order: what belongs together is found together on a walk from the top.
    fn walk(&mut self, layered: &Layered) {
        let mut starts: Vec<u32> = (0..layered.nodes as u32).collect();
        starts.sort_by_key(|&node| layered.layer[node as usize]);
        let mut is_seen = vec![false; self.place.len()];
        let mut open = Vec::new();
        for start in starts {
            open.push(start);
            while let Some(vertex) = open.pop() {
                if std::mem::replace(&mut is_seen[vertex as usize], true) {
                    continue;
                }
                let layer = &mut self.layers[layered.layer[vertex as usize]];
                self.place[vertex as usize] = layer.len() as u32;
                layer.push(vertex);
                open.extend(self.below.of(vertex).iter().rev().map(|end| end.0));
            }
        }
    }

    fn sort_neighbours(&mut self) {
        self.above.sort(&self.place);
        self.below.sort(&self.place);
    }

    fn improve(&mut self, segments: usize, budget: &mut Budget) {
        let work = self.place.len() + segments;
        let levels = usize::BITS as usize - work.leading_zeros() as usize;
        if !budget.spend(work * levels) {
            return;
        }
        self.sort_neighbours();
        let mut best = (self.crossings(), self.layers.clone());
        let mut idle = 0;
        for sweep in 0..SWEEPS_MAX {
            // A sweep sorts layers and neighbours, and then counts with a tree.
            if best.0 == 0 || idle == IDLE_SWEEPS_MAX || !budget.spend(3 * work * levels) {
                break;
            }
            self.sweep(sweep % 2 == 0, sweep % 4 >= 2);
            self.exchange(budget);
            self.sort_neighbours();
            let crossings = self.crossings();
            idle += 1;
            if crossings < best.0 {
                best = (crossings, self.layers.clone());
                idle = 0;
            }
        }
        self.layers = best.1;
        (0..self.layers.len()).for_each(|layer| self.renumber(layer));
    }

    fn renumber(&mut self, layer: usize) {
        for (place, &vertex) in self.layers[layer].iter().enumerate() {
            self.place[vertex as usize] = place as u32;
        }
    }

    /// Sorts each layer by the mean place of the neighbours in the layer before it. Of equal ones
    /// the order is kept, or turned round so that other orders are seen too.
    fn sweep(&mut self, is_down: bool, turns_equal: bool) {
        let count = self.layers.len();
        let mut keyed: Vec<(u64, u32, u32)> = Vec::new();
        for step in 1..count {
            let layer = if is_down { step } else { count - 1 - step };
            let joined = if is_down { &self.above } else { &self.below };
            keyed.clear();
            keyed.extend(
                self.layers[layer]
                    .iter()
                    .zip(0_u32..)
                    .map(|(&vertex, place)| {
                        let tie = if turns_equal { u32::MAX - place } else { place };
                        (self.mean_place(joined.of(vertex), place), tie, vertex)
                    }),
            );
            keyed.sort_unstable();
            for (slot, &(_, _, vertex)) in self.layers[layer].iter_mut().zip(&keyed) {
                *slot = vertex;
            }
            self.renumber(layer);
        }
    }

    /// In parts of 65,536; the own place for a vertex without neighbours.
    fn mean_place(&self, ends: &[(u32, u32)], own: u32) -> u64 {
        if ends.is_empty() {
            return u64::from(own) << 16;
        }
        let places = ends
            .iter()
            .map(|&(other, _)| u64::from(self.place[other as usize]));
        (places.sum::<u64>() << 16) / ends.len() as u64
    }

    /// Exchanges neighbours in a layer where that saves crossings.
    fn exchange(&mut self, budget: &mut Budget) {
        for _ in 0..EXCHANGES_MAX {
            let mut saved = false;
            for layer in 0..self.layers.len() {
                for place in 1..self.layers[layer].len() {
                    let (left, right) = (self.layers[layer][place - 1], self.layers[layer][place]);
                    let pairs = |joined: &Joined| joined.of(left).len() * joined.of(right).len();
                    let pairs = pairs(&self.above) + pairs(&self.below);
                    if pairs == 0 {
                        continue;
                    }
                    if !budget.spend(pairs) {
                        return;
                    }
                    if self.saving(left, right) > 0 {
                        self.layers[layer].swap(place - 1, place);
                        self.place.swap(left as usize, right as usize);
                        saved = true;
                    }
                }
            }
            if !saved {
                return;
            }
        }
    }

    /// Crossings that would go if two neighbours changed places, less those that would come.
    fn saving(&self, left: u32, right: u32) -> i64 {
        let count = |joined: &Joined| {
            let mut saving = 0;
            for &(a, _) in joined.of(left) {
                let a = self.place[a as usize];
                for &(b, _) in joined.of(right) {
                    saving += match self.place[b as usize].cmp(&a) {
                        std::cmp::Ordering::Less => 1,
                        std::cmp::Ordering::Equal => 0,
                        std::cmp::Ordering::Greater => -1,
                    };
                }
            }
            saving
        };
        count(&self.above) + count(&self.below)
    }

    /// Pairs of segments that cross; neighbours must be sorted.
    pub(super) fn crossings(&self) -> u64 {
        let widest = self.layers.iter().map(Vec::len).max().unwrap_or(0);
        let mut tree = vec![0_u32; widest + 1];
        let mut crossings = 0;
        for upper in &self.layers {
            tree.fill(0);
            let mut seen = 0_u64;
            for &vertex in upper {
                for &(other, _) in self.below.of(vertex) {
                    // Segments before this one that end further right.
                    let mut at = self.place[other as usize] as usize + 1;
                    let mut at_most = 0;
                    while at > 0 {
                        at_most += u64::from(tree[at]);
                        at &= at - 1;
                    }
                    crossings += seen - at_most;
                    seen += 1;
                    let mut at = self.place[other as usize] as usize + 1;
                    while at < tree.len() {
                        tree[at] += 1;
                        at += at & at.wrapping_neg();
                    }
                }
            }
        }
        crossings
    }
}

#[cfg(test)]
mod tests {
    use super::super::acyclic::arcs;
    use super::super::layers::Shape;
    use super::*;

    fn ordered(nodes: usize, edges: &[(usize, usize)], steps: u64) -> Ordered {
        let arcs = arcs(edges.iter().copied());
        let shape = Shape {
            columns_per_row: 1.0,
        };
        let layered = Layered::new(nodes, &arcs, shape, &mut Budget::new(u64::MAX));
        Ordered::new(&layered, &mut Budget::new(steps))
    }

    /// Counted pair by pair.
    fn crossings(ordered: &Ordered) -> u64 {
        let mut count = 0;
        for layer in &ordered.layers {
            let segments = layer.iter().flat_map(|&top| {
                let ends = ordered.below.of(top).iter();
                ends.map(move |&(bottom, _)| (top, bottom))
            });
            let places: Vec<(u32, u32)> = segments
                .map(|(top, bottom)| (ordered.place[top as usize], ordered.place[bottom as usize]))
                .collect();
            for (at, a) in places.iter().enumerate() {
                let crossing =
                    |b: &&(u32, u32)| (a.0 < b.0 && a.1 > b.1) || (a.0 > b.0 && a.1 < b.1);
                count += places[at + 1..].iter().filter(crossing).count() as u64;
            }
        }
        count
    }

    #[test]
    fn a_tree_has_no_crossings() {
        let edges: Vec<(usize, usize)> = (1..200).map(|node| ((node - 1) / 3, node)).collect();
        assert_eq!(ordered(200, &edges, u64::MAX).crossings(), 0);
    }

    #[test]
    fn crossings_are_counted_right_and_fewer_than_without_work() {
        let edge = |at: usize| ((at * 7) % 40, 40 + (at * 11 + at / 7) % 40);
        let edges: Vec<(usize, usize)> = (0..120).map(edge).collect();
        let (good, plain) = (ordered(80, &edges, u64::MAX), ordered(80, &edges, 0));
        assert_eq!(good.crossings(), crossings(&good));
        assert_eq!(plain.crossings(), crossings(&plain));
        assert!(
            good.crossings() * 4 < plain.crossings() * 3,
            "{}",
            good.crossings()
        );
    }
}
