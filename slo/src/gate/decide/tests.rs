use std::time::Duration;

use proptest::prelude::*;

use super::super::evidence::{Lost, LostKind};
use super::*;

fn terms() -> Terms {
    Terms {
        target: 0.999,
        counts: Counts::Bad,
        events_min: 1_000,
        window: Duration::from_secs(3_600),
    }
}

fn reading(value: f64) -> Asked<Reading> {
    Ok(Reading {
        values: vec![value],
    })
}

fn target() -> Target {
    Target {
        job: "shop".to_owned(),
        instance: "a:1".to_owned(),
        up_now: Some(1.0),
        scrapes: 240.0,
        scrapes_failed: 0.0,
        interval_seconds: Some(15.0),
        age_seconds: Some(3.0),
    }
}

fn healthy() -> Evidence {
    Evidence {
        total: reading(10_000.0),
        counted: reading(5.0),
        targets: Ok(vec![target()]),
        period: Some(Period {
            total: reading(1_000_000.0),
            counted: reading(500.0),
            history: reading(2.0),
        }),
        warnings: Vec::new(),
    }
}

fn lost(kind: LostKind) -> Lost {
    Lost {
        kind,
        message: "gone".to_owned(),
    }
}

/// Verdict and codes, as one line.
fn of(evidence: &Evidence) -> String {
    line(&decide(evidence, &terms()))
}

fn line(decision: &Decision) -> String {
    let codes: Vec<&str> = decision.reasons.iter().map(Reason::code).collect();
    format!("{} {}", decision.verdict, codes.join(" "))
        .trim()
        .to_owned()
}

#[test]
fn everything_known_and_within_the_budget_passes() {
    assert_eq!(of(&healthy()), "pass");
}

#[test]
fn more_bad_events_than_allowed_fail() {
    assert_eq!(
        of(&Evidence {
            counted: reading(10.0),
            ..healthy()
        }),
        "pass"
    );
    assert_eq!(
        of(&Evidence {
            counted: reading(10.1),
            ..healthy()
        }),
        "fail missed"
    );
}

#[test]
fn good_events_are_judged_the_other_way_round() {
    let terms = Terms {
        counts: Counts::Good,
        ..terms()
    };
    let evidence = |good| Evidence {
        counted: reading(good),
        period: None,
        ..healthy()
    };
    assert_eq!(line(&decide(&evidence(9_995.0), &terms)), "pass");
    assert_eq!(line(&decide(&evidence(9_000.0), &terms)), "fail missed");
    assert_eq!(line(&decide(&evidence(0.0), &terms)), "fail missed");
}

#[test]
fn a_number_that_is_missing_or_odd_is_inconclusive() {
    for (value, expected) in [
        (Ok(Reading::default()), "no_data"),
        (
            Ok(Reading {
                values: vec![5.0, 6.0],
            }),
            "several_series",
        ),
        (reading(f64::NAN), "nan"),
        (reading(f64::INFINITY), "nan"),
        (reading(f64::NEG_INFINITY), "nan"),
        (reading(-1.0), "contradiction"),
        (Err(lost(LostKind::Unreachable)), "source_unreachable"),
        (Err(lost(LostKind::Refused)), "source_refused"),
        (Err(lost(LostKind::NotAnApi)), "not_an_api"),
        (Err(lost(LostKind::TooLarge)), "answer_too_large"),
    ] {
        let expected = format!("inconclusive {expected}");
        assert_eq!(
            of(&Evidence {
                total: value.clone(),
                ..healthy()
            }),
            expected
        );
        assert_eq!(
            of(&Evidence {
                counted: value.clone(),
                ..healthy()
            }),
            expected
        );
        let mut evidence = healthy();
        if let Some(period) = &mut evidence.period {
            period.counted = value;
        }
        assert_eq!(of(&evidence), expected, "in the objective's own window");
    }
}

#[test]
fn too_few_events_prove_nothing_even_when_all_are_bad() {
    let evidence = Evidence {
        total: reading(999.0),
        counted: reading(999.0),
        ..healthy()
    };
    let decision = decide(&evidence, &terms());
    assert_eq!(line(&decision), "inconclusive too_few_events");
    assert_eq!(
        decision.reasons,
        [Reason::TooFewEvents {
            seen: 999.0,
            needed: 1_000
        }]
    );
    let none = Evidence {
        total: reading(0.0),
        counted: reading(0.0),
        ..healthy()
    };
    let terms = Terms {
        events_min: 0,
        ..terms()
    };
    assert_eq!(line(&decide(&none, &terms)), "inconclusive too_few_events");
}

#[test]
fn a_part_larger_than_its_whole_is_a_contradiction() {
    assert_eq!(
        of(&Evidence {
            counted: reading(10_102.0),
            ..healthy()
        }),
        "inconclusive contradiction"
    );
    // Extrapolation may give a little more than all.
    assert_eq!(
        of(&Evidence {
            counted: reading(10_050.0),
            ..healthy()
        }),
        "fail missed"
    );
}

