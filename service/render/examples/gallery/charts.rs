//! Charts of every sort.

use render::{Axis, Band, Chart, Scene, Series, Theme, Threshold, Unit};

/// 2026-11-22 16:00:00 UTC.
const START: f64 = 1_795_363_200.0;

/// Five hours of a line that rises while something is broken, with a gap.
fn wave(base: f64, height: f64, shift: f64) -> Vec<(f64, f64)> {
    let point = |at: f64| {
        let noise = ((at * 12.989_8 + shift).sin() * 43_758.545_3).fract() * 0.2;
        let fault = if (120.0..190.0).contains(&at) {
            1.6
        } else {
            1.0
        };
        let value = base + height * ((at / 40.0 + shift).sin() * 0.4 + noise) * fault;
        (
            START + at * 12.0,
            if at == 250.0 { f64::NAN } else { value },
        )
    };
    (0..300).map(f64::from).map(point).collect()
}

fn named(name: &str, points: Vec<(f64, f64)>) -> Series {
    Series {
        name: name.to_owned(),
        color: None,
        points,
    }
}

fn band(from: f64, to: f64, label: &str) -> Band {
    Band {
        from: START + from,
        to: START + to,
        label: label.to_owned(),
    }
}

fn threshold(value: f64, label: &str) -> Vec<Threshold> {
    vec![Threshold {
        value,
        label: label.to_owned(),
    }]
}

fn latency() -> Chart {
    Chart {
        title: "Request latency while Redis was slow".to_owned(),
        subtitle: "card.png, cached and drawn, 250 requests per second".to_owned(),
        unit: Unit::Seconds,
        series: vec![
            named("p50", wave(0.012, 0.006, 0.0)),
            named("p95", wave(0.028, 0.012, 1.0)),
            named("p99", wave(0.045, 0.018, 2.0)),
        ],
        thresholds: threshold(0.08, "objective 80 ms"),
        bands: vec![
            band(1_440.0, 2_280.0, "redis +800 ms"),
            band(2_900.0, 2_900.0, "deploy"),
        ],
        ..Chart::default()
    }
}

fn chinese() -> Chart {
    let points = (0..60).map(|at| (f64::from(at), 0.9995)).collect();
    Chart {
        title: "Redis 变慢时的请求延迟".to_owned(),
        subtitle: "每秒 250 个请求，含缓存与绘制".to_owned(),
        series: vec![named("成功率", points)],
        unit: Unit::Ratio,
        x: Axis::Number,
        thresholds: threshold(0.999, "目标 99.9%"),
        ..Chart::default()
    }
}

fn many() -> Chart {
    let instance = |index: u8| {
        let shift = f64::from(index);
        named(
            &format!("instance-{index}.example"),
            wave(3e7 + shift * 4e6, 5e6, shift),
        )
    };
    Chart {
        title: "Memory by instance".to_owned(),
        unit: Unit::Bytes,
        series: (0..14).map(instance).collect(),
        ..Chart::default()
    }
}

pub(crate) fn charts() -> Vec<(&'static str, Scene)> {
    let single = Chart {
        title: "Requests answered".to_owned(),
        unit: Unit::PerSecond,
        series: vec![named("200", wave(18_000.0, 6_000.0, 0.5))],
        ..Chart::default()
    };
    let sized = |width, height| Chart {
        width,
        height,
        ..latency()
    };
    let charts = [
        ("chart-latency", latency()),
        (
            "chart-dark",
            Chart {
                theme: Theme::Dark,
                ..latency()
            },
        ),
        ("chart-chinese", chinese()),
        ("chart-single", single),
        (
            "chart-empty",
            Chart {
                series: Vec::new(),
                ..latency()
            },
        ),
        ("chart-many", many()),
        ("chart-small", sized(240, 120)),
        ("chart-spark", sized(96, 64)),
        ("chart-large", sized(1_600, 800)),
    ];
    charts
        .map(|(name, chart)| (name, Scene::Chart(chart)))
        .into()
}
