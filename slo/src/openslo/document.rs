//! Text to documents, each with the lines to blame.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use serde::de::DeserializeOwned;
use serde_yaml_ng::Deserializer;

use super::locate;
use super::schema::{API_VERSION, Head, ServiceSpec, SliSpec, SloSpec, Whole};

/// Something wrong in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) file: PathBuf,
    pub(crate) line: usize,
    pub(crate) message: String,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}: {}", self.file.display(), self.line, self.message)
    }
}

/// One document of a file.
#[derive(Debug)]
pub(crate) struct Document {
    pub(super) place: Place,
    pub(super) content: Content,
}

/// Where a document stands.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) file: PathBuf,
    text: Rc<str>,
    pub(super) first_line: usize,
}

impl Place {
    /// A fault of the field at `path`.
    pub(super) fn fault(&self, path: &[&str], message: impl Into<String>) -> Fault {
        self.fault_on(self.line_of(path), message)
    }

    /// The line of the field at `path`.
    pub(super) fn line_of(&self, path: &[&str]) -> usize {
        locate::line_of(&self.text, self.first_line, path)
    }

    fn fault_on(&self, line: usize, message: impl Into<String>) -> Fault {
        let message = crate::text::shown(&message.into());
        Fault {
            file: self.file.clone(),
            line,
            message,
        }
    }
}

/// What a document is.
#[derive(Debug)]
pub(super) enum Content {
    Slo(Box<Whole<SloSpec>>),
    Sli(Box<Whole<SliSpec>>),
    Service(Whole<ServiceSpec>),
}

/// Reads all documents of one file.
pub(crate) fn read(text: &str, file: &Path) -> Result<Vec<Document>, Fault> {
    let text: Rc<str> = text.into();
    let starts = locate::documents(&text);
    let place = |index: usize| Place {
        file: file.to_owned(),
        text: Rc::clone(&text),
        first_line: starts.get(index).copied().unwrap_or(1),
    };
    let heads = Deserializer::from_str(&text);
    let wholes = Deserializer::from_str(&text);
    let mut documents = Vec::new();
    for (index, (head, whole)) in heads.zip(wholes).enumerate() {
        let place = place(index);
        let head: Option<Head> = parsed(head, &place)?;
        // A separator at the end of a file leaves an empty document.
        let Some(head) = head else { continue };
        if head.api_version != API_VERSION {
            let message = format!(
                "apiVersion is {:?}; expected {API_VERSION}",
                head.api_version
            );
            return Err(place.fault(&["apiVersion"], message));
        }
        let content = match head.kind.as_str() {
            "SLO" => Content::Slo(parsed(whole, &place)?),
            "SLI" => Content::Sli(parsed(whole, &place)?),
            "Service" => Content::Service(parsed(whole, &place)?),
            other => {
                let message =
                    format!("kind {other:?} is not supported; expected SLO, SLI or Service");
                return Err(place.fault(&["kind"], message));
            }
        };
        documents.push(Document { place, content });
    }
    Ok(documents)
}

fn parsed<T: DeserializeOwned>(document: Deserializer<'_>, place: &Place) -> Result<T, Fault> {
    T::deserialize(document).map_err(|error| {
        let line = error
            .location()
            .map_or(place.first_line, |location| location.line());
        place.fault_on(line, without_location(&error.to_string()))
    })
}

/// The message without `at line 3 column 5`, which stands before it already.
fn without_location(message: &str) -> &str {
    message
        .rfind(" at line ")
        .map_or(message, |end| &message[..end])
}
