//! Files and folders to objectives.

use std::collections::BTreeSet;
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

/// The most paths that one folder or pattern is looked through for.
const PATHS_MAX: usize = 20_000;

/// Reads the objectives of OpenSLO and Sloth files: of each file that is named, of the `*.yaml` and
/// `*.yml` files directly inside a folder, and of the files that a pattern such as `slo/**/*.yaml`
/// matches. Folders and patterns give them in the order of their names.
///
/// # Errors
/// [`Failure::misused`] that names file and line and what was expected there, a pattern that matches
/// no file, or says that there is no objective at all.
pub fn load(paths: &[PathBuf]) -> Result<Vec<Objective>, Failure> {
    objectives(&sources(paths)?)
}

/// Reads the objectives that stand in `text`; `file` is what they are said to be from. There may be
/// none.
///
/// # Errors
/// [`Failure::misused`] that names line and field and what was expected there.
pub fn read(text: &str, file: &Path) -> Result<Vec<Objective>, Failure> {
    let found = openslo::read(text, file).and_then(|documents| openslo::objectives(&documents));
    found.map_err(|fault| Failure::misused(fault.to_string()))
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
    Ok(objectives_and_remarks(sources)?.0)
}

/// The objectives that are in files, and a sentence about each part that has no part in a verdict.
///
/// # Errors
/// As [`load`].
pub(crate) fn objectives_and_remarks(
    sources: &[Source],
) -> Result<(Vec<Objective>, Vec<String>), Failure> {
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
    Ok((objectives, openslo::remarks(&documents)))
}

/// The most places that a sentence lists.
const PLACES_MAX: usize = 5;

fn none_in(places: &[String]) -> Failure {
    let shown = match places {
        [] => "no path".to_owned(),
        few if few.len() <= PLACES_MAX => few.join(", "),
        [some @ .., _] => {
            let more = places.len() - PLACES_MAX;
            format!("{} and {more} more", some[..PLACES_MAX].join(", "))
        }
    };
    Failure::misused(format!("{shown}: expected at least one SLO, found none"))
}

fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut files: Vec<PathBuf> = Vec::new();
    let mut known = BTreeSet::new();
    for path in paths {
        for file in at(path)? {
            // One file, named twice, is one file.
            if known.insert(file.canonicalize().unwrap_or_else(|_| file.clone())) {
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

/// The files that a path, or a pattern of paths, stands for.
fn at(path: &Path) -> Result<Vec<PathBuf>, Failure> {
    let sentence = || format!("{}: cannot read objectives", path.display());
    match fs::metadata(path) {
        Ok(found) if found.is_dir() => in_folder(path),
        Ok(_) => Ok(vec![path.to_owned()]),
        // A file may be called like a pattern, so that is asked second.
        Err(error) => match path.to_str() {
            Some(pattern) if pattern.contains(['*', '?', '[']) => matching(pattern),
            _ => Err(error).or_misused(sentence()),
        },
    }
}

fn matching(pattern: &str) -> Result<Vec<PathBuf>, Failure> {
    let found = glob::glob(pattern).map_err(|error| {
        let message = format!("{pattern}: not a pattern of paths: {}", error.msg);
        Failure::misused(message)
    })?;
    let mut files = Vec::new();
    for (index, entry) in found.enumerate() {
        if index >= PATHS_MAX {
            return Err(too_many(pattern));
        }
        let path = entry.or_misused(format!("{pattern}: cannot read objectives"))?;
        if path.is_file() {
            files.push(path);
        }
    }
    if files.is_empty() {
        return Err(Failure::misused(format!("{pattern}: matches no file")));
    }
    Ok(files)
}

fn in_folder(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let sentence = || format!("{}: cannot read objectives", folder.display());
    let mut found = Vec::new();
    for (index, entry) in fs::read_dir(folder).or_misused(sentence())?.enumerate() {
        if index >= PATHS_MAX {
            return Err(too_many(&folder.display().to_string()));
        }
        let path = entry.or_misused(sentence())?.path();
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

fn too_many(place: &str) -> Failure {
    let message = format!("{place}: more than {PATHS_MAX} paths to look through; name fewer");
    Failure::misused(message)
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
    fn a_pattern_finds_files_at_any_depth_in_the_order_of_their_names() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("b/c");
        fs::create_dir_all(&inner).unwrap();
        let text = include_str!("../objectives/latency.yaml");
        for (path, name) in [
            ("b/c/one.yaml", "one"),
            ("a.yaml", "two"),
            ("b/[x].yaml", "three"),
        ] {
            let text = text.replacen("name: latency", &format!("name: {name}"), 1);
            fs::write(folder.path().join(path), text).unwrap();
        }
        fs::write(folder.path().join("b/notes.txt"), "no objective").unwrap();
        let names = |pattern: &str| -> Vec<String> {
            let objectives = load(&[folder.path().join(pattern)]).unwrap();
            objectives
                .into_iter()
                .map(|objective| objective.name)
                .collect()
        };
        assert_eq!(names("**/*.yaml"), ["two", "three", "one"]);
        assert_eq!(names("b/?/*.y*ml"), ["one"]);
        assert_eq!(
            names("b/[x].yaml"),
            ["three"],
            "a file that is there is no pattern"
        );
        for (pattern, part) in [
            ("**/*.json", "matches no file"),
            ("b/**c", "not a pattern of paths"),
            ("*", "a.yaml"),
        ] {
            let found = load(&[folder.path().join(pattern)]);
            let said = match found {
                Ok(objectives) => objectives[0].file.display().to_string(),
                Err(failure) => failure.to_string(),
            };
            assert!(said.contains(part), "{said}");
        }
    }

    #[test]
    fn the_most_files_that_are_read_are_bounded() {
        let folder = tempfile::tempdir().unwrap();
        for index in 0..=FILES_MAX {
            fs::write(folder.path().join(format!("{index}.yaml")), "").unwrap();
        }
        let failure = load(&[folder.path().to_owned()]).unwrap_err();
        assert!(
            failure.to_string().contains("more than 1000 files"),
            "{failure}"
        );
        fs::remove_file(folder.path().join("0.yaml")).unwrap();
        let failure = load(&[folder.path().to_owned()]).unwrap_err();
        assert!(
            failure
                .to_string()
                .contains("and 995 more: expected at least"),
            "{failure}"
        );
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
