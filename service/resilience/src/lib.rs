//! State machines that keep a service standing: circuit breaker, waiting line, deadline.
//!
//! Each is plain data that is given the time, and chance where it needs any. There is no clock, no
//! random source, no lock and no task here: a shell puts a lock around a machine and asks it.
//!
//! Start at [`Breaker`]; [`WaitingLine`] admits work by its predicted cost, and what waits in it
//! expires at its [`Deadline`].
//!
//! ```
//! use std::time::{Duration, Instant};
//! use resilience::{Breaker, Class, Policy};
//!
//! let cooldown = Duration::from_secs(30);
//! let mut breaker = Breaker::new(Policy { failures_max: 1, cooldown, jitter_ratio: 0.0 });
//! let now = Instant::now();
//! let pass = breaker.admit(now)?;
//! breaker.record(pass, Class::Failure, now, 0.0);
//! assert_eq!(breaker.admit(now).unwrap_err().retry_after, cooldown);
//! # Ok::<(), resilience::Refused>(())
//! ```

mod breaker;
mod deadline;
mod waiting_line;

pub use breaker::{Breaker, Circuit, Class, Pass, Policy, Refused};
pub use deadline::Deadline;
pub use waiting_line::{Begun, Bound, Full, LineBounds, Load, Taken, WaitingLine};
