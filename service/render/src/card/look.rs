//! The colours of a card: inks that can be read on what lies behind them.

use crate::Color;
use crate::scene::{Background, Card, Theme};

/// Least contrast of text, as WCAG 2 counts it.
const CONTRAST_MIN: f32 = 4.5;

/// Steps in which a veil gets thicker, of a coverage of 255.
const VEIL_STEP: u8 = 15;

/// Places on a gradient at which contrast is looked at.
const SAMPLES: u32 = 5;

/// Colours of a theme.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tones {
    pub(crate) panel: Color,
    /// How much of the background the panel hides.
    pub(crate) panel_coverage: u8,
    pub(crate) title: Color,
    pub(crate) subtitle: Color,
    pub(crate) footer: Color,
    /// How strong the line over the footer is.
    pub(crate) rule_coverage: u8,
}

impl Tones {
    pub(crate) const LIGHT: Self = Self {
        panel: Color::WHITE,
        panel_coverage: 244,
        title: Color::rgb(0x0f172a),
        subtitle: Color::rgb(0x475569),
        footer: Color::rgb(0x536177),
        rule_coverage: 56,
    };

    pub(crate) const DARK: Self = Self {
        panel: Color::rgb(0x0b1120),
        panel_coverage: 226,
        title: Color::rgb(0xf8fafc),
        subtitle: Color::rgb(0xcbd5e1),
        footer: Color::rgb(0xa9b7cb),
        rule_coverage: 72,
    };

    /// Inks for a ground of one's own colour: there is no panel to keep it calm, so all are stronger.
    const BARE_LIGHT: Self = Self {
        subtitle: Color::rgb(0x334155),
        footer: Color::rgb(0x334155),
        ..Self::LIGHT
    };

    const BARE_DARK: Self = Self {
        title: Color::WHITE,
        subtitle: Color::rgb(0xe2e8f0),
        footer: Color::rgb(0xe2e8f0),
        ..Self::DARK
    };

    fn inks(self) -> [Color; 3] {
        [self.title, self.subtitle, self.footer]
    }

    /// Whether every ink can be read on a background.
    fn can_be_read_on(self, background: Background) -> bool {
        let mut grounds = (0..SAMPLES).map(|at| sample(background, at));
        grounds.all(|ground| {
            let inks = self.inks();
            inks.iter()
                .all(|&ink| contrast(ink, ground) >= CONTRAST_MIN)
        })
    }
}

/// What a card looks like once its choices are made to fit each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Look {
    pub(crate) tones: Tones,
    pub(crate) background: Background,
    pub(crate) accent: Color,
}

impl Look {
    pub(crate) fn of(card: &Card) -> Self {
        let (mut tones, background) = if card.has_panel() {
            let tones = match card.theme {
                Theme::Light => Tones::LIGHT,
                Theme::Dark => Tones::DARK,
            };
            (tones, card.background)
        } else {
            bare(card)
        };
        tones.title = card.ink.unwrap_or(tones.title);
        let accent = match (card.accent, card.has_panel()) {
            (Some(accent), _) => accent,
            (None, true) => stronger(card.background, tones.panel),
            // On the bare background its own colour could not be seen.
            (None, false) => tones.title,
        };
        Self {
            tones,
            background,
            accent,
        }
    }
}

/// The end of a background that can be told better from a panel.
fn stronger(background: Background, panel: Color) -> Color {
    let [from, to] = [0, SAMPLES - 1].map(|at| sample(background, at));
    if contrast(to, panel) > contrast(from, panel) {
        to
    } else {
        from
    }
}

/// Inks and ground of a card without a panel: those of the theme if they can be read, else those of
/// the other one, else the theme's over a ground that is veiled as much as it takes.
fn bare(card: &Card) -> (Tones, Background) {
    let (wanted, other) = match card.theme {
        Theme::Light => (Tones::BARE_LIGHT, Tones::BARE_DARK),
        Theme::Dark => (Tones::BARE_DARK, Tones::BARE_LIGHT),
    };
    for tones in [wanted, other] {
        if tones.can_be_read_on(card.background) {
            return (tones, card.background);
        }
    }
    let veils = (0..=u8::MAX).step_by(usize::from(VEIL_STEP));
    let mut veiled = veils.map(|coverage| veil(card.background, wanted.panel, coverage));
    let ground = veiled.find(|&ground| wanted.can_be_read_on(ground));
    (wanted, ground.unwrap_or(Background::Flat(wanted.panel)))
}

