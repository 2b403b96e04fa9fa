//! Where a line may end: UAX 14, with the rules that Chinese adds to it.
//!
//! The crate follows Unicode 15, where a quotation mark holds on to both of its neighbours. Chinese has
//! no blanks around “ and ”, so that whole clauses would never break. Since Unicode 16 (rule LB19a) the
//! outer side of such a mark may break between East Asian characters; here also where the quoted
//! words are Latin, as in 他说“OK”了.

use unicode_linebreak::{BreakClass, break_property, linebreaks};

/// Units that stay with their number across a blank.
const UNITS: [&str; 24] = [
    "%", "ns", "µs", "ms", "s", "min", "h", "d", "B", "kB", "KB", "MB", "GB", "TB", "KiB", "MiB",
    "GiB", "px", "Hz", "kHz", "MHz", "GHz", "W", "°C",
];

/// Where one cluster of a text ends, and what a line may do there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Border {
    /// A line may end here.
    pub(super) may_break: bool,
    /// If a line must be broken inside of what belongs together, it may be here: no closing mark
    /// begins the next line and no opening one ends this.
    pub(super) may_split: bool,
}

/// The borders at the given places of a text, which are byte offsets in rising order.
pub(super) fn borders(text: &str, ends: impl Iterator<Item = usize>) -> Vec<Border> {
    let mut breaks = linebreaks(text).map(|(at, _)| at).peekable();
    ends.map(|end| {
        while breaks.next_if(|&at| at < end).is_some() {}
        let (before, after) = text.split_at(end);
        let usual = breaks.peek() == Some(&end);
        let (Some(last), Some(next)) = (before.chars().next_back(), after.chars().next()) else {
            return Border {
                may_break: usual,
                may_split: true,
            };
        };
        let may_split = !forbids_start(next) && !forbids_end(last);
        let is_dot_inside = next == '·' && is_east_asian(last);
        Border {
            may_break: (usual && !is_dot_inside && !is_amount(before, after))
                || breaks_outside_quotes(before, after),
            may_split,
        }
    })
    .collect()
}

/// Whether the blank between two parts stands between a number and its unit.
fn is_amount(before: &str, after: &str) -> bool {
    let Some(number) = before.strip_suffix(' ') else {
        return false;
    };
    let unit = after.split(|it: char| !(it.is_ascii_alphabetic() || matches!(it, 'µ' | '%' | '°')));
    number.ends_with(|it: char| it.is_ascii_digit())
        && unit
            .into_iter()
            .next()
            .is_some_and(|unit| UNITS.contains(&unit))
}

/// Whether a line may end between two parts because a quoted piece ends or begins there.
fn breaks_outside_quotes(before: &str, after: &str) -> bool {
    let inside_before = before.trim_end_matches(closes_quote);
    let inside_after = after.trim_start_matches(opens_quote);
    let closes = inside_before.len() < before.len();
    let opens = inside_after.len() < after.len();
    let (Some(last), Some(next)) = (
        inside_before.chars().next_back(),
        inside_after.chars().next(),
    ) else {
        return false;
    };
    let is_quoted = |character: char| character.is_alphanumeric() || is_east_asian(character);
    match (closes, opens) {
        (true, true) => {
            is_quoted(last) && is_quoted(next) && (is_east_asian(last) || is_east_asian(next))
        }
        (true, false) => !last.is_whitespace() && is_east_asian(next) && may_start(next),
        (false, true) => is_east_asian(last) && may_end(last) && is_quoted(next),
        (false, false) => false,
    }
}

/// Whether a break before an East Asian character depends on nothing but what stands before it.
fn may_start(character: char) -> bool {
    use BreakClass::{
        Alphabetic, HangulLJamo, HangulLvSyllable, HangulLvtSyllable, Ideographic, Numeric,
        OpenPunctuation,
    };
    matches!(
        break_property(u32::from(character)),
        Alphabetic
            | HangulLJamo
            | HangulLvSyllable
            | HangulLvtSyllable
            | Ideographic
            | Numeric
            | OpenPunctuation
    )
}

