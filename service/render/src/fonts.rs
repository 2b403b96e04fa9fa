//! The fonts of a renderer: a Latin one in the binary, others as fallback.

mod latin;
mod piece;
mod outline;
mod contour;
mod coverage;
mod kerning;

use std::fmt;

use latin::LatinFont;
pub(crate) use outline::OutlineFace;
use outline::OutlineFont;

use crate::glyph::{GlyphRef, GlyphSource, Weight};
use crate::{MissingGlyphs, Scene};

/// Fallback fonts beside the bundled one.
pub const FALLBACKS_MAX: usize = 8;

/// All fonts of a renderer, parsed and checked once, then only read.
pub struct Fonts {
    regular: LatinFont,
    bold: LatinFont,
    fallbacks: Vec<OutlineFont>,
    identity: blake3::Hasher,
}

/// Why bytes cannot be used as a font.
#[derive(Debug, thiserror::Error)]
pub enum FontError {
    /// The font in the binary does not parse.
    #[error("the bundled font cannot be parsed")]
    Bundled {
        /// What the parser says.
        source: ttf_parser::FaceParsingError,
    },
    /// The bytes are no font, or one without a table that drawing needs.
    #[error("font {name} cannot be parsed")]
    Parse {
        /// As given when it was added.
        name: String,
        /// What the parser says.
        source: ttf_parser::FaceParsingError,
    },
    /// The file ends before its tables do.
    #[error("font {name} is truncated: table {table} ends at byte {end_bytes} of {size_bytes}")]
    Truncated {
        /// As given when it was added.
        name: String,
        /// The first table that is not whole.
        table: String,
        /// Where the table would end.
        end_bytes: u64,
        /// Size of the file.
        size_bytes: u64,
    },
    /// No character leads to an outline that can be drawn.
    #[error("font {name} has no outline for any character")]
    NoOutlines {
        /// As given when it was added.
        name: String,
    },
    /// There are as many fallbacks as allowed.
    #[error("font {name} is one too many: at most {max} fallback fonts", max = FALLBACKS_MAX)]
    TooMany {
        /// As given when it was added.
        name: String,
    },
}

impl Fonts {
    /// The Latin font in the binary: DejaVu Sans, regular and bold.
    ///
    /// # Errors
    /// [`FontError::Bundled`], which would be a broken build.
    pub fn bundled() -> Result<Self, FontError> {
        let mut identity = blake3::Hasher::new();
        for bytes in [dejavu::sans::regular(), dejavu::sans::bold()] {
            mark(&mut identity, bytes);
        }
        Ok(Self {
            regular: LatinFont::parse(dejavu::sans::regular())?,
            bold: LatinFont::parse(dejavu::sans::bold())?,
            fallbacks: Vec::new(),
            identity,
        })
    }

    /// Adds a font for the characters that those before it lack: the bytes of a TrueType or OpenType
    /// file, of a collection its first face. `name` is what an error calls it.
    ///
    /// The font is checked here; its outlines are read when they are drawn, so a large one costs no
    /// more memory than its file.
    ///
    /// # Errors
    /// Any [`FontError`] but `Bundled`; each names the font.
    pub fn with_fallback(mut self, name: &str, bytes: Vec<u8>) -> Result<Self, FontError> {
        if self.fallbacks.len() == FALLBACKS_MAX {
            return Err(FontError::TooMany {
                name: name.to_owned(),
            });
        }
        mark(&mut self.identity, &bytes);
        self.fallbacks.push(OutlineFont::parse(name, bytes)?);
        Ok(self)
    }

    /// The characters of a scene that no font has, without drawing it; also of text that would be cut
    /// for want of room.
    #[must_use]
    pub fn missing(&self, scene: &Scene) -> MissingGlyphs {
        let stack = FontStack::new(self);
        let mut missing = MissingGlyphs::default();
        for (text, weight) in scene.texts() {
            missing.add_text(text, weight, &stack);
        }
        missing
    }

    /// A strong hash of all font bytes in their order, for cache keys.
    #[must_use]
    pub fn identity(&self) -> [u8; 32] {
        *self.identity.finalize().as_bytes()
    }
}

