//! A title card.

use std::str::FromStr;

use super::canonical::Canonical;
use super::cost::Cost;
use super::{ChoiceError, Theme};
use crate::card::Look;
use crate::frame::PixelFormat;
use crate::glyph::Weight;
use crate::limit::{self, LimitError};
use crate::{Color, FOOTER_CHARACTERS_MAX, Raster, SUBTITLE_CHARACTERS_MAX, TITLE_CHARACTERS_MAX};

/// What drawing costs for each pixel that shows a picture, and for each pixel of the picture.
const SHOWN_PIXEL_NANOS: u64 = 30;
const SOURCE_PIXEL_NANOS: u64 = 10;

/// Sizes that a title may ask for, in pixels of a card of 1200 × 630 px.
pub const TITLE_SIZE_MIN: u16 = 24;
/// The upper end of them.
pub const TITLE_SIZE_MAX: u16 = 120;

/// A title card: title, subtitle and footer over a background. Empty texts take no room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card {
    /// In pixels, [`SIDE_PIXELS_MIN`](crate::SIDE_PIXELS_MIN) to
    /// [`SIDE_PIXELS_MAX`](crate::SIDE_PIXELS_MAX).
    pub width: u32,
    /// In pixels, as `width`.
    pub height: u32,
    /// Bold, up to two lines (three beside a picture), then an ellipsis.
    pub title: String,
    /// Under the title, up to two lines (three beside a picture), then an ellipsis.
    pub subtitle: String,
    /// One line at the bottom.
    pub footer: String,
    /// What lies behind everything.
    pub background: Background,
    /// What stands on the background.
    pub template: Template,
    /// Colours of panel and ink. On the bare background of a plain card the inks of the other theme
    /// are taken if only those can be read there, and a background on which neither can is veiled.
    pub theme: Theme,
    /// Colour of the short bar over the title; without one, that end of the background which differs
    /// more from the panel, or without a panel that of the title.
    pub accent: Option<Color>,
    /// Colour of the title, whether it can be read or not; without one, that of the theme.
    pub ink: Option<Color>,
    /// Size of the title if it fits, in pixels of a card of 1200 × 630 px, [`TITLE_SIZE_MIN`] to
    /// [`TITLE_SIZE_MAX`]; a title that would be cut is set smaller, down to two thirds.
    pub title_size: u16,
    /// Where lines of text begin.
    pub align: Align,
    /// What the template [`Template::Picture`] shows; the others do without it.
    pub picture: Option<Raster>,
}

/// What stands on the background of a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Template {
    /// The text alone. As text `plain`.
    Plain,
    /// The text on a panel with round corners. As text `panel`.
    #[default]
    Panel,
    /// The text on a panel with a picture beside it, or above it if the card is upright; without a
    /// picture as `Panel`. As text `picture`.
    Picture,
}

impl FromStr for Template {
    type Err = ChoiceError;

    fn from_str(text: &str) -> Result<Self, ChoiceError> {
        match text {
            "plain" => Ok(Self::Plain),
            "panel" => Ok(Self::Panel),
            "picture" => Ok(Self::Picture),
            _ => Err(ChoiceError {
                choices: "plain, panel, picture",
            }),
        }
    }
}

/// Where lines of text begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Align {
    /// At the left. As text `left`.
    #[default]
    Left,
    /// So that they are in the middle. As text `center`.
    Center,
}

impl FromStr for Align {
    type Err = ChoiceError;

    fn from_str(text: &str) -> Result<Self, ChoiceError> {
        match text {
            "left" => Ok(Self::Left),
            "center" => Ok(Self::Center),
            _ => Err(ChoiceError {
                choices: "left, center",
            }),
        }
    }
}

/// What lies behind a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Background {
    /// One colour.
    Flat(Color),
    /// A diagonal run from the top left to the bottom right corner.
    Gradient {
        /// At the top left corner.
        from: Color,
        /// At the bottom right corner.
        to: Color,
    },
}

impl Default for Background {
    fn default() -> Self {
        Self::Gradient {
            from: Color::rgb(0x4f46e5),
            to: Color::rgb(0x0ea5e9),
        }
    }
}

/// 1200 × 630 px, the size that link previews expect, without text.
impl Default for Card {
    fn default() -> Self {
        Self {
            width: 1_200,
            height: 630,
            title: String::new(),
            subtitle: String::new(),
            footer: String::new(),
            background: Background::default(),
            template: Template::default(),
            theme: Theme::default(),
            accent: None,
            ink: None,
            title_size: 76,
            align: Align::default(),
            picture: None,
        }
    }
}

