//! What a run comes to: marks, limits, users and alerts.

use super::*;
use crate::experiment::Source;
use crate::experiment::model::{
    Abort, Difference, Effect, Expected, ExpectedAlert, Impact, Tolerance,
};

/// The plan of the file, with one stage: latency, and nothing after it.
fn slow() -> Plan {
    let mut plan = Plan::parse("two", "two.yaml", &file(""), Around::default()).unwrap();
    plan.stages.truncate(1);
    plan
}

fn both() -> Plan {
    Plan::parse("two", "two.yaml", &file(""), Around::default()).unwrap()
}

fn query(text: &str) -> Source {
    Source::PromQl(text.to_owned())
}

fn exactly(value: f64) -> Tolerance {
    Tolerance {
        least: value,
        most: value,
    }
}

fn effect(name: &str, expected: Expected) -> Effect {
    Effect {
        name: name.to_owned(),
        source: query(name),
        expected,
        within: Duration::from_secs(30),
    }
}

#[tokio::test]
async fn a_rise_is_a_rise_over_what_was_there_before() {
    let world = World::new(ignore).await;
    let mut plan = slow();
    let rises = |by| vec![effect("latency", Expected::Rises(by))];
    plan.stages[0].effects = rises(Difference::Relative(80.0));
    let journal = world.run_plan(&plan).await;
    // 10 before, 810 after.
    assert_eq!(journal.outcome(), Outcome::Held, "{}", journal.detail);
    plan.stages[0].effects = rises(Difference::Absolute(801.0));
    plan.stages[0].effects[0].within = Duration::from_secs(1);
    let journal = world.run_plan(&plan).await;
    assert_eq!(journal.outcome(), Outcome::Inconclusive);
    assert_eq!(
        journal.detail,
        "slow was not felt: expected latency within 1 s (latency is 810, expected at least 811)"
    );
    world.assert_clean().await;
}

#[tokio::test]
async fn a_share_of_nothing_is_no_rise() {
    let world = World::new(ignore).await;
    let mut plan = slow();
    let rises = Expected::Rises(Difference::Relative(0.1));
    plan.stages[0].effects = vec![effect("broken_share", rises)];
    let journal = world.run_plan(&plan).await;
    assert_eq!(journal.outcome(), Outcome::Inconclusive);
    assert_eq!(
        journal.detail,
        "broken_share is 0 before the fault, of which no share can be told"
    );
    assert!(journal.faults.is_empty());
    world.assert_clean().await;
}

#[tokio::test]
async fn a_mark_that_is_there_before_the_fault_proves_nothing() {
    let world = World::new(ignore).await;
    let mut plan = slow();
    plan.stages[0].effects = vec![effect("works", Expected::Within(exactly(1.0)))];
    let journal = world.run_plan(&plan).await;
    assert_eq!(journal.outcome(), Outcome::Inconclusive);
    assert_eq!(
        journal.detail,
        "marks are there before any fault, and prove nothing: works"
    );
    assert!(journal.faults.is_empty());
    world.assert_clean().await;
}

#[tokio::test]
async fn what_aborts_ends_it_at_once() {
    let world = World::new(ignore).await;
    let mut plan = both();
    plan.stages[1].hold = Duration::from_secs(50);
    plan.steady.truncate(1);
    plan.aborts = vec![Abort {
        probe: Probe {
            name: "not-all-broken".to_owned(),
            source: query("broken_share"),
            tolerance: exactly(0.0),
        },
        lasting: Duration::from_millis(50),
    }];
    let journal = world.run_plan(&plan).await;
    assert_eq!(
        (journal.outcome(), journal.status),
        (Outcome::Missed, Status::Aborted)
    );
    assert_eq!(
        journal.detail,
        "aborted in gone: not-all-broken is 1, expected 0"
    );
    // The hold of 50 s was not waited for.
    assert!(journal.duration < 50.0);
    world.assert_clean().await;
}

#[tokio::test]
async fn what_is_to_abort_and_cannot_be_seen_ends_it_without_a_verdict() {
    let world = World::new(ignore).await;
    let mut plan = both();
    plan.stages[1].hold = Duration::from_secs(50);
    plan.steady_during = false;
    plan.aborts = vec![Abort {
        probe: Probe {
            name: "errors".to_owned(),
            source: query("no_such_thing_is_asked_for_here or missing"),
            tolerance: exactly(0.0),
        },
        lasting: Duration::from_millis(50),
    }];
    let journal = world.run_plan(&plan).await;
    assert_eq!(
        journal.outcome(),
        Outcome::Inconclusive,
        "{}",
        journal.detail
    );
    let detail = &journal.detail;
    assert!(
        detail.starts_with("aborted in ") && detail.contains("errors is not known"),
        "{detail}"
    );
    world.assert_clean().await;
}

