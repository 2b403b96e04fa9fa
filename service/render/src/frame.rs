//! The pixels of one picture, in the very layout that a PNG stores.

mod round;
mod palette;
mod rgb;

use std::ops::Range;

use tiny_skia::Mask;

use crate::Color;
use crate::color::mix;
use crate::glyph::Bitmap;
use palette::Palette;
pub(crate) use round::{RoundPart, round_parts};

/// Most of a mask is empty, which shows fastest in so many pixels at once.
const BLANK_PIXELS: usize = 16;

/// Bytes of one RGB pixel: red, green, blue.
pub(crate) const PIXEL_BYTES: usize = 3;

/// How many pixels further each row of a gradient begins in it than the row above: two, so that it
/// runs from corner to corner of a wide picture, and the encoder knows where to look.
pub(crate) const GRADIENT_SLANT: usize = 2;

/// Bytes of pixels that are kept for the next picture: all of an indexed one, or 1.4 megapixels in
/// RGB. Those of a larger picture are given back.
const KEPT_BYTES_MAX: usize = 4 << 20;

/// Room for the pixels of a larger picture, most of which is never touched and takes no memory. The
/// allocator of the GNU C library gives back to the system for certain only what is over 32 MiB;
/// anything smaller it may keep for its thread, once it has seen it freed.
const LARGE_BYTES: usize = 33 << 20;

/// What the pixels of a picture are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PixelFormat {
    /// Three bytes each.
    Rgb,
    /// One byte each, the index of a colour, for as long as there are few enough colours.
    Indexed,
}

/// A rectangle of whole pixels; `right` and `bottom` are outside of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Area {
    pub(crate) left: i32,
    pub(crate) top: i32,
    pub(crate) right: i32,
    pub(crate) bottom: i32,
}

impl Area {
    /// Without any pixel.
    pub(crate) const EMPTY: Self = Self {
        left: 0,
        top: 0,
        right: 0,
        bottom: 0,
    };

    pub(crate) fn width(self) -> i32 {
        (self.right - self.left).max(0)
    }

    pub(crate) fn height(self) -> i32 {
        (self.bottom - self.top).max(0)
    }

    /// The area without a border on each side.
    pub(crate) fn inset(self, border: i32) -> Self {
        Self {
            left: self.left + border,
            top: self.top + border,
            right: self.right - border,
            bottom: self.bottom - border,
        }
    }
}

/// A picture in the making. Each row is one byte 0 (PNG's filter "none") and its pixels, so that the
/// encoder compresses the memory as it is.
///
/// An indexed picture that needs too many colours turns into an RGB one and goes on: drawing never
/// fails, and what is drawn decides alone when that happens.
pub(crate) struct Frame {
    width: usize,
    height: usize,
    format: PixelFormat,
    bytes: Vec<u8>,
    palette: Palette,
}

impl Frame {
    pub(crate) fn new() -> Self {
        Self {
            width: 0,
            height: 0,
            format: PixelFormat::Rgb,
            bytes: Vec::new(),
            palette: Palette::new(),
        }
    }

    /// Decides what the pixels are after the next [`Frame::resize`].
    pub(crate) fn set_format(&mut self, format: PixelFormat) {
        self.format = format;
    }

    /// Becomes a picture of this size. RGB pixels are whatever they were: paint a ground first.
    pub(crate) fn resize(&mut self, width: u32, height: u32) {
        self.width = width as usize;
        self.height = height as usize;
        self.palette.clear();
        if self.format == PixelFormat::Indexed {
            // Index 0 is the ground, whatever colour that will be.
            self.bytes.clear();
        }
        let size_bytes = self.stride() * self.height;
        self.make_room(size_bytes);
        self.bytes.resize(size_bytes, 0);
        if self.format == PixelFormat::Rgb {
            let stride = self.stride();
            self.bytes
                .chunks_exact_mut(stride)
                .for_each(|row| row[0] = 0);
        }
    }

    /// Gives the memory of a large picture back. The pixels are lost.
    pub(crate) fn release_excess(&mut self) {
        if self.bytes.capacity() > KEPT_BYTES_MAX {
            (self.width, self.height) = (0, 0);
            self.bytes = Vec::new();
        }
    }

    pub(crate) fn width(&self) -> usize {
        self.width
    }

    pub(crate) fn height(&self) -> usize {
        self.height
    }

    /// From one row to the next, in bytes.
    #[inline]
    pub(crate) fn stride(&self) -> usize {
        1 + self.width * self.pixel_bytes()
    }

    /// All rows, each with its filter byte.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The colours of the indices; None if the pixels are RGB.
    pub(crate) fn colors(&self) -> Option<&[Color]> {
        (self.format == PixelFormat::Indexed).then_some(self.palette.colors())
    }

