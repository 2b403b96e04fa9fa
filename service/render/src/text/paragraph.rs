//! Breaks a measured text into lines.

use std::ops::Range;

use super::cluster::Clusters;
use super::{Line, Paragraph, Placed};

/// Steps in which the width of balanced lines is looked for: to 1 / 256 of the room.
const BALANCE_STEPS: u32 = 8;

/// Sets a text in at most `lines_max` lines. Lines of a text that fits are about equally long.
pub(super) fn set(text: &Clusters, width_max: f32, lines_max: usize) -> Paragraph {
    if lines_max == 0 {
        return Paragraph {
            lines: Vec::new(),
            is_cut: !text.clusters.is_empty(),
        };
    }
    let (mut ranges, rest) = break_lines(text, width_max, lines_max);
    let Some(rest) = rest else {
        if ranges.len() > 1 {
            ranges = balanced(text, width_max, ranges);
        }
        let lines = ranges.into_iter().map(|range| line(text, range)).collect();
        return Paragraph {
            lines,
            is_cut: false,
        };
    };
    let mut lines: Vec<Line> = ranges.into_iter().map(|range| line(text, range)).collect();
    lines.push(cut_line(text, rest, width_max));
    Paragraph {
        lines,
        is_cut: true,
    }
}

/// Breaks as late as possible. The second part is where the last line begins if it has no room for
/// all the rest.
fn break_lines(
    text: &Clusters,
    width_max: f32,
    lines_max: usize,
) -> (Vec<Range<usize>>, Option<usize>) {
    let mut ranges = Vec::with_capacity(lines_max);
    let mut start = skip_blanks(text, 0);
    while start < text.clusters.len() {
        let end = line_end(text, start, width_max);
        if ranges.len() + 1 >= lines_max && skip_blanks(text, end) < text.clusters.len() {
            return (ranges, Some(start));
        }
        if ranges.len() + 1 >= lines_max && width(text, &(start..end)) > width_max {
            return (ranges, Some(start));
        }
        ranges.push(start..end);
        start = skip_blanks(text, end);
    }
    (ranges, None)
}

/// The narrowest lines that are as many as `ranges`, so that no line has a lonely word.
fn balanced(text: &Clusters, width_max: f32, ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    let (mut narrow, mut wide, mut best) = (0.0, width_max, ranges);
    for _ in 0..BALANCE_STEPS {
        let width = (narrow + wide) / 2.0;
        match break_lines(text, width, best.len()) {
            (ranges, None) if fits(text, &ranges, width) => {
                best = ranges;
                wide = width;
            }
            _ => narrow = width,
        }
    }
    best
}

/// Whether no line is wider and each one ends where it may.
fn fits(text: &Clusters, ranges: &[Range<usize>], width_max: f32) -> bool {
    let ends_well = |range: &Range<usize>| {
        range.end == text.clusters.len() || text.clusters[range.end - 1].may_break
    };
    ranges
        .iter()
        .all(|range| width(text, range) <= width_max && ends_well(range))
}

/// One past the last cluster of the line that begins at `start`: the last break that fits. If what
/// belongs together is too wide by itself, the last place in it that is not forbidden; and if there
/// is none, wherever the room ends, but never before one cluster.
fn line_end(text: &Clusters, start: usize, width_max: f32) -> usize {
    let mut pen = -text.indent(start);
    let (mut end, mut split) = (start, start);
    for (at, cluster) in text.clusters.iter().enumerate().skip(start) {
        if pen + cluster.advance > width_max && !cluster.is_blank {
            return match (end > start, split > start) {
                (true, _) => end,
                (false, true) => split,
                (false, false) => at.max(start + 1),
            };
        }
        pen += cluster.advance + cluster.kern;
        if cluster.may_break {
            end = at + 1;
        }
        if cluster.may_split {
            split = at + 1;
        }
    }
    text.clusters.len()
}

/// As much as fits from `start`, then an ellipsis.
fn cut_line(text: &Clusters, start: usize, width_max: f32) -> Line {
    let [(_, latin), (_, wide)] = text.ellipses;
    let mut pen = latin.max(wide) - text.indent(start);
    let mut end = start;
    for cluster in &text.clusters[start..] {
        if pen + cluster.advance > width_max {
            break;
        }
        pen += cluster.advance + cluster.kern;
        end += 1;
    }
    let mut cut = line(text, start..end);
    let is_wide = end > start && text.clusters[end - 1].is_wide;
    let (mark, width) = text.ellipses[usize::from(is_wide)];
    if cut.width + width <= width_max {
        cut.glyphs.push(Placed { x: cut.width, mark });
        cut.width += width;
    }
    cut
}

