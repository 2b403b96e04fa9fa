//! Setting faults and taking them away, with everything noted before it is done.

use jiff::Timestamp;
use signals::{CHAOS_FAULT_ACTIVE, ExperimentName, FaultName, FaultTarget, StageName};
use tokio::time::Instant;

use super::course::{State, Step, Wanted, steps};
use super::{Halt, Run};
use crate::journal::{Activity, Doing, FaultRecord, seconds_since};
use crate::processes::{Act, ProcessError};

/// A fault that is, or may be, in effect: it is noted before it is set, because a change that was
/// asked for and not confirmed may have been made all the same.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) wanted: Wanted,
    /// Stage that set it, or gave it its numbers.
    pub(super) stage: String,
    /// Place of its record in the journal.
    record: usize,
    /// When its lease was last renewed, of a process.
    renewed: Instant,
}

impl Run<'_> {
    /// Leads from what is set to what `wanted` says. This is never stopped half way: each change has
    /// its own deadline.
    pub(super) async fn lead_to(&mut self, stage: &str, wanted: &[Wanted]) -> Result<(), Halt> {
        self.carry_over(stage, wanted);
        let set: Vec<Wanted> = self.held.iter().map(|held| held.wanted.clone()).collect();
        for step in steps(&set, wanted) {
            match step {
                Step::Undo(name) => self.take_away(&name).await?,
                Step::Set(wanted) => self.set(stage, *wanted).await?,
            }
        }
        Ok(())
    }

    async fn set(&mut self, stage: &str, wanted: Wanted) -> Result<(), Halt> {
        let place = self.place(&wanted.fault.name);
        let before = place.map(|place| self.held[place].wanted.state.clone());
        let text = wanted.state.words();
        let start = Timestamp::now();
        self.first_fault.get_or_insert_with(Instant::now);
        let place = match place {
            Some(place) => {
                self.held[place].wanted = wanted.clone();
                place
            }
            None => self.hold_new(stage, wanted.clone()),
        };
        let made = self.make(&wanted.state, before.as_ref()).await;
        self.note_action(&wanted.fault.name, &text, start, made.as_ref().err());
        made?;
        let record = self.held[place].record;
        self.journal.faults[record].detail = wanted.words();
        if before.is_none() {
            self.journal.faults[record].start_seconds = self.seconds();
            self.set_active(place, true);
        }
        let telemetry = &self.tools.telemetry;
        telemetry.fault_is(stage, &wanted.fault, &text);
        if before.as_ref() != Some(&wanted.state) {
            self.tell(stage, &text);
        }
        Ok(())
    }

    async fn make(&mut self, state: &State, before: Option<&State>) -> Result<(), Halt> {
        if let State::Process { process, act } = state {
            return Ok(self.act(process, *act).await?);
        }
        let Some(change) = state.change_from(before) else {
            return Ok(());
        };
        let Some(lease) = &self.lease else {
            return Err(Halt::panicked());
        };
        Ok(lease.make(&self.tools.toxiproxy, &change).await?)
    }

    async fn act(&self, process: &str, act: Act) -> Result<(), ProcessError> {
        let Some(processes) = &self.tools.processes else {
            return Err(ProcessError {
                what: format!("{act:?} {process}").to_lowercase(),
                cause: "nobody keeps processes here, expected --processes URL".to_owned(),
            });
        };
        processes
            .act(process, act, &self.tools.holder, self.tools.lease)
            .await
    }

    /// Asks for the time of paused and killed processes again, every third of it.
    pub(super) async fn renew_processes(&mut self) -> Result<(), Halt> {
        for place in 0..self.held.len() {
            let held = &self.held[place];
            let State::Process { process, act } = held.wanted.state.clone() else {
                continue;
            };
            if act == Act::Restart || held.renewed.elapsed() < self.tools.lease / 3 {
                continue;
            }
            self.act(&process, act).await?;
            self.held[place].renewed = Instant::now();
        }
        Ok(())
    }

    async fn take_away(&mut self, name: &str) -> Result<(), Halt> {
        let Some(place) = self.place(name) else {
            return Ok(());
        };
        let state = self.held[place].wanted.state.clone();
        let start = Timestamp::now();
        let undone = self.undo(&state).await;
        let text = format!("{} no more", state.words());
        self.note_action(name, &text, start, undone.as_ref().err());
        undone?;
        self.is_gone(name);
        Ok(())
    }

    async fn undo(&mut self, state: &State) -> Result<(), Halt> {
        if let State::Process { process, act } = state {
            return match (&self.tools.processes, act) {
                (_, Act::Restart) | (None, _) => Ok(()),
                (Some(processes), _) => Ok(processes.undo(process).await?),
            };
        }
        match (state.undo(), &self.lease) {
            (Some(change), Some(lease)) => Ok(lease.make(&self.tools.toxiproxy, &change).await?),
            _ => Ok(()),
        }
    }

    /// Notes that a fault is gone.
    pub(super) fn is_gone(&mut self, name: &str) {
        let Some(place) = self.place(name) else {
            return;
        };
        self.set_active(place, false);
        let held = self.held.remove(place);
        self.journal.faults[held.record].end_seconds = Some(self.seconds());
        let telemetry = &self.tools.telemetry;
        telemetry.fault_is_gone(&held.stage, &held.wanted.fault);
        self.tell(&held.stage, &format!("{} no more", held.wanted.words()));
    }

    /// Faults that an earlier stage set, and that are still wanted, belong to this one from now on.
    fn carry_over(&mut self, stage: &str, wanted: &[Wanted]) {
        for place in 0..self.held.len() {
            let held = &self.held[place];
            let mut wanted = wanted.iter();
            let wanted = wanted.find(|wanted| wanted.fault.name == held.wanted.fault.name);
            let Some(wanted) = wanted.filter(|_| held.stage != stage) else {
                continue;
            };
            self.held[place].wanted.fault = wanted.fault.clone();
            self.set_active(place, false);
            let (seconds, record) = (self.seconds(), self.held[place].record);
            self.journal.faults[record].end_seconds = Some(seconds);
            let fault = self.held[place].wanted.clone();
            self.held[place].record = self.new_record(stage, &fault);
            self.held[place].stage = stage.to_owned();
            self.set_active(place, true);
        }
    }

    fn hold_new(&mut self, stage: &str, wanted: Wanted) -> usize {
        let record = self.new_record(stage, &wanted);
        self.held.push(Held {
            wanted,
            stage: stage.to_owned(),
            record,
            renewed: Instant::now(),
        });
        self.held.len() - 1
    }

    fn new_record(&mut self, stage: &str, wanted: &Wanted) -> usize {
        self.journal.faults.push(FaultRecord {
            stage: stage.to_owned(),
            name: wanted.fault.name.clone(),
            target: wanted.fault.target().to_owned(),
            fault: wanted.fault.label().to_owned(),
            detail: wanted.words(),
            start_seconds: self.seconds(),
            end_seconds: None,
        });
        self.journal.faults.len() - 1
    }

    fn place(&self, name: &str) -> Option<usize> {
        let mut held = self.held.iter();
        held.position(|held| held.wanted.fault.name == name)
    }

    fn set_active(&self, place: usize, is_active: bool) {
        let held = &self.held[place];
        let fault = &held.wanted.fault;
        let labels = (
            ExperimentName(self.plan.name.clone()),
            StageName(held.stage.clone()),
            FaultTarget(fault.target().to_owned()),
            FaultName(fault.label().to_owned()),
        );
        let value = if is_active { 1.0 } else { 0.0 };
        self.tools.meter.set(&CHAOS_FAULT_ACTIVE, labels, value);
    }

    fn note_action(&mut self, name: &str, text: &str, start: Timestamp, error: Option<&Halt>) {
        self.journal.run.push(action(name, text, start, error));
    }
}

/// The journal's entry of something that was done.
pub(super) fn action(name: &str, text: &str, start: Timestamp, error: Option<&Halt>) -> Activity {
    let status = if error.is_none() {
        "succeeded"
    } else {
        "failed"
    };
    Activity {
        activity: Doing::action(name),
        start,
        end: Timestamp::now(),
        duration: seconds_since(start),
        status: status.to_owned(),
        output: None,
        tolerance_met: None,
        detail: error.map_or_else(|| text.to_owned(), |halt| halt.detail.clone()),
    }
}