    /// The RGB pixels of one row. An indexed picture becomes an RGB one.
    pub(crate) fn row(&mut self, y: usize) -> &mut [u8] {
        self.make_rgb();
        let columns = self.columns(y as i32, 0, self.width as i32);
        &mut self.bytes[columns]
    }

    /// Paints every pixel.
    pub(crate) fn clear(&mut self, color: Color) {
        let is_fresh = self.palette.colors().is_empty();
        if self.format == PixelFormat::Indexed && is_fresh && self.palette.exact(color) == Some(0) {
            return;
        }
        let (right, bottom) = (self.width as i32, self.height as i32);
        self.fill(
            Area {
                left: 0,
                top: 0,
                right,
                bottom,
            },
            color,
            255,
        );
    }

    /// Lays `coverage` of a colour over an area.
    pub(crate) fn fill(&mut self, area: Area, color: Color, coverage: u8) {
        let area = self.clip(area);
        if area.width() == 0 || area.height() == 0 || coverage == 0 {
            return;
        }
        match self.format {
            PixelFormat::Indexed if coverage == 255 => self.fill_index(area, color),
            PixelFormat::Indexed => self.fill_mixed(area, color, coverage),
            PixelFormat::Rgb if coverage == 255 && area.height() > 1 => {
                self.fill_opaque(area, color);
            }
            PixelFormat::Rgb => self.fill_rgb(area, color, coverage),
        }
    }

    /// Paints a clipped area of an indexed picture.
    fn fill_index(&mut self, area: Area, color: Color) {
        let Some(index) = self.palette.exact(color) else {
            self.make_rgb();
            return self.fill_rgb(area, color, 255);
        };
        for y in area.top..area.bottom {
            let columns = self.columns(y, area.left, area.right);
            self.bytes[columns].fill(index);
        }
    }

    /// Lays a part of a colour over a clipped area of an indexed picture.
    fn fill_mixed(&mut self, area: Area, color: Color, coverage: u8) {
        let mut known = Palette::nothing_known();
        for y in area.top..area.bottom {
            let columns = self.columns(y, area.left, area.right);
            let row = &mut self.bytes[columns];
            let done = self.palette.fill_row(&mut known, row, color, coverage) as i32;
            if done < area.width() {
                self.make_rgb();
                let rest = Area {
                    left: area.left + done,
                    top: y,
                    bottom: y + 1,
                    ..area
                };
                self.fill_rgb(rest, color, coverage);
                let below = Area { top: y + 1, ..area };
                return self.fill_rgb(below, color, coverage);
            }
        }
    }

    fn fill_rgb(&mut self, area: Area, color: Color, coverage: u8) {
        for y in area.top..area.bottom {
            let columns = self.columns(y, area.left, area.right);
            rgb::fill_row(&mut self.bytes[columns], color, coverage);
        }
    }

    /// Paints the first row of a clipped area and copies it to the others.
    fn fill_opaque(&mut self, area: Area, color: Color) {
        let first = self.columns(area.top, area.left, area.right);
        rgb::fill_row(&mut self.bytes[first.clone()], color, 255);
        for y in area.top + 1..area.bottom {
            let start = self.columns(y, area.left, area.right).start;
            self.bytes.copy_within(first.clone(), start);
        }
    }

    /// Lays `coverage` of a colour over one pixel.
    pub(crate) fn dot(&mut self, x: i32, y: i32, color: Color, coverage: u8) {
        self.blend_span((x, y), &[coverage], color, 255);
    }

    /// Lays a colour over an area with round corners.
    pub(crate) fn fill_round(&mut self, area: Area, radius: f32, color: Color, coverage: u8) {
        for part in round_parts(area, radius) {
            match part {
                RoundPart::Span(span) => self.fill(span, color, coverage),
                RoundPart::Edge { x, y, inside } => {
                    self.dot(x, y, color, mix(0, coverage, inside));
                }
            }
        }
    }

    /// Lays a colour through a glyph whose pen is at `x` on `baseline`.
    pub(crate) fn blend_bitmap(&mut self, bitmap: &Bitmap, x: i32, baseline: i32, color: Color) {
        let left = x.saturating_add(bitmap.left);
        let top = baseline.saturating_add(bitmap.top);
        self.blend_rows(&bitmap.coverage, bitmap.width, (left, top), (color, 255));
    }

    /// Lays `coverage` of a colour through a mask with its corner at `at`.
    pub(crate) fn blend_mask(&mut self, mask: &Mask, at: (i32, i32), color: Color, coverage: u8) {
        self.blend_rows(mask.data(), mask.width() as usize, at, (color, coverage));
    }

