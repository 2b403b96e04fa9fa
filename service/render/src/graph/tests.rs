//! Graphs as a whole.

use std::cell::RefCell;
use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::fonts::{FontStack, Fonts};
use crate::scene::{Before, Edge, Node, State};
use crate::{Painter, Scene, Theme};

thread_local! {
    /// Parsing fonts for each case would take most of the time.
    static FONTS: Arc<Fonts> = Arc::new(Fonts::bundled().unwrap());
    static PAINTER: RefCell<Painter> = RefCell::new(Painter::new(fonts()));
}

fn fonts() -> Arc<Fonts> {
    FONTS.with(Arc::clone)
}

fn node(id: &str) -> Node {
    Node {
        id: id.to_owned(),
        ..Node::default()
    }
}

fn edge(from: &str, to: &str) -> Edge {
    Edge {
        from: from.to_owned(),
        to: to.to_owned(),
        ..Edge::default()
    }
}

/// A graph of nodes named after their numbers.
fn graph(nodes: usize, ends: &[(usize, usize)]) -> Graph {
    let id = |node: usize| format!("n{node:04}");
    Graph {
        nodes: (0..nodes).map(|at| node(&id(at))).collect(),
        edges: ends
            .iter()
            .map(|&(from, to)| edge(&id(from), &id(to)))
            .collect(),
        ..Graph::default()
    }
}

fn png(graph: &Graph) -> Vec<u8> {
    let scene = Scene::Graph(graph.clone());
    PAINTER.with_borrow_mut(|painter| painter.draw(&scene, &mut |_| ()).unwrap().png)
}

/// Whether a point is on the border of a box, to a pixel.
fn is_on_border(area: Area, (x, y): (f32, f32)) -> bool {
    let (left, right) = (area.left as f32, area.right as f32);
    let (top, bottom) = (area.top as f32, area.bottom as f32);
    let inside = (left - 0.6..=right + 0.6).contains(&x) && (top - 0.6..=bottom + 0.6).contains(&y);
    let sides = [x - left, right - x, y - top, bottom - y];
    inside && sides.iter().any(|side| side.abs() < 0.6)
}

/// Holds all that must be true of any layout against one.
fn check(graph: &Graph, steps: u64, is_acyclic: bool) -> Result<bool, TestCaseError> {
    let fonts = fonts();
    let typesetter = Typesetter::new(FontStack::new(&fonts));
    let layout = Layout::within(graph, &typesetter, steps);
    let boxes = &layout.fit.boxes;
    for (at, a) in boxes.iter().enumerate() {
        prop_assert!(a.left >= 0 && a.top >= 0, "{a:?}");
        prop_assert!(
            a.right <= graph.width as i32 && a.bottom <= graph.height as i32,
            "{a:?}"
        );
        for b in &boxes[at + 1..] {
            let apart =
                a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top;
            prop_assert!(apart, "{a:?} and {b:?}");
        }
    }
    prop_assert_eq!(layout.routes.len(), layout.model.edges.len());
    for (edge, route) in layout.model.edges.iter().zip(&layout.routes) {
        let (from, to) = (boxes[edge.from], boxes[edge.to]);
        prop_assert!(
            is_on_border(from, route.line[0]),
            "{:?} of {from:?}",
            route.line[0]
        );
        prop_assert!(is_on_border(to, route.tip()), "{:?} of {to:?}", route.tip());
        // Along the layers: the ends of both boxes, and where the edge leaves and arrives.
        let (from_span, to_span, leaves, arrives) = match graph.direction {
            Direction::Down => (
                (from.top, from.bottom),
                (to.top, to.bottom),
                route.line[0].1,
                route.tip().1,
            ),
            Direction::Right => (
                (from.left, from.right),
                (to.left, to.right),
                route.line[0].0,
                route.tip().0,
            ),
        };
        if from_span.1 <= to_span.0 {
            prop_assert_eq!((leaves, arrives), (from_span.1 as f32, to_span.0 as f32));
        } else {
            prop_assert!(!is_acyclic, "{from:?} to {to:?}");
        }
        if to_span.1 <= from_span.0 {
            prop_assert_eq!((leaves, arrives), (from_span.0 as f32, to_span.1 as f32));
        }
    }
    Ok(layout.is_simplified())
}

fn any_ends() -> impl Strategy<Value = (usize, Vec<(usize, usize)>)> {
    (1_usize..40).prop_flat_map(|nodes| {
        let ends = prop::collection::vec((0..nodes, 0..nodes), 0..90);
        (Just(nodes), ends)
    })
}

