//! The folder of evidence: what a verdict rests on, file by file, with its hash.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Component, Path, PathBuf};

use outcome::{Failure, OrFail};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// Name and version of the shape of the manifest.
const MANIFEST_SCHEMA: &str = "proofmark.evidence/1";

/// The file that names all others.
pub(super) const MANIFEST_FILE: &str = "manifest.json";

/// The largest manifest that is read.
const MANIFEST_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// The most files of one folder.
const FILES_MAX: usize = 200_000;

/// Folders in folders, at most.
const DEPTH_MAX: usize = 8;

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    schema: String,
    /// The program that wrote it, with its version.
    tool: String,
    /// SHA-256 of each file, in hexadecimal, by its path below the folder.
    files: BTreeMap<String, String>,
}

/// Reads a file of at most `bytes_max` bytes.
///
/// # Errors
/// [`Failure::misused`] that names the file.
pub(super) fn read(file: &Path, bytes_max: u64) -> Result<Vec<u8>, Failure> {
    let sentence = || format!("cannot read {}", file.display());
    let mut bytes = Vec::new();
    let open = File::open(file).or_misused(sentence())?;
    open.take(bytes_max + 1)
        .read_to_end(&mut bytes)
        .or_misused(sentence())?;
    if bytes.len() as u64 > bytes_max {
        let message = format!("{}: larger than {bytes_max} bytes", file.display());
        return Err(Failure::misused(message));
    }
    Ok(bytes)
}

/// Writes the manifest of all files that are in `folder` now.
///
/// # Errors
/// [`Failure::broken`] when the disk fails.
pub(super) fn seal(folder: &Path, tool: &str) -> Result<(), Failure> {
    let manifest = Manifest {
        schema: MANIFEST_SCHEMA.to_owned(),
        tool: tool.to_owned(),
        files: hashes(folder).or_broken(format!("cannot read {}", folder.display()))?,
    };
    let file = folder.join(MANIFEST_FILE);
    let sentence = format!("cannot write {}", file.display());
    let text = serde_json::to_string_pretty(&manifest).or_broken(sentence.clone())? + "\n";
    fs::write(&file, text).or_broken(sentence)
}

/// Holds every file against the manifest; the version of the program that wrote it.
///
/// # Errors
/// [`Failure::misused`] that names the first file that was changed, added or taken away.
pub(super) fn verify(folder: &Path) -> Result<String, Failure> {
    let file = folder.join(MANIFEST_FILE);
    let manifest: Manifest = serde_json::from_slice(&read(&file, MANIFEST_BYTES_MAX)?)
        .or_misused(format!("{}: expected a manifest", file.display()))?;
    if manifest.schema != MANIFEST_SCHEMA {
        return Err(Failure::misused(format!(
            "{}: the schema is {:?}; expected {MANIFEST_SCHEMA:?}",
            file.display(),
            manifest.schema
        )));
    }
    let found = hashes(folder).or_misused(format!("cannot read {}", folder.display()))?;
    let complain = |path: &str, what: &str| {
        let path = folder.join(path);
        let sentence = format!("{}: {what}, so it is no evidence", path.display());
        Err(Failure::misused(sentence))
    };
    for (path, hash) in &manifest.files {
        match found.get(path) {
            None => return complain(path, "was taken away since the verdict"),
            Some(now) if now != hash => return complain(path, "was changed since the verdict"),
            Some(_) => {}
        }
    }
    match found
        .keys()
        .find(|path| !manifest.files.contains_key(*path))
    {
        Some(path) => complain(path, "was added since the verdict"),
        None => Ok(manifest.tool),
    }
}

fn hashes(folder: &Path) -> std::io::Result<BTreeMap<String, String>> {
    let mut hashes = BTreeMap::new();
    let mut folders = vec![(folder.to_owned(), 0)];
    while let Some((inner, depth)) = folders.pop() {
        for entry in fs::read_dir(&inner)? {
            let entry = entry?;
            let path = entry.path();
            let kind = entry.file_type()?;
            if kind.is_dir() && depth < DEPTH_MAX {
                folders.push((path, depth + 1));
            } else if hashes.len() < FILES_MAX && kind.is_file() {
                let name = relative(folder, &path);
                if name != MANIFEST_FILE {
                    hashes.insert(name, hash(&path)?);
                }
            } else {
                let message = format!("{}: expected a plain file", path.display());
                return Err(std::io::Error::other(message));
            }
        }
    }
    Ok(hashes)
}

