use super::*;
use proptest::prelude::*;

fn millis(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

fn bounds(workers: usize) -> LineBounds {
    LineBounds {
        workers,
        length_max: 8,
        cost_max: millis(1_000),
        bytes_max: 1_000,
        dear: millis(50),
    }
}

fn load(cost_ms: u64) -> Load {
    Load {
        cost: millis(cost_ms),
        bytes: 10,
    }
}

fn next<T: std::fmt::Debug>(line: &mut WaitingLine<T>, now: Instant) -> (T, Begun) {
    match line.take(now) {
        Taken::Next(item, begun) => (item, begun),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_full_line_says_when_to_come_back() {
    let t0 = Instant::now(); // Only differences from `t0` matter.
    let deadline = Deadline::after(t0, millis(10_000));
    let mut line = WaitingLine::new(LineBounds {
        length_max: 4,
        ..bounds(2)
    });
    for name in ["a", "b", "c", "d"] {
        assert_eq!(line.enter(name, load(20), t0, deadline), Ok(()));
    }
    let full = Full {
        bound: Bound::Length,
        retry_after: millis(40),
    };
    assert_eq!(line.enter("e", load(20), t0, deadline), Err(full));
    let (first, begun) = next(&mut line, t0 + millis(5));
    assert_eq!((first, begun.waited), ("a", millis(5)));
    assert_eq!(line.enter("e", load(20), t0, deadline), Ok(()));
    // The machine turns out to be twice as slow as predicted.
    line.finish(begun, millis(40));
    assert_eq!(line.wait_expected(false), millis(80));
}

#[test]
fn cost_and_bytes_are_bounded_in_sum_but_an_empty_line_takes_any_one() {
    let t0 = Instant::now();
    let deadline = Deadline::after(t0, millis(100_000));
    let mut line = WaitingLine::new(bounds(1));
    let huge = Load {
        cost: millis(5_000),
        bytes: 5_000,
    };
    assert_eq!(line.enter("huge", huge, t0, deadline), Ok(()));
    let refused =
        |line: &mut WaitingLine<_>, load| line.enter("x", load, t0, deadline).unwrap_err();
    assert_eq!(refused(&mut line, load(10)).bound, Bound::Cost);
    let _ = next(&mut line, t0);
    for name in ["a", "b"] {
        let wide = Load {
            cost: millis(1),
            bytes: 450,
        };
        assert_eq!(line.enter(name, wide, t0, deadline), Ok(()));
    }
    let wide = Load {
        cost: millis(1),
        bytes: 101,
    };
    assert_eq!(refused(&mut line, wide).bound, Bound::Bytes);
}

#[test]
fn dear_entries_leave_half_of_the_line_to_cheap_ones() {
    let t0 = Instant::now();
    let deadline = Deadline::after(t0, millis(100_000));
    let mut line = WaitingLine::new(bounds(2));
    let mut enter = |cost| line.enter(cost, load(cost), t0, deadline);
    assert_eq!(enter(100), Ok(()));
    assert_eq!(enter(400), Ok(()));
    assert_eq!(enter(100).unwrap_err().bound, Bound::Cost);
    for _ in 0..6 {
        assert_eq!(enter(10), Ok(()));
    }
}

#[test]
fn who_would_wait_past_the_deadline_is_refused_at_once() {
    let t0 = Instant::now();
    let mut line = WaitingLine::new(bounds(1));
    let patient = Deadline::after(t0, millis(10_000));
    for _ in 0..3 {
        line.enter((), load(40), t0, patient).unwrap();
    }
    let hasty = Deadline::after(t0, millis(100));
    let full = Full {
        bound: Bound::Deadline,
        retry_after: millis(120),
    };
    assert_eq!(line.enter((), load(40), t0, hasty), Err(full));
    assert_eq!(line.enter((), load(40), t0, patient), Ok(()));
}

#[test]
fn who_waited_past_the_deadline_is_not_served() {
    let t0 = Instant::now();
    let mut line = WaitingLine::new(bounds(1));
    line.enter("late", load(1), t0, Deadline::after(t0, millis(10)))
        .unwrap();
    line.enter("early", load(1), t0, Deadline::after(t0, millis(100)))
        .unwrap();
    assert_eq!(line.take(t0 + millis(50)), Taken::Expired("late"));
    assert_eq!(next(&mut line, t0 + millis(50)).0, "early");
    assert_eq!(line.take(t0 + millis(50)), Taken::Nobody);
}

#[test]
fn one_worker_is_kept_free_of_dear_entries() {
    let t0 = Instant::now();
    let deadline = Deadline::after(t0, millis(100_000));
    let mut line = WaitingLine::new(bounds(2));
    line.enter("dear 1", load(100), t0, deadline).unwrap();
    line.enter("dear 2", load(100), t0, deadline).unwrap();
    let (name, dear) = next(&mut line, t0);
    assert_eq!(name, "dear 1");
    assert!(!line.has_next());
    assert_eq!(line.take(t0), Taken::Nobody);
    line.enter("cheap", load(1), t0, deadline).unwrap();
    assert!(line.has_next());
    assert_eq!(next(&mut line, t0).0, "cheap");
    line.finish(dear, millis(100));
    assert!(line.has_next());
    assert_eq!(next(&mut line, t0).0, "dear 2");
}

#[test]
fn with_one_worker_each_dear_entry_is_paid_for_with_cheap_ones() {
    let t0 = Instant::now();
    let deadline = Deadline::after(t0, millis(100_000));
    let mut line = WaitingLine::new(LineBounds {
        length_max: 100,
        ..bounds(1)
    });
    for _ in 0..3 {
        line.enter("dear", load(60), t0, deadline).unwrap();
    }
    for _ in 0..20 {
        line.enter("cheap", load(20), t0, deadline).unwrap();
    }
    let mut order = Vec::new();
    while line.has_next() {
        let (name, begun) = next(&mut line, t0);
        line.finish(begun, millis(1));
        order.push(name);
    }
    let dear_at: Vec<usize> = (0..order.len()).filter(|&at| order[at] == "dear").collect();
    assert_eq!(dear_at, [0, 4, 8], "three cheap ones for each dear one");
    assert_eq!(order.len(), 23);
}

/// What a story does next.
#[derive(Debug, Clone)]
enum Step {
    Enter {
        cost_ms: u64,
        bytes: usize,
        patience_ms: u64,
    },
    Take,
    Finish {
        took_ms: u64,
    },
    Pass {
        milliseconds: u64,
    },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let enter = (0_u64..400, 0_usize..600, 0_u64..5_000);
    let step = prop_oneof![
        4 => enter.prop_map(|(cost_ms, bytes, patience_ms)| Step::Enter {
            cost_ms, bytes, patience_ms
        }),
        3 => Just(Step::Take),
        2 => (0_u64..1_000).prop_map(|took_ms| Step::Finish { took_ms }),
        1 => (0_u64..2_000).prop_map(|milliseconds| Step::Pass { milliseconds }),
    ];
    prop::collection::vec(step, 0..300)
}

proptest! {
    /// Whatever happens: nothing is lost or given twice, each class keeps its order, the bounds hold,
    /// and no more workers than may are busy with dear entries.
    #[test]
    fn nothing_is_lost_and_every_bound_holds(steps in steps(), workers in 1_usize..5) {
        let mut now = Instant::now();
        let bounds = bounds(workers);
        let mut line = WaitingLine::new(bounds);
        let (mut inside, mut entered) = (Vec::new(), 0_u64);
        let mut begun_all: Vec<Begun> = Vec::new();
        for step in steps {
            match step {
                Step::Enter { cost_ms, bytes, patience_ms } => {
                    let load = Load { cost: millis(cost_ms), bytes };
                    let deadline = Deadline::after(now, millis(patience_ms));
                    let wait = line.wait_expected(load.cost >= bounds.dear);
                    if line.enter((entered, load), load, now, deadline).is_ok() {
                        prop_assert!(wait <= millis(patience_ms));
                        inside.push((entered, load));
                        entered += 1;
                    }
                }
                Step::Take if begun_all.len() < workers => {
                    let expected = line.has_next();
                    let item = match line.take(now) {
                        Taken::Next(item, begun) => {
                            begun_all.push(begun);
                            Some(item)
                        }
                        Taken::Expired(item) => Some(item),
                        Taken::Nobody => None,
                    };
                    prop_assert_eq!(item.is_some(), expected);
                    if let Some(item) = item {
                        let is_dear = |load: Load| load.cost >= bounds.dear;
                        let first = inside.iter().position(|&(_, load)| is_dear(load) == is_dear(item.1));
                        prop_assert_eq!(inside.remove(first.unwrap()), item);
                    }
                }
                Step::Take => {}
                Step::Finish { took_ms } => {
                    if let Some(begun) = begun_all.pop() {
                        line.finish(begun, millis(took_ms));
                    }
                }
                Step::Pass { milliseconds } => now += millis(milliseconds),
            }
            prop_assert_eq!(line.len(), inside.len());
            let cost: Duration = inside.iter().map(|(_, load)| load.cost).sum();
            let bytes: usize = inside.iter().map(|(_, load)| load.bytes).sum();
            prop_assert_eq!((line.cost(), line.bytes()), (cost, bytes));
            prop_assert!(line.len() <= bounds.length_max);
            prop_assert!(line.len() <= 1 || (cost <= bounds.cost_max && bytes <= bounds.bytes_max));
            let dear = begun_all.iter().filter(|begun| begun.is_dear).count();
            prop_assert!(dear <= (workers - 1).max(1));
        }
    }

    /// While cheap entries wait, each dear one is paid for before the next is taken.
    #[test]
    fn cheap_entries_get_as_much_time_as_dear_ones(
        costs in prop::collection::vec(1_u64..200, 1..60),
        workers in 1_usize..4,
    ) {
        let now = Instant::now();
        let roomy = LineBounds {
            length_max: 1_000,
            cost_max: millis(1_000_000),
            ..bounds(workers)
        };
        let mut line = WaitingLine::new(roomy);
        for cost in costs {
            let _ = line.enter((), load(cost), now, Deadline::after(now, millis(10_000_000)));
        }
        let mut debt = Duration::ZERO;
        while line.has_next() {
            let cheap_waits = !line.cheap.is_empty();
            let ((), begun) = next(&mut line, now);
            if begun.is_dear {
                prop_assert!(!cheap_waits || debt.is_zero(), "still owed {debt:?}");
                debt = begun.cost;
            } else {
                debt = debt.saturating_sub(begun.cost);
            }
            line.finish(begun, millis(1));
        }
        prop_assert!(line.is_empty());
    }
}
