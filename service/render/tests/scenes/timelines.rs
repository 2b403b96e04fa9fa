//! Timelines: what was done above, how it fared below.

use render::{Bar, Lane, Mark, MarkKind, Strip, Theme, Timeline, Unit};

fn bar(from: f64, to: f64, label: &str, strength: f64) -> Bar {
    Bar {
        from,
        to,
        label: label.to_owned(),
        strength,
        is_open: false,
    }
}

fn lane(name: &str, is_fault: bool, bars: Vec<Bar>) -> Lane {
    Lane {
        name: name.to_owned(),
        is_fault,
        bars,
    }
}

fn strip(name: &str, unit: Unit, most: f64, value: impl Fn(f64) -> f64) -> Strip {
    Strip {
        name: name.to_owned(),
        detail: format!("expected at most {most}"),
        unit,
        least: None,
        most: Some(most),
        points: (0..=90).map(f64::from).map(|at| (at, value(at))).collect(),
    }
}

fn usual(theme: Theme) -> Timeline {
    let mark = |at: f64, label: &str, kind: MarkKind| Mark {
        at,
        label: label.to_owned(),
        kind,
    };
    let late = |at: f64| if (20.0..60.0).contains(&at) { 0.6 } else { 0.1 };
    Timeline {
        title: "Redis answers 800 ms late".to_owned(),
        word: "held".to_owned(),
        subtitle: "2026-11-23 00:00:00 UTC".to_owned(),
        seconds: (0.0, 90.0),
        lanes: vec![
            lane(
                "stage",
                false,
                vec![bar(10.0, 30.0, "smoke", 0.0), bar(30.0, 60.0, "full", 0.0)],
            ),
            lane(
                "redis, latency",
                true,
                vec![
                    bar(10.0, 30.0, "200 ms", 0.25),
                    bar(30.0, 60.0, "800 ms", 1.0),
                    bar(28.0, 29.0, "beside its bar", 0.5),
                ],
            ),
        ],
        marks: vec![
            mark(12.0, "felt after 2 s", MarkKind::Note),
            mark(14.0, "RedisSlow pending", MarkKind::Fault),
            mark(60.0, "rolled back", MarkKind::Deploy),
            mark(89.0, "at the right end", MarkKind::Note),
        ],
        strips: vec![
            strip("p95", Unit::Seconds, 0.5, late),
            strip("requests", Unit::PerSecond, 1e9, |at| {
                if (40.0..50.0).contains(&at) {
                    f64::NAN
                } else {
                    18.0 + at % 3.0
                }
            }),
        ],
        theme,
        ..Timeline::default()
    }
}

/// Timelines of every kind, with names.
pub(crate) fn kinds() -> Vec<(&'static str, Timeline)> {
    let mut odd = usual(Theme::Light);
    odd.seconds = (5.0, f64::NAN);
    odd.lanes[1].bars[0].to = f64::INFINITY;
    odd.lanes[1].bars[1].strength = f64::NAN;
    odd.strips[0].points = vec![(0.5, 1.0)];
    odd.strips[1].points = vec![
        (f64::NAN, 1.0),
        (0.2, f64::INFINITY),
        (0.4, 1e300),
        (0.6, -1e300),
    ];
    let mut open = usual(Theme::Light);
    open.width = 480;
    open.lanes[1].bars[1].is_open = true;
    vec![
        ("light", usual(Theme::Light)),
        ("dark", usual(Theme::Dark)),
        ("narrow", open),
        ("odd numbers", odd),
        ("nothing", Timeline::default()),
    ]
}

/// Timelines that ask for more than they may, each in another way.
pub(crate) fn out_of_bounds() -> Vec<Timeline> {
    let changed = |change: &dyn Fn(&mut Timeline)| {
        let mut timeline = usual(Theme::Light);
        change(&mut timeline);
        timeline
    };
    vec![
        changed(&|one| one.width = 100),
        changed(&|one| one.title = "x".repeat(201)),
        changed(&|one| one.lanes = vec![lane("x", true, Vec::new()); 33]),
        changed(&|one| one.lanes[0].bars[0].label = "x".repeat(81)),
        changed(&|one| one.strips = vec![one.strips[0].clone(); 17]),
        changed(&|one| one.strips[0].points = vec![(0.0, 0.0); 11_001]),
        changed(&|one| one.lanes[0].bars = vec![bar(1.0, 2.0, "x", 1.0); 250]),
    ]
}
