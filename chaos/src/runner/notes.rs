//! What is written down and shown while a run goes on.

use super::*;
use crate::journal::{Detection, Samples};
use crate::show::{ActiveFault, Moment, ProbeNow};

/// Values that are kept of one probe: an hour of seconds.
const POINTS_MAX: usize = 3_600;

impl Run<'_> {
    /// Keeps what was read.
    pub(super) fn sample(&mut self, readings: &[Reading]) {
        let seconds = self.seconds();
        for reading in readings {
            let known = self.journal.samples.iter_mut();
            let mut known = known.filter(|samples| samples.probe == reading.name);
            let point = (seconds, reading.value.clone().ok());
            match known.next() {
                Some(samples) if samples.points.len() < POINTS_MAX => samples.points.push(point),
                Some(_) => {}
                None => self.journal.samples.push(Samples {
                    probe: reading.name.clone(),
                    least: bound(reading.tolerance.least),
                    most: bound(reading.tolerance.most),
                    points: vec![point],
                }),
            }
        }
    }

    /// Notes alerts that were not there before the first fault.
    pub(super) fn note_alerts(&mut self) {
        let Some(first) = self.first_fault else {
            return;
        };
        let seconds = first.elapsed().as_secs_f64();
        for alert in self.alerts.latest() {
            if self.alerts_before.contains(&alert.name) {
                continue;
            }
            let is_expected = |name: &str| self.plan.alerts.iter().any(|one| one.name == name);
            let known = self.journal.detections.iter_mut();
            let mut known = known.filter(|known| known.alert == alert.name);
            let mut new = Vec::new();
            let detection = known.next().unwrap_or_else(|| {
                new.push(Detection {
                    expected: is_expected(&alert.name),
                    alert: alert.name.clone(),
                    pending_seconds: None,
                    firing_seconds: None,
                });
                &mut new[0]
            });
            let time = if alert.is_firing {
                &mut detection.firing_seconds
            } else {
                &mut detection.pending_seconds
            };
            time.get_or_insert(seconds);
            self.journal.detections.extend(new);
        }
    }

    /// Notes expected alerts that did not come.
    pub(super) fn note_silent_alerts(&mut self) {
        for alert in &self.plan.alerts {
            let mut seen = self.journal.detections.iter();
            let seen = seen.find(|seen| seen.alert == alert.name);
            let fired = seen.and_then(|seen| seen.firing_seconds);
            if fired.is_some_and(|seconds| seconds <= alert.within.as_secs_f64()) {
                continue;
            }
            let text = match fired {
                Some(seconds) => format!("alert {} fired after {seconds:.0} s", alert.name),
                None => format!("alert {} did not fire", alert.name),
            };
            let within = alert.within.as_secs();
            self.tell("after", &format!("{text}, expected within {within} s"));
            if seen.is_none() {
                self.journal.detections.push(Detection {
                    alert: alert.name.clone(),
                    expected: true,
                    pending_seconds: None,
                    firing_seconds: None,
                });
            }
        }
    }

    /// Shows where the run stands outside of the stages.
    pub(super) fn show_phase(
        &self,
        phase: &str,
        elapsed: Duration,
        planned: Duration,
        readings: &[Reading],
    ) {
        self.show(phase, 0, (elapsed, planned), readings);
    }

    /// Shows where the run stands.
    pub(super) fn show(
        &self,
        stage: &str,
        number: usize,
        (elapsed, planned): (Duration, Duration),
        readings: &[Reading],
    ) {
        let left = self.lease.as_ref().map(|lease| lease.left(Instant::now()));
        let faults = self.held.iter().map(|held| ActiveFault {
            text: held.wanted.words(),
            lease_left: left,
        });
        let probes = readings.iter().map(|reading| ProbeNow {
            name: reading.name.clone(),
            value: reading.value.clone().ok(),
            holds: reading.holds,
        });
        self.tools.show.moment(&Moment {
            experiment: self.plan.name.clone(),
            stage: stage.to_owned(),
            number,
            count: self.plan.stages.len(),
            elapsed,
            planned,
            faults: faults.collect(),
            probes: probes.collect(),
        });
    }
}

fn bound(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}
