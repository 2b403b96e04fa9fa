//! Series of numbers as lines, areas, bars or a heat map.

mod check;
mod cost;

use std::str::FromStr;

use super::{ChoiceError, Theme, Zone};
use crate::Color;

/// A chart. Texts that are empty take no room; without any point it says "no data".
///
/// What is not known is never drawn as if it were: a point that is not a number is a gap, one that
/// is infinite a small triangle at its edge, and where series end before the range does, it says
/// since when.
#[derive(Debug, Clone, PartialEq)]
pub struct Chart {
    /// In pixels, [`SIDE_PIXELS_MIN`](crate::SIDE_PIXELS_MIN) to
    /// [`SIDE_PIXELS_MAX`](crate::SIDE_PIXELS_MAX).
    pub width: u32,
    /// In pixels, as `width`.
    pub height: u32,
    /// Bold, one line.
    pub title: String,
    /// One line under the title.
    pub subtitle: String,
    /// How the series are drawn.
    pub kind: Kind,
    /// Whether areas and bars stand on each other instead of on zero; of no effect on other kinds.
    pub stacked: bool,
    /// What the values count; decides the labels of the vertical axis.
    pub unit: Unit,
    /// What the horizontal axis counts.
    pub x: Axis,
    /// The clock of a horizontal axis of time.
    pub zone: Zone,
    /// What the horizontal axis spans, so that missing ends are seen; without one, what the points
    /// span. One that is not finite or not upwards is as none.
    pub range: Option<(f64, f64)>,
    /// The series, in the order of the legend; the rows of a heat map from top to bottom.
    pub series: Vec<Series>,
    /// Dashed horizontal lines; a heat map has none.
    pub thresholds: Vec<Threshold>,
    /// Shaded ranges of the horizontal axis: faults, deployments.
    pub bands: Vec<Band>,
    /// Moments on the horizontal axis.
    pub marks: Vec<Mark>,
    /// When the values were computed, drawn small: `evaluated 2026-11-22 19:40:05 UTC`.
    pub evaluated_at: Option<String>,
    /// What a reader must know first, drawn as a banner: `last good picture, 3 min old`.
    pub note: Option<String>,
    /// Colours of ground and ink.
    pub theme: Theme,
}

/// How the series of a chart are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Kind {
    /// Lines through the points. As text `line`.
    #[default]
    Line,
    /// Lines with the area down to zero, or to the one below. As text `area`.
    Area,
    /// A bar for each point, beside each other or stacked. As text `bar`.
    Bar,
    /// A row for each series, a cell for each point, its value as colour. As text `heat`.
    Heat,
}

/// What the values of a chart count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Unit {
    /// Plain numbers: 1.2k, 3M. As text `none`.
    #[default]
    None,
    /// Durations in seconds: 5 ms, 1.5 s, 2 h. As text `seconds`.
    Seconds,
    /// Parts of one, shown in per cent. As text `ratio`.
    Ratio,
    /// Amounts in bytes, in powers of 1,024: 64 KiB. As text `bytes`.
    Bytes,
    /// Events per second: 250/s. As text `per_second`.
    PerSecond,
}

/// What the horizontal axis of a chart counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Axis {
    /// Plain numbers. As text `number`.
    Number,
    /// Unix time in seconds, labelled in the zone of the chart. As text `time`.
    #[default]
    Time,
}

/// One line of a chart, or one row of a heat map.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// As the legend shows it; an unnamed series has no legend entry.
    pub name: String,
    /// Colour of the line; without one, that of its place in the palette. A heat map has its own.
    pub color: Option<Color>,
    /// x and y in order of x (others are put in order). A point that is not a number, or whose x is
    /// infinite, is a gap; one whose y is infinite is a gap with a mark at the edge of the plot.
    pub points: Vec<(f64, f64)>,
}

/// A dashed horizontal line. One that is not finite is not drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct Threshold {
    /// Where, in the unit of the chart.
    pub value: f64,
    /// What it means, such as `objective`.
    pub label: String,
}

/// A shaded range of the horizontal axis. One with an end that is not finite is not drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct Band {
    /// One end, as the horizontal axis counts.
    pub from: f64,
    /// The other end.
    pub to: f64,
    /// What happened, such as `redis slow`.
    pub label: String,
}

