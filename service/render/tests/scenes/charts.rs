//! Each kind of chart in each theme, and what it says when something is missing. All numbers come
//! from exact arithmetic: sines differ in their last bit between machines.

use render::{Axis, Band, Chart, Kind, Mark, MarkKind, Series, Theme, Threshold, Unit};

/// 2026-11-22 16:00:00 UTC.
const START: f64 = 1_795_363_200.0;
const STEP: f64 = 15.0;

/// Every kind in both themes.
pub(crate) fn kinds() -> Vec<(String, Chart)> {
    let themes = [(Theme::Light, "light"), (Theme::Dark, "dark")];
    let each = |(theme, word): (Theme, &'static str)| {
        let dress = move |(name, chart): (&'static str, Chart)| {
            (format!("{name} {word}"), Chart { theme, ..chart })
        };
        all().into_iter().map(dress)
    };
    themes.into_iter().flat_map(each).collect()
}

fn all() -> Vec<(&'static str, Chart)> {
    vec![
        ("lines", lines()),
        ("areas", areas(false)),
        ("areas stacked", areas(true)),
        ("bars", bars(false)),
        ("bars stacked", bars(true)),
        ("heat", heat()),
        ("dense", dense()),
        ("stale", stale()),
        ("one stale", one_stale()),
        ("nothing in range", nothing()),
        ("infinite", infinite()),
        ("marks", marks()),
        ("many names", many_names()),
    ]
}

/// Between -1 and 1, up and down once in `period`.
fn wave(at: usize, period: usize) -> f64 {
    let part = (at % period) as f64 / period as f64;
    // A parabola to each side, which looks like a sine.
    let half = (part * 2.0).fract();
    let bow = 4.0 * half * (1.0 - half);
    if part < 0.5 { bow } else { -bow }
}

