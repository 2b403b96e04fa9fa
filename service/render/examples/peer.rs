//! Draws the scenes that `ci/peers/run` compares: prints name, median milliseconds and bytes.

use std::sync::Arc;
use std::time::Instant;

use render::{Fonts, Painter};

#[path = "../benches/draw/scenes.rs"]
#[allow(
    dead_code,
    reason = "the benchmark draws more scenes than are compared"
)]
mod scenes;

/// As the other programs call them, in the order of [`scenes::compared`].
const NAMES: [&str; 3] = ["card-gradient", "card-flat", "chart"];

/// Drawings before the first one counts.
const WARM_UP: usize = 5;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let rounds: usize = std::env::args().nth(1).ok_or("how many rounds?")?.parse()?;
    let mut painter = Painter::new(Arc::new(Fonts::bundled()?));
    for (name, (_, scene)) in NAMES.into_iter().zip(scenes::compared()) {
        let mut times = Vec::with_capacity(rounds);
        let mut size_bytes = 0;
        for round in 0..WARM_UP + rounds {
            let start = Instant::now();
            size_bytes = painter.draw(&scene, &mut |_| ())?.png.len();
            if round >= WARM_UP {
                times.push(start.elapsed().as_secs_f64() * 1e3);
            }
        }
        times.sort_by(f64::total_cmp);
        println!("{name} {:.3} {size_bytes}", times[times.len() / 2]);
    }
    Ok(())
}
