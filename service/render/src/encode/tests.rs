//! Every file is read back by two decoders that have nothing in common with the encoder.

use proptest::prelude::*;

use super::*;
use crate::frame::{Area, PixelFormat};

/// Width, height, bits and pixels as RGB, as the `png` crate reads them.
fn by_png(file: &[u8]) -> (u32, u32, png::BitDepth, Vec<u8>) {
    let mut decoder = png::Decoder::new(std::io::Cursor::new(file));
    decoder.ignore_checksums(false);
    let depth = decoder.read_header_info().unwrap().bit_depth;
    decoder.set_transformations(png::Transformations::EXPAND);
    let mut reader = decoder.read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    reader.finish().unwrap();
    (info.width, info.height, depth, pixels)
}

/// The pixels as the `image` crate reads them.
fn by_image(file: &[u8]) -> Vec<u8> {
    let image = image::load_from_memory_with_format(file, image::ImageFormat::Png);
    image.unwrap().into_rgb8().into_raw()
}

/// Encodes, reads back and compares; returns the bits a pixel or channel has.
fn round_trip(encoder: &mut Encoder, frame: &mut Frame) -> u8 {
    let file = encoder.encode(frame);
    let (width, height, depth, pixels) = by_png(&file);
    let size = (frame.width() as u32, frame.height() as u32);
    assert_eq!((width, height), size);
    assert!(by_image(&file) == pixels, "the decoders disagree");
    let drawn: Vec<u8> = (0..frame.height())
        .flat_map(|y| frame.row(y).to_vec())
        .collect();
    assert!(drawn == pixels, "{size:?}");
    depth as u8
}

/// A frame whose pixels come from a row of bytes, over and over, in `colors` colours.
fn speckled(width: u32, height: u32, format: PixelFormat, colors: u32, bytes: &[u8]) -> Frame {
    let mut frame = Frame::new();
    frame.set_format(format);
    frame.resize(width, height);
    frame.clear(Color::WHITE);
    let mut bytes = bytes.iter().cycle();
    for y in 0..height as i32 {
        let mut left = 0;
        while let Some(&byte) = bytes.next().filter(|_| left < width as i32) {
            let right = left + i32::from(byte % 9) * i32::from(byte % 5) + 1;
            let color = Color::rgb((u32::from(byte) % colors).wrapping_mul(0x01_0b_35));
            let span = Area {
                left,
                top: y,
                right,
                bottom: y + 1,
            };
            frame.fill(span, color, 255);
            left = right;
        }
    }
    frame
}

#[test]
fn the_fewest_bits_that_hold_the_palette_are_written() {
    let mut encoder = Encoder::new();
    let bytes: Vec<u8> = (0..=255).collect();
    for (colors, depth) in [(1, 1), (3, 2), (15, 4), (16, 8), (200, 8)] {
        for width in 64..73 {
            let mut frame = speckled(width, 64, PixelFormat::Indexed, colors, &bytes);
            assert_eq!(round_trip(&mut encoder, &mut frame), depth, "{colors}");
        }
    }
}

#[test]
fn a_frame_that_nobody_painted_is_a_picture_too() {
    for format in [PixelFormat::Rgb, PixelFormat::Indexed] {
        let mut frame = Frame::new();
        frame.set_format(format);
        frame.resize(64, 65);
        round_trip(&mut Encoder::new(), &mut frame);
    }
}

#[test]
fn a_changed_bit_anywhere_is_noticed_by_the_decoder() {
    let bytes: Vec<u8> = (0..=255).collect();
    let frame = speckled(64, 64, PixelFormat::Indexed, 9, &bytes);
    let file = Encoder::new().encode(&frame);
    for at in (8..file.len() - 12).step_by(7) {
        let mut changed = file.clone();
        changed[at] ^= 0x10;
        let image = image::load_from_memory_with_format(&changed, image::ImageFormat::Png);
        assert!(image.is_err(), "byte {at}");
    }
}

#[test]
fn the_memory_of_a_large_picture_is_given_back() {
    let noise: Vec<u8> = (0..70_000_u32)
        .map(|at| (at.wrapping_mul(0x9e37_79b1) >> 24) as u8)
        .collect();
    let mut encoder = Encoder::new();
    let mut frame = Frame::new();
    frame.set_format(PixelFormat::Rgb);
    frame.resize(1_200, 1_200);
    for y in 0..1_200 {
        frame.row(y).copy_from_slice(&noise[y * 50..][..3_600]);
    }
    let first = encoder.encode(&frame);
    assert!(first.len() > KEPT_BYTES_MAX);
    assert!(encoder.deflated.capacity() <= KEPT_BYTES_MAX);
    assert!(
        first == encoder.encode(&frame),
        "the same bytes from another buffer"
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_frame_is_read_back(
        width in 64..200_u32, height in 64..80_u32, is_rgb: bool,
        colors in prop_oneof![1..20_u32, 200..300_u32],
        bytes in prop::collection::vec(any::<u8>(), 1..400),
    ) {
        let format = if is_rgb { PixelFormat::Rgb } else { PixelFormat::Indexed };
        let mut frame = speckled(width, height, format, colors, &bytes);
        round_trip(&mut Encoder::new(), &mut frame);
    }
}

/// Bytes from a fuzzer as size, format, colours and pixels of a picture. The corpus is in
/// `__fuzz__`; with a nightly compiler `cargo bolero` runs the same target for as long as wanted.
#[test]
fn fuzz_encode() {
    bolero::check!()
        .with_iterations(400)
        .with_test_time(std::time::Duration::from_secs(2))
        .for_each(|input: &[u8]| {
            let [width, height, format, colors, bytes @ ..] = input else {
                return;
            };
            if bytes.is_empty() {
                return;
            }
            let format = match format % 2 {
                0 => PixelFormat::Indexed,
                _ => PixelFormat::Rgb,
            };
            let (width, height) = (64 + u32::from(*width), 64 + u32::from(*height) / 4);
            let mut frame = speckled(width, height, format, 1 + u32::from(*colors), bytes);
            round_trip(&mut Encoder::new(), &mut frame);
        });
}
