//! Runs an experiment, and takes every fault away again however it ends.
//!
//! Clean slate and steady state, a lease over all that will be broken, then stage by stage: set what
//! the stage wants, read it back, wait until each mark is seen, watch the steady state and what
//! would abort. Whatever happens on the way (an error, a panic, a signal, a lost lease), [`run`]
//! goes on to the rollback; only the waits can be stopped, never a change. Start at [`course`]: it
//! says what should be broken when, and knows no clock.

mod course;
mod observer;
mod watch;
mod caught;
mod set;
mod forward;
mod stage;
mod notes;
mod back;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use meter::Meter;
use outcome::Outcome;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::client::Toxiproxy;
use crate::experiment::{Plan, Probe};
use crate::journal::{Journal, Status};
use crate::lease::Lease;
use crate::processes::Processes;
use crate::show::Show;
use crate::telemetry::Telemetry;
pub(crate) use caught::caught;
pub(crate) use observer::Observer;
use observer::{Reading, short, steady_state};
use set::Held;
use watch::{AlertWatch, Watch};

/// How long the steady state may take to be seen before the first fault, and the marks of an
/// earlier fault to fade before the next one.
const SETTLE_TIME_MAX: Duration = Duration::from_secs(20);

/// Paces for which the steady state may be gone or unknown. A single bad reading can be a scrape that
/// came late.
const BAD_PACES_MAX: u32 = 3;

/// Tries to take one fault away.
pub(crate) const UNDO_TRIES_MAX: u32 = 4;

/// Pause between two such tries.
pub(crate) const UNDO_PAUSE: Duration = Duration::from_millis(500);

/// What a run needs beside the experiment.
pub(crate) struct Tools {
    pub(crate) toxiproxy: Toxiproxy,
    /// Who can pause and kill processes; `None` when no experiment asks for that.
    pub(crate) processes: Option<Processes>,
    pub(crate) observer: Arc<Observer>,
    pub(crate) meter: Arc<Meter>,
    pub(crate) telemetry: Telemetry,
    /// Multiplies how long each stage is held.
    pub(crate) scale: f64,
    /// Time between two readings.
    pub(crate) pace: Duration,
    /// How long a fault may outlive this process.
    pub(crate) lease: Duration,
    /// In whose name things are broken.
    pub(crate) holder: String,
    /// Shows a person what goes on.
    pub(crate) show: Box<dyn Show>,
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

    fn panicked() -> Self {
        Self::new(Outcome::Broken, "a bug: the runner panicked")
    }
}

impl From<crate::client::ClientError> for Halt {
    fn from(error: crate::client::ClientError) -> Self {
        let outcome = match error {
            // What was broken has been mended by somebody else, so nothing was shown.
            crate::client::ClientError::LeaseEnded => Outcome::Inconclusive,
            _ => Outcome::Broken,
        };
        Self::new(outcome, error.to_string())
    }
}

impl From<crate::processes::ProcessError> for Halt {
    fn from(error: crate::processes::ProcessError) -> Self {
        Self::new(Outcome::Broken, error.to_string())
    }
}

/// Runs an experiment to its end, until `stop`, or until something keeps it from going on; then
/// takes all its faults away. The journal says what came of it.
pub(crate) async fn run(plan: &Plan, tools: &Tools, stop: &CancellationToken) -> Journal {
    let mut run = Run::new(plan, tools, stop);
    run.tell("begin", &plan.title);
    run.tools.telemetry.experiment_begins(&plan.name);
    let reached = caught(run.forward()).await;
    run.close_stage();
    run.note(reached.unwrap_or_else(|_| Err(Halt::panicked())));
    run.roll_back().await;
    if run.has_begun() && !stop.is_cancelled() {
        let after = caught(run.recover()).await;
        run.note(after.unwrap_or_else(|_| Err(Halt::panicked())));
    }
    run.journal.end = Timestamp::now();
    run.journal.duration = run.seconds();
    run.tools
        .telemetry
        .experiment_ends(&plan.name, run.journal.outcome());
    let verdict = match run.journal.detail.as_str() {
        "" => run.journal.outcome.clone(),
        detail => format!("{}: {detail}", run.journal.outcome),
    };
    run.tell("verdict", &verdict);
    run.journal
}

