//! The client against real sockets: odd answers, further tries, secrets, TLS.

#![expect(
    clippy::unwrap_used,
    reason = "a helper of a test may panic as a test does"
)]

mod wire;
mod answers;
mod retries;
mod secrets;
mod tls;