/// A moment on the horizontal axis. One that is not finite is not drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct Mark {
    /// When, as the horizontal axis counts.
    pub at: f64,
    /// What happened, such as `v0.2.1`.
    pub label: String,
    /// Decides the colour.
    pub kind: MarkKind,
}

/// What a mark marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum MarkKind {
    /// A release went out. As text `deploy`.
    Deploy,
    /// Something broke, or was broken on purpose. As text `fault`.
    Fault,
    /// Anything else. As text `note`.
    #[default]
    Note,
}

/// Colours of the lines, told apart also by most colour-blind readers.
const PALETTE: [Color; 8] = [
    Color::rgb(0x2563eb),
    Color::rgb(0xf97316),
    Color::rgb(0x059669),
    Color::rgb(0xdb2777),
    Color::rgb(0x7c3aed),
    Color::rgb(0xca8a04),
    Color::rgb(0x0891b2),
    Color::rgb(0x64748b),
];

/// The same hues, light enough for a dark ground.
const PALETTE_DARK: [Color; 8] = [
    Color::rgb(0x4f8ff7),
    Color::rgb(0xfb923c),
    Color::rgb(0x2fc48d),
    Color::rgb(0xf472b6),
    Color::rgb(0xa78bfa),
    Color::rgb(0xfacc15),
    Color::rgb(0x22d3ee),
    Color::rgb(0x94a3b8),
];

/// 800 × 400 px over time, without series.
impl Default for Chart {
    fn default() -> Self {
        Self {
            width: 800,
            height: 400,
            title: String::new(),
            subtitle: String::new(),
            kind: Kind::default(),
            stacked: false,
            unit: Unit::default(),
            x: Axis::default(),
            zone: Zone::default(),
            range: None,
            series: Vec::new(),
            thresholds: Vec::new(),
            bands: Vec::new(),
            marks: Vec::new(),
            evaluated_at: None,
            note: None,
            theme: Theme::default(),
        }
    }
}

impl Series {
    /// The colour of this line when it is the `index`th of a chart with this theme.
    pub(crate) fn shown_color(&self, index: usize, theme: Theme) -> Color {
        let palette = match theme {
            Theme::Light => PALETTE,
            Theme::Dark => PALETTE_DARK,
        };
        self.color.unwrap_or(palette[index % palette.len()])
    }
}

impl Chart {
    /// What the horizontal axis must span, if that was said.
    pub(crate) fn shown_range(&self) -> Option<(f64, f64)> {
        let sound = |&(low, high): &(f64, f64)| low.is_finite() && high.is_finite() && low < high;
        self.range.filter(sound)
    }

    /// Whether series stand on each other.
    pub(crate) fn is_stacked(&self) -> bool {
        self.stacked && matches!(self.kind, Kind::Area | Kind::Bar)
    }
}

impl FromStr for Kind {
    type Err = ChoiceError;

    fn from_str(text: &str) -> Result<Self, ChoiceError> {
        match text {
            "line" => Ok(Self::Line),
            "area" => Ok(Self::Area),
            "bar" => Ok(Self::Bar),
            "heat" => Ok(Self::Heat),
            _ => Err(ChoiceError {
                choices: "line, area, bar, heat",
            }),
        }
    }
}

impl FromStr for MarkKind {
    type Err = ChoiceError;

    fn from_str(text: &str) -> Result<Self, ChoiceError> {
        match text {
            "deploy" => Ok(Self::Deploy),
            "fault" => Ok(Self::Fault),
            "note" => Ok(Self::Note),
            _ => Err(ChoiceError {
                choices: "deploy, fault, note",
            }),
        }
    }
}

impl FromStr for Unit {
    type Err = ChoiceError;

    fn from_str(text: &str) -> Result<Self, ChoiceError> {
        match text {
            "none" => Ok(Self::None),
            "seconds" => Ok(Self::Seconds),
            "ratio" => Ok(Self::Ratio),
            "bytes" => Ok(Self::Bytes),
            "per_second" => Ok(Self::PerSecond),
            _ => Err(ChoiceError {
                choices: "none, seconds, ratio, bytes, per_second",
            }),
        }
    }
}

impl FromStr for Axis {
    type Err = ChoiceError;

    fn from_str(text: &str) -> Result<Self, ChoiceError> {
        match text {
            "number" => Ok(Self::Number),
            "time" => Ok(Self::Time),
            _ => Err(ChoiceError {
                choices: "number, time",
            }),
        }
    }
}