#[tokio::test]
async fn users_are_judged_by_what_they_were_promised() {
    let world = World::new(ignore).await;
    let mut plan = slow();
    let users = |least| {
        vec![Impact {
            objective: "availability".to_owned(),
            error_ratio: "errors".to_owned(),
            least,
        }]
    };
    plan.users = users(0.75);
    let journal = world.run_plan(&plan).await;
    assert_eq!(journal.outcome(), Outcome::Held, "{}", journal.detail);
    assert_eq!(journal.users[0].attained, Some(0.75));
    plan.users = users(0.76);
    let journal = world.run_plan(&plan).await;
    assert_eq!(
        (journal.outcome(), journal.deviated),
        (Outcome::Missed, true)
    );
    assert_eq!(
        journal.detail,
        "users: availability was 75.000 %, 76 % promised"
    );
    world.assert_clean().await;
}

#[tokio::test]
async fn alerts_are_timed_from_the_first_fault_and_silence_is_noted() {
    let world = World::new(ignore).await;
    let mut plan = both();
    let expected = |name: &str| ExpectedAlert {
        name: name.to_owned(),
        within: Duration::from_secs(30),
    };
    plan.alerts = vec![expected("RedisGone"), expected("NeverFires")];
    plan.stages[1].hold = Duration::from_secs(1);
    let journal = world.run_plan(&plan).await;
    assert_eq!(journal.outcome(), Outcome::Held, "{}", journal.detail);
    let seen: Vec<(&str, bool, bool)> = journal
        .detections
        .iter()
        .map(|one| {
            (
                one.alert.as_str(),
                one.expected,
                one.firing_seconds.is_some(),
            )
        })
        .collect();
    assert_eq!(
        seen,
        [("RedisGone", true, true), ("NeverFires", true, false)]
    );
    let lines = world.lines.lock().unwrap();
    assert!(
        lines.contains(
            &"two: after: alert NeverFires did not fire, expected within 30 s".to_owned()
        )
    );
}

#[tokio::test]
async fn a_lease_of_another_runner_keeps_it_out() {
    let world = World::new(ignore).await;
    let (redis, time) = (["redis".to_owned()], Duration::from_secs(60));
    let other = Lease::take(&world.tools.toxiproxy, "other", &redis, time).await;
    let other = other.unwrap();
    let journal = world.run_plan(&slow()).await;
    assert_eq!(
        (journal.outcome(), journal.status),
        (Outcome::Inconclusive, Status::Failed)
    );
    assert!(
        journal
            .detail
            .starts_with("no clean slate: redis is leased by other"),
        "{}",
        journal.detail
    );
    other.release().await.unwrap();
    world.assert_clean().await;
}

#[tokio::test]
async fn a_lease_that_is_lost_ends_it_without_a_verdict() {
    let world = World::new(ignore).await;
    let api = world.tools.toxiproxy.address();
    let mut plan = slow();
    plan.stages[0].hold = Duration::from_secs(50);
    let ends_leases = async {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        loop {
            let leases = http
                .get(format!("http://{api}/leases"))
                .send()
                .await
                .unwrap();
            let leases: Value = leases.json().await.unwrap();
            let proxies = http
                .get(format!("http://{api}/proxies"))
                .send()
                .await
                .unwrap();
            let proxies: Value = proxies.json().await.unwrap();
            if let Some(id) = leases[0]["id"].as_str()
                && proxies["redis"]["toxics"] != json!([])
            {
                let ended = http
                    .delete(format!("http://{api}/leases/{id}"))
                    .send()
                    .await;
                assert!(ended.unwrap().status().is_success());
                return;
            }
        }
    };
    let tools = Tools {
        lease: Duration::from_secs(3),
        ..world.tools
    };
    let world = World { tools, ..world };
    let (journal, ()) = tokio::join!(world.run_plan(&plan), ends_leases);
    assert_eq!(
        journal.outcome(),
        Outcome::Inconclusive,
        "{}",
        journal.detail
    );
    assert!(journal.duration < 50.0);
    world.assert_clean().await;
}
