//! Cards: each template in each theme and language, and cases of their own.

use render::{Align, Background, Card, Color, Raster, Scene, Template, Theme};

/// Language, title, subtitle and footer.
type Language = (&'static str, &'static str, &'static str, &'static str);

pub(crate) const LANGUAGES: [Language; 3] = [
    (
        "english",
        "Prove a release before it ships",
        "Load it, break it, and let its objectives decide.",
        "Availability 99.95 % · To: AVA Wolff, LTÉ",
    ),
    (
        "chinese",
        "发布之前，先证明它能上线",
        "压测、故障注入与服务目标（三合一），一条命令得出“可以发布”的结论……",
        "服务目标与误差预算 · 每周一更新",
    ),
    (
        "mixed",
        "Redis 变慢 800 ms 时，P99 仍低于 80 ms",
        "“断路器”在第 5 次失败后打开；30 s 后 half-open，成功即 closed。",
        "checkout · 生产环境 · release 0.1.0",
    ),
];

/// Every template × theme × language, a row of languages after the other.
pub(crate) fn every_template() -> Vec<(String, Scene)> {
    let mut scenes = Vec::new();
    for (template_name, template) in [
        ("plain", Template::Plain),
        ("panel", Template::Panel),
        ("picture", Template::Picture),
    ] {
        for (theme_name, theme) in [("light", Theme::Light), ("dark", Theme::Dark)] {
            for (language, title, subtitle, footer) in LANGUAGES {
                let card = Card {
                    width: 600,
                    height: 315,
                    title: title.to_owned(),
                    subtitle: subtitle.to_owned(),
                    footer: footer.to_owned(),
                    template,
                    theme,
                    picture: Some(landscape()),
                    ..Card::default()
                };
                let name = format!("card-{template_name}-{theme_name}-{language}");
                scenes.push((name, Scene::Card(card)));
            }
        }
    }
    scenes
}

fn titled(title: &str, subtitle: &str, footer: &str) -> Card {
    Card {
        title: title.to_owned(),
        subtitle: subtitle.to_owned(),
        footer: footer.to_owned(),
        ..Card::default()
    }
}

pub(crate) fn special_cases() -> Vec<(&'static str, Scene)> {
    let (_, title, subtitle, footer) = LANGUAGES[0];
    let english = titled(title, subtitle, footer);
    let (_, title, subtitle, footer) = LANGUAGES[1];
    let chinese = titled(title, subtitle, footer);
    let flat = Card {
        background: Background::Flat(Color::rgb(0x1e293b)),
        template: Template::Plain,
        accent: Some(Color::rgb(0x38bdf8)),
        ..chinese.clone()
    };
    let long = titled(
        "A title that goes on and on, past the first line and past the second one too, because \
         someone pasted a whole sentence, or rather a paragraph, into it",
        "Here as well: text that has no end, and that nobody will read to the end of, and that \
         must not run out of its panel whatever it says or however it says it.",
        "",
    );
    let centered = Card {
        align: Align::Center,
        ink: Some(Color::rgb(0xb91c1c)),
        accent: Some(Color::rgb(0xdc2626)),
        title_size: 96,
        background: Background::Flat(Color::rgb(0xfee2e2)),
        ..titled(
            "Error budget spent",
            "Deployments are held",
            "checkout · production",
        )
    };
    let upright = Card {
        width: 630,
        height: 1_100,
        template: Template::Picture,
        picture: Some(landscape()),
        ..chinese.clone()
    };
    let picture = Card {
        template: Template::Picture,
        picture: Some(landscape()),
        ..english.clone()
    };
    let missing = titled("Launch 🚀 day, ไทย", "", "");
    let small = Card {
        width: 320,
        height: 168,
        ..chinese.clone()
    };
    [
        ("card-flat", flat),
        ("card-long", long),
        ("card-centered", centered),
        ("card-picture", picture),
        ("card-upright", upright),
        ("card-missing", missing),
        ("card-small", small),
    ]
    .map(|(name, card)| (name, Scene::Card(card)))
    .into()
}

/// A picture to show: the sun over hills, finer than any card.
fn landscape() -> Raster {
    const WIDTH: u32 = 900;
    const HEIGHT: u32 = 1_000;
    let pixel = |x: f64, y: f64| -> [u8; 4] {
        let hill = |base: f64, height: f64, wave: f64, shift: f64| {
            base - height * (x * wave + shift).sin() - height * 0.4 * (x * wave * 2.3 + shift).sin()
        };
        let sun = (x * 0.9 - 0.58).powi(2) + (y - 0.42).powi(2);
        if y > hill(0.86, 0.05, 6.0, 0.4) {
            return [15, 42, 67, 255];
        }
        if y > hill(0.72, 0.07, 4.0, 2.1) {
            return [30, 88, 116, 255];
        }
        if y > hill(0.60, 0.06, 5.0, 4.0) {
            return [78, 144, 158, 255];
        }
        if sun < 0.012 {
            return [255, 244, 214, 255];
        }
        let blend = |top: f64, bottom: f64| (top + (bottom - top) * y / 0.65).min(255.0) as u8;
        [
            blend(92.0, 255.0),
            blend(122.0, 190.0),
            blend(196.0, 140.0),
            255,
        ]
    };
    let mut rgba = Vec::with_capacity((WIDTH * HEIGHT * 4) as usize);
    for y in 0..HEIGHT {
        for x in 0..WIDTH {
            rgba.extend(pixel(
                f64::from(x) / f64::from(WIDTH),
                f64::from(y) / f64::from(HEIGHT),
            ));
        }
    }
    Raster::from_rgba(WIDTH, HEIGHT, rgba).expect("as many bytes as pixels")
}
