use proptest::prelude::*;

use super::palette::{BLEND_ERROR_MAX, COLORS_MAX, INKS_MAX};
use super::*;

fn frame(format: PixelFormat, width: u32, height: u32) -> Frame {
    let mut frame = Frame::new();
    frame.set_format(format);
    frame.resize(width, height);
    frame
}

fn area(left: i32, top: i32, right: i32, bottom: i32) -> Area {
    Area {
        left,
        top,
        right,
        bottom,
    }
}

/// The pixels as RGB, whatever they are in the frame.
fn pixels(frame: &Frame) -> Vec<u8> {
    let rows = frame.bytes().chunks_exact(frame.stride());
    match frame.colors() {
        None => rows.flat_map(|row| &row[1..]).copied().collect(),
        Some(colors) => rows
            .flat_map(|row| &row[1..])
            .flat_map(|&index| colors[usize::from(index)].bytes())
            .collect(),
    }
}

#[test]
fn drawing_outside_of_the_frame_is_clipped() {
    for format in [PixelFormat::Rgb, PixelFormat::Indexed] {
        let mut frame = frame(format, 70, 64);
        frame.clear(Color::WHITE);
        let black = Color::rgb(0);
        frame.fill(area(i32::MIN / 2, -9, i32::MAX / 2, 3), black, 255);
        frame.fill(area(90, 90, 99, 99), black, 255);
        frame.fill(area(9, 9, 5, 5), black, 255);
        frame.fill(area(9, 9, 5, 5), black, 99);
        let bitmap = Bitmap {
            left: -3,
            top: -3,
            width: 6,
            coverage: vec![255; 36],
        };
        let far = [(500, -500), (-500, 500), (i32::MAX, 0), (i32::MIN, 9)];
        for (x, y) in [(0, 0), (70, 64)].into_iter().chain(far) {
            frame.blend_bitmap(&bitmap, x, y, black);
        }
        for (x, y) in far {
            frame.dot(x, y, black, 255);
            frame.blend_span((x, y), &[255; 9], black, 255);
        }
        let black = pixels(&frame).iter().filter(|&&c| c == 0).count();
        assert_eq!(black / 3, 70 * 3 + 9);
        assert!(frame.bytes().chunks(frame.stride()).all(|row| row[0] == 0));
    }
}

#[test]
fn few_colours_stay_indices_and_opaque_ones_are_exact() {
    let mut frame = frame(PixelFormat::Indexed, 64, 64);
    frame.clear(Color::WHITE);
    let nearly = Color::rgb(0xfe_fe_fe);
    frame.fill(area(0, 0, 9, 9), nearly, 255);
    frame.fill(area(9, 0, 12, 9), nearly, 128);
    frame.dot(20, 20, Color::rgb(0x12_34_56), 255);
    assert_eq!(frame.colors().unwrap()[..2], [Color::WHITE, nearly]);
    let pixels = pixels(&frame);
    let at = |x: usize, y: usize| &pixels[(y * 64 + x) * 3..][..3];
    assert_eq!(at(8, 8), [0xfe; 3]);
    assert_eq!(at(9, 8), nearly.under(Color::WHITE, 127).bytes());
    assert_eq!(at(20, 20), [0x12, 0x34, 0x56]);
    assert_eq!(at(63, 63), [0xff; 3]);
}

#[test]
fn a_picture_of_too_many_colours_becomes_rgb_and_loses_none() {
    let mut indexed = frame(PixelFormat::Indexed, 64, 64);
    let mut rgb = frame(PixelFormat::Rgb, 64, 64);
    let color = |at: i32| Color::rgb((at as u32).wrapping_mul(0x9e_37_79_b1) >> 8);
    for frame in [&mut indexed, &mut rgb] {
        frame.clear(Color::WHITE);
    }
    for at in 0..400 {
        let square = area(at % 60, at / 10, at % 60 + 3, at / 10 + 2);
        for frame in [&mut indexed, &mut rgb] {
            frame.fill(square, color(at), 255);
            frame.fill(square, color(at + 1), 60);
        }
        // Each round has two colours of its own.
        if !(COLORS_MAX as i32 / 2 - 5..COLORS_MAX as i32 / 2).contains(&at) {
            let is_indexed = at < COLORS_MAX as i32 / 2;
            assert_eq!(indexed.colors().is_some(), is_indexed, "{at}");
        }
    }
    assert!(pixels(&indexed) == pixels(&rgb));
}

#[test]
fn too_many_inks_make_an_rgb_picture() {
    let mut frame = frame(PixelFormat::Indexed, 64, 64);
    frame.clear(Color::WHITE);
    for at in 0..=INKS_MAX as i32 {
        assert!(frame.colors().is_some(), "{at}");
        // Hardly visible: the colours do not run out.
        frame.dot(at % 64, 0, Color::rgb(at as u32), 9);
    }
    assert!(frame.colors().is_none());
}

#[test]
fn a_new_picture_forgets_the_colours_of_the_last_one() {
    let mut used = frame(PixelFormat::Indexed, 64, 64);
    for color in [1, 2, 3] {
        used.clear(Color::rgb(color));
        used.blend_span((5, 5), &[9, 99, 200], Color::rgb(color << 16), 255);
    }
    used.row(0).fill(7);
    assert!(used.colors().is_none());
    used.set_format(PixelFormat::Indexed);
    used.resize(80, 64);
    let mut fresh = frame(PixelFormat::Indexed, 80, 64);
    for frame in [&mut used, &mut fresh] {
        frame.clear(Color::WHITE);
        frame.blend_span((5, 5), &[9, 99, 200], Color::rgb(0x20_00_00), 255);
    }
    assert_eq!(used.colors(), fresh.colors());
    assert!(used.bytes() == fresh.bytes());
}

