//! What stays of an experiment for people: a picture, a page that opens from disk, a summary.
//!
//! All of it is made from the journal alone.

mod told;
mod page;
mod markdown;

use std::path::Path;

use outcome::{Failure, OrFail};

use crate::journal::Journal;
use crate::timeline::draw_timeline;

/// Writes `<name>.timeline.png`, `<name>.html` and `<name>.md` to `folder`, which is there; each is
/// whole or not at all.
///
/// # Errors
/// [`Failure::broken`] when a file cannot be written, when the journal has a number that is none, or
/// when its name is no name of a file. What could be written is there all the same.
pub fn write(journal: &Journal, folder: &Path) -> Result<(), Failure> {
    let name = file_name(journal)?;
    let picture = draw_timeline(journal);
    let png = picture.as_ref().ok().map(Vec::as_slice);
    let page = page::page(journal, png);
    let markdown = markdown::markdown(journal);
    let mut first = Ok(());
    let files = [
        (format!("{name}.html"), page.as_bytes()),
        (format!("{name}.md"), markdown.as_bytes()),
    ];
    let drawn = png.map(|png| (format!("{name}.timeline.png"), png));
    for (file, bytes) in files.into_iter().chain(drawn) {
        first = first.and(write_whole(folder, &file, bytes));
    }
    first.and(picture.map(|_| ()))
}

/// The name of an experiment is that of its file; from a journal it could be anything.
fn file_name(journal: &Journal) -> Result<&str, Failure> {
    let name = journal.experiment.name.as_str();
    let is_plain = |one: char| !one.is_control() && one != '/' && one != '\\';
    if name.is_empty() || name.starts_with('.') || !name.chars().all(is_plain) {
        return Err(Failure::broken(format!(
            "the journal is of an experiment {name:?}, expected a name without folders"
        )));
    }
    Ok(name)
}

fn write_whole(folder: &Path, name: &str, bytes: &[u8]) -> Result<(), Failure> {
    let (path, partial) = (folder.join(name), folder.join(format!("{name}.partial")));
    std::fs::write(&partial, bytes)
        .and_then(|()| std::fs::rename(&partial, &path))
        .or_broken(format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests;
