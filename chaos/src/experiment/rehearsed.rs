//! Whether the rollbacks of a file undo what its method does.
//!
//! Our runner undoes whatever it did, whatever the file says. But the file is also there for people
//! and for Chaos Toolkit, and for them a rollback that forgets something is a trap.

use super::activity::Action;
use super::model::{Fault, FaultKind};

/// What is broken after some actions, in the order in which it broke.
#[derive(Debug, Default, Clone)]
pub(super) struct Rehearsed {
    pub(super) faults: Vec<Fault>,
}

impl Rehearsed {
    /// Does what the action called `name` would do.
    ///
    /// # Errors
    /// Why it would be refused, in words.
    pub(super) fn apply(&mut self, name: &str, action: &Action) -> Result<(), String> {
        match action {
            Action::Reset => self.faults.retain(|fault| process(&fault.kind).is_some()),
            Action::Set(kind) => {
                if let Some(other) = self.faults.iter().find(|other| clash(&other.kind, kind)) {
                    return Err(format!(
                        "breaks what {} has broken already, expected another target or name",
                        other.name
                    ));
                }
                if !matches!(kind, FaultKind::Restarted { .. }) {
                    self.faults.push(Fault {
                        name: name.to_owned(),
                        kind: kind.clone(),
                    });
                }
            }
            Action::Remove { proxy, toxic } => {
                let before = self.faults.len();
                self.faults
                    .retain(|fault| !is_toxic(&fault.kind, proxy, toxic));
                if self.faults.len() == before {
                    return Err(format!(
                        "removes {toxic} from {proxy}, which has no such toxic, expected one of the method"
                    ));
                }
            }
            Action::Enable { proxy } => self.faults.retain(|fault| !is_down(&fault.kind, proxy)),
            Action::Undo { process: mended } => {
                self.faults
                    .retain(|fault| process(&fault.kind) != Some(mended));
            }
        }
        Ok(())
    }

    /// What is still wrong, in words.
    pub(super) fn left(&self) -> Option<String> {
        self.faults.first().map(|fault| match &fault.kind {
            FaultKind::Toxic { proxy, toxic } => format!("toxic {} on {proxy}", toxic.name),
            FaultKind::Down { proxy } | FaultKind::Flapping { proxy, .. } => {
                format!("{proxy} disabled")
            }
            FaultKind::Paused { process } => format!("{process} paused"),
            FaultKind::Killed { process } | FaultKind::Restarted { process } => {
                format!("{process} killed")
            }
        })
    }
}

fn is_toxic(kind: &FaultKind, on: &str, named: &str) -> bool {
    matches!(kind, FaultKind::Toxic { proxy, toxic } if proxy == on && toxic.name == named)
}

fn is_down(kind: &FaultKind, which: &str) -> bool {
    matches!(kind, FaultKind::Down { proxy } | FaultKind::Flapping { proxy, .. } if proxy == which)
}

fn process(kind: &FaultKind) -> Option<&String> {
    match kind {
        FaultKind::Paused { process }
        | FaultKind::Killed { process }
        | FaultKind::Restarted { process } => Some(process),
        _ => None,
    }
}

/// Whether two faults cannot be set at the same time, since undoing one would undo the other.
pub(super) fn clash(one: &FaultKind, other: &FaultKind) -> bool {
    match other {
        FaultKind::Toxic { proxy, toxic } => is_toxic(one, proxy, &toxic.name),
        FaultKind::Down { proxy } | FaultKind::Flapping { proxy, .. } => is_down(one, proxy),
        other => process(one).is_some() && process(other) == process(one),
    }
}
