//! Why a verdict is not a pass: a code for programs and a sentence with advice for people.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::evidence::{Counts, Lost, LostKind, Unit};
use crate::text::{count, percent};

/// Which query of an objective is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Which {
    /// The count of all events.
    Total,
    /// The count of good events.
    Good,
    /// The count of bad events.
    Bad,
    /// A share that is recorded as such.
    Raw,
    /// A value that is held against a bound.
    Threshold,
    /// The count of series at the beginning of the objective's own window.
    History,
}

impl From<Counts> for Which {
    fn from(counts: Counts) -> Self {
        match counts {
            Counts::Good => Self::Good,
            Counts::Bad => Self::Bad,
        }
    }
}

impl fmt::Display for Which {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Total => "total",
            Self::Good => "good",
            Self::Bad => "bad",
            Self::Raw => "raw",
            Self::Threshold => "threshold",
            Self::History => "history",
        })
    }
}

/// Why a verdict is fail or inconclusive. Serialised, its `code` is the name in snake case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Reason {
    /// Fail: more bad events than the objective allows, over the window of the gate.
    Missed {
        /// Share of bad events.
        error_ratio: f64,
        /// Share that is allowed.
        allowed_ratio: f64,
        /// All events.
        total: f64,
    },
    /// Fail: the budget of the objective's own window is spent.
    BudgetSpent {
        /// Share of bad events over that window.
        error_ratio: f64,
        /// Share that is allowed.
        allowed_ratio: f64,
    },
    /// A query gave no series.
    NoData {
        /// Which query.
        query: Which,
    },
    /// A query gave a value that is no number.
    Nan {
        /// Which query.
        query: Which,
        /// The value: `NaN`, `inf` or `-inf`.
        value: String,
    },
    /// A query gave several series where one is meant.
    SeveralSeries {
        /// Which query.
        query: Which,
        /// How many series.
        series: usize,
    },
    /// There were too few events to tell.
    TooFewEvents {
        /// How many there were.
        seen: f64,
        /// How many it takes.
        needed: u64,
        /// What is counted.
        unit: Unit,
    },
    /// As many bad events may be chance, for a release that keeps its promise as for one that
    /// breaks it.
    Undecided {
        /// Share of bad events that was seen.
        error_ratio: f64,
        /// The share that is at least true, at the level of confidence.
        lower: f64,
        /// The share that is at most true.
        upper: f64,
        /// Share that is allowed.
        allowed_ratio: f64,
        /// How many more events, all good, would prove it; `None` when no number would.
        more_needed: Option<u64>,
    },
    /// At too many points in time there was no value.
    PointsMissing {
        /// Which query.
        query: Which,
        /// Points that have a value.
        seen: usize,
        /// Points that the window has.
        expected: usize,
    },
    /// The clocks of this machine and of Prometheus differ.
    ClockSkew {
        /// By how many seconds Prometheus is ahead; below 0 when it is behind.
        seconds: f64,
        /// By how many they may differ.
        limit_seconds: f64,
    },
    /// What recording rules counted differs from what the expression of the objective gives.
    RecordingsDisagree {
        /// What differs.
        message: String,
    },
    /// Some events may not have been counted: who counts them was down.
    TargetDown {
        /// Who, as `job/instance`.
        target: String,
        /// What was seen of it.
        detail: String,
    },
    /// The series are not fresh, so what happens now is not in them.
    Stale {
        /// Whose, as `job/instance`.
        target: String,
        /// What was seen of it.
        detail: String,
    },
    /// For a while nobody scraped, so what happened then may be missing.
    Gap {
        /// Who was not scraped, as `job/instance`.
        target: String,
        /// How long, in seconds, when that is known.
        seconds: Option<f64>,
        /// How long it may be.
        limit_seconds: f64,
    },
    /// Counters began in the window above 0: what they counted before their first scrape is in no
    /// increase.
    BornInWindow {
        /// Whose, as `job/instance`.
        target: String,
        /// Their first values, summed, when that is known.
        value: Option<f64>,
    },
    /// Prometheus could not be reached, or did not answer in time.
    SourceUnreachable {
        /// What happened.
        message: String,
    },
    /// Prometheus answered with an error.
    SourceRefused {
        /// What it said.
        message: String,
    },
    /// What answered is no Prometheus.
    NotAnApi {
        /// What is wrong with the answer.
        message: String,
    },
    /// An answer was larger than is read.
    AnswerTooLarge {
        /// What happened.
        message: String,
    },
    /// Prometheus doubts that its answer is complete.
    Partial {
        /// What it said.
        message: String,
    },
    /// The numbers contradict each other.
    Contradiction {
        /// Which numbers.
        message: String,
    },
}

