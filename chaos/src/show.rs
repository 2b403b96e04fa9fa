//! What a person sees of a run while it goes on.
//!
//! On a terminal a block that is painted anew each second, below the sentences that stay; elsewhere
//! plain lines. What is shown is decided by pure code ([`Board`], [`Plain`]); a thread of its own
//! writes it, so that a terminal that is stopped or gone delays nothing.

mod text;
mod spark;
mod board;
mod plain;
mod screen;

use std::time::Duration;

pub(crate) use board::{Board, Look};
pub(crate) use plain::Plain;
pub(crate) use screen::Screen;
pub(crate) use text::{cut, figure, lasting, one_line, width};

/// Takes what a run has to say; called from one task.
pub(crate) trait Show: Send + Sync {
    /// A sentence that stays.
    fn line(&self, text: &str);

    /// Where it stands; each takes the place of the one before.
    fn moment(&self, moment: &Moment);
}

/// One second of a run.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Moment {
    /// Name of the experiment.
    pub(crate) experiment: String,
    /// Name of the stage, or `before`, `rollback`, `after`.
    pub(crate) stage: String,
    /// Number of the stage from 1, and of how many; 0 outside of the stages.
    pub(crate) number: usize,
    pub(crate) count: usize,
    /// Since the stage began, and how long it should last.
    pub(crate) elapsed: Duration,
    pub(crate) planned: Duration,
    /// Faults that are set.
    pub(crate) faults: Vec<ActiveFault>,
    /// What was just read: the steady state, then the effects of the stage.
    pub(crate) probes: Vec<ProbeNow>,
}

/// A fault that is set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ActiveFault {
    /// In words: `latency 800 ms on redis`.
    pub(crate) text: String,
    /// How long it would last if the runner died now; `None` when it cannot outlast it.
    pub(crate) lease_left: Option<Duration>,
}

/// A probe as it was just read.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ProbeNow {
    pub(crate) name: String,
    /// `None` when it is not known.
    pub(crate) value: Option<f64>,
    /// Whether it is as it should be.
    pub(crate) holds: bool,
}

#[cfg(test)]
mod tests;
