//! OpenSLO v1 as far as it is understood, from text to [`Objective`](crate::Objective)s.
//!
//! Kinds SLO, SLI and Service are read. Everything else, and every field that is not understood,
//! is refused with its line: an objective of which a part is silently left out would be judged
//! wrongly.

mod schema;
mod locate;
mod document;
mod resolve;

pub(crate) use document::read;
pub(crate) use resolve::objectives;

#[cfg(test)]
mod tests;
