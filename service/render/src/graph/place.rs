//! Positions across the layers: straight lines, and boxes that do not touch.
//!
//! Brandes and Köpf: *Fast and simple horizontal coordinate assignment*, 2002, with the compaction
//! of blocks as a longest path, which is right for boxes of any width.

use super::budget::Budget;
use super::layers::Layered;
use super::order::Ordered;

/// Room that vertices take across the layers.
#[derive(Debug, Clone)]
pub(super) struct Room {
    /// Of each vertex.
    pub(super) widths: Vec<f32>,
    /// Between two nodes, and next to a bend.
    pub(super) node_gap: f32,
    pub(super) bend_gap: f32,
}

impl Room {
    /// Least distance of the middles of two neighbours.
    pub(super) fn distance(&self, layered: &Layered, left: u32, right: u32) -> f32 {
        let (left, right) = (left as usize, right as usize);
        let gap = if layered.is_bend(left) || layered.is_bend(right) {
            self.bend_gap
        } else {
            self.node_gap
        };
        (self.widths[left] + self.widths[right]) / 2.0 + gap
    }
}

/// The middle of each vertex, from 0 for the outermost left edge of a box, and the whole width.
#[derive(Debug)]
pub(super) struct Positions {
    pub(super) middles: Vec<f32>,
    pub(super) width: f32,
}

/// Steps of one run: four alignments, each over all vertices and segments a few times.
const STEPS_EACH: usize = 24;

impl Positions {
    pub(super) fn new(
        layered: &Layered,
        ordered: &Ordered,
        room: &Room,
        budget: &mut Budget,
    ) -> Self {
        let work = layered.vertices() + layered.segments.len();
        let aligned = budget
            .spend(work * STEPS_EACH)
            .then(|| aligned(layered, ordered, room))
            .flatten();
        let mut middles = aligned.unwrap_or_else(|| centred(layered, ordered, room));
        let edges = |sign: f32| {
            let edge = move |(middle, width): (&f32, &f32)| middle + sign * width / 2.0;
            middles.iter().zip(&room.widths).map(edge)
        };
        let left = edges(-1.0).fold(f32::MAX, f32::min);
        let right = edges(1.0).fold(f32::MIN, f32::max);
        middles.iter_mut().for_each(|middle| *middle -= left);
        Self {
            middles,
            width: (right - left).max(0.0),
        }
    }
}

/// Each layer side by side about the same middle.
fn centred(layered: &Layered, ordered: &Ordered, room: &Room) -> Vec<f32> {
    let mut middles = vec![0.0; layered.vertices()];
    for layer in &ordered.layers {
        let mut at = 0.0;
        for (index, &vertex) in layer.iter().enumerate() {
            if index > 0 {
                at += room.distance(layered, layer[index - 1], vertex);
            }
            middles[vertex as usize] = at;
        }
        layer
            .iter()
            .for_each(|&vertex| middles[vertex as usize] -= at / 2.0);
    }
    middles
}

/// The mean of the two middle ones of four alignments: to the upper and lower neighbours, as far
/// left and as far right as they go.
fn aligned(layered: &Layered, ordered: &Ordered, room: &Room) -> Option<Vec<f32>> {
    let conflicts = conflicts(layered, ordered);
    let mut runs = Vec::with_capacity(4);
    for is_down in [true, false] {
        for is_mirrored in [false, true] {
            let view = View {
                layered,
                ordered,
                room,
                conflicts: &conflicts,
                is_down,
                is_mirrored,
            };
            let root = view.blocks();
            runs.push((is_mirrored, view.compacted(&root)?));
        }
    }
    let span = |run: &[f32]| {
        let low = run.iter().copied().fold(f32::MAX, f32::min);
        let high = run.iter().copied().fold(f32::MIN, f32::max);
        (low, high)
    };
    let width = |run: &[f32]| span(run).1 - span(run).0;
    let narrowest = runs
        .iter()
        .min_by(|a, b| width(&a.1).total_cmp(&width(&b.1)))?;
    let (low, high) = span(&narrowest.1);
    for (is_mirrored, run) in &mut runs {
        let own = span(run);
        let shift = if *is_mirrored {
            high - own.1
        } else {
            low - own.0
        };
        run.iter_mut().for_each(|middle| *middle += shift);
    }
    let middle = |vertex: usize| {
        let mut four = [0, 1, 2, 3].map(|run: usize| runs[run].1[vertex]);
        four.sort_unstable_by(f32::total_cmp);
        (four[1] + four[2]) / 2.0
    };
    Some((0..layered.vertices()).map(middle).collect())
}

