use proptest::prelude::*;

use super::*;

fn any_figure() -> impl Strategy<Value = Option<f64>> {
    prop_oneof![
        Just(None),
        Just(Some(f64::NAN)),
        Just(Some(f64::INFINITY)),
        Just(Some(-1.0)),
        (0.0..0.002_f64).prop_map(Some),
    ]
}

fn any_past() -> impl Strategy<Value = Past> {
    prop_oneof![
        Just(Past::Unknown),
        Just(Past::Nothing),
        any_figure().prop_map(|figure| figure.map_or(Past::Unknown, Past::Known)),
    ]
}

fn any_verdict() -> impl Strategy<Value = Verdict> {
    prop_oneof![
        4 => Just(Verdict::Pass),
        1 => Just(Verdict::Warn),
        1 => Just(Verdict::Inconclusive),
        1 => Just(Verdict::Fail),
    ]
}

fn any_objective(name: &'static str) -> impl Strategy<Value = ObjectiveFigures> {
    let baseline = prop_oneof![
        Just(Baseline::FirstRelease),
        Just(unknown()),
        any_figure().prop_map(|figure| figure.map_or_else(unknown, known)),
    ];
    let budget_left = prop_oneof![
        Just(BudgetLeft::Unknown),
        Just(BudgetLeft::HistoryTooShort),
        any_figure().prop_map(|figure| figure.map_or(BudgetLeft::Unknown, BudgetLeft::Known)),
        (0.0..1.0_f64).prop_map(BudgetLeft::Known),
    ];
    (any_verdict(), any_figure(), baseline, budget_left).prop_map(
        move |(promise, error_ratio, baseline, budget_left)| ObjectiveFigures {
            promise,
            error_ratio,
            baseline,
            budget_left,
            ..good(name)
        },
    )
}

/// Whether a figure can be judged at all.
fn is_sound(figure: Option<f64>) -> bool {
    figure.is_some_and(|figure| figure.is_finite() && figure >= 0.0)
}

proptest! {
    /// Says for itself, in the plainest words, what a pass needs.
    #[test]
    fn what_is_not_known_never_passes(
        one in any_objective("availability"),
        other in any_objective("latency"),
        latency in (any_figure(), any_past(), any_past()),
    ) {
        let rules = format!("{CRITERIA}error_budget: {{freeze_below: 10%}}\n{LIMITS}");
        let (now, hour_ago, week_ago) = latency;
        let latency = SignalFigures { signal: Signal::LatencyP99, now, hour_ago, week_ago };
        let objectives = [one, other];
        let judged = policy(&rules).judge(&Figures {
            at: "2026-11-22T12:00:00Z".parse().unwrap(),
            objectives: &objectives,
            signals: &[latency, steady(Signal::Traffic)],
        });
        prop_assert!(objectives.iter().all(|figures| judged.verdict >= figures.promise));
        let is_known = is_sound(now)
            && [hour_ago, week_ago].iter().all(|past| match past {
                Past::Known(figure) => is_sound(Some(*figure)),
                Past::Nothing => true,
                Past::Unknown => false,
            })
            && objectives.iter().all(|figures| match figures.budget_left {
                BudgetLeft::Known(left) => left.is_finite(),
                BudgetLeft::HistoryTooShort => true,
                BudgetLeft::Unknown => false,
            })
            && is_sound(objectives[0].error_ratio)
            && !matches!(&objectives[0].baseline, Baseline::Unknown { .. })
            && objectives[0].baseline.figure().is_none_or(f64::is_finite);
        // A baseline is not needed where the absolute bound of pass fails and the warning decides.
        let is_warned_for_certain = objectives[0].error_ratio.is_some_and(|ratio| ratio > 0.0005);
        let may_pass = is_known || (is_warned_for_certain && judged.verdict == Verdict::Warn);
        if !may_pass {
            prop_assert!(judged.verdict >= Verdict::Inconclusive, "{:?}", judged);
        }
    }

    #[test]
    fn more_known_lies_within_what_was_possible(
        verdicts in proptest::collection::vec(any_verdict(), 2), hidden in 0_usize..2
    ) {
        let rules = "objectives: [{objective: availability, weight: 3}]";
        let mut unknown = verdicts.clone();
        unknown[hidden] = Verdict::Inconclusive;
        let before = scored(rules, &unknown);
        let after = scored(rules, &verdicts);
        prop_assert!(before.worst <= after.worst && after.best <= before.best);
        prop_assert!(before.verdict >= Verdict::Inconclusive);
        // A fail that is certain stays one, whatever comes out.
        if before.verdict == Verdict::Fail {
            prop_assert_eq!(after.verdict, Verdict::Fail);
        }
    }
}
