//! What can be drawn: plain values, each with its limits and its canonical bytes.

mod card;
mod chart;
mod canonical;

use std::str::FromStr;

pub use card::{Background, Card};
pub use chart::{Axis, Band, Chart, Series, Threshold, Unit};

use crate::{LimitError, RENDERER_VERSION};
use canonical::Canonical;

/// One picture to draw.
#[derive(Debug, Clone, PartialEq)]
pub enum Scene {
    /// A title card, as shown when a link is shared.
    Card(Card),
    /// Series of numbers as lines.
    Chart(Chart),
}

impl Scene {
    /// Width and height in pixels.
    #[must_use]
    pub fn size(&self) -> (u32, u32) {
        match self {
            Self::Card(card) => (card.width, card.height),
            Self::Chart(chart) => (chart.width, chart.height),
        }
    }

    /// Holds the scene against every limit. Drawing does this too.
    ///
    /// # Errors
    /// The first part that is out of bounds.
    pub fn check(&self) -> Result<(), LimitError> {
        match self {
            Self::Card(card) => card.check(),
            Self::Chart(chart) => chart.check(),
        }
    }

    /// The scene as bytes for a cache key: tagged and length-prefixed, so that two scenes have equal
    /// bytes only if they are the same scene. Starts with [`RENDERER_VERSION`].
    ///
    /// What cannot be told apart in the picture is written the same way: every number that is not
    /// finite, both zeros, and a series colour that is left to the palette or given as the same one.
    #[must_use]
    pub fn canonical_bytes(&self) -> Vec<u8> {
        let mut out = Canonical::new();
        out.number(RENDERER_VERSION);
        match self {
            Self::Card(card) => card.write_canonical(out.tag(b'C')),
            Self::Chart(chart) => chart.write_canonical(out.tag(b'G')),
        }
        out.into_bytes()
    }
}

impl From<Card> for Scene {
    fn from(card: Card) -> Self {
        Self::Card(card)
    }
}

impl From<Chart> for Scene {
    fn from(chart: Chart) -> Self {
        Self::Chart(chart)
    }
}

/// Which ground the text stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Theme {
    /// Dark ink on a light ground. As text `light`.
    #[default]
    Light,
    /// Light ink on a dark ground. As text `dark`.
    Dark,
}

/// A text that names none of the choices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be one of {choices}")]
pub struct ChoiceError {
    /// The texts that would have been understood.
    pub choices: &'static str,
}

impl FromStr for Theme {
    type Err = ChoiceError;

    fn from_str(text: &str) -> Result<Self, ChoiceError> {
        match text {
            "light" => Ok(Self::Light),
            "dark" => Ok(Self::Dark),
            _ => Err(ChoiceError {
                choices: "light, dark",
            }),
        }
    }
}
