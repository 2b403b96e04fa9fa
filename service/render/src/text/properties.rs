//! What holds for every text, however it is broken into lines.

use std::sync::LazyLock;

use proptest::prelude::*;
use unicode_segmentation::UnicodeSegmentation;

use super::breaks::{forbids_end, forbids_start};
use super::cluster::{Clusters, one_line};
use super::paragraph::set;
use super::{Mark, Paragraph, TextStyle};
use crate::Fonts;
use crate::fonts::FontStack;

const SIZE: u16 = 20;

static FONTS: LazyLock<Fonts> = LazyLock::new(|| {
    let path = "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc";
    let bytes = std::fs::read(path).expect("no Chinese font: run ci/setup");
    Fonts::bundled()
        .unwrap()
        .with_fallback(path, bytes)
        .unwrap()
});

/// Clauses as people write them: words in brackets and quotes, and a mark behind some.
fn prose() -> impl Strategy<Value = String> {
    let content = prop_oneof![
        "[发布上线证明]{1,4}",
        "[a-zAVTo]{1,6}",
        "[0-9]{1,3}%",
        Just("e\u{301}\u{300}x".to_owned()),
        Just("👩\u{200d}🚀".to_owned()),
        Just("列夫·托尔".to_owned()),
    ];
    let pair = prop_oneof![
        3 => Just(("", "")),
        1 => Just(("“", "”")),
        1 => Just(("（", "）")),
        1 => Just(("《", "》")),
        1 => Just(("(", ")")),
        1 => Just(("“‘", "’”")),
    ];
    let mark = prop_oneof![
        4 => Just(""),
        2 => Just(" "),
        1 => prop::sample::select(vec!["，", "。", "、", "：", "！", "……", ".", ", ", "——"]),
    ];
    let clause = (pair, content, mark)
        .prop_map(|((open, close), content, mark)| format!("{open}{content}{close}{mark}"));
    prop::collection::vec(clause, 0..12).prop_map(|clauses| clauses.concat())
}

/// A text set in lines, and what each cluster was.
struct Setting {
    clusters: Clusters,
    graphemes: Vec<String>,
    paragraph: Paragraph,
}

impl Setting {
    fn new(text: &str, room_ems: f32, lines_max: usize) -> Self {
        let stack = FontStack::new(&FONTS);
        let clusters = Clusters::new(text, TextStyle::regular(SIZE), &stack);
        Self {
            graphemes: one_line(text).graphemes(true).map(str::to_owned).collect(),
            paragraph: set(&clusters, room_ems * f32::from(SIZE), lines_max),
            clusters,
        }
    }

    fn marks(&self, cluster: usize) -> Vec<Mark> {
        let (first, after) = self.clusters.clusters[cluster].glyphs;
        let glyphs = &self.clusters.glyphs[first..after];
        glyphs.iter().map(|placed| placed.mark).collect()
    }

    /// The clusters of each line, found by their marks one after the other, without blanks at the
    /// borders; and whether an ellipsis came after the last. None if something is missing, doubled
    /// or torn.
    fn lines(&self) -> Option<(Vec<Vec<usize>>, bool)> {
        let mut next = 0;
        let mut lines = Vec::new();
        let mut is_elided = false;
        for line in &self.paragraph.lines {
            let mut marks = line.glyphs.iter().map(|placed| placed.mark).peekable();
            while self
                .clusters
                .clusters
                .get(next)
                .is_some_and(|it| it.is_blank)
            {
                next += 1;
            }
            let mut found = Vec::new();
            while marks.peek().is_some() {
                let is_cut = self.paragraph.is_cut && lines.len() + 1 == self.paragraph.lines.len();
                let rest: Vec<Mark> = marks.clone().collect();
                let ellipses = self.clusters.ellipses.map(|(mark, _)| mark);
                if is_cut && rest.len() == 1 && ellipses.contains(&rest[0]) {
                    is_elided = true;
                    break;
                }
                for mark in self.clusters.clusters.get(next).map(|_| self.marks(next))? {
                    if marks.next() != Some(mark) {
                        return None;
                    }
                }
                found.push(next);
                next += 1;
            }
            lines.push(found);
        }
        let rest = &self.clusters.clusters[next..];
        let is_whole = rest
            .iter()
            .all(|it| it.is_blank || it.glyphs.0 == it.glyphs.1);
        (is_whole || self.paragraph.is_cut).then_some((lines, is_elided))
    }

    fn first(&self, cluster: usize) -> char {
        self.graphemes[cluster].chars().next().unwrap()
    }

    fn last(&self, cluster: usize) -> char {
        self.graphemes[cluster].chars().next_back().unwrap()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn every_cluster_is_drawn_once_or_elided_and_no_line_is_too_wide(
        text in prop_oneof![prose(), "\\PC{0,60}", "[“”‘’（）。，…·a发 ]{0,40}"],
        room_ems in 1.2_f32..30.0,
        lines_max in 1_usize..6,
    ) {
        let setting = Setting::new(&text, room_ems, lines_max);
        let paragraph = &setting.paragraph;
        prop_assert!(paragraph.lines.len() <= lines_max);
        let lines = setting.lines();
        prop_assert!(lines.is_some(), "lost, doubled or torn: {:?}", paragraph);
        let (clusters, is_elided) = lines.unwrap();
        for (line, clusters) in paragraph.lines.iter().zip(&clusters) {
            // One alone may be wider than the room: there is nowhere to break it.
            let room = room_ems * f32::from(SIZE);
            let is_one = clusters.len() <= 1;
            prop_assert!(line.width <= room * 1.000_01 || is_one, "{} px", line.width);
        }
        prop_assert!(is_elided || !paragraph.is_cut || room_ems < 3.0, "an ellipsis is missing");
    }

    #[test]
    fn no_line_of_prose_begins_or_ends_with_what_belongs_to_the_other(
        text in prose(),
        room_ems in 8.0_f32..30.0,
        lines_max in 1_usize..8,
    ) {
        let setting = Setting::new(&text, room_ems, lines_max);
        let (lines, _) = setting.lines().unwrap();
        let whole = lines.len() - usize::from(setting.paragraph.is_cut);
        for (index, line) in lines.iter().enumerate() {
            let (Some(&first), Some(&last)) = (line.first(), line.last()) else { continue };
            if index > 0 {
                prop_assert!(!forbids_start(setting.first(first)), "{:?}", setting.graphemes);
            }
            if index < whole {
                prop_assert!(!forbids_end(setting.last(last)), "{:?}", setting.graphemes);
            }
        }
    }
}
