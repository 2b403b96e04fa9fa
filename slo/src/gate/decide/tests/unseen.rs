//! What nobody recorded although nothing failed.

use super::*;

#[test]
fn a_hole_in_which_nobody_scraped_is_inconclusive() {
    let with = |gap_seconds| {
        of_target(Target {
            gap_seconds,
            ..target()
        })
    };
    assert_eq!(with(Some(75.0)), "pass");
    for odd in [
        Some(76.0),
        Some(f64::NAN),
        Some(f64::INFINITY),
        Some(-1.0),
        None,
    ] {
        assert_eq!(with(odd), "inconclusive gap", "{odd:?}");
    }
    let first_scrapes = Target {
        scrapes: 2.0,
        gap_seconds: None,
        ..target()
    };
    assert_eq!(of_target(first_scrapes), "pass");
}

#[test]
fn counters_that_began_above_zero_are_inconclusive() {
    let with = |born_at, up_at_start| {
        of_target(Target {
            born_at,
            up_at_start,
            ..target()
        })
    };
    for up in [Some(1.0), Some(f64::NAN)] {
        assert_eq!(with(Some(0.0), up), "pass", "created with 0");
        for odd in [800.0, 0.5, -1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(with(Some(odd), up), "inconclusive born_in_window", "{odd}");
        }
    }
    for up in [None, Some(0.0)] {
        assert_eq!(with(Some(800.0), up), "pass", "the whole target is new");
    }
}

#[test]
fn what_a_retired_target_did_not_record_is_missing_too() {
    let retired = Target {
        up_now: None,
        age_seconds: None,
        born_at: Some(800.0),
        gap_seconds: Some(600.0),
        instance: "b:1".to_owned(),
        ..target()
    };
    let targets = Ok(vec![retired, target()]);
    let found = of(&Evidence {
        targets,
        ..healthy()
    });
    assert_eq!(found, "inconclusive gap born_in_window");
}

#[test]
fn without_any_up_nobody_says_that_a_target_is_new() {
    let pushed = Target {
        up_now: None,
        scrapes: 0.0,
        up_at_start: None,
        gap_seconds: None,
        born_at: Some(800.0),
        ..target()
    };
    assert_eq!(of_target(pushed), "inconclusive born_in_window");
}

#[test]
fn a_proven_fail_stays_one_although_some_events_are_missing() {
    let holed = Target {
        born_at: Some(800.0),
        gap_seconds: Some(600.0),
        ..target()
    };
    let evidence = Evidence {
        counted: reading(100.0),
        targets: Ok(vec![holed]),
        ..healthy()
    };
    assert_eq!(of(&evidence), "fail missed gap born_in_window");
}

#[test]
fn the_sentences_say_what_was_seen() {
    let gap = Reason::Gap {
        target: "shop/a:1".to_owned(),
        seconds: Some(600.0),
        limit_seconds: 75.0,
    };
    insta::assert_snapshot!(gap, @"shop/a:1 was not scraped for 600 s within the window, more than 75 s, so events may be missing. See whether Prometheus was down; ask again when the window is past it.");
    let born = |value| Reason::BornInWindow {
        target: "shop/a:1".to_owned(),
        value,
    };
    insta::assert_snapshot!(born(Some(800.0)), @"shop/a:1: series began in the window at 800: events before their first scrape are not counted. Create them at start with 0, or ask again when the window is past it.");
    insta::assert_snapshot!(born(None), @"shop/a:1: series began in the window at an unknown value: events before their first scrape are not counted. Create them at start with 0, or ask again when the window is past it.");
}
