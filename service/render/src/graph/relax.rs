//! Positions across the layers within a given width: for graphs so dense that straight lines would
//! make them wider than the picture.
//!
//! Each vertex is drawn to its neighbours; within a layer the nearest positions that keep order and
//! distances are found exactly, by pooling neighbours that would collide.

use super::budget::Budget;
use super::layers::Layered;
use super::order::Ordered;
use super::place::{Positions, Room};

/// Sweeps over all layers, down and up in turn.
const SWEEPS: usize = 12;

/// Steps for one vertex or segment in one sweep.
const STEPS_EACH: usize = 4;

/// How much a segment between two nodes, one to a bend, and one between two bends pulls: long lines
/// straighten first.
const PULL: [f32; 3] = [1.0, 2.0, 4.0];

/// The least width that holds each layer.
pub(super) fn width_least(layered: &Layered, ordered: &Ordered, room: &Room) -> f32 {
    let width = |layer: &Vec<u32>| {
        let pairs = layer
            .windows(2)
            .map(|pair| room.distance(layered, pair[0], pair[1]));
        let half = |vertex: Option<&u32>| vertex.map_or(0.0, |&v| room.widths[v as usize] / 2.0);
        pairs.sum::<f32>() + half(layer.first()) + half(layer.last())
    };
    ordered.layers.iter().map(width).fold(0.0, f32::max)
}

/// Brings positions into `width`, which must hold each layer. They stay as they are if the work
/// cannot be afforded.
pub(super) fn relax(
    layered: &Layered,
    ordered: &Ordered,
    room: &Room,
    positions: &mut Positions,
    width: f32,
    budget: &mut Budget,
) {
    let work = layered.vertices() + layered.segments.len();
    if !budget.spend(work * STEPS_EACH * SWEEPS) {
        return;
    }
    let shrink = width / positions.width.max(1.0);
    positions
        .middles
        .iter_mut()
        .for_each(|middle| *middle *= shrink);
    positions.width = width;
    let layers = ordered.layers.len();
    let mut pool = Pool::default();
    for sweep in 0..SWEEPS {
        for step in 0..layers {
            let layer = if sweep % 2 == 0 {
                step
            } else {
                layers - 1 - step
            };
            let layer = &ordered.layers[layer];
            pool.clear();
            let mut offset = 0.0;
            for (index, &vertex) in layer.iter().enumerate() {
                if index > 0 {
                    offset += room.distance(layered, layer[index - 1], vertex);
                }
                let (wish, pull) = wish(layered, ordered, &positions.middles, vertex);
                pool.push(wish - offset, pull);
            }
            let half =
                |vertex: Option<&u32>| vertex.map_or(0.0, |&v| room.widths[v as usize] / 2.0);
            let low = half(layer.first());
            let high = (width - half(layer.last()) - offset).max(low);
            let (mut offset, mut wishes) = (0.0, pool.all());
            for (index, &vertex) in layer.iter().enumerate() {
                if index > 0 {
                    offset += room.distance(layered, layer[index - 1], vertex);
                }
                let base = wishes.next().unwrap_or(low);
                positions.middles[vertex as usize] = base.clamp(low, high) + offset;
            }
        }
    }
}

/// Where the neighbours of a vertex would have it, and how strongly.
fn wish(layered: &Layered, ordered: &Ordered, middles: &[f32], vertex: u32) -> (f32, f32) {
    let own = usize::from(layered.is_bend(vertex as usize));
    let (mut sum, mut pull_all) = (0.0, 0.0);
    for &(other, _) in ordered
        .above
        .of(vertex)
        .iter()
        .chain(ordered.below.of(vertex))
    {
        let pull = PULL[own + usize::from(layered.is_bend(other as usize))];
        sum += pull * middles[other as usize];
        pull_all += pull;
    }
    if pull_all == 0.0 {
        return (middles[vertex as usize], 1.0);
    }
    (sum / pull_all, pull_all)
}

/// The numbers nearest to given ones that never fall: neighbours that would are pooled.
#[derive(Debug, Default)]
struct Pool {
    /// Mean, weight and number of each pool.
    pools: Vec<(f32, f32, usize)>,
}

impl Pool {
    fn clear(&mut self) {
        self.pools.clear();
    }

    fn push(&mut self, value: f32, weight: f32) {
        let mut last = (value, weight, 1);
        while let Some(&(mean, weight, count)) = self.pools.last() {
            if mean <= last.0 {
                break;
            }
            let whole = weight + last.1;
            last = (
                (mean * weight + last.0 * last.1) / whole,
                whole,
                count + last.2,
            );
            self.pools.pop();
        }
        self.pools.push(last);
    }

    fn all(&self) -> impl Iterator<Item = f32> {
        self.pools
            .iter()
            .flat_map(|&(mean, _, count)| std::iter::repeat_n(mean, count))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::acyclic::arcs;
    use super::super::layers::Shape;
    use super::*;

    #[test]
    fn what_would_fall_is_pooled() {
        let mut pool = Pool::default();
        for (value, weight) in [(1.0, 1.0), (5.0, 1.0), (2.0, 3.0), (9.0, 1.0), (9.5, 1.0)] {
            pool.push(value, weight);
        }
        let found: Vec<f32> = pool.all().collect();
        assert_eq!(found, [1.0, 2.75, 2.75, 9.0, 9.5]);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn all_stay_in_order_within_the_width(
            nodes in 2_usize..40,
            ends in prop::collection::vec((any::<usize>(), any::<usize>()), 0..120),
        ) {
            let edges = ends.iter().map(|&(a, b)| (a % nodes, b % nodes));
            let shape = Shape { columns_per_row: 1.0 };
            let mut budget = Budget::new(u64::MAX);
            let layered = Layered::new(nodes, &arcs(edges), shape, &mut budget);
            let ordered = Ordered::new(&layered, &mut budget);
            let widths = (0..layered.vertices()).map(|vertex| 3.0 + (vertex % 7) as f32);
            let room = Room { widths: widths.collect(), node_gap: 5.0, bend_gap: 2.0 };
            let mut positions = Positions::new(&layered, &ordered, &room, &mut budget);
            let width = width_least(&layered, &ordered, &room) + 1.0;
            relax(&layered, &ordered, &room, &mut positions, width, &mut budget);
            for layer in &ordered.layers {
                for pair in layer.windows(2) {
                    let least = room.distance(&layered, pair[0], pair[1]);
                    let found = positions.middles[pair[1] as usize] - positions.middles[pair[0] as usize];
                    prop_assert!(found >= least - 0.01, "{found} < {least}");
                }
                for &vertex in layer {
                    let (middle, half) = (positions.middles[vertex as usize], room.widths[vertex as usize] / 2.0);
                    prop_assert!(middle - half >= -0.01 && middle + half <= width + 0.01);
                }
            }
        }
    }
}
