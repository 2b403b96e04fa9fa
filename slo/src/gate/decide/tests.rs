use std::time::Duration;

use super::super::evidence::{Lost, LostKind};
use super::*;
use crate::statistics::Bound;

fn terms() -> Terms {
    Terms {
        target: 0.999,
        counts: Counts::Bad,
        events_min: 1_000,
        window: Duration::from_secs(3_600),
        unit: Unit::Events,
        bound: Bound::default(),
        is_budget_left_to_policy: false,
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
        gap_seconds: Some(15.0),
        up_at_start: Some(1.0),
        born_at: None,
        born_late_at: None,
    }
}

fn healthy() -> Evidence {
    Evidence {
        total: reading(10_000.0),
        counted: reading(2.0),
        targets: Ok(vec![target()]),
        period: Some(Period {
            total: reading(1_000_000.0),
            counted: reading(500.0),
            history: reading(2.0),
            unmeasured: Vec::new(),
        }),
        warnings: Vec::new(),
        unmeasured: Vec::new(),
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
fn a_verdict_on_events_is_sure() {
    // 10,000 events, of which 10 may be bad. The bounds of 95 % are those of Clopper and Pearson:
    // the upper one of 4 is 0.000915, of 5 it is 0.00105; the lower one of 15 is 0.000925, of 16
    // it is 0.00100.
    for (bad, expected) in [
        (0.0, "pass"),
        (4.0, "pass"),
        (5.0, "inconclusive undecided"),
        (10.0, "inconclusive undecided"),
        (15.0, "inconclusive undecided"),
        (16.0, "fail missed"),
        (10_000.0, "fail missed"),
    ] {
        let counted = reading(bad);
        let evidence = Evidence {
            counted,
            ..healthy()
        };
        assert_eq!(of(&evidence), expected, "{bad}");
    }
}

#[test]
fn time_is_seen_whole_and_judged_as_it_was() {
    let terms = Terms {
        target: 0.9,
        unit: Unit::Slices,
        ..terms()
    };
    for (slices, bad, expected) in [
        (60.0, 6.0, "pass"),
        (60.0, 6.1, "fail missed"),
        (10.0, 0.0, "pass"),
        (9.0, 0.0, "inconclusive too_few_events"),
    ] {
        let evidence = Evidence {
            total: reading(slices),
            counted: reading(bad),
            ..healthy()
        };
        assert_eq!(line(&decide(&evidence, &terms)), expected, "{slices} {bad}");
    }
}

#[test]
fn what_was_not_measured_is_inconclusive_with_its_reasons() {
    let unmeasured = vec![Reason::PointsMissing {
        query: Which::Threshold,
        seen: 1,
        expected: 60,
    }];
    let evidence = Evidence {
        unmeasured: unmeasured.clone(),
        ..healthy()
    };
    assert_eq!(of(&evidence), "inconclusive points_missing");
    let mut evidence = healthy();
    if let Some(period) = &mut evidence.period {
        period.unmeasured = unmeasured;
    }
    assert_eq!(of(&evidence), "inconclusive points_missing");
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
    assert_eq!(line(&decide(&evidence(9_998.0), &terms)), "pass");
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
            needed: 1_000,
            unit: Unit::Events,
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
fn a_target_that_is_down_is_inconclusive() {
    for up_now in [Some(0.0), Some(f64::NAN), Some(0.5), None] {
        let with = |age_seconds| {
            of_target(Target {
                up_now,
                age_seconds,
                ..target()
            })
        };
        assert_eq!(with(None), "inconclusive target_down", "{up_now:?}");
        assert_eq!(with(Some(3.0)), "inconclusive target_down", "{up_now:?}");
    }
}

#[test]
fn a_target_that_was_down_for_more_than_two_scrapes_in_a_hundred_is_inconclusive() {
    for (scrapes, scrapes_failed, expected) in [
        (240.0, 4.0, "pass"),
        (240.0, 5.0, "inconclusive target_down"),
        (20.0, 1.0, "pass"),
        (20.0, 2.0, "inconclusive target_down"),
        (0.0, 0.0, "inconclusive target_down"),
        (240.0, -1.0, "inconclusive target_down"),
        (240.0, f64::NAN, "inconclusive target_down"),
        (f64::INFINITY, f64::INFINITY, "inconclusive target_down"),
    ] {
        let found = of_target(Target {
            scrapes,
            scrapes_failed,
            ..target()
        });
        assert_eq!(found, expected, "{scrapes_failed} of {scrapes}");
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

/// What is decided when the only target is like this.
fn of_target(target: Target) -> String {
    let targets = Ok(vec![target]);
    of(&Evidence {
        targets,
        ..healthy()
    })
}

#[test]
fn series_that_are_old_or_gone_are_inconclusive() {
    let aged = |age_seconds| {
        of_target(Target {
            age_seconds,
            ..target()
        })
    };
    assert_eq!(aged(Some(75.0)), "pass");
    for odd in [
        Some(76.0),
        None,
        Some(f64::NAN),
        Some(f64::NEG_INFINITY),
        Some(-60.0),
    ] {
        assert_eq!(aged(odd), "inconclusive stale", "{odd:?}");
    }
}

#[test]
fn what_is_stale_depends_on_the_interval() {
    let each_second = |age| {
        let (interval_seconds, age_seconds) = (Some(1.0), Some(age));
        of_target(Target {
            interval_seconds,
            age_seconds,
            ..target()
        })
    };
    assert_eq!(each_second(14.0), "pass");
    assert_eq!(each_second(16.0), "inconclusive stale");
}

#[test]
fn series_without_any_up_only_have_to_be_fresh() {
    let pushed = |age_seconds| {
        let (up_now, interval_seconds, scrapes) = (None, None, 0.0);
        of_target(Target {
            up_now,
            scrapes,
            interval_seconds,
            age_seconds,
            ..target()
        })
    };
    assert_eq!(pushed(Some(290.0)), "pass");
    assert_eq!(pushed(Some(310.0)), "inconclusive stale");
    assert_eq!(pushed(None), "inconclusive target_down");
}

#[test]
fn where_no_target_is_known_it_is_inconclusive() {
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
            unmeasured: Vec::new(),
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

mod properties;
mod unseen;

#[test]
fn a_spent_budget_is_left_to_a_policy_that_speaks_of_it() {
    let evidence = Evidence {
        period: Some(Period {
            total: reading(1_000_000.0),
            counted: reading(2_000.0),
            history: reading(2.0),
            unmeasured: Vec::new(),
        }),
        ..healthy()
    };
    assert_eq!(of(&evidence), "fail budget_spent");
    let terms = Terms {
        is_budget_left_to_policy: true,
        ..terms()
    };
    let decision = decide(&evidence, &terms);
    assert_eq!(line(&decision), "pass");
    assert!(decision.period.unwrap().events.budget_left(0.999).unwrap() < 0.0);
}

#[test]
fn series_that_came_after_a_new_target_lack_their_first_events() {
    let with = |up_at_start, born_late_at| Evidence {
        targets: Ok(vec![Target {
            up_at_start,
            born_late_at,
            // What a new target began with is not known to be missing.
            born_at: Some(0.0),
            ..target()
        }]),
        ..healthy()
    };
    assert_eq!(of(&with(None, None)), "pass");
    assert_eq!(of(&with(None, Some(0.0))), "pass");
    let burst = "inconclusive born_in_window";
    assert_eq!(of(&with(None, Some(200.0))), burst);
    assert_eq!(of(&with(Some(0.0), Some(200.0))), burst);
    assert_eq!(of(&with(None, Some(f64::NAN))), burst);
}
