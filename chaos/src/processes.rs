//! Processes that can be paused, killed and restarted: those of a rehearsal, through whoever started
//! them.
//!
//! Whoever started some processes implements [`Keeper`] and offers it with [`serve`]; a run of
//! experiments calls it. Every act is leased: when nobody renews it, it is undone. The API is JSON
//! over HTTP on loopback:
//!
//! | call | answer |
//! | --- | --- |
//! | `GET /processes` | 200, a list of `{"name","act","holder","expires_in_seconds"}`; the last three are null for a process that runs as it was started |
//! | `POST /processes/NAME/pause`, `/kill`, `/restart` with `{"holder","lease_seconds"}` | 200 when it is done; the same act of the same holder again renews its lease |
//! | `POST /processes/NAME/undo`, perhaps with `{"holder"}` | 200 when the process is as it was |
//!
//! What is refused is `{"error","status"}`: 400 for a body that makes no sense, 404 for a process
//! that is not there, 409 for one that another holder or another act has, 500 for an act that
//! failed, 503 when an act is still on its way.

mod act;
mod table;
mod server;
mod calls;

pub use act::Act;
pub(crate) use calls::{ProcessError, Processes};
pub use server::serve;
pub use table::Keeper;

#[cfg(test)]
mod tests;
