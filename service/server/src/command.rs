//! `proofmark serve`: the service as a process.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use outcome::{Failure, OrFail, Outcome};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::Config;

/// Arguments of `serve`.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// TOML file with what differs from the defaults.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where pictures are asked for; port 0 takes a free one [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
    /// Where /livez, /readyz, /metrics and /version are [default: 127.0.0.1:8081]
    #[arg(long, value_name = "ADDR")]
    admin: Option<String>,
    /// One setting, such as redis.url=redis://127.0.0.1 (can be repeated).
    #[arg(long = "set", value_name = "KEY=VALUE")]
    settings: Vec<String>,
    /// Print every setting with its default and its meaning, and stop.
    #[arg(long)]
    show_defaults: bool,
}

/// Runs the service until it is told to stop, and then until every request is answered.
///
/// SIGTERM ends in [`Outcome::Held`], SIGINT in [`Outcome::Interrupted`]; a second signal ends it at
/// once.
///
/// # Errors
/// [`Failure::misused`] for a bad configuration or font, before any port is opened;
/// [`Failure::broken`] when a port is taken or standard output cannot be written.
pub async fn run(args: Args) -> Result<Outcome, Failure> {
    if args.show_defaults {
        say(io::stdout(), crate::config::BASE)?;
        return Ok(Outcome::Held);
    }
    let config = configuration(args)?;
    // Before the start, so that a signal in its midst is not lost.
    let mut stop = Stop::new()?;
    let server = crate::start(config).await?;
    let addresses = format!(
        "listening public http://{} admin http://{}\n",
        server.public, server.admin
    );
    say(io::stdout(), &addresses)?;
    let outcome = stop.wait().await;
    tokio::select! {
        _ = server.shutdown() => Ok(outcome),
        _ = stop.wait() => Ok(Outcome::Interrupted),
    }
}

/// Writes text for whoever started the process; `print!` would panic when they have gone.
pub(crate) fn say(mut out: impl Write, text: &str) -> Result<(), Failure> {
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .or_broken("cannot write to standard output")
}

fn configuration(args: Args) -> Result<Config, Failure> {
    let mut settings = args.settings;
    settings.extend(args.listen.map(|address| format!("http.listen={address}")));
    settings.extend(args.admin.map(|address| format!("http.admin={address}")));
    layered(args.config.as_deref(), &settings)
}

/// The configuration as a command line and the environment of this process say it.
pub(crate) fn layered(file: Option<&Path>, settings: &[String]) -> Result<Config, Failure> {
    let variables: Vec<(String, String)> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    Config::layered(file, &variables, settings).or_misused("configuration")
}

/// The signals that end the service.
struct Stop {
    terminate: Signal,
    interrupt: Signal,
}

impl Stop {
    fn new() -> Result<Self, Failure> {
        let listen = |kind| signal(kind).or_broken("cannot listen for signals");
        Ok(Self {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
        })
    }

    async fn wait(&mut self) -> Outcome {
        tokio::select! {
            _ = self.terminate.recv() => Outcome::Held,
            _ = self.interrupt.recv() => Outcome::Interrupted,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_standard_output_that_is_full_is_a_failure_and_no_panic() {
        let full = std::fs::File::options()
            .write(true)
            .open("/dev/full")
            .unwrap();
        let failure = say(full, "listening\n").unwrap_err();
        assert!(
            failure
                .to_string()
                .starts_with("cannot write to standard output"),
            "{failure}"
        );
        say(Vec::new(), "listening\n").unwrap();
    }
}
