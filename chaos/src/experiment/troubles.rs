//! Everything that is wrong with a file, each with its line.

use outcome::Failure;

use super::locate::Way;

/// Most that is said about one file; the rest shows when these are mended.
const TROUBLES_MAX: usize = 20;

/// What is wrong with a file.
#[derive(Debug)]
pub(super) struct Troubles<'a> {
    /// What the file is called.
    shown: &'a str,
    text: &'a str,
    found: Vec<(usize, String)>,
    /// How many more there are.
    more: usize,
}

impl<'a> Troubles<'a> {
    pub(super) fn new(shown: &'a str, text: &'a str) -> Self {
        Self {
            shown,
            text,
            found: Vec::new(),
            more: 0,
        }
    }

    /// Notes that the field at `way` is wrong: the sentence goes on after the field's name.
    pub(super) fn add(&mut self, way: &Way, sentence: impl AsRef<str>) {
        if self.found.len() >= TROUBLES_MAX {
            self.more += 1;
            return;
        }
        let line = way.line_in(self.text);
        let sentence = printable(sentence.as_ref());
        self.found.push((line, format!("{way} {sentence}")));
    }

    /// What `read` gives; notes why at `way` when it gives nothing.
    pub(super) fn take<T>(&mut self, way: &Way, read: Result<T, String>) -> Option<T> {
        read.map_err(|sentence| self.add(way, sentence)).ok()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// All of them, in the order of their lines.
    ///
    /// # Errors
    /// [`Failure::misused`] when there are any.
    pub(super) fn settle(mut self) -> Result<(), Failure> {
        if self.found.is_empty() {
            return Ok(());
        }
        self.found.sort();
        let shown = self.shown;
        let mut lines: Vec<String> = self
            .found
            .iter()
            .map(|(line, sentence)| format!("{shown}:{line}: {sentence}"))
            .collect();
        if self.more > 0 {
            lines.push(format!("{shown}: {} more", self.more));
        }
        Err(Failure::misused(lines.join("\n")))
    }
}

/// Characters of a file's own words that a sentence repeats.
const SENTENCE_CHARS_MAX: usize = 400;

/// A sentence that is safe on a terminal, whatever the file says.
pub(super) fn printable(sentence: &str) -> String {
    let clean = sentence.chars().map(|character| {
        if character.is_control() {
            ' '
        } else {
            character
        }
    });
    let mut kept: String = clean.take(SENTENCE_CHARS_MAX).collect();
    if sentence.chars().nth(SENTENCE_CHARS_MAX).is_some() {
        kept.push('…');
    }
    kept
}
