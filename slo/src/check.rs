//! Checks objectives without asking anyone: form, values, and queries against the catalog.

use std::fmt::Write as _;
use std::path::PathBuf;

use outcome::{Failure, Outcome};

use crate::objective::{Indicator, Objective};
use crate::promql::{self, Catalog};
use crate::query::Query;
use crate::text::{self, percent, wrapped};

/// Work with objectives.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Check files: their form, their values, and their queries against the known signals.
    Check(CheckArgs),
}

#[derive(Debug, clap::Args)]
struct CheckArgs {
    /// OpenSLO files, or folders of them.
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,
    /// Let metrics pass that this program does not know: those of another service.
    #[arg(long)]
    any_metric: bool,
}

/// Checks, and prints a table of what was found. Exit code 0 when all is in order, 2 otherwise.
///
/// # Errors
/// [`Failure::misused`] with file and line when a file is not understood.
pub fn run(args: Args) -> Result<Outcome, Failure> {
    let Verb::Check(args) = args.verb;
    let objectives = crate::load(&args.paths)?;
    let catalog = Catalog::of_workspace();
    let catalog = if args.any_metric {
        catalog.with_any_metric()
    } else {
        catalog
    };
    let (table, outcome) = table(&objectives, &catalog);
    text::print(&table)?;
    Ok(outcome)
}

fn table(objectives: &[Objective], catalog: &Catalog) -> (String, Outcome) {
    let mut table = String::new();
    let mut outcome = Outcome::Held;
    for objective in objectives {
        let found = problems(objective, catalog);
        let state = if found.is_empty() { "ok" } else { "wrong" };
        let promise = format!(
            "{} over {}",
            percent(objective.target),
            objective.window_text
        );
        let _ = writeln!(
            table,
            "{state:<6} {promise:>18}  {}/{}",
            objective.service, objective.name
        );
        for (part, query, problem) in found {
            outcome = Outcome::Misused;
            let sentence = format!("{}: {part}: {problem}", objective.place_of(query));
            let _ = writeln!(table, "{}", wrapped(&sentence, 4, 80));
        }
    }
    (table, outcome)
}

type Found<'a> = (&'static str, &'a Query, promql::Problem);

fn problems<'a>(objective: &'a Objective, catalog: &Catalog) -> Vec<Found<'a>> {
    let parts: &[&'static str] = match objective.indicator {
        Indicator::Ratio(_) => &["total", "good or bad"],
        Indicator::Raw(_) => &["raw"],
        Indicator::Threshold(_) => &["threshold"],
    };
    let queries = parts.iter().copied().zip(objective.indicator.queries());
    let of_query = |(part, query): (&'static str, &'a Query)| {
        let found = promql::check(&query.events("5m"), catalog)
            .err()
            .unwrap_or_default();
        found.into_iter().map(move |problem| (part, query, problem))
    };
    queries.flat_map(of_query).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn bundled() -> Vec<Objective> {
        crate::load(&[Path::new(env!("CARGO_MANIFEST_DIR")).join("objectives")]).unwrap()
    }

    #[test]
    fn the_bundled_objectives_are_in_order() {
        let (table, outcome) = table(&bundled(), &Catalog::of_workspace());
        assert_eq!(outcome, Outcome::Held);
        insta::assert_snapshot!(table, @"
        ok        99.95 % over 7d  proofmark/availability
        ok           99 % over 7d  proofmark/latency
        ");
    }

    #[test]
    fn a_query_that_names_what_nobody_records_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.yaml");
        let text = include_str!("../objectives/latency.yaml");
        let text = text
            .replace("le=\"0.5\"", "le=\"0.3\"")
            .replace("seconds_count", "seconds_cuont");
        std::fs::write(&file, &text).unwrap();
        let objectives = crate::load(&[file]).unwrap();
        let (found, outcome) = table(&objectives, &Catalog::of_workspace());
        assert_eq!(outcome, Outcome::Misused);
        assert!(
            found
                .lines()
                .all(|line| line.len() <= 80 || !line.trim().contains(' ')),
            "{found}"
        );
        for part in [
            "le=\"0.3\"",
            "seconds_cuont",
            "seconds_count meant?",
            "wrong",
        ] {
            assert!(found.contains(part), "{part}: {found}");
        }
        // Each names the line of its own query.
        let lines = text.lines().enumerate();
        let queries: Vec<usize> = lines
            .filter_map(|(index, line)| line.contains("query:").then_some(index + 1))
            .collect();
        assert_eq!(queries.len(), 2);
        for line in queries {
            assert!(
                found.contains(&format!("a.yaml:{line}:")),
                "{line}: {found}"
            );
        }
        let (_, outcome) = table(&objectives, &Catalog::of_workspace().with_any_metric());
        assert_eq!(
            outcome,
            Outcome::Misused,
            "a metric that is known is still checked"
        );
    }
}
