//! The verdict as a card, to be posted where people talk about a release.

use render::{Background, Card, Color};

use super::{Rehearsal, text};

/// A card of 1200 × 630 px with the verdict and the figures behind it.
pub(crate) fn card(rehearsal: &Rehearsal) -> Card {
    let (from, to) = match rehearsal.verdict {
        "pass" => (Color::rgb(0x0b6e4f), Color::rgb(0x2ba88c)),
        "fail" | "broken" => (Color::rgb(0x8f1d2c), Color::rgb(0xd95d39)),
        _ => (Color::rgb(0x7a5a00), Color::rgb(0xd09a2b)),
    };
    let load = rehearsal.load.as_ref().map(text::load);
    let objectives = rehearsal.objectives.iter().map(|objective| {
        let seen = objective
            .attainment
            .map_or_else(|| "unknown".to_owned(), text::percent);
        format!("{} {seen}", objective.name)
    });
    let figures: Vec<String> = objectives.chain(load).collect();
    Card {
        title: text::sentence(rehearsal).to_owned(),
        subtitle: figures.join(" · "),
        footer: format!(
            "proofmark {} · {}",
            rehearsal.release,
            rehearsal.started.strftime("%Y-%m-%d %H:%M UTC")
        ),
        background: Background::Gradient { from, to },
        ..Card::default()
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::sample;
    use super::*;

    #[test]
    fn the_card_of_a_missed_rehearsal_says_so_and_can_be_drawn() {
        let card = card(&sample());
        assert_eq!(card.title, "This build must not ship.");
        insta::assert_snapshot!(card.subtitle, @"availability 98.000 % · latency 100.000 % · 9,000 requests, 150.0/s, P99 12 ms, 0 unexpected");
        assert!(render::Scene::Card(card).check().is_ok());
    }
}