impl fmt::Debug for Fonts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fonts")
            .field("fallbacks", &self.fallbacks)
            .finish_non_exhaustive()
    }
}

/// Adds bytes to an identity so that their border stays visible.
fn mark(identity: &mut blake3::Hasher, bytes: &[u8]) {
    identity.update(&(bytes.len() as u64).to_be_bytes());
    identity.update(bytes);
}

/// The fonts made ready for one picture: the fallbacks with their tables located.
pub(crate) struct FontStack<'a> {
    fonts: &'a Fonts,
    fallbacks: Vec<OutlineFace<'a>>,
}

/// Places of the fonts in a stack, as a [`GlyphRef`] names them.
const REGULAR: u8 = 0;
const BOLD: u8 = 1;
const FALLBACK: u8 = 2;

impl<'a> FontStack<'a> {
    pub(crate) fn new(fonts: &'a Fonts) -> Self {
        let fallbacks = fonts.fallbacks.iter().map(OutlineFont::face).collect();
        Self { fonts, fallbacks }
    }

    /// The first glyph for `character`, if any font has one.
    pub(crate) fn find(&self, character: char, weight: Weight) -> Option<GlyphRef> {
        let (latin, source) = match weight {
            Weight::Regular => (&self.fonts.regular, REGULAR),
            Weight::Bold => (&self.fonts.bold, BOLD),
        };
        if let Some(glyph) = latin.glyph(character) {
            return Some(GlyphRef { source, glyph });
        }
        self.find_fallback(character)
    }

    /// The same, but the bundled font is asked last.
    pub(crate) fn find_last(&self, character: char, weight: Weight) -> Option<GlyphRef> {
        let fallback = self.find_fallback(character);
        fallback.or_else(|| self.find(character, weight))
    }

    fn find_fallback(&self, character: char) -> Option<GlyphRef> {
        (FALLBACK..)
            .zip(&self.fallbacks)
            .find_map(|(source, face)| {
                let glyph = face.glyph(character)?;
                Some(GlyphRef { source, glyph })
            })
    }

    /// The font that a glyph of this stack belongs to.
    pub(crate) fn source(&self, source: u8) -> &dyn GlyphSource {
        match source {
            REGULAR => &self.fonts.regular,
            BOLD => &self.fonts.bold,
            fallback => &self.fallbacks[usize::from(fallback - FALLBACK)],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_font_is_refused_by_name() {
        let latin = dejavu::sans::regular();
        for (name, bytes) in [
            ("empty.ttf", Vec::new()),
            ("text.ttf", b"this is not a font".repeat(100)),
            ("zeros.ttf", vec![0; 4_096]),
            ("half.ttf", latin[..latin.len() / 2].to_vec()),
            ("short.ttf", latin[..latin.len() - 16].to_vec()),
            ("head.ttf", latin[..12].to_vec()),
        ] {
            let error = Fonts::bundled()
                .unwrap()
                .with_fallback(name, bytes)
                .unwrap_err();
            assert!(error.to_string().contains(name), "{error}");
        }
    }

    #[test]
    fn fallbacks_are_bounded() {
        let mut fonts = Fonts::bundled().unwrap();
        for _ in 0..FALLBACKS_MAX {
            fonts = fonts
                .with_fallback("mono", dejavu::sans_mono::regular().to_vec())
                .unwrap();
        }
        let error = fonts.with_fallback("ninth", dejavu::sans_mono::regular().to_vec());
        assert!(matches!(error, Err(FontError::TooMany { .. })));
    }

    #[test]
    fn identity_depends_on_the_fonts_and_nothing_else() {
        let bundled = || Fonts::bundled().unwrap();
        let mono = || dejavu::sans_mono::regular().to_vec();
        let serif = || dejavu::serif::regular().to_vec();
        assert_eq!(bundled().identity(), bundled().identity());
        let one = bundled().with_fallback("a", mono()).unwrap().identity();
        assert_eq!(
            one,
            bundled().with_fallback("b", mono()).unwrap().identity()
        );
        assert_ne!(one, bundled().identity());
        assert_ne!(
            one,
            bundled().with_fallback("a", serif()).unwrap().identity()
        );
    }
}
