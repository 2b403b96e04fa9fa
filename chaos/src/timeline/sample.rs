//! Journals as runs leave them, for tests.

use jiff::{SignedDuration, Timestamp};
use outcome::Outcome;

use crate::journal::{
    Activity, Detection, Doing, FaultRecord, Journal, Samples, StageRecord, SteadyState, UserRecord,
};

/// Every run of a test begins at this second.
const START: i64 = 1_795_392_000;

fn at(start: Timestamp, seconds: f64) -> Timestamp {
    start + SignedDuration::from_secs_f64(seconds)
}

/// A figure that wavers a little, the same in every run.
fn wave(second: u32, size: f64) -> f64 {
    let turn = f64::from(second * 7_919 % 97) / 97.0;
    (turn - 0.5) * size
}

fn reading(name: &str, value: f64, start: Timestamp) -> Activity {
    Activity {
        activity: Doing::probe(name),
        start,
        end: start,
        duration: 0.0,
        status: "succeeded".to_owned(),
        output: Some(value),
        tolerance_met: Some(true),
        detail: "expected 0 to 0.5".to_owned(),
    }
}

fn samples(probe: &str, bounds: [Option<f64>; 2], of: impl Fn(u32) -> Option<f64>) -> Samples {
    Samples {
        probe: probe.to_owned(),
        least: bounds[0],
        most: bounds[1],
        points: (0..110)
            .map(|second| (f64::from(second), of(second)))
            .collect(),
    }
}

/// Redis grows slow in three stages, is felt in each, and all is well again.
pub(crate) fn held() -> Journal {
    let start = Timestamp::from_second(START).unwrap();
    let mut journal = Journal::begun("redis-slow", "Redis answers 800 ms late", start);
    journal.end = at(start, 109.4);
    journal.duration = 109.4;
    journal.effect_seconds = Some(2.1);
    journal.recovery_seconds = Some(6.3);
    let ends = [(12.0, 32.0), (32.2, 62.0), (62.2, 92.0)];
    let stages = ["smoke", "part", "full"].into_iter().zip(ends);
    for ((stage, (from, to)), (late, share)) in stages.zip([(200, 10), (400, 50), (800, 100)]) {
        let detail = format!("latency {late} ms on {share} % of redis");
        journal.stages.push(StageRecord {
            name: stage.to_owned(),
            changes: vec![detail.clone()],
            start: at(start, from),
            end: at(start, to),
            effect_seconds: Some(2.1),
        });
        journal.faults.push(FaultRecord {
            stage: stage.to_owned(),
            name: "redis-answers-late".to_owned(),
            target: "redis".to_owned(),
            fault: "latency".to_owned(),
            detail,
            start_seconds: from,
            end_seconds: Some(to),
        });
    }
    let slow = |second: u32| match second {
        14..=33 => 0.05,
        34..=63 => 0.16,
        64..=94 => 0.62,
        _ => 0.012,
    };
    journal.samples = vec![
        samples("p95-seconds", [None, Some(0.5)], |second| {
            Some(slow(second) * (1.0 + wave(second, 0.3)))
        }),
        samples("share-of-server-errors", [Some(0.0), Some(0.01)], |_| {
            Some(0.0)
        }),
        samples("requests-per-second", [Some(1.0), Some(1e6)], |second| {
            (!(70..=76).contains(&second)).then(|| 18.0 + wave(second, 3.0))
        }),
        samples("service-answers", [Some(200.0), Some(200.0)], |_| {
            Some(200.0)
        }),
    ];
    journal.detections = vec![Detection {
        alert: "ProofmarkRedisCircuitOpen".to_owned(),
        expected: true,
        pending_seconds: Some(4.0),
        firing_seconds: Some(19.0),
    }];
    journal.users = vec![UserRecord {
        objective: "availability".to_owned(),
        attained: Some(0.9998),
        least: 0.999,
        detail: String::new(),
    }];
    read(&mut journal);
    journal
}

/// The steady state around the faults, and the way back.
fn read(journal: &mut Journal) {
    let start = journal.start;
    let state = |second: f64| SteadyState {
        steady_state_met: true,
        probes: vec![
            reading("p95-seconds", 0.012, at(start, second)),
            reading("share-of-server-errors", 0.0, at(start, second)),
        ],
    };
    journal.steady_states.before = Some(state(4.0));
    journal.steady_states.during = vec![state(32.0), state(62.0), state(92.0)];
    journal.steady_states.after = Some(state(98.3));
    journal.rollbacks = vec![Activity {
        activity: Doing::action("redis-answers-late"),
        detail: "remove latency of redis".to_owned(),
        output: None,
        tolerance_met: None,
        ..reading("redis-answers-late", 0.0, at(start, 92.0))
    }];
}

/// A fault that left no mark.
pub(crate) fn unfelt() -> Journal {
    let mut journal = held();
    journal.note(
        Outcome::Inconclusive,
        "smoke was not felt within 10 s: calls-time-out is 0, expected 0.5 to 1000000",
    );
    journal.stages.truncate(1);
    journal.faults.truncate(1);
    journal.detections[0].pending_seconds = None;
    journal.detections[0].firing_seconds = None;
    for stage in &mut journal.stages {
        stage.effect_seconds = None;
    }
    journal.effect_seconds = None;
    journal.users[0].attained = None;
    journal.users[0].detail = "the query gave nothing".to_owned();
    journal
}

/// Everything at once: long and hostile names, twelve faults of which one stays, many alerts.
pub(crate) fn crowded(hostile: &str) -> Journal {
    let mut journal = held();
    journal.note(
        Outcome::Missed,
        &format!("the steady state was lost in full: {hostile}"),
    );
    journal.experiment.title = format!("{hostile} {}", "Everything breaks at once ".repeat(9));
    for number in 0..11_u32 {
        let begin = 14.0 + f64::from(number * 7);
        journal.faults.push(FaultRecord {
            stage: "full".to_owned(),
            name: format!("fault-{number}"),
            target: match number % 4 {
                0 => format!("pictures-upstream-with-a-very-long-name-{number}"),
                1 => hostile.to_owned(),
                _ => "redis".to_owned(),
            },
            fault: ["latency", "reset_peer", "down", "flapping"][number as usize % 4].to_owned(),
            detail: format!("{hostile} for {number} s, 延迟 {number}"),
            start_seconds: begin,
            end_seconds: (number != 10).then_some(begin + 11.0),
        });
        journal.detections.push(Detection {
            alert: format!("ProofmarkSomethingIsWrong{number}"),
            expected: number % 2 == 0,
            pending_seconds: Some(f64::from(number * 3)),
            firing_seconds: Some(f64::from(number * 3 + 8)),
        });
        journal.samples.push(samples(
            &format!("{hostile}-{number}"),
            [None, None],
            |second| (second % 13 != number).then(|| f64::from(second * number)),
        ));
    }
    journal.users.push(UserRecord {
        objective: hostile.to_owned(),
        attained: Some(0.5),
        least: 0.99,
        detail: hostile.to_owned(),
    });
    journal.stages[0].name = hostile.to_owned();
    journal
}
