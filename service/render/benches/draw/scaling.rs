//! How the time grows: one line of CSV for each step of each series.

use render::{Background, Card, Chart, Color, Painter, RenderError, Scene};

use crate::scenes::{card, chart};
use crate::time;

const ROUNDS: usize = 60;

/// Widths of pictures of the shape of a card, the last one of nearly four megapixels.
const WIDTHS: [u32; 8] = [200, 400, 800, 1_200, 1_600, 2_000, 2_400, 2_700];
const GLYPHS: [usize; 6] = [0, 25, 50, 100, 150, 200];
const POINTS: [usize; 6] = [10, 100, 1_000, 3_000, 6_000, 11_000];
const SERIES: [usize; 5] = [1, 3, 9, 18, 32];

/// Prints what is varied, how much of it there is, and the times in milliseconds: a series of its own
/// for each kind of scene. Points are those of all lines together.
pub(crate) fn print(painter: &mut Painter) -> Result<(), RenderError> {
    println!("series,amount,milliseconds,predicted_milliseconds,kilobytes");
    for width in WIDTHS {
        let height = width * 21 / 40;
        let flat = flat_card(width, height);
        let ramp = Card {
            width,
            height,
            ..card()
        };
        let sized = Chart {
            width,
            height,
            ..chart(3, 300)
        };
        let pixels = (width * height) as usize;
        row(
            painter,
            "pixels of a gradient card",
            pixels,
            &Scene::Card(ramp),
        )?;
        row(painter, "pixels of a flat card", pixels, &Scene::Card(flat))?;
        row(painter, "pixels of a chart", pixels, &Scene::Chart(sized))?;
    }
    for glyphs in GLYPHS {
        let subtitle = "Load it, break it. ".repeat(16)[..glyphs].to_owned();
        let card = Card {
            title: String::new(),
            footer: String::new(),
            subtitle,
            ..flat_card(2_400, 630)
        };
        row(painter, "glyphs of a card", glyphs, &Scene::Card(card))?;
    }
    for points in POINTS {
        let scene = Scene::Chart(chart(3, points));
        row(painter, "points of a chart", 3 * points, &scene)?;
    }
    for series in SERIES {
        let scene = Scene::Chart(chart(series, 300));
        row(painter, "lines of a chart", series, &scene)?;
    }
    Ok(())
}

/// A card of one colour.
fn flat_card(width: u32, height: u32) -> Card {
    Card {
        width,
        height,
        background: Background::Flat(Color::rgb(0x1e293b)),
        ..card()
    }
}

fn row(
    painter: &mut Painter,
    series: &str,
    amount: usize,
    scene: &Scene,
) -> Result<(), RenderError> {
    let timing = time(painter, scene, ROUNDS)?;
    println!(
        "{series},{amount},{:.3},{:.3},{:.1}",
        timing.all,
        scene.cost_micros() as f64 / 1e3,
        timing.size_bytes as f64 / 1e3
    );
    Ok(())
}