impl Reason {
    /// The stable name for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Missed { .. } => "missed",
            Self::BudgetSpent { .. } => "budget_spent",
            Self::NoData { .. } => "no_data",
            Self::Nan { .. } => "nan",
            Self::SeveralSeries { .. } => "several_series",
            Self::TooFewEvents { .. } => "too_few_events",
            Self::Undecided { .. } => "undecided",
            Self::PointsMissing { .. } => "points_missing",
            Self::ClockSkew { .. } => "clock_skew",
            Self::RecordingsDisagree { .. } => "recordings_disagree",
            Self::TargetDown { .. } => "target_down",
            Self::Stale { .. } => "stale",
            Self::Gap { .. } => "gap",
            Self::BornInWindow { .. } => "born_in_window",
            Self::SourceUnreachable { .. } => "source_unreachable",
            Self::SourceRefused { .. } => "source_refused",
            Self::NotAnApi { .. } => "not_an_api",
            Self::AnswerTooLarge { .. } => "answer_too_large",
            Self::Partial { .. } => "partial",
            Self::Contradiction { .. } => "contradiction",
        }
    }

    /// Whether it says that the objective was missed; all others say that it is not known.
    #[must_use]
    pub fn is_miss(&self) -> bool {
        matches!(self, Self::Missed { .. } | Self::BudgetSpent { .. })
    }
}

impl From<Lost> for Reason {
    fn from(lost: Lost) -> Self {
        let message = lost.message;
        match lost.kind {
            LostKind::Unreachable => Self::SourceUnreachable { message },
            LostKind::Refused | LostKind::BadQuery => Self::SourceRefused { message },
            LostKind::NotAnApi => Self::NotAnApi { message },
            LostKind::TooLarge => Self::AnswerTooLarge { message },
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missed {
                error_ratio,
                allowed_ratio,
                total,
            } => write!(
                f,
                "{} of {} events were bad, {} may be. Do not ship this.",
                percent(*error_ratio),
                count(*total),
                percent(*allowed_ratio)
            ),
            Self::BudgetSpent {
                error_ratio,
                allowed_ratio,
            } => write!(
                f,
                "The budget of the objective's own window is spent: {} were bad, {} may be. Hold \
                 risky releases until it recovers.",
                percent(*error_ratio),
                percent(*allowed_ratio)
            ),
            Self::NoData { query } => write!(
                f,
                "The query for {query} gave no series. Check its selector and --match, and that \
                 the service creates its series at start with 0."
            ),
            Self::Nan { query, value } => {
                write!(
                    f,
                    "The query for {query} gave {value}. Make it give a plain count."
                )
            }
            Self::SeveralSeries { query, series } => write!(
                f,
                "The query for {query} gave {series} series where one is meant. Put sum() around it."
            ),
            Self::TooFewEvents { .. } | Self::Undecided { .. } | Self::PointsMissing { .. } => {
                self.of_numbers(f)
            }
            Self::ClockSkew {
                seconds,
                limit_seconds,
            } => {
                let side = if *seconds > 0.0 { "ahead of" } else { "behind" };
                write!(
                    f,
                    "The clock of Prometheus is {} {side} this machine's, more than {}. Set the \
                     clocks right (NTP), then ask again.",
                    in_seconds(seconds.abs()),
                    in_seconds(*limit_seconds)
                )
            }
            Self::TargetDown { .. }
            | Self::Stale { .. }
            | Self::Gap { .. }
            | Self::BornInWindow { .. } => self.of_target(f),
            Self::SourceUnreachable { message }
            | Self::SourceRefused { message }
            | Self::NotAnApi { message }
            | Self::AnswerTooLarge { message }
            | Self::Partial { message }
            | Self::RecordingsDisagree { message }
            | Self::Contradiction { message } => write!(f, "{message}. {}", self.advice()),
        }
    }
}

