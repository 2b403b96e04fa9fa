//! Releases side by side, against a real Prometheus with history made by promtool.

#![expect(
    clippy::unwrap_used,
    reason = "a helper of a test may panic as a test does"
)]

mod prometheus;

use std::fmt::Write as _;
use std::time::Duration;

use jiff::Timestamp;
use slo::Objective;
use slo::gate::{
    Compared, Figure, LostKind, Releases, ReleasesPlan, Requests, Verdict, side_by_side,
};
use slo::prometheus::Client;

use prometheus::Server;

const HOUR: i64 = 3_600;

/// Seconds between two scrapes.
const SCRAPE: i64 = 15;

/// The time that is looked at, in seconds since 1970: on no step.
const END: i64 = 1_799_996_520;

/// How far the history goes back, in seconds.
const BACK: i64 = 9 * HOUR;

/// A release, and from when to when it was there, in seconds before the end.
type Deploy = (&'static str, i64, i64);

/// One made-up service.
struct Service {
    name: &'static str,
    /// Further labels of its requests, each with a comma before it.
    labels: &'static str,
    deploys: &'static [Deploy],
    /// What requests were like, so many seconds before the end.
    requests: fn(i64) -> Requested,
}

/// What requests of 15 seconds were like: how many thousandths were answered within each bound, and
/// how many were bad.
#[derive(Clone, Copy)]
struct Requested {
    within: [i64; 4],
    bad: i64,
}

const BOUNDS: [&str; 5] = ["0.1", "0.25", "0.5", "1", "+Inf"];

const USUAL: Requested = Requested {
    within: [900, 995, 1_000, 1_000],
    bad: 2,
};

/// Most are slower, and more fail.
const REGRESSED: Requested = Requested {
    within: [700, 930, 980, 1_000],
    bad: 30,
};

/// A deploy takes five minutes, in which both releases are there.
const STEADY: &[Deploy] = &[
    ("1.2.8", BACK, 6 * HOUR),
    ("1.2.9", 6 * HOUR + 300, 4 * HOUR),
    ("1.3.0", 4 * HOUR + 300, 2 * HOUR),
    ("1.4.0", 2 * HOUR + 300, 0),
];

fn services() -> Vec<Service> {
    let usual: fn(i64) -> Requested = |_| USUAL;
    let of = |name, deploys, requests| Service {
        name,
        labels: "",
        deploys,
        requests,
    };
    vec![
        of("steady", STEADY, usual),
        of("regressed", STEADY, |before| {
            if before <= 2 * HOUR + 300 {
                REGRESSED
            } else {
                USUAL
            }
        }),
        // The slow ones before it are no measure of it.
        of("better", STEADY, |before| {
            if before > 2 * HOUR { REGRESSED } else { USUAL }
        }),
        // For an hour both were there, and what was slow then is no fault of the old one.
        of(
            "slow-roll",
            &[("1.3.0", BACK, 2 * HOUR), ("1.4.0", 3 * HOUR, 0)],
            |before| {
                if before <= 3 * HOUR { REGRESSED } else { USUAL }
            },
        ),
        of("first", &[("1.0.0", 3 * HOUR, 0)], usual),
        of(
            "rolled-back",
            &[
                ("1.3.0", BACK, 4 * HOUR),
                ("1.4.0", 4 * HOUR, 2 * HOUR),
                ("1.3.0", 2 * HOUR, 0),
            ],
            |before| {
                if (2 * HOUR..4 * HOUR).contains(&before) {
                    REGRESSED
                } else {
                    USUAL
                }
            },
        ),
        of(
            "beside",
            &[("1.3.0", BACK, 0), ("1.4.0", 2 * HOUR, 0)],
            usual,
        ),
        of(
            "gone",
            &[("1.3.0", BACK, 4 * HOUR), ("1.4.0", 4 * HOUR, HOUR)],
            usual,
        ),
        of("young", &[("1.3.0", BACK, 90), ("1.4.0", 90, 0)], usual),
        // A twentieth takes longer than the highest bound, before and now.
        of("beyond", STEADY, |_| Requested {
            within: [900, 910, 920, 950],
            bad: 2,
        }),
        of("unlabelled", &[("", BACK, 0)], usual),
        // Its requests say which release answered them.
        Service {
            labels: r#",version="1.3.0""#,
            ..of("canary", &[("1.3.0", BACK, 0)], usual)
        },
        Service {
            labels: r#",version="1.4.0""#,
            ..of("canary", &[("1.4.0", 2 * HOUR, 0)], |_| REGRESSED)
        },
    ]
}

/// Noise that is the same each time: -4 to 4.
fn noise(time: i64) -> i64 {
    let mixed = time
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    (mixed >> 33).rem_euclid(9) - 4
}

/// The history of every service as OpenMetrics text.
fn history() -> String {
    let services = services();
    let mut text = String::from("# TYPE build_info gauge\n");
    for service in &services {
        for (version, from, until) in service.deploys {
            let label = if version.is_empty() {
                String::new()
            } else {
                format!(r#",version="{version}""#)
            };
            for before in (*until..=*from).rev().filter(|before| before % SCRAPE == 0) {
                let (job, stamp) = (service.name, END - before);
                let _ = writeln!(text, r#"build_info{{job="{job}"{label}}} 1 {stamp}"#);
            }
        }
    }
    text.push_str("# TYPE request_seconds histogram\n");
    for service in &services {
        let mut buckets = [0_i64; 5];
        let mut codes = [0_i64; 2];
        for step in 0..=BACK / SCRAPE {
            let before = BACK - step * SCRAPE;
            let requested = (service.requests)(before);
            let (all, stamp, job) = (1_000 + 20 * noise(step), END - before, service.name);
            let labels = service.labels;
            for (bucket, within) in buckets.iter_mut().zip(requested.within) {
                let noise = noise(step + 77) * within.min(1_000 - within) / 100;
                *bucket += all * (within + noise) / 1_000;
            }
            buckets[4] += all;
            let bad = all * requested.bad / 1_000 + (noise(step + 7) + 4) / 4;
            codes[0] += all - bad;
            codes[1] += bad;
            for (le, value) in BOUNDS.iter().zip(buckets) {
                let name = format!(r#"request_seconds_bucket{{job="{job}"{labels},le="{le}"}}"#);
                let _ = writeln!(text, "{name} {value} {stamp}");
            }
            for (code, value) in ["200", "500"].iter().zip(codes) {
                let name = format!(r#"request_seconds_count{{job="{job}"{labels},code="{code}"}}"#);
                let _ = writeln!(text, "{name} {value} {stamp}");
            }
        }
    }
    text.push_str("# TYPE cpu_used_ratio gauge\n");
    for service in services.iter().filter(|service| service.labels.is_empty()) {
        for step in 0..=BACK / SCRAPE {
            let (job, stamp) = (service.name, END - BACK + step * SCRAPE);
            let used = 0.4 + 0.01 * noise(step) as f64;
            let _ = writeln!(text, r#"cpu_used_ratio{{job="{job}"}} {used} {stamp}"#);
        }
    }
    text + "# EOF\n"
}

fn objectives() -> Vec<Objective> {
    let metric =
        |query: &str| format!("{{metricSource: {{type: Prometheus, spec: {{query: '{query}'}}}}}}");
    let text = format!(
        "apiVersion: openslo/v1\nkind: SLO\nmetadata: {{name: availability}}\nspec:\n  \
         service: shop\n  budgetingMethod: Occurrences\n  timeWindow: [{{duration: 7d, isRolling: \
         true}}]\n  objectives: [{{targetPercent: 99}}]\n  indicator:\n    spec:\n      \
         ratioMetric:\n        counter: true\n        bad: {}\n        total: {}\n",
        metric(r#"request_seconds_count{code="500"}"#),
        metric("request_seconds_count"),
    );
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("shop.yaml");
    std::fs::write(&file, text).unwrap();
    slo::load(&[file]).unwrap()
}

fn plan<'a>(job: &str, objectives: &'a [Objective]) -> ReleasesPlan<'a> {
    ReleasesPlan {
        metric: "build_info".to_owned(),
        label: "version".to_owned(),
        number: 3,
        lookback: Duration::from_secs(12 * 3_600),
        window: Duration::from_secs(3_600),
        matchers: vec![("job".to_owned(), job.to_owned())],
        requests: Some(Requests {
            histogram: "request_seconds".to_owned(),
            bad: r#"code=~"5..""#.to_owned(),
        }),
        saturation: Some("max(cpu_used_ratio)".to_owned()),
        objectives,
    }
}

async fn look(
    server: &Server,
    plan: &ReleasesPlan<'_>,
) -> Result<Option<Releases>, slo::gate::Lost> {
    let timeout = Duration::from_secs(60);
    let client = Client::new(server.url(), timeout).unwrap();
    let at = Timestamp::from_second(END).unwrap();
    side_by_side(&client, plan, at, timeout, 8).await
}

/// A service in lines: its releases, and each row.
fn lines(job: &str, found: Option<&Releases>) -> String {
    let Some(releases) = found else {
        return format!("{job}: no release is known");
    };
    let earlier: Vec<&str> = releases
        .earlier
        .iter()
        .map(|one| one.name.as_str())
        .collect();
    let first = if releases.is_first { ", the first" } else { "" };
    let mut text = format!("{job}: {} after {earlier:?}{first}", releases.current.name);
    for row in &releases.rows {
        let figure = format!("{:?}", row.figure);
        // What a sentence says of numbers is another test's.
        let why = match row.verdict {
            Verdict::Inconclusive => row.sentence.as_str(),
            _ => "",
        };
        let _ = write!(text, "\n  {figure:<10} {} {why}", row.verdict);
    }
    text.lines()
        .map(str::trim_end)
        .collect::<Vec<_>>()
        .join("\n")
}

fn row(releases: &Releases, figure: Figure) -> &Compared {
    releases
        .rows
        .iter()
        .find(|row| row.figure == figure)
        .unwrap()
}

fn near(found: f64, expected: f64) -> bool {
    (found / expected - 1.0).abs() < 0.05
}

#[tokio::test]
async fn releases_are_set_side_by_side() {
    let server = Server::start(&history(), &[]).await;
    let objectives = objectives();
    let mut told = Vec::new();
    for service in services()
        .iter()
        .filter(|service| service.labels.is_empty())
    {
        let job = service.name;
        let found = look(&server, &plan(job, &objectives)).await.unwrap();
        told.push(lines(job, found.as_ref()));
        if let Some(releases) = &found {
            begins_are_right(service, releases);
        }
        if job == "regressed" {
            the_regression_is_told(&found.unwrap());
        }
    }
    told.push(lines(
        "nobody",
        look(&server, &plan("nobody", &objectives))
            .await
            .unwrap()
            .as_ref(),
    ));
    insta::assert_snapshot!(told.join("\n"));
    a_canary_is_told_apart(&server, &objectives).await;
    what_cannot_be_asked_is_an_error(&server).await;
}

/// Within a scrape and the step of a closer look.
fn begins_are_right(service: &Service, releases: &Releases) {
    let shown = [&releases.current].into_iter().chain(&releases.earlier);
    let deploys = service.deploys.iter().rev();
    for (release, (name, from, until)) in shown.zip(deploys) {
        assert_eq!(release.name, *name, "{}", service.name);
        for (found, before) in [(release.since, from), (release.until, until)] {
            let off = (found.as_second() - (END - before)).abs();
            assert!(off <= 15, "{} {name}: {off} s", service.name);
        }
    }
}

fn the_regression_is_told(releases: &Releases) {
    let p99 = row(releases, Figure::P99);
    // 980 of 1,000 within 0.5 s, the rest within 1 s; 995 within 0.25 s before.
    assert!(near(p99.current.unwrap(), 0.75), "{p99:?}");
    assert!(
        p99.earlier.iter().all(|value| near(value.unwrap(), 0.242)),
        "{p99:?}"
    );
    assert!(
        p99.sentence.contains("1.3.0, 1.2.9, 1.2.8"),
        "{}",
        p99.sentence
    );
    assert!(
        p99.sentence.contains("% slower, not chance (p < 0.0001)"),
        "{}",
        p99.sentence
    );
    let attainment = row(releases, Figure::Attainment);
    assert_eq!(attainment.objective.as_deref(), Some("availability"));
    assert!(
        (attainment.current.unwrap() - 0.97).abs() < 0.003,
        "{attainment:?}"
    );
}

/// Beside each other, but for a matcher on the label: then each is asked for by its own name.
async fn a_canary_is_told_apart(server: &Server, objectives: &[Objective]) {
    let mut plan = ReleasesPlan {
        saturation: None,
        ..plan("canary", objectives)
    };
    let mixed = look(server, &plan).await.unwrap().unwrap();
    assert!(
        mixed
            .rows
            .iter()
            .all(|row| row.verdict == Verdict::Inconclusive)
    );
    plan.matchers
        .push(("version".to_owned(), "1.4.0".to_owned()));
    let apart = look(server, &plan).await.unwrap().unwrap();
    assert!(
        apart.rows.iter().all(|row| row.verdict == Verdict::Fail),
        "{apart:?}"
    );
    assert!(near(row(&apart, Figure::P99).current.unwrap(), 0.75));
    assert!(near(row(&apart, Figure::P99).earlier[0].unwrap(), 0.242));
}

async fn what_cannot_be_asked_is_an_error(server: &Server) {
    let bad = ReleasesPlan {
        saturation: Some("max(cpu_used_ratio".to_owned()),
        ..plan("steady", &[])
    };
    let lost = look(server, &bad).await.unwrap_err();
    assert_eq!(lost.kind, LostKind::BadQuery, "{lost:?}");
    let several = ReleasesPlan {
        saturation: Some(
            "label_replace(cpu_used_ratio, \"a\", \"b\", \"\", \"\") or cpu_used_ratio".to_owned(),
        ),
        ..plan("steady", &[])
    };
    let releases = look(server, &several).await.unwrap().unwrap();
    let saturation = row(&releases, Figure::Saturation);
    assert_eq!(saturation.verdict, Verdict::Inconclusive);
    assert!(
        saturation.sentence.contains("2 series"),
        "{}",
        saturation.sentence
    );
}
