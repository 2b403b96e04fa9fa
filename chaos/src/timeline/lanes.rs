//! Stages and faults as bars.

use render::{Bar, Lane};

use super::{name, seconds};
use crate::journal::{FaultRecord, Journal};

/// Lanes of faults, and bars of one lane, that are drawn.
const LANES_MAX: usize = 24;
const BARS_MAX: usize = 8;

/// Stages that are drawn.
const STAGES_MAX: usize = 40;

/// The lane of the stages and one for each kind of fault on each target, in the order in which they
/// came; and how many faults are left out.
pub(super) fn lanes(journal: &Journal, until: f64) -> (Vec<Lane>, usize) {
    let mut lanes: Vec<Lane> = stages(journal).into_iter().collect();
    let mut kinds: Vec<(&str, &str)> = Vec::new();
    for fault in &journal.faults {
        let kind = (fault.target.as_str(), fault.fault.as_str());
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
        if kinds.len() > LANES_MAX {
            break;
        }
    }
    kinds.truncate(LANES_MAX);
    let mut drawn = 0;
    for (target, fault) in kinds {
        let of_kind = journal.faults.iter();
        let of_kind = of_kind.filter(|one| one.target == target && one.fault == fault);
        let records: Vec<&FaultRecord> = of_kind.take(BARS_MAX).collect();
        drawn += records.len();
        lanes.push(Lane {
            name: name(&format!("{target}, {fault}")),
            is_fault: true,
            bars: bars(&records, until),
        });
    }
    (lanes, journal.faults.len() - drawn)
}

fn stages(journal: &Journal) -> Option<Lane> {
    let stages = journal.stages.iter().take(STAGES_MAX);
    let bars = stages.map(|stage| Bar {
        from: seconds(journal, stage.start),
        to: seconds(journal, stage.end),
        label: name(&stage.name),
        strength: 0.0,
        is_open: false,
    });
    let bars: Vec<Bar> = bars.collect();
    (!bars.is_empty()).then(|| Lane {
        name: "stage".to_owned(),
        is_fault: false,
        bars,
    })
}

fn bars(records: &[&FaultRecord], until: f64) -> Vec<Bar> {
    let strengths = strengths(records);
    let bars = records.iter().zip(strengths);
    let bars = bars.map(|(record, strength)| Bar {
        from: record.start_seconds,
        to: record.end_seconds.unwrap_or(until),
        label: match record.end_seconds {
            Some(_) => name(&record.detail),
            None => name(&format!("LEFT BEHIND: {}", record.detail)),
        },
        strength,
        is_open: record.end_seconds.is_none(),
    });
    bars.collect()
}

/// How strong each was beside the strongest: by the first number in their words that differs, when
/// the words between the numbers are the same. Others are full.
fn strengths(records: &[&FaultRecord]) -> Vec<f64> {
    let full = || vec![1.0; records.len()];
    let told: Vec<(String, Vec<f64>)> = records.iter().map(|one| numbers(&one.detail)).collect();
    let Some((words, first)) = told.first() else {
        return full();
    };
    if told.iter().any(|(other, _)| other != words) {
        return full();
    }
    let differs = |place: &usize| {
        told.iter()
            .any(|(_, of)| of.get(*place) != first.get(*place))
    };
    let Some(place) = (0..first.len()).find(differs) else {
        return full();
    };
    let values = told.iter().map(|(_, of)| of.get(place).copied());
    let values: Vec<f64> = values.map(Option::unwrap_or_default).collect();
    let most = values.iter().copied().fold(0.0, f64::max);
    values.iter().map(|value| value / most).collect()
}

/// The numbers of a text, and the text without them.
fn numbers(text: &str) -> (String, Vec<f64>) {
    let mut words = String::new();
    let mut numbers = Vec::new();
    let mut digits = String::new();
    for character in text.chars().chain(['\n']) {
        if character.is_ascii_digit() || (character == '.' && !digits.is_empty()) {
            digits.push(character);
            continue;
        }
        if !digits.is_empty() {
            let number = digits.trim_end_matches('.').parse();
            numbers.push(
                number
                    .ok()
                    .filter(|number: &f64| number.is_finite())
                    .unwrap_or(0.0),
            );
            words.push('#');
            digits.clear();
        }
        words.push(character);
    }
    (words, numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strengths_of(details: &[&str]) -> Vec<f64> {
        let records = details.iter().map(|detail| FaultRecord {
            stage: String::new(),
            name: String::new(),
            target: String::new(),
            fault: String::new(),
            detail: (*detail).to_owned(),
            start_seconds: 0.0,
            end_seconds: None,
        });
        let records: Vec<FaultRecord> = records.collect();
        strengths(&records.iter().collect::<Vec<_>>())
    }

    #[test]
    fn strength_is_the_first_number_that_differs() {
        let latency = |ms: u32| format!("latency {ms} ms on redis-2");
        let latencies = [latency(200), latency(400), latency(800)];
        let latencies: Vec<&str> = latencies.iter().map(String::as_str).collect();
        assert_eq!(strengths_of(&latencies), [0.25, 0.5, 1.0]);
        assert_eq!(strengths_of(&["a 1 of 10 %", "a 1 of 100 %"]), [0.1, 1.0]);
    }

    #[test]
    fn what_cannot_be_compared_is_full() {
        assert_eq!(strengths_of(&["2 s late", "800 ms late"]), [1.0, 1.0]);
        assert_eq!(strengths_of(&["redis down", "redis down"]), [1.0, 1.0]);
        assert_eq!(strengths_of(&["", "1.2.3"]), [1.0, 1.0]);
        assert_eq!(strengths_of(&[]), [] as [f64; 0]);
    }
}