/// Between 0 and 1, without a pattern.
fn noise(at: usize) -> f64 {
    let mixed = (at as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    ((mixed ^ mixed >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 40) as f64 / f64::from(1 << 24)
}

fn series(name: &str, count: usize, value: impl Fn(usize) -> f64) -> Series {
    let points = (0..count).map(|at| (START + at as f64 * STEP, value(at)));
    Series {
        name: name.to_owned(),
        color: None,
        points: points.collect(),
    }
}

fn end(count: usize) -> f64 {
    START + count as f64 * STEP
}

fn latency(name: &str, level: f64) -> Series {
    series(name, 240, move |at| {
        let fault = if (100..140).contains(&at) { 1.6 } else { 0.0 };
        level * (1.0 + wave(at, 90) / 5.0 + noise(at + (level * 1e4) as usize) / 6.0 + fault)
    })
}

fn lines() -> Chart {
    let mut gap = latency("P99", 0.031);
    gap.points[180..196]
        .iter_mut()
        .for_each(|point| point.1 = f64::NAN);
    gap.points[188].1 = 0.05;
    Chart {
        title: "Latency of requests".to_owned(),
        subtitle: "GET /v1/card.png, all instances".to_owned(),
        unit: Unit::Seconds,
        zone: "Europe/Berlin".parse().unwrap(),
        range: Some((START, end(240))),
        series: vec![latency("P50", 0.008), latency("P95", 0.02), gap],
        thresholds: vec![Threshold {
            value: 0.1,
            label: "objective 100 ms".to_owned(),
        }],
        bands: vec![Band {
            from: end(100),
            to: end(140),
            label: "redis slow".to_owned(),
        }],
        evaluated_at: Some("evaluated 2026-11-22 17:00:00 UTC".to_owned()),
        ..Chart::default()
    }
}

fn areas(stacked: bool) -> Chart {
    let rate = |name: &str, level: f64, period| {
        series(name, 200, move |at| {
            level * (1.3 + wave(at, period) + noise(at) / 8.0)
        })
    };
    Chart {
        title: "Requests by route".to_owned(),
        kind: Kind::Area,
        stacked,
        unit: Unit::PerSecond,
        series: vec![
            rate("card", 420.0, 150),
            rate("chart", 260.0, 110),
            rate("graph", 120.0, 70),
        ],
        ..Chart::default()
    }
}

fn bars(stacked: bool) -> Chart {
    let count = |name: &str, level: f64, shift: usize| {
        series(name, 14, move |at| {
            (level * (0.3 + noise(at + shift))).round()
        })
    };
    let mut gap = count("timeout", 8.0, 40);
    gap.points[5].1 = f64::NAN;
    Chart {
        title: "Errors in each quarter minute".to_owned(),
        kind: Kind::Bar,
        stacked,
        series: vec![count("502", 22.0, 0), count("503", 14.0, 20), gap],
        ..Chart::default()
    }
}

fn heat() -> Chart {
    let routes = ["card", "chart", "graph", "gallery", "livez", "metrics"];
    let row = |(index, name): (usize, &&str)| {
        series(name, 60, move |at| {
            let fault = if (24..38).contains(&at) && index < 3 {
                0.12
            } else {
                0.0
            };
            let known = if index == 3 && (40..48).contains(&at) {
                f64::NAN
            } else {
                0.0
            };
            fault * noise(at * 7 + index) + noise(at + index * 100) * 0.01 + known
        })
    };
    Chart {
        title: "Errors by route".to_owned(),
        kind: Kind::Heat,
        unit: Unit::Ratio,
        zone: "Asia/Shanghai".parse().unwrap(),
        series: routes.iter().enumerate().map(row).collect(),
        bands: vec![Band {
            from: end(24),
            to: end(38),
            label: "redis down".to_owned(),
        }],
        ..Chart::default()
    }
}

fn dense() -> Chart {
    let one = |name: &str, level: f64, shift: usize| {
        series(name, 11_000, move |at| {
            level + wave(at, 4_000) + noise(at + shift) * noise(at / 50)
        })
    };
    Chart {
        title: "Eleven thousand points each".to_owned(),
        series: vec![
            one("a", 2.0, 0),
            one("b", 4.0, 9_000),
            one("c", 6.0, 20_000),
        ],
        ..Chart::default()
    }
}

fn stale() -> Chart {
    let mut chart = lines();
    chart.note = Some("last good picture, 3 min old".to_owned());
    chart.bands.clear();
    chart
        .series
        .iter_mut()
        .for_each(|series| series.points.truncate(190));
    chart
}

fn one_stale() -> Chart {
    let mut chart = lines();
    chart.series[1].points.truncate(150);
    chart.series.push(series("P999", 0, |_| 0.0));
    chart
}

fn nothing() -> Chart {
    let mut chart = lines();
    chart
        .series
        .iter_mut()
        .for_each(|series| series.points.clear());
    chart
}

fn infinite() -> Chart {
    let mut chart = lines();
    let points = &mut chart.series[2].points;
    points[40].1 = f64::INFINITY;
    (60..70).for_each(|at| points[at].1 = f64::INFINITY);
    points[80].1 = f64::NEG_INFINITY;
    chart
}

fn marks() -> Chart {
    let mark = |at: usize, label: &str, kind| Mark {
        at: end(at),
        label: label.to_owned(),
        kind,
    };
    let mut chart = lines();
    chart.marks = vec![
        mark(20, "v0.2.0", MarkKind::Deploy),
        mark(98, "fault begins", MarkKind::Fault),
        mark(104, "page sent", MarkKind::Note),
        mark(108, "a third that has no room", MarkKind::Note),
        mark(236, "v0.2.1 发布", MarkKind::Deploy),
    ];
    chart
}

fn many_names() -> Chart {
    let one = |index: usize| {
        let name = format!("instance-{index:02}.example.net");
        let mut one = series(&name, 40, move |at| index as f64 + wave(at + index * 3, 30));
        one.points.iter_mut().for_each(|point| point.0 -= START);
        one
    };
    Chart {
        title: "Queue depth".to_owned(),
        x: Axis::Number,
        series: (0..20).map(one).collect(),
        ..Chart::default()
    }
}
