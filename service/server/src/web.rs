//! HTTP as its callers see it: routes, parameters, answers, problems.

mod problem;
mod query;
mod card;
mod members;
mod json;
mod chart;
mod graph;
mod body;
mod conditional;
mod accept;
mod patience;
mod apology;
mod reply;
mod gallery;
mod routes;
mod public;
mod admin;

pub(crate) use admin::{Admin, Readiness};
pub(crate) use apology::spare;
pub(crate) use problem::Problem;
pub(crate) use public::Public;
pub(crate) use query::{check_text, each_parameter, shown};
