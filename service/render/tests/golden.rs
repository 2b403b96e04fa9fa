//! The same scene gives the same pixels: on every painter, in any order, and as they were reviewed.
//!
//! A changed hash means changed pictures: look at them (`cargo run --release -p render --example
//! gallery -- DIR`), and raise `RENDERER_VERSION` when they are meant to change.

#![allow(
    clippy::unwrap_used,
    reason = "a test may panic, helpers outside of test functions too"
)]

mod scenes;

use std::fmt::Write;

use render::{Painter, Picture, RenderStage, Scene};

fn draw(painter: &mut Painter, scene: &Scene) -> Picture {
    painter.draw(scene, &mut |_| ()).unwrap()
}

/// The pixels as an independent decoder sees them: 8-bit RGB, row by row.
fn pixels(picture: &Picture) -> Vec<u8> {
    let mut decoder = png::Decoder::new(std::io::Cursor::new(&picture.png));
    decoder.set_transformations(png::Transformations::EXPAND);
    let mut reader = decoder.read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    assert_eq!((info.width, info.height), (picture.width, picture.height));
    assert_eq!(
        (info.color_type, info.bit_depth),
        (png::ColorType::Rgb, png::BitDepth::Eight)
    );
    pixels
}

#[test]
fn every_template_looks_as_it_was_reviewed() {
    let mut painter = Painter::new(scenes::fonts());
    let mut seen = String::new();
    for (name, scene) in scenes::scenes() {
        let picture = draw(&mut painter, &scene);
        let hash = blake3::hash(&pixels(&picture)).to_hex();
        let (width, height, missing) = (picture.width, picture.height, picture.missing_glyphs);
        writeln!(
            seen,
            "{name:<15} {width:>4} × {height:<4} {missing} missing  {}",
            &hash[..32]
        )
        .unwrap();
    }
    insta::assert_snapshot!(seen);
}

#[test]
fn every_kind_of_chart_looks_as_it_was_reviewed() {
    let mut painter = Painter::new(scenes::fonts());
    let mut seen = String::new();
    for (name, chart) in scenes::charts::kinds() {
        let picture = draw(&mut painter, &Scene::Chart(chart));
        let hash = blake3::hash(&pixels(&picture)).to_hex();
        let (width, height) = (picture.width, picture.height);
        writeln!(seen, "{name:<22} {width:>4} × {height:<4} {}", &hash[..32]).unwrap();
    }
    insta::assert_snapshot!(seen);
}

#[test]
fn timelines_look_as_they_were_reviewed() {
    let mut painter = Painter::new(scenes::fonts());
    let mut seen = String::new();
    for (name, timeline) in scenes::timelines::kinds() {
        let picture = painter.draw_timeline(&timeline).unwrap();
        let hash = blake3::hash(&pixels(&picture)).to_hex();
        let (width, height) = (picture.width, picture.height);
        writeln!(seen, "{name:<16} {width:>4} × {height:<4} {}", &hash[..32]).unwrap();
        let fresh = Painter::new(scenes::fonts()).draw_timeline(&timeline);
        assert_eq!(fresh.unwrap(), picture, "{name}");
    }
    insta::assert_snapshot!(seen);
}

#[test]
fn a_timeline_out_of_bounds_is_refused_by_name() {
    let mut painter = Painter::new(scenes::fonts());
    let mut seen = String::new();
    for timeline in scenes::timelines::out_of_bounds() {
        writeln!(seen, "{}", painter.draw_timeline(&timeline).unwrap_err()).unwrap();
    }
    insta::assert_snapshot!(seen, @r"
    width has 100 pixels, less than 480
    title has 201 characters, more than 200
    lanes has 33 entries, more than 32
    lanes[0].bars[0].label has 81 characters, more than 80
    strips has 17 entries, more than 16
    strips[0].points has 11001 points, more than 11000
    height has 6181 pixels, more than 4096
    ");
}

#[test]
fn two_decoders_see_the_same_pixels() {
    let mut painter = Painter::new(scenes::fonts());
    for (name, scene) in scenes::scenes() {
        let picture = draw(&mut painter, &scene);
        let image = image::load_from_memory_with_format(&picture.png, image::ImageFormat::Png);
        let other = image.unwrap().into_rgb8().into_raw();
        assert!(pixels(&picture) == other, "{name}");
    }
}

#[test]
fn what_a_painter_drew_before_leaves_no_trace() {
    let scenes = scenes::scenes();
    let mut used = Painter::new(scenes::fonts());
    for (_, scene) in scenes.iter().rev().chain(&scenes) {
        let _ = draw(&mut used, scene);
    }
    for (name, scene) in &scenes {
        let fresh = draw(&mut Painter::new(scenes::fonts()), scene);
        assert!(draw(&mut used, scene) == fresh, "{name}");
    }
}

#[test]
fn the_stages_are_entered_once_and_in_order() {
    let mut painter = Painter::new(scenes::fonts());
    for (name, scene) in scenes::scenes() {
        let mut entered = Vec::new();
        painter
            .draw(&scene, &mut |stage| entered.push(stage))
            .unwrap();
        assert_eq!(
            entered,
            [
                RenderStage::Layout,
                RenderStage::Raster,
                RenderStage::Encode
            ],
            "{name}"
        );
    }
}

#[test]
fn different_scenes_have_different_canonical_bytes() {
    let scenes = scenes::scenes();
    for (index, (name, scene)) in scenes.iter().enumerate() {
        for (other_name, other) in &scenes[index + 1..] {
            assert_ne!(
                scene.canonical_bytes(),
                other.canonical_bytes(),
                "{name}, {other_name}"
            );
        }
        assert_eq!(scene.canonical_bytes(), scene.clone().canonical_bytes());
    }
}

/// One page of hashes: each template in each theme and language.
#[test]
fn cards_look_as_they_were_reviewed() {
    let mut painter = Painter::new(scenes::fonts());
    let mut seen = String::new();
    for (name, scene) in scenes::cards_of_every_template() {
        let picture = draw(&mut painter, &scene);
        assert_eq!(picture.missing_glyphs, 0, "{name}");
        let hash = blake3::hash(&pixels(&picture)).to_hex();
        writeln!(seen, "{name:<24} {}", &hash[..32]).unwrap();
    }
    insta::assert_snapshot!(seen);
}

/// Those of more work than may be done are bounded, and say so.
#[test]
fn only_a_graph_of_too_much_work_is_simplified() {
    let mut painter = Painter::new(scenes::fonts());
    for (name, scene) in scenes::scenes() {
        assert!(!draw(&mut painter, &scene).is_simplified, "{name}");
    }
}
