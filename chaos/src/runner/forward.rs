//! The way in: clean slate, steady state, and one stage after the other.

use super::*;

/// Time between two lines about a fault that is held.
const SAY_PAUSE: Duration = Duration::from_secs(1);

impl Run<'_> {
    /// Runs the method.
    pub(super) async fn forward(&mut self) -> Result<(), Halt> {
        self.check_slate().await?;
        self.check_steady_before().await?;
        let experiment = self.experiment;
        for stage in &experiment.stages {
            self.await_no_effect(stage).await?;
            self.set(stage).await?;
            self.hold(stage).await?;
            self.close_stage();
        }
        Ok(())
    }

    /// Nobody else's fault may be there: it would be taken for ours, or be taken away with ours.
    async fn check_slate(&mut self) -> Result<(), Halt> {
        let proxies = self.tools.toxiproxy.proxies().await?;
        if let Some((name, trouble)) = proxies
            .iter()
            .find_map(|(name, proxy)| Some((name, proxy.trouble()?)))
        {
            return Err(Halt::inconclusive(format!(
                "no clean slate: proxy {name} {trouble}"
            )));
        }
        let changes = self
            .experiment
            .stages
            .iter()
            .flat_map(|stage| &stage.changes);
        let mut needed = changes.map(|(_, change)| change.proxy());
        match needed.find(|name| !proxies.contains_key(*name)) {
            Some(missing) => Err(Halt::inconclusive(format!(
                "Toxiproxy has no proxy {missing}"
            ))),
            None => Ok(()),
        }
    }

    async fn check_steady_before(&mut self) -> Result<(), Halt> {
        let experiment = self.experiment;
        let both: Vec<Probe> = experiment
            .steady
            .iter()
            .chain(&experiment.recovered)
            .cloned()
            .collect();
        let readings = self.await_all(&both, SETTLE_TIME_MAX).await?;
        let state = steady_state(&readings);
        self.journal.steady_states.before = Some(state);
        self.say("before", &values(&readings));
        match complaints(&readings) {
            none if none.is_empty() => Ok(()),
            some => Err(Halt::inconclusive(format!(
                "no steady state before the fault: {some}"
            ))),
        }
    }

    /// An effect that is there before its cause proves nothing.
    async fn await_no_effect(&mut self, stage: &Stage) -> Result<(), Halt> {
        let deadline = Instant::now() + SETTLE_TIME_MAX;
        loop {
            let readings = self.read_all(&stage.expected).await?;
            if !readings.iter().all(|reading| reading.holds) {
                return Ok(());
            }
            if Instant::now() >= deadline {
                return Err(Halt::inconclusive(format!(
                    "the effect of {} is there before it: {}",
                    stage.name,
                    values(&readings)
                )));
            }
            self.pause().await?;
        }
    }

    /// Makes the changes of a stage. This is never stopped half way: each has its own deadline.
    async fn set(&mut self, stage: &Stage) -> Result<(), Halt> {
        self.has_begun = true;
        for (name, change) in &stage.changes {
            self.say(&stage.name, &change.to_string());
            let start = Timestamp::now();
            self.ledger.about_to(&stage.name, change);
            let made = self.tools.toxiproxy.make(change).await;
            self.journal
                .run
                .push(action(name, change, start, made.as_ref().err()));
            made?;
            for closed in self.ledger.done(change) {
                self.set_active(&closed, false);
            }
            if let Some(entry) = self
                .ledger
                .to_undo()
                .first()
                .filter(|entry| entry.fault == *change)
            {
                self.set_active(entry, true);
            }
        }
        self.journal.stages.push(StageRecord {
            name: stage.name.clone(),
            changes: stage
                .changes
                .iter()
                .map(|(_, change)| change.to_string())
                .collect(),
            start: Timestamp::now(),
            end: self.journal.start,
            effect_seconds: None,
        });
        Ok(())
    }

    /// Watches a stage until its time is over and its effect was felt.
    async fn hold(&mut self, stage: &Stage) -> Result<(), Halt> {
        let experiment = self.experiment;
        let began = Instant::now();
        let hold = stage.hold.mul_f64(self.tools.scale);
        let mut bad_readings = 0;
        let mut effect = None;
        let mut said = None;
        loop {
            let expected = self.read_all(&stage.expected).await?;
            let steady = self.read_all(&experiment.steady).await?;
            let elapsed = began.elapsed();
            if effect.is_none() && expected.iter().all(|reading| reading.holds) {
                effect = Some(elapsed);
                self.note_effect(stage, elapsed, &expected);
            }
            if said.is_none_or(|said| elapsed >= said + SAY_PAUSE) {
                said = Some(elapsed);
                let seconds = elapsed.as_secs();
                self.say(&stage.name, &format!("{seconds} s {}", values(&expected)));
            }
            let holds = steady.iter().all(|reading| reading.holds);
            bad_readings = if holds { 0 } else { bad_readings + 1 };
            let is_over =
                elapsed >= hold && (effect.is_some() || elapsed >= experiment.effect_within);
            if is_over || bad_readings >= BAD_READINGS_MAX {
                self.journal
                    .steady_states
                    .during
                    .push(steady_state(&steady));
                self.journal
                    .run
                    .extend(expected.iter().map(Reading::activity));
                break self.judge_stage(stage, effect, &steady, &expected);
            }
            self.pause().await?;
        }
    }

    fn judge_stage(
        &self,
        stage: &Stage,
        effect: Option<Duration>,
        steady: &[Reading],
        expected: &[Reading],
    ) -> Result<(), Halt> {
        let complaint = complaints(steady);
        if !complaint.is_empty() {
            let detail = format!("the steady state was lost in {}: {complaint}", stage.name);
            return Err(Halt::new(judged(steady), detail));
        }
        match effect {
            Some(_) => Ok(()),
            None => Err(Halt::inconclusive(format!(
                "{} was not felt within {} s: {}",
                stage.name,
                self.experiment.effect_within.as_secs(),
                complaints(expected)
            ))),
        }
    }

    fn note_effect(&mut self, stage: &Stage, elapsed: Duration, expected: &[Reading]) {
        let seconds = elapsed.as_secs_f64();
        self.journal.effect_seconds.get_or_insert(seconds);
        if let Some(record) = self.journal.stages.last_mut() {
            record.effect_seconds = Some(seconds);
        }
        self.say(
            &stage.name,
            &format!("felt after {seconds:.1} s: {}", values(expected)),
        );
    }

    /// Notes when the stage that is open, if any, ended.
    pub(super) fn close_stage(&mut self) {
        let start = self.journal.start;
        if let Some(record) = self
            .journal
            .stages
            .last_mut()
            .filter(|record| record.end == start)
        {
            record.end = Timestamp::now();
        }
    }
}

/// The journal's entry of a change.
pub(super) fn action(
    name: &str,
    change: &Change,
    start: Timestamp,
    error: Option<&crate::client::ClientError>,
) -> Activity {
    Activity {
        name: name.to_owned(),
        kind: "action".to_owned(),
        start,
        end: Timestamp::now(),
        status: if error.is_none() {
            "succeeded"
        } else {
            "failed"
        }
        .to_owned(),
        output: None,
        tolerance_met: None,
        detail: error.map_or_else(|| change.to_string(), ToString::to_string),
    }
}

/// Names and values, for a person.
pub(super) fn values(readings: &[Reading]) -> String {
    let shown = readings.iter().map(|reading| match &reading.value {
        Ok(value) => format!("{} {}", reading.name, short(*value)),
        Err(_) => format!("{} ?", reading.name),
    });
    shown.collect::<Vec<_>>().join(", ")
}
