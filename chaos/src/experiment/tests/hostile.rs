//! Files that somebody broke, by accident or on purpose.

use proptest::prelude::*;

use super::*;

const WHOLE: &str = include_str!("../../../experiments/redis-gone.yaml");

/// What may come to stand in a line.
const WORDS: [&str; 22] = [
    "- [",
    "{",
    "}",
    "]: ",
    "&a ",
    "*a",
    "<<: *a",
    "!!binary x",
    "|",
    "? ",
    ": ",
    "\t",
    "\u{0}",
    "'",
    "\"",
    "${nobody}",
    "${",
    "1e999",
    ".nan",
    "-9223372036854775808",
    "18446744073709551616",
    "\u{202e}\u{1b}[2J",
];

/// One thing done to a file: at a line, what, with which word, and where in the line.
type Blow = (usize, u8, usize, usize);

fn beaten(blows: &[Blow]) -> String {
    let mut lines: Vec<String> = WHOLE.lines().map(str::to_owned).collect();
    for &(line, kind, word, column) in blows {
        if lines.is_empty() {
            break;
        }
        let at = line % lines.len();
        match kind % 6 {
            0 => drop(lines.remove(at)),
            1 => lines.insert(at, lines[at].clone()),
            2 => {
                let other = column % lines.len();
                lines.swap(at, other);
            }
            3 => lines[at].insert_str(0, "  "),
            4 => {
                let ends: Vec<usize> = lines[at].char_indices().map(|(end, _)| end).collect();
                let place = ends.get(column % (ends.len() + 1)).copied();
                let place = place.unwrap_or(lines[at].len());
                lines[at].insert_str(place, WORDS[word % WORDS.len()]);
            }
            _ => {
                let (key, _) = lines[at].split_once(':').unwrap_or((&lines[at], ""));
                lines[at] = format!("{key}: {}", WORDS[word % WORDS.len()]);
            }
        }
    }
    lines.join("\n")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_broken_file_is_refused_line_by_line_and_nothing_panics(
        blows in prop::collection::vec(any::<Blow>(), 1..6),
    ) {
        let text = beaten(&blows);
        let lines = text.lines().count();
        if let Err(failure) = parse(&text) {
            prop_assert_eq!(failure.outcome().exit_code(), 2);
            for sentence in failure.to_string().split('\n') {
                let place = sentence.strip_prefix("small.yaml:").unwrap_or("");
                let line = place.split(':').next().unwrap_or_default().trim();
                prop_assert!(!sentence.contains('\u{1b}'), "{}", sentence);
                let is_there = line.parse::<usize>().is_ok_and(|line| (1..=lines + 1).contains(&line));
                prop_assert!(is_there, "{}", sentence);
            }
        }
    }
}

#[test]
fn all_that_is_wrong_is_said_at_once_in_the_order_of_the_lines() {
    let text = SMALL
        .replace("query: max(up)", "query: max(upp)")
        .replace("{enabled: false}", "{enabled: no-way}")
        .replace("name: circuit-opens", "name: is-up");
    insta::assert_snapshot!(refusal(&text));
}

#[test]
fn a_value_that_stands_twice_is_said_where_it_is_wrong() {
    // The same words stand in the steady state, where they are right.
    let text = SMALL.replace("max(circuit_breaker_state)", "max(up");
    assert!(
        refusal(&text).starts_with("small.yaml:28: method[1].provider.arguments.query"),
        "{}",
        refusal(&text)
    );
}

#[test]
fn a_file_that_is_too_large_is_refused_unread() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large.yaml");
    std::fs::write(&path, " ".repeat(300 * 1024)).unwrap();
    let failure = Plan::read(&path, Around::default()).unwrap_err();
    assert!(failure.to_string().contains("too large"), "{failure}");
}
