//! Whether the rollbacks of a file undo what its method does.
//!
//! Our runner undoes whatever it did, whatever the file says. But the file is also there for people
//! and for Chaos Toolkit, and for them a rollback that forgets something is a trap.

use std::collections::BTreeSet;

use super::activity::Action;
use crate::client::Change;

/// What is wrong on a Toxiproxy after some actions, and where.
#[derive(Debug, Default)]
pub(super) struct Rehearsed {
    toxics: BTreeSet<(String, String)>,
    disabled: BTreeSet<String>,
}

impl Rehearsed {
    /// Does what an action would do.
    ///
    /// # Errors
    /// Why the server would refuse it, in words.
    pub(super) fn apply(&mut self, action: &Action) -> Result<(), String> {
        match action {
            Action::Reset => *self = Self::default(),
            Action::Change(Change::Add { proxy, toxic }) => {
                if !self.toxics.insert((proxy.clone(), toxic.name.clone())) {
                    return Err(format!("adds a second toxic {} to {proxy}", toxic.name));
                }
            }
            Action::Change(Change::Update { proxy, toxic }) => {
                if !self.toxics.contains(&(proxy.clone(), toxic.name.clone())) {
                    let name = &toxic.name;
                    return Err(format!(
                        "updates {name} of {proxy}, which has no such toxic"
                    ));
                }
            }
            Action::Change(Change::Remove { proxy, name }) => {
                if !self.toxics.remove(&(proxy.clone(), name.clone())) {
                    return Err(format!(
                        "removes {name} from {proxy}, which has no such toxic"
                    ));
                }
            }
            Action::Change(Change::Enable { proxy, enabled }) => {
                if *enabled {
                    self.disabled.remove(proxy);
                } else {
                    self.disabled.insert(proxy.clone());
                }
            }
        }
        Ok(())
    }

    /// What is still wrong, in words.
    pub(super) fn left(&self) -> Option<String> {
        let toxic = self
            .toxics
            .first()
            .map(|(proxy, name)| format!("toxic {name} on {proxy}"));
        toxic.or_else(|| {
            self.disabled
                .first()
                .map(|proxy| format!("{proxy} disabled"))
        })
    }
}
