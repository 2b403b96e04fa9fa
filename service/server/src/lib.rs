//! The rendering service: pictures over HTTP, with caches, limits and telemetry.
//!
//! Everything that decides is elsewhere: `render` draws, `resilience` judges dependencies, `signals`
//! names what is recorded. This crate is the shell: it owns sockets, threads, clocks and the
//! configuration. TLS is left to the proxy in front, and HTTP/2 with it.
//!
//! Start at [`run`], which is `proofmark serve`; [`start`] is the same inside a test:
//!
//! ```
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! let settings = ["http.listen=127.0.0.1:0", "http.admin=127.0.0.1:0", "fonts.fallback="];
//! let config = server::Config::with(&settings)?;
//! let server = server::start(config).await?;
//! assert_ne!(server.public.port(), 0);
//! server.shutdown().await;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # }).unwrap();
//! ```
//!
//! A request's way: `listener` accepts, `web` parses and answers, `pictures` finds or draws,
//! `telemetry` records. What fetches or queries needs a signed URL: [`Keyring`] checks it and [`sign`]
//! makes it.

mod command;
mod config;
mod clock;
mod percent;
mod signature;
mod server;
mod listener;
mod web;
mod fault;
mod pictures;
mod upstream;
mod source;
mod telemetry;
pub mod sign;

pub use command::{Args, run};
pub use config::{Config, ConfigError};
pub use server::{Drained, Server, start};
pub use signature::{
    KeyError, Keyring, KeyringError, SignError, SignatureError, Signed, Unsigned, is_needed,
};
