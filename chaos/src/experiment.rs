//! An experiment: what must hold, which faults are staged, and how they must be felt.
//!
//! A file is written in Chaos Toolkit's words and can be read by that tool; what that tool has no
//! words for stands in its extension `proofmark`. Start at [`Plan::read`]: the text becomes plain
//! data ([`tree`]), then a document, then a [`Plan`], and whatever is wrong on the way is said with
//! its line. Without stages of its own the method is cut into some: one or more actions, then the
//! probes that must come to hold because of them.

pub(crate) mod model;
mod values;
mod document;
mod tree;
mod locate;
mod troubles;
mod configuration;
mod activity;
mod toxics;
mod rehearsed;
mod proxy;
mod reader;
mod around;
mod stages;
pub(crate) mod schema;

use std::io::Read as _;
use std::path::Path;

use outcome::{Failure, OrFail};
use slo::Objective;

pub(crate) use activity::{Probe, Source};
use document::Document;
use locate::Way;
pub(crate) use model::Plan;
use reader::Reader;
use troubles::{Troubles, printable};

/// Largest file that is read.
const FILE_SIZE_BYTES_MAX: u64 = 256 * 1024;

/// What a file is read with.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Around<'a> {
    /// Hosts beside loopback that proxies may listen on and lead to.
    pub(crate) allowed: &'a [String],
    /// What may be named as an objective.
    pub(crate) objectives: &'a [Objective],
}

impl Plan {
    /// Reads an experiment.
    ///
    /// # Errors
    /// [`Failure::misused`] with file, line, field and what was expected, for each thing that is wrong.
    pub(crate) fn read(path: &Path, around: Around<'_>) -> Result<Self, Failure> {
        let shown = path.display().to_string();
        let sentence = || format!("cannot read {shown}");
        let file = std::fs::File::open(path).or_misused(sentence())?;
        let mut bytes = Vec::new();
        let read = file.take(FILE_SIZE_BYTES_MAX + 1).read_to_end(&mut bytes);
        if read.or_misused(sentence())? as u64 > FILE_SIZE_BYTES_MAX {
            return Err(Failure::misused(format!(
                "{shown} is too large, expected at most {FILE_SIZE_BYTES_MAX} bytes"
            )));
        }
        let text = String::from_utf8(bytes).or_misused(sentence())?;
        let name = path
            .file_stem()
            .map(|stem| stem.to_string_lossy().into_owned());
        Self::parse(&name.unwrap_or_default(), &shown, &text, around)
    }

    /// Reads an experiment from text; `shown` is what the file is called in errors.
    pub(crate) fn parse(
        name: &str,
        shown: &str,
        text: &str,
        around: Around<'_>,
    ) -> Result<Self, Failure> {
        let at = |(line, sentence): (usize, String)| {
            Failure::misused(format!("{shown}:{line}: {}", printable(&sentence)))
        };
        let tree = tree::read(text).map_err(at)?;
        let document: Document =
            serde_yaml_ng::from_str(text).map_err(|error| at(tree::placed(&error)))?;
        let mut troubles = Troubles::new(shown, text);
        let configured = &document.configuration;
        let literals = configuration::literals(configured, &mut troubles);
        configuration::check_used(&tree, &Way::default(), configured, &mut troubles);
        if !troubles.is_empty() {
            troubles.settle()?;
        }
        let document = if literals.is_empty() {
            document
        } else {
            let mut filled = tree.clone();
            configuration::fill(&mut filled, &literals);
            // What a value is put into may want another type than the value has.
            serde_json::from_value(filled).map_err(|error| {
                let line = Way::default().field("configuration").line_in(text);
                at((line, format!("with the values of configuration: {error}")))
            })?
        };
        let troubles = Troubles::new(shown, text);
        Reader::new(around, troubles).plan(name, document, tree)
    }
}

#[cfg(test)]
mod tests;
