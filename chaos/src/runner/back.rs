//! The way back: every fault is taken away, and everything must be well again.

use super::course::State;
use super::set::action;
use super::*;
use crate::client::{Change, ClientError};
use crate::journal::UserRecord;
use crate::processes::{Act, ProcessError};

/// Shortest time over which users are asked about: a rate needs some scrapes.
const USERS_WINDOW_MIN: Duration = Duration::from_secs(5);

/// How long users' objectives may take to be known.
const USERS_PATIENCE: Duration = Duration::from_secs(10);

impl Run<'_> {
    /// Takes every fault away that was or may have been set. It cannot be stopped.
    pub(super) async fn roll_back(&mut self) {
        if !self.held.is_empty() {
            // A change that was given up could otherwise take effect after it was undone.
            let _ = caught(self.tools.toxiproxy.settle()).await;
        }
        let held = self.held.iter().rev();
        let all: Vec<(String, State)> = held
            .map(|held| (held.wanted.fault.name.clone(), held.wanted.state.clone()))
            .collect();
        for (name, state) in all {
            self.roll_back_one(&name, &state).await;
        }
        let Some(lease) = self.lease.take() else {
            return;
        };
        let released = caught(lease.release()).await;
        // Whatever was not undone above is named there already.
        if let Err(error) = released.unwrap_or(Err(ClientError::Panicked))
            && !matches!(error, ClientError::LeaseEnded)
        {
            let detail = format!("the lease could not be given back: {error}");
            self.journal.note(Outcome::Broken, &detail);
        }
    }

    async fn roll_back_one(&mut self, name: &str, state: &State) {
        let start = Timestamp::now();
        let undone = caught(self.undo_at_last(state)).await;
        let undone = undone.unwrap_or_else(|_| Err(Halt::panicked()));
        let text = format!("{} no more", state.words());
        let record = action(name, &text, start, undone.as_ref().err());
        self.journal.rollbacks.push(record);
        match undone {
            Ok(()) => {
                // What is noted counts, also when telling it panics.
                let told = caught(async { self.is_gone(name) }).await;
                if told.is_err() {
                    self.journal
                        .note(Outcome::Broken, "a bug: the runner panicked");
                }
            }
            Err(halt) => {
                let detail = format!("left behind: {} ({})", state.words(), halt.detail);
                self.journal.note(Outcome::Broken, &detail);
                let _ = caught(async { self.tell("rollback", &detail) }).await;
            }
        }
    }

    /// Undoes one fault, and is content when it is gone, whoever took it away.
    async fn undo_at_last(&self, state: &State) -> Result<(), Halt> {
        if let State::Process { process, act } = state {
            return Ok(self.undo_process(process, *act).await?);
        }
        match state.undo() {
            Some(undo) => Ok(self.undo_change(&undo).await?),
            None => Ok(()),
        }
    }

    async fn undo_process(&self, process: &str, act: Act) -> Result<(), ProcessError> {
        let Some(processes) = self
            .tools
            .processes
            .as_ref()
            .filter(|_| act != Act::Restart)
        else {
            return Ok(());
        };
        let mut tries = 1;
        loop {
            match processes.undo(process).await {
                Err(_) if tries < UNDO_TRIES_MAX => tries += 1,
                undone => return undone,
            }
            tokio::time::sleep(UNDO_PAUSE).await;
        }
    }

    async fn undo_change(&self, undo: &Change) -> Result<(), ClientError> {
        let toxiproxy = &self.tools.toxiproxy;
        let mut tries = 1;
        loop {
            let made = match (toxiproxy.has(undo).await, &self.lease) {
                (Ok(true), _) => Ok(()),
                (Ok(false), Some(lease)) => lease.make(toxiproxy, undo).await,
                (Ok(false), None) => toxiproxy.make(undo).await,
                (Err(error), _) => Err(error),
            };
            match made {
                Err(_) if tries < UNDO_TRIES_MAX => tries += 1,
                made => return made,
            }
            tokio::time::sleep(UNDO_PAUSE).await;
        }
    }

    /// Waits until the steady state is back, and what else recovery means; then asks what users
    /// noticed.
    pub(super) async fn recover(&mut self) -> Result<(), Halt> {
        let plan = self.plan;
        let began = Instant::now();
        let readings = self
            .await_all("after", &plan.recovered, began, plan.recovery_within)
            .await?;
        self.note_alerts();
        self.note_silent_alerts();
        self.journal.steady_states.after = Some(steady_state(&readings));
        let complaint = complaints(&readings);
        if !complaint.is_empty() {
            let within = plan.recovery_within.as_secs();
            let detail = format!("not well again within {within} s: {complaint}");
            return Err(Halt::new(judged(&readings), detail));
        }
        let seconds = began.elapsed().as_secs_f64();
        self.journal.recovery_seconds = Some(seconds);
        self.tell(
            "after",
            &format!("well again after {seconds:.1} s: {}", values(&readings)),
        );
        self.ask_users().await
    }

    /// Judges what users may notice, from the first fault until now.
    async fn ask_users(&mut self) -> Result<(), Halt> {
        let Some(first) = self.first_fault else {
            return Ok(());
        };
        let mut worst = Outcome::Held;
        let mut details = Vec::new();
        for impact in &self.plan.users {
            let window = first.elapsed().max(USERS_WINDOW_MIN).as_secs() + 1;
            let query = slo::promql::fill_window(&impact.error_ratio, &format!("{window}s"));
            let share = self.unless_stopped(self.share(&query)).await?;
            let attained = share.as_ref().ok().map(|bad| 1.0 - bad);
            let (outcome, detail) = match &share {
                Ok(bad) if 1.0 - bad >= impact.least => (Outcome::Held, String::new()),
                Ok(bad) => {
                    let good = (1.0 - bad) * 100.0;
                    let least = impact.least * 100.0;
                    let text = format!("{} was {good:.3} %, {least} % promised", impact.objective);
                    (Outcome::Missed, text)
                }
                Err(why) => {
                    let text = format!("{} is not known: {why}", impact.objective);
                    (Outcome::Inconclusive, text)
                }
            };
            worst = worst.worst(outcome);
            details.extend(Some(detail).filter(|detail| !detail.is_empty()));
            self.journal.users.push(UserRecord {
                objective: impact.objective.clone(),
                attained,
                least: impact.least,
                detail: share.err().unwrap_or_default(),
            });
        }
        if worst == Outcome::Held {
            return Ok(());
        }
        Err(Halt::new(worst, format!("users: {}", details.join("; "))))
    }

    /// A share of bad events, asked for until it is one.
    async fn share(&self, query: &str) -> Result<f64, String> {
        let deadline = Instant::now() + USERS_PATIENCE;
        loop {
            let share = match self.tools.observer.value(query).await {
                Ok(share) if (-1e-9..=1.0 + 1e-9).contains(&share) => Ok(share.clamp(0.0, 1.0)),
                Ok(share) => Err(format!("{share} is no share")),
                Err(why) => Err(why),
            };
            if share.is_ok() || Instant::now() >= deadline {
                return share;
            }
            tokio::time::sleep(self.tools.pace).await;
        }
    }
}
