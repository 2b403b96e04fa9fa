//! From a scene to pixels to PNG.
//!
//! A pure function: the same [`Scene`] and [`Fonts`] give the same pixels on every machine and every
//! time. There is no clock, no file, no environment and no randomness here; fonts come in as bytes.
//! Left out on purpose: text from right to left and scripts that need shaping are drawn character by
//! character in logical order.
//!
//! Start at [`Painter`]: one per drawing thread. [`Card`] and [`Chart`] are what it draws.
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
mod deflate;
mod encode;
mod painter;

pub use color::{Color, ColorError};
pub use fonts::{FALLBACKS_MAX, FontError, Fonts};
pub use limit::{
    AREA_PIXELS_MAX, BANDS_MAX, CHART_POINTS_MAX, FOOTER_CHARACTERS_MAX, HEAT_ROWS_MAX, LimitError,
    MARKS_MAX, NAME_CHARACTERS_MAX, NOTE_CHARACTERS_MAX, SERIES_MAX, SERIES_POINTS_MAX,
    SIDE_PIXELS_MAX, SIDE_PIXELS_MIN, SUBTITLE_CHARACTERS_MAX, THRESHOLDS_MAX,
    TITLE_CHARACTERS_MAX,
};

pub use painter::{Painter, Picture, RenderError, RenderStage};
pub use raster::Raster;
pub use scene::{
    Axis, Background, Band, Card, Chart, ChoiceError, Kind, Mark, MarkKind, Scene, Series, Theme,
    Threshold, Unit, Zone, ZoneError,
};

/// Raised whenever the same scene gives other bytes, so that no cache serves an old picture.
pub const RENDERER_VERSION: u32 = 2;