/// The glyphs of a range of clusters, without blanks at its end.
fn line(text: &Clusters, range: Range<usize>) -> Line {
    let end = trim_blanks(text, &range);
    let mut glyphs = Vec::with_capacity(end - range.start + 1);
    let (mut pen, mut width) = (-text.indent(range.start), 0.0);
    for cluster in &text.clusters[range.start..end] {
        let (first, after) = cluster.glyphs;
        glyphs.extend(text.glyphs[first..after].iter().map(|placed| Placed {
            x: pen + placed.x,
            ..*placed
        }));
        width = pen + cluster.advance;
        pen = width + cluster.kern;
    }
    Line {
        glyphs,
        width,
        style: text.style,
    }
}

/// The width of a line, which ends without the kerning of its last cluster.
fn width(text: &Clusters, range: &Range<usize>) -> f32 {
    let end = trim_blanks(text, range);
    let (mut pen, mut width) = (-text.indent(range.start), 0.0);
    for cluster in &text.clusters[range.start..end] {
        width = pen + cluster.advance;
        pen = width + cluster.kern;
    }
    width
}

fn trim_blanks(text: &Clusters, range: &Range<usize>) -> usize {
    let blanks = text.clusters[range.clone()]
        .iter()
        .rev()
        .take_while(|cluster| cluster.is_blank)
        .count();
    range.end - blanks
}

fn skip_blanks(text: &Clusters, start: usize) -> usize {
    let blanks = text.clusters[start..]
        .iter()
        .take_while(|cluster| cluster.is_blank)
        .count();
    start + blanks
}

#[cfg(test)]
mod tests {
    use super::super::{Mark, TextStyle, Typesetter};
    use super::*;
    use crate::Fonts;
    use crate::fonts::FontStack;

    /// The lines of `text`, read back glyph by glyph; every character must have one.
    fn lines(text: &str, width_ems: f32, lines_max: usize) -> Vec<String> {
        let path = "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc";
        let bytes = std::fs::read(path).expect("no Chinese font: run ci/setup");
        let fonts = Fonts::bundled()
            .unwrap()
            .with_fallback(path, bytes)
            .unwrap();
        let stack = FontStack::new(&fonts);
        let style = TextStyle::regular(20);
        let names: Vec<(char, _)> = text
            .chars()
            .chain(['…'])
            .flat_map(|character| {
                let found = [
                    stack.find(character, style.weight),
                    stack.find_last(character, style.weight),
                ];
                found
                    .into_iter()
                    .flatten()
                    .map(move |glyph| (character, Mark::Glyph(glyph)))
            })
            .collect();
        let set = Typesetter::new(FontStack::new(&fonts));
        let set = set.paragraph(text, style, width_ems * 20.0, lines_max);
        let read = |line: &Line| {
            assert!(line.width <= width_ems * 20.0 || line.glyphs.len() == 1);
            let name = |placed: &Placed| names.iter().find(|(_, mark)| *mark == placed.mark);
            line.glyphs
                .iter()
                .map(|placed| name(placed).expect("known").0)
                .collect()
        };
        set.lines.iter().map(read).collect()
    }

    #[test]
    fn a_text_that_fits_stays_in_one_line() {
        assert_eq!(lines("Ready to ship", 20.0, 2), ["Ready to ship"]);
        assert_eq!(lines("", 20.0, 2), Vec::<String>::new());
    }

    #[test]
    fn lines_break_at_blanks_and_are_balanced() {
        assert_eq!(
            lines("one two three four", 9.0, 2),
            ["one two", "three four"]
        );
    }

    #[test]
    fn what_finds_no_room_becomes_an_ellipsis() {
        assert_eq!(
            lines("one two three four five", 6.0, 2),
            ["one two", "three four…"]
        );
        assert_eq!(lines("Donaudampfschifffahrt", 6.0, 1), ["Donauda…"]);
        assert_eq!(lines("ab", 0.1, 1), [""]);
    }

    #[test]
    fn a_word_wider_than_the_line_is_broken_inside() {
        assert_eq!(lines("Donaudampfschiff", 6.0, 3), ["Donaudam", "pfschiff"]);
    }

    #[test]
    fn chinese_breaks_between_characters() {
        assert_eq!(
            lines("发布之前先证明它能上线", 6.0, 2),
            ["发布之前先证", "明它能上线"]
        );
    }

    #[test]
    fn closing_punctuation_never_begins_a_line_and_opening_never_ends_one() {
        // Five ems hold the widest part that must stay together, 线。“好”: a narrower line has to
        // break inside it.
        for width in 5..14 {
            for line in lines("发布之前，先证明（它能）上线。“好”", width as f32, 12)
            {
                assert!(
                    !line.starts_with(['，', '）', '。', '”']),
                    "{width}: {line}"
                );
                assert!(!line.ends_with(['（', '“']), "{width}: {line}");
            }
        }
    }

    #[test]
    fn an_ellipsis_never_splits_a_grapheme() {
        let text = "e\u{301}".repeat(40);
        for width in 2..14 {
            let cut = lines(&text, width as f32, 1).remove(0);
            let shown = cut.strip_suffix('…').expect("cut");
            assert!(shown.chars().count().is_multiple_of(2), "{shown}");
        }
    }
}
