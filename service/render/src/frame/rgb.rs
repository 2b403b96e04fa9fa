//! Blending into rows of RGB pixels.

use super::{BLANK_PIXELS, PIXEL_BYTES};
use crate::Color;
use crate::color::mix;

/// Lays a colour over the pixels of `row`, through `coverage` of which `opacity` is left.
pub(super) fn blend_row(row: &mut [u8], coverage: &[u8], color: Color, opacity: u8) {
    let pixels = row.as_chunks_mut::<PIXEL_BYTES>().0;
    let steps = pixels.chunks_mut(BLANK_PIXELS);
    for (pixels, coverage) in steps.zip(coverage.chunks(BLANK_PIXELS)) {
        if coverage == [0; BLANK_PIXELS] {
            continue;
        }
        for (pixel, &coverage) in pixels.iter_mut().zip(coverage) {
            match coverage {
                0 => {}
                255 => blend(pixel, color, opacity),
                _ => blend(pixel, color, mix(0, opacity, coverage)),
            }
        }
    }
}

/// Lays `coverage` of a colour over every pixel of `row`.
pub(super) fn fill_row(row: &mut [u8], color: Color, coverage: u8) {
    for pixel in row.as_chunks_mut().0 {
        blend(pixel, color, coverage);
    }
}

/// Lays pixels with an opacity of their own over as many of `row`.
pub(super) fn blend_pixels(row: &mut [u8], rgba: &[u8]) {
    let pixels = row.as_chunks_mut::<PIXEL_BYTES>().0;
    for (pixel, &[r, g, b, opacity]) in pixels.iter_mut().zip(rgba.as_chunks().0) {
        blend(pixel, Color { r, g, b }, opacity);
    }
}

fn blend(pixel: &mut [u8; PIXEL_BYTES], color: Color, coverage: u8) {
    match coverage {
        0 => {}
        255 => *pixel = color.bytes(),
        _ => {
            let [r, g, b] = *pixel;
            *pixel = Color { r, g, b }.under(color, coverage).bytes();
        }
    }
}
