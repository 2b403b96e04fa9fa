//! Runs an experiment, and takes every fault away again however it ends.
//!
//! Clean slate and steady state, then stage by stage: set the fault, read it back, hold it, wait
//! until it is felt, watch the steady state. Whatever happens on the way (an error, a panic, a
//! signal), [`run`] goes on to the rollback; only the waits can be stopped, never a change.

mod observer;
mod ledger;
mod caught;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use meter::Meter;
use outcome::Outcome;
use signals::{CHAOS_FAULT_ACTIVE, ExperimentName, FaultName, FaultTarget, StageName};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::client::{Change, Toxiproxy};
use crate::experiment::{Experiment, Probe, Stage};
use crate::journal::{Activity, Journal, StageRecord, Status};
pub(crate) use caught::caught;
use ledger::{Entry, Ledger};
pub(crate) use observer::Observer;
use observer::{Reading, short, steady_state};

/// How long the steady state may take to be seen before the first fault, and the marks of an
/// earlier fault to fade before the next one.
const SETTLE_TIME_MAX: Duration = Duration::from_secs(20);

/// Readings outside of tolerance, or without a value, in a row that are one too many. One alone can
/// be a scrape that came late.
const BAD_READINGS_MAX: u32 = 3;

/// Tries to take one fault away.
pub(crate) const UNDO_TRIES_MAX: u32 = 4;

/// Pause between two such tries.
pub(crate) const UNDO_PAUSE: Duration = Duration::from_millis(500);

/// What a run needs beside the experiment.
pub(crate) struct Tools {
    pub(crate) toxiproxy: Toxiproxy,
    pub(crate) observer: Observer,
    pub(crate) meter: Arc<Meter>,
    /// Multiplies how long each stage is held.
    pub(crate) scale: f64,
    /// Time between two readings.
    pub(crate) pace: Duration,
    /// Takes lines for people.
    pub(crate) say: Box<dyn Fn(&str) + Send + Sync>,
}

impl std::fmt::Debug for Tools {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tools")
            .field("toxiproxy", &self.toxiproxy)
            .finish_non_exhaustive()
    }
}

/// Why an experiment was not carried on.
#[derive(Debug, Clone, PartialEq)]
struct Halt {
    outcome: Outcome,
    detail: String,
}

impl Halt {
    fn new(outcome: Outcome, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        Self { outcome, detail }
    }

    fn inconclusive(detail: impl Into<String>) -> Self {
        Self::new(Outcome::Inconclusive, detail)
    }
}

impl From<crate::client::ClientError> for Halt {
    fn from(error: crate::client::ClientError) -> Self {
        Self::new(Outcome::Broken, error.to_string())
    }
}

/// Runs an experiment to its end, until `stop`, or until something keeps it from going on; then
/// takes all its faults away. The journal says what came of it.
pub(crate) async fn run(
    experiment: &Experiment,
    tools: &Tools,
    stop: &CancellationToken,
) -> Journal {
    let journal = Journal::begun(&experiment.name, &experiment.title, Timestamp::now());
    let mut run = Run {
        experiment,
        tools,
        stop,
        journal,
        ledger: Ledger::default(),
        has_begun: false,
    };
    run.say("begin", &experiment.title);
    let began = Instant::now();
    let reached = caught(run.forward()).await;
    run.close_stage();
    run.note_reached(
        reached.unwrap_or_else(|_| Err(Halt::new(Outcome::Broken, "a bug: the runner panicked"))),
    );
    run.roll_back().await;
    if run.has_begun && !stop.is_cancelled() {
        let after = caught(run.recover()).await;
        run.note_after(
            after.unwrap_or_else(|_| Err(Halt::new(Outcome::Broken, "a bug: the runner panicked"))),
        );
    }
    run.journal.end = Timestamp::now();
    run.journal.duration = began.elapsed().as_secs_f64();
    let verdict = match run.journal.detail.as_str() {
        "" => run.journal.outcome.clone(),
        detail => format!("{}: {detail}", run.journal.outcome),
    };
    run.say("verdict", &verdict);
    run.journal
}

/// One run of one experiment.
#[derive(Debug)]
struct Run<'a> {
    experiment: &'a Experiment,
    tools: &'a Tools,
    stop: &'a CancellationToken,
    journal: Journal,
    ledger: Ledger,
    /// Whether anything was changed.
    has_begun: bool,
}

mod forward;
mod back;

impl Run<'_> {
    fn say(&self, phase: &str, text: &str) {
        (self.tools.say)(&format!("{}: {phase}: {text}", self.experiment.name));
    }

    /// Waits for something, unless the run is to stop.
    async fn unless_stopped<T>(&self, future: impl Future<Output = T>) -> Result<T, Halt> {
        tokio::select! {
            biased;
            () = self.stop.cancelled() => Err(Halt::new(Outcome::Interrupted, "stopped by a signal")),
            output = future => Ok(output),
        }
    }

    async fn pause(&self) -> Result<(), Halt> {
        self.unless_stopped(tokio::time::sleep(self.tools.pace))
            .await
    }

    async fn read_all(&self, probes: &[Probe]) -> Result<Vec<Reading>, Halt> {
        self.unless_stopped(self.tools.observer.read_all(probes))
            .await
    }

    /// Reads `probes` until all of them hold, or `patience` is over.
    async fn await_all(&self, probes: &[Probe], patience: Duration) -> Result<Vec<Reading>, Halt> {
        let deadline = Instant::now() + patience;
        loop {
            let readings = self.read_all(probes).await?;
            if readings.iter().all(|reading| reading.holds) || Instant::now() >= deadline {
                return Ok(readings);
            }
            self.pause().await?;
        }
    }

    fn set_active(&self, entry: &Entry, is_active: bool) {
        let labels = (
            ExperimentName(self.experiment.name.clone()),
            StageName(entry.stage.clone()),
            FaultTarget(entry.fault.proxy().to_owned()),
            FaultName(entry.fault.fault().unwrap_or_default().to_owned()),
        );
        let value = if is_active { 1.0 } else { 0.0 };
        self.tools.meter.set(&CHAOS_FAULT_ACTIVE, labels, value);
    }

    fn note_reached(&mut self, reached: Result<(), Halt>) {
        let Err(halt) = reached else { return };
        self.journal.status = match halt.outcome {
            Outcome::Interrupted => Status::Interrupted,
            _ if !self.has_begun => Status::Failed,
            _ => Status::Aborted,
        };
        self.journal.deviated |= halt.outcome == Outcome::Missed;
        self.journal.note(halt.outcome, &halt.detail);
    }

    fn note_after(&mut self, after: Result<(), Halt>) {
        let Err(halt) = after else { return };
        if halt.outcome == Outcome::Interrupted {
            self.journal.status = Status::Interrupted;
        }
        self.journal.deviated |= halt.outcome == Outcome::Missed;
        self.journal.note(halt.outcome, &halt.detail);
    }
}

/// The readings that do not hold, in words.
fn complaints(readings: &[Reading]) -> String {
    let failing = readings.iter().filter(|reading| !reading.holds);
    let complaints: Vec<String> = failing.map(Reading::complaint).collect();
    complaints.join("; ")
}

/// What readings that do not hold come to: a value outside of tolerance is a miss, and no value is
/// no verdict.
fn judged(readings: &[Reading]) -> Outcome {
    if readings
        .iter()
        .any(|reading| !reading.holds && reading.value.is_ok())
    {
        return Outcome::Missed;
    }
    Outcome::Inconclusive
}

#[cfg(test)]
mod tests;