impl Card {
    pub(super) fn check(&self) -> Result<(), LimitError> {
        limit::size_within(self.width, self.height)?;
        for (parameter, text, max) in [
            ("title", &self.title, TITLE_CHARACTERS_MAX),
            ("subtitle", &self.subtitle, SUBTITLE_CHARACTERS_MAX),
            ("footer", &self.footer, FOOTER_CHARACTERS_MAX),
        ] {
            limit::text_at_most(|| parameter.to_owned(), text, max)?;
        }
        let limit = self.title_size.clamp(TITLE_SIZE_MIN, TITLE_SIZE_MAX);
        if self.title_size != limit {
            return Err(LimitError {
                parameter: "title_size".to_owned(),
                counted: "pixels",
                limit: u64::from(limit),
                actual: u64::from(self.title_size),
            });
        }
        Ok(())
    }

    /// Predicted time of drawing in microseconds.
    pub(super) fn cost_micros(&self) -> u64 {
        // Of text as large as on a card of usual size; the title is the largest that fits.
        let scale = (self.width as f32 / 1_200.0).min(self.height as f32 / 630.0);
        // A third of the card shows the picture, and all of it is looked at once.
        let (shown, source) = self.shown_picture().map_or((0, 0), |picture| {
            let pixels = self.width as usize * self.height as usize;
            (pixels / 3, picture.rgba().len() / 4)
        });
        Cost::ground(self.pixel_format(), self.width, self.height)
            .and_text(&self.title, 76.0 * scale)
            .and_text(&self.subtitle, 33.0 * scale)
            .and_text(&self.footer, 25.0 * scale)
            .and(shown, SHOWN_PIXEL_NANOS)
            .and(source, SOURCE_PIXEL_NANOS)
            .micros()
    }

    /// A gradient and a picture have more colours than a palette.
    pub(super) fn pixel_format(&self) -> PixelFormat {
        match self.background {
            Background::Flat(_) if self.shown_picture().is_none() => PixelFormat::Indexed,
            Background::Flat(_) | Background::Gradient { .. } => PixelFormat::Rgb,
        }
    }

    /// Whether the text stands on a panel of its own.
    pub(crate) fn has_panel(&self) -> bool {
        self.template != Template::Plain
    }

    /// The picture, if the template shows one.
    pub(crate) fn shown_picture(&self) -> Option<&Raster> {
        self.picture
            .as_ref()
            .filter(|_| self.template == Template::Picture)
    }

    pub(super) fn texts(&self) -> Vec<(&str, Weight)> {
        vec![
            (&self.title, Weight::Bold),
            (&self.subtitle, Weight::Regular),
            (&self.footer, Weight::Regular),
        ]
    }

    pub(super) fn write_canonical(&self, out: &mut Canonical) {
        let look = Look::of(self);
        out.number(self.width).number(self.height);
        out.text(&self.title)
            .text(&self.subtitle)
            .text(&self.footer);
        match look.background {
            Background::Flat(color) => out.tag(b'F').color(color),
            Background::Gradient { from, to } => out.tag(b'G').color(from).color(to),
        };
        let tones = look.tones;
        out.tag(u8::from(self.has_panel())).color(look.accent);
        out.color(tones.title)
            .color(tones.subtitle)
            .color(tones.panel);
        out.number(u32::from(self.title_size)).tag(self.align as u8);
        match self.shown_picture() {
            Some(picture) => out.tag(b'P').digest(&picture.identity()),
            None => out.tag(b'-'),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_costs_more_with_more_of_anything() {
        let card = Card::default();
        let usual = card.cost_micros();
        assert!((200..800).contains(&usual), "{usual} µs");
        let title = "x".repeat(TITLE_CHARACTERS_MAX);
        let picture = Raster::from_rgba(600, 600, vec![9; 600 * 600 * 4]);
        for dearer in [
            Card {
                width: 1_300,
                ..card.clone()
            },
            Card {
                title,
                ..card.clone()
            },
            Card {
                template: Template::Picture,
                picture,
                ..card.clone()
            },
        ] {
            assert!(dearer.cost_micros() > usual);
        }
        let width = u32::MAX;
        assert!(
            Card {
                width,
                height: width,
                ..card
            }
            .cost_micros()
                > 0,
            "before any limit"
        );
    }

    #[test]
    fn choices_are_read_by_their_names() {
        assert_eq!("picture".parse(), Ok(Template::Picture));
        assert_eq!("center".parse(), Ok(Align::Center));
        assert!("Plain".parse::<Template>().is_err());
        assert!("right".parse::<Align>().is_err());
    }

    #[test]
    fn a_title_size_has_limits() {
        for (title_size, is_fine) in [
            (0, false),
            (23, false),
            (24, true),
            (120, true),
            (121, false),
        ] {
            let card = Card {
                title_size,
                ..Card::default()
            };
            assert_eq!(card.check().is_ok(), is_fine, "{title_size}");
        }
    }
}
