//! The way in: clean slate, steady state, the lease, and one stage after the other.

use super::*;
use crate::experiment::model::{Difference, Effect, Expected, FaultKind, Tolerance};
use crate::lease::LeaseError;

impl Run<'_> {
    /// Runs the stages.
    pub(super) async fn forward(&mut self) -> Result<(), Halt> {
        self.check_slate().await?;
        self.check_steady_before().await?;
        self.read_baselines().await?;
        self.take_lease().await?;
        let plan = self.plan;
        let mut before = None;
        for (number, stage) in plan.stages.iter().enumerate() {
            self.run_stage(number + 1, before, stage).await?;
            self.close_stage();
            before = Some(stage);
        }
        Ok(())
    }

    /// Nobody else's fault may be there: it would be taken for ours, or be taken away with ours.
    async fn check_slate(&mut self) -> Result<(), Halt> {
        let proxies = self.tools.toxiproxy.proxies().await?;
        let mut troubles = proxies
            .iter()
            .filter_map(|(name, proxy)| Some((name, proxy.trouble()?)));
        if let Some((name, trouble)) = troubles.next() {
            return Err(Halt::inconclusive(format!(
                "no clean slate: proxy {name} {trouble}"
            )));
        }
        let needed = self.targets(false);
        if let Some(missing) = needed.iter().find(|name| !proxies.contains_key(*name)) {
            return Err(Halt::inconclusive(format!(
                "Toxiproxy has no proxy {missing}"
            )));
        }
        for process in self.targets(true) {
            let Some(processes) = &self.tools.processes else {
                return Err(Halt::inconclusive(format!(
                    "{process} is a process, and nobody keeps processes here: expected --processes URL"
                )));
            };
            if let Some(trouble) = processes.trouble(&process).await? {
                return Err(Halt::inconclusive(format!(
                    "no clean slate: process {process} {trouble}"
                )));
            }
        }
        Ok(())
    }

    /// What will be broken: processes, or proxies.
    fn targets(&self, processes: bool) -> Vec<String> {
        let faults = self.plan.stages.iter().flat_map(|stage| &stage.faults);
        let wanted = faults.filter(|fault| is_of_process(&fault.kind) == processes);
        let mut targets: Vec<String> = wanted.map(|fault| fault.target().to_owned()).collect();
        targets.sort();
        targets.dedup();
        targets
    }

    async fn check_steady_before(&mut self) -> Result<(), Halt> {
        let recovered = self.plan.recovered.clone();
        let readings = self
            .await_all("before", &recovered, self.began, SETTLE_TIME_MAX)
            .await?;
        self.journal.steady_states.before = Some(steady_state(&readings));
        self.tell("before", &values(&readings));
        match complaints(&readings) {
            none if none.is_empty() => Ok(()),
            some => Err(Halt::inconclusive(format!(
                "no steady state before the fault: {some}"
            ))),
        }
    }

    /// Reads every mark before there is a fault: one that is there already proves nothing, and a rise
    /// is a rise over something. Marks of an earlier experiment may take a while to fade.
    async fn read_baselines(&mut self) -> Result<(), Halt> {
        let plan = self.plan;
        let broken = plan.stages.iter().filter(|stage| !stage.faults.is_empty());
        let effects: Vec<&Effect> = broken.flat_map(|stage| &stage.effects).collect();
        let deadline = Instant::now() + SETTLE_TIME_MAX;
        loop {
            let mut early = Vec::new();
            for effect in &effects {
                let value = self.unless_stopped(self.baseline(effect)).await?;
                if is_there(effect, value.as_ref()) {
                    early.push(effect.name.clone());
                }
                self.baselines.insert(effect.name.clone(), value);
            }
            if early.is_empty() {
                break;
            }
            if Instant::now() >= deadline {
                return Err(Halt::inconclusive(format!(
                    "marks are there before any fault, and prove nothing: {}",
                    early.join(", ")
                )));
            }
            self.unless_stopped(tokio::time::sleep(self.tools.pace))
                .await?;
        }
        let alerts = self.alerts.latest().into_iter();
        self.alerts_before = alerts.map(|alert| alert.name).collect();
        // A rise without a value before it could not be told from what was there.
        for effect in effects {
            as_probe(effect, self.baselines.get(&effect.name)).map_err(Halt::inconclusive)?;
        }
        Ok(())
    }

    async fn baseline(&self, effect: &Effect) -> Result<f64, String> {
        let probe = Probe {
            name: effect.name.clone(),
            source: effect.source.clone(),
            tolerance: Tolerance {
                least: f64::NEG_INFINITY,
                most: f64::INFINITY,
            },
        };
        self.tools.observer.read(&probe).await.value
    }

    async fn take_lease(&mut self) -> Result<(), Halt> {
        let (tools, proxies) = (self.tools, self.targets(false));
        let taking = Lease::take(&tools.toxiproxy, &tools.holder, &proxies, tools.lease);
        // A lease that is dropped half way is given up by whoever gave it.
        let taken = self.unless_stopped(taking).await?;
        self.lease = Some(taken.map_err(|error| match error {
            LeaseError::Client(error) => Halt::from(error),
            LeaseError::Time(_) => Halt::new(Outcome::Misused, error.to_string()),
            LeaseError::Taken { .. } => Halt::inconclusive(format!("no clean slate: {error}")),
        })?);
        Ok(())
    }
}

fn is_of_process(kind: &FaultKind) -> bool {
    match kind {
        FaultKind::Toxic { .. } | FaultKind::Down { .. } | FaultKind::Flapping { .. } => false,
        FaultKind::Paused { .. } | FaultKind::Killed { .. } | FaultKind::Restarted { .. } => true,
    }
}

/// Whether a mark is there before any fault. A rise cannot be.
fn is_there(effect: &Effect, value: Result<&f64, &String>) -> bool {
    match (effect.expected, value) {
        (Expected::Within(tolerance), Ok(value)) => tolerance.accepts(*value),
        _ => false,
    }
}

/// The probe that sees an effect, given what there was before the first fault.
///
/// # Errors
/// Why no rise and no fall could be told.
pub(super) fn as_probe(
    effect: &Effect,
    before: Option<&Result<f64, String>>,
) -> Result<Probe, String> {
    let (difference, sign) = match effect.expected {
        Expected::Within(tolerance) => return Ok(probe_of(effect, tolerance)),
        Expected::Rises(difference) => (difference, 1.0),
        Expected::Falls(difference) => (difference, -1.0),
    };
    let unknown = |why: &str| format!("{} is not known before the fault: {why}", effect.name);
    let before = match before {
        Some(Ok(before)) => *before,
        Some(Err(why)) => return Err(unknown(why)),
        None => return Err(unknown("it was not read")),
    };
    let by = match difference {
        Difference::Absolute(by) => by,
        Difference::Relative(share) => before.abs() * share,
    };
    if by <= 0.0 {
        return Err(format!(
            "{} is {} before the fault, of which no share can be told",
            effect.name,
            short(before)
        ));
    }
    let bound = before + sign * by;
    let tolerance = if sign > 0.0 {
        Tolerance {
            least: bound,
            most: f64::INFINITY,
        }
    } else {
        Tolerance {
            least: f64::NEG_INFINITY,
            most: bound,
        }
    };
    Ok(probe_of(effect, tolerance))
}

fn probe_of(effect: &Effect, tolerance: Tolerance) -> Probe {
    Probe {
        name: effect.name.clone(),
        source: effect.source.clone(),
        tolerance,
    }
}
