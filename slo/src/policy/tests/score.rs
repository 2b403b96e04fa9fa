use super::*;

#[test]
fn the_score_adds_weights() {
    use Verdict::{Fail, Inconclusive, Pass, Warn};
    let weighted = "objectives: [{objective: availability, weight: 3}]";
    for (rules, verdicts, reached, verdict) in [
        ("", [Pass, Pass], Some(1.0), Pass),
        ("", [Pass, Warn], Some(0.75), Warn),
        ("", [Pass, Fail], Some(0.5), Fail),
        (weighted, [Pass, Fail], Some(0.75), Warn),
        (weighted, [Pass, Warn], Some(0.875), Warn),
        (weighted, [Warn, Pass], Some(0.625), Fail),
        // Even the best of what is not known is too little.
        (weighted, [Fail, Inconclusive], None, Fail),
        (weighted, [Inconclusive, Pass], None, Inconclusive),
        // Even the worst would be enough, and still nobody knows.
        (weighted, [Pass, Inconclusive], None, Inconclusive),
        (
            "objectives: [{objective: latency, key_sli: true}, {objective: availability, weight: 99}]",
            [Pass, Fail],
            Some(0.99),
            Fail,
        ),
        (
            "objectives: [{objective: latency, key_sli: true}]",
            [Inconclusive, Fail],
            None,
            Fail,
        ),
    ] {
        let score = scored(rules, &verdicts);
        assert_eq!(
            (score.reached, score.verdict),
            (reached, verdict),
            "{rules} {verdicts:?}"
        );
        assert!(!score.sentences.is_empty());
    }
    let unknown = scored(weighted, &[Pass, Inconclusive]);
    assert_eq!((unknown.worst, unknown.best), (0.75, 1.0));
}

#[test]
fn a_score_that_passes_with_a_failed_objective_is_a_warning() {
    let rules = "objectives: [{objective: availability, weight: 99}]";
    let score = scored(rules, &[Verdict::Pass, Verdict::Fail]);
    assert_eq!(score.reached, Some(0.99));
    assert_eq!(score.verdict, Verdict::Warn);
}

#[test]
fn nothing_to_score_is_inconclusive() {
    let judged = judge(&policy(""), &[]);
    assert_eq!(judged.score.verdict, Verdict::Inconclusive);
    assert_eq!(judged.verdict, Verdict::Inconclusive);
}
