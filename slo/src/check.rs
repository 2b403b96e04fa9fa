//! Checks objectives: form and values, queries against the metrics that there are, and promises that
//! cannot be kept or shown.
//!
//! What metrics there are is known from the catalog of signals, from a file, or from a Prometheus.
//! Only the last is asked over the network; what follows from the answers is pure.

mod finding;
mod part;
mod names;
mod live;
mod table;

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use outcome::{Failure, OrFail, Outcome};

use crate::load;
use crate::objective::Objective;
use crate::promql::{self, Catalog};
use crate::text;
use live::Live;

/// Work with objectives.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Check files: their form, their values, and their queries against the known metrics.
    Check(CheckArgs),
}

#[derive(Debug, clap::Args)]
struct CheckArgs {
    /// Objectives: OpenSLO or Sloth files, folders of them, or patterns such as 'slo/**/*.yaml'.
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,
    /// Let metrics pass that this program does not know: those of another service.
    #[arg(long)]
    any_metric: bool,
    /// Check against the metrics in a file: a name a line, or what a service answers to /metrics.
    #[arg(long, value_name = "FILE", conflicts_with = "any_metric")]
    metrics: Option<PathBuf>,
    /// Check against the metrics and the traffic that a Prometheus has at the moment.
    #[arg(long, value_name = "URL", conflicts_with_all = ["any_metric", "metrics"])]
    prometheus: Option<String>,
}

/// What helps when a metric is not known because it is of another service.
const ELSEWHERE: &str = "For the metrics of another service: --metrics FILE, or --prometheus URL\n";

/// The largest file of metrics that is read.
const METRICS_SIZE_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Checks, and prints a table of what was found. Exit code 0 when all is in order, notes included,
/// 2 when something is wrong.
///
/// # Errors
/// [`Failure::misused`] with file and line when a file is not understood, [`Failure::inconclusive`]
/// when Prometheus gives no answer that can be used.
pub async fn run(args: Args) -> Result<Outcome, Failure> {
    let Verb::Check(args) = args.verb;
    let sources = load::sources(&args.paths)?;
    let (objectives, remarks) = load::objectives_and_remarks(&sources)?;
    let (catalog, live) = match (&args.metrics, &args.prometheus) {
        (Some(file), _) => (of_file(file)?, None),
        (None, Some(url)) => {
            let live = live::ask(url, &objectives).await?;
            (live.catalog.clone(), Some(live))
        }
        (None, None) if args.any_metric => (Catalog::of_workspace().with_any_metric(), None),
        (None, None) => (Catalog::of_workspace(), None),
    };
    let (mut table, outcome) = checked(&objectives, &remarks, &catalog, live.as_ref());
    let is_own = args.metrics.is_none() && live.is_none();
    if is_own && table.contains(promql::NOBODY) {
        table += ELSEWHERE;
    }
    text::print(&table)?;
    Ok(outcome)
}

fn checked(
    objectives: &[Objective],
    remarks: &[String],
    catalog: &Catalog,
    live: Option<&Live>,
) -> (String, Outcome) {
    let of_one = |(index, objective)| {
        let mut found = finding::findings(objective, catalog);
        found.extend(
            live.into_iter()
                .flat_map(|live| live.findings(index, objective)),
        );
        found
    };
    let found: Vec<_> = objectives.iter().enumerate().map(of_one).collect();
    table::table(objectives, &found, remarks)
}

fn of_file(file: &Path) -> Result<Catalog, Failure> {
    let sentence = || format!("{}: cannot read metrics", file.display());
    let mut text = String::new();
    let open = File::open(file).or_misused(sentence())?;
    open.take(METRICS_SIZE_BYTES_MAX + 1)
        .read_to_string(&mut text)
        .or_misused(sentence())?;
    if text.len() as u64 > METRICS_SIZE_BYTES_MAX {
        let message = format!(
            "{}: larger than {METRICS_SIZE_BYTES_MAX} bytes",
            file.display()
        );
        return Err(Failure::misused(message));
    }
    let read = names::catalog(&text);
    read.map_err(|(line, message)| {
        Failure::misused(format!("{}:{line}: {message}", file.display()))
    })
}

#[cfg(test)]
mod tests;
