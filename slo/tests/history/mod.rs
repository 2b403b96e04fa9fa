//! What a Prometheus would have seen of services of every kind, made up.

use std::fmt::Write as _;

/// Seconds between two scrapes.
pub(crate) const STEP: i64 = 15;

pub(crate) const HOUR: i64 = 3_600;

/// A value at so many seconds before the end, or no sample.
type Value = fn(i64) -> Option<f64>;

/// One made-up job: a value for each scrape, by seconds before the end; `None` is no sample.
struct Job {
    name: &'static str,
    instance: &'static str,
    /// Further labels, each with a comma before it.
    labels: &'static str,
    /// How far the history goes back, in seconds.
    history: i64,
    good: Value,
    bad: Value,
    up: Value,
}

/// Events per second that make 18,000 in an hour.
const RATE: f64 = 5.0;

/// A counter that has grown at `rate` since eight hours before the end.
fn grown(before: i64, rate: f64) -> Option<f64> {
    Some((8 * HOUR - before) as f64 * rate)
}

fn steady(before: i64) -> Option<f64> {
    grown(before, RATE)
}

fn none(_: i64) -> Option<f64> {
    Some(0.0)
}

fn one(_: i64) -> Option<f64> {
    Some(1.0)
}

/// `of`, as long as it is more than ten minutes before the end.
fn until_ten_minutes_ago(of: Option<f64>, before: i64) -> Option<f64> {
    of.filter(|_| before > 600)
}

fn one_until_ten_minutes_ago(before: i64) -> Option<f64> {
    until_ten_minutes_ago(Some(1.0), before)
}

fn few(before: i64) -> Option<f64> {
    grown(before, 0.1)
}

fn zero_until_ten_minutes_ago(before: i64) -> Option<f64> {
    until_ten_minutes_ago(Some(0.0), before)
}

fn steady_until_ten_minutes_ago(before: i64) -> Option<f64> {
    until_ten_minutes_ago(steady(before), before)
}

/// A counter that begins at 0 again half an hour before the end.
fn restarted(before: i64) -> Option<f64> {
    let second = (HOUR / 2 - before) as f64 * RATE;
    if before > HOUR / 2 {
        steady(before)
    } else {
        Some(second)
    }
}

/// `of`, from half an hour before the end.
fn in_second_half(of: f64, before: i64) -> Option<f64> {
    (before <= HOUR / 2).then_some(of)
}

/// `of`, but for the ten minutes around half an hour before the end.
fn with_a_hole(of: Option<f64>, before: i64) -> Option<f64> {
    of.filter(|_| (before - HOUR / 2).abs() > 300)
}

/// A job of which everything is known and good.
fn job(name: &'static str) -> Job {
    Job {
        name,
        instance: "a:1",
        labels: "",
        history: 2 * HOUR,
        good: steady,
        bad: none,
        up: one,
    }
}

/// Jobs of which some events are in no counter.
fn jobs_with_missing_events() -> Vec<Job> {
    let holed = |name| Job {
        good: |before| with_a_hole(steady(before), before),
        bad: |before| with_a_hole(Some(0.0), before),
        up: |before| with_a_hole(Some(1.0), before),
        ..job(name)
    };
    let down_since: Value = |before| Some(if before > 600 { 1.0 } else { 0.0 });
    let young = Job {
        history: HOUR / 2,
        bad: |_| Some(8.0),
        ..job("young")
    };
    let cluster = |name, labels, up| Job {
        labels,
        up,
        ..job(name)
    };
    vec![
        Job {
            bad: |before| in_second_half(800.0, before),
            ..job("born")
        },
        Job {
            bad: |before| in_second_half(0.0, before),
            ..job("seeded")
        },
        Job {
            // It began at 800, and its restart hides that.
            bad: |before| in_second_half(if before > 900 { 800.0 } else { 0.0 }, before),
            ..job("born-reset")
        },
        Job {
            bad: |before| (before <= HOUR / 2).then_some(8e4 - before as f64),
            ..job("born-fail")
        },
        young,
        holed("hole"),
        cluster("clusters", ",cluster=\"a\"", down_since),
        cluster("clusters", ",cluster=\"b\"", one),
        cluster("clusters-turned", ",cluster=\"a\"", one),
        cluster("clusters-turned", ",cluster=\"b\"", down_since),
        Job {
            labels: ",cluster=\"a\"",
            ..holed("clusters-hole")
        },
        cluster("clusters-hole", ",cluster=\"b\"", one),
    ]
}

fn jobs() -> Vec<Job> {
    // Its series end ten minutes before the end, its target goes on.
    let stopped = |name| Job {
        good: steady_until_ten_minutes_ago,
        bad: zero_until_ten_minutes_ago,
        ..job(name)
    };
    let many_bad: Value = |before| grown(before, RATE / 50.0);
    // One per cent was bad until two hours ago.
    let was_bad: Value = |before| grown(before.max(2 * HOUR), RATE / 100.0);
    let down_now: Value = |before| Some(if before > 600 { 1.0 } else { 0.0 });
    let flapping: Value = |before| {
        Some(if before % 600 < 60 && before > 60 {
            0.0
        } else {
            1.0
        })
    };
    vec![
        job("pass"),
        Job {
            bad: many_bad,
            ..job("fail")
        },
        Job {
            good: few,
            ..job("few")
        },
        Job {
            good: restarted,
            ..job("reset")
        },
        Job {
            up: down_now,
            ..stopped("down")
        },
        Job {
            up: flapping,
            ..job("flaps")
        },
        Job {
            up: one_until_ten_minutes_ago,
            ..stopped("vanished")
        },
        stopped("stale"),
        Job {
            bad: |_| None,
            ..job("unseeded")
        },
        job("replaced"),
        Job {
            instance: "b:1",
            up: one_until_ten_minutes_ago,
            ..stopped("replaced")
        },
        Job {
            history: 7 * HOUR,
            ..job("kept")
        },
        Job {
            history: 7 * HOUR,
            bad: was_bad,
            ..job("spent")
        },
    ]
}

/// The history of every job up to `end`, in Unix seconds, as OpenMetrics text.
pub(crate) fn open_metrics(end: i64) -> String {
    let mut text = String::new();
    let jobs: Vec<Job> = jobs()
        .into_iter()
        .chain(jobs_with_missing_events())
        .collect();
    let mut family = |name: &str, kind: &str, series: Vec<(String, &Job, Value)>| {
        let _ = writeln!(text, "# TYPE {name} {kind}");
        for (series, job, value) in series {
            let mut before = job.history;
            while before >= 0 {
                if let Some(value) = value(before) {
                    let _ = writeln!(text, "{series} {value} {}", end - before);
                }
                before -= STEP;
            }
        }
    };
    let labels = |job: &Job| {
        let Job {
            name,
            instance,
            labels,
            ..
        } = job;
        format!(r#"job="{name}",instance="{instance}"{labels}"#)
    };
    let answers = |job, code: &str| format!(r#"answers_total{{{},code="{code}"}}"#, labels(job));
    let counted: Vec<_> = jobs
        .iter()
        .flat_map(|job| {
            [
                (answers(job, "200"), job, job.good),
                (answers(job, "500"), job, job.bad),
            ]
        })
        .collect();
    family("answers", "counter", counted);
    family(
        "up",
        "gauge",
        jobs.iter()
            .map(|job| (format!("up{{{}}}", labels(job)), job, job.up))
            .collect(),
    );
    text + "# EOF\n"
}
