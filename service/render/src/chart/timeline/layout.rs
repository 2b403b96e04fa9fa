//! Gives every part of a timeline its place.

use super::bars::{self, BAR_ROW};
use super::flags::{self, FLAG_ROW};
use super::strips::{self, STRIP_HEIGHT};
use super::{MARGIN, SMALL_SIZE, TEXT_SIZE, TITLE_SIZE, TimelineLayout, regular};
use crate::chart::Tones;
use crate::frame::Area;
use crate::scene::{Timeline, Unit};
use crate::text::{Line, TextStyle, Typesetter};
use crate::ticks::{Scale, number_scale};

/// Room at the left for names of lanes and labels of strips: at least, and as a part of the width.
const GUTTER_MIN: i32 = 72;
const GUTTER_PART: f32 = 0.24;
/// Least room between two labels of the axis.
const TICK_ROOM: i32 = 90;
/// Room between the lanes and the strips, and for the labels of the axis.
const LANES_GAP: i32 = 12;
const AXIS_ROOM: i32 = 30;
/// Height of the body when there is neither lane nor strip.
const EMPTY_BODY: i32 = 40;

impl<'a> TimelineLayout<'a> {
    pub(crate) fn new(timeline: &'a Timeline, typesetter: &Typesetter<'_>) -> Self {
        let width = timeline.width as i32;
        let columns = (gutter(timeline, typesetter), width - MARGIN);
        let (axis, axis_labels) = axis(timeline, columns, typesetter);
        let tones = Tones::of(timeline.theme);
        let (word, title, subtitle) = head(timeline, typesetter);
        let head_bottom = subtitle.1 + 14;
        let (flags, rows) = flags::placed_flags(timeline, &axis, columns, head_bottom, typesetter);
        let top = head_bottom + rows as i32 * FLAG_ROW + 4;
        let bars = bars::rows(timeline, &axis, columns, top + 4, typesetter);
        let has_bars = !bars.is_empty();
        let mut bottom = top + 4 + bars.len() as i32 * BAR_ROW;
        bottom += if has_bars { LANES_GAP } else { 0 };
        let mut places = Vec::with_capacity(timeline.strips.len());
        for strip in &timeline.strips {
            places.push(strips::place(strip, &axis, columns, bottom, typesetter));
            bottom += STRIP_HEIGHT;
        }
        if !has_bars && places.is_empty() {
            bottom += EMPTY_BODY;
        }
        Self {
            timeline,
            tones,
            height: (bottom + AXIS_ROOM) as u32,
            word,
            title,
            subtitle,
            columns,
            axis,
            axis_labels,
            flags,
            body: (top, bottom),
            bars,
            strips: places,
        }
    }
}

type Head = (Option<(Line, Area)>, (Line, i32, i32), (Line, i32));

fn head(timeline: &Timeline, typesetter: &Typesetter<'_>) -> Head {
    let mut left = MARGIN;
    let room = (timeline.width as i32 - 2 * MARGIN) as f32;
    let style = TextStyle::bold(TEXT_SIZE);
    let word = typesetter.line(&timeline.word, style, room / 4.0);
    let top = 16;
    let word = (!word.glyphs.is_empty()).then(|| {
        let area = Area {
            left,
            top: top + 1,
            right: left + word.width_pixels() + 18,
            bottom: top + 1 + style.leading() + 6,
        };
        left = area.right + 12;
        (word, area)
    });
    let style = TextStyle::bold(TITLE_SIZE);
    let room_of_title = (timeline.width as i32 - MARGIN - left) as f32;
    let title = typesetter.line(&timeline.title, style, room_of_title);
    let baseline = top + style.ascent();
    let style = TextStyle::regular(TEXT_SIZE);
    let subtitle = typesetter.line(&timeline.subtitle, style, room);
    let below = baseline + 10 + style.ascent();
    (word, (title, left, baseline), (subtitle, below))
}

/// First column of the axis: what the names of lanes need, within bounds.
fn gutter(timeline: &Timeline, typesetter: &Typesetter<'_>) -> i32 {
    let most = timeline.width as f32 * GUTTER_PART;
    let names = timeline.lanes.iter().map(|lane| lane.name.as_str());
    let widths = names.map(|name| typesetter.line(name, regular(), most).width_pixels());
    MARGIN + widths.max().unwrap_or(0).max(GUTTER_MIN) + 12
}

/// The axis as it was asked for; only its ticks are round.
fn axis(
    timeline: &Timeline,
    columns: (i32, i32),
    typesetter: &Typesetter<'_>,
) -> (Scale, Vec<Line>) {
    let (low, high) = timeline.span();
    let count = ((columns.1 - columns.0) / TICK_ROOM).clamp(2, 14) as usize;
    let mut axis = number_scale(low, high, Unit::Seconds, count);
    axis.ticks.retain(|tick| (low..=high).contains(&tick.value));
    (axis.low, axis.high) = (low, high);
    let style = TextStyle::regular(SMALL_SIZE);
    let label = |text: &str| typesetter.line(text, style, TICK_ROOM as f32);
    let labels = axis.ticks.iter().map(|tick| label(&tick.label)).collect();
    (axis, labels)
}
