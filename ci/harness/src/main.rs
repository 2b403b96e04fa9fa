//! `proofmark`: proves a release before it ships.
//!
//! This binary only composes: each part of the workspace offers its arguments and a `run`, and all
//! of them end in an [`outcome::Outcome`], whose exit code scripts rely on. What is written here is
//! what needs all parts at once: [`rehearse`] runs the whole line and [`build`] writes the files
//! that follow from the objectives and the signals.

mod cli;
mod child;
mod descriptors;
mod build;
mod interrupt;
mod say;
mod progress;
mod rehearse;
mod report;

use std::process::ExitCode;

use clap::Parser;
use outcome::{Failure, OrFail, Outcome};

use cli::{Harness, Verb};

fn main() -> ExitCode {
    let found = match Harness::parse().verb {
        Verb::Child(args) => child::become_child(&args),
        verb => run(verb),
    };
    let outcome = found.unwrap_or_else(|failure| {
        eprintln!("proofmark: {failure}");
        failure.outcome()
    });
    ExitCode::from(outcome.exit_code())
}

/// Runs a verb to its end; a panic anywhere below is a bug and ends in exit code 70.
fn run(verb: Verb) -> Result<Outcome, Failure> {
    descriptors::raise_limit();
    let runtime = tokio::runtime::Runtime::new().or_broken("cannot start the async runtime")?;
    let guarded = std::panic::AssertUnwindSafe(|| runtime.block_on(cli::dispatch(verb)));
    let found = std::panic::catch_unwind(guarded);
    // A blocking call that hangs must not keep a finished command alive.
    runtime.shutdown_timeout(std::time::Duration::from_secs(2));
    found.unwrap_or_else(|_| Err(Failure::broken("a bug: the command panicked (see above)")))
}
