//! Moments of an experiment.

use render::{Mark, MarkKind};

use super::{name, seconds};
use crate::journal::Journal;

/// Moments that are drawn.
const MARKS_MAX: usize = 48;

/// When faults were felt, alerts saw them, and it was well again.
pub(super) fn marks(journal: &Journal) -> Vec<Mark> {
    let mut marks = Vec::new();
    let mut mark = |at: f64, label: String, kind: MarkKind| {
        if marks.len() < MARKS_MAX {
            marks.push(Mark {
                at,
                label: name(&label),
                kind,
            });
        }
    };
    for stage in &journal.stages {
        if let Some(effect) = stage.effect_seconds {
            let at = seconds(journal, stage.start) + effect;
            mark(at, format!("felt after {effect:.1} s"), MarkKind::Note);
        }
    }
    if let Some(first) = first_fault(journal) {
        for seen in &journal.detections {
            if let Some(pending) = seen.pending_seconds {
                let label = format!("{} pending", seen.alert);
                mark(first + pending, label, MarkKind::Fault);
            }
            if let Some(firing) = seen.firing_seconds {
                let label = format!("{} firing", seen.alert);
                mark(first + firing, label, MarkKind::Fault);
            }
        }
    }
    if let Some(back) = rollback(journal) {
        mark(back, "rolled back".to_owned(), MarkKind::Deploy);
        if let Some(recovery) = journal.recovery_seconds {
            let label = format!("well again after {recovery:.1} s");
            mark(back + recovery, label, MarkKind::Deploy);
        }
    }
    marks
}

/// When the first fault took effect, in seconds from the start.
fn first_fault(journal: &Journal) -> Option<f64> {
    let starts = journal.faults.iter().map(|fault| fault.start_seconds);
    starts.reduce(f64::min)
}

/// When the last fault was gone; `None` while one is left behind.
fn rollback(journal: &Journal) -> Option<f64> {
    let ends: Option<Vec<f64>> = journal.faults.iter().map(|one| one.end_seconds).collect();
    ends?.into_iter().reduce(f64::max)
}
