//! One stage: what it sets, and what is seen while it lasts.

use super::course::{next_change, wanted};
use super::forward::as_probe;
use super::*;
use crate::experiment::model::Stage;
use crate::journal::StageRecord;

/// Time between two lines about a stage that lasts.
const SAY_PAUSE: Duration = Duration::from_secs(5);

/// Longest time that is waited for at once, so that the time of a process is asked for again.
const WAIT_MAX: Duration = Duration::from_secs(1);

/// A stage that is being run.
#[derive(Debug)]
struct Course<'a> {
    number: usize,
    stage: &'a Stage,
    /// When its faults were first in effect.
    began: Instant,
    /// How long it lasts at least.
    planned: Duration,
    marks: Watch,
    /// When each mark was seen, from `began`.
    seen: Vec<Option<Duration>>,
    /// Since when the steady state does not hold.
    unsteady_since: Option<Instant>,
    /// Since when each abort condition is met.
    aborting_since: Vec<Option<Instant>>,
    said: Option<Duration>,
}

impl Run<'_> {
    /// Sets what the stage wants and watches until it is over, each mark was seen, or something ends
    /// it.
    pub(super) async fn run_stage(
        &mut self,
        number: usize,
        before: Option<&Stage>,
        stage: &Stage,
    ) -> Result<(), Halt> {
        self.tools.telemetry.stage_begins(&stage.name);
        self.lead_to(&stage.name, &wanted(before, stage, Duration::ZERO))
            .await?;
        let probes = stage.effects.iter();
        let probes: Result<Vec<Probe>, String> = probes
            .map(|effect| as_probe(effect, self.baselines.get(&effect.name)))
            .collect();
        let probes = probes.map_err(Halt::inconclusive)?;
        self.journal.stages.push(StageRecord {
            name: stage.name.clone(),
            changes: self.held.iter().map(|held| held.wanted.words()).collect(),
            start: Timestamp::now(),
            end: self.journal.start,
            effect_seconds: None,
        });
        let mut course = Course {
            number,
            stage,
            began: Instant::now(),
            planned: stage.ramp + stage.hold.mul_f64(self.tools.scale),
            marks: Watch::start(&self.tools.observer, probes, self.tools.pace),
            seen: vec![None; stage.effects.len()],
            unsteady_since: None,
            aborting_since: vec![None; self.plan.aborts.len()],
            said: None,
        };
        loop {
            let elapsed = course.began.elapsed();
            self.lead_to(&stage.name, &wanted(before, stage, elapsed))
                .await?;
            self.renew_processes().await?;
            if self.look(&mut course).await? {
                return Ok(());
            }
            self.wait(&course).await?;
        }
    }

    /// Waits until there is something to look at or to change.
    async fn wait(&self, course: &Course<'_>) -> Result<(), Halt> {
        let elapsed = course.began.elapsed();
        let pause = self.tools.pace.min(WAIT_MAX);
        let change = next_change(course.stage, elapsed);
        let change = change.map_or(pause, |due| due.saturating_sub(elapsed));
        self.unless_stopped(tokio::time::sleep(pause.min(change)))
            .await
    }

    /// Looks at everything once; true when the stage is over.
    async fn look(&mut self, course: &mut Course<'_>) -> Result<bool, Halt> {
        let elapsed = course.began.elapsed();
        let steady = self.steady.latest(self.began);
        // What was asked for before the faults were set is no mark of theirs.
        let marks = course.marks.latest(course.began);
        self.sample(&steady);
        self.sample(&marks);
        self.note_alerts();
        self.show_stage(course, elapsed, &steady, &marks);
        self.check_aborts(course)?;
        self.check_steady(course, &steady)?;
        self.note_marks(course, elapsed, &marks);
        let slowest = course.stage.effects.iter().map(|effect| effect.within);
        let patience = course.stage.ramp + slowest.max().unwrap_or_default();
        let all_seen = course.seen.iter().all(Option::is_some);
        let is_over = elapsed >= course.planned && (all_seen || elapsed >= patience);
        if !is_over || course.unsteady_since.is_some() {
            return Ok(false);
        }
        self.journal
            .steady_states
            .during
            .push(steady_state(&steady));
        self.journal.run.extend(marks.iter().map(Reading::activity));
        felt(course, &marks).map(|()| true)
    }

    fn check_aborts(&self, course: &mut Course<'_>) -> Result<(), Halt> {
        let readings = self.aborts.latest(self.began);
        let conditions = self.plan.aborts.iter().zip(&readings);
        for ((abort, reading), since) in conditions.zip(&mut course.aborting_since) {
            if reading.holds {
                *since = None;
                continue;
            }
            // Who cannot see whether it goes too far must not go on; the first reading takes a moment.
            let patience = match reading.value {
                Ok(_) => abort.lasting,
                Err(_) => abort.lasting.max(self.tools.pace * BAD_PACES_MAX),
            };
            if since.get_or_insert_with(Instant::now).elapsed() < patience {
                continue;
            }
            let detail = format!("aborted in {}: {}", course.stage.name, reading.complaint());
            return Err(Halt::new(judged(std::slice::from_ref(reading)), detail));
        }
        Ok(())
    }

    fn check_steady(&self, course: &mut Course<'_>, steady: &[Reading]) -> Result<(), Halt> {
        let complaint = complaints(steady);
        if complaint.is_empty() || !self.plan.steady_during {
            course.unsteady_since = None;
            return Ok(());
        }
        let since = *course.unsteady_since.get_or_insert_with(Instant::now);
        if since.elapsed() < self.tools.pace * (BAD_PACES_MAX - 1) {
            return Ok(());
        }
        let stage = &course.stage.name;
        let detail = format!("the steady state was lost in {stage}: {complaint}");
        Err(Halt::new(judged(steady), detail))
    }

    fn note_marks(&mut self, course: &mut Course<'_>, elapsed: Duration, marks: &[Reading]) {
        let stage = course.stage;
        for (number, mark) in marks.iter().enumerate() {
            let within = stage.ramp + stage.effects[number].within;
            if mark.holds && course.seen[number].is_none() && elapsed <= within {
                course.seen[number] = Some(elapsed);
                let text = values(std::slice::from_ref(mark));
                let seconds = elapsed.as_secs_f64();
                self.tell(&stage.name, &format!("felt after {seconds:.1} s: {text}"));
            }
        }
        let is_first = self.journal.effect_seconds.is_none();
        let all: Option<Vec<Duration>> = course.seen.iter().copied().collect();
        let last = all.and_then(|all| all.into_iter().max());
        let (Some(last), Some(record)) = (last, self.journal.stages.last_mut()) else {
            return;
        };
        record.effect_seconds = Some(last.as_secs_f64());
        if is_first && !stage.faults.is_empty() {
            let before = self.first_fault.map(|first| course.began - first);
            let seconds = (before.unwrap_or_default() + last).as_secs_f64();
            self.journal.effect_seconds = Some(seconds);
        }
    }

    fn show_stage(
        &self,
        course: &mut Course<'_>,
        elapsed: Duration,
        steady: &[Reading],
        marks: &[Reading],
    ) {
        let readings: Vec<Reading> = steady.iter().chain(marks).cloned().collect();
        self.show(
            &course.stage.name,
            course.number,
            (elapsed, course.planned),
            &readings,
        );
        if course.said.is_none_or(|said| elapsed >= said + SAY_PAUSE) {
            course.said = Some(elapsed);
            self.tools
                .telemetry
                .remark(&course.stage.name, &values(&readings));
        }
    }

    /// Notes when the stage that is open, if any, ended.
    pub(super) fn close_stage(&mut self) {
        self.tools.telemetry.stage_ends();
        let start = self.journal.start;
        let open = self.journal.stages.last_mut();
        if let Some(record) = open.filter(|record| record.end == start) {
            record.end = Timestamp::now();
        }
    }
}

/// A stage of which not every mark was seen in its time proved nothing.
fn felt(course: &Course<'_>, marks: &[Reading]) -> Result<(), Halt> {
    let effects = course.stage.effects.iter().zip(&course.seen);
    let unseen = effects
        .zip(marks)
        .filter(|((_, seen), _)| seen.is_none())
        .map(|((effect, _), mark)| {
            let within = effect.within.as_secs_f64();
            let found = match &mark.value {
                Ok(_) if mark.holds => "it came later".to_owned(),
                _ => mark.complaint(),
            };
            format!("{} within {within} s ({found})", effect.name)
        });
    let unseen: Vec<String> = unseen.collect();
    if unseen.is_empty() {
        return Ok(());
    }
    Err(Halt::inconclusive(format!(
        "{} was not felt: expected {}",
        course.stage.name,
        unseen.join(", ")
    )))
}
