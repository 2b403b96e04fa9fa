//! Writes one picture of each kind to a folder: `gallery FOLDER [FALLBACK-FONT]`.

use std::path::Path;
use std::sync::Arc;

use render::{
    Axis, Background, Band, Card, Chart, Color, Fonts, Painter, Scene, Series, Theme, Threshold,
    Unit,
};

/// 2026-11-22 16:00:00 UTC.
const START: f64 = 1_795_363_200.0;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().ok_or("usage: gallery FOLDER [FALLBACK-FONT]")?;
    let mut fonts = Fonts::bundled()?;
    if let Some(path) = arguments.next() {
        fonts = fonts.with_fallback(&path, std::fs::read(&path)?)?;
    }
    let mut painter = Painter::new(Arc::new(fonts));
    std::fs::create_dir_all(&folder)?;
    for (name, scene) in cards().into_iter().chain(charts()) {
        let picture = painter.draw(&scene, &mut |_stage| ())?;
        let path = Path::new(&folder).join(name).with_extension("png");
        std::fs::write(&path, &picture.png)?;
        println!(
            "{:<34} {:>4} × {:<4} {:>6.1} kB, {} missing glyphs",
            path.display(),
            picture.width,
            picture.height,
            picture.png.len() as f64 / 1e3,
            picture.missing_glyphs,
        );
    }
    Ok(())
}

fn cards() -> Vec<(&'static str, Scene)> {
    let english = Card {
        title: "Prove a release before it ships".to_owned(),
        subtitle: "Load it, break it, and let its objectives decide.".to_owned(),
        footer: "proofmark 0.1 · github.com/example/proofmark".to_owned(),
        ..Card::default()
    };
    let chinese = Card {
        title: "发布之前，先证明它能上线：Proofmark 0.1".to_owned(),
        subtitle: "压测、故障注入与服务目标，一条命令得出结论。".to_owned(),
        footer: "服务目标 99.95% · 误差预算 28 天".to_owned(),
        background: Background::Gradient {
            from: Color::rgb(0x05_96_69),
            to: Color::rgb(0x38_bd_f8),
        },
        ..Card::default()
    };
    let dark = Card {
        theme: Theme::Dark,
        background: Background::Gradient {
            from: Color::rgb(0xf9_73_16),
            to: Color::rgb(0xdb_27_77),
        },
        ..english.clone()
    };
    let flat = Card {
        background: Background::Flat(Color::rgb(0x1e_29_3b)),
        panel: false,
        theme: Theme::Dark,
        accent: Some(Color::rgb(0x38_bd_f8)),
        ..chinese.clone()
    };
    let long = Card {
        title: "A title that goes on and on, past the first line and past the second one too, \
                because someone pasted a whole sentence, or rather a paragraph, into it"
            .to_owned(),
        subtitle: "Here as well: text that has no end, and that nobody will read to the end of, \
                   and that must not run out of its panel whatever it says or however it says it."
            .to_owned(),
        ..english.clone()
    };
    let missing = Card {
        title: "Launch 🚀 day, ไทย".to_owned(),
        subtitle: String::new(),
        footer: String::new(),
        ..english.clone()
    };
    let small = Card { width: 320, height: 168, ..english.clone() };
    let flat_panel = Card {
        background: Background::Flat(Color::rgb(0xe2_e8_f0)),
        accent: Some(Color::rgb(0x25_63_eb)),
        ..english.clone()
    };
    [
        ("card-english", english),
        ("card-chinese", chinese),
        ("card-dark", dark),
        ("card-flat", flat),
        ("card-flat-panel", flat_panel),
        ("card-long", long),
        ("card-missing", missing),
        ("card-small", small),
    ]
    .map(|(name, card)| (name, Scene::Card(card)))
    .into()
}

fn charts() -> Vec<(&'static str, Scene)> {
    let wave = |base: f64, height: f64, shift: f64| -> Vec<(f64, f64)> {
        (0..300)
            .map(|at| {
                let at = f64::from(at);
                let noise = ((at * 12.989_8 + shift).sin() * 43_758.545_3).fract() * 0.2;
                let fault = if (120.0..190.0).contains(&at) { 1.6 } else { 1.0 };
                let value = base + height * ((at / 40.0 + shift).sin() * 0.4 + noise) * fault;
                (START + at * 12.0, if at == 250.0 { f64::NAN } else { value })
            })
            .collect()
    };
    let named = |name: &str, points| Series { name: name.to_owned(), color: None, points };
    let latency = Chart {
        title: "Request latency while Redis was slow".to_owned(),
        subtitle: "card.png, cached and drawn, 250 requests per second".to_owned(),
        unit: Unit::Seconds,
        series: vec![
            named("p50", wave(0.012, 0.006, 0.0)),
            named("p95", wave(0.028, 0.012, 1.0)),
            named("p99", wave(0.045, 0.018, 2.0)),
        ],
        thresholds: vec![Threshold { value: 0.08, label: "objective 80 ms".to_owned() }],
        bands: vec![
            Band { from: START + 1_440.0, to: START + 2_280.0, label: "redis +800 ms".to_owned() },
            Band { from: START + 2_900.0, to: START + 2_900.0, label: "deploy".to_owned() },
        ],
        ..Chart::default()
    };
    let chinese = Chart {
        title: "Redis 变慢时的请求延迟".to_owned(),
        subtitle: "每秒 250 个请求，含缓存与绘制".to_owned(),
        series: vec![named("成功率", (0..60).map(|at| (f64::from(at), 0.9995)).collect())],
        unit: Unit::Ratio,
        x: Axis::Number,
        thresholds: vec![Threshold { value: 0.999, label: "目标 99.9%".to_owned() }],
        bands: Vec::new(),
        ..latency.clone()
    };
    let single = Chart {
        title: "Requests answered".to_owned(),
        subtitle: String::new(),
        unit: Unit::PerSecond,
        series: vec![named("200", wave(18_000.0, 6_000.0, 0.5))],
        thresholds: Vec::new(),
        bands: Vec::new(),
        ..latency.clone()
    };
    let empty = Chart { series: Vec::new(), ..latency.clone() };
    let many = Chart {
        title: "Memory by instance".to_owned(),
        unit: Unit::Bytes,
        series: (0..14)
            .map(|index| {
                let shift = f64::from(index);
                named(&format!("instance-{index}.example"), wave(3e7 + shift * 4e6, 5e6, shift))
            })
            .collect(),
        thresholds: Vec::new(),
        bands: Vec::new(),
        ..latency.clone()
    };
    let dark = Chart { theme: Theme::Dark, ..latency.clone() };
    let small = Chart { width: 240, height: 120, ..latency.clone() };
    let spark = Chart { width: 96, height: 64, ..latency.clone() };
    let large = Chart { width: 1_600, height: 800, ..latency.clone() };
    [
        ("chart-latency", latency),
        ("chart-dark", dark),
        ("chart-chinese", chinese),
        ("chart-single", single),
        ("chart-empty", empty),
        ("chart-many", many),
        ("chart-small", small),
        ("chart-spark", spark),
        ("chart-large", large),
    ]
    .map(|(name, chart)| (name, Scene::Chart(chart)))
    .into()
}
