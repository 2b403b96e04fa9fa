//! One drawing thread's tools: frame, glyph cache, encoder.

use std::fmt;
use std::sync::Arc;

use crate::encode::Encoder;
use crate::fonts::{FontStack, Fonts};
use crate::frame::{Frame, PixelFormat};
use crate::glyph::GlyphCache;
use crate::scene::{Scene, Timeline};
use crate::text::{Ink, MissingGlyphs, Typesetter};
use crate::{LimitError, card, chart, graph, limit};

/// Draws scenes, one after the other. Memory is kept between them; pictures are not affected by it.
pub struct Painter {
    fonts: Arc<Fonts>,
    glyphs: GlyphCache,
    frame: Frame,
    encoder: Encoder,
}

/// A part of drawing, in the order in which they happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RenderStage {
    /// Text is measured and broken into lines, and everything gets its place.
    Layout,
    /// Shapes and glyphs become pixels.
    Raster,
    /// Pixels become a PNG.
    Encode,
}

/// A finished picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// The bytes of a PNG file: a palette of at most 255 colours with 1, 2, 4 or 8 bits a pixel, or
    /// 8-bit RGB for gradients and pictures of more colours; never transparent, never interlaced,
    /// no filter, without text or time chunks.
    pub png: Vec<u8>,
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    /// Characters that no font has; each is a hollow box in the picture.
    pub missing_glyphs: u32,
    /// Which they are: each once, in the order in which they were drawn, at most 16.
    pub missing: Vec<char>,
    /// Whether a graph was too much work for its best layout, and has a simpler one.
    pub is_simplified: bool,
}

/// Why a scene was not drawn.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// The scene asks for more than it may.
    #[error(transparent)]
    Limit(#[from] LimitError),
}

impl Painter {
    /// A painter with these fonts and nothing else yet.
    #[must_use]
    pub fn new(fonts: Arc<Fonts>) -> Self {
        Self {
            fonts,
            glyphs: GlyphCache::new(),
            frame: Frame::new(),
            encoder: Encoder::new(),
        }
    }

    /// Draws one scene. `enter` is told when each stage begins, so that a caller with a clock can
    /// time them.
    ///
    /// # Errors
    /// [`RenderError::Limit`] if the scene is out of bounds; nothing is drawn then.
    pub fn draw(
        &mut self,
        scene: &Scene,
        enter: &mut dyn FnMut(RenderStage),
    ) -> Result<Picture, RenderError> {
        scene.check()?;
        let (width, height) = scene.size();
        self.frame.set_format(scene.pixel_format());
        enter(RenderStage::Layout);
        let typesetter = Typesetter::new(FontStack::new(&self.fonts));
        let mut ink = Ink {
            typesetter: &typesetter,
            glyphs: &mut self.glyphs,
            frame: &mut self.frame,
            missing: MissingGlyphs::default(),
        };
        let mut is_simplified = false;
        match scene {
            Scene::Card(card) => {
                let layout = card::Layout::new(card, &typesetter);
                enter(RenderStage::Raster);
                layout.raster(card, &mut ink);
            }
            Scene::Chart(chart) => {
                let layout = chart::Layout::new(chart, &typesetter);
                enter(RenderStage::Raster);
                layout.raster(chart, &mut ink);
            }
            Scene::Graph(graph) => {
                let layout = graph::Layout::new(graph, &typesetter);
                is_simplified = layout.is_simplified();
                enter(RenderStage::Raster);
                layout.raster(&mut ink);
            }
        }
        let missing = ink.missing;
        enter(RenderStage::Encode);
        Ok(Picture {
            is_simplified,
            ..self.encoded((width, height), missing)
        })
    }

    /// Draws a timeline, as high as it needs to be. It stands in reports, never in a cache, so it is
    /// no [`Scene`] with canonical bytes and a price.
    ///
    /// # Errors
    /// [`RenderError::Limit`] if it is out of bounds, or would be too high; nothing is drawn then.
    pub fn draw_timeline(&mut self, timeline: &Timeline) -> Result<Picture, RenderError> {
        timeline.check()?;
        self.frame.set_format(PixelFormat::Indexed);
        let typesetter = Typesetter::new(FontStack::new(&self.fonts));
        let layout = chart::TimelineLayout::new(timeline, &typesetter);
        let (width, height) = (timeline.width, layout.height());
        limit::size_within(width, height)?;
        let mut ink = Ink {
            typesetter: &typesetter,
            glyphs: &mut self.glyphs,
            frame: &mut self.frame,
            missing: MissingGlyphs::default(),
        };
        layout.raster(&mut ink);
        let missing = ink.missing;
        Ok(self.encoded((width, height), missing))
    }

    /// What the frame shows, as a file.
    fn encoded(&mut self, (width, height): (u32, u32), missing: MissingGlyphs) -> Picture {
        let png = self.encoder.encode(&self.frame);
        self.frame.release_excess();
        Picture {
            png,
            width,
            height,
            missing_glyphs: missing.count,
            missing: missing.characters,
            is_simplified: false,
        }
    }
}

impl fmt::Debug for Painter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Painter")
            .field("fonts", &self.fonts)
            .finish_non_exhaustive()
    }
}
