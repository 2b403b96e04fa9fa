//! Whatever the evidence, a pass needs all of it.

use proptest::prelude::*;

use super::*;

fn any_number() -> impl Strategy<Value = f64> {
    prop_oneof![
        Just(f64::NAN),
        Just(f64::INFINITY),
        Just(f64::NEG_INFINITY),
        Just(-1.0),
        0.0..20_000.0,
    ]
}

fn any_lost() -> impl Strategy<Value = Lost> {
    prop_oneof![
        Just(LostKind::Unreachable),
        Just(LostKind::Refused),
        Just(LostKind::NotAnApi),
        Just(LostKind::TooLarge),
    ]
    .prop_map(lost)
}

fn any_reading() -> impl Strategy<Value = Asked<Reading>> {
    prop_oneof![
        3 => any_number().prop_map(reading),
        1 => Just(Ok(Reading::default())),
        1 => proptest::collection::vec(any_number(), 2..4).prop_map(|values| Ok(Reading { values })),
        1 => any_lost().prop_map(Err),
    ]
}

fn any_target() -> impl Strategy<Value = Target> {
    let option = || proptest::option::of(any_number());
    let missing = (option(), option(), option());
    (option(), 0.0..300.0, 0.0..10.0, option(), option(), missing).prop_map(
        |(up_now, scrapes, scrapes_failed, interval_seconds, age_seconds, missing)| Target {
            up_now,
            scrapes,
            scrapes_failed,
            interval_seconds,
            age_seconds,
            gap_seconds: missing.0,
            up_at_start: missing.1,
            born_at: missing.2,
            ..target()
        },
    )
}

/// A target that is healthy but for what nobody recorded.
fn any_missing() -> impl Strategy<Value = Target> {
    let figure = || proptest::option::of(prop_oneof![Just(0.0), Just(1.0), any_number()]);
    (figure(), figure(), figure()).prop_map(|(gap_seconds, up_at_start, born_at)| Target {
        gap_seconds,
        up_at_start,
        born_at,
        ..target()
    })
}

/// Whether a target's counters are whole; written apart from what is tested.
fn is_whole(target: &Target) -> bool {
    let has_hole = match target.gap_seconds {
        Some(gap) => {
            !gap.is_finite() || gap > 5.0 * target.interval_seconds.unwrap_or(60.0).max(3.0)
        }
        None => target.scrapes > 2.0,
    };
    let was_there = target.up_at_start.is_some_and(|up| up != 0.0);
    let lacks_events = was_there && target.born_at.is_some_and(|value| value != 0.0);
    !has_hole && !lacks_events
}

fn any_period() -> impl Strategy<Value = Option<Period>> {
    let period = (any_reading(), any_reading(), any_reading());
    proptest::option::of(period.prop_map(|(total, counted, history)| Period {
        total,
        counted,
        history,
        unmeasured: Vec::new(),
    }))
}

fn any_evidence() -> impl Strategy<Value = Evidence> {
    let targets = prop_oneof![
        3 => Just(Ok(vec![target()])),
        2 => any_missing().prop_map(|target| Ok(vec![target])),
        2 => proptest::collection::vec(any_target(), 0..4).prop_map(Ok),
        1 => any_lost().prop_map(Err),
    ];
    let warnings = prop_oneof![3 => Just(Vec::new()), 1 => Just(vec!["w".to_owned()])];
    (
        any_reading(),
        any_reading(),
        targets,
        any_period(),
        warnings,
    )
        .prop_map(|(total, counted, targets, period, warnings)| Evidence {
            total,
            counted,
            targets,
            period,
            warnings,
            unmeasured: Vec::new(),
        })
}

/// Whether a number is one, finite and not negative; written apart from what is tested.
fn is_sound(reading: &Asked<Reading>) -> bool {
    matches!(reading, Ok(Reading { values }) if values.len() == 1 && values[0].is_finite() && values[0] >= 0.0)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn nothing_missing_ever_passes(evidence in any_evidence()) {
        let decision = decide(&evidence, &terms());
        if decision.verdict == Verdict::Pass {
            prop_assert!(is_sound(&evidence.total) && is_sound(&evidence.counted));
            prop_assert!(evidence.warnings.is_empty());
            let targets = evidence.targets.as_ref().unwrap();
            prop_assert!(targets.iter().any(|target| target.age_seconds.is_some_and(f64::is_finite)));
            prop_assert!(targets.iter().all(|target| target.up_now.is_none_or(|up| up == 1.0)));
            prop_assert!(targets.iter().filter(|target| target.interval_seconds == Some(15.0)).all(is_whole));
            if let Some(period) = &evidence.period {
                prop_assert!(is_sound(&period.total) && is_sound(&period.counted));
                prop_assert!(period.history.is_ok());
            }
            prop_assert!(decision.events.unwrap().total >= 1_000.0);
        }
        prop_assert_eq!(decision.verdict == Verdict::Pass, decision.reasons.is_empty());
        prop_assert!(decision.verdict != Verdict::Fail || decision.reasons.iter().any(Reason::is_miss));
    }

    #[test]
    fn fewer_bad_events_never_turn_a_pass_into_anything_else(
        bad in 0.0..20_000.0_f64, share in 0.0..1.0_f64, counts_bad: bool,
    ) {
        let counts = if counts_bad { Counts::Bad } else { Counts::Good };
        let terms = Terms { counts, ..terms() };
        let of = |bad: f64| {
            // A part may exceed its whole a little, but not below 0.
            let counted = if counts_bad { bad } else { 10_000.0 - bad.min(10_000.0) };
            decide(&Evidence { counted: reading(counted), period: None, ..healthy() }, &terms).verdict
        };
        prop_assert_eq!(of(0.0), Verdict::Pass);
        if of(bad) == Verdict::Pass {
            prop_assert_eq!(of(bad * share), Verdict::Pass);
        } else {
            prop_assert_ne!(of(bad + share * 100.0), Verdict::Pass);
        }
    }
}
