//! The real Chaos Toolkit takes our experiments.

#![expect(
    clippy::unwrap_used,
    reason = "a helper of a test may panic as a test does"
)]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

/// Runs Chaos Toolkit where `ci/setup` put it; the shell knows the home folder.
const TOOLKIT: &str =
    r#"exec "${XDG_CACHE_HOME:-$HOME/.cache}/proofmark/chaostoolkit-1.19.0/bin/chaos" "$@""#;

/// Whether `chaos validate` takes a file, and all that it said.
fn validate(file: &Path, folder: &Path) -> (bool, String) {
    let output = Command::new("sh")
        .args(["-c", TOOLKIT, "chaos", "--no-version-check", "validate"])
        .arg(file)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    // What a shell answers when there is no such program.
    assert!(
        !matches!(output.status.code(), Some(126 | 127)),
        "no Chaos Toolkit; run ci/setup: {said}"
    );
    (output.status.success(), said)
}

#[test]
fn chaos_toolkit_takes_every_experiment() {
    let folder = tempfile::tempdir().unwrap();
    let experiments = Path::new(env!("CARGO_MANIFEST_DIR")).join("experiments");
    let mut count = 0;
    for entry in fs::read_dir(experiments).unwrap() {
        let path = entry.unwrap().path();
        let (is_taken, said) = validate(&path, folder.path());
        assert!(is_taken, "{}: {said}", path.display());
        count += 1;
    }
    assert_eq!(count, 12);
}

#[test]
fn chaos_toolkit_refuses_what_is_no_experiment() {
    let folder = tempfile::tempdir().unwrap();
    let whole = Path::new(env!("CARGO_MANIFEST_DIR")).join("experiments/redis-slow.yaml");
    let broken = fs::read_to_string(whole)
        .unwrap()
        .replace("method:\n", "methods:\n");
    let file = folder.path().join("broken.yaml");
    fs::write(&file, broken).unwrap();
    let (is_taken, said) = validate(&file, folder.path());
    assert!(!is_taken, "{said}");
}
