//! Asks a Prometheus server, within bounds.
//!
//! Every way in which a server can fail to answer is a [`SourceError`] of its own, because the gate
//! tells people what to do about it. An answer is read whole, up to a maximum; redirects are not
//! followed; a proxy of the environment is not used for loopback.

mod error;
mod answer;
mod client;

pub use answer::{Answer, Labels, Matrix, Sample, Series};
pub use client::{ANSWER_SIZE_BYTES_MAX, Asked, Client, Exchange, instant_of, matrix_of};
pub use error::SourceError;
