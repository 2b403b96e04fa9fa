//! Lines for a log: every sentence, and where the run stands every few seconds.

use std::time::Duration;

use super::{Moment, figure, lasting, one_line};

/// Least time between two lines that say where it stands, unless the stage is another one.
const PAUSE: Duration = Duration::from_secs(5);

/// Faults and probes that one line names.
const NAMED_MAX: usize = 12;

/// What was said last.
#[derive(Debug, Default)]
pub(crate) struct Plain {
    said: Option<(Duration, String, String)>,
}

impl Plain {
    /// The line for a moment at `now`, counted from any fixed time, if one is due.
    pub(crate) fn line(&mut self, moment: &Moment, now: Duration) -> Option<String> {
        let is_due = self.said.as_ref().is_none_or(|(at, experiment, stage)| {
            let is_same = *experiment == moment.experiment && *stage == moment.stage;
            !is_same || now.saturating_sub(*at) >= PAUSE
        });
        if !is_due {
            return None;
        }
        let (experiment, stage) = (moment.experiment.clone(), moment.stage.clone());
        self.said = Some((now, experiment, stage));
        Some(told(moment))
    }
}

fn told(moment: &Moment) -> String {
    let mut parts = vec![stage(moment)];
    let faults = moment.faults.iter().take(NAMED_MAX).map(|fault| {
        let text = one_line(&fault.text);
        match fault.lease_left {
            Some(left) => format!("{text} (lease {})", lasting(left)),
            None => text,
        }
    });
    let faults: Vec<String> = faults.collect();
    if !faults.is_empty() {
        let more = rest(moment.faults.len());
        parts.push(format!("{}{more}", faults.join(", ")));
    }
    let probes = moment.probes.iter().take(NAMED_MAX).map(|probe| {
        let name = one_line(&probe.name);
        match probe.value.filter(|value| value.is_finite()) {
            None => format!("{name} unknown"),
            Some(value) if probe.holds => format!("{name} {}", figure(value)),
            Some(value) => format!("{name} {} NOT as expected", figure(value)),
        }
    });
    let probes: Vec<String> = probes.collect();
    if !probes.is_empty() {
        let more = rest(moment.probes.len());
        parts.push(format!("{}{more}", probes.join(", ")));
    }
    format!("{}: {}", one_line(&moment.experiment), parts.join("; "))
}

fn stage(moment: &Moment) -> String {
    let mut text = one_line(&moment.stage);
    if moment.number > 0 {
        text += &format!(
            " ({} of {})",
            moment.number,
            moment.count.max(moment.number)
        );
    }
    text += &format!(" {}", lasting(moment.elapsed));
    if !moment.planned.is_zero() {
        text += &format!(" of {}", lasting(moment.planned));
    }
    text
}

fn rest(all: usize) -> String {
    match all.saturating_sub(NAMED_MAX) {
        0 => String::new(),
        more => format!(" and {more} more"),
    }
}
