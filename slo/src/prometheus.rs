//! Asks a Prometheus server, within bounds.
//!
//! Every way in which a server can fail to answer is a [`SourceError`] of its own, because the gate
//! tells people what to do about it. An answer is read whole, up to a maximum; redirects are not
//! followed; a proxy of the environment is not used for loopback.
//!
//! [`Client::exchange`] sends a question and gives the bytes of the answer, and a pure reader
//! ([`instant_of`], [`matrix_of`], [`samples_of`]) gives what they mean, so an answer that was kept
//! is read just as it was when it came. [`Access`] is how the client proves who asks; no secret in
//! it survives in those bytes.

mod error;
mod answer;
mod read;
mod asked;
mod secret;
mod access;
mod arguments;
mod connect;
mod retry;
mod client;

pub use access::Access;
pub use answer::{Answer, Labels, Matrix, Sample, Series};
pub use arguments::AccessArgs;
pub use asked::{Asked, Exchange};
pub use client::{ANSWER_SIZE_BYTES_MAX, Client};
pub use error::{Part, SourceError};
pub use read::{
    NAMES_MAX, POINTS_MAX, SAMPLES_MAX, SERIES_MAX, instant_of, matrix_of, names_of, samples_of,
    version_of,
};
