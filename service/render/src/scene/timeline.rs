//! What was done to a system, and how it fared meanwhile, over one axis of seconds.

use super::{Mark, Theme, Unit};
use crate::limit::{self, LimitError};
use crate::{
    BARS_MAX, CHART_POINTS_MAX, Color, LANES_MAX, MARKS_MAX, NAME_CHARACTERS_MAX,
    SERIES_POINTS_MAX, SIDE_PIXELS_MAX, STRIPS_MAX, SUBTITLE_CHARACTERS_MAX, TIMELINE_WIDTH_MIN,
    TITLE_CHARACTERS_MAX,
};

/// Bars of what was done above, a strip for each figure below, all over the same seconds. Its height
/// follows from what there is to show.
///
/// What is not known is never drawn as if it were: where a figure is no number, its strip is hatched.
#[derive(Debug, Clone, PartialEq)]
pub struct Timeline {
    /// In pixels, [`TIMELINE_WIDTH_MIN`] to [`SIDE_PIXELS_MAX`].
    pub width: u32,
    /// Bold, one line.
    pub title: String,
    /// How it ended, in one word on a ground of its colour, before the title; may be empty.
    pub word: String,
    /// The ground of the word, dark enough for white letters.
    pub word_color: Color,
    /// One line under the title.
    pub subtitle: String,
    /// What the axis spans, in seconds. One that is not finite or not upwards is a single second.
    pub seconds: (f64, f64),
    /// Bars, from top to bottom.
    pub lanes: Vec<Lane>,
    /// Moments, as lines through everything with a flag on top.
    pub marks: Vec<Mark>,
    /// Figures, from top to bottom.
    pub strips: Vec<Strip>,
    /// Colours of ground and ink.
    pub theme: Theme,
}

/// Bars of one kind. Those that overlap stand below each other.
#[derive(Debug, Clone, PartialEq)]
pub struct Lane {
    /// What it is of, such as `redis, latency`.
    pub name: String,
    /// Whether it shades the strips below and has the colour of faults; else it is grey.
    pub is_fault: bool,
    /// In any order. One with an end that is not finite is not drawn.
    pub bars: Vec<Bar>,
}

/// Something that lasted.
#[derive(Debug, Clone, PartialEq)]
pub struct Bar {
    /// Its beginning, in seconds.
    pub from: f64,
    /// Its end, in seconds.
    pub to: f64,
    /// What it was, such as `800 ms`; left out where it has no room.
    pub label: String,
    /// How strong it was beside others of its lane, 0 to 1: the depth of its colour.
    pub strength: f64,
    /// Whether it did not end: it has no edge at its right.
    pub is_open: bool,
}

/// A figure over time.
#[derive(Debug, Clone, PartialEq)]
pub struct Strip {
    /// What it is.
    pub name: String,
    /// What else is to be said of it, such as what was expected.
    pub detail: String,
    /// What the values count.
    pub unit: Unit,
    /// The least that it may be; what is below stands out.
    pub least: Option<f64>,
    /// The most that it may be; what is above stands out.
    pub most: Option<f64>,
    /// Seconds and value, in order of seconds. A value that is not finite is not known.
    pub points: Vec<(f64, f64)>,
}

/// 1,200 px wide, with nothing on it.
impl Default for Timeline {
    fn default() -> Self {
        Self {
            width: 1_200,
            title: String::new(),
            word: String::new(),
            word_color: Color::rgb(0x475569),
            subtitle: String::new(),
            seconds: (0.0, 1.0),
            lanes: Vec::new(),
            marks: Vec::new(),
            strips: Vec::new(),
            theme: Theme::default(),
        }
    }
}

impl Timeline {
    /// What the axis spans.
    pub(crate) fn span(&self) -> (f64, f64) {
        let (low, high) = self.seconds;
        if low.is_finite() && high.is_finite() && low < high && (high - low).is_finite() {
            return (low, high);
        }
        (0.0, 1.0)
    }

    pub(crate) fn check(&self) -> Result<(), LimitError> {
        let width = self.width.clamp(TIMELINE_WIDTH_MIN, SIDE_PIXELS_MAX);
        if self.width != width {
            return Err(LimitError {
                parameter: "width".to_owned(),
                counted: "pixels",
                limit: width.into(),
                actual: self.width.into(),
            });
        }
        for (name, text, max) in [
            ("title", &self.title, TITLE_CHARACTERS_MAX),
            ("word", &self.word, NAME_CHARACTERS_MAX),
            ("subtitle", &self.subtitle, SUBTITLE_CHARACTERS_MAX),
        ] {
            limit::text_at_most(|| name.to_owned(), text, max)?;
        }
        let bars = self.lanes.iter().map(|lane| lane.bars.len()).sum();
        let points = self.strips.iter().map(|strip| strip.points.len()).sum();
        for (name, counted, count, max) in [
            ("lanes", "entries", self.lanes.len(), LANES_MAX),
            ("lanes", "bars", bars, BARS_MAX),
            ("marks", "entries", self.marks.len(), MARKS_MAX),
            ("strips", "entries", self.strips.len(), STRIPS_MAX),
            ("strips", "points", points, CHART_POINTS_MAX),
        ] {
            limit::at_most(|| name.to_owned(), counted, count, max)?;
        }
        self.check_entries()
    }

    fn check_entries(&self) -> Result<(), LimitError> {
        let max = NAME_CHARACTERS_MAX;
        for (index, lane) in self.lanes.iter().enumerate() {
            limit::text_at_most(|| format!("lanes[{index}].name"), &lane.name, max)?;
            for (at, bar) in lane.bars.iter().enumerate() {
                let parameter = || format!("lanes[{index}].bars[{at}].label");
                limit::text_at_most(parameter, &bar.label, max)?;
            }
        }
        for (index, mark) in self.marks.iter().enumerate() {
            limit::text_at_most(|| format!("marks[{index}].label"), &mark.label, max)?;
        }
        for (index, strip) in self.strips.iter().enumerate() {
            limit::text_at_most(|| format!("strips[{index}].name"), &strip.name, max)?;
            limit::text_at_most(|| format!("strips[{index}].detail"), &strip.detail, max)?;
            let parameter = || format!("strips[{index}].points");
            limit::at_most(parameter, "points", strip.points.len(), SERIES_POINTS_MAX)?;
        }
        Ok(())
    }
}
