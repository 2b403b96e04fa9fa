//! OpenSLO v1, from text to [`Objective`](crate::Objective)s; files of Sloth stand beside it.
//!
//! Everything that concerns objectives is read: SLO, SLI, Service and DataSource. What is not (alert
//! policies, composite SLOs, sources that are no Prometheus) and every field that is not understood
//! is refused with its line: an objective of which a part is silently left out would be judged
//! wrongly.
//!
//! Source: the OpenSLO specification, version 1 (<https://github.com/OpenSLO/OpenSLO>).

mod schema;
mod locate;
mod bounds;
mod document;
mod source;
mod indicator;
mod period;
mod entry;
mod resolve;

pub(crate) use document::{Fault, Place, read};
pub(crate) use entry::ENTRIES_MAX;
pub(crate) use resolve::{NAME_EXPECTED, is_name, objectives, one_line, remarks};

#[cfg(test)]
mod tests;
