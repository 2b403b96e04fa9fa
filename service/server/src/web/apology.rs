//! An error as a picture, for a caller that shows pictures: what is missing, and why.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use render::{Background, Card, Color, Fonts, LimitError, Painter, RenderError, Scene};
use resilience::Deadline;

use super::problem::Problem;
use crate::clock;
use crate::pictures::Pictures;

/// The picture, in pixels: it fits into a mail, and into the place of a chart.
const SIZE: (u32, u32) = (800, 420);

/// How long an error may wait to be drawn; after that the spare picture is sent.
const PATIENCE: Duration = Duration::from_millis(250);

/// Longest piece of the words about an error that is drawn, in characters.
const WORDS_MAX: usize = 200;

/// Draws errors, and has a picture ready for when nothing can be drawn.
#[derive(Debug)]
pub(crate) struct Apologies {
    pictures: Arc<Pictures>,
    spare: Bytes,
}

impl Apologies {
    pub(crate) fn new(pictures: Arc<Pictures>, spare: Bytes) -> Self {
        Self { pictures, spare }
    }

    /// A picture that says what `problem` says.
    pub(crate) async fn picture(&self, problem: &Problem) -> Bytes {
        let card = scene(
            problem.title,
            &problem.detail,
            &format!("HTTP {}", problem.status.as_str()),
        );
        let deadline = Deadline::after(clock::now(), PATIENCE);
        let key = self.pictures.key(&card);
        if let Some(picture) = self.pictures.remembered(&key).await {
            return picture.png.clone();
        }
        match self.pictures.get(key, card, deadline).await {
            Ok(served) => served.picture.png.clone(),
            Err(_) => self.spare.clone(),
        }
    }
}

/// The picture for when nothing can be drawn, drawn once at the start.
///
/// # Errors
/// [`RenderError`], which would be a bug of the fixed texts here.
pub(crate) fn spare(fonts: Arc<Fonts>) -> Result<Bytes, RenderError> {
    let words = "The service could not draw it in time. Ask again in a moment.";
    let card = scene("This picture is missing", words, "the status says more");
    let picture = Painter::new(fonts).draw(&card, &mut |_| ())?;
    Ok(picture.png.into())
}

fn scene(title: &str, words: &str, footer: &str) -> Scene {
    let mut card = Card {
        width: SIZE.0,
        height: SIZE.1,
        title: title.to_owned(),
        subtitle: drawable(words),
        footer: footer.to_owned(),
        background: Background::Flat(Color::rgb(0xe2_e8_f0)),
        accent: Some(Color::rgb(0xdc_26_26)),
        ..Card::default()
    };
    if let Err(LimitError { .. }) = Scene::Card(card.clone()).check() {
        // Words of ours are never too long; if they were, the title alone would say enough.
        card.subtitle.clear();
    }
    Scene::Card(card)
}

/// Words that can be drawn: bounded, and without control characters.
fn drawable(words: &str) -> String {
    let mut kept: String = words
        .chars()
        .filter(|character| !character.is_control())
        .take(WORDS_MAX)
        .collect();
    if kept.len() < words.len() {
        kept.push('…');
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_any_length_and_kind_can_be_drawn() {
        for words in ["", "a\u{0}b\n", &"证".repeat(10_000)] {
            let scene = scene("Limit exceeded", words, "HTTP 422");
            assert!(scene.check().is_ok(), "{} bytes", words.len());
        }
        assert_eq!(drawable("a\nb"), "ab…");
    }

    #[test]
    fn the_spare_picture_is_a_png() {
        let spare = spare(Arc::new(Fonts::bundled().unwrap())).unwrap();
        assert_eq!(&spare[1..4], b"PNG");
    }
}
