//! The way back: every fault is taken away, and everything must be well again.

use super::forward::{action, values};
use super::*;

impl Run<'_> {
    /// Takes every fault away that was or may have been set. It cannot be stopped.
    pub(super) async fn roll_back(&mut self) {
        let open = self.ledger.to_undo();
        if open.is_empty() {
            return;
        }
        // A change that was given up could otherwise take effect after it was undone.
        let _ = caught(self.tools.toxiproxy.settle()).await;
        for entry in open {
            self.tell(&entry.undo.to_string()).await;
            let start = Timestamp::now();
            let undone = caught(self.undo(&entry.undo)).await;
            let undone = undone.unwrap_or(Err(crate::client::ClientError::Panicked));
            let error = undone.as_ref().err();
            self.journal
                .rollbacks
                .push(action(&entry.stage, &entry.undo, start, error));
            match undone {
                Ok(()) => {
                    self.ledger.done(&entry.undo);
                    self.set_active(&entry, false);
                }
                Err(error) => {
                    let detail = format!("left behind: {} ({error})", entry.fault);
                    self.journal.note(Outcome::Broken, &detail);
                    self.tell(&detail).await;
                }
            }
        }
    }

    /// Says something, and goes on with the rollback even when that panics.
    async fn tell(&mut self, text: &str) {
        let told = caught(async { self.say("rollback", text) }).await;
        if told.is_err() {
            self.journal
                .note(Outcome::Broken, "a bug: the runner panicked");
        }
    }

    /// Undoes one fault, and is content when it is gone, whoever took it away.
    async fn undo(&self, undo: &Change) -> Result<(), crate::client::ClientError> {
        let mut tries = 1;
        loop {
            let made = match self.tools.toxiproxy.has(undo).await {
                Ok(true) => Ok(()),
                Ok(false) => self.tools.toxiproxy.make(undo).await,
                Err(error) => Err(error),
            };
            match made {
                Err(_) if tries < UNDO_TRIES_MAX => tries += 1,
                made => return made,
            }
            tokio::time::sleep(UNDO_PAUSE).await;
        }
    }

    /// Waits until the steady state is back, and what else recovery means.
    pub(super) async fn recover(&mut self) -> Result<(), Halt> {
        let experiment = self.experiment;
        let all: Vec<Probe> = experiment
            .steady
            .iter()
            .chain(&experiment.recovered)
            .cloned()
            .collect();
        let began = Instant::now();
        let readings = self.await_all(&all, experiment.recovery_within).await?;
        self.journal.steady_states.after = Some(steady_state(&readings));
        let complaint = complaints(&readings);
        if complaint.is_empty() {
            let seconds = began.elapsed().as_secs_f64();
            self.journal.recovery_seconds = Some(seconds);
            self.say(
                "after",
                &format!("well again after {seconds:.1} s: {}", values(&readings)),
            );
            return Ok(());
        }
        let within = experiment.recovery_within.as_secs();
        let detail = format!("not well again within {within} s: {complaint}");
        Err(Halt::new(judged(&readings), detail))
    }
}
