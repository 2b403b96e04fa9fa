//! Whatever a stranger asks for is drawn or refused, and never a panic.

#![allow(
    clippy::unwrap_used,
    reason = "a test may panic, helpers outside of test functions too"
)]

use std::cell::RefCell;
use std::sync::Arc;

use proptest::prelude::*;
use render::{
    Align, Axis, Background, Band, Before, Card, Chart, Color, Direction, Edge, Fonts, Graph, Kind,
    Mark, MarkKind, Node, Painter, Picture, Raster, RenderError, Scene, Series, State, Template,
    Theme, Threshold, Unit, Zone,
};

thread_local! {
    /// Parsing fonts for each case would take most of the time.
    static PAINTER: RefCell<Painter> =
        RefCell::new(Painter::new(Arc::new(Fonts::bundled().unwrap())));
}

fn any_size() -> impl Strategy<Value = u32> {
    prop_oneof![8 => 64_u32..400, 1 => 0_u32..64, 1 => any::<u32>()]
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[a-z ]{0,250}",
        "[\\p{Han}，。（）a-z]{0,60}",
        "[\u{0}-\u{1f}\u{200b}-\u{202f}]{0,9}"
    ]
}

fn any_number() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => -1e3..1e3,
        4 => 1.7e9..1.8e9,
        2 => any::<f64>(),
        1 => prop_oneof![Just(f64::NAN), Just(f64::INFINITY), Just(f64::NEG_INFINITY), Just(f64::MAX), Just(f64::MIN_POSITIVE)],
    ]
}

fn any_theme() -> impl Strategy<Value = Theme> {
    prop_oneof![Just(Theme::Light), Just(Theme::Dark)]
}

fn any_mark() -> impl Strategy<Value = MarkKind> {
    prop_oneof![
        Just(MarkKind::Deploy),
        Just(MarkKind::Fault),
        Just(MarkKind::Note)
    ]
}

fn any_background() -> impl Strategy<Value = Background> {
    let color = || (0_u32..0x100_0000).prop_map(Color::rgb);
    prop_oneof![
        color().prop_map(Background::Flat),
        (color(), color()).prop_map(|(from, to)| Background::Gradient { from, to }),
    ]
}

fn any_picture() -> impl Strategy<Value = Option<Raster>> {
    let size = prop_oneof![4 => 1_u32..40, 1 => 1_u32..2_000];
    (size, 1_u32..40, any::<[u8; 4]>(), any::<bool>()).prop_map(
        |(width, height, pixel, is_there)| {
            let pixels = pixel.repeat((width * height) as usize);
            Raster::from_rgba(width, height, pixels).filter(|_| is_there)
        },
    )
}

prop_compose! {
    fn any_card()(
        width in any_size(), height in any_size(), title in any_text(), subtitle in any_text(),
        footer in any_text(), background in any_background(), theme in any_theme(),
        template in prop_oneof![Just(Template::Plain), Just(Template::Panel), Just(Template::Picture)],
        align in prop_oneof![Just(Align::Left), Just(Align::Center)],
        title_size in 20_u16..130, picture in any_picture(),
    ) -> Card {
        Card {
            width, height, title, subtitle, footer, background, template, theme, align, title_size, picture,
            ..Card::default()
        }
    }
}

prop_compose! {
    fn any_series()(name in any_text(), points in prop::collection::vec((any_number(), any_number()), 0..40)) -> Series {
        Series { name, color: None, points }
    }
}

prop_compose! {
    fn any_chart()(
        width in any_size(), height in any_size(), title in any_text(), subtitle in any_text(),
        unit in prop_oneof![Just(Unit::None), Just(Unit::Seconds), Just(Unit::Ratio), Just(Unit::Bytes), Just(Unit::PerSecond)],
        x in prop_oneof![Just(Axis::Time), Just(Axis::Number)],
        series in prop::collection::vec(any_series(), 0..5),
        thresholds in prop::collection::vec((any_number(), any_text()), 0..3),
        bands in prop::collection::vec((any_number(), any_number(), any_text()), 0..3),
        marks in prop::collection::vec((any_number(), any_text(), any_mark()), 0..5),
        kind in prop_oneof![Just(Kind::Line), Just(Kind::Area), Just(Kind::Bar), Just(Kind::Heat)],
        stacked: bool,
        zone in prop_oneof![Just(Zone::UTC), Just("Europe/Berlin".parse().unwrap()), Just("Australia/Lord_Howe".parse().unwrap())],
        range in prop::option::of((any_number(), any_number())),
        note in prop::option::of(any_text()),
        evaluated_at in prop::option::of(any_text()),
        theme in any_theme(),
    ) -> Chart {
        let thresholds = thresholds.into_iter().map(|(value, label)| Threshold { value, label });
        let bands = bands.into_iter().map(|(from, to, label)| Band { from, to, label });
        Chart {
            width, height, title, subtitle, unit, x, series,
            thresholds: thresholds.collect(), bands: bands.collect(), theme,
            marks: marks.into_iter().map(|(at, label, kind)| Mark { at, label, kind }).collect(),
            kind, stacked, zone, range, note, evaluated_at,
        }
    }
}

fn any_state() -> impl Strategy<Value = Option<State>> {
    let states = [
        State::Ok,
        State::Warning,
        State::Failed,
        State::Unknown,
        State::Idle,
    ];
    prop::option::of(prop::sample::select(states.to_vec()))
}