fn any_direction() -> impl Strategy<Value = Direction> {
    prop_oneof![Just(Direction::Down), Just(Direction::Right)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn boxes_are_apart_and_edges_join_them(
        (nodes, ends) in any_ends(),
        direction in any_direction(),
        steps in prop_oneof![2 => Just(STEPS_MAX), 1 => Just(0), 2 => 0_u64..30_000],
    ) {
        let graph = Graph { direction, ..graph(nodes, &ends) };
        let is_simplified = check(&graph, steps, false)?;
        prop_assert!(steps < STEPS_MAX || !is_simplified);
    }

    #[test]
    fn edges_of_a_graph_without_cycles_all_lead_on(
        (nodes, ends) in any_ends(),
        direction in any_direction(),
        steps in prop_oneof![2 => Just(STEPS_MAX), 1 => Just(0)],
    ) {
        // Names in another order than the edges: 7,919 is prime to any number of nodes.
        let name = |node: usize| (node * 7_919 + 3) % nodes;
        let up: Vec<(usize, usize)> = ends
            .into_iter()
            .filter(|(from, to)| from != to)
            .map(|(from, to)| (name(from.min(to)), name(from.max(to))))
            .collect();
        let graph = Graph { direction, ..graph(nodes, &up) };
        check(&graph, steps, true)?;
    }

    #[test]
    fn the_order_of_nodes_and_edges_changes_nothing(
        (nodes, ends) in any_ends(),
        keys in prop::collection::vec(any::<u32>(), 200),
        with_before: bool,
    ) {
        let mut one = graph(nodes, &ends);
        for (index, edge) in one.edges.iter_mut().enumerate() {
            edge.label = ["", "a", "b"][index % 3].to_owned();
            edge.weight = (index % 4) as f64;
        }
        if with_before {
            let Graph { mut nodes, mut edges, .. } = one.clone();
            nodes[0].state = Some(State::Failed);
            edges.iter_mut().step_by(2).for_each(|edge| edge.weight += 1.0);
            one.before = Some(Box::new(Before { nodes, edges }));
        }
        let mut other = one.clone();
        let shuffle = |nodes: &mut Vec<Node>, edges: &mut Vec<Edge>| {
            let mut key = keys.iter().cycle();
            nodes.sort_by_cached_key(|_| key.next().copied());
            edges.sort_by_cached_key(|_| key.next().copied());
        };
        shuffle(&mut other.nodes, &mut other.edges);
        if let Some(before) = &mut other.before {
            shuffle(&mut before.nodes, &mut before.edges);
        }
        prop_assert_eq!(
            Scene::Graph(one.clone()).canonical_bytes(),
            Scene::Graph(other.clone()).canonical_bytes()
        );
        prop_assert!(png(&one) == png(&other));
    }
}

#[test]
fn without_work_the_layout_is_simple_valid_and_marked() {
    let ends: Vec<(usize, usize)> = (1..30)
        .flat_map(|to| [(to / 2, to), (to / 3, to)])
        .collect();
    for steps in [0, 100, 2_000] {
        assert!(check(&graph(30, &ends), steps, true).unwrap(), "{steps}");
    }
    assert!(!check(&graph(30, &ends), STEPS_MAX, true).unwrap());
}

#[test]
fn a_chain_with_a_million_bends_is_drawn_in_bounds_and_marked() {
    let mut ends: Vec<(usize, usize)> = (1..1_000).map(|to| (to - 1, to)).collect();
    ends.extend((0..4_000).map(|at| (at % 450, 999 - at % 433)));
    let scene = Scene::Graph(graph(1_000, &ends));
    let mut painter = Painter::new(fonts());
    assert!(painter.draw(&scene, &mut |_| ()).unwrap().is_simplified);
}

#[test]
fn the_budget_is_never_overdrawn_and_stays_spent() {
    let mut budget = Budget::new(10);
    assert!(budget.spend(6));
    assert!(!budget.spend(6), "only four are left");
    assert!(!budget.spend(1), "who comes later gets nothing either");
}

#[test]
fn what_goes_beyond_the_limits_or_names_nobody_is_refused_with_its_name() {
    let refused = |graph: Graph| Scene::Graph(graph).check().unwrap_err().to_string();
    let mut twice = graph(3, &[(0, 1)]);
    twice.nodes[2].id = "n0000".to_owned();
    let mut nobody = graph(2, &[(0, 1)]);
    nobody.edges[0].to = "n0009".to_owned();
    let before = Graph {
        before: Some(Box::new(Before {
            nodes: vec![node("a"), node("a")],
            edges: Vec::new(),
        })),
        ..graph(2, &[])
    };
    let mut label = graph(1, &[]);
    label.nodes[0].label = "证".repeat(81);
    let mut id = graph(1, &[]);
    id.nodes[0].id = "x".repeat(129);
    let both = Graph {
        before: Some(Box::new(Before {
            nodes: graph(1_500, &[]).nodes,
            edges: Vec::new(),
        })),
        ..graph(1_500, &[])
    };
    let wide = Graph {
        width: 5_000,
        ..graph(1, &[])
    };
    let report = [
        twice,
        nobody,
        before,
        label,
        id,
        graph(2_001, &[]),
        graph(2, &[(0, 1); 5_001]),
        both,
        wide,
    ];
    let report: Vec<String> = report.into_iter().map(refused).collect();
    insta::assert_snapshot!(report.join("\n"), @r"
    nodes[2].id has 2 nodes of that id, more than 1
    edges[0].to has 0 nodes of that id, less than 1
    before.nodes[1].id has 2 nodes of that id, more than 1
    nodes[0].label has 81 characters, more than 80
    nodes[0].id has 129 characters, more than 128
    nodes has 2001 entries, more than 2000
    edges has 5001 entries, more than 5000
    nodes with before.nodes has 3000 entries, more than 2000
    width has 5000 pixels, more than 4096
    ");
}

#[test]
fn every_part_of_a_graph_is_seen_in_its_bytes() {
    let bytes = |change: fn(&mut Graph)| {
        let mut graph = graph(3, &[(0, 1), (1, 2)]);
        change(&mut graph);
        Scene::Graph(graph).canonical_bytes()
    };
    let all = [
        bytes(|_| ()),
        bytes(|graph| graph.width += 1),
        bytes(|graph| graph.title.push('x')),
        bytes(|graph| graph.subtitle.push('x')),
        bytes(|graph| graph.theme = Theme::Dark),
        bytes(|graph| graph.direction = Direction::Right),
        bytes(|graph| graph.nodes[0].label.push('x')),
        bytes(|graph| graph.nodes[0].detail.push('x')),
        bytes(|graph| graph.nodes[0].state = Some(State::Ok)),
        bytes(|graph| graph.edges[0].label.push('x')),
        bytes(|graph| graph.edges[0].weight = 2.0),
        bytes(|graph| graph.edges[0].state = Some(State::Idle)),
        bytes(|graph| graph.edges[0].to = "n0002".to_owned()),
        bytes(|graph| graph.before = Some(Box::default())),
    ];
    for (index, bytes) in all.iter().enumerate() {
        assert!(!all[..index].contains(bytes), "{index}");
    }
    let same = bytes(|graph| graph.nodes[0].label = graph.nodes[0].id.clone());
    assert_eq!(same, all[0], "a label that is the id looks like none");
    let gap = bytes(|graph| graph.edges[0].weight = f64::NAN);
    for weight in [0.0, -0.0, -3.0, f64::INFINITY] {
        let mut other = graph(3, &[(0, 1), (1, 2)]);
        other.edges[0].weight = weight;
        assert_eq!(Scene::Graph(other).canonical_bytes(), gap, "{weight}");
    }
}

#[test]
fn a_legend_counts_what_changed() {
    let before = graph(3, &[(0, 1), (1, 2)]);
    let mut now = graph(4, &[(0, 1), (0, 3), (0, 0)]);
    now.nodes.remove(2);
    now.nodes[0].state = Some(State::Warning);
    now.before = Some(Box::new(Before {
        nodes: before.nodes,
        edges: before.edges,
    }));
    let model = Model::new(&now);
    let texts: Vec<String> = meanings(&model).into_iter().map(|(_, text)| text).collect();
    insta::assert_snapshot!(texts.join("\n"), @r"
    added: 1 node, 2 edges
    removed: 1 node, 1 edge
    changed: 1 node, 0 edges
    unchanged: 1 node, 1 edge
    ");
    let changed = model.nodes.iter().find_map(|node| node.detail());
    assert_eq!(changed.as_deref(), Some("plain → warning"));
}

#[test]
fn odd_sizes_are_drawn() {
    let ends: Vec<(usize, usize)> = (1..60)
        .map(|to| (to / 3, to))
        .chain([(5, 5), (9, 2)])
        .collect();
    for (width, height) in [
        (64, 64),
        (4_096, 64),
        (64, 4_096),
        (2_000, 2_000),
        (300, 200),
    ] {
        for direction in [Direction::Down, Direction::Right] {
            let mut graph = Graph {
                width,
                height,
                direction,
                title: "题".repeat(200),
                subtitle: "W".repeat(300),
                ..graph(60, &ends)
            };
            graph.nodes[3].label = "\u{10ffff}".to_owned();
            graph.edges[3].weight = f64::MAX;
            graph.edges[4].label = "label".repeat(16);
            assert!(png(&graph).starts_with(b"\x89PNG"));
        }
    }
    assert!(png(&graph(0, &[])).starts_with(b"\x89PNG"));
}
