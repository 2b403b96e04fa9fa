//! What one painter keeps resident after the largest picture that it may be asked for.

use std::sync::Arc;

use render::{Card, Fonts, Painter, Scene};

use crate::scenes::card;

/// Small pictures after the large one.
const ROUNDS: usize = 100;

/// Prints the resident memory of this process at some points in the life of a painter on a thread of
/// its own, in MiB.
pub(crate) fn print() -> Result<(), Box<dyn std::error::Error>> {
    let fonts = Arc::new(Fonts::bundled()?);
    let drawing = std::thread::spawn(move || {
        let mut painter = Painter::new(fonts);
        let large = Scene::Card(Card {
            width: 2_000,
            height: 2_000,
            ..card()
        });
        let small = Scene::Card(card());
        let mut lines = vec![line("fonts parsed")];
        for (name, scene, rounds) in [
            ("one card 1200x630", &small, 1),
            ("a hundred", &small, ROUNDS),
            ("one card 2000x2000", &large, 1),
            ("ten more", &large, 10),
            ("a hundred 1200x630", &small, ROUNDS),
        ] {
            for _ in 0..rounds {
                painter
                    .draw(scene, &mut |_| ())
                    .map_err(|error| error.to_string())?;
            }
            lines.push(line(name));
        }
        Ok::<_, String>(lines)
    });
    let lines = drawing.join().map_err(|_| "the painter panicked")??;
    lines.iter().for_each(|line| println!("{line}"));
    Ok(())
}

fn line(after: &str) -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let resident = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
    match resident {
        Some(kibibytes) => format!("{after:<22} {:>7.1} MiB", kibibytes as f64 / 1_024.0),
        None => format!("{after:<22} unknown: no /proc/self/status"),
    }
}
