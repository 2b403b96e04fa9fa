//! A title card: where everything goes, and how it is drawn.

mod look;
mod picture;

pub(crate) use look::{Look, Tones};

use crate::Color;
use crate::color::mix;
use crate::frame::{Area, Frame, GRADIENT_SLANT, PIXEL_BYTES, RoundPart, round_parts};
use crate::scene::{Align, Background, Card};
use crate::text::{Ink, Line, Paragraph, TextStyle, Typesetter};

/// All lengths below are in pixels of a card of this size; others are scaled to fit.
const REFERENCE: (f32, f32) = (1_200.0, 630.0);
/// An upright card is read from nearer by: its text is as if the reference were only so wide.
const UPRIGHT_WIDTH: f32 = 760.0;
/// From the edge to the panel.
const MARGIN: f32 = 48.0;
/// From the panel to the text.
const PADDING: f32 = 68.0;
const PANEL_RADIUS: f32 = 28.0;
const ACCENT: (f32, f32) = (84.0, 10.0);
/// From the accent bar to the title.
const ACCENT_GAP: f32 = 26.0;
/// How much of its size a title has: the first with which it fits whole is taken, else the last.
const TITLE_PARTS: [f32; 4] = [1.0, 66.0 / 76.0, 58.0 / 76.0, 52.0 / 76.0];
/// How much of the size of the title the subtitle has, and within which bounds.
const SUBTITLE_PART: f32 = 33.0 / 76.0;
const SUBTITLE_SIZE_MIN: f32 = 22.0;
const SUBTITLE_SIZE_MAX: f32 = 44.0;
const SUBTITLE_GAP: f32 = 18.0;
const FOOTER_SIZE: f32 = 25.0;
/// From the texts to the line over the footer, at least.
const TEXTS_GAP: f32 = 14.0;
/// From the line over the footer to the footer.
const FOOTER_GAP: f32 = 20.0;
/// Text is never smaller, however small the card.
const SIZE_PIXELS_MIN: f32 = 6.0;
/// Lines of title and subtitle across the whole card, and where a picture takes a third of it.
const LINES_MAX: usize = 2;
const LINES_BESIDE_PICTURE_MAX: usize = 3;
/// Lines of title and subtitle, less and less, for cards without room for more.
const FEWER_LINES: [(usize, usize); 5] = [(3, 2), (3, 1), (2, 1), (1, 1), (1, 0)];
/// The part of the panel that a picture takes, and how far it stays from the panel's edge.
const PICTURE_PART: f32 = 0.35;
const PICTURE_INSET: f32 = 22.0;
const PICTURE_RADIUS: f32 = 14.0;
/// From the text to the picture.
const PICTURE_GAP: f32 = 50.0;

/// Where everything on a card goes.
pub(crate) struct Layout {
    scale: f32,
    look: Look,
    panel: Area,
    content: Area,
    picture: Option<Area>,
    title: Paragraph,
    subtitle: Paragraph,
    footer: Option<Line>,
}

impl Layout {
    pub(crate) fn new(card: &Card, typesetter: &Typesetter<'_>) -> Self {
        let scale = scale(card.width as f32, card.height as f32);
        let whole = Area {
            left: 0,
            top: 0,
            right: card.width as i32,
            bottom: card.height as i32,
        };
        let panel = whole.inset(pixels(MARGIN, scale));
        let (picture, content) = places(card, panel, scale);
        let footer = TextStyle::regular(size(FOOTER_SIZE, scale));
        let footer = typesetter.line(&card.footer, footer, content.width() as f32);
        let mut layout = Self {
            scale,
            look: Look::of(card),
            panel,
            content,
            picture,
            title: Paragraph::default(),
            subtitle: Paragraph::default(),
            footer: Some(footer).filter(|line| !line.glyphs.is_empty()),
        };
        layout.set_texts(card, typesetter);
        layout
    }

