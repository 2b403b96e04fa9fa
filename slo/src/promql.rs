//! PromQL: parsing it, resolving it against the catalog of signals, and writing it anew.
//!
//! A query that names what nobody records does not fail: it answers nothing, so a panel stays
//! blank and an alert silent. [`check`] finds that before anyone depends on it. Prometheus itself
//! is older than the parser, so rules are checked by promtool as well.

mod syntax;
mod template;
mod rewrite;
mod catalog;
mod labels;
mod pattern;
mod resolve;
mod problem;

pub use catalog::Catalog;
pub(crate) use catalog::Kind;
pub(crate) use labels::name_of;
pub(crate) use pattern::literal;
pub(crate) use problem::NOBODY;
pub use problem::Problem;
pub use resolve::check;
pub use rewrite::{selectors, with_matchers};
pub(crate) use syntax::children;
pub use syntax::{QUERY_SIZE_BYTES_MAX, parse};
pub use template::{fill_templates, fill_window, has_window};
