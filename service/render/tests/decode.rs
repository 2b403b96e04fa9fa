//! Pictures of strangers: decoded or refused, within limits.

#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

mod foreign;

use foreign::{colours, encoded, png, png_header, seeds, segment, webp, zeroes};
use image::ImageFormat;
use render::{DecodeError, DecodeLimits, PictureFormat, Raster};

fn decode(file: &[u8]) -> Result<Raster, DecodeError> {
    Raster::decode(file, &DecodeLimits::default())
}

/// The refusal of a file in words, with its causes.
fn refusal(file: &[u8]) -> String {
    let error = decode(file).unwrap_err();
    let mut words = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        words = format!("{words}: {cause}");
        source = cause.source();
    }
    words
}

#[test]
fn every_kind_of_file_is_read() {
    for (name, file) in seeds() {
        let raster = decode(&file).unwrap_or_else(|error| panic!("{name}: {error:?}"));
        assert!(raster.width() > 0, "{name}");
    }
}

#[test]
fn lossless_files_give_the_pixels_that_went_in() {
    let picture = colours(70, 41);
    for format in [ImageFormat::Png, ImageFormat::WebP] {
        let raster = decode(&encoded(&picture, format)).unwrap();
        assert_eq!((raster.width(), raster.height()), (70, 41));
        assert_eq!(raster.rgba(), picture.as_bytes(), "{format:?}");
    }
}

#[test]
fn a_jpeg_gives_nearly_the_pixels_of_another_decoder() {
    let picture = image::DynamicImage::from(colours(640, 48).blur(3.0).to_rgb8());
    let file = encoded(&picture, ImageFormat::Jpeg);
    let raster = decode(&file).unwrap();
    let other = image::load_from_memory(&file).unwrap().to_rgba8();
    let differences = raster.rgba().iter().zip(other.as_raw());
    let largest = differences
        .map(|(ours, theirs)| ours.abs_diff(*theirs))
        .max();
    assert!(largest <= Some(3), "{largest:?}");
}

#[test]
fn sixteen_bits_grey_and_palettes_become_eight_bits_of_colour() {
    let raster = decode(&png(&[
        (b"IHDR", &png_header(1, 1, 16, 0)),
        (b"IDAT", &compressed(&[0, 0xab, 0xcd])),
        (b"IEND", &[]),
    ]));
    assert_eq!(raster.unwrap().rgba(), [0xab, 0xab, 0xab, 255]);
    let raster = decode(&png(&[
        (b"IHDR", &png_header(2, 1, 1, 3)),
        (b"PLTE", &[1, 2, 3, 4, 5, 6]),
        (b"tRNS", &[9]),
        (b"IDAT", &compressed(&[0, 0b0100_0000])),
        (b"IEND", &[]),
    ]));
    assert_eq!(raster.unwrap().rgba(), [1, 2, 3, 9, 4, 5, 6, 255]);
}

#[test]
fn opacity_of_a_lossy_webp_is_kept() {
    let files = seeds();
    let (_, file) = files
        .iter()
        .find(|(name, _)| *name == "opacity.webp")
        .unwrap();
    let raster = decode(file).unwrap();
    let opacities: Vec<u8> = raster.rgba().chunks(4).map(|pixel| pixel[3]).collect();
    assert_eq!(opacities, [255, 128, 64, 0]);
    assert!(
        raster.rgba()[0] > 200 && raster.rgba()[1] < 50,
        "{raster:?}"
    );
}

#[test]
fn of_an_animation_the_first_frame_counts() {
    let one = decode(&foreign::animated_webp(1)).unwrap();
    assert_eq!(decode(&foreign::animated_webp(10_000)).unwrap(), one);
    let one = decode(&foreign::animated_png(1)).unwrap();
    assert_eq!(decode(&foreign::animated_png(10_000)).unwrap(), one);
}

#[test]
fn a_large_picture_is_made_smaller_and_keeps_its_proportions() {
    let file = encoded(&colours(3_000, 1_000), ImageFormat::Png);
    let raster = decode(&file).unwrap();
    assert_eq!((raster.width(), raster.height()), (1_024, 341));
}

#[test]
fn the_same_pixels_have_the_same_identity_whatever_file_they_come_in() {
    let picture = colours(20, 20);
    let (png, webp) = (
        encoded(&picture, ImageFormat::Png),
        encoded(&picture, ImageFormat::WebP),
    );
    assert_eq!(
        decode(&png).unwrap().identity(),
        decode(&webp).unwrap().identity()
    );
}

