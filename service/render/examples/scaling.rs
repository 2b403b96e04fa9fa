//! Measures how drawing grows with pixels, glyphs, points and nodes, and draws what it found.
//!
//! `cargo run --release -p render --example scaling -- docs/scaling.png`, on a quiet machine.

use std::sync::Arc;
use std::time::Instant;

use image::RgbImage;
use render::{
    Axis, Background, Card, Chart, Color, Edge, Fonts, Graph, Node, Painter, Scene, Series,
};

#[path = "../benches/draw/scenes.rs"]
#[allow(dead_code, reason = "the benchmark draws more scenes")]
mod scenes;

/// One plot, in pixels.
const PLOT: (u32, u32) = (640, 340);
const ROUNDS: usize = 25;

type Line = (&'static str, Vec<(f64, f64)>);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let file = std::env::args().nth(1).ok_or("which file?")?;
    let mut painter = Painter::new(Arc::new(Fonts::bundled()?));
    let plots = [
        plot("By pixels", "megapixels, ms", pixels(&mut painter)?),
        plot("By glyphs", "glyphs of a card, ms", glyphs(&mut painter)?),
        plot("By points", "points of 3 lines, ms", points(&mut painter)?),
        plot(
            "By nodes",
            "nodes with 2 edges each, ms",
            nodes(&mut painter)?,
        ),
    ];
    let mut sheet = RgbImage::new(2 * PLOT.0, 2 * PLOT.1);
    for (index, chart) in plots.into_iter().enumerate() {
        let png = painter.draw(&Scene::Chart(chart), &mut |_| ())?.png;
        let drawn = image::load_from_memory(&png)?.into_rgb8();
        let (column, row) = (index as u32 % 2, index as u32 / 2);
        let at = (i64::from(column * PLOT.0), i64::from(row * PLOT.1));
        image::imageops::replace(&mut sheet, &drawn, at.0, at.1);
    }
    sheet.save(file)?;
    Ok(())
}

fn pixels(painter: &mut Painter) -> Result<Vec<Line>, Box<dyn std::error::Error>> {
    let sides = [
        (400, 210),
        (800, 420),
        (1_200, 630),
        (1_600, 840),
        (2_000, 1_050),
    ];
    let mut lines: Vec<Line> = vec![("gradient", vec![]), ("flat", vec![]), ("chart", vec![])];
    for (width, height) in sides {
        let megapixels = f64::from(width * height) / 1e6;
        let ramp = Card {
            width,
            height,
            ..scenes::card()
        };
        let flat = Card {
            background: Background::Flat(Color::rgb(0x1e_29_3b)),
            ..ramp.clone()
        };
        let chart = Chart {
            width,
            height,
            ..scenes::chart(3, 300)
        };
        for (line, scene) in lines
            .iter_mut()
            .zip([ramp.into(), flat.into(), chart.into()])
        {
            line.1.push((megapixels, median(painter, &scene)?));
        }
    }
    Ok(lines)
}

fn glyphs(painter: &mut Painter) -> Result<Vec<Line>, Box<dyn std::error::Error>> {
    let background = Background::Flat(Color::rgb(0x1e_29_3b));
    let mut line = Vec::new();
    for count in [0, 50, 100, 150, 200, 250, 300] {
        let subtitle = "measured ".chars().cycle().take(count).collect();
        let card = Card {
            subtitle,
            background,
            title: String::new(),
            ..scenes::card()
        };
        line.push((count as f64, median(painter, &card.into())?));
    }
    Ok(vec![("flat card", line)])
}

fn points(painter: &mut Painter) -> Result<Vec<Line>, Box<dyn std::error::Error>> {
    let mut line = Vec::new();
    for count in [30, 300, 1_000, 3_000, 6_000, 11_000] {
        let took = median(painter, &scenes::chart(3, count).into())?;
        line.push((3.0 * count as f64, took));
    }
    Ok(vec![("chart 800 × 400", line)])
}

fn nodes(painter: &mut Painter) -> Result<Vec<Line>, Box<dyn std::error::Error>> {
    let mut line = Vec::new();
    for count in [10, 50, 100, 250, 500, 750, 1_000_usize] {
        let name = |at: usize| format!("n{at}");
        let node = |at| Node {
            id: name(at),
            label: String::new(),
            detail: String::new(),
            state: None,
        };
        let edge = |from, to| Edge {
            from: name(from),
            to: name(to),
            label: String::new(),
            weight: 1.0,
            state: None,
        };
        let edges = (1..count).flat_map(|to| [edge(to / 3, to), edge(to / 7, to)]);
        let graph = Graph {
            nodes: (0..count).map(node).collect(),
            edges: edges.collect(),
            ..Graph::default()
        };
        line.push((count as f64, median(painter, &graph.into())?));
    }
    Ok(vec![("graph 1200 × 800", line)])
}

fn plot(title: &str, subtitle: &str, lines: Vec<Line>) -> Chart {
    let series = lines.into_iter().map(|(name, points)| Series {
        name: name.to_owned(),
        color: None,
        points,
    });
    Chart {
        width: PLOT.0,
        height: PLOT.1,
        title: title.to_owned(),
        subtitle: subtitle.to_owned(),
        x: Axis::Number,
        series: series.collect(),
        ..Chart::default()
    }
}

fn median(painter: &mut Painter, scene: &Scene) -> Result<f64, Box<dyn std::error::Error>> {
    let mut times = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let start = Instant::now();
        painter.draw(scene, &mut |_| ())?;
        times.push(start.elapsed().as_secs_f64() * 1e3);
    }
    times.sort_by(f64::total_cmp);
    Ok(times[ROUNDS / 2])
}
