//! Scenes that more than one test draws, each with a name.

pub(crate) mod charts;
pub(crate) mod timelines;

use std::sync::Arc;

use render::{
    Background, Band, Before, Card, Chart, Color, Direction, Edge, Fonts, Graph, Node, Raster,
    Scene, Series, State, Template, Theme, Threshold, Unit,
};

/// Where `ci/setup` puts the Chinese font.
const CHINESE: &str = "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc";

/// The bundled font with the Chinese one behind it.
pub(crate) fn fonts() -> Arc<Fonts> {
    let bytes =
        std::fs::read(CHINESE).unwrap_or_else(|error| panic!("{CHINESE}: {error}: run ci/setup"));
    let fonts = Fonts::bundled().unwrap().with_fallback(CHINESE, bytes);
    Arc::new(fonts.unwrap())
}

/// Every template, in Latin and in Chinese.
pub(crate) fn scenes() -> Vec<(&'static str, Scene)> {
    let cards = cards()
        .into_iter()
        .map(|(name, card)| (name, Scene::Card(card)));
    let charts = charts()
        .into_iter()
        .map(|(name, chart)| (name, Scene::Chart(chart)));
    let graphs = graphs()
        .into_iter()
        .map(|(name, graph)| (name, Scene::Graph(graph)));
    cards.chain(charts).chain(graphs).collect()
}

fn cards() -> Vec<(&'static str, Card)> {
    let latin = Card {
        title: "This build may ship".to_owned(),
        subtitle: "Every objective held for the last hour".to_owned(),
        footer: "proofmark 0.1.0".to_owned(),
        ..Card::default()
    };
    let chinese = Card {
        title: "发布之前，先证明它能上线：Proofmark 0.1".to_owned(),
        subtitle: "压测、故障注入与服务目标，一条命令得出结论。".to_owned(),
        ..latin.clone()
    };
    let flat = Card {
        background: Background::Flat(Color::rgb(0x0f172a)),
        template: Template::Plain,
        theme: Theme::Dark,
        ..latin.clone()
    };
    let long = Card {
        title: "A title that goes on ".repeat(9),
        ..latin.clone()
    };
    let missing = Card {
        title: "No glyph: \u{10ffff}\u{e000}".to_owned(),
        ..latin.clone()
    };
    let small = Card {
        width: 64,
        height: 64,
        ..latin.clone()
    };
    vec![
        ("card latin", latin),
        ("card chinese", chinese),
        ("card flat dark", flat),
        ("card long", long),
        ("card missing", missing),
        ("card small", small),
    ]
}

fn charts() -> Vec<(&'static str, Chart)> {
    let wave = |shift: f64| -> Vec<(f64, f64)> {
        let at = (0..300).map(f64::from);
        // A triangle in exact arithmetic: sines differ in their last bit between machines.
        at.map(|at| {
            (
                1.7e9 + at * 12.0,
                0.01 + ((at + shift) % 40.0 - 20.0).abs() / 1e3,
            )
        })
        .collect()
    };
    let series = |name: &str, points| Series {
        name: name.to_owned(),
        color: None,
        points,
    };
    let mut with_gap = wave(7.0);
    with_gap[100].1 = f64::NAN;
    with_gap[200].1 = f64::INFINITY;
    let latin = Chart {
        title: "Latency of requests".to_owned(),
        unit: Unit::Seconds,
        series: vec![series("P50", wave(0.0)), series("P99", with_gap)],
        thresholds: vec![Threshold {
            value: 0.025,
            label: "objective".to_owned(),
        }],
        bands: vec![Band {
            from: 1.7e9 + 600.0,
            to: 1.7e9 + 1_200.0,
            label: "redis slow".to_owned(),
        }],
        ..Chart::default()
    };
    let chinese = Chart {
        title: "Redis 变慢时的请求延迟".to_owned(),
        theme: Theme::Dark,
        ..latin.clone()
    };
    let empty = Chart {
        series: Vec::new(),
        ..latin.clone()
    };
    vec![
        ("chart latin", latin),
        ("chart chinese", chinese),
        ("chart empty", empty),
    ]
}

