//! Prints the median time of drawing and the size of the picture, and of each stage.
//!
//! `cargo bench --profile release -p render`, on one thread of a quiet machine; a word after `--`
//! chooses the scenes whose name holds it. Under them stands the floor: a picture of the same size
//! filled with one colour and stored as PNG without compression.
//!
//! `… --bench draw -- --scaling` prints lines of CSV instead: how the time grows with pixels, glyphs
//! and points, beside the time that the scene itself predicts. `… -- --memory` prints what a painter
//! keeps resident.

mod floor;
mod memory;
mod scaling;
mod scenes;

use std::sync::Arc;
use std::time::{Duration, Instant};

use render::{Fonts, Painter, RenderError, RenderStage, Scene};

const ROUNDS: usize = 400;

/// Median times in milliseconds, and the size of the picture in bytes.
struct Timing {
    all: f64,
    layout: f64,
    raster: f64,
    encode: f64,
    size_bytes: usize,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let wanted = arguments.iter().find(|word| !word.starts_with("--"));
    if arguments.iter().any(|word| word == "--memory") {
        return memory::print();
    }
    let before = Instant::now();
    let mut painter = Painter::new(Arc::new(Fonts::bundled()?));
    if arguments.iter().any(|word| word == "--scaling") {
        return Ok(scaling::print(&mut painter)?);
    }
    println!("fonts parsed in {:.1} ms", millis(before.elapsed()));
    println!(
        "{:<22} {:>7} {:>7} {:>7} {:>7} {:>8}",
        "", "ms", "layout", "raster", "encode", "kB"
    );
    for (name, scene) in scenes::compared() {
        if wanted.is_none_or(|wanted| name.contains(wanted.as_str())) {
            let timing = time(&mut painter, &scene, ROUNDS)?;
            println!(
                "{name:<22} {:>7.3} {:>7.3} {:>7.3} {:>7.3} {:>8.1}",
                timing.all,
                timing.layout,
                timing.raster,
                timing.encode,
                timing.size_bytes as f64 / 1e3
            );
        }
    }
    if wanted.is_none() {
        floor::print(ROUNDS);
    }
    Ok(())
}

/// Draws a scene `rounds` times.
fn time(painter: &mut Painter, scene: &Scene, rounds: usize) -> Result<Timing, RenderError> {
    let mut stages: [Vec<Duration>; 4] = Default::default();
    let mut size_bytes = 0;
    for _ in 0..rounds {
        let mut entered = Vec::with_capacity(4);
        let picture = painter.draw(scene, &mut |stage: RenderStage| {
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
    Ok(Timing {
        all,
        layout,
        raster,
        encode,
        size_bytes,
    })
}

fn median(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    millis(times[times.len() / 2])
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