fn veil(background: Background, color: Color, coverage: u8) -> Background {
    match background {
        Background::Flat(flat) => Background::Flat(flat.under(color, coverage)),
        Background::Gradient { from, to } => Background::Gradient {
            from: from.under(color, coverage),
            to: to.under(color, coverage),
        },
    }
}

fn sample(background: Background, at: u32) -> Color {
    match background {
        Background::Flat(color) => color,
        Background::Gradient { from, to } => from.under(to, (255 * at / (SAMPLES - 1)) as u8),
    }
}

/// The contrast of two colours, 1 to 21, as WCAG 2 counts it.
fn contrast(one: Color, other: Color) -> f32 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

/// Relative luminance, 0 to 1. A polynomial stands for the power in sRGB, which is not the same on
/// every machine; it is off by less than 0.002.
fn luminance(color: Color) -> f32 {
    let linear = |channel: u8| {
        let part = f32::from(channel) / 255.0;
        part * (0.012_522_878 + part * (0.682_171_1 + part * 0.305_306_01))
    };
    0.212_6 * linear(color.r) + 0.715_2 * linear(color.g) + 0.072_2 * linear(color.b)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Template;
    use proptest::prelude::*;

    /// Contrast with the real power.
    fn exact_contrast(one: Color, other: Color) -> f64 {
        let luminance = |color: Color| {
            let linear = |channel: u8| {
                let part = f64::from(channel) / 255.0;
                if part <= 0.040_45 {
                    part / 12.92
                } else {
                    ((part + 0.055) / 1.055).powf(2.4)
                }
            };
            0.2126 * linear(color.r) + 0.7152 * linear(color.g) + 0.0722 * linear(color.b)
        };
        let (one, other) = (luminance(one), luminance(other));
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    #[test]
    fn text_on_a_panel_can_be_read_whatever_lies_behind() {
        for tones in [Tones::LIGHT, Tones::DARK] {
            for behind in [0x000000, 0xffffff, 0x4f46e5, 0xff0000, 0x00ff00, 0x0000ff] {
                let ground = Color::rgb(behind).under(tones.panel, tones.panel_coverage);
                for ink in tones.inks() {
                    let contrast = exact_contrast(ink, ground);
                    assert!(contrast >= 4.5, "{ink} on {ground}: {contrast:.2}");
                }
            }
        }
    }

    #[test]
    fn a_bare_ground_that_can_be_read_is_left_as_it_is() {
        let look = |theme, background| {
            Look::of(&Card {
                template: Template::Plain,
                theme,
                background,
                ..Card::default()
            })
        };
        let navy = Background::Flat(Color::rgb(0x0f172a));
        for theme in [Theme::Light, Theme::Dark] {
            let look = look(theme, navy);
            assert_eq!((look.tones, look.background), (Tones::BARE_DARK, navy));
        }
        let gradient = look(Theme::Light, Background::default());
        assert_eq!(gradient.tones, Tones::BARE_LIGHT);
        assert_ne!(gradient.background, Background::default(), "veiled");
    }

    proptest! {
        #[test]
        fn text_without_a_panel_can_be_read(from: [u8; 3], to: [u8; 3], is_dark: bool) {
            let [from, to] = [from, to].map(|[r, g, b]| Color { r, g, b });
            let look = Look::of(&Card {
                template: Template::Plain,
                theme: if is_dark { Theme::Dark } else { Theme::Light },
                background: Background::Gradient { from, to },
                ..Card::default()
            });
            for at in 0..SAMPLES {
                let ground = sample(look.background, at);
                for ink in look.tones.inks() {
                    prop_assert!(exact_contrast(ink, ground) >= 4.4, "{} on {}", ink, ground);
                }
            }
        }
    }
}
