//! Text of others, made fit to be shown.

use std::fmt::Write as _;
use std::io::{ErrorKind, Write as _};

use outcome::{Failure, OrFail};

/// The longest piece of foreign text that a sentence takes, in characters.
const SHOWN_MAX: usize = 200;

/// `text` in one line without control characters, cut to 200 characters. What a server sends ends
/// up on terminals and in pages.
pub(crate) fn shown(text: &str) -> String {
    let visible = |character: char| {
        if character.is_control() {
            ' '
        } else {
            character
        }
    };
    let line: String = text.chars().take(SHOWN_MAX * 8).map(visible).collect();
    let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= SHOWN_MAX {
        return line;
    }
    let cut: String = line.chars().take(SHOWN_MAX).collect();
    cut + "…"
}

/// A share as percentage with as many digits as it takes to be told from its neighbours, at most
/// four: `99.95 %`. A share that rounds to 100 % without being it is shown below 100 %.
pub(crate) fn percent(share: f64) -> String {
    let mut text = format!("{:.4}", share * 100.0);
    if share < 1.0 && text == "100.0000" {
        text = "99.9999".to_owned();
    }
    let text = text.trim_end_matches('0').trim_end_matches('.');
    let text = if text == "-0" { "0" } else { text };
    format!("{text} %")
}

/// A count with thousands grouped: `12,345`; fractions of less than a thousand keep one digit.
pub(crate) fn count(number: f64) -> String {
    if !number.is_finite() {
        return number.to_string();
    }
    if number.fract().abs() > 0.05 && number.abs() < 1_000.0 {
        return format!("{number:.1}");
    }
    let digits = format!("{:.0}", number.abs());
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let sign = if number < 0.0 && digits != "0" {
        "-"
    } else {
        ""
    };
    format!("{sign}{grouped}")
}

/// A time with three digits in the unit that reads best: `2.5 ms`, `1.2 s`.
pub(crate) fn seconds(value: f64) -> String {
    let (value, unit) = match value.abs() {
        below if below < 1e-3 => (value * 1e6, "µs"),
        below if below < 1.0 => (value * 1e3, "ms"),
        _ => (value, "s"),
    };
    let digits = match value.abs() {
        below if below < 10.0 => 2,
        below if below < 100.0 => 1,
        _ => 0,
    };
    let mut text = format!("{value:.digits$}");
    if text.contains('.') {
        text.truncate(text.trim_end_matches('0').trim_end_matches('.').len());
    }
    format!("{text} {unit}")
}

/// Breaks `text` into lines of at most `width` columns at spaces, each after `indent` spaces.
pub(crate) fn wrapped(text: &str, indent: usize, width: usize) -> String {
    use unicode_width::UnicodeWidthStr as _;
    let mut lines = String::new();
    let mut column = 0;
    for word in text.split_whitespace() {
        if column > 0 && column + 1 + word.width() > width {
            lines.push('\n');
            column = 0;
        }
        if column == 0 {
            let _ = write!(lines, "{:indent$}{word}", "");
            column = indent + word.width();
        } else {
            let _ = write!(lines, " {word}");
            column += 1 + word.width();
        }
    }
    lines
}

/// Writes to standard output. A reader that has seen enough is no failure.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written.or_broken("cannot print the report"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_is_one_bounded_line_without_controls() {
        assert_eq!(shown("a\x1b[31m\r\n\tb"), "a [31m b");
        assert_eq!(shown(&"x".repeat(10_000)).chars().count(), SHOWN_MAX + 1);
    }

    #[test]
    fn a_percentage_never_rounds_up_to_all() {
        let texts = [0.9995, 0.99, 1.0, 0.999_999_99, 0.0, 0.000_5, -0.5].map(percent);
        assert_eq!(
            texts,
            [
                "99.95 %",
                "99 %",
                "100 %",
                "99.9999 %",
                "0 %",
                "0.05 %",
                "-50 %"
            ]
        );
    }

    #[test]
    fn counts_are_grouped() {
        let texts = [0.0, 12.0, 12.34, 1_234.6, 1_234_567.0, -1_000.0].map(count);
        assert_eq!(texts, ["0", "12", "12.3", "1,235", "1,234,567", "-1,000"]);
    }

    #[test]
    fn a_time_is_told_in_the_unit_that_reads_best() {
        let texts = [0.0, 0.000_25, 0.0025, 0.25, 1.2, 61.26, 600.0].map(seconds);
        let expected = [
            "0 µs", "250 µs", "2.5 ms", "250 ms", "1.2 s", "61.3 s", "600 s",
        ];
        assert_eq!(texts, expected);
    }

    #[test]
    fn long_text_is_broken_at_spaces() {
        assert_eq!(wrapped("aa bb cc", 2, 7), "  aa bb\n  cc");
    }
}
