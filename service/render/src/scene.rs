//! What can be drawn: plain values, each with its limits and its canonical bytes.

mod card;
mod chart;
mod timeline;
mod zone;
mod graph;
mod canonical;
mod cost;

use std::str::FromStr;

pub use card::{Align, Background, Card, TITLE_SIZE_MAX, TITLE_SIZE_MIN, Template};
pub use chart::{Axis, Band, Chart, Kind, Mark, MarkKind, Series, Threshold, Unit};
pub use graph::{Before, Direction, Edge, Graph, NameError, Node, State};
pub(crate) use graph::{sorted_edges, sorted_nodes};
pub use timeline::{Bar, Lane, Strip, Timeline};
pub use zone::{Zone, ZoneError};

use crate::frame::PixelFormat;
use crate::glyph::Weight;
use crate::{LimitError, RENDERER_VERSION};
use canonical::Canonical;

/// One picture to draw.
#[derive(Debug, Clone, PartialEq)]
pub enum Scene {
    /// A title card, as shown when a link is shared.
    Card(Card),
    /// Series of numbers as lines.
    Chart(Chart),
    /// Nodes and edges in layers.
    Graph(Graph),
}

impl Scene {
    /// Width and height in pixels.
    #[must_use]
    pub fn size(&self) -> (u32, u32) {
        match self {
            Self::Card(card) => (card.width, card.height),
            Self::Chart(chart) => (chart.width, chart.height),
            Self::Graph(graph) => (graph.width, graph.height),
        }
    }

    /// What its pixels are at first.
    pub(crate) fn pixel_format(&self) -> PixelFormat {
        match self {
            Self::Card(card) => card.pixel_format(),
            Self::Chart(_) | Self::Graph(_) => PixelFormat::Indexed,
        }
    }

    /// Predicted time of drawing in microseconds, on one thread of the machine that the README names.
    ///
    /// Told from the scene's values alone, without setting text: never less for more pixels, glyphs or
    /// points, and right within a factor of two for usual scenes that pass their limits. Of a line with
    /// many points it takes the worst, which is noise: a smooth one costs up to four times less.
    #[must_use]
    pub fn cost_micros(&self) -> u64 {
        match self {
            Self::Card(card) => card.cost_micros(),
            Self::Chart(chart) => chart.cost_micros(),
            Self::Graph(graph) => graph.cost_micros(),
        }
    }

    /// Every text that the scene shows if there is room, and how heavy it is set.
    pub(crate) fn texts(&self) -> Vec<(&str, Weight)> {
        match self {
            Self::Card(card) => card.texts(),
            Self::Chart(chart) => chart_texts(chart),
            Self::Graph(graph) => graph_texts(graph),
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
            Self::Graph(graph) => graph.check(),
        }
    }

    /// The scene as bytes for a cache key: tagged and length-prefixed, so that two scenes have equal
    /// bytes only if they are the same scene. Starts with [`RENDERER_VERSION`].
    ///
    /// What cannot be told apart in the picture is written the same way: every gap, both zeros, and
    /// a series colour that is left to the palette or given as the same one.
    #[must_use]
    pub fn canonical_bytes(&self) -> Vec<u8> {
        let mut out = Canonical::new();
        out.number(RENDERER_VERSION);
        match self {
            Self::Card(card) => card.write_canonical(out.tag(b'C')),
            Self::Chart(chart) => chart.write_canonical(out.tag(b'G')),
            Self::Graph(graph) => graph.write_canonical(out.tag(b'N')),
        }
        out.into_bytes()
    }
}

fn chart_texts(chart: &Chart) -> Vec<(&str, Weight)> {
    let names = chart.series.iter().map(|series| series.name.as_str());
    let thresholds = chart.thresholds.iter().map(|it| it.label.as_str());
    let bands = chart.bands.iter().map(|band| band.label.as_str());
    let marks = chart.marks.iter().map(|mark| mark.label.as_str());
    let notes = [chart.evaluated_at.as_deref(), chart.note.as_deref()];
    let others = names.chain(thresholds).chain(bands).chain(marks);
    let others = others.chain(notes.into_iter().flatten());
    let regular = std::iter::once(chart.subtitle.as_str()).chain(others);
    std::iter::once((chart.title.as_str(), Weight::Bold))
        .chain(regular.map(|text| (text, Weight::Regular)))
        .collect()
}

