//! What a guard would have to undo, and nothing else: no clock and no socket.

use super::message::Undo;

/// Faults of one run that may stand at a time.
const ENTRIES_MAX: usize = 256;

/// Undos, noted before each fault is set.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    number: u64,
    undo: Undo,
    /// The runner has said that the fault was set; else it may still be on its way.
    is_made: bool,
}

impl Ledger {
    /// Notes how to undo what comes next; false when there is no room, and then it must not come.
    pub(super) fn about_to(&mut self, number: u64, undo: Undo) -> bool {
        self.undone(&undo);
        if self.entries.len() >= ENTRIES_MAX {
            return false;
        }
        let is_made = false;
        self.entries.push(Entry {
            number,
            undo,
            is_made,
        });
        true
    }

    /// The change has been made, and nothing more of it can come.
    pub(super) fn made(&mut self, number: u64) {
        let mut entries = self.entries.iter_mut();
        if let Some(entry) = entries.find(|entry| entry.number == number) {
            entry.is_made = true;
        }
    }

    /// Somebody has undone it.
    pub(super) fn undone(&mut self, undo: &Undo) {
        self.entries.retain(|entry| entry.undo != *undo);
    }

    /// All undos, the last one first.
    pub(super) fn undos(&self) -> Vec<Undo> {
        let all = self.entries.iter().rev();
        all.map(|entry| entry.undo.clone()).collect()
    }

    /// Whether a change may still be on its way to the server.
    pub(super) fn is_unsettled(&self) -> bool {
        self.entries.iter().any(|entry| !entry.is_made)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::Change;

    fn undo(name: &str) -> Undo {
        Undo::Proxy(Change::Remove {
            proxy: "redis".to_owned(),
            name: name.to_owned(),
        })
    }

    #[test]
    fn what_was_set_last_is_undone_first_and_only_once() {
        let mut ledger = Ledger::default();
        for (number, name) in [(1, "a"), (2, "b"), (3, "a")] {
            assert!(ledger.about_to(number, undo(name)));
        }
        assert_eq!(ledger.undos(), [undo("a"), undo("b")]);
        ledger.undone(&undo("a"));
        assert_eq!(ledger.undos(), [undo("b")]);
    }

    #[test]
    fn a_change_is_on_its_way_until_it_was_made() {
        let mut ledger = Ledger::default();
        ledger.about_to(1, undo("a"));
        ledger.made(2);
        assert!(ledger.is_unsettled());
        ledger.made(1);
        assert!(!ledger.is_unsettled());
        // Changed once more where it stands.
        ledger.about_to(3, undo("a"));
        assert!(ledger.is_unsettled());
    }

    #[test]
    fn a_fault_for_which_there_is_no_room_is_not_set() {
        let mut ledger = Ledger::default();
        for number in 0..256 {
            assert!(ledger.about_to(number, undo(&number.to_string())));
        }
        assert!(!ledger.about_to(256, undo("more")));
        assert!(ledger.about_to(257, undo("7")));
    }
}
