//! Draws pictures of each kind to look at: `gallery FOLDER [FALLBACK-FONT]`.
//!
//! Every picture goes to a file of its own, and those of the contact sheet also to
//! `contact-sheet.png`: one page per kind, each a table of scenes; `pages` is the place for more.

mod cards;
mod charts;
mod sheet;
#[path = "../../tests/scenes/timelines.rs"]
#[allow(dead_code, reason = "some of them are there to be refused")]
mod timelines;

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use render::{Fonts, Painter, Picture, Scene};

use sheet::Sheet;

/// Scenes of one kind in rows of so many.
struct Page {
    columns: usize,
    scenes: Vec<(String, Scene)>,
}

/// What the contact sheet shows, from top to bottom.
fn pages() -> Vec<Page> {
    vec![Page {
        columns: cards::LANGUAGES.len(),
        scenes: cards::every_template(),
    }]
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments
        .next()
        .ok_or("usage: gallery FOLDER [FALLBACK-FONT]")?;
    let start = Instant::now();
    let mut fonts = Fonts::bundled()?;
    if let Some(path) = arguments.next() {
        fonts = fonts.with_fallback(&path, std::fs::read(&path)?)?;
    }
    println!("fonts ready in {:.1} ms{}", millis(start), resident());
    let mut painter = Painter::new(Arc::new(fonts));
    std::fs::create_dir_all(&folder)?;
    let folder = Path::new(&folder);
    let mut sheet = Sheet::new();
    for page in pages() {
        for row in page.scenes.chunks(page.columns) {
            let pictures: Result<Vec<Picture>, _> = row
                .iter()
                .map(|(name, scene)| draw(&mut painter, folder, name, scene))
                .collect();
            sheet.add_row(&pictures?)?;
        }
    }
    sheet.write(&folder.join("contact-sheet.png"))?;
    for (name, scene) in cards::special_cases().into_iter().chain(charts::charts()) {
        draw(&mut painter, folder, name, &scene)?;
    }
    for (name, timeline) in timelines::kinds() {
        let picture = painter.draw_timeline(&timeline)?;
        let file = format!("timeline {name}.png").replace(' ', "-");
        std::fs::write(folder.join(file), picture.png)?;
    }
    println!("all drawn{}", resident());
    Ok(())
}

/// Draws one picture to its file.
fn draw(
    painter: &mut Painter,
    folder: &Path,
    name: &str,
    scene: &Scene,
) -> Result<Picture, Box<dyn std::error::Error>> {
    let start = Instant::now();
    let picture = painter.draw(scene, &mut |_stage| ())?;
    let millis = millis(start);
    let path = folder.join(name).with_extension("png");
    std::fs::write(&path, &picture.png)?;
    println!(
        "{:<44} {:>4} × {:<4} {:>6.1} kB {millis:>6.2} ms  {:?}",
        path.display(),
        picture.width,
        picture.height,
        picture.png.len() as f64 / 1e3,
        picture.missing,
    );
    Ok(picture)
}

fn millis(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1e3
}

/// What Linux says about the memory of this process.
fn resident() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.map_or_else(String::new, |size| format!(", resident {}", size.trim()))
}
