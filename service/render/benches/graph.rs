//! Prints the median time of drawing graphs of many shapes, and the size of the picture. `cpu` is the
//! mean time on a processor, where the system tells: it shows less of what else the machine does.
//!
//! `cargo bench --profile release -p render --bench graph [FOLDER]`, on one thread of a quiet
//! machine; the pictures are kept in FOLDER if there is one.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use render::{
    Before, Direction, Edge, Fonts, Graph, Node, Painter, RenderStage, Scene, State, Theme,
};

const ROUNDS: usize = 15;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args()
        .skip(1)
        .find(|argument| !argument.starts_with('-'));
    let mut painter = Painter::new(Arc::new(Fonts::bundled()?));
    println!(
        "{:<22} {:>7} {:>7} {:>7} {:>7} {:>7} {:>7}",
        "", "ms", "cpu", "layout", "raster", "encode", "kB"
    );
    for (name, graph) in graphs() {
        let scene = Scene::Graph(graph);
        let mut stages: [Vec<Duration>; 4] = Default::default();
        let mut last = None;
        let cpu_before = cpu_millis();
        for _ in 0..ROUNDS {
            let mut entered = Vec::with_capacity(4);
            let picture = painter.draw(&scene, &mut |stage: RenderStage| {
                entered.push((stage, Instant::now()));
            })?;
            let end = Instant::now();
            stages[0].push(end - entered[0].1);
            stages[1].push(entered[1].1 - entered[0].1);
            stages[2].push(entered[2].1 - entered[1].1);
            stages[3].push(end - entered[2].1);
            last = Some(picture);
        }
        let cpu = (cpu_millis() - cpu_before) / ROUNDS as f64;
        let [all, layout, raster, encode] = stages.map(median);
        let Some(picture) = last else { continue };
        println!(
            "{name:<22} {all:>7.2} {cpu:>7.2} {layout:>7.2} {raster:>7.2} {encode:>7.2} {:>7.1}{}",
            picture.png.len() as f64 / 1e3,
            if picture.is_simplified {
                " simplified"
            } else {
                ""
            },
        );
        if let Some(folder) = &folder {
            std::fs::write(
                Path::new(folder).join(format!("graph-{name}.png")),
                &picture.png,
            )?;
        }
    }
    Ok(())
}

fn median(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times[times.len() / 2].as_secs_f64() * 1e3
}

/// Time of this thread on a processor; no number where the system does not tell.
fn cpu_millis() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = text
        .split(' ')
        .next()
        .and_then(|first| first.parse::<f64>().ok());
    nanos.map_or(f64::NAN, |nanos| nanos / 1e6)
}

fn node(id: &str, label: &str, detail: &str, state: Option<State>) -> Node {
    Node {
        id: id.to_owned(),
        label: label.to_owned(),
        detail: detail.to_owned(),
        state,
    }
}

fn edge(from: &str, to: &str, label: &str, weight: f64) -> Edge {
    Edge {
        from: from.to_owned(),
        to: to.to_owned(),
        label: label.to_owned(),
        weight,
        state: None,
    }
}

/// A service and what it needs.
fn services() -> Graph {
    let state = Some;
    Graph {
        title: "Services of a release".to_owned(),
        subtitle: "calls per second in the last five minutes".to_owned(),
        nodes: vec![
            node("edge", "edge proxy", "2 instances", state(State::Ok)),
            node("render", "render", "P95 142 ms", state(State::Warning)),
            node("store", "graph store", "etcd 3.4", state(State::Ok)),
            node("redis", "redis", "connection refused", state(State::Failed)),
            node("prom", "prometheus", "", state(State::Ok)),
            node("desk", "desk", "on-call page", state(State::Idle)),
            node("alert", "alertmanager", "", state(State::Unknown)),
            node("batch", "batch", "", None),
        ],
        edges: vec![
            edge("edge", "render", "1.9k/s", 1_900.0),
            edge("edge", "store", "310/s", 310.0),
            edge("render", "redis", "1.2k/s", 1_200.0),
            edge("render", "store", "200/s", 200.0),
            edge("render", "prom", "35/s", 35.0),
            edge("prom", "alert", "", 4.0),
            edge("alert", "desk", "", 2.0),
            edge("batch", "render", "80/s", 80.0),
            edge("store", "store", "watch", 20.0),
            edge("desk", "prom", "query", 8.0),
        ],
        ..Graph::default()
    }
}

