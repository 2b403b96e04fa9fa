//! The service over real HTTP, with a real Redis where it matters.

#![allow(
    clippy::unwrap_used,
    reason = "a test that panics is a test that fails"
)]

mod desk;
mod answers;
mod refusals;
mod silence;
mod crowds;
mod flights;
mod redis;
mod draining;
mod telemetry;
mod starting;
mod source;
mod signed;