/// Segments that cross one between two bends: they give way, so that long lines stay straight.
fn conflicts(layered: &Layered, ordered: &Ordered) -> Vec<bool> {
    let mut conflicts = vec![false; layered.segments.len()];
    for pair in ordered.layers.windows(2) {
        let (upper, lower) = (&pair[0], &pair[1]);
        let inner = |vertex: u32| {
            let &(above, _) = ordered.above.of(vertex).first()?;
            let both = layered.is_bend(vertex as usize) && layered.is_bend(above as usize);
            both.then(|| ordered.place[above as usize])
        };
        let (mut left, mut scanned) = (0, 0);
        for (index, &vertex) in lower.iter().enumerate() {
            let inner_place = inner(vertex);
            if inner_place.is_none() && index + 1 < lower.len() {
                continue;
            }
            let right = inner_place.unwrap_or(upper.len() as u32);
            for &other in &lower[scanned..=index] {
                let is_bend = layered.is_bend(other as usize);
                for &(above, segment) in ordered.above.of(other) {
                    let place = ordered.place[above as usize];
                    let is_inner = is_bend && layered.is_bend(above as usize);
                    if (place < left || place > right) && !is_inner {
                        conflicts[segment as usize] = true;
                    }
                }
            }
            (left, scanned) = (right, index + 1);
        }
    }
    conflicts
}

/// The layers as one of the four runs sees them.
struct View<'a> {
    layered: &'a Layered,
    ordered: &'a Ordered,
    room: &'a Room,
    conflicts: &'a [bool],
    /// Whether vertices are aligned with those above them, layer by layer from the top.
    is_down: bool,
    /// Whether left is right.
    is_mirrored: bool,
}

