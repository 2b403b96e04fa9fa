//! How much one scene may ask for.

use std::fmt;

/// Characters of a title.
pub const TITLE_CHARACTERS_MAX: usize = 200;
/// Characters of a subtitle.
pub const SUBTITLE_CHARACTERS_MAX: usize = 300;
/// Characters of a footer.
pub const FOOTER_CHARACTERS_MAX: usize = 120;
/// Characters of the name of a series and of the label of a threshold or band.
pub const NAME_CHARACTERS_MAX: usize = 80;
/// Smallest width and height, in pixels.
pub const SIDE_PIXELS_MIN: u32 = 64;
/// Largest width and height, in pixels.
pub const SIDE_PIXELS_MAX: u32 = 4_096;
/// Largest picture: width times height, in pixels.
pub const AREA_PIXELS_MAX: u32 = 4_000_000;
/// Series of one chart.
pub const SERIES_MAX: usize = 32;
/// Points of one series: a Prometheus range query gives at most as many.
pub const SERIES_POINTS_MAX: usize = 11_000;
/// Points of one chart, all series together.
pub const CHART_POINTS_MAX: usize = 100_000;
/// Threshold lines of one chart.
pub const THRESHOLDS_MAX: usize = 16;
/// Shaded bands of one chart.
pub const BANDS_MAX: usize = 64;

/// Vertical marks of one chart.
pub const MARKS_MAX: usize = 64;
/// Narrowest timeline, in pixels.
pub const TIMELINE_WIDTH_MIN: u32 = 480;
/// Lanes of one timeline.
pub const LANES_MAX: usize = 32;
/// Bars of one timeline, all lanes together.
pub const BARS_MAX: usize = 256;
/// Strips of one timeline.
pub const STRIPS_MAX: usize = 16;
/// Rows of one heat map.
pub const HEAT_ROWS_MAX: usize = 64;
/// Characters of the time of evaluation and of the note of a chart.
pub const NOTE_CHARACTERS_MAX: usize = 160;
/// Nodes of one graph, those of the graph before included.
pub const NODES_MAX: usize = 2_000;
/// Edges of one graph, those of the graph before included.
pub const EDGES_MAX: usize = 5_000;
/// Characters of the id of a node.
pub const ID_CHARACTERS_MAX: usize = 128;
/// Characters of the second line of a node.
pub const DETAIL_CHARACTERS_MAX: usize = 120;

/// A part of a scene that is larger or smaller than allowed.
///
/// As text: "title has 300 characters, more than 200".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitError {
    /// Which part, such as `title` or `series[3].points`.
    pub parameter: String,
    /// What is counted, such as `characters`.
    pub counted: &'static str,
    /// The bound that was crossed: an upper one, unless `actual` is below it.
    pub limit: u64,
    /// How much there is.
    pub actual: u64,
}

impl fmt::Display for LimitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let relation = if self.actual < self.limit {
            "less"
        } else {
            "more"
        };
        write!(
            f,
            "{} has {} {}, {relation} than {}",
            self.parameter, self.actual, self.counted, self.limit
        )
    }
}

impl std::error::Error for LimitError {}

/// Refuses more than `max` of what is counted.
pub(crate) fn at_most(
    parameter: impl FnOnce() -> String,
    counted: &'static str,
    actual: usize,
    max: usize,
) -> Result<(), LimitError> {
    if actual <= max {
        return Ok(());
    }
    Err(LimitError {
        parameter: parameter(),
        counted,
        limit: max as u64,
        actual: actual as u64,
    })
}

/// Refuses text longer than `max` characters (Unicode scalar values).
pub(crate) fn text_at_most(
    parameter: impl FnOnce() -> String,
    text: &str,
    max: usize,
) -> Result<(), LimitError> {
    // A text has at most as many characters as bytes, so short ones need no count.
    if text.len() <= max {
        return Ok(());
    }
    at_most(parameter, "characters", text.chars().count(), max)
}

/// Refuses a picture that is too small, too wide, too high or too large.
pub(crate) fn size_within(width: u32, height: u32) -> Result<(), LimitError> {
    for (parameter, side) in [("width", width), ("height", height)] {
        let limit = side.clamp(SIDE_PIXELS_MIN, SIDE_PIXELS_MAX);
        if side != limit {
            return Err(LimitError {
                parameter: parameter.to_owned(),
                counted: "pixels",
                limit: u64::from(limit),
                actual: u64::from(side),
            });
        }
    }
    let area = width as usize * height as usize;
    at_most(
        || "width times height".to_owned(),
        "pixels",
        area,
        AREA_PIXELS_MAX as usize,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_error_names_the_part_the_amount_and_the_limit() {
        let error = text_at_most(|| "title".to_owned(), &"x".repeat(300), 200).unwrap_err();
        assert_eq!(error.to_string(), "title has 300 characters, more than 200");
        let error = size_within(10, 630).unwrap_err();
        assert_eq!(error.to_string(), "width has 10 pixels, less than 64");
    }

    #[test]
    fn text_is_counted_in_characters_not_bytes() {
        assert!(text_at_most(|| "title".to_owned(), &"证".repeat(200), 200).is_ok());
        assert!(text_at_most(|| "title".to_owned(), &"证".repeat(201), 200).is_err());
    }

    #[test]
    fn sides_and_area_are_bounded_together() {
        assert!(size_within(64, 64).is_ok());
        assert!(size_within(4_096, 64).is_ok());
        assert!(size_within(4_097, 64).is_err());
        assert!(size_within(64, u32::MAX).is_err());
        assert!(size_within(2_000, 2_000).is_ok());
        assert!(size_within(2_001, 2_000).is_err());
    }
}
