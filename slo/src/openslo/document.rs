//! Text to documents, each with the lines to blame.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use serde::de::DeserializeOwned;
use serde_yaml_ng::Deserializer;

use super::bounds;
use super::locate::{self, Lines, Start};
use super::schema::{API_VERSION, DataSourceSpec, Head, ServiceSpec, SliSpec, SloSpec, Whole};
use crate::sloth;

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
pub(crate) struct Place {
    pub(crate) file: PathBuf,
    pub(crate) first_line: usize,
    lines: Rc<Lines>,
}

impl Place {
    fn new(text: &str, file: &Path, start: Start) -> Self {
        Self {
            file: file.to_owned(),
            first_line: start.line,
            lines: Rc::new(Lines::new(text, start)),
        }
    }

    /// A fault of the field at `path`.
    pub(crate) fn fault(&self, path: &[&str], message: impl Into<String>) -> Fault {
        self.fault_on(self.line_of(path), message)
    }

    /// The line of the field at `path`; numbers on the way are indices of list items.
    pub(crate) fn line_of(&self, path: &[&str]) -> usize {
        self.lines.line_of(path)
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
    DataSource(Whole<DataSourceSpec>),
    Sloth(Box<sloth::Group>),
}

/// Reads all documents of one file.
pub(crate) fn read(text: &str, file: &Path) -> Result<Vec<Document>, Fault> {
    let starts = locate::documents(text);
    let mut place = Place::new(text, file, starts.first().copied().unwrap_or(Start::FIRST));
    if let Some(line) = bounds::too_many_brackets(text) {
        let message = format!("more than {} brackets are open here", bounds::BRACKETS_MAX);
        return Err(place.fault_on(line, message));
    }
    let walks = Deserializer::from_str(text);
    let heads = Deserializer::from_str(text);
    let wholes = Deserializer::from_str(text);
    let mut documents = Vec::new();
    for (index, ((walk, head), whole)) in walks.zip(heads).zip(wholes).enumerate() {
        // YAML knows line breaks that people do not use; what follows one has the last place.
        if let Some(start) = starts.get(index).filter(|_| index > 0) {
            place = Place::new(text, file, *start);
        }
        bounds::walk(walk).map_err(|error| fault_of(&error, &place))?;
        // A separator at the end of a file leaves an empty document.
        let Some(head) = parsed::<Option<Head>>(head, &place)? else {
            continue;
        };
        let content = content(&head, whole, &place)?;
        documents.push(Document {
            place: place.clone(),
            content,
        });
    }
    Ok(documents)
}

fn content(head: &Head, whole: Deserializer<'_>, place: &Place) -> Result<Content, Fault> {
    let version = match (&head.version, &head.api_version) {
        (Some(version), None) => {
            let group = sloth::Group::of_file(version, place, || parsed(whole, place))?;
            return Ok(Content::Sloth(Box::new(group)));
        }
        (None, Some(version)) => version,
        _ => {
            let message = format!(
                "expected apiVersion: {API_VERSION}, or version: {} of a file of Sloth",
                sloth::VERSION
            );
            return Err(place.fault(&[], message));
        }
    };
    let kind = head.kind.as_deref().unwrap_or_default();
    if version.starts_with(sloth::API_GROUP) {
        let group = sloth::Group::of_resource(version, kind, place, || parsed(whole, place))?;
        return Ok(Content::Sloth(Box::new(group)));
    }
    if version != API_VERSION {
        let message = format!("apiVersion is {version:?}; expected {API_VERSION}");
        return Err(place.fault(&["apiVersion"], message));
    }
    Ok(match kind {
        "SLO" => Content::Slo(parsed(whole, place)?),
        "SLI" => Content::Sli(parsed(whole, place)?),
        "Service" => Content::Service(parsed(whole, place)?),
        "DataSource" => Content::DataSource(parsed(whole, place)?),
        "AlertPolicy" | "AlertCondition" | "AlertNotificationTarget" => {
            let message = format!(
                "kind {kind:?} cannot be honoured: alerts are generated from the objectives by \
                 `proofmark build`; take the document out"
            );
            return Err(place.fault(&["kind"], message));
        }
        other => {
            let message = format!("kind is {other:?}; expected SLO, SLI, Service or DataSource");
            return Err(place.fault(&["kind"], message));
        }
    })
}

fn parsed<T: DeserializeOwned>(document: Deserializer<'_>, place: &Place) -> Result<T, Fault> {
    T::deserialize(document).map_err(|error| fault_of(&error, place))
}

fn fault_of(error: &serde_yaml_ng::Error, place: &Place) -> Fault {
    let location = error.location();
    let line = location.map_or(place.first_line, |location| location.line());
    let message = match without_location(&error.to_string()) {
        "repetition limit exceeded" => "its aliases unfold to too many values".to_owned(),
        "recursion limit exceeded" => "it is nested too deep".to_owned(),
        message => message.to_owned(),
    };
    place.fault_on(line, message)
}

/// The message without `at line 3 column 5`, which stands before it already.
fn without_location(message: &str) -> &str {
    message
        .rfind(" at line ")
        .map_or(message, |end| &message[..end])
}
