//! The command line: one verb for each part.

use clap::{Parser, Subcommand};
use outcome::{Failure, Outcome};

use crate::interrupt::until_interrupted;
use crate::{build, child, rehearse};

/// Proves a release before it ships.
///
/// Exit codes: 0 held, 1 missed, 2 misused, 3 inconclusive, 70 broken, 130 interrupted.
#[derive(Debug, Parser)]
#[command(name = "proofmark", version, max_term_width = 80)]
pub(crate) struct Harness {
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Start the rendering service; print its addresses when it is ready.
    Serve(server::Args),
    /// Run the whole line on loopback: stack, load, faults, gate, report.
    Rehearse(rehearse::Args),
    /// Send the load of a plan to a service and hold it against thresholds.
    Load(loadtests::Args),
    /// Run or check experiments: steady state, staged faults, the way back.
    Chaos(chaos::Args),
    /// Run the embedded Toxiproxy server by itself.
    Toxiproxy(chaos::toxiproxy::Args),
    /// Judge a release by its objectives before it ships.
    Gate(Box<slo::gate::Args>),
    /// Check objectives.
    Slo(slo::check::Args),
    /// Write rules, alerts, routing and dashboards from objectives and signals.
    Build(build::Args),
    /// Make a signed URL, a key, or check a signature.
    Sign(server::sign::Args),
    /// Receive alerts, keep them, list them.
    Desk(desk::Args),
    /// Become another program that dies with its parent (used by `rehearse`).
    #[command(hide = true)]
    Child(child::Args),
}

/// Runs one verb.
pub(crate) async fn dispatch(verb: Verb) -> Result<Outcome, Failure> {
    match verb {
        Verb::Serve(args) => server::run(args).await,
        Verb::Rehearse(args) => rehearse::run(args).await,
        Verb::Load(args) => loadtests::run(args).await,
        Verb::Chaos(args) => chaos::run(args).await,
        Verb::Toxiproxy(args) => chaos::toxiproxy::run(args).await,
        Verb::Gate(args) => until_interrupted(slo::gate::run(*args)).await,
        Verb::Slo(args) => slo::check::run(args).await,
        Verb::Build(args) => build::run(&args),
        Verb::Sign(args) => server::sign::run(args),
        Verb::Desk(args) => desk::run(args).await,
        Verb::Child(args) => child::become_child(&args),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        Harness::command().debug_assert();
    }

    #[test]
    fn the_verbs_are_those_of_the_contract() {
        let command = Harness::command();
        let verbs: Vec<&str> = command
            .get_subcommands()
            .filter(|verb| !verb.is_hide_set())
            .map(|verb| verb.get_name())
            .collect();
        assert_eq!(
            verbs,
            [
                "serve",
                "rehearse",
                "load",
                "chaos",
                "toxiproxy",
                "gate",
                "slo",
                "build",
                "sign",
                "desk"
            ]
        );
    }
}
