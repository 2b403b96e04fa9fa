//! What a gate may be told.

use super::super::measure::Shape;
use super::super::plan::Measure;
use super::super::report::Verdict;
use crate::objective::Objective;

/// What a verdict must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expected {
    /// A pass.
    Pass,
    /// A fail.
    Fail,
    /// Not known.
    Inconclusive,
    /// Anything but a pass.
    NoPass,
}

impl Expected {
    pub(super) fn is_met_by(self, seen: Verdict) -> bool {
        match self {
            Self::Pass => seen == Verdict::Pass,
            Self::Fail => seen == Verdict::Fail,
            Self::Inconclusive => seen == Verdict::Inconclusive,
            Self::NoPass => seen == Verdict::Fail || seen == Verdict::Inconclusive,
        }
    }

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Inconclusive => "inconclusive",
            Self::NoPass => "no pass",
        }
    }
}

/// One kind of input. The order is that of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Input {
    /// Everything is known, and nothing is bad.
    Good,
    /// Everything is known, and all is bad.
    Bad,
    /// Everything is known, and half is bad.
    HalfBad,
    /// No series at all.
    NoData,
    /// Values that are NaN.
    NotANumber,
    /// Values that are infinite.
    Infinite,
    /// Values below 0 where there is none.
    Negative,
    /// Two series where one is meant.
    SeveralSeries,
    /// Nothing bad, of a handful of events.
    TooFew,
    /// Values at half of the points.
    HalfMissing,
    /// More bad events than events.
    Contradiction,
    /// Nothing new for a long time.
    Stale,
    /// Nobody scraped for a while.
    Gap,
    /// Who counts is down.
    TargetDown,
    /// The server doubts its answer.
    Partial,
    /// The clock of the server is off.
    ClockSkew,
    /// The server refuses to evaluate.
    Refused,
    /// An error in the body of a 200.
    HiddenError,
    /// Something else than the API.
    Page,
    /// An answer that ends in the middle.
    Truncated,
    /// An answer that points elsewhere.
    Redirect,
    /// A server that never answers.
    Silent,
    /// Nobody listens.
    Unreachable,
}

impl Input {
    pub(super) const ALL: &[Self] = &[
        Self::Good,
        Self::Bad,
        Self::HalfBad,
        Self::NoData,
        Self::NotANumber,
        Self::Infinite,
        Self::Negative,
        Self::SeveralSeries,
        Self::TooFew,
        Self::HalfMissing,
        Self::Contradiction,
        Self::Stale,
        Self::Gap,
        Self::TargetDown,
        Self::Partial,
        Self::ClockSkew,
        Self::Refused,
        Self::HiddenError,
        Self::Page,
        Self::Truncated,
        Self::Redirect,
        Self::Silent,
        Self::Unreachable,
    ];

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Bad => "all bad",
            Self::HalfBad => "half bad",
            Self::NoData => "no data",
            Self::NotANumber => "NaN",
            Self::Infinite => "+Inf",
            Self::Negative => "below 0",
            Self::SeveralSeries => "several series",
            Self::TooFew => "too few events",
            Self::HalfMissing => "half missing",
            Self::Contradiction => "contradiction",
            Self::Stale => "stale series",
            Self::Gap => "scrape gap",
            Self::TargetDown => "target down",
            Self::Partial => "partial answer",
            Self::ClockSkew => "clock skew",
            Self::Refused => "refused query",
            Self::HiddenError => "error in a 200",
            Self::Page => "web page",
            Self::Truncated => "truncated JSON",
            Self::Redirect => "redirect",
            Self::Silent => "no answer",
            Self::Unreachable => "unreachable",
        }
    }

    /// What the verdict on `objective` must be; `None` where the input makes no sense for it.
    pub(super) fn expected(self, objective: &Objective) -> Option<Expected> {
        let measure = Measure::kind_of(objective);
        match (self, measure) {
            (Self::Good, _) => Some(Expected::Pass),
            (Self::Bad, _) => Some(Expected::Fail),
            (Self::HalfBad, _) => (objective.target > 0.6).then_some(Expected::Fail),
            (Self::TooFew, Some(_)) | (Self::HalfMissing, None) => None,
            // A value that is held against a bound may be anything.
            (Self::Contradiction | Self::Negative, Some(Shape::Value(..))) => None,
            _ => Some(Expected::Inconclusive),
        }
    }
}
