//! HTTP as its callers see it: routes, parameters, answers, problems.

mod problem;
mod query;
mod card;
mod members;
mod chart;
mod body;
mod conditional;
mod reply;
mod gallery;
mod public;
mod admin;

pub(crate) use admin::{Admin, Readiness};
pub(crate) use problem::Problem;
pub(crate) use public::Public;
pub(crate) use query::{check_text, each_parameter, shown};
