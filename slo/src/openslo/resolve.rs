//! Documents to objectives: references followed, values checked.

use std::collections::{BTreeMap, BTreeSet};

use super::document::{Content, Document, Fault, Place};
use super::entry::{self, At, ENTRIES_MAX};
use super::indicator::{Found, Measured};
use super::period;
use super::schema::{SliSpec, SloSpec, Whole};
use super::source::{self, Sources};
use crate::objective::Objective;
use crate::window;

/// The most objectives of one load.
pub(crate) const OBJECTIVES_MAX: usize = 10_000;

/// What the documents of one load give to each other.
#[derive(Debug, Default)]
struct Shared<'a> {
    sources: Sources<'a>,
    indicators: BTreeMap<&'a str, Measured>,
    services: BTreeSet<&'a str>,
}

/// The objectives of all documents of one load, in reading order.
pub(crate) fn objectives(documents: &[Document]) -> Result<Vec<Objective>, Fault> {
    let shared = shared(documents)?;
    let mut places: BTreeMap<(String, String), String> = BTreeMap::new();
    let mut all: Vec<Objective> = Vec::new();
    for document in documents {
        let place = &document.place;
        let (found, of_service, of_name): (_, &[&str], &[&str]) = match &document.content {
            Content::Slo(slo) => {
                let found = of_slo(place, slo, &shared)?;
                (found, &["spec", "service"], &["metadata", "name"])
            }
            Content::Sloth(group) => (group.objectives(place)?, group.way_of_service(), &[]),
            _ => continue,
        };
        for objective in found {
            let service = objective.service.as_str();
            if !shared.services.is_empty() && !shared.services.contains(service) {
                let message = format!("there is no Service called {service:?}");
                return Err(place.fault(of_service, message));
            }
            let key = (service.to_owned(), objective.name.clone());
            let here = format!("{}:{}", objective.file.display(), objective.line);
            if let Some(other) = places.insert(key, here) {
                let message = format!(
                    "{:?} of service {service:?} is already at {other}",
                    objective.name
                );
                return Err(second(place, &objective, of_name, message));
            }
            if all.len() == OBJECTIVES_MAX {
                let message = format!("more than {OBJECTIVES_MAX} objectives");
                return Err(place.fault(&[], message));
            }
            all.push(objective);
        }
    }
    Ok(all)
}

/// The fault of an objective that has the name of another: at its name when it has a document of its
/// own, else where it begins.
fn second(place: &Place, objective: &Objective, of_name: &[&str], message: String) -> Fault {
    if of_name.is_empty() {
        return Fault {
            line: objective.line,
            ..place.fault(&[], message)
        };
    }
    place.fault(of_name, message)
}

/// What is in files and has no part in a verdict, one sentence each with its place.
pub(crate) fn remarks(documents: &[Document]) -> Vec<String> {
    let of_document = |document: &Document| match &document.content {
        Content::Sloth(group) => group.remark(&document.place),
        _ => None,
    };
    documents.iter().filter_map(of_document).collect()
}

/// Reads what documents share: each is checked, whether or not another refers to it.
fn shared(documents: &[Document]) -> Result<Shared<'_>, Fault> {
    let mut shared = Shared::default();
    let mut names = BTreeSet::new();
    for Document { place, content } in documents {
        let (metadata, kind) = match content {
            Content::Slo(whole) => (&whole.metadata, "SLO"),
            Content::Sli(whole) => (&whole.metadata, "SLI"),
            Content::Service(whole) => (&whole.metadata, "Service"),
            Content::DataSource(whole) => (&whole.metadata, "DataSource"),
            Content::Sloth(_) => continue,
        };
        let name = metadata.name.as_str();
        if !is_name(name) {
            let message = format!("name is {name:?}; expected {NAME_EXPECTED}");
            return Err(place.fault(&["metadata", "name"], message));
        }
        // SLOs of different services may have one name; their objectives are compared.
        if kind != "SLO" && !names.insert((kind, name)) {
            let message = format!("a second {kind} is called {name:?}");
            return Err(place.fault(&["metadata", "name"], message));
        }
        match content {
            Content::Service(_) => {
                shared.services.insert(name);
            }
            Content::DataSource(source) => {
                shared.sources.insert(name, source::address(place, source)?);
            }
            _ => {}
        }
    }
    // Sources may stand after what refers to them.
    for Document { place, content } in documents {
        if let Content::Sli(sli) = content {
            let found = Found {
                place,
                path: &["spec"],
                spec: &sli.spec,
            };
            let measured = found.measured(&shared.sources)?;
            shared
                .indicators
                .insert(sli.metadata.name.as_str(), measured);
        }
    }
    Ok(shared)
}

