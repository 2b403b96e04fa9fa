//! However a run ends, nothing is left behind, and what is said of it is true.

use super::*;

#[tokio::test]
async fn an_experiment_that_is_borne_holds_and_leaves_nothing_behind() {
    let world = World::new(ignore).await;
    let journal = world.run().await;
    assert_eq!(journal.outcome(), Outcome::Held, "{journal:#?}");
    assert_eq!(
        (journal.status, journal.deviated),
        (Status::Completed, false)
    );
    assert!(journal.effect_seconds.is_some() && journal.recovery_seconds.is_some());
    assert_eq!(journal.stages.len(), 2);
    assert!(
        journal
            .stages
            .iter()
            .all(|stage| stage.end > stage.start && stage.effect_seconds.is_some())
    );
    let undone: Vec<&str> = journal
        .rollbacks
        .iter()
        .map(|undo| undo.detail.as_str())
        .collect();
    assert_eq!(
        undone,
        [
            "redis refuses connections no more",
            "latency 800 ms on answers of redis no more"
        ]
    );
    // The first fault is carried over into the second stage, and has a record in each.
    let faults = journal.faults.iter();
    let faults: Vec<(&str, &str)> = faults
        .map(|fault| (fault.stage.as_str(), fault.fault.as_str()))
        .collect();
    assert_eq!(
        faults,
        [("slow", "latency"), ("gone", "latency"), ("gone", "down")]
    );
    let all_ended = journal.faults.iter().all(|fault| {
        let end = fault.end_seconds.unwrap();
        end >= fault.start_seconds
    });
    assert!(all_ended);
    world.assert_clean().await;
    assert!(world.tools.meter.encode().contains("fault=\"latency\""));
}

#[tokio::test]
async fn a_service_that_does_not_bear_a_fault_misses_and_the_fault_goes_at_once() {
    let world = World::new(ignore).await;
    world.behaviour.breaks.store(true, Ordering::SeqCst);
    let journal = world.run().await;
    assert_eq!(journal.outcome(), Outcome::Missed, "{journal:#?}");
    assert_eq!((journal.status, journal.deviated), (Status::Aborted, true));
    assert_eq!(
        journal.detail,
        "the steady state was lost in gone: works is 0, expected 1"
    );
    assert!(journal.recovery_seconds.is_some());
    world.assert_clean().await;
}

#[tokio::test]
async fn a_service_that_does_not_recover_misses() {
    let world = World::new(ignore).await;
    world.behaviour.stays_broken.store(true, Ordering::SeqCst);
    let journal = world.run_file(&impatient()).await;
    assert_eq!(
        (journal.outcome(), journal.recovery_seconds),
        (Outcome::Missed, None)
    );
    assert_eq!(
        journal
            .steady_states
            .after
            .as_ref()
            .map(|state| state.steady_state_met),
        Some(false)
    );
    world.assert_clean().await;
}

#[tokio::test]
async fn a_fault_that_is_not_felt_is_inconclusive() {
    let world = World::new(ignore).await;
    world.behaviour.hides_faults.store(true, Ordering::SeqCst);
    let journal = world.run_file(&impatient()).await;
    assert_eq!(journal.outcome(), Outcome::Inconclusive);
    assert_eq!(
        journal.detail,
        "slow was not felt: expected toxics within 1 s (toxics is 0, expected 1)"
    );
    world.assert_clean().await;
}

#[tokio::test]
async fn metrics_that_stop_in_a_fault_are_inconclusive() {
    let world = World::new(ignore).await;
    let behaviour = Arc::clone(&world.behaviour);
    let react = move |line: &str| {
        if line.contains("felt after") {
            behaviour.is_silent.store(true, Ordering::SeqCst);
        }
    };
    let show = Said {
        lines: Arc::clone(&world.lines),
        react: Box::new(react),
    };
    let world = World {
        tools: Tools {
            show: Box::new(show),
            ..world.tools
        },
        ..world
    };
    let journal = world.run_file(&impatient()).await;
    assert_eq!(journal.outcome(), Outcome::Inconclusive, "{journal:#?}");
    assert!(
        journal
            .detail
            .contains("works is not known: the query gave nothing"),
        "{}",
        journal.detail
    );
    world.assert_clean().await;
}

