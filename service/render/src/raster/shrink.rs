//! Makes a picture smaller: each new pixel is the mean of those it covers.
//!
//! Whole numbers only, so that the same file gives the same pixels everywhere. Colours count by
//! their opacity, so that what cannot be seen does not bleed into what can.

use super::decode::Pixels;

/// The pixels with at most `side_max` px a side, as width, height and four bytes each. Proportions
/// are kept; a smaller picture keeps its size.
pub(super) fn shrink(pixels: Pixels, side_max: usize) -> (usize, usize, Vec<u8>) {
    let side = pixels.width.max(pixels.height);
    if side <= side_max {
        return whole(pixels);
    }
    let scaled = |length: usize| ((length * side_max + side / 2) / side).max(1);
    let (width, height) = (scaled(pixels.width), scaled(pixels.height));
    let rgba = averaged(&pixels, width, height);
    (width, height, rgba)
}

fn whole(pixels: Pixels) -> (usize, usize, Vec<u8>) {
    let rgba = if pixels.channels == 4 {
        pixels.bytes
    } else {
        let each = pixels.bytes.chunks_exact(pixels.channels);
        each.flat_map(rgba).collect()
    };
    (pixels.width, pixels.height, rgba)
}

/// One pixel of one to four channels as red, green, blue, opacity.
fn rgba(pixel: &[u8]) -> [u8; 4] {
    match *pixel {
        [grey] => [grey, grey, grey, 255],
        [grey, opacity] => [grey, grey, grey, opacity],
        [red, green, blue] => [red, green, blue, 255],
        [red, green, blue, opacity] => [red, green, blue, opacity],
        _ => [0; 4],
    }
}

/// Colours times opacity, and opacity, each times the area that it covers. The area of all source
/// pixels together is their number, so that 255 × 255 × 2^24 px fit with room to spare.
type Sum = [u64; 4];

fn averaged(pixels: &Pixels, width: usize, height: usize) -> Vec<u8> {
    let stride = pixels.width * pixels.channels;
    let area = pixels.width as u64 * pixels.height as u64;
    let mut out = Vec::with_capacity(width * height * 4);
    let (mut across, mut across_row) = (vec![[0; 4]; width], None);
    let mut sums: Vec<Sum> = vec![[0; 4]; width];
    for y in 0..height {
        sums.fill([0; 4]);
        for (row, share) in shares(y, pixels.height, height) {
            if across_row != Some(row) {
                average_across(pixels, &pixels.bytes[row * stride..][..stride], &mut across);
                across_row = Some(row);
            }
            for (sum, &part) in sums.iter_mut().zip(&across) {
                add(sum, part, share);
            }
        }
        for &[red, green, blue, opacity] in &sums {
            out.extend([red, green, blue].map(|color| mean(color, opacity)));
            out.push(mean(opacity, area));
        }
    }
    out
}

/// Sums one row of the source into as many places as the new row has.
fn average_across(pixels: &Pixels, row: &[u8], across: &mut [Sum]) {
    let width = across.len();
    for (x, sum) in across.iter_mut().enumerate() {
        *sum = [0; 4];
        for (column, share) in shares(x, pixels.width, width) {
            let pixel = &row[column * pixels.channels..][..pixels.channels];
            let [red, green, blue, opacity] = rgba(pixel).map(u64::from);
            let weighted = [red * opacity, green * opacity, blue * opacity, opacity];
            add(sum, weighted, share);
        }
    }
}

/// Which of `from` source pixels the new pixel `index` of `to` covers, each with its share of it.
/// The shares of one new pixel make `from`, those of one source pixel make `to`.
fn shares(index: usize, from: usize, to: usize) -> impl Iterator<Item = (usize, u64)> {
    let (start, end) = (index * from, (index + 1) * from);
    (start / to..end.div_ceil(to)).map(move |source| {
        let share = end.min((source + 1) * to) - start.max(source * to);
        (source, share as u64)
    })
}

fn add(sum: &mut Sum, part: Sum, share: u64) {
    for (sum, part) in sum.iter_mut().zip(part) {
        *sum += part * share;
    }
}

/// Rounded; 0 where nothing weighs.
fn mean(sum: u64, weight: u64) -> u8 {
    let mean = (sum + weight / 2).checked_div(weight).unwrap_or(0);
    u8::try_from(mean).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pixels(width: usize, height: usize, channels: usize, bytes: Vec<u8>) -> Pixels {
        assert_eq!(bytes.len(), width * height * channels);
        Pixels {
            width,
            height,
            channels,
            bytes,
        }
    }

    #[test]
    fn a_small_picture_keeps_its_size_and_gets_four_channels() {
        let (width, height, rgba) = shrink(pixels(2, 1, 2, vec![10, 20, 30, 40]), 2);
        assert_eq!((width, height), (2, 1));
        assert_eq!(rgba, [10, 10, 10, 20, 30, 30, 30, 40]);
    }

    #[test]
    fn a_new_pixel_is_the_mean_of_what_it_covers() {
        // Three pixels become two: each takes a whole one and half of the middle.
        let (width, height, rgba) = shrink(pixels(3, 1, 1, vec![0, 90, 240]), 2);
        assert_eq!((width, height), (2, 1));
        assert_eq!(rgba, [30, 30, 30, 255, 190, 190, 190, 255]);
    }

    #[test]
    fn what_cannot_be_seen_does_not_colour_its_neighbours() {
        let (.., rgba) = shrink(pixels(2, 1, 4, vec![200, 0, 0, 255, 0, 255, 0, 0]), 1);
        assert_eq!(rgba, [200, 0, 0, 128]);
    }

    #[test]
    fn a_flat_picture_stays_flat_at_any_size_and_a_thin_one_keeps_a_pixel() {
        for (width, height) in [(37, 91), (1_000, 3), (3, 1_000), (64, 64), (65, 64)] {
            let flat = pixels(width, height, 3, [7, 130, 255].repeat(width * height));
            let (width, height, rgba) = shrink(flat, 64);
            assert!(width.max(height) <= 64 && width > 0 && height > 0);
            assert_eq!(rgba, [7, 130, 255, 255].repeat(width * height));
        }
    }
}
