//! Files and folders to objectives.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use outcome::{Failure, OrFail};

use crate::objective::Objective;
use crate::openslo;

/// The largest file that is read.
pub const FILE_SIZE_BYTES_MAX: u64 = 1024 * 1024;

/// The most files of one load.
pub const FILES_MAX: usize = 1_000;

/// A file as it was named, and what was in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Source {
    pub(crate) path: PathBuf,
    pub(crate) text: String,
}

/// Reads the objectives of files, and of the `*.yaml` and `*.yml` files directly inside folders, in
/// the order of their names.
///
/// # Errors
/// [`Failure::misused`] that names file and line and what was expected there, or says that there is
/// no objective at all.
pub fn load(paths: &[PathBuf]) -> Result<Vec<Objective>, Failure> {
    objectives(&sources(paths)?)
}

/// Reads the files that [`load`] reads.
///
/// # Errors
/// [`Failure::misused`] that names what cannot be read.
pub(crate) fn sources(paths: &[PathBuf]) -> Result<Vec<Source>, Failure> {
    let files = files(paths)?;
    if files.is_empty() {
        let places: Vec<String> = paths
            .iter()
            .map(|path| path.display().to_string())
            .collect();
        return Err(none_in(&places));
    }
    let source = |path: PathBuf| {
        let text = text(&path)?;
        Ok(Source { path, text })
    };
    files.into_iter().map(source).collect()
}

/// The objectives that are in files.
///
/// # Errors
/// As [`load`].
pub(crate) fn objectives(sources: &[Source]) -> Result<Vec<Objective>, Failure> {
    let mut documents = Vec::new();
    for Source { path, text } in sources {
        let read =
            openslo::read(text, path).map_err(|fault| Failure::misused(fault.to_string()))?;
        documents.extend(read);
    }
    let objectives = openslo::objectives(&documents);
    let objectives = objectives.map_err(|fault| Failure::misused(fault.to_string()))?;
    if objectives.is_empty() {
        let place = |source: &Source| source.path.display().to_string();
        return Err(none_in(&sources.iter().map(place).collect::<Vec<_>>()));
    }
    Ok(objectives)
}

fn none_in(places: &[String]) -> Failure {
    let places = if places.is_empty() {
        "no path".to_owned()
    } else {
        places.join(", ")
    };
    Failure::misused(format!("{places}: expected at least one SLO, found none"))
}

fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut files: Vec<PathBuf> = Vec::new();
    for path in paths {
        let sentence = || format!("{}: cannot read objectives", path.display());
        let found = if fs::metadata(path).or_misused(sentence())?.is_dir() {
            in_folder(path).or_misused(sentence())?
        } else {
            vec![path.clone()]
        };
        // One file, named twice, is one file.
        for file in found {
            if !files.iter().any(|known| is_same(known, &file)) {
                files.push(file);
            }
        }
        if files.len() > FILES_MAX {
            let message = format!(
                "{}: more than {FILES_MAX} files of objectives",
                path.display()
            );
            return Err(Failure::misused(message));
        }
    }
    Ok(files)
}

fn is_same(one: &Path, other: &Path) -> bool {
    match (one.canonicalize(), other.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        _ => one == other,
    }
}

fn in_folder(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)?.take(FILES_MAX * 10) {
        let path = entry?.path();
        let is_yaml = path
            .extension()
            .is_some_and(|end| end == "yaml" || end == "yml");
        if is_yaml && path.is_file() {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn text(file: &Path) -> Result<String, Failure> {
    let sentence = || format!("{}: cannot read objectives", file.display());
    let mut bytes = Vec::new();
    let open = File::open(file).or_misused(sentence())?;
    open.take(FILE_SIZE_BYTES_MAX + 1)
        .read_to_end(&mut bytes)
        .or_misused(sentence())?;
    if bytes.len() as u64 > FILE_SIZE_BYTES_MAX {
        let message = format!(
            "{}: larger than {FILE_SIZE_BYTES_MAX} bytes",
            file.display()
        );
        return Err(Failure::misused(message));
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let line = error.as_bytes()[..valid]
            .iter()
            .filter(|byte| **byte == b'\n')
            .count()
            + 1;
        Failure::misused(format!("{}:{line}: expected UTF-8 text", file.display()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bundled() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("objectives")
    }

    #[test]
    fn the_bundled_objectives_are_those_of_the_contract() {
        let objectives = load(&[bundled()]).unwrap();
        let seen: Vec<(&str, &str, f64, &str)> = objectives
            .iter()
            .map(|o| {
                (
                    o.name.as_str(),
                    o.service.as_str(),
                    o.target,
                    o.window_text.as_str(),
                )
            })
            .collect();
        assert_eq!(
            seen,
            [
                ("availability", "proofmark", 0.9995, "7d"),
                ("latency", "proofmark", 0.99, "7d")
            ]
        );
    }

    #[test]
    fn a_file_that_is_named_twice_is_read_once() {
        let file = bundled().join("latency.yaml");
        assert_eq!(load(&[bundled(), file.clone(), file]).unwrap().len(), 2);
    }

    #[test]
    fn what_cannot_be_read_is_misuse_that_names_the_path() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("missing.yaml");
        let binary = folder.path().join("binary.yaml");
        fs::write(&binary, b"a: 1\n\xff\xfe").unwrap();
        let large = folder.path().join("large.yaml");
        fs::write(&large, vec![b'#'; FILE_SIZE_BYTES_MAX as usize + 1]).unwrap();
        for (path, part) in [
            (&missing, "missing.yaml: cannot read"),
            (&binary, "binary.yaml:2: expected UTF-8"),
            (&large, "large.yaml: larger than 1048576"),
        ] {
            let failure = load(std::slice::from_ref(path)).unwrap_err();
            assert_eq!(failure.outcome(), outcome::Outcome::Misused);
            assert!(failure.to_string().contains(part), "{failure}");
        }
    }

    #[test]
    fn no_objective_at_all_is_misuse() {
        let folder = tempfile::tempdir().unwrap();
        let failure = load(&[folder.path().to_owned()]).unwrap_err();
        assert!(
            failure.to_string().contains("expected at least one SLO"),
            "{failure}"
        );
        assert!(load(&[]).is_err());
    }
}