#[tokio::test]
async fn a_slate_that_is_not_clean_is_left_as_it_is() {
    let world = World::new(ignore).await;
    let disable = Change::Enable {
        proxy: "redis".to_owned(),
        enabled: false,
    };
    world.tools.toxiproxy.make(&disable).await.unwrap();
    let journal = world.run().await;
    assert_eq!(
        (journal.outcome(), journal.status),
        (Outcome::Inconclusive, Status::Failed)
    );
    assert_eq!(journal.detail, "no clean slate: proxy redis is disabled");
    assert!(world.tools.toxiproxy.has(&disable).await.unwrap());
}

#[tokio::test]
async fn an_interrupt_in_a_fault_takes_the_fault_away() {
    let world = World::new(|line, stop, _| {
        if line.contains("gone: felt after") {
            stop.cancel();
        }
    })
    .await;
    let journal = world.run().await;
    assert_eq!(
        (journal.outcome(), journal.status),
        (Outcome::Interrupted, Status::Interrupted)
    );
    assert_eq!(journal.rollbacks.len(), 2);
    world.assert_clean().await;
}

#[tokio::test]
async fn an_interrupt_while_a_fault_is_being_set_takes_it_away_too() {
    let world = World::new(|line, stop, _| {
        if line.contains("gone: redis refuses connections") {
            stop.cancel();
        }
    })
    .await;
    let journal = world.run().await;
    assert_eq!(journal.outcome(), Outcome::Interrupted);
    world.assert_clean().await;
}

#[tokio::test]
async fn a_panic_in_a_fault_takes_the_fault_away() {
    let world =
        World::new(|line, _, _| assert!(!line.contains("gone: felt after"), "on purpose")).await;
    let journal = world.run().await;
    assert_eq!(
        (journal.outcome(), journal.detail.as_str()),
        (Outcome::Broken, "a bug: the runner panicked")
    );
    assert_eq!(journal.rollbacks.len(), 2);
    world.assert_clean().await;
}

#[tokio::test]
async fn a_panic_in_the_rollback_keeps_no_fault_in_place() {
    let world = World::new(|line, _, _| assert!(!line.contains("no more"), "on purpose")).await;
    let journal = world.run().await;
    assert_eq!(
        (journal.outcome(), journal.detail.as_str()),
        (Outcome::Broken, "a bug: the runner panicked")
    );
    assert_eq!(journal.rollbacks.len(), 2);
    world.assert_clean().await;
}

#[tokio::test]
async fn a_toxiproxy_that_goes_away_leaves_the_fault_named() {
    let world = World::new(|line, _, server| {
        if line.contains("gone: felt after") {
            drop(server.lock().unwrap().take());
        }
    })
    .await;
    let journal = world.run().await;
    assert_eq!(journal.outcome(), Outcome::Broken);
    assert!(
        journal
            .detail
            .starts_with("left behind: redis refuses connections"),
        "{}",
        journal.detail
    );
    assert!(world.toxiproxy.lock().unwrap().is_none());
}

#[tokio::test]
async fn what_people_read_tells_the_story() {
    let world = World::new(ignore).await;
    world.run().await;
    let lines = world.lines.lock().unwrap();
    let story = lines
        .iter()
        .filter(|line| !line.contains(" s ") || line.contains("felt"));
    let seconds = |line: &String| {
        let words = line.split(' ').map(|word| {
            if word.parse::<f64>().is_ok() && word.contains('.') {
                "N"
            } else {
                word
            }
        });
        words.collect::<Vec<_>>().join(" ")
    };
    let story: Vec<String> = story.map(seconds).collect();
    insta::assert_snapshot!(story.join("\n"), @r"
    two: begin: Redis is slow, then gone
    two: before: works 1, answers 200
    two: slow: latency 800 ms on answers of redis
    two: slow: felt after N s: toxics 1
    two: gone: redis refuses connections
    two: gone: felt after N s: disabled 1
    two: gone: redis refuses connections no more
    two: gone: latency 800 ms on answers of redis no more
    two: after: well again after N s: works 1, answers 200
    two: verdict: held
    ");
}