#[test]
fn a_target_that_is_or_was_down_is_inconclusive() {
    for (changed, expected) in [
        (
            Target {
                up_now: Some(0.0),
                age_seconds: None,
                ..target()
            },
            "inconclusive target_down",
        ),
        (
            Target {
                up_now: Some(f64::NAN),
                ..target()
            },
            "inconclusive target_down",
        ),
        (
            Target {
                scrapes_failed: 5.0,
                ..target()
            },
            "inconclusive target_down",
        ),
        (
            Target {
                scrapes_failed: 4.0,
                ..target()
            },
            "pass",
        ),
        (
            Target {
                scrapes: 20.0,
                scrapes_failed: 1.0,
                ..target()
            },
            "pass",
        ),
        (
            Target {
                scrapes: 20.0,
                scrapes_failed: 2.0,
                ..target()
            },
            "inconclusive target_down",
        ),
        (
            Target {
                up_now: None,
                age_seconds: None,
                ..target()
            },
            "inconclusive target_down",
        ),
    ] {
        let evidence = Evidence {
            targets: Ok(vec![changed.clone()]),
            ..healthy()
        };
        assert_eq!(of(&evidence), expected, "{changed:?}");
    }
}

#[test]
fn an_instance_that_was_retired_is_no_doubt_while_another_counts() {
    let retired = Target {
        up_now: None,
        age_seconds: None,
        instance: "b:1".to_owned(),
        ..target()
    };
    assert_eq!(
        of(&Evidence {
            targets: Ok(vec![retired, target()]),
            ..healthy()
        }),
        "pass"
    );
}

#[test]
fn series_that_are_old_or_gone_are_inconclusive() {
    for (changed, expected) in [
        (
            Target {
                age_seconds: Some(76.0),
                ..target()
            },
            "inconclusive stale",
        ),
        (
            Target {
                age_seconds: Some(75.0),
                ..target()
            },
            "pass",
        ),
        (
            Target {
                age_seconds: None,
                ..target()
            },
            "inconclusive stale",
        ),
        (
            Target {
                age_seconds: Some(f64::NEG_INFINITY),
                ..target()
            },
            "inconclusive stale",
        ),
        (
            Target {
                age_seconds: Some(f64::NAN),
                ..target()
            },
            "inconclusive stale",
        ),
        (
            Target {
                interval_seconds: Some(1.0),
                age_seconds: Some(14.0),
                ..target()
            },
            "pass",
        ),
        (
            Target {
                interval_seconds: Some(1.0),
                age_seconds: Some(16.0),
                ..target()
            },
            "inconclusive stale",
        ),
        (
            Target {
                up_now: None,
                interval_seconds: None,
                age_seconds: Some(290.0),
                ..target()
            },
            "pass",
        ),
    ] {
        let evidence = Evidence {
            targets: Ok(vec![changed.clone()]),
            ..healthy()
        };
        assert_eq!(of(&evidence), expected, "{changed:?}");
    }
    assert_eq!(
        of(&Evidence {
            targets: Ok(Vec::new()),
            ..healthy()
        }),
        "inconclusive stale"
    );
    let lost = Err(lost(LostKind::Refused));
    assert_eq!(
        of(&Evidence {
            targets: lost,
            ..healthy()
        }),
        "inconclusive source_refused"
    );
}

#[test]
fn a_proven_fail_stays_one_although_a_target_is_down() {
    let down = Target {
        up_now: Some(0.0),
        ..target()
    };
    let evidence = Evidence {
        counted: reading(100.0),
        targets: Ok(vec![down]),
        ..healthy()
    };
    assert_eq!(of(&evidence), "fail missed target_down");
}

#[test]
fn partial_numbers_prove_nothing() {
    let warnings = vec!["a store did not answer".to_owned()];
    let evidence = Evidence {
        counted: reading(100.0),
        warnings: warnings.clone(),
        ..healthy()
    };
    assert_eq!(of(&evidence), "inconclusive missed partial");
    assert_eq!(
        of(&Evidence {
            warnings,
            ..healthy()
        }),
        "inconclusive partial"
    );
}

#[test]
fn the_budget_of_the_own_window_counts_once_the_history_is_that_long() {
    let with = |history| Evidence {
        period: Some(Period {
            total: reading(1_000_000.0),
            counted: reading(2_000.0),
            history,
        }),
        ..healthy()
    };
    assert_eq!(of(&with(reading(2.0))), "fail budget_spent");
    assert_eq!(of(&with(reading(0.0))), "pass");
    assert_eq!(of(&with(Ok(Reading::default()))), "pass");
    assert_eq!(of(&with(reading(f64::NAN))), "inconclusive nan");
    assert_eq!(
        of(&with(Err(lost(LostKind::Refused)))),
        "inconclusive source_refused"
    );
}

#[test]
fn many_targets_are_not_all_named() {
    let down = |index: usize| Target {
        up_now: Some(0.0),
        instance: index.to_string(),
        ..target()
    };
    let decision = decide(
        &Evidence {
            targets: Ok((0..100).map(down).collect()),
            ..healthy()
        },
        &terms(),
    );
    assert_eq!(decision.reasons.len(), TARGETS_NAMED_MAX);
}

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
    (option(), 0.0..300.0, 0.0..10.0, option(), option()).prop_map(
        |(up_now, scrapes, scrapes_failed, interval_seconds, age_seconds)| Target {
            up_now,
            scrapes,
            scrapes_failed,
            interval_seconds,
            age_seconds,
            ..target()
        },
    )
}

fn any_period() -> impl Strategy<Value = Option<Period>> {
    let period = (any_reading(), any_reading(), any_reading());
    proptest::option::of(period.prop_map(|(total, counted, history)| Period {
        total,
        counted,
        history,
    }))
}

fn any_evidence() -> impl Strategy<Value = Evidence> {
    let targets = prop_oneof![
        3 => Just(Ok(vec![target()])),
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
