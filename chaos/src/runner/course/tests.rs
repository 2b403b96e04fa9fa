//! The course of stages, without a clock.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn latency(ms: i64, toxicity: f64) -> FaultKind {
    FaultKind::Toxic {
        proxy: "redis".to_owned(),
        toxic: Toxic {
            name: "latency_downstream".to_owned(),
            kind: "latency".to_owned(),
            stream: "downstream".to_owned(),
            toxicity,
            attributes: BTreeMap::from([("latency".to_owned(), ms)]),
        },
    }
}

fn stage(ramp: Duration, faults: Vec<(&str, FaultKind)>) -> Stage {
    let faults = faults.into_iter().map(|(name, kind)| Fault {
        name: name.to_owned(),
        kind,
    });
    Stage {
        name: "stage".to_owned(),
        faults: faults.collect(),
        ramp,
        hold: SECOND,
        effects: Vec::new(),
    }
}

fn ms(wanted: &[Wanted]) -> i64 {
    match &wanted[0].state {
        State::Toxic { toxic, .. } => toxic.attributes["latency"],
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_ramp_goes_from_the_stage_before_to_this_one_a_step_each_second() {
    let smoke = stage(Duration::ZERO, vec![("slow", latency(20, 1.0))]);
    let full = stage(4 * SECOND, vec![("slow", latency(820, 1.0))]);
    let at = |elapsed| ms(&wanted(Some(&smoke), &full, elapsed));
    let seconds = [0, 1, 2, 3, 4, 100].map(|seconds| at(seconds * SECOND));
    assert_eq!(seconds, [220, 420, 620, 820, 820, 820]);
    // A fault that is new grows from nothing; one without a ramp is there at once.
    let new = |elapsed| ms(&wanted(None, &full, elapsed));
    assert_eq!([new(Duration::ZERO), new(4 * SECOND)], [205, 820]);
    assert_eq!(ms(&wanted(None, &smoke, Duration::ZERO)), 20);
    assert_eq!(next_change(&full, Duration::ZERO), Some(SECOND));
    assert_eq!(next_change(&full, SECOND / 2), Some(SECOND));
    assert_eq!(next_change(&full, 3 * SECOND), None);
}

#[test]
fn a_toxic_without_a_delay_grows_by_the_connections_it_works_on() {
    let kind = FaultKind::Toxic {
        proxy: "redis".to_owned(),
        toxic: Toxic {
            name: "timeout_downstream".to_owned(),
            kind: "timeout".to_owned(),
            stream: "downstream".to_owned(),
            toxicity: 1.0,
            attributes: BTreeMap::from([("timeout".to_owned(), 0)]),
        },
    };
    let full = stage(2 * SECOND, vec![("hole", kind)]);
    let toxicity = |elapsed| match &wanted(None, &full, elapsed)[0].state {
        State::Toxic { toxic, .. } => toxic.toxicity,
        other => panic!("{other:?}"),
    };
    assert!((toxicity(Duration::ZERO) - 0.5).abs() < 1e-9);
    assert!((toxicity(SECOND) - 1.0).abs() < 1e-9);
}

#[test]
fn flapping_falls_first_and_turns_at_its_times() {
    let kind = FaultKind::Flapping {
        proxy: "redis".to_owned(),
        period: 4 * SECOND,
        duty: 0.25,
    };
    let flaps = stage(Duration::ZERO, vec![("flaps", kind)]);
    let is_down = |elapsed| {
        let state = &wanted(None, &flaps, elapsed)[0].state;
        matches!(state, State::Down { .. })
    };
    let mut elapsed = Duration::ZERO;
    let mut turns = Vec::new();
    while elapsed < 9 * SECOND {
        turns.push((elapsed.as_secs(), is_down(elapsed)));
        elapsed = next_change(&flaps, elapsed).unwrap();
    }
    assert_eq!(
        turns,
        [(0, true), (1, false), (4, true), (5, false), (8, true)]
    );
}

#[test]
fn what_goes_goes_before_what_comes() {
    let before = stage(
        Duration::ZERO,
        vec![
            ("slow", latency(20, 1.0)),
            (
                "gone",
                FaultKind::Down {
                    proxy: "etcd".to_owned(),
                },
            ),
        ],
    );
    let after = stage(
        Duration::ZERO,
        vec![
            ("slow", latency(800, 1.0)),
            (
                "paused",
                FaultKind::Paused {
                    process: "service".to_owned(),
                },
            ),
        ],
    );
    let set = wanted(None, &before, Duration::ZERO);
    let found = steps(&set, &wanted(Some(&before), &after, Duration::ZERO));
    let words: Vec<String> = found
        .iter()
        .map(|step| match step {
            Step::Undo(name) => format!("undo {name}"),
            Step::Set(wanted) => wanted.state.words(),
        })
        .collect();
    assert_eq!(
        words,
        [
            "undo gone",
            "latency 800 ms on answers of redis",
            "service is paused"
        ]
    );
}

fn any_fault() -> impl Strategy<Value = (usize, FaultKind)> {
    let proxy = || "redis".to_owned();
    prop_oneof![
        (1..2_000_i64, 0.1..1.0_f64).prop_map(|(ms, toxicity)| (0, latency(ms, toxicity))),
        Just((
            1,
            FaultKind::Down {
                proxy: "etcd".to_owned()
            }
        )),
        (1..10_u64, 0.1..0.9_f64).prop_map(move |(seconds, duty)| {
            let period = Duration::from_secs(seconds);
            (
                2,
                FaultKind::Flapping {
                    proxy: proxy(),
                    period,
                    duty,
                },
            )
        }),
        Just((
            3,
            FaultKind::Paused {
                process: "service".to_owned()
            }
        )),
        Just((
            4,
            FaultKind::Killed {
                process: "other".to_owned()
            }
        )),
        Just((
            5,
            FaultKind::Restarted {
                process: "third".to_owned()
            }
        )),
    ]
}

fn any_stage() -> impl Strategy<Value = Stage> {
    let faults = proptest::collection::vec(any_fault(), 0..5);
    (faults, 0..5_u64).prop_map(|(mut faults, ramp)| {
        faults.sort_by_key(|(number, _)| *number);
        faults.dedup_by_key(|(number, _)| *number);
        let names = ["a", "b", "c", "d", "e", "f"];
        let faults = faults
            .into_iter()
            .map(|(number, kind)| (names[number], kind));
        stage(Duration::from_secs(ramp), faults.collect())
    })
}

proptest! {
    #[test]
    fn any_stages_lead_exactly_to_what_they_want_and_back_to_nothing(
        stages in proptest::collection::vec(any_stage(), 1..6),
        looks in proptest::collection::vec(0..12_000_u64, 1..8),
    ) {
        let mut set: Vec<Wanted> = Vec::new();
        let mut before = None;
        for stage in &stages {
            let mut looks = looks.clone();
            looks.sort_unstable();
            for look in looks {
                let wanted = wanted(before, stage, Duration::from_millis(look));
                for step in steps(&set, &wanted) {
                    apply(&mut set, step);
                }
                prop_assert!(same(&set, &wanted));
                // Nothing is done twice.
                prop_assert!(steps(&set, &wanted).is_empty());
            }
            before = Some(stage);
        }
        for step in steps(&set, &[]) {
            apply(&mut set, step);
        }
        prop_assert!(set.is_empty());
    }
}

fn apply(set: &mut Vec<Wanted>, step: Step) {
    match step {
        Step::Undo(name) => set.retain(|held| held.fault.name != name),
        Step::Set(wanted) => {
            set.retain(|held| held.fault.name != wanted.fault.name);
            set.push(*wanted);
        }
    }
}

fn same(set: &[Wanted], wanted: &[Wanted]) -> bool {
    let has = |one: &Wanted| set.iter().any(|held| held.state == one.state);
    set.len() == wanted.len() && wanted.iter().all(has)
}
