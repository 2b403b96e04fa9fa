//! Fuzz targets: any text is objectives or a refusal with its line, never a panic.
//!
//! Under plain `cargo test` each runs its corpus and a second of chance; `cargo bolero` runs the
//! same targets under libFuzzer.

use std::path::Path;
use std::time::Duration;

const TEST_TIME: Duration = Duration::from_secs(1);

/// Good files, which chance changes: it would never find one.
const SEEDS: [&str; 6] = [
    include_str!("openslo/everything.yaml"),
    include_str!("../objectives/latency.yaml"),
    include_str!("sloth/getting-started.yml"),
    include_str!("sloth/k8s-getting-started.yml"),
    include_str!("sloth/raw-home-wifi.yml"),
    include_str!("sloth/home-wifi.yml"),
];

/// What makes a difference to YAML, to the readers, and to PromQL.
const PIECES: [&str; 32] = [
    "\n",
    "  ",
    "- ",
    ": ",
    "#",
    "---\n",
    "&a ",
    "*a",
    "<<: *a",
    "[",
    "]",
    "{",
    "}",
    "|\n",
    "null",
    ".nan",
    ".inf",
    "-1",
    "1e999",
    "99999999999999999999",
    "!tag ",
    "\t",
    "\"",
    "'",
    "{{.window}}",
    "rate(",
    "[5m]",
    "é",
    "\u{feff}",
    "calendar: ",
    "raw: ",
    "counter: false",
];

fn is_bounded(text: &str) {
    match slo::read(text, Path::new("fuzz.yaml")) {
        Ok(objectives) => objectives.iter().for_each(is_sound),
        Err(failure) => {
            let message = failure.to_string();
            assert!(message.starts_with("fuzz.yaml:"), "{message}");
            assert!(message.chars().count() < 300, "{message}");
        }
    }
}

fn is_sound(objective: &slo::Objective) {
    assert!(objective.target > 0.0 && objective.target < 1.0);
    assert!(objective.line > 0 && !objective.window.is_zero());
    let ratio = objective.indicator.error_ratio("5m");
    assert!(slo::promql::parse(&ratio).is_ok(), "{ratio}");
    for query in objective.indicator.queries() {
        let events = query.events("1h");
        assert!(slo::promql::parse(&events).is_ok(), "{events}");
    }
}

#[test]
fn fuzz_objectives_of_any_bytes() {
    bolero::check!()
        .with_test_time(TEST_TIME)
        .for_each(|bytes: &[u8]| is_bounded(&String::from_utf8_lossy(bytes)));
}

#[test]
fn fuzz_objectives_of_changed_files() {
    bolero::check!()
        .with_test_time(TEST_TIME)
        .with_type::<(u8, Vec<(u16, u8, u8)>)>()
        .for_each(|(seed, changes)| {
            let mut text = SEEDS[usize::from(*seed) % SEEDS.len()].to_owned();
            for (place, piece, cut) in changes.iter().take(6) {
                let wanted = usize::from(*place) % (text.len() + 1);
                let start = text.floor_char_boundary(wanted);
                let end = text.ceil_char_boundary((start + usize::from(*cut % 24)).min(text.len()));
                let piece = PIECES[usize::from(*piece) % PIECES.len()];
                text.replace_range(start..end, piece);
            }
            is_bounded(&text);
        });
}

/// A file is at most 1 MiB; what takes time with its square would run for minutes here.
#[test]
fn large_files_of_one_piece_are_refused_or_empty() {
    for piece in [
        "[",
        "{",
        "[]\n",
        "[],",
        "- ",
        "? ",
        ": ",
        "a: ",
        "&a ",
        "*a ",
        "!t ",
        "---\n",
        "---\r",
        "--- \u{2028}",
        "a\r...\r",
        "...\n",
        "\n",
        "a: b\n",
        "- &a x\n",
        "\"",
        "'",
        "| ",
        "|\n",
        "#",
        "\t",
        "%",
        "@",
        "k: {",
        "é",
        "- - \n",
        "a\n",
        "'a' ",
        "{a: 1}, ",
        "<<: \n",
        "kind: SLO\n",
    ] {
        let text = piece.repeat(1024 * 1024 / piece.len());
        is_bounded(&text);
        is_bounded(&format!("apiVersion: openslo/v1\nkind: SLO\nspec: [{text}"));
    }
}