#[test]
fn the_memory_of_a_large_picture_is_given_back() {
    let mut frame = frame(PixelFormat::Rgb, 2_000, 2_000);
    frame.release_excess();
    assert_eq!(frame.bytes.capacity(), 0);
    frame.resize(1_200, 630);
    frame.release_excess();
    assert_eq!(frame.bytes().len(), 630 * 3_601);
}

#[test]
fn pixels_of_a_picture_are_laid_over_with_their_opacity() {
    for format in [PixelFormat::Rgb, PixelFormat::Indexed] {
        let mut frame = frame(format, 64, 64);
        frame.clear(Color::WHITE);
        let rgba = [[1, 2, 3, 255], [9, 9, 9, 0], [0, 0, 0, 51]].concat();
        for (y, x) in [(0, 0), (1, -1), (2, 63), (64, 0), (-1, 0), (3, i32::MAX)] {
            frame.blend_pixels(y, x, &rgba);
        }
        let row = |frame: &mut Frame, y| frame.row(y)[..9].to_vec();
        assert_eq!(row(&mut frame, 0), [1, 2, 3, 255, 255, 255, 204, 204, 204]);
        assert_eq!(
            row(&mut frame, 1),
            [255, 255, 255, 204, 204, 204, 255, 255, 255]
        );
        assert_eq!(frame.row(2)[63 * 3..], [1, 2, 3]);
        assert!(frame.row(3).iter().all(|&channel| channel == 255));
    }
}

/// One act of drawing.
#[derive(Debug, Clone)]
enum Act {
    Fill(Area, Color, u8),
    Round(Area, Color, u8),
    Span((i32, i32), Vec<u8>, Color, u8),
}

fn any_act() -> impl Strategy<Value = Act> {
    let side = -5..70_i32;
    let any_area = (side.clone(), side.clone(), 0..40_i32, 0..40_i32)
        .prop_map(|(left, top, width, height)| area(left, top, left + width, top + height));
    let color = || prop_oneof![any::<u32>(), Just(0), Just(0xff_ff_ff)].prop_map(Color::rgb);
    let coverage = || prop_oneof![any::<u8>(), Just(255)];
    let span = prop::collection::vec(prop_oneof![any::<u8>(), Just(0), Just(255)], 0..90);
    prop_oneof![
        (any_area.clone(), color(), coverage())
            .prop_map(|(area, c, part)| Act::Fill(area, c, part)),
        (any_area, color(), coverage()).prop_map(|(area, c, part)| Act::Round(area, c, part)),
        ((side.clone(), side), span, color(), coverage())
            .prop_map(|(at, span, c, part)| Act::Span(at, span, c, part)),
    ]
}

fn act(frame: &mut Frame, act: &Act) {
    match act {
        Act::Fill(area, color, coverage) => frame.fill(*area, *color, *coverage),
        Act::Round(area, color, coverage) => frame.fill_round(*area, 7.0, *color, *coverage),
        Act::Span(at, coverage, color, opacity) => {
            frame.blend_span(*at, coverage, *color, *opacity);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Each act adds at most the error of one mixture, which the acts after it can only cover.
    #[test]
    fn indices_look_like_rgb(acts in prop::collection::vec(any_act(), 0..12)) {
        let mut indexed = frame(PixelFormat::Indexed, 66, 64);
        let mut rgb = frame(PixelFormat::Rgb, 66, 64);
        for frame in [&mut indexed, &mut rgb] {
            frame.clear(Color::WHITE);
            acts.iter().for_each(|one| act(frame, one));
        }
        let error_max = (usize::from(BLEND_ERROR_MAX) + 1) * acts.len();
        for (at, (a, b)) in pixels(&indexed).into_iter().zip(pixels(&rgb)).enumerate() {
            prop_assert!(usize::from(a.abs_diff(b)) <= error_max, "byte {at}: {a} for {b}");
        }
    }

    #[test]
    fn one_mixture_is_off_by_little(
        under in any::<u32>(), color in any::<u32>(), coverage: u8, crowd in 0..300_u32,
    ) {
        let mut indexed = frame(PixelFormat::Indexed, 64, 64);
        indexed.clear(Color::rgb(under));
        for at in 0..crowd {
            let square = area(at as i32 % 64, 1, at as i32 % 64 + 1, 64);
            indexed.fill(square, Color::rgb(at.wrapping_mul(0x9e_37_79_b1) >> 8), 255);
        }
        let was_indexed = indexed.colors().is_some();
        prop_assert_eq!(was_indexed, crowd < COLORS_MAX as u32);
        indexed.dot(0, 0, Color::rgb(color), coverage);
        let exact = Color::rgb(under).under(Color::rgb(color), coverage).bytes();
        let error_max = if was_indexed { BLEND_ERROR_MAX } else { 0 };
        for (channel, exact) in pixels(&indexed)[..3].iter().zip(exact) {
            prop_assert!(channel.abs_diff(exact) <= error_max, "{channel} for {exact}");
        }
    }
}
