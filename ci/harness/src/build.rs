//! `proofmark build`: writes what follows from the objectives and the signals.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use outcome::{Failure, OrFail, Outcome};

use crate::say::say;

/// Folders that hold generated files and nothing else, relative to the root.
const GENERATED: [&str; 4] = [
    "alerts/generated",
    "dashboards/generated",
    "slo/schema",
    "chaos/schema",
];

/// Arguments of `proofmark build`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Write nothing; exit 1 when a file differs from what would be written.
    #[arg(long)]
    check: bool,
    /// Root of the project.
    #[arg(long, default_value = ".")]
    root: PathBuf,
}

/// What has to change on disk, by path relative to the root.
#[derive(Debug, PartialEq, Eq)]
enum Change {
    Write { path: PathBuf, text: String },
    Remove { path: PathBuf },
}

impl Change {
    fn path(&self) -> &Path {
        match self {
            Self::Write { path, .. } | Self::Remove { path } => path,
        }
    }
}

/// Writes or checks the generated files.
///
/// # Errors
/// [`Failure::misused`] for objectives that cannot be read, [`Failure::broken`] when the disk fails.
pub(crate) fn run(args: &Args) -> Result<Outcome, Failure> {
    let objectives = slo::load(&[args.root.join("slo/objectives")])?;
    let mut wanted = alerts::files(&objectives);
    wanted.extend(dashboards::files(&objectives));
    wanted.extend(schemas());
    let count = wanted.len();
    let changes = changes(&wanted, &read_generated(&args.root)?);
    if args.check {
        return Ok(check(&changes, count));
    }
    for change in &changes {
        apply(&args.root, change)?;
        say(&format!("wrote {}\n", change.path().display()));
    }
    say(&format!("{count} generated files are in order\n"));
    Ok(Outcome::Held)
}

/// What editors and other programs check files of the gate and experiments by.
fn schemas() -> [(PathBuf, String); 4] {
    let file = |name: &str, text: String| (PathBuf::from(name), text);
    [
        file("slo/schema/openslo.schema.json", slo::schema::openslo()),
        file("slo/schema/gate.schema.json", slo::policy::schema()),
        file("slo/schema/report.schema.json", slo::gate::schema()),
        file("chaos/schema/experiment.schema.json", chaos::schema()),
    ]
}

fn check(changes: &[Change], count: usize) -> Outcome {
    if changes.is_empty() {
        say(&format!("{count} generated files are in order\n"));
        return Outcome::Held;
    }
    for change in changes {
        say(&format!(
            "{} is not what `proofmark build` writes\n",
            change.path().display()
        ));
    }
    Outcome::Missed
}

fn changes(wanted: &BTreeMap<PathBuf, String>, present: &BTreeMap<PathBuf, String>) -> Vec<Change> {
    let stale = present.keys().filter(|path| !wanted.contains_key(*path));
    let differing = wanted
        .iter()
        .filter(|(path, text)| present.get(*path) != Some(text));
    differing
        .map(|(path, text)| Change::Write {
            path: path.clone(),
            text: text.clone(),
        })
        .chain(stale.map(|path| Change::Remove { path: path.clone() }))
        .collect()
}

fn read_generated(root: &Path) -> Result<BTreeMap<PathBuf, String>, Failure> {
    let mut present = BTreeMap::new();
    for folder in GENERATED {
        // A folder that is not there yet holds nothing.
        let Ok(entries) = std::fs::read_dir(root.join(folder)) else {
            continue;
        };
        for entry in entries {
            let path = Path::new(folder).join(
                entry
                    .or_broken(format!("cannot list {folder}"))?
                    .file_name(),
            );
            let text = std::fs::read_to_string(root.join(&path))
                .or_broken(format!("cannot read {}", path.display()))?;
            present.insert(path, text);
        }
    }
    Ok(present)
}

fn apply(root: &Path, change: &Change) -> Result<(), Failure> {
    let path = root.join(change.path());
    let sentence = format!("cannot write {}", path.display());
    match change {
        Change::Remove { .. } => std::fs::remove_file(&path).or_broken(sentence),
        Change::Write { text, .. } => {
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder).or_broken(sentence.as_str())?;
            }
            std::fs::write(&path, text).or_broken(sentence)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(pairs: &[(&str, &str)]) -> BTreeMap<PathBuf, String> {
        pairs
            .iter()
            .map(|(path, text)| (PathBuf::from(path), (*text).to_owned()))
            .collect()
    }

    #[test]
    fn equal_files_need_no_change() {
        let wanted = files(&[("alerts/generated/a.yaml", "x")]);
        assert_eq!(changes(&wanted, &wanted), []);
    }

    #[test]
    fn a_missing_a_differing_and_a_left_over_file_are_changes() {
        let wanted = files(&[("a", "new"), ("b", "same"), ("c", "added")]);
        let present = files(&[("a", "old"), ("b", "same"), ("d", "left over")]);
        let paths: Vec<PathBuf> = changes(&wanted, &present)
            .iter()
            .map(|change| change.path().to_owned())
            .collect();
        assert_eq!(paths, ["a", "c", "d"].map(PathBuf::from));
        assert_eq!(check(&changes(&wanted, &present), 3), Outcome::Missed);
    }
}