fn difference() -> Graph {
    let before = services();
    let mut now = services();
    now.title = "What changed since rev-20261121".to_owned();
    now.nodes.retain(|node| node.id != "batch");
    now.edges.retain(|edge| edge.from != "batch");
    now.nodes.push(node("queue", "queue", "new", None));
    now.edges.push(edge("edge", "queue", "40/s", 40.0));
    now.edges.push(edge("queue", "render", "40/s", 40.0));
    now.nodes[3].state = Some(State::Ok);
    now.edges[0].weight = 2_100.0;
    now.edges[0].label = String::from("2.1k/s");
    now.before = Some(Box::new(Before {
        nodes: before.nodes,
        edges: before.edges,
    }));
    now
}

/// A directed graph whose edges lead to one of the next nodes, and now and then back.
fn scattered(nodes: usize, edges: usize, reach: usize, has_cycles: bool) -> Graph {
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = move |below: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        (random % below.max(1) as u64) as usize
    };
    let states = [
        State::Ok,
        State::Ok,
        State::Ok,
        State::Ok,
        State::Warning,
        State::Failed,
        State::Idle,
    ];
    let mut graph = Graph {
        title: format!("{nodes} nodes, {edges} edges"),
        ..Graph::default()
    };
    for index in 0..nodes {
        let state = states.get(next(12)).copied();
        graph.nodes.push(node(
            &format!("n{index:04}"),
            &format!("service-{index}"),
            "",
            state,
        ));
    }
    for index in 0..edges {
        let to = if index < nodes - 1 {
            index + 1
        } else {
            1 + next(nodes - 1)
        };
        let from = to - 1 - next(to.min(reach));
        let (from, to) = if has_cycles && next(20) == 0 {
            (to, from)
        } else {
            (from, to)
        };
        let weight = 1.0 + next(20) as f64;
        graph.edges.push(edge(
            &format!("n{from:04}"),
            &format!("n{to:04}"),
            "",
            weight,
        ));
    }
    graph
}

fn made(name: &str, nodes: usize, edges: impl Iterator<Item = (usize, usize)>) -> Graph {
    Graph {
        title: name.to_owned(),
        nodes: (0..nodes)
            .map(|index| node(&format!("n{index:04}"), "", "", None))
            .collect(),
        edges: edges
            .map(|(from, to)| edge(&format!("n{from:04}"), &format!("n{to:04}"), "", 1.0))
            .collect(),
        ..Graph::default()
    }
}

fn graphs() -> Vec<(&'static str, Graph)> {
    let dark = Graph {
        theme: Theme::Dark,
        direction: Direction::Right,
        ..services()
    };
    let dark_difference = Graph {
        theme: Theme::Dark,
        ..difference()
    };
    let right = Graph {
        direction: Direction::Right,
        ..scattered(200, 320, 20, true)
    };
    let complete = (0..100).flat_map(|from| (from + 1..100).map(move |to| (from, to)));
    let chain = (0..999)
        .map(|at| (at, at + 1))
        .chain((0..4_000).map(|at| (at % 450, 999 - at % 433)));
    let grid = (0..1_000)
        .flat_map(|at| [(at, at + 1), (at, at + 40)])
        .filter(|ends| ends.1 < 1_000);
    let layered = (0..5_000).map(|at| (at % 1_000, 1_000 + (at * 7_919 + at / 1_000) % 1_000));
    let cycle = (0..1_000).map(|at| (at, (at + 1) % 1_000));
    vec![
        ("services", services()),
        ("services-dark-right", dark),
        ("difference", difference()),
        ("difference-dark", dark_difference),
        ("30", scattered(30, 45, 8, true)),
        ("200", scattered(200, 320, 40, true)),
        ("200-right", right),
        ("1000", scattered(1_000, 2_000, 200, true)),
        ("1000-tree", scattered(1_000, 999, 1_000, false)),
        ("2000-5000", scattered(2_000, 5_000, 2_000, true)),
        ("complete-100", made("complete", 100, complete)),
        ("chain-long-edges", made("chain", 1_000, chain)),
        ("cycle-1000", made("cycle", 1_000, cycle)),
        (
            "star-999",
            made("star", 1_000, (1..1_000).map(|to| (0, to))),
        ),
        ("lonely-2000", made("lonely", 2_000, std::iter::empty())),
        (
            "pairs-1000",
            made("pairs", 2_000, (0..1_000).map(|at| (2 * at, 2 * at + 1))),
        ),
        ("grid-1000", made("grid", 1_000, grid)),
        ("bipartite-5000", made("bipartite", 2_000, layered)),
        (
            "parallel-5000",
            made("parallel", 2, (0..5_000).map(|_| (0, 1))),
        ),
        (
            "loops-2000",
            made(
                "loops",
                2_000,
                (0..5_000).map(|at| (at % 2_000, at % 2_000)),
            ),
        ),
    ]
}