fn in_seconds(seconds: f64) -> String {
    format!("{} s", count(seconds))
}

impl Reason {
    /// The sentence of a reason that is about too few or too uncertain numbers.
    fn of_numbers(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooFewEvents { seen, needed, unit } => {
                let more = (*needed as f64 - seen).ceil();
                let advice = match unit {
                    Unit::Events => "Send more traffic, widen --window or lower --min-events.",
                    Unit::Slices | Unit::Points => "Widen --window.",
                };
                write!(
                    f,
                    "{} {unit}, {} needed: {} more. {advice}",
                    count(*seen),
                    count(*needed as f64),
                    count(more)
                )
            }
            Self::Undecided {
                error_ratio,
                lower,
                upper,
                allowed_ratio,
                more_needed,
            } => {
                let advice = match more_needed {
                    Some(more) => {
                        format!("It needs {} more requests, all good.", count(*more as f64))
                    }
                    None => "No number of further requests would prove it.".to_owned(),
                };
                write!(
                    f,
                    "{} of the events were bad, which may be anything from {} to {}; {} may be. \
                     {advice}",
                    percent(*error_ratio),
                    percent(*lower),
                    percent(*upper),
                    percent(*allowed_ratio)
                )
            }
            Self::PointsMissing {
                query,
                seen,
                expected,
            } => write!(
                f,
                "The query for {query} has a value at {} of {} points of the window. See what \
                 it gives there; where there is nothing to measure it should give a number.",
                count(*seen as f64),
                count(*expected as f64)
            ),
            _ => Ok(()),
        }
    }

    /// The sentence of a reason that names a target.
    fn of_target(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TargetDown { target, detail } => write!(
                f,
                "{target} {detail}, so events may be missing. See why, then ask again."
            ),
            Self::Stale { target, detail } => {
                write!(
                    f,
                    "{target}: {detail}. Check that it is scraped, then ask again."
                )
            }
            Self::Gap {
                target,
                seconds,
                limit_seconds,
            } => {
                let long = seconds.map_or("an unknown time".to_owned(), in_seconds);
                let limit = in_seconds(*limit_seconds);
                write!(
                    f,
                    "{target} was not scraped for {long} within the window, more than {limit}, \
                     so events may be missing. See whether Prometheus was down; ask again when \
                     the window is past it."
                )
            }
            Self::BornInWindow { target, value } => write!(
                f,
                "{target}: series began in the window at {}: events before their first scrape are \
                 not counted. Create them at start with 0, or ask again when the window is past \
                 it.",
                value.map_or("an unknown value".to_owned(), count)
            ),
            _ => Ok(()),
        }
    }

    /// What to do about a reason whose message comes from elsewhere.
    fn advice(&self) -> &'static str {
        match self {
            Self::SourceUnreachable { .. } => "Check --prometheus, or allow more with --timeout.",
            Self::SourceRefused { .. } => "See the log of Prometheus.",
            Self::NotAnApi { .. } => "Check that --prometheus names Prometheus itself.",
            Self::AnswerTooLarge { .. } => "Narrow it with --match.",
            Self::Partial { .. } => {
                "Prometheus doubts its answer; ask again when all of it is there."
            }
            Self::RecordingsDisagree { .. } => {
                "Check that the recording rules are those of this objective, then ask again."
            }
            Self::Contradiction { .. } => "Check that the queries count the same events.",
            _ => "",
        }
    }
}