    /// Sets title and subtitle: the title in the largest size in which both are whole and find room,
    /// else in the smallest, and then with fewer lines until they do.
    fn set_texts(&mut self, card: &Card, typesetter: &Typesetter<'_>) {
        let room = self.content.width() as f32;
        let lines_max = match self.picture {
            Some(_) => LINES_BESIDE_PICTURE_MAX,
            None => LINES_MAX,
        };
        let title_size = f32::from(card.title_size);
        let subtitle = (title_size * SUBTITLE_PART).clamp(SUBTITLE_SIZE_MIN, SUBTITLE_SIZE_MAX);
        let subtitle = TextStyle::regular(size(subtitle, self.scale));
        self.subtitle = typesetter.paragraph(&card.subtitle, subtitle, room, lines_max);
        let height = self.footer_top() - self.content.top - pixels(TEXTS_GAP, self.scale);
        for part in TITLE_PARTS {
            let style = TextStyle::bold(size(title_size * part, self.scale));
            self.title = typesetter.paragraph(&card.title, style, room, lines_max);
            if !self.title.is_cut && self.texts_height() <= height {
                return;
            }
        }
        let Some(style) = self.title.lines.first().map(|line| line.style) else {
            return;
        };
        for (title_lines, subtitle_lines) in FEWER_LINES {
            if self.texts_height() <= height {
                return;
            }
            let title_lines = title_lines.min(lines_max);
            self.title = typesetter.paragraph(&card.title, style, room, title_lines);
            self.subtitle = typesetter.paragraph(&card.subtitle, subtitle, room, subtitle_lines);
        }
    }

    /// Height of accent, title, subtitle and the gaps between them.
    fn texts_height(&self) -> i32 {
        let subtitle = match block_height(&self.subtitle) {
            0 => 0,
            height => height + pixels(SUBTITLE_GAP, self.scale),
        };
        pixels(ACCENT.1, self.scale).max(1)
            + pixels(ACCENT_GAP, self.scale)
            + block_height(&self.title)
            + subtitle
    }

    /// Where the room for accent, title and subtitle ends: at the line over the footer.
    fn footer_top(&self) -> i32 {
        self.footer.as_ref().map_or(self.content.bottom, |footer| {
            let lift = pixels(PADDING / 3.0, self.scale);
            self.content.bottom + lift - footer.style.leading() - pixels(FOOTER_GAP, self.scale)
        })
    }

    pub(crate) fn raster(&self, card: &Card, ink: &mut Ink<'_, '_>) {
        let tones = self.look.tones;
        ink.frame.resize(card.width, card.height);
        let panel = card.has_panel().then_some(self.panel);
        let radius = PANEL_RADIUS * self.scale;
        match self.look.background {
            Background::Flat(color) => {
                ink.frame.clear(color);
                if let Some(panel) = panel {
                    // Over one colour the panel is one colour too, which is painted faster than laid over.
                    let mixed = color.under(tones.panel, tones.panel_coverage);
                    ink.frame.fill_round(panel, radius, mixed, 255);
                }
            }
            Background::Gradient { from, to } => {
                let ramp = Ramp::new(ink.frame, from, to);
                let corner = radius.ceil() as i32;
                let hole = panel.map_or(Area::EMPTY, |panel| Area {
                    top: panel.top + corner,
                    bottom: panel.bottom - corner,
                    ..panel
                });
                ramp.paint(ink.frame, hole);
                if let Some(panel) = panel {
                    ramp.paint_panel(ink.frame, panel, radius, &tones);
                }
            }
        }
        if let (Some(raster), Some(area)) = (card.shown_picture(), self.picture) {
            picture::draw(ink.frame, raster, area, PICTURE_RADIUS * self.scale);
        }
        self.raster_footer(card, ink);
        self.raster_texts(card, ink);
    }

    /// Draws line and footer.
    fn raster_footer(&self, card: &Card, ink: &mut Ink<'_, '_>) {
        let Some(footer) = &self.footer else {
            return;
        };
        let tones = self.look.tones;
        let rule = Area {
            top: self.footer_top(),
            bottom: self.footer_top() + pixels(2.0, self.scale).max(1),
            ..self.content
        };
        ink.frame.fill(rule, tones.footer, tones.rule_coverage);
        let baseline = rule.top + pixels(FOOTER_GAP, self.scale) + footer.style.ascent();
        let left = self.start(card.align, footer.width);
        ink.text(footer, left, baseline, tones.footer);
    }