    /// Lays `opacity` of a colour through the coverage of some pixels of one row, from `at` on.
    pub(crate) fn blend_span(
        &mut self,
        at: (i32, i32),
        coverage: &[u8],
        color: Color,
        opacity: u8,
    ) {
        self.blend_rows(coverage, coverage.len(), at, (color, opacity));
    }

    /// Lays pixels of a picture over those of row `y` from `x` on: red, green, blue, opacity each.
    #[allow(dead_code, reason = "only some scenes show pictures from elsewhere")]
    pub(crate) fn blend_pixels(&mut self, y: i32, x: i32, rgba: &[u8]) {
        const RGBA_BYTES: usize = 4;
        let pixels = rgba.len() / RGBA_BYTES;
        let area = self.clip(Area {
            left: x,
            top: y,
            right: x.saturating_add(pixels as i32),
            bottom: y.saturating_add(1),
        });
        if area.width() == 0 || area.height() == 0 {
            return;
        }
        self.make_rgb();
        let skipped = (area.left - x) as usize * RGBA_BYTES;
        let columns = self.columns(y, area.left, area.right);
        rgb::blend_pixels(&mut self.bytes[columns], &rgba[skipped..]);
    }

    fn blend_rows(
        &mut self,
        rows: &[u8],
        width: usize,
        (left, top): (i32, i32),
        (color, opacity): (Color, u8),
    ) {
        if width == 0 {
            return;
        }
        let height = rows.len() / width;
        let area = self.clip(Area {
            left,
            top,
            right: left.saturating_add(width as i32),
            bottom: top.saturating_add(height as i32),
        });
        if area.width() == 0 || area.height() == 0 {
            return;
        }
        let mut ink = match self.format {
            PixelFormat::Indexed => self.palette.ink(color),
            PixelFormat::Rgb => None,
        };
        let skipped = (i64::from(area.left) - i64::from(left)) as usize;
        for y in area.top..area.bottom {
            let start = (i64::from(y) - i64::from(top)) as usize * width + skipped;
            let coverage = &rows[start..start + area.width() as usize];
            let mut done = 0;
            if let Some(place) = ink {
                let columns = self.columns(y, area.left, area.right);
                let row = &mut self.bytes[columns];
                done = self.palette.blend_row(place, row, coverage, opacity);
            }
            if done < coverage.len() {
                self.make_rgb();
                ink = None;
                let columns = self.columns(y, area.left + done as i32, area.right);
                rgb::blend_row(&mut self.bytes[columns], &coverage[done..], color, opacity);
            }
        }
    }

    /// Turns the indices of an indexed picture into their colours, for good.
    fn make_rgb(&mut self) {
        if self.format == PixelFormat::Rgb {
            return;
        }
        let stride = self.stride();
        self.format = PixelFormat::Rgb;
        let rgb_stride = self.stride();
        self.make_room(rgb_stride * self.height);
        self.bytes.resize(rgb_stride * self.height, 0);
        // In place, from the end: no pixel is written over an index that is still to be read.
        let colors = self.palette.colors();
        for y in (0..self.height).rev() {
            for x in (0..self.width).rev() {
                let index = self.bytes[y * stride + 1 + x];
                let color = colors.get(usize::from(index)).copied();
                let at = y * rgb_stride + 1 + x * PIXEL_BYTES;
                self.bytes[at..at + PIXEL_BYTES]
                    .copy_from_slice(&color.unwrap_or(Color::rgb(0)).bytes());
            }
            self.bytes[y * rgb_stride] = 0;
        }
    }

    /// Makes room for so many bytes of pixels.
    fn make_room(&mut self, size_bytes: usize) {
        if self.bytes.capacity() < size_bytes {
            let room = match size_bytes {
                0..=KEPT_BYTES_MAX => size_bytes,
                _ => size_bytes.max(LARGE_BYTES),
            };
            self.bytes.reserve_exact(room - self.bytes.len());
        }
    }

    #[inline]
    fn pixel_bytes(&self) -> usize {
        match self.format {
            PixelFormat::Rgb => PIXEL_BYTES,
            PixelFormat::Indexed => 1,
        }
    }

    /// Where the pixels of row `y` from `left` to `right` are; all of them are within the picture.
    #[inline]
    fn columns(&self, y: i32, left: i32, right: i32) -> Range<usize> {
        let start = y as usize * self.stride() + 1;
        let pixel_bytes = self.pixel_bytes();
        start + left as usize * pixel_bytes..start + right as usize * pixel_bytes
    }

    fn clip(&self, area: Area) -> Area {
        let (width, height) = (self.width as i32, self.height as i32);
        let (left, top) = (area.left.clamp(0, width), area.top.clamp(0, height));
        Area {
            left,
            top,
            right: area.right.clamp(left, width),
            bottom: area.bottom.clamp(top, height),
        }
    }
}

#[cfg(test)]
mod tests;