prop_compose! {
    fn any_nodes()(parts in prop::collection::vec((any_text(), any_text(), any_state()), 0..30)) -> Vec<Node> {
        // Ids that are as strange as texts are, and different.
        let node = |(index, (label, detail, state)): (usize, (String, String, Option<State>))| Node {
            id: format!("{index}{}", label.chars().take(9).collect::<String>()), label, detail, state,
        };
        parts.into_iter().enumerate().map(node).collect()
    }
}

prop_compose! {
    fn any_parts()(nodes in any_nodes())(
        ends in prop::collection::vec(
            (0..nodes.len().max(1), 0..nodes.len().max(1), any_text(), any_number(), any_state()), 0..60),
        nodes in Just(nodes),
    ) -> Before {
        let id = |at: usize| nodes.get(at).map(|node| node.id.clone()).unwrap_or_default();
        let edges = ends.into_iter().map(|(from, to, label, weight, state)| Edge {
            from: id(from), to: id(to), label, weight, state,
        });
        Before { edges: edges.collect(), nodes }
    }
}

prop_compose! {
    fn any_graph()(
        width in any_size(), height in any_size(), title in any_text(), subtitle in any_text(),
        theme in any_theme(),
        direction in prop_oneof![Just(Direction::Down), Just(Direction::Right)],
        now in any_parts(), before in prop::option::of(any_parts()),
    ) -> Graph {
        let Before { nodes, edges } = now;
        Graph { width, height, title, subtitle, theme, direction, nodes, edges, before: before.map(Box::new) }
    }
}

/// Draws; a scene that passes its own check must be drawn, and one that does not must be refused.
fn drawn_or_refused(scene: &Scene) {
    let checked = scene.check();
    let drawn = PAINTER.with_borrow_mut(|painter| painter.draw(scene, &mut |_| ()));
    match (checked, drawn) {
        (Ok(()), Ok(picture)) => two_decoders_agree(&picture),
        (Err(limit), Err(RenderError::Limit(refused))) => {
            assert_eq!(limit.to_string(), refused.to_string());
        }
        (checked, drawn) => panic!("{checked:?}, {:?}", drawn.map(|picture| picture.width)),
    }
}

/// The file is whole and says the same to two decoders.
fn two_decoders_agree(picture: &Picture) {
    let mut decoder = png::Decoder::new(std::io::Cursor::new(&picture.png));
    decoder.set_transformations(png::Transformations::EXPAND);
    let mut reader = decoder.read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    reader.finish().unwrap();
    assert_eq!((info.width, info.height), (picture.width, picture.height));
    let other = image::load_from_memory_with_format(&picture.png, image::ImageFormat::Png);
    assert!(other.unwrap().into_rgb8().into_raw() == pixels);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_card_is_drawn_or_refused(card in any_card()) {
        drawn_or_refused(&Scene::Card(card));
    }

    #[test]
    fn any_chart_is_drawn_or_refused(chart in any_chart()) {
        drawn_or_refused(&Scene::Chart(chart));
    }

    #[test]
    fn any_graph_is_drawn_or_refused(graph in any_graph()) {
        drawn_or_refused(&Scene::Graph(graph));
    }
}

#[test]
fn a_picture_beyond_the_limits_is_refused_with_its_name() {
    let card = Card {
        width: 4_096,
        height: 4_096,
        ..Card::default()
    };
    let refused = Scene::Card(card).check().unwrap_err();
    insta::assert_snapshot!(refused, @"width times height has 16777216 pixels, more than 4000000");
    let card = Card {
        title: "x".repeat(201),
        ..Card::default()
    };
    let refused = Scene::Card(card).check().unwrap_err();
    insta::assert_snapshot!(refused, @"title has 201 characters, more than 200");
}

#[test]
fn bytes_that_are_no_font_are_refused_with_their_name() {
    let whole = std::fs::read("/usr/share/fonts/truetype/wqy/wqy-microhei.ttc")
        .unwrap_or_else(|error| panic!("the Chinese font is missing ({error}): run ci/setup"));
    let cut = whole[..whole.len() / 2].to_vec();
    for (name, bytes) in [
        ("empty.ttf", Vec::new()),
        ("text.ttf", b"hello".to_vec()),
        ("cut.ttc", cut),
    ] {
        let refused = Fonts::bundled()
            .unwrap()
            .with_fallback(name, bytes)
            .unwrap_err();
        assert!(refused.to_string().contains(name), "{refused}");
    }
}

#[test]
fn the_largest_scenes_are_drawn() {
    let points = |shift: f64| -> Vec<(f64, f64)> {
        let wave = |at: f64| (at * 7_919.0 + shift) % 1_000.0;
        (0..11_000)
            .map(|at| (f64::from(at), wave(f64::from(at))))
            .collect()
    };
    let series = |index: i32| Series {
        name: "series ".repeat(11),
        color: None,
        points: points(f64::from(index)),
    };
    let threshold = |at| Threshold {
        value: f64::from(at),
        label: "证".repeat(80),
    };
    let band = |at| Band {
        from: f64::from(at * 100),
        to: f64::from(at * 100 + 50),
        label: "证".repeat(80),
    };
    for (width, height) in [(2_000, 2_000), (4_096, 64), (64, 4_096), (4_096, 976)] {
        drawn_or_refused(&Scene::Chart(Chart {
            width,
            height,
            x: Axis::Number,
            title: "题".repeat(200),
            subtitle: "W".repeat(300),
            series: (0..9).map(series).collect(),
            thresholds: (0..16).map(threshold).collect(),
            bands: (0..64).map(band).collect(),
            ..Chart::default()
        }));
        drawn_or_refused(&Scene::Card(Card {
            width,
            height,
            title: "题".repeat(200),
            subtitle: "W".repeat(300),
            footer: "\u{301}".repeat(120),
            ..Card::default()
        }));
    }
}
