//! What a command found out, as an exit code that scripts can rely on.
//!
//! Every part of Proofmark ends in an [`Outcome`] or in a [`Failure`], which is an outcome with the
//! sentence that explains it. [`check_target`] is the one place that decides which hosts may be sent
//! load or faults. There is no clock and no I/O here.
//!
//! ```
//! use outcome::Outcome;
//!
//! let of_all = Outcome::Held.worst(Outcome::Inconclusive).worst(Outcome::Missed);
//! assert_eq!(of_all, Outcome::Missed);
//! assert_eq!(of_all.exit_code(), 1);
//! ```

mod verdict;
mod failure;
mod target;

pub use failure::{Failure, OrFail};
pub use target::check_target;
pub use verdict::Outcome;