    /// Draws accent, title and subtitle, centred in the height over the footer.
    fn raster_texts(&self, card: &Card, ink: &mut Ink<'_, '_>) {
        let accent_height = pixels(ACCENT.1, self.scale).max(1);
        let accent_width = pixels(ACCENT.0, self.scale).max(2);
        let accent_gap = pixels(ACCENT_GAP, self.scale);
        let subtitle_gap = pixels(SUBTITLE_GAP, self.scale);
        let spare = self.footer_top() - self.content.top - self.texts_height();
        let mut top = self.content.top + (spare / 2).max(0);
        let left = self.start(card.align, accent_width as f32).round() as i32;
        let accent = Area {
            left,
            top,
            right: left + accent_width,
            bottom: top + accent_height,
        };
        let radius = accent_height as f32 / 2.0;
        ink.frame.fill_round(accent, radius, self.look.accent, 255);
        top = accent.bottom + accent_gap;
        let tones = self.look.tones;
        top = self.raster_block(card, ink, &self.title, top, tones.title);
        self.raster_block(
            card,
            ink,
            &self.subtitle,
            top + subtitle_gap,
            tones.subtitle,
        );
    }

    /// Draws a paragraph from `top` down; returns where it ends.
    fn raster_block(
        &self,
        card: &Card,
        ink: &mut Ink<'_, '_>,
        block: &Paragraph,
        mut top: i32,
        color: Color,
    ) -> i32 {
        for line in &block.lines {
            let baseline = top + line.style.ascent();
            ink.text(line, self.start(card.align, line.width), baseline, color);
            top += line.style.leading();
        }
        top
    }

    /// Where something of this width begins.
    fn start(&self, align: Align, width: f32) -> f32 {
        let left = self.content.left as f32;
        match align {
            Align::Left => left,
            Align::Center => left + ((self.content.width() as f32 - width) / 2.0).max(0.0),
        }
    }
}

/// How large everything is: as the reference in area, as long as it fits.
fn scale(width: f32, height: f32) -> f32 {
    let area = (width / REFERENCE.0 * height / REFERENCE.1).sqrt();
    area.min(width / UPRIGHT_WIDTH).min(height / REFERENCE.1)
}

/// Where the picture goes, if there is one, and the text: beside each other, or one above the other
/// on an upright card.
fn places(card: &Card, panel: Area, scale: f32) -> (Option<Area>, Area) {
    let content = panel.inset(pixels(PADDING, scale));
    if card.shown_picture().is_none() {
        return (None, content);
    }
    let inner = panel.inset(pixels(PICTURE_INSET, scale));
    let gap = pixels(PICTURE_GAP, scale);
    if panel.height() > panel.width() {
        let bottom = inner.top + pixels(inner.height() as f32, PICTURE_PART);
        let top = bottom + gap;
        (Some(Area { bottom, ..inner }), Area { top, ..content })
    } else {
        let left = inner.right - pixels(inner.width() as f32, PICTURE_PART);
        let right = left - gap;
        (Some(Area { left, ..inner }), Area { right, ..content })
    }
}

fn block_height(block: &Paragraph) -> i32 {
    block.lines.iter().map(|line| line.style.leading()).sum()
}

fn pixels(length: f32, scale: f32) -> i32 {
    (length * scale).round() as i32
}

fn size(points: f32, scale: f32) -> u16 {
    (points * scale).round().max(SIZE_PIXELS_MIN) as u16
}

/// A diagonal gradient as one long row of pixels. Each row of the picture is a piece of it that
/// begins [`GRADIENT_SLANT`] pixels after that of the row above: painting copies, and the encoder finds
/// every row again in the one before.
struct Ramp {
    pixels: Vec<u8>,
}