fn of_slo(
    place: &Place,
    slo: &Whole<SloSpec>,
    shared: &Shared<'_>,
) -> Result<Vec<Objective>, Fault> {
    let spec = &slo.spec;
    if !is_name(&spec.service) {
        let message = format!("service is {:?}; expected {NAME_EXPECTED}", spec.service);
        return Err(place.fault(&["spec", "service"], message));
    }
    if spec
        .alert_policies
        .as_ref()
        .is_some_and(|policies| !policies.is_empty())
    {
        let message = "alertPolicies cannot be honoured: alerts are generated from the objectives by \
                       `proofmark build`; expected it to be absent";
        return Err(place.fault(&["spec", "alertPolicies"], message));
    }
    let count = spec.objectives.len();
    if !(1..=ENTRIES_MAX).contains(&count) {
        let message = format!("objectives has {count} entries; expected 1 to {ENTRIES_MAX}");
        return Err(place.fault(&["spec", "objectives"], message));
    }
    let period = period::period(place, &spec.time_window)?;
    let indexes: Vec<String> = (0..count).map(|index| index.to_string()).collect();
    let entries = indexes.iter().zip(&spec.objectives);
    let entries: Vec<At<'_>> = entries
        .map(|(index, entry)| At {
            place,
            index,
            entry,
        })
        .collect();
    // An SLO without indicator of its own has them in its parts, and is refused for that.
    entries.iter().try_for_each(At::single)?;
    let Measured { measure, source } = measured(place, spec, shared)?;
    let names = entry::names(&slo.metadata.name, &spec.objectives);
    let display_name = slo
        .metadata
        .display_name
        .as_ref()
        .unwrap_or(&slo.metadata.name);
    let objective = |(at, name): (&At<'_>, String)| {
        let part = at.entry.display_name.as_ref().filter(|_| count > 1);
        let display_name = match part {
            Some(part) => format!("{display_name}: {part}"),
            None if count > 1 => name.clone(),
            None => display_name.clone(),
        };
        let line = if count > 1 {
            place.line_of(&["spec", "objectives", at.index])
        } else {
            place.first_line
        };
        Ok(Objective {
            name,
            display_name,
            description: one_line(&spec.description),
            service: spec.service.clone(),
            target: at.target()?,
            window: period.longest,
            window_text: window::text(period.longest),
            calendar: period.calendar.clone(),
            method: at.method(spec, &measure, &period)?,
            indicator: at.indicator(&measure)?,
            source: source.clone(),
            file: place.file.clone(),
            line,
        })
    };
    entries.iter().zip(names).map(objective).collect()
}

fn measured(place: &Place, spec: &SloSpec, shared: &Shared<'_>) -> Result<Measured, Fault> {
    match (&spec.indicator, &spec.indicator_ref) {
        (Some(inline), None) => {
            let spec: &SliSpec = &inline.spec;
            let path = &["spec", "indicator", "spec"];
            Found { place, path, spec }.measured(&shared.sources)
        }
        (None, Some(name)) => match shared.indicators.get(name.as_str()) {
            Some(measured) => Ok(measured.clone()),
            None => {
                let message =
                    format!("there is no SLI called {name:?} among the files of this load");
                Err(place.fault(&["spec", "indicatorRef"], message))
            }
        },
        _ => Err(place.fault(&["spec"], "expected either indicator or indicatorRef")),
    }
}

pub(crate) const NAME_EXPECTED: &str =
    "lower-case letters, digits and hyphens, at most 63 (RFC 1123)";

pub(crate) fn is_name(name: &str) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (1..=63).contains(&name.len())
        && name.chars().all(inner)
        && !name.starts_with('-')
        && !name.ends_with('-')
}

/// A description as one line.
pub(crate) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
