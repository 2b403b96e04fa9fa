//! A contact sheet: pictures in rows on one large one.

use std::path::Path;

use image::{ImageFormat, Rgb, RgbImage, imageops};
use render::Picture;

/// Between pictures and around all, in pixels.
const GAP: u32 = 24;
const GROUND: Rgb<u8> = Rgb([0x94, 0xa3, 0xb8]);

/// Rows of pictures, each row as high as its highest one.
pub(crate) struct Sheet {
    rows: Vec<Vec<RgbImage>>,
}

impl Sheet {
    pub(crate) fn new() -> Self {
        Self { rows: Vec::new() }
    }

    pub(crate) fn add_row(&mut self, pictures: &[Picture]) -> image::ImageResult<()> {
        let decode = |picture: &Picture| {
            let image = image::load_from_memory_with_format(&picture.png, ImageFormat::Png);
            image.map(|image| image.into_rgb8())
        };
        let row: Result<_, _> = pictures.iter().map(decode).collect();
        self.rows.push(row?);
        Ok(())
    }

    pub(crate) fn write(&self, path: &Path) -> image::ImageResult<()> {
        let width = |row: &Vec<RgbImage>| row.iter().map(|it| it.width() + GAP).sum::<u32>() + GAP;
        let height =
            |row: &Vec<RgbImage>| row.iter().map(RgbImage::height).max().unwrap_or(0) + GAP;
        let whole_width = self.rows.iter().map(width).max().unwrap_or(GAP);
        let whole_height = self.rows.iter().map(height).sum::<u32>() + GAP;
        let mut sheet = RgbImage::from_pixel(whole_width, whole_height, GROUND);
        let mut top = GAP;
        for row in &self.rows {
            let mut left = GAP;
            for picture in row {
                imageops::replace(&mut sheet, picture, i64::from(left), i64::from(top));
                left += picture.width() + GAP;
            }
            top += height(row);
        }
        sheet.save_with_format(path, ImageFormat::Png)
    }
}
