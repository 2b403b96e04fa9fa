//! How sure a verdict is.
//!
//! [`judge`] holds a count of bad events against a budget with a [`Bound`]: exact for one look, a
//! confidence sequence for as many looks as one likes. All of it is arithmetic.
//!
//! ```
//! use slo::statistics::{Bound, Proof, judge};
//!
//! // 99.9 % takes 2,995 clean requests, one fewer shows nothing yet.
//! let exact = Bound::Exact { level: 0.95 };
//! assert_eq!(judge(0.0, 2_995.0, 0.001, exact), Proof::Holds);
//! assert_eq!(judge(0.0, 2_994.0, 0.001, exact), Proof::Open { more_needed: Some(1) });
//! ```

mod binomial;
mod sequence;
mod bound;

pub use bound::{Bound, Proof, judge};
