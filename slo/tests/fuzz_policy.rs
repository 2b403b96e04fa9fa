//! Fuzz targets: any text is a policy or a refusal with its line, never a panic; what is read can
//! be judged, and what is not known never passes.
//!
//! Under plain `cargo test` each runs its corpus and a second of chance; `cargo bolero` runs the
//! same targets under libFuzzer.

#![expect(
    clippy::unwrap_used,
    reason = "a helper of a test may panic as a test does"
)]

use std::path::Path;
use std::time::Duration;

use slo::Objective;
use slo::gate::Verdict;
use slo::policy::{Criterion, Figures, Policy};

const TEST_TIME: Duration = Duration::from_secs(1);

fn objectives() -> Vec<Objective> {
    slo::load(&[Path::new(env!("CARGO_MANIFEST_DIR")).join("objectives")]).unwrap()
}

/// A fault lies in the file and is one bounded line; a policy that holds nothing passes nothing.
fn is_read_or_refused(text: &str, objectives: &[Objective]) {
    match Policy::parse(text, Path::new("gate.yaml"), objectives) {
        Ok(policy) => {
            let nothing = Figures {
                at: "2026-12-01T00:00:00Z".parse().unwrap(),
                objectives: &[],
                signals: &[],
            };
            let judged = policy.judge(&nothing);
            assert!(judged.verdict >= Verdict::Inconclusive, "{text}");
        }
        Err(fault) => {
            let lines = text.lines().count().max(1);
            assert!((1..=lines + 1).contains(&fault.line), "{fault}: {text:?}");
            assert!(!fault.message.is_empty());
            assert!(!fault.message.contains(char::is_control), "{fault:?}");
            assert!(fault.message.chars().count() < 300, "{fault}");
        }
    }
}

#[test]
fn fuzz_any_policy() {
    let objectives = objectives();
    bolero::check!(name = "policy")
        .with_test_time(TEST_TIME)
        .for_each(|bytes: &[u8]| is_read_or_refused(&String::from_utf8_lossy(bytes), &objectives));
}

/// Chance alone never writes a policy, so it changes a good one: lines go, come twice, change
/// places or get another value.
#[test]
fn fuzz_changed_policy() {
    const VALUES: [&str; 16] = [
        "",
        "~",
        "[]",
        "{}",
        "-1",
        ".nan",
        "1e999",
        "\"<=5%\"",
        "\"90%\"",
        "{{.window}}",
        "&a [*a]",
        "!x y",
        "'",
        "|",
        "2026-12-01T00:00:00Z",
        "\u{feff}",
    ];
    let good = include_str!("../gate.yaml");
    let good: Vec<&str> = good
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'))
        .collect();
    let objectives = objectives();
    bolero::check!(name = "policy_changed")
        .with_test_time(TEST_TIME)
        .with_type::<Vec<(u8, u8, u8)>>()
        .for_each(|changes| {
            let mut lines: Vec<String> = good.iter().map(|line| (*line).to_owned()).collect();
            for (what, place, other) in changes.iter().take(6) {
                let (place, other) = (
                    usize::from(*place) % lines.len(),
                    usize::from(*other) % lines.len(),
                );
                match what % 4 {
                    0 if lines.len() > 1 => drop(lines.remove(place)),
                    1 => lines.insert(place, lines[other].clone()),
                    2 => lines.swap(place, other),
                    _ => {
                        let value = VALUES[other % VALUES.len()];
                        if let Some((key, _)) = lines[place].split_once(':') {
                            lines[place] = format!("{key}: {value}");
                        }
                    }
                }
            }
            is_read_or_refused(&lines.join("\n"), &objectives);
        });
}

#[test]
fn fuzz_criterion() {
    bolero::check!(name = "criterion")
        .with_test_time(TEST_TIME)
        .for_each(|bytes: &[u8]| {
            let text = String::from_utf8_lossy(bytes);
            if let Ok(read) = text.parse::<Criterion>() {
                assert_eq!(read.to_string().parse::<Criterion>(), Ok(read), "{text}");
            }
        });
}
