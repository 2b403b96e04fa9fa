//! Prints the median time of drawing and the size of the picture, and of each stage.
//!
//! `cargo bench --profile release -p render`, on one thread of a quiet machine.

use std::sync::Arc;
use std::time::{Duration, Instant};

use render::{Background, Card, Chart, Color, Fonts, Painter, RenderStage, Scene, Series, Unit};

const ROUNDS: usize = 400;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let before = Instant::now();
    let fonts = Arc::new(Fonts::bundled()?);
    println!("fonts parsed in {:.1} ms", millis(before.elapsed()));
    let mut painter = Painter::new(fonts);
    println!(
        "{:<20} {:>7} {:>7} {:>7} {:>7} {:>7}",
        "", "ms", "layout", "raster", "encode", "kB"
    );
    for (name, scene) in scenes() {
        let mut stages: [Vec<Duration>; 4] = Default::default();
        let mut size_bytes = 0;
        for _ in 0..ROUNDS {
            let mut entered = Vec::with_capacity(4);
            let picture = painter.draw(&scene, &mut |stage: RenderStage| {
                entered.push((stage, Instant::now()));
            })?;
            let end = Instant::now();
            size_bytes = picture.png.len();
            stages[0].push(end - entered[0].1);
            stages[1].push(entered[1].1 - entered[0].1);
            stages[2].push(entered[2].1 - entered[1].1);
            stages[3].push(end - entered[2].1);
        }
        let [all, layout, raster, encode] = stages.map(median);
        println!(
            "{name:<20} {all:>7.3} {layout:>7.3} {raster:>7.3} {encode:>7.3} {:>7.1}",
            size_bytes as f64 / 1e3
        );
    }
    Ok(())
}

fn median(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    millis(times[times.len() / 2])
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn scenes() -> [(&'static str, Scene); 3] {
    let card = Card {
        title: "Prove a release before it ships".to_owned(),
        subtitle: "Load it, break it, and let its objectives decide.".to_owned(),
        footer: "proofmark 0.1".to_owned(),
        ..Card::default()
    };
    let flat = Card {
        background: Background::Flat(Color::rgb(0x1e293b)),
        ..card.clone()
    };
    let points = |shift: f64| {
        let value = move |at: f64| (0.02 + shift / 100.0) * (1.0 + (at / 20.0 + shift).sin() / 3.0);
        (0..300)
            .map(|at| (f64::from(at) * 12.0, value(f64::from(at))))
            .collect()
    };
    let chart = Chart {
        title: "Request latency".to_owned(),
        unit: Unit::Seconds,
        series: [("p50", 0.0), ("p95", 1.0), ("p99", 2.0)]
            .map(|(name, shift)| Series {
                name: name.to_owned(),
                color: None,
                points: points(shift),
            })
            .into(),
        ..Chart::default()
    };
    [
        ("card 1200x630 ramp", Scene::Card(card)),
        ("card 1200x630 flat", Scene::Card(flat)),
        ("chart 3x300 points", Scene::Chart(chart)),
    ]
}