/// One run of one experiment.
#[derive(Debug)]
struct Run<'a> {
    plan: &'a Plan,
    tools: &'a Tools,
    stop: &'a CancellationToken,
    began: Instant,
    journal: Journal,
    /// Taken before the first fault.
    lease: Option<Lease>,
    /// What is, or may be, broken.
    held: Vec<Held>,
    /// When the first fault was set, on the run's clock.
    first_fault: Option<Instant>,
    /// The steady state, then what aborts.
    steady: Watch,
    aborts: Watch,
    alerts: AlertWatch,
    /// Alerts that were there before the first fault.
    alerts_before: Vec<String>,
    /// The marks before the first fault, by the name of the effect.
    baselines: BTreeMap<String, Result<f64, String>>,
}

impl<'a> Run<'a> {
    fn new(plan: &'a Plan, tools: &'a Tools, stop: &'a CancellationToken) -> Self {
        let mut journal = Journal::begun(&plan.name, &plan.title, Timestamp::now());
        if let Some(document) = plan.document.as_object() {
            let mut document = document.clone();
            document.retain(|field, _| field != "title" && field != "name");
            journal.experiment.document = document;
        }
        let aborts = plan.aborts.iter().map(|abort| abort.probe.clone());
        let watch = |probes| Watch::start(&tools.observer, probes, tools.pace);
        Self {
            plan,
            tools,
            stop,
            began: Instant::now(),
            journal,
            lease: None,
            held: Vec::new(),
            first_fault: None,
            steady: watch(plan.steady.clone()),
            aborts: watch(aborts.collect()),
            alerts: AlertWatch::start(&tools.observer, tools.pace),
            alerts_before: Vec::new(),
            baselines: BTreeMap::new(),
        }
    }

    /// Seconds since it began.
    fn seconds(&self) -> f64 {
        self.began.elapsed().as_secs_f64()
    }

    fn has_begun(&self) -> bool {
        self.first_fault.is_some()
    }

    /// Says something to whoever watches.
    fn tell(&self, phase: &str, text: &str) {
        self.tools
            .show
            .line(&format!("{}: {phase}: {text}", self.plan.name));
    }

    /// Waits for something, unless the run is to stop or has lost its lease.
    async fn unless_stopped<T>(&self, future: impl Future<Output = T>) -> Result<T, Halt> {
        let lost = async {
            match &self.lease {
                Some(lease) => lease.lost().cancelled().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = self.stop.cancelled() => Err(Halt::new(Outcome::Interrupted, "stopped by a signal")),
            () = lost => Err(Halt::inconclusive("the lease was lost, and the faults with it")),
            output = future => Ok(output),
        }
    }

    /// Looks at `probes` and the steady state until all of them hold, as read at `since` or later, or
    /// until `patience` is over.
    async fn await_all(
        &mut self,
        phase: &str,
        probes: &[Probe],
        since: Instant,
        patience: Duration,
    ) -> Result<Vec<Reading>, Halt> {
        let began = Instant::now();
        let watch = Watch::start(&self.tools.observer, probes.to_vec(), self.tools.pace);
        loop {
            let mut readings = self.steady.latest(since);
            self.sample(&readings);
            readings.extend(watch.latest(since));
            self.show_phase(phase, began.elapsed(), patience, &readings);
            if readings.iter().all(|reading| reading.holds) || began.elapsed() >= patience {
                return Ok(readings);
            }
            self.unless_stopped(tokio::time::sleep(self.tools.pace))
                .await?;
        }
    }

    fn note(&mut self, reached: Result<(), Halt>) {
        let Err(halt) = reached else { return };
        let status = match halt.outcome {
            Outcome::Interrupted => Status::Interrupted,
            _ if !self.has_begun() => Status::Failed,
            _ => Status::Aborted,
        };
        if self.journal.status == Status::Completed {
            self.journal.status = status;
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

/// Names and values, for a person.
fn values(readings: &[Reading]) -> String {
    let shown = readings.iter().map(|reading| match &reading.value {
        Ok(value) => format!("{} {}", reading.name, short(*value)),
        Err(_) => format!("{} ?", reading.name),
    });
    shown.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
