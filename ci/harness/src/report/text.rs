//! Numbers and times as a reader likes them.

use outcome::Outcome;

use super::{Experiment, Load, Objective, Rehearsal, Stage};

/// What the verdict means for the reader.
pub(super) fn sentence(rehearsal: &Rehearsal) -> &'static str {
    match rehearsal.verdict {
        "pass" => "This build may ship.",
        "fail" => "This build must not ship.",
        "inconclusive" => "It could not be shown that this build may ship.",
        "interrupted" => "The rehearsal was interrupted.",
        _ => "The rehearsal itself broke.",
    }
}

/// A share as a percentage that does not round a miss up to a hit.
pub(super) fn percent(share: f64) -> String {
    format!("{:.3} %", (share * 100_000.0).floor() / 1_000.0)
}

/// A target as a percentage, without zeros that say nothing.
pub(super) fn target(share: f64) -> String {
    let text = format!("{:.4}", share * 100.0);
    format!("{} %", text.trim_end_matches('0').trim_end_matches('.'))
}

/// A count with its thousands apart.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Milliseconds with as many digits as matter.
pub(crate) fn milliseconds(ms: f64) -> String {
    if ms < 10.0 {
        format!("{ms:.1} ms")
    } else {
        format!("{ms:.0} ms")
    }
}

/// Seconds that may not have been seen.
pub(super) fn seconds(seconds: Option<f64>) -> String {
    seconds.map_or_else(|| "–".to_owned(), |seconds| format!("{seconds:.1} s"))
}

/// The load in one line.
pub(crate) fn load(load: &Load) -> String {
    format!(
        "{} requests, {:.1}/s, P99 {}, {} unexpected",
        count(load.requests),
        load.rate,
        milliseconds(load.percentiles_ms[2]),
        count(load.unexpected)
    )
}

/// An objective in one line: what was seen against what is asked.
pub(super) fn attained(objective: &Objective) -> String {
    match objective.attainment {
        Some(attainment) => format!(
            "{} good, {} asked",
            percent(attainment),
            target(objective.target)
        ),
        None => format!("unknown, {} asked", target(objective.target)),
    }
}

/// When the faults of an experiment were felt, and when they were over.
pub(super) fn times(experiment: &Experiment) -> String {
    let Experiment {
        effect_seconds,
        recovery_seconds,
        ..
    } = experiment;
    format!(
        "felt after {}, over after {}",
        seconds(*effect_seconds),
        seconds(*recovery_seconds)
    )
}

/// When each stage was felt.
pub(super) fn stages(experiment: &Experiment) -> String {
    let felt = |stage: &Stage| format!("{} {}", stage.name, seconds(stage.effect_seconds));
    listed(experiment.stages.iter().map(felt))
}

/// What users had while the faults were there, against what they were to have.
pub(super) fn users(experiment: &Experiment) -> String {
    listed(experiment.users.iter().map(|user| {
        let attained = user.attained.map_or_else(|| "unknown".to_owned(), percent);
        format!("{} {attained} of {}", user.objective, target(user.least))
    }))
}

/// The alerts that saw it, and when.
pub(super) fn detected(experiment: &Experiment) -> String {
    listed(experiment.alerts.iter().map(|seen| {
        let (word, after) = match seen.firing_seconds {
            Some(after) => ("fired", Some(after)),
            None => ("pending", seen.pending_seconds),
        };
        format!("{} {word} after {}", seen.alert, seconds(after))
    }))
}

fn listed(entries: impl Iterator<Item = String>) -> String {
    let entries: Vec<String> = entries.collect();
    if entries.is_empty() {
        return "–".to_owned();
    }
    entries.join(", ")
}

/// An experiment in one line.
pub(super) fn experienced(experiment: &Experiment) -> String {
    if experiment.outcome != Outcome::Held && !experiment.detail.is_empty() {
        return experiment.detail.clone();
    }
    times(experiment)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_miss_is_never_rounded_up_to_a_hit() {
        assert_eq!(percent(0.999_499_9), "99.949 %");
        assert_eq!(percent(1.0), "100.000 %");
        assert_eq!(percent(0.999_999_9), "99.999 %");
    }

    #[test]
    fn numbers_read_well() {
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(target(0.9995), "99.95 %");
        assert_eq!(target(0.99), "99 %");
        assert_eq!(milliseconds(1.26), "1.3 ms");
        assert_eq!(milliseconds(812.4), "812 ms");
    }
}
