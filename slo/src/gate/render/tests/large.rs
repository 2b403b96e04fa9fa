//! Thousands of objectives.

use super::super::super::report::Explained;
use super::*;

/// What GitHub takes for a comment.
const COMMENT_CHARACTERS_MAX: usize = 65_536;

fn many(failing: usize, passing: usize) -> Report {
    let missed = Reason::Missed {
        error_ratio: 0.01,
        allowed_ratio: 0.0005,
        total: 12_345.0,
    };
    let objective = |index: usize| {
        let name = format!("objective-{index:04}-|*_<&>@all");
        // The last ones are missed.
        if index < passing {
            judged(&name, Verdict::Pass, 0.0, Vec::new())
        } else {
            judged(&name, Verdict::Fail, 123.45, vec![missed.clone()])
        }
    };
    report((0..passing + failing).map(objective).collect())
}

#[test]
fn the_missed_ones_come_first_and_those_that_pass_are_counted() {
    let report = many(3, 1_997);
    for text in [markdown(&report), terminal(&report, Style::Plain)] {
        assert!(text.contains("1,997 objectives pass"), "{text}");
        assert!(text.contains("objective-1999") && !text.contains("objective-0000"));
        assert!(text.len() < 8_000, "{}", text.len());
    }
    let page = html(&report, &History::default());
    let place = |text: &str| page.find(text).unwrap();
    assert!(place("objective-1999") < place("<summary>1,997 objectives pass"));
    assert!(place("<summary>") < place("objective-0000"));
}

#[test]
fn a_comment_fits_whatever_there_is_to_say() {
    for failing in [41, 500, 2_000] {
        let mut report = many(failing, 0);
        report.remarks = vec!["@".repeat(900); 200];
        let one = report.objectives[0].reasons[0].clone();
        let reason = |index: usize| Explained {
            sentence: format!("{index}: {}", one.sentence),
            ..one.clone()
        };
        report.reasons = (0..300).map(reason).collect();
        let text = markdown(&report);
        let size = text.chars().count();
        assert!(size < COMMENT_CHARACTERS_MAX, "{failing}: {size}");
        assert!(text.contains("more reasons"), "{text}");
    }
    let text = markdown(&many(2_000, 0));
    assert!(
        text.contains("more do not pass, and are left out for want of room"),
        "{text}"
    );
}

#[test]
fn few_objectives_are_all_listed() {
    let report = many(1, 39);
    for text in [markdown(&report), terminal(&report, Style::Plain)] {
        assert!(
            text.contains("objective-0000") && !text.contains("objectives pass"),
            "{text}"
        );
    }
}
