//! Opaque colours, and how text names them.

use std::fmt;
use std::str::FromStr;

/// An opaque colour in sRGB. As text `#rrggbb`; read also as `#rgb`, and without the `#`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Color {
    /// Red, 0 to 255.
    pub r: u8,
    /// Green, 0 to 255.
    pub g: u8,
    /// Blue, 0 to 255.
    pub b: u8,
}

/// A text that names no colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a colour is written #rgb or #rrggbb, with or without the #")]
pub struct ColorError;

impl Color {
    /// White.
    pub const WHITE: Self = Self::rgb(0xffffff);

    /// The colour of a number such as `0x1e40af`; bits above the lowest 24 are ignored.
    #[must_use]
    pub const fn rgb(number: u32) -> Self {
        let [_, r, g, b] = number.to_be_bytes();
        Self { r, g, b }
    }

    /// This colour under `coverage` (0 to 255) of `top`.
    #[must_use]
    #[inline]
    pub(crate) fn under(self, top: Self, coverage: u8) -> Self {
        let outer = |color: Self| u32::from(color.r) << 16 | u32::from(color.b);
        let [_, r, _, b] = mix_lanes(outer(self), outer(top), coverage).to_be_bytes();
        let g = mix(self.g, top.g, coverage);
        Self { r, g, b }
    }

    /// Red, green, blue.
    #[must_use]
    pub(crate) fn bytes(self) -> [u8; 3] {
        [self.r, self.g, self.b]
    }
}

/// One channel of `bottom` under `coverage` of `top`, rounded.
#[inline]
pub(crate) fn mix(bottom: u8, top: u8, coverage: u8) -> u8 {
    mix_lanes(bottom.into(), top.into(), coverage) as u8
}

/// Two channels at once, each in the low byte of a half of the number; the high bytes are 0.
///
/// A half holds up to 255 × 255 + 128 and what the division adds, 65,407: nothing is carried over.
#[inline]
fn mix_lanes(bottom: u32, top: u32, coverage: u8) -> u32 {
    const LOW_BYTES: u32 = 0x00ff_00ff;
    const HALVES: u32 = 0x0080_0080;
    let (shown, hidden) = (u32::from(255 - coverage), u32::from(coverage));
    let sum = bottom
        .wrapping_mul(shown)
        .wrapping_add(top.wrapping_mul(hidden));
    let sum = sum.wrapping_add(HALVES);
    // Exact division by 255 with rounding.
    (sum.wrapping_add(sum >> 8 & LOW_BYTES)) >> 8 & LOW_BYTES
}

impl FromStr for Color {
    type Err = ColorError;

    fn from_str(text: &str) -> Result<Self, ColorError> {
        let digits = text.strip_prefix('#').unwrap_or(text);
        if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(ColorError);
        }
        let number = u32::from_str_radix(digits, 16).map_err(|_| ColorError)?;
        match digits.len() {
            3 => {
                let digit = |shift: u32| (number >> shift & 0xf) * 0x11;
                Ok(Self::rgb(digit(8) << 16 | digit(4) << 8 | digit(0)))
            }
            6 => Ok(Self::rgb(number)),
            _ => Err(ColorError),
        }
    }
}

impl fmt::Display for Color {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{:02x}{:02x}{:02x}", self.r, self.g, self.b)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colour_is_read_in_four_forms() {
        for text in ["#1af", "1af", "#11aaff", "11AAFF"] {
            assert_eq!(text.parse(), Ok(Color::rgb(0x11aaff)), "{text}");
        }
    }

    #[test]
    fn what_is_not_a_colour_is_refused() {
        for text in [
            "", "#", "##1af", "#12", "#1234", "+12345", "#12345g", "١af", "#1234567",
        ] {
            assert_eq!(text.parse::<Color>(), Err(ColorError), "{text}");
        }
    }

    #[test]
    fn mixing_rounds_and_keeps_its_ends() {
        for bottom in 0..=255 {
            for top in [0, 1, 77, 128, 254, 255] {
                assert_eq!(mix(bottom, top, 0), bottom);
                assert_eq!(mix(bottom, top, 255), top);
                let exact = (f64::from(bottom) * 155.0 + f64::from(top) * 100.0) / 255.0;
                assert_eq!(mix(bottom, top, 100), exact.round() as u8);
                for coverage in 0..=255 {
                    let other = 255 - bottom;
                    let (below, above) = (
                        Color {
                            r: bottom,
                            g: other,
                            b: other,
                        },
                        Color {
                            r: top,
                            g: 9,
                            b: 255 - top,
                        },
                    );
                    let mixed = below.under(above, coverage);
                    assert_eq!(mixed.r, mix(bottom, top, coverage));
                    assert_eq!(mixed.g, mix(other, 9, coverage));
                    assert_eq!(mixed.b, mix(other, 255 - top, coverage));
                }
            }
        }
    }
}
