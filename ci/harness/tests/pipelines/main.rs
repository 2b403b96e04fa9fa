//! The action for GitHub and the template for GitLab do what they say, against a real Prometheus,
//! and the gate says what it does not know when that Prometheus fails.
//!
//! Both are read as the runners read them: their YAML is parsed, their scripts are run by the
//! shell that a runner would take, with the environment that it would give.

#![expect(
    clippy::unwrap_used,
    reason = "a helper of a test may panic as a test does"
)]

mod server;
mod action;
mod gitlab;
mod written;
mod faulty;

use std::path::{Path, PathBuf};

/// Top of the repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

/// The program under test.
const PROGRAM: &str = env!("CARGO_BIN_EXE_proofmark");

/// The objectives of the guide.
fn objectives() -> String {
    let folder = root().join("slo/examples/prometheus/objectives");
    folder.display().to_string()
}

/// Where scripts find the ordinary tools.
const TOOLS: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
