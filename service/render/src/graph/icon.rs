//! Signs that tell states and changes apart by their shape, also for those who see no colours.

use super::model::Change;
use super::pen::{Pen, Point};
use crate::scene::State;

/// What a small sign says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sign {
    Ok,
    Warning,
    Failed,
    Unknown,
    Idle,
    Added,
    Removed,
    Changed,
}

/// A sign smaller than this shows its shape alone.
const MARK_RADIUS_MIN: f32 = 3.5;

impl Sign {
    /// In the order of legends: what needs a look first.
    pub(super) const STATES: [Self; 5] = [
        Self::Failed,
        Self::Warning,
        Self::Unknown,
        Self::Ok,
        Self::Idle,
    ];

    pub(super) fn of_state(state: State) -> Self {
        match state {
            State::Ok => Self::Ok,
            State::Warning => Self::Warning,
            State::Failed => Self::Failed,
            State::Unknown => Self::Unknown,
            State::Idle => Self::Idle,
        }
    }

    /// None for what is the same.
    pub(super) fn of_change(change: Change) -> Option<Self> {
        match change {
            Change::Added => Some(Self::Added),
            Change::Removed => Some(Self::Removed),
            Change::Changed => Some(Self::Changed),
            Change::Same => None,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
            Self::Idle => "idle",
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Changed => "changed",
        }
    }

    /// Adds the shape itself.
    pub(super) fn shape(self, pen: &mut Pen, (x, y): Point, radius: f32) {
        let r = radius;
        match self {
            Self::Ok | Self::Idle | Self::Added | Self::Removed | Self::Changed => {
                pen.disc((x, y), r);
            }
            Self::Warning => pen.polygon(&[
                (x, y - r * 1.05),
                (x + r * 1.1, y + r * 0.9),
                (x - r * 1.1, y + r * 0.9),
            ]),
            Self::Failed => {
                let (r, cut) = (r * 0.96, r * 0.4);
                pen.polygon(&[
                    (x - cut, y - r),
                    (x + cut, y - r),
                    (x + r, y - cut),
                    (x + r, y + cut),
                    (x + cut, y + r),
                    (x - cut, y + r),
                    (x - r, y + cut),
                    (x - r, y - cut),
                ]);
            }
            Self::Unknown => {
                let r = r * 1.1;
                pen.polygon(&[(x, y - r), (x + r, y), (x, y + r), (x - r, y)]);
            }
        }
    }

    /// Adds what stands on the shape, if it is large enough to be seen.
    pub(super) fn mark(self, pen: &mut Pen, (x, y): Point, radius: f32) {
        if radius < MARK_RADIUS_MIN {
            return;
        }
        let at = |dx: f32, dy: f32| (x + dx * radius, y + dy * radius);
        let width = radius * 0.28;
        match self {
            Self::Ok => {
                pen.line(&[at(-0.5, 0.05), at(-0.1, 0.42)], width);
                pen.line(&[at(-0.2, 0.42), at(0.5, -0.35)], width);
            }
            Self::Warning => {
                pen.line(&[at(0.0, -0.4), at(0.0, 0.3)], width);
                pen.disc(at(0.0, 0.6), width * 0.62);
            }
            Self::Failed => {
                pen.line(&[at(-0.42, -0.42), at(0.42, 0.42)], width);
                pen.line(&[at(0.42, -0.42), at(-0.42, 0.42)], width);
            }
            Self::Unknown => pen.disc((x, y), radius * 0.36),
            Self::Idle => pen.disc((x, y), radius * 0.6),
            Self::Added => {
                pen.line(&[at(-0.55, 0.0), at(0.55, 0.0)], width);
                pen.line(&[at(0.0, -0.55), at(0.0, 0.55)], width);
            }
            Self::Removed => pen.line(&[at(-0.55, 0.0), at(0.55, 0.0)], width),
            Self::Changed => pen.line(
                &[
                    at(-0.6, 0.12),
                    at(-0.42, -0.12),
                    at(-0.22, -0.18),
                    at(0.0, 0.0),
                    at(0.22, 0.18),
                    at(0.42, 0.12),
                    at(0.6, -0.12),
                ],
                width,
            ),
        }
    }
}
