//! Pieces of HTML.

use super::super::super::report::Verdict;
use super::super::sign;

/// Characters of an anchor at most.
const SLUG_CHARACTERS_MAX: usize = 80;

/// Text that is only text, between tags and inside quoted attributes.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(character),
        }
    }
    escaped
}

/// A verdict as a sign and a word, with a colour.
pub(super) fn badge(verdict: Verdict) -> String {
    format!(
        "<span class=\"badge {verdict}\"><span aria-hidden=\"true\">{}</span> {verdict}</span>",
        sign(verdict)
    )
}

/// An anchor: lower-case letters, digits and hyphens.
pub(super) fn slug(text: &str) -> String {
    let mut slug = String::new();
    for character in text.chars().take(SLUG_CHARACTERS_MAX) {
        match character.to_ascii_lowercase() {
            kept if kept.is_ascii_alphanumeric() => slug.push(kept),
            _ if slug.ends_with('-') => {}
            _ => slug.push('-'),
        }
    }
    slug.trim_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_anchor_is_made_of_letters_digits_and_hyphens() {
        let slugs = ["How it was judged", "a\"><b>", "", "é"].map(slug);
        assert_eq!(slugs, ["how-it-was-judged", "a-b", "", ""]);
    }
}
