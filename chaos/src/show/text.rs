//! Text of others, made fit for a line of a terminal.

use std::time::Duration;

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// Characters of one text at most; the rest is cut before anything else is done with it.
const CHARACTERS_MAX: usize = 1_000;

/// `text` in one line without control characters, and without those that turn the direction of
/// writing or take no room: a name cannot move the cursor, nor make one outcome look like another.
pub(crate) fn one_line(text: &str) -> String {
    let visible = |character: char| match character {
        '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' => ' ',
        '\u{2028}' | '\u{2029}' | '\u{2066}'..='\u{2069}' => ' ',
        '\u{feff}' | '\u{fffe}' | '\u{ffff}' => ' ',
        control if control.is_control() => ' ',
        other => other,
    };
    let line: String = text.chars().take(CHARACTERS_MAX).map(visible).collect();
    let mut line = line.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.chars().nth(CHARACTERS_MAX).is_some() {
        line.push('…');
    }
    line
}

/// Columns that `text` takes on a terminal.
pub(crate) fn width(text: &str) -> usize {
    text.width()
}

/// `text` in at most `columns` columns; `mark` stands for what was cut.
pub(crate) fn cut(text: &str, columns: usize, mark: &str) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    let room = columns.saturating_sub(mark.width());
    let mut kept = String::new();
    let mut taken = 0;
    for character in text.chars() {
        let more = character.width().unwrap_or(0);
        if taken + more > room {
            break;
        }
        kept.push(character);
        taken += more;
    }
    if mark.width() <= columns {
        kept.push_str(mark);
    }
    kept
}

/// `text` cut or filled with blanks to exactly `columns` columns.
pub(super) fn fitted(text: &str, columns: usize, mark: &str) -> String {
    let mut fitted = cut(text, columns, mark);
    let missing = columns.saturating_sub(fitted.width());
    fitted.extend(std::iter::repeat_n(' ', missing));
    fitted
}

/// `text` in lines of at most `columns` columns, broken at spaces, and within a word where it must
/// be; further lines begin with `indent` blanks.
pub(super) fn wrapped(text: &str, columns: usize, indent: usize) -> Vec<String> {
    let columns = columns.max(indent + 2);
    let mut lines = vec![String::new()];
    let mut taken = 0;
    let mut is_empty = true;
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let mut rest = word;
        while !rest.is_empty() {
            let gap = usize::from(!is_empty);
            if !is_empty && taken + gap + rest.width() > columns {
                lines.push(" ".repeat(indent));
                (taken, is_empty) = (indent, true);
                continue;
            }
            let part = head(rest, columns - taken - gap);
            if let Some(line) = lines.last_mut() {
                line.extend(std::iter::repeat_n(' ', gap));
                line.push_str(part);
            }
            taken += gap + part.width();
            is_empty = false;
            rest = &rest[part.len()..];
        }
    }
    lines
}

/// As much of `text` as fits into `columns` columns, and at least one character.
fn head(text: &str, columns: usize) -> &str {
    let mut taken = 0;
    for (index, character) in text.char_indices() {
        taken += character.width().unwrap_or(0);
        if taken > columns && index > 0 {
            return &text[..index];
        }
    }
    text
}

/// A time in whole seconds, such as `48 s` or `2 min 5 s`; from an hour on in whole minutes.
pub(crate) fn lasting(time: Duration) -> String {
    match (time.as_secs() / 60, time.as_secs() % 60) {
        (minutes @ 60.., _) => format!("{} h {} min", minutes / 60, minutes % 60),
        (0, seconds) => format!("{seconds} s"),
        (minutes, 0) => format!("{minutes} min"),
        (minutes, seconds) => format!("{minutes} min {seconds} s"),
    }
}

/// A value in at most nine columns: three digits are enough for a person.
pub(crate) fn figure(value: f64) -> String {
    let size = value.abs();
    let text = match size {
        _ if !value.is_finite() => "?".to_owned(),
        0.0 => "0".to_owned(),
        _ if !(1e-4..1e7).contains(&size) => format!("{value:.1e}"),
        _ if size >= 100.0 || value.fract() == 0.0 => format!("{value:.0}"),
        _ if size >= 10.0 => format!("{value:.1}"),
        _ if size >= 1.0 => format!("{value:.2}"),
        _ if size >= 0.01 => format!("{value:.3}"),
        _ => format!("{value:.5}"),
    };
    if text.contains('.') && !text.contains('e') {
        return text.trim_end_matches('0').trim_end_matches('.').to_owned();
    }
    text
}