/// Whether a break after an East Asian character depends on nothing but what stands after it.
fn may_end(character: char) -> bool {
    use BreakClass::{OpenPunctuation, Prefix};
    !matches!(
        break_property(u32::from(character)),
        OpenPunctuation | Prefix
    )
}

/// Whether a line never begins with this character: full stops, commas, closing brackets and quotes,
/// ellipses.
pub(super) fn forbids_start(character: char) -> bool {
    use BreakClass::{
        CloseParenthesis, ClosePunctuation, Exclamation, InfixSeparator, Inseparable, NonStarter,
        Postfix,
    };
    closes_quote(character)
        || character == '·'
        || matches!(
            break_property(u32::from(character)),
            CloseParenthesis
                | ClosePunctuation
                | Exclamation
                | InfixSeparator
                | Inseparable
                | NonStarter
                | Postfix
        )
}

/// Whether a line never ends with this character: opening brackets and quotes.
pub(super) fn forbids_end(character: char) -> bool {
    opens_quote(character) || break_property(u32::from(character)) == BreakClass::OpenPunctuation
}

pub(super) fn opens_quote(character: char) -> bool {
    matches!(character, '“' | '‘' | '«' | '‹')
}

pub(super) fn closes_quote(character: char) -> bool {
    matches!(character, '”' | '’' | '»' | '›')
}

/// Whether a character is Chinese, Japanese or Korean, or punctuation of their width (Unicode's
/// `East_Asian_Width` is full, half or wide; emoji left out).
pub(super) fn is_east_asian(character: char) -> bool {
    matches!(
        u32::from(character),
        0x1100..=0x115f
            | 0x2e80..=0x303e
            | 0x3041..=0x33ff
            | 0x3400..=0x4dbf
            | 0x4e00..=0xa4cf
            | 0xa960..=0xa97f
            | 0xac00..=0xd7a3
            | 0xf900..=0xfaff
            | 0xfe10..=0xfe19
            | 0xfe30..=0xfe6f
            | 0xff01..=0xffe6
            | 0x1b000..=0x1b2ff
            | 0x1f200..=0x1f2ff
            | 0x20000..=0x3fffd
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text with a bar wherever a line may end.
    fn marked(text: &str) -> String {
        let ends = text.char_indices().map(|(at, it)| at + it.len_utf8());
        let borders = borders(text, ends);
        let bars = borders
            .iter()
            .map(|border| if border.may_break { "|" } else { "" });
        let marked: String = text
            .chars()
            .map(String::from)
            .zip(bars)
            .map(|(it, bar)| it + bar)
            .collect();
        marked.trim_end_matches('|').to_owned()
    }

    #[test]
    fn chinese_quotes_hold_what_they_quote_and_let_go_of_the_rest() {
        for (text, expected) in [
            ("他说“好”了", "他|说|“好”|了"),
            ("他说“OK”了", "他|说|“OK”|了"),
            ("他说，“‘好’”。", "他|说，|“‘好’”。"),
            ("“好”“坏”", "“好”|“坏”"),
            ("（“好”）", "（“好”）"),
            ("“好”（坏）", "“好”|（坏）"),
            ("“好”，坏", "“好”，|坏"),
            ("a “b” c", "a |“b” |c"),
            ("it’s", "it’s"),
            ("“a”b", "“a”b"),
            ("你’", "你’"),
            ("你“", "你“"),
        ] {
            assert_eq!(marked(text), expected);
        }
    }

    #[test]
    fn closing_marks_hold_on_to_what_they_close() {
        for (text, expected) in [
            ("发布。上线", "发|布。|上|线"),
            ("（甲）乙《丙》", "（甲）|乙|《丙》"),
            ("列夫·托尔", "列|夫·|托|尔"),
            ("好……吧", "好……|吧"),
            ("涨了 5% 吧", "涨|了 |5% |吧"),
            ("用 Redis 变慢", "用 |Redis |变|慢"),
            ("过 30 s 后", "过 |30 s |后"),
            ("in 800 ms, 99.95 %.", "in |800 ms, |99.95 %."),
            ("top 5 sites, v2 min", "top |5 |sites, |v2 min"),
        ] {
            assert_eq!(marked(text), expected);
        }
    }
}
