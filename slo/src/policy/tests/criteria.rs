use super::*;

/// The verdict of the one objective in [`CRITERIA`].
fn of_criteria(spoil: impl Fn(&mut ObjectiveFigures)) -> CriteriaJudged {
    let mut figures = good("availability");
    spoil(&mut figures);
    judge(&policy(CRITERIA), &[figures]).criteria.remove(0)
}

#[test]
fn an_objective_passes_warns_or_fails_by_its_criteria() {
    let verdict = |ratio: f64, baseline: f64| {
        of_criteria(|figures| {
            figures.error_ratio = Some(ratio);
            figures.baseline = known(baseline);
        })
        .verdict
    };
    assert_eq!(verdict(0.0001, 0.0001), Verdict::Pass);
    assert_eq!(verdict(0.00012, 0.0001), Verdict::Warn);
    assert_eq!(verdict(0.0006, 0.0006), Verdict::Warn);
    assert_eq!(verdict(0.0011, 0.0011), Verdict::Fail);
}

#[test]
fn criteria_never_make_it_better_than_the_promise() {
    for promise in [Verdict::Warn, Verdict::Inconclusive, Verdict::Fail] {
        let judged = of_criteria(|figures| figures.promise = promise);
        assert_eq!(judged.verdict, promise);
    }
    // Nor do they prove a fail with figures that are in doubt.
    let doubted = of_criteria(|figures| {
        figures.promise = Verdict::Inconclusive;
        figures.error_ratio = Some(0.5);
    });
    assert_eq!(doubted.verdict, Verdict::Inconclusive);
}

#[test]
fn a_missed_promise_fails_whatever_the_score() {
    let policy = policy("total_score: {pass: \"10%\", warning: \"5%\"}");
    let mut missed = good("latency");
    missed.promise = Verdict::Fail;
    let judged = judge(&policy, &[good("availability"), missed]);
    assert_eq!(judged.score.verdict, Verdict::Warn);
    assert_eq!(judged.verdict, Verdict::Fail);
}

#[test]
fn the_first_release_is_said_to_be_the_first() {
    let first = |ratio: f64| {
        of_criteria(|figures| {
            figures.baseline = Baseline::FirstRelease;
            figures.error_ratio = Some(ratio);
        })
    };
    assert_eq!(first(0.0005).verdict, Verdict::Pass);
    insta::assert_snapshot!(first(0.0005).sentences.join("\n"), @"This is the first release: <=+10% compares with earlier ones and is left out.");
    assert_eq!(first(0.0006).verdict, Verdict::Warn);
    assert_eq!(first(0.0011).verdict, Verdict::Fail);
    assert_eq!(first(0.0005).criteria[0].outcome, CriterionOutcome::LeftOut);
}

#[test]
fn a_warning_of_which_nothing_is_left_rescues_nothing() {
    let policy = policy(
        r#"objectives: [{objective: latency, pass: [{criteria: ["<=0.001"]}], warning: [{criteria: ["<=+10%"]}]}]"#,
    );
    let mut figures = good("latency");
    figures.baseline = Baseline::FirstRelease;
    figures.error_ratio = Some(0.002);
    assert_eq!(
        judge(&policy, &[figures]).criteria[0].verdict,
        Verdict::Fail
    );
}

#[test]
fn what_is_not_known_of_an_objective_is_inconclusive() {
    let spoils: [fn(&mut ObjectiveFigures); 6] = [
        |figures| figures.error_ratio = None,
        |figures| figures.error_ratio = Some(f64::NAN),
        |figures| figures.error_ratio = Some(f64::INFINITY),
        |figures| figures.error_ratio = Some(-0.1),
        |figures| figures.baseline = unknown(),
        |figures| figures.baseline = known(f64::NAN),
    ];
    for (index, spoil) in spoils.into_iter().enumerate() {
        let judged = of_criteria(spoil);
        assert_eq!(judged.verdict, Verdict::Inconclusive, "{index}");
        assert!(!judged.sentences.is_empty(), "{index}");
    }
    // A figure that fails for certain needs no baseline.
    let failed = of_criteria(|figures| {
        figures.baseline = unknown();
        figures.error_ratio = Some(0.0011);
    });
    assert_eq!(failed.verdict, Verdict::Fail);
}

#[test]
fn one_entry_is_enough_and_an_unknown_one_does_not_hide_it() {
    let policy = policy(
        r#"objectives: [{objective: latency, pass: [{criteria: ["<=+10%"]}, {criteria: ["<=0.001"]}]}]"#,
    );
    let verdict = |ratio: f64, baseline: Baseline| {
        let mut figures = good("latency");
        figures.error_ratio = Some(ratio);
        figures.baseline = baseline;
        judge(&policy, &[figures]).criteria[0].verdict
    };
    assert_eq!(verdict(0.001, unknown()), Verdict::Pass);
    assert_eq!(verdict(0.002, unknown()), Verdict::Inconclusive);
    assert_eq!(verdict(0.002, known(0.002)), Verdict::Pass);
    assert_eq!(verdict(0.002, known(0.001)), Verdict::Fail);
    assert_eq!(verdict(0.002, Baseline::FirstRelease), Verdict::Fail);
}

#[test]
fn a_rule_whose_objective_nobody_judged_is_inconclusive() {
    let judged = judge(&policy(CRITERIA), &[good("latency")]);
    assert_eq!(judged.verdict, Verdict::Inconclusive);
    assert_eq!(judged.criteria[1].objective, "availability");
}
