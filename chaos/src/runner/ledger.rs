//! What has been changed and must be undone.

use crate::client::Change;

/// Changes that undo faults, noted before the fault is set: one that was asked for and not
/// confirmed may be there all the same.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    open: Vec<Entry>,
}

/// A fault that is, or may be, in effect.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    /// Stage that set it.
    pub(crate) stage: String,
    /// The fault.
    pub(crate) fault: Change,
    /// The change that takes it away.
    pub(crate) undo: Change,
}

impl Ledger {
    /// Notes a change that is about to be made.
    pub(crate) fn about_to(&mut self, stage: &str, change: &Change) {
        if let Some(undo) = change.undo() {
            self.open.push(Entry {
                stage: stage.to_owned(),
                fault: change.clone(),
                undo,
            });
        }
    }

    /// Notes a change that has been made; gives the faults that it took away.
    pub(crate) fn done(&mut self, change: &Change) -> Vec<Entry> {
        let (closed, open) = self.open.drain(..).partition(|entry| entry.undo == *change);
        self.open = open;
        closed
    }

    /// What is to be undone, latest first.
    pub(crate) fn to_undo(&self) -> Vec<Entry> {
        self.open.iter().rev().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_method_undoes_itself_is_not_undone_again() {
        let enable = |enabled| Change::Enable {
            proxy: "redis".to_owned(),
            enabled,
        };
        let mut ledger = Ledger::default();
        ledger.about_to("gone", &enable(false));
        ledger.done(&enable(false));
        assert_eq!(ledger.to_undo().len(), 1);
        assert_eq!(ledger.done(&enable(true))[0].stage, "gone");
        assert_eq!(ledger.to_undo(), []);
    }
}