impl View<'_> {
    fn layers(&self) -> impl Iterator<Item = &Vec<u32>> {
        let layers = &self.ordered.layers;
        let count = layers.len();
        (0..count).map(move |at| &layers[if self.is_down { at } else { count - 1 - at }])
    }

    fn in_order<'l>(&self, layer: &'l [u32]) -> impl Iterator<Item = u32> + use<'l> {
        let (count, is_mirrored) = (layer.len(), self.is_mirrored);
        (0..count).map(move |at| layer[if is_mirrored { count - 1 - at } else { at }])
    }

    /// Aligns each vertex with the middle one of its neighbours. Gives the first vertex of the block
    /// of each.
    fn blocks(&self) -> Vec<u32> {
        let count = self.layered.vertices() as u32;
        let mut root: Vec<u32> = (0..count).collect();
        let joined = if self.is_down {
            &self.ordered.above
        } else {
            &self.ordered.below
        };
        for layer in self.layers() {
            // One more than the place of the last one that was aligned with, as this run counts.
            let mut next_free = 0_i64;
            let width = |vertex: u32| {
                let layer = self.layered.layer[vertex as usize];
                self.ordered.layers[layer].len() as i64
            };
            for vertex in self.in_order(layer) {
                let ends = joined.of(vertex);
                if ends.is_empty() {
                    continue;
                }
                let (low, high) = ((ends.len() - 1) / 2, ends.len() / 2);
                let middles = if self.is_mirrored {
                    [high, low]
                } else {
                    [low, high]
                };
                for middle in middles {
                    let (other, segment) = ends[middle];
                    let place = i64::from(self.ordered.place[other as usize]);
                    let place = if self.is_mirrored {
                        width(other) - 1 - place
                    } else {
                        place
                    };
                    if place >= next_free && !self.conflicts[segment as usize] {
                        root[vertex as usize] = root[other as usize];
                        next_free = place + 1;
                        break;
                    }
                }
            }
        }
        root
    }

    /// Packs the blocks: first all as far left as they go, then each as far right as its neighbours
    /// let it. None if the blocks stand in each other's way, which those of a sound order never do.
    fn compacted(&self, root: &[u32]) -> Option<Vec<f32>> {
        let mut pairs: Vec<(u32, u32, f32)> = Vec::with_capacity(root.len());
        for layer in &self.ordered.layers {
            let mut last: Option<u32> = None;
            for vertex in self.in_order(layer) {
                if let Some(left) = last {
                    let distance = self.room.distance(self.layered, left, vertex);
                    pairs.push((root[left as usize], root[vertex as usize], distance));
                }
                last = Some(vertex);
            }
        }
        let mut waits = vec![0_u32; root.len()];
        let mut starts = vec![0_u32; root.len() + 1];
        for &(left, right, _) in &pairs {
            waits[right as usize] += 1;
            starts[left as usize + 1] += 1;
        }
        for vertex in 0..root.len() {
            starts[vertex + 1] += starts[vertex];
        }
        let mut next = starts.clone();
        let mut rights = vec![(0_u32, 0.0_f32); pairs.len()];
        for &(left, right, distance) in &pairs {
            rights[next[left as usize] as usize] = (right, distance);
            next[left as usize] += 1;
        }
        let rights_of =
            |left: u32| &rights[starts[left as usize] as usize..starts[left as usize + 1] as usize];
        let is_root = |&vertex: &u32| root[vertex as usize] == vertex;
        let roots = (0..root.len() as u32).filter(is_root);
        let mut order: Vec<u32> = roots.clone().filter(|&v| waits[v as usize] == 0).collect();
        let mut at = vec![0.0_f32; root.len()];
        let mut done = 0;
        while let Some(&left) = order.get(done) {
            done += 1;
            for &(right, distance) in rights_of(left) {
                at[right as usize] = at[right as usize].max(at[left as usize] + distance);
                waits[right as usize] -= 1;
                if waits[right as usize] == 0 {
                    order.push(right);
                }
            }
        }
        if done < roots.count() {
            return None;
        }
        for &left in order.iter().rev() {
            let limit = |&(right, distance): &(u32, f32)| at[right as usize] - distance;
            let room = rights_of(left).iter().map(limit).fold(f32::MAX, f32::min);
            if room < f32::MAX {
                at[left as usize] = at[left as usize].max(room);
            }
        }
        let sign = if self.is_mirrored { -1.0 } else { 1.0 };
        Some(root.iter().map(|&root| sign * at[root as usize]).collect())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::acyclic::arcs;
    use super::super::layers::Shape;
    use super::*;

    fn placed(nodes: usize, edges: &[(usize, usize)], steps: u64) -> (Layered, Ordered, Positions) {
        let arcs = arcs(edges.iter().copied());
        let shape = Shape {
            columns_per_row: 1.0,
        };
        let mut budget = Budget::new(steps);
        let layered = Layered::new(nodes, &arcs, shape, &mut budget);
        let ordered = Ordered::new(&layered, &mut budget);
        let room = room(&layered);
        let positions = Positions::new(&layered, &ordered, &room, &mut budget);
        (layered, ordered, positions)
    }

    fn room(layered: &Layered) -> Room {
        let width = |vertex: usize| {
            if layered.is_bend(vertex) {
                2.0
            } else {
                20.0 + vertex as f32
            }
        };
        Room {
            widths: (0..layered.vertices()).map(width).collect(),
            node_gap: 10.0,
            bend_gap: 4.0,
        }
    }

    #[test]
    fn a_long_edge_is_straight_between_its_ends() {
        let edges = [(0, 1), (1, 2), (2, 3), (3, 4), (0, 4), (1, 5), (5, 3)];
        let (layered, _, positions) = placed(6, &edges, u64::MAX);
        let long = layered.links.iter().find(|link| link.bends == 3).unwrap();
        let bends = &positions.middles[long.first_bend..long.first_bend + 3];
        assert_eq!(bends[0], bends[1]);
        assert_eq!(bends[1], bends[2]);
    }

    #[test]
    fn a_parent_stands_over_the_middle_of_its_children() {
        let (_, _, positions) = placed(4, &[(0, 1), (0, 2), (0, 3)], u64::MAX);
        let [parent, a, b, c] = positions.middles[..] else {
            panic!("four nodes")
        };
        assert_eq!(parent, b);
        assert!(a < b && b < c);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn neighbours_keep_their_distance(
            nodes in 1_usize..40,
            ends in prop::collection::vec((any::<usize>(), any::<usize>()), 0..120),
            steps in prop_oneof![Just(u64::MAX), 0_u64..20_000],
        ) {
            let edges: Vec<(usize, usize)> =
                ends.iter().map(|&(a, b)| (a % nodes, b % nodes)).collect();
            let (layered, ordered, positions) = placed(nodes, &edges, steps);
            let room = room(&layered);
            for layer in &ordered.layers {
                for pair in layer.windows(2) {
                    let least = room.distance(&layered, pair[0], pair[1]);
                    let found = positions.middles[pair[1] as usize] - positions.middles[pair[0] as usize];
                    prop_assert!(found >= least - 0.01, "{found} < {least}");
                }
            }
        }
    }
}
