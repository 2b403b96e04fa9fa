//! A title card.

use super::Theme;
use super::canonical::Canonical;
use super::cost::Cost;
use crate::frame::PixelFormat;
use crate::glyph::Weight;
use crate::limit::{self, LimitError};
use crate::{Color, FOOTER_CHARACTERS_MAX, SUBTITLE_CHARACTERS_MAX, TITLE_CHARACTERS_MAX};

/// A title card: title, subtitle and footer over a background. Empty texts take no room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card {
    /// In pixels, [`SIDE_PIXELS_MIN`](crate::SIDE_PIXELS_MIN) to
    /// [`SIDE_PIXELS_MAX`](crate::SIDE_PIXELS_MAX).
    pub width: u32,
    /// In pixels, as `width`.
    pub height: u32,
    /// Bold, up to two lines, then an ellipsis.
    pub title: String,
    /// Under the title, up to two lines, then an ellipsis.
    pub subtitle: String,
    /// One line at the bottom.
    pub footer: String,
    /// What lies behind everything.
    pub background: Background,
    /// Whether the text stands on a rounded panel of its own.
    pub panel: bool,
    /// Colours of panel and ink.
    pub theme: Theme,
    /// Colour of the short bar over the title; without one, that of the background, or without a
    /// panel that of the title.
    pub accent: Option<Color>,
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

impl Background {
    /// The colour that stands for all of it.
    pub(super) fn main_color(self) -> Color {
        match self {
            Self::Flat(color) | Self::Gradient { from: color, .. } => color,
        }
    }
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
            panel: true,
            theme: Theme::default(),
            accent: None,
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
        Ok(())
    }

    /// Predicted time of drawing in microseconds.
    pub(super) fn cost_micros(&self) -> u64 {
        // Of text as large as on a card of usual size; the title is the largest that fits.
        let scale = (self.width as f32 / 1_200.0).min(self.height as f32 / 630.0);
        Cost::ground(self.pixel_format(), self.width, self.height)
            .and_text(&self.title, 76.0 * scale)
            .and_text(&self.subtitle, 33.0 * scale)
            .and_text(&self.footer, 25.0 * scale)
            .micros()
    }

    /// A gradient has more colours than a palette.
    pub(super) fn pixel_format(&self) -> PixelFormat {
        match self.background {
            Background::Flat(_) => PixelFormat::Indexed,
            Background::Gradient { .. } => PixelFormat::Rgb,
        }
    }

    pub(super) fn texts(&self) -> Vec<(&str, Weight)> {
        vec![
            (&self.title, Weight::Bold),
            (&self.subtitle, Weight::Regular),
            (&self.footer, Weight::Regular),
        ]
    }

    /// The colour of the accent bar: on the bare background its own colour could not be seen.
    pub(crate) fn shown_accent(&self) -> Color {
        match (self.accent, self.panel, self.theme) {
            (Some(accent), _, _) => accent,
            (None, true, _) => self.background.main_color(),
            (None, false, Theme::Light) => Color::rgb(0x0f_17_2a),
            (None, false, Theme::Dark) => Color::WHITE,
        }
    }

    pub(super) fn write_canonical(&self, out: &mut Canonical) {
        out.number(self.width).number(self.height);
        out.text(&self.title)
            .text(&self.subtitle)
            .text(&self.footer);
        match self.background {
            Background::Flat(color) => out.tag(b'F').color(color),
            Background::Gradient { from, to } => out.tag(b'G').color(from).color(to),
        };
        out.tag(u8::from(self.panel)).tag(self.theme as u8);
        out.color(self.shown_accent());
    }
}