fn graph_texts(graph: &Graph) -> Vec<(&str, Weight)> {
    let before = graph.before.as_deref();
    let nodes = before.map_or(&[][..], |before| &before.nodes);
    let edges = before.map_or(&[][..], |before| &before.edges);
    let labels = graph.nodes.iter().chain(nodes).flat_map(|node| {
        [
            (node.shown_label(), Weight::Bold),
            (node.detail.as_str(), Weight::Regular),
        ]
    });
    let edges = graph.edges.iter().chain(edges);
    [
        (graph.title.as_str(), Weight::Bold),
        (graph.subtitle.as_str(), Weight::Regular),
    ]
    .into_iter()
    .chain(labels)
    .chain(edges.map(|edge| (edge.label.as_str(), Weight::Regular)))
    .collect()
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

impl From<Graph> for Scene {
    fn from(graph: Graph) -> Self {
        Self::Graph(graph)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Color, Raster};

    fn chart(points: &[(f64, f64)], color: Option<Color>) -> Vec<u8> {
        let points = points.to_vec();
        let name = "p99".to_owned();
        let series = vec![Series {
            name,
            color,
            points,
        }];
        Scene::Chart(Chart {
            series,
            ..Chart::default()
        })
        .canonical_bytes()
    }

    fn card(change: impl FnOnce(&mut Card)) -> Vec<u8> {
        let mut card = Card::default();
        change(&mut card);
        Scene::Card(card).canonical_bytes()
    }

    #[test]
    fn text_that_moves_to_its_neighbour_is_another_scene() {
        let joined = card(|card| card.title = "ab".to_owned());
        let split = card(|card| (card.title, card.subtitle) = ("a".to_owned(), "b".to_owned()));
        assert_ne!(joined, split);
        assert_ne!(
            joined,
            card(|card| card.subtitle = "ab".to_owned()),
            "another field"
        );
    }

    #[test]
    fn every_choice_of_a_card_is_seen_in_its_bytes() {
        let flat = Background::Flat(Color::WHITE);
        let all = [
            card(|_| ()),
            card(|card| card.width += 1),
            card(|card| card.height += 1),
            card(|card| card.template = Template::Plain),
            card(|card| card.theme = Theme::Dark),
            card(|card| card.accent = Some(Color::WHITE)),
            card(|card| card.ink = Some(Color::WHITE)),
            card(|card| card.title_size += 1),
            card(|card| card.align = Align::Center),
            card(|card| card.background = flat),
            card(|card| (card.template, card.picture) = (Template::Picture, picture(1))),
            card(|card| (card.template, card.picture) = (Template::Picture, picture(2))),
        ];
        for (index, bytes) in all.iter().enumerate() {
            assert!(!all[..index].contains(bytes), "{index}");
        }
    }

    fn picture(shade: u8) -> Option<Raster> {
        Raster::from_rgba(1, 1, vec![shade, 0, 0, 255])
    }

    #[test]
    fn colours_are_written_as_they_are_shown() {
        let main = Color::rgb(0x4f46e5);
        let given = |template| card(|card| (card.template, card.accent) = (template, Some(main)));
        assert_eq!(card(|_| ()), given(Template::Panel));
        let plain = card(|card| card.template = Template::Plain);
        assert_ne!(plain, given(Template::Plain));
        let ink = Some(Color::rgb(0x0f172a));
        assert_eq!(card(|_| ()), card(|card| card.ink = ink), "the theme's");
    }

    #[test]
    fn a_picture_counts_where_it_is_shown() {
        let panel = card(|_| ());
        assert_eq!(panel, card(|card| card.template = Template::Picture));
        assert_eq!(panel, card(|card| card.picture = picture(1)));
    }

    #[test]
    fn numbers_that_look_alike_in_the_picture_are_written_alike() {
        let gap = chart(&[(0.0, f64::NAN)], None);
        assert_eq!(chart(&[(0.0, -f64::NAN)], None), gap);
        let nowhere = chart(&[(f64::NAN, 0.0)], None);
        for point in [(f64::INFINITY, 1.0), (f64::NAN, f64::INFINITY)] {
            assert_eq!(chart(&[point], None), nowhere, "{point:?}");
        }
        let high = chart(&[(0.0, f64::INFINITY)], None);
        let low = chart(&[(0.0, f64::NEG_INFINITY)], None);
        assert!(
            high != gap && low != gap && high != low,
            "each has its own mark"
        );
        assert_eq!(chart(&[(-0.0, -0.0)], None), chart(&[(0.0, 0.0)], None));
        assert_ne!(chart(&[(0.0, 5e-324)], None), chart(&[(0.0, 0.0)], None));
        let first = Some(Color::rgb(0x25_63_eb));
        assert_eq!(chart(&[], first), chart(&[], None), "the palette's first");
    }

    #[test]
    fn choices_are_read_by_their_names_alone() {
        assert_eq!("dark".parse(), Ok(Theme::Dark));
        assert_eq!("per_second".parse(), Ok(Unit::PerSecond));
        assert_eq!("number".parse(), Ok(Axis::Number));
        let error = "Dark".parse::<Theme>().unwrap_err();
        assert_eq!(error.to_string(), "must be one of light, dark");
    }
}
