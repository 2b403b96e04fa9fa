//! From counts to an outcome: thresholds first, then whether the load was what it should be.

use goose::threshold::ThresholdResult;
use outcome::Outcome;

use crate::result::Verdict;
use crate::tally::RequestTally;

/// What a load is judged by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Evidence<'a> {
    pub(crate) thresholds: &'a [ThresholdResult],
    pub(crate) total: &'a RequestTally,
    pub(crate) wanted_rate: f64,
    pub(crate) achieved_rate: f64,
    pub(crate) rate_held_min: f64,
    pub(crate) is_interrupted: bool,
}

/// The outcome, with a sentence for everything that did not hold, worst first.
pub(crate) fn judge(evidence: &Evidence<'_>) -> (Outcome, Vec<String>) {
    let mut findings: Vec<(Outcome, String)> = evidence
        .thresholds
        .iter()
        .filter_map(of_threshold)
        .collect();
    if evidence.is_interrupted {
        findings.push((Outcome::Interrupted, "it was interrupted".to_owned()));
    }
    findings.extend(of_load(evidence).map(|sentence| (Outcome::Inconclusive, sentence)));
    findings.sort_by_key(|(outcome, _)| std::cmp::Reverse(*outcome));
    let worst = findings
        .iter()
        .map(|(outcome, _)| *outcome)
        .fold(Outcome::Held, Outcome::worst);
    (
        worst,
        findings.into_iter().map(|(_, sentence)| sentence).collect(),
    )
}

/// A threshold as it goes into the result.
pub(crate) fn of_result(result: &ThresholdResult) -> Verdict {
    Verdict {
        rule: result.rule.clone(),
        observed: result.observed.clone(),
        outcome: outcome_of(result).to_string(),
    }
}

/// Goose fails a rule without samples; what was not observed is inconclusive.
fn outcome_of(result: &ThresholdResult) -> Outcome {
    match (result.passed, result.value) {
        (_, None) => Outcome::Inconclusive,
        (true, Some(_)) => Outcome::Held,
        (false, Some(_)) => Outcome::Missed,
    }
}

fn of_threshold(result: &ThresholdResult) -> Option<(Outcome, String)> {
    let sentence = format!("{}: observed {}", result.rule, result.observed);
    match outcome_of(result) {
        Outcome::Held => None,
        outcome => Some((outcome, sentence)),
    }
}

fn of_load(evidence: &Evidence<'_>) -> impl Iterator<Item = String> {
    let Evidence {
        thresholds,
        total,
        wanted_rate,
        achieved_rate,
        rate_held_min,
        ..
    } = *evidence;
    // Written so that NaN is not kept.
    let is_rate_kept = achieved_rate >= wanted_rate * rate_held_min;
    let rate = (!is_rate_kept).then(|| {
        format!(
            "the load generator could not keep its rate: wanted {wanted_rate:.1} requests/s, \
             got {achieved_rate:.1}"
        )
    });
    let answers =
        (total.expected == 0).then(|| "no request got an answer that the plan expects".to_owned());
    let judged = thresholds
        .is_empty()
        .then(|| "no threshold was judged".to_owned());
    [rate, answers, judged].into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn threshold(rule: &str, value: Option<f64>, passed: bool) -> ThresholdResult {
        let observed = value.map_or("no samples".to_owned(), |value| format!("{value}ms"));
        ThresholdResult {
            rule: rule.to_owned(),
            observed,
            value,
            passed,
            aborted: false,
        }
    }

    fn judged(
        thresholds: &[ThresholdResult],
        achieved_rate: f64,
        expected: u64,
        is_interrupted: bool,
    ) -> String {
        let total = RequestTally {
            sent: 100,
            expected,
            ..Default::default()
        };
        let (outcome, reasons) = judge(&Evidence {
            thresholds,
            total: &total,
            wanted_rate: 100.0,
            achieved_rate,
            rate_held_min: 0.95,
            is_interrupted,
        });
        format!("{outcome}: {}", reasons.join("; "))
    }

    #[test]
    fn it_holds_when_every_threshold_and_the_rate_hold() {
        assert_eq!(
            judged(&[threshold("p95<9", Some(1.0), true)], 95.0, 100, false),
            "held: "
        );
    }

    #[test]
    fn a_rate_that_was_not_kept_is_inconclusive_but_a_missed_threshold_is_worse() {
        let good = threshold("p95<9", Some(1.0), true);
        let bad = threshold("p95<9", Some(10.0), false);
        insta::assert_snapshot!(
            [
                judged(std::slice::from_ref(&good), 94.9, 100, false),
                judged(std::slice::from_ref(&good), f64::NAN, 100, false),
                judged(&[good.clone(), bad.clone()], 10.0, 100, false),
                judged(&[bad], 100.0, 100, true),
            ]
            .join("\n"),
            @r"
        inconclusive: the load generator could not keep its rate: wanted 100.0 requests/s, got 94.9
        inconclusive: the load generator could not keep its rate: wanted 100.0 requests/s, got NaN
        missed: p95<9: observed 10ms; the load generator could not keep its rate: wanted 100.0 requests/s, got 10.0
        interrupted: it was interrupted; p95<9: observed 10ms
        "
        );
    }

    #[test]
    fn what_was_not_observed_is_never_a_pass() {
        insta::assert_snapshot!(
            [
                judged(&[threshold("p95<9", None, false)], 100.0, 100, false),
                judged(&[threshold("p95<9", None, true)], 100.0, 100, false),
                judged(&[threshold("p95<9", Some(1.0), true)], 100.0, 0, false),
                judged(&[], 100.0, 100, false),
            ]
            .join("\n"),
            @r"
        inconclusive: p95<9: observed no samples
        inconclusive: p95<9: observed no samples
        inconclusive: no request got an answer that the plan expects
        inconclusive: no threshold was judged
        "
        );
    }
}