/// The path below the folder, with `/` on every system.
fn relative(folder: &Path, path: &Path) -> String {
    let inner = path.strip_prefix(folder).unwrap_or(path);
    let parts = inner.components().filter_map(|part| match part {
        Component::Normal(name) => Some(name.to_string_lossy().into_owned()),
        _ => None,
    });
    parts.collect::<Vec<_>>().join("/")
}

fn hash(file: &Path) -> std::io::Result<String> {
    let mut hasher = Sha256::new();
    std::io::copy(&mut File::open(file)?, &mut hasher)?;
    let digest = hasher.finalize();
    Ok(digest.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// A folder that is filled beside its place and then moved there, so that nobody finds it half
/// written. Dropped before that, it is taken away.
#[derive(Debug)]
pub(super) struct Draft {
    place: PathBuf,
    folder: PathBuf,
}

impl Draft {
    /// # Errors
    /// [`Failure::broken`] when it cannot be made.
    pub(super) fn beside(place: &Path) -> Result<Self, Failure> {
        let mut name = place.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}.partial", std::process::id()));
        let folder = place.with_file_name(name);
        let sentence = format!("cannot make {}", folder.display());
        remove(&folder).or_broken(sentence.clone())?;
        fs::create_dir_all(&folder).or_broken(sentence)?;
        Ok(Self {
            place: place.to_owned(),
            folder,
        })
    }

    /// Where it is filled.
    pub(super) fn path(&self) -> &Path {
        &self.folder
    }

    /// Moves it to its place; what was there is gone.
    ///
    /// # Errors
    /// [`Failure::broken`] when the disk fails.
    pub(super) fn publish(self) -> Result<(), Failure> {
        let sentence = format!("cannot replace {}", self.place.display());
        remove(&self.place).or_broken(sentence.clone())?;
        fs::rename(&self.folder, &self.place).or_broken(sentence)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // After it was published there is nothing left here; else there is nobody to tell.
        let _ = remove(&self.folder);
    }
}

fn remove(folder: &Path) -> std::io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealed() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("answers")).unwrap();
        fs::write(folder.path().join("answers/1.json"), "one").unwrap();
        fs::write(folder.path().join("run.json"), "run").unwrap();
        seal(folder.path(), "proofmark 9").unwrap();
        folder
    }

    #[test]
    fn what_was_not_touched_is_evidence() {
        assert_eq!(verify(sealed().path()).unwrap(), "proofmark 9");
    }

    #[test]
    fn every_change_is_named() {
        type Spoil = fn(&Path);
        let spoils: [(Spoil, &str); 5] = [
            (
                |at| fs::write(at.join("run.json"), "ruN").unwrap(),
                "run.json: was changed",
            ),
            (
                |at| fs::remove_file(at.join("answers/1.json")).unwrap(),
                "1.json: was taken away",
            ),
            (
                |at| fs::write(at.join("answers/2.json"), "").unwrap(),
                "2.json: was added",
            ),
            (
                |at| fs::write(at.join(MANIFEST_FILE), "{}").unwrap(),
                "expected a manifest",
            ),
            (
                |at| fs::remove_file(at.join(MANIFEST_FILE)).unwrap(),
                "cannot read",
            ),
        ];
        for (spoil, expected) in spoils {
            let folder = sealed();
            spoil(folder.path());
            let failure = verify(folder.path()).unwrap_err();
            assert_eq!(failure.outcome(), outcome::Outcome::Misused);
            assert!(
                failure.to_string().contains(expected),
                "{expected}: {failure}"
            );
        }
    }

    #[test]
    fn a_draft_is_there_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("evidence");
        let count = || fs::read_dir(folder.path()).unwrap().count();
        let draft = Draft::beside(&place).unwrap();
        fs::write(draft.path().join("a"), "1").unwrap();
        drop(draft);
        assert_eq!(count(), 0);
        for text in ["2", "3"] {
            let draft = Draft::beside(&place).unwrap();
            fs::write(draft.path().join("a"), text).unwrap();
            draft.publish().unwrap();
            assert_eq!(fs::read_to_string(place.join("a")).unwrap(), text);
        }
        assert_eq!(count(), 1);
    }
}
