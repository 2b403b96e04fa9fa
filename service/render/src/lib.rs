//! From a scene to pixels to PNG.
//!
//! A pure function: the same [`Scene`] and [`Fonts`] give the same pixels on every machine and every
//! time. There is no clock, no file, no environment and no randomness here; fonts come in as bytes.
//! Left out on purpose: text from right to left and scripts that need shaping are drawn character by
//! character in logical order.
//!
//! Start at [`Painter`]: one per drawing thread. [`Card`], [`Chart`] and [`Graph`] are what it
//! draws for a cache, [`Timeline`] what it draws for a report.
//!
//! ```
//! use std::sync::Arc;
//! use render::{Card, Fonts, Painter, Scene};
//!
//! let fonts = Arc::new(Fonts::bundled()?);
//! let mut painter = Painter::new(fonts);
//! let scene = Scene::Card(Card { title: "Ready to ship".to_owned(), ..Card::default() });
//! let picture = painter.draw(&scene, &mut |_stage| ())?;
//! assert_eq!((picture.width, picture.height), (1_200, 630));
//! assert_eq!(&picture.png[1..4], b"PNG");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod color;
mod limit;
mod raster;
mod scene;
mod fonts;
mod glyph;
mod text;
mod frame;
mod ticks;
mod card;
mod chart;
mod graph;
mod deflate;
mod encode;
mod painter;

pub use color::{Color, ColorError};
pub use fonts::{FALLBACKS_MAX, FontError, Fonts};
pub use limit::{
    AREA_PIXELS_MAX, BANDS_MAX, BARS_MAX, CHART_POINTS_MAX, DETAIL_CHARACTERS_MAX, EDGES_MAX,
    FOOTER_CHARACTERS_MAX, HEAT_ROWS_MAX, ID_CHARACTERS_MAX, LANES_MAX, LimitError, MARKS_MAX,
    NAME_CHARACTERS_MAX, NODES_MAX, NOTE_CHARACTERS_MAX, SERIES_MAX, SERIES_POINTS_MAX,
    SIDE_PIXELS_MAX, SIDE_PIXELS_MIN, STRIPS_MAX, SUBTITLE_CHARACTERS_MAX, THRESHOLDS_MAX,
    TIMELINE_WIDTH_MIN, TITLE_CHARACTERS_MAX,
};

pub use painter::{Painter, Picture, RenderError, RenderStage};
pub use raster::{DecodeError, DecodeLimits, PictureFormat, Raster};
pub use scene::{
    Align, Axis, Background, Band, Bar, Before, Card, Chart, ChoiceError, Direction, Edge, Graph,
    Kind, Lane, Mark, MarkKind, NameError, Node, Scene, Series, State, Strip, TITLE_SIZE_MAX,
    TITLE_SIZE_MIN, Template, Theme, Threshold, Timeline, Unit, Zone, ZoneError,
};
pub use text::MissingGlyphs;

/// Raised whenever the same scene gives other bytes, so that no cache serves an old picture.
pub const RENDERER_VERSION: u32 = 2;
