//! The report folder.

use std::path::{Path, PathBuf};

use outcome::{Failure, OrFail};

/// Stands in every report folder of ours; a folder without it is somebody else's and is kept.
const MARKER: &str = ".proofmark-report";

/// A fresh report folder.
///
/// Data of the stack lives in it too, under `work`, so that even a rehearsal that is killed leaves
/// nothing anywhere else.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
}

impl Folder {
    /// Makes the folder, in place of one that an earlier rehearsal left.
    ///
    /// # Errors
    /// [`Failure::misused`] when something else stands there, [`Failure::broken`] when it cannot be
    /// written.
    pub(crate) fn replace(path: &Path) -> Result<Self, Failure> {
        let shown = path.display();
        let sentence = || format!("cannot make the report folder {shown}");
        let is_empty = match std::fs::read_dir(path) {
            Ok(mut entries) => entries.next().is_none(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => true,
            Err(error) => return Err(Failure::misused(sentence()).because(error)),
        };
        if !is_empty && !path.join(MARKER).is_file() {
            return Err(Failure::misused(format!(
                "{shown} is not empty and no report of an earlier rehearsal: choose another with --out"
            )));
        }
        if !is_empty {
            std::fs::remove_dir_all(path).or_broken(sentence())?;
        }
        std::fs::create_dir_all(path).or_broken(sentence())?;
        std::fs::write(path.join(MARKER), "").or_broken(sentence())?;
        let path = path.canonicalize().or_broken(sentence())?;
        let folder = Self { path };
        for part in [
            folder.work(),
            folder.logs(),
            folder.load(),
            folder.chaos(),
            folder.gate(),
        ] {
            std::fs::create_dir_all(part).or_broken(sentence())?;
        }
        Ok(folder)
    }

    /// The report folder itself.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Data and configuration of the stack; removed at the end.
    pub(crate) fn work(&self) -> PathBuf {
        self.path.join("work")
    }

    /// What each child said.
    pub(crate) fn logs(&self) -> PathBuf {
        self.path.join("logs")
    }

    /// Results of the load.
    pub(crate) fn load(&self) -> PathBuf {
        self.path.join("load")
    }

    /// Journals of the experiments.
    pub(crate) fn chaos(&self) -> PathBuf {
        self.path.join("chaos")
    }

    /// Verdict of the gate.
    pub(crate) fn gate(&self) -> PathBuf {
        self.path.join("gate")
    }

    /// Removes the data of the stack.
    ///
    /// # Errors
    /// [`Failure::broken`] when it cannot be removed.
    pub(crate) fn remove_work(&self) -> Result<(), Failure> {
        std::fs::remove_dir_all(self.work()).or_broken("cannot remove the data of the stack")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_earlier_report_is_replaced() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("report");
        let first = Folder::replace(&path).unwrap();
        std::fs::write(first.path().join("old"), "").unwrap();
        let second = Folder::replace(&path).unwrap();
        assert!(!second.path().join("old").exists());
        assert!(second.logs().is_dir());
    }

    #[test]
    fn a_folder_of_somebody_else_is_kept() {
        let parent = tempfile::tempdir().unwrap();
        std::fs::write(parent.path().join("thesis.txt"), "precious").unwrap();
        let failure = Folder::replace(parent.path()).unwrap_err();
        assert_eq!(failure.outcome().exit_code(), 2);
        assert!(parent.path().join("thesis.txt").exists());
    }
}
