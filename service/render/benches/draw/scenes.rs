//! The scenes that are compared with other renderers: change nothing here without measuring them anew.

use render::{Background, Card, Chart, Color, Scene, Series, Unit};

/// Two cards and a chart, as in the README.
pub(crate) fn compared() -> [(&'static str, Scene); 3] {
    let flat = Card {
        background: Background::Flat(Color::rgb(0x1e293b)),
        ..card()
    };
    [
        ("card 1200x630 ramp", Scene::Card(card())),
        ("card 1200x630 flat", Scene::Card(flat)),
        ("chart 3x300 points", Scene::Chart(chart(3, 300))),
    ]
}

/// A card of usual size with usual text.
pub(crate) fn card() -> Card {
    Card {
        title: "Prove a release before it ships".to_owned(),
        subtitle: "Load it, break it, and let its objectives decide.".to_owned(),
        footer: "proofmark 0.1".to_owned(),
        ..Card::default()
    }
}

/// A chart of some lines of so many points.
pub(crate) fn chart(series: usize, points: usize) -> Chart {
    let line = |shift: f64| {
        let value = move |at: f64| (0.02 + shift / 100.0) * (1.0 + (at / 20.0 + shift).sin() / 3.0);
        (0..points)
            .map(|at| at as f64)
            .map(|at| (at * 12.0, value(at * 300.0 / points as f64)))
            .collect()
    };
    let names = ["p50", "p95", "p99"].map(str::to_owned).into_iter();
    let names = names.chain((3..).map(|index| format!("line {index}")));
    Chart {
        title: "Request latency".to_owned(),
        unit: Unit::Seconds,
        series: names
            .take(series)
            .enumerate()
            .map(|(index, name)| Series {
                name,
                color: None,
                points: line(index as f64),
            })
            .collect(),
        ..Chart::default()
    }
}
