//! Series of numbers as lines.

use std::str::FromStr;

use super::canonical::Canonical;
use super::cost::Cost;
use super::{ChoiceError, Theme};
use crate::frame::PixelFormat;
use crate::limit::{self, LimitError};
use crate::{
    BANDS_MAX, CHART_POINTS_MAX, Color, NAME_CHARACTERS_MAX, SERIES_MAX, SERIES_POINTS_MAX,
    SUBTITLE_CHARACTERS_MAX, THRESHOLDS_MAX, TITLE_CHARACTERS_MAX,
};

/// A line chart. Texts that are empty take no room; without any point it says "no data".
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
    /// What the values count; decides the labels of the vertical axis.
    pub unit: Unit,
    /// What the horizontal axis counts.
    pub x: Axis,
    /// The lines, in the order of the legend.
    pub series: Vec<Series>,
    /// Dashed horizontal lines.
    pub thresholds: Vec<Threshold>,
    /// Shaded ranges of the horizontal axis: faults, deployments.
    pub bands: Vec<Band>,
    /// Colours of ground and ink.
    pub theme: Theme,
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
    /// Unix time in seconds, labelled in UTC. As text `time`.
    #[default]
    Time,
}

/// One line of a chart.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// As the legend shows it; an unnamed series has no legend entry.
    pub name: String,
    /// Colour of the line; without one, that of its place in the palette.
    pub color: Option<Color>,
    /// x and y in drawing order. A point with a number that is not finite is a gap.
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

/// 800 × 400 px over time, without series.
impl Default for Chart {
    fn default() -> Self {
        Self {
            width: 800,
            height: 400,
            title: String::new(),
            subtitle: String::new(),
            unit: Unit::default(),
            x: Axis::default(),
            series: Vec::new(),
            thresholds: Vec::new(),
            bands: Vec::new(),
            theme: Theme::default(),
        }
    }
}

impl Series {
    /// The colour of this line when it is the `index`th of its chart.
    pub(crate) fn shown_color(&self, index: usize) -> Color {
        self.color.unwrap_or(PALETTE[index % PALETTE.len()])
    }
}

impl Chart {
    pub(super) fn check(&self) -> Result<(), LimitError> {
        limit::size_within(self.width, self.height)?;
        limit::text_at_most(|| "title".to_owned(), &self.title, TITLE_CHARACTERS_MAX)?;
        limit::text_at_most(
            || "subtitle".to_owned(),
            &self.subtitle,
            SUBTITLE_CHARACTERS_MAX,
        )?;
        limit::at_most(
            || "series".to_owned(),
            "entries",
            self.series.len(),
            SERIES_MAX,
        )?;
        limit::at_most(
            || "thresholds".to_owned(),
            "entries",
            self.thresholds.len(),
            THRESHOLDS_MAX,
        )?;
        limit::at_most(
            || "bands".to_owned(),
            "entries",
            self.bands.len(),
            BANDS_MAX,
        )?;
        self.check_entries()
    }

    /// Predicted time of drawing in microseconds.
    pub(super) fn cost_micros(&self) -> u64 {
        /// Labels of axes; a kept point of a line; a thousand pixels of the picture for each line.
        const LABELS_NANOS: u64 = 130_000;
        const POINT_NANOS: u64 = 500;
        const LINE_PIXELS_NANOS: u64 = 300;
        let pixels = self.width as usize * self.height as usize;
        let kept_max = 2 * self.width as usize;
        let kept = self
            .series
            .iter()
            .map(|line| line.points.len().min(kept_max));
        Cost::ground(PixelFormat::Indexed, self.width, self.height)
            .and(1, LABELS_NANOS)
            .and_text(&self.title, 22.0)
            .and_text(&self.subtitle, 14.0)
            .and(
                pixels.saturating_mul(self.series.len()) / 1_000,
                LINE_PIXELS_NANOS,
            )
            .and(kept.sum(), POINT_NANOS)
            .micros()
    }

    fn check_entries(&self) -> Result<(), LimitError> {
        let mut points = 0;
        for (index, series) in self.series.iter().enumerate() {
            let count = series.points.len();
            let name = || format!("series[{index}].name");
            limit::text_at_most(name, &series.name, NAME_CHARACTERS_MAX)?;
            let parameter = || format!("series[{index}].points");
            limit::at_most(parameter, "points", count, SERIES_POINTS_MAX)?;
            points += count;
        }
        limit::at_most(|| "series".to_owned(), "points", points, CHART_POINTS_MAX)?;
        for (index, threshold) in self.thresholds.iter().enumerate() {
            let parameter = || format!("thresholds[{index}].label");
            limit::text_at_most(parameter, &threshold.label, NAME_CHARACTERS_MAX)?;
        }
        for (index, band) in self.bands.iter().enumerate() {
            let parameter = || format!("bands[{index}].label");
            limit::text_at_most(parameter, &band.label, NAME_CHARACTERS_MAX)?;
        }
        Ok(())
    }

    pub(super) fn write_canonical(&self, out: &mut Canonical) {
        out.number(self.width).number(self.height);
        out.text(&self.title).text(&self.subtitle);
        out.tag(self.unit as u8)
            .tag(self.x as u8)
            .tag(self.theme as u8);
        out.count(self.series.len());
        for (index, series) in self.series.iter().enumerate() {
            out.text(&series.name).color(series.shown_color(index));
            out.count(series.points.len());
            for &(x, y) in &series.points {
                out.value(x).value(y);
            }
        }
        out.count(self.thresholds.len());
        for threshold in &self.thresholds {
            out.value(threshold.value).text(&threshold.label);
        }
        out.count(self.bands.len());
        for band in &self.bands {
            out.value(band.from).value(band.to).text(&band.label);
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
