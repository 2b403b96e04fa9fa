//! The service over real HTTP, with a real Redis where it matters.

mod desk;
mod answers;
mod refusals;
mod silence;
mod flights;
mod redis;
mod draining;
mod telemetry;
mod starting;
