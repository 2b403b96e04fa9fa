//! The same verdict once more, from evidence alone.

use std::path::{Path, PathBuf};

use outcome::{Failure, Outcome};

use super::ask::Source;
use super::collect::{Clock, TOOL, judge_by};
use super::folder::{self, MANIFEST_FILE};
use super::inputs::Run;
use super::record::Recording;
use super::render::{Style, terminal};
use super::run::{EVIDENCE_FOLDER, REPORT_FILE};
use crate::text;

/// The largest report that is read back.
const REPORT_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Reach an earlier verdict again from its evidence, without asking anybody.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Folder of an earlier run: what it was given as --out, or the evidence in it.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

/// Judges by the evidence, prints the report, and holds it against the one of then.
///
/// # Errors
/// [`Failure::misused`] that names a file that is missing or was changed, [`Failure::broken`] when
/// the verdict is another one although nothing was changed.
pub(super) async fn run(args: Args) -> Result<Outcome, Failure> {
    let inner = args.folder.join(EVIDENCE_FOLDER);
    let evidence = if inner.join(MANIFEST_FILE).exists() {
        inner
    } else {
        args.folder
    };
    let tool = folder::verify(&evidence)?;
    let (run, inputs, options) = Run::read(&evidence)?;
    let recording = Recording::open(&evidence)?;
    let source = Source::Recorded(&recording);
    let clock = Clock::OfThen(run.skew_seconds);
    let judged = judge_by(
        source,
        &run.prometheus,
        inputs.subject(false),
        &options,
        clock,
    )
    .await?;
    let report = judged.report;
    text::print(&terminal(&report, Style::of_stdout()))?;
    is_the_same(&evidence, &report.json(), &tool)?;
    text::print("replayed: the verdict is the same, byte for byte\n")?;
    Ok(report.outcome())
}

fn is_the_same(evidence: &Path, json: &str, tool: &str) -> Result<(), Failure> {
    let then = evidence.join(REPORT_FILE);
    if folder::read(&then, REPORT_BYTES_MAX)? == json.as_bytes() {
        return Ok(());
    }
    let message = format!(
        "{}: {TOOL} says something else of the same evidence than {tool} did",
        then.display()
    );
    // Another version may judge in another way; the same one may not.
    Err(if tool == TOOL {
        Failure::broken(message)
    } else {
        Failure::misused(message)
    })
}
