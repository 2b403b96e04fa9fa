//! What stays of an experiment for people: a picture, a page, and a summary.

use std::path::Path;

use outcome::{Failure, OrFail};

use crate::journal::Journal;
use crate::timeline::draw_timeline;

/// Writes `<name>.timeline.png` to `folder`.
///
/// # Errors
/// [`Failure::broken`] when a file cannot be written.
pub fn write(journal: &Journal, folder: &Path) -> Result<(), Failure> {
    let name = &journal.experiment.name;
    let path = folder.join(format!("{name}.timeline.png"));
    let sentence = || format!("cannot write {}", path.display());
    std::fs::write(&path, draw_timeline(journal)?).or_broken(sentence())
}