/// Each template in each theme and language, half as wide as usual.
pub(crate) fn cards_of_every_template() -> Vec<(String, Scene)> {
    let templates = [
        ("plain", Template::Plain),
        ("panel", Template::Panel),
        ("picture", Template::Picture),
    ];
    let languages = [
        (
            "english",
            "Prove a release before it ships",
            "Load it, break it, and let its objectives decide.",
        ),
        (
            "chinese",
            "发布之前，先证明它能上线",
            "压测、故障注入与服务目标（三合一），一条命令得出“可以发布”的结论……",
        ),
        (
            "mixed",
            "Redis 变慢 800 ms 时，P99 仍低于 80 ms",
            "“断路器”在第 5 次失败后打开；30 s 后 half-open。",
        ),
    ];
    let mut scenes = Vec::new();
    for (template_name, template) in templates {
        for (theme_name, theme) in [("light", Theme::Light), ("dark", Theme::Dark)] {
            for (language, title, subtitle) in languages {
                let card = Card {
                    width: 600,
                    height: 315,
                    title: title.to_owned(),
                    subtitle: subtitle.to_owned(),
                    footer: "AVA, To · checkout".to_owned(),
                    template,
                    theme,
                    picture: Some(checks()),
                    ..Card::default()
                };
                let name = format!("{template_name} {theme_name} {language}");
                scenes.push((name, Scene::Card(card)));
            }
        }
    }
    scenes
}

/// A picture with edges, runs of colour and opacity.
fn checks() -> Raster {
    const SIDE: u32 = 500;
    let places = (0..SIDE).flat_map(|y| (0..SIDE).map(move |x| (x, y)));
    let pixels = places.flat_map(|(x, y)| {
        let on = (x / 50 + y / 50) % 2 * 90;
        [(x / 2) as u8, (y / 2) as u8, on as u8, 255 - (x / 4) as u8]
    });
    Raster::from_rgba(SIDE, SIDE, pixels.collect()).unwrap()
}

fn node((id, label, state): (&str, &str, Option<State>)) -> Node {
    Node {
        id: id.to_owned(),
        label: label.to_owned(),
        detail: label.chars().take(3).collect(),
        state,
    }
}

fn edge((from, to, weight): (&str, &str, f64)) -> Edge {
    Edge {
        from: from.to_owned(),
        to: to.to_owned(),
        label: format!("{weight}/s"),
        weight,
        state: None,
    }
}

/// Some services and who calls whom.
fn services() -> Graph {
    Graph {
        title: "Services of a release".to_owned(),
        subtitle: "calls per second".to_owned(),
        nodes: [
            ("edge", "edge proxy", Some(State::Ok)),
            ("render", "", Some(State::Warning)),
            ("redis", "redis", Some(State::Failed)),
            ("desk", "desk", Some(State::Idle)),
            ("store", "graph store", Some(State::Unknown)),
            ("batch", "batch", None),
        ]
        .map(node)
        .into(),
        edges: [
            ("edge", "render", 190.0),
            ("edge", "store", 31.0),
            ("batch", "render", 8.0),
            ("render", "redis", 120.0),
            ("render", "store", 20.0),
            ("store", "store", 2.0),
            ("redis", "edge", 1.0),
            ("desk", "store", 3.5),
        ]
        .map(edge)
        .into(),
        ..Graph::default()
    }
}

fn graphs() -> Vec<(&'static str, Graph)> {
    let latin = services();
    let mut chinese = Graph {
        title: "发布时的服务关系".to_owned(),
        theme: Theme::Dark,
        direction: Direction::Right,
        ..latin.clone()
    };
    chinese.nodes[0].label = "入口代理".to_owned();
    let mut difference = latin.clone();
    difference.nodes.retain(|node| node.id != "batch");
    difference.edges.retain(|edge| edge.from != "batch");
    difference.nodes.push(node(("queue", "queue", None)));
    difference.edges.push(edge(("edge", "queue", 4.0)));
    difference.nodes[2].state = Some(State::Ok);
    difference.edges[0].weight = 210.0;
    difference.before = Some(Box::new(Before {
        nodes: latin.nodes.clone(),
        edges: latin.edges.clone(),
    }));
    let many = Graph {
        width: 640,
        height: 480,
        nodes: (0..300)
            .map(|at| node((&at.to_string(), "", None)))
            .collect(),
        edges: (1..300)
            .flat_map(|to| [(to / 3, to), (to / 7, to)])
            .map(|(from, to)| edge((&from.to_string(), &to.to_string(), 1.0)))
            .collect(),
        ..Graph::default()
    };
    let empty = Graph {
        nodes: Vec::new(),
        edges: Vec::new(),
        ..latin.clone()
    };
    vec![
        ("graph latin", latin),
        ("graph chinese", chinese),
        ("graph change", difference),
        ("graph many", many),
        ("graph empty", empty),
    ]
}