impl Ramp {
    fn new(frame: &Frame, from: Color, to: Color) -> Self {
        let count = frame.width() + GRADIENT_SLANT * frame.height();
        let mut pixels = Vec::with_capacity(count * PIXEL_BYTES);
        let last = count as u64 - 1;
        // Division by a factor: exact, because sums are below 2^22 and the factor is off by less than
        // `last`, below 2^14.
        let factor = (1_u64 << 40).div_ceil(last);
        for at in 0..=last {
            let channel = |from: u8, to: u8| {
                let sum = u64::from(from) * (last - at) + u64::from(to) * at;
                // A weighted mean of two bytes is a byte.
                (((sum + last / 2) * factor) >> 40) as u8
            };
            pixels.extend_from_slice(&[
                channel(from.r, to.r),
                channel(from.g, to.g),
                channel(from.b, to.b),
            ]);
        }
        Self { pixels }
    }

    /// The pixels of row `y` from `left` to `right`.
    fn piece(&self, y: usize, left: usize, right: usize) -> &[u8] {
        let start = y * GRADIENT_SLANT;
        &self.pixels[(start + left) * PIXEL_BYTES..(start + right) * PIXEL_BYTES]
    }

    /// Paints the frame, but for `hole`, which is painted over anyway.
    fn paint(&self, frame: &mut Frame, hole: Area) {
        let width = frame.width();
        let (left, right) = (hole.left as usize, hole.right as usize);
        for y in 0..frame.height() {
            let pieces = if (hole.top..hole.bottom).contains(&(y as i32)) {
                [0..left, right..width]
            } else {
                [0..width, width..width]
            };
            for piece in pieces {
                let pixels = self.piece(y, piece.start, piece.end);
                let row = frame.row(y);
                row[piece.start * PIXEL_BYTES..piece.end * PIXEL_BYTES].copy_from_slice(pixels);
            }
        }
    }

    /// Paints the panel from a ramp of the colours that it has over this one.
    fn paint_panel(&self, frame: &mut Frame, panel: Area, radius: f32, tones: &Tones) {
        let mut hidden = self.pixels.clone();
        for pixel in hidden.as_chunks_mut::<PIXEL_BYTES>().0 {
            let [r, g, b] = *pixel;
            *pixel = Color { r, g, b }
                .under(tones.panel, tones.panel_coverage)
                .bytes();
        }
        let hidden = Self { pixels: hidden };
        for part in round_parts(panel, radius) {
            match part {
                RoundPart::Edge { x, y, inside } => {
                    frame.dot(x, y, tones.panel, mix(0, tones.panel_coverage, inside));
                }
                RoundPart::Span(span) => {
                    let (left, right) = (span.left as usize, span.right as usize);
                    for y in span.top as usize..span.bottom as usize {
                        let piece = hidden.piece(y, left, right);
                        frame.row(y)[left * PIXEL_BYTES..right * PIXEL_BYTES]
                            .copy_from_slice(piece);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ramp_is_the_rounded_mean_of_its_ends_at_any_length() {
        for (width, height) in [
            (64, 64),
            (1_200, 630),
            (4_096, 976),
            (64, 4_096),
            (333, 777),
        ] {
            let mut frame = Frame::new();
            frame.resize(width, height);
            let (from, to) = (Color::rgb(0x00_ff_11), Color::rgb(0xff_00_47));
            let ramp = Ramp::new(&frame, from, to);
            let last = u64::from(width + 2 * height) - 1;
            for (at, pixel) in ramp.pixels.as_chunks().0.iter().enumerate() {
                let at = at as u64;
                let exact = |from: u8, to: u8| {
                    let sum = u64::from(from) * (last - at) + u64::from(to) * at;
                    ((sum + last / 2) / last) as u8
                };
                let exact = [
                    exact(from.r, to.r),
                    exact(from.g, to.g),
                    exact(from.b, to.b),
                ];
                assert_eq!(*pixel, exact, "{width} × {height}, {at}");
            }
        }
    }
}