#[test]
fn a_file_is_taken_for_what_its_first_bytes_say() {
    let seeds = seeds();
    for (name, file) in &seeds {
        let begin = &file[..PictureFormat::SIGNATURE_BYTES];
        let expected = match name.rsplit_once('.').unwrap().1 {
            "png" => PictureFormat::Png,
            "jpg" => PictureFormat::Jpeg,
            _ => PictureFormat::Webp,
        };
        assert_eq!(PictureFormat::of(begin), Some(expected), "{name}");
    }
    for file in [
        &b""[..],
        b"\x89PNG",
        b"GIF89a\x01\x00\x01\x00",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"<!doctype html><title>no</title>",
        b"RIFF\x04\0\0\0WAVEfmt ",
        b"II*\0\x08\0\0\0",
        b"BM\x46\0\0\0",
    ] {
        assert_eq!(refusal(file), "neither PNG nor JPEG nor WebP");
    }
    // Two formats in one file: what stands behind the first one is never looked at.
    let jpeg = &seeds
        .iter()
        .find(|(name, _)| *name == "sequential.jpg")
        .unwrap()
        .1;
    let script = [&jpeg[..], b"<script>alert(1)</script>"].concat();
    assert_eq!(decode(&script).unwrap(), decode(jpeg).unwrap());
}

#[test]
fn a_file_cut_anywhere_is_refused_or_whole() {
    for (name, file) in seeds() {
        let whole = decode(&file).unwrap();
        for length in 0..file.len() {
            if let Ok(raster) = decode(&file[..length]) {
                assert_eq!(
                    raster,
                    whole,
                    "{name} cut to {length} of {} bytes",
                    file.len()
                );
            }
        }
        assert!(
            decode(&file[..file.len() / 2]).is_err() || name.starts_with("animated"),
            "{name}"
        );
    }
}

#[test]
fn sizes_beyond_the_limits_are_refused_before_anything_else() {
    let header = png_header(65_535, 65_535, 8, 6);
    insta::assert_snapshot!(
        refusal(&png(&[(b"IHDR", &header), (b"IDAT", &zeroes(1_000)), (b"IEND", &[])])),
        @"picture width has 65535 pixels, more than 4096"
    );
    let header = png_header(4_096, 4_096, 16, 6);
    insta::assert_snapshot!(
        refusal(&png(&[(b"IHDR", &header), (b"IDAT", &zeroes(1_000)), (b"IEND", &[])])),
        @"picture has 67108864 bytes of memory to decode, more than 33554432"
    );
    insta::assert_snapshot!(
        refusal(&foreign::progressive_jpeg(65_535, 16, 1)),
        @"picture width has 65535 pixels, more than 4096"
    );
    let mut huge = foreign::RED;
    huge[6..10].copy_from_slice(&[0xff, 0x3f, 0xff, 0x3f]);
    insta::assert_snapshot!(
        refusal(&webp(&[(b"VP8X", &foreign::extended(0, 2, 2)), (b"VP8 ", &huge)])),
        @"picture width has 16383 pixels, more than 4096"
    );
}

#[test]
fn files_that_are_not_as_their_format_wants_are_refused() {
    let size = png_header(4, 4, 8, 6);
    let mut two_frames = foreign::jpeg_head(0xc0, 8, 8, 1);
    two_frames.extend(segment(0xc0, &[8, 0xff, 0xff, 0xff, 0xff, 1, 1, 0x11, 0]));
    let report = [
        png(&[(b"IHDR", &png_header(0, 4, 8, 6)), (b"IDAT", &zeroes(20))]),
        png(&[(b"IHDR", &size), (b"IDAT", &zeroes(20)), (b"IEND", &[])]),
        png(&[(b"IHDR", &size), (b"IDAT", b"not deflate"), (b"IEND", &[])]),
        png(&[(b"IHDR", &size), (b"IEND", &[])]),
        two_frames,
        foreign::jpeg_head(0xc9, 8, 8, 1),
        foreign::progressive_jpeg(0, 8, 1),
        foreign::progressive_jpeg(8, 8, 1_000),
        webp(&[]),
        webp(&[(b"VP8 ", b"not a picture")]),
        webp(&[(b"ANMF", b"short")]),
    ]
    .map(|file| refusal(&file));
    insta::assert_snapshot!(report.join("\n"));
}

fn compressed(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}
