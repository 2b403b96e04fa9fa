//! `proofmark chaos run` and `proofmark chaos check`.

mod brought;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use meter::{Exposition, Meter};
use outcome::{Failure, OrFail, Outcome, check_target};
use signals::CHAOS_FAULT_ACTIVE;
use tokio_util::sync::CancellationToken;

use crate::client::{ProxyWanted, Toxiproxy, keep_calls_direct};
use crate::experiment::model::Stage;
use crate::experiment::{Around, Experiment, Plan};
use crate::interrupt::Interrupt;
use crate::lease::guard;
use crate::runner::{self, Observer, Tools, caught};
use crate::say::say;
use crate::toxiproxy::{Token, ToxiproxyChild, read_token};

/// Experiments of one call.
const FILES_MAX: usize = 64;

/// Time between two readings of the probes.
const PACE: Duration = Duration::from_millis(500);

/// Columns of a line for people.
const COLUMNS_MAX: usize = 80;

/// Port of Toxiproxy's API.
const EMBEDDED_LISTEN: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 8474);

/// Arguments of `proofmark chaos`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

/// What to do with experiments.
#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Run experiments one after the other; every fault is taken away at the end.
    Run(RunArgs),
    /// Check experiments without running them.
    Check {
        /// Experiment files.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// OpenSLO files or folders with the objectives that the files name.
        #[arg(long, value_name = "PATH", num_args = 1..)]
        slo: Vec<PathBuf>,
        /// A host that is not loopback and may all the same be aimed at.
        #[arg(long, value_name = "HOST")]
        allow_remote: Vec<String>,
    },
    /// Undo the faults of a run that ends without doing so; `run` starts it.
    #[command(hide = true)]
    Guard,
}

/// Arguments of `proofmark chaos run`.
#[derive(Debug, clap::Args)]
struct RunArgs {
    /// Experiment files.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// OpenSLO files or folders with the objectives that the files name.
    #[arg(long, value_name = "PATH", num_args = 1..)]
    slo: Vec<PathBuf>,
    /// A running Toxiproxy, 2.1 or later; without it one is started, on 127.0.0.1:8474, that ends
    /// with this process, even when that is killed: its proxies then refuse connections. Proxies
    /// that the files name are made if they are not there, and removed at the end.
    #[arg(long, value_name = "ADDR")]
    toxiproxy: Option<String>,
    /// File with the token that the Toxiproxy wants to be sent.
    #[arg(long, value_name = "FILE", requires = "toxiproxy")]
    toxiproxy_token_file: Option<PathBuf>,
    /// Prometheus that scrapes the service.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:9090")]
    prometheus: String,
    /// The service that must bear the faults.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    service: String,
    /// Folder for the journals, one `<name>.journal.json` for each file.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Offer the metric of active faults on this address.
    #[arg(long, value_name = "ADDR")]
    metrics: Option<SocketAddr>,
    /// Multiplies how long each fault is held, 0.1 to 10.
    #[arg(long, default_value_t = 1.0)]
    scale: f64,
    /// A host that is not loopback and may all the same be aimed at.
    #[arg(long, value_name = "HOST")]
    allow_remote: Vec<String>,
}

/// Runs or checks experiments. The worst of their outcomes counts.
///
/// # Errors
/// [`Failure::misused`] for a file or an argument that makes no sense, before anything is touched;
/// [`Failure::broken`] when there is no Toxiproxy, a journal cannot be written, or a proxy that was
/// made cannot be removed; [`Failure::interrupted`] for a signal before anything is changed.
pub async fn run(args: Args) -> Result<Outcome, Failure> {
    match args.verb {
        Verb::Run(args) => run_all(&args).await,
        Verb::Check {
            files,
            slo,
            allow_remote,
        } => check_all(&files, &slo, &allow_remote),
        Verb::Guard => guard::run().await,
    }
}

/// Reads all files, so that whatever is wrong with any of them is said at once.
fn read_all(files: &[PathBuf], slo: &[PathBuf], allowed: &[String]) -> Result<Vec<Plan>, Failure> {
    if files.len() > FILES_MAX {
        let count = files.len();
        return Err(Failure::misused(format!(
            "{count} files, expected at most {FILES_MAX}"
        )));
    }
    let objectives = if slo.is_empty() {
        Vec::new()
    } else {
        slo::load(slo)?
    };
    let around = Around {
        allowed,
        objectives: &objectives,
    };
    let (mut plans, mut wrong) = (Vec::<Plan>::new(), Vec::new());
    for file in files {
        match Plan::read(file, around) {
            Ok(plan) if plans.iter().any(|other| other.name == plan.name) => wrong.push(format!(
                "{}: another file is called {} too, expected names that tell journals apart",
                file.display(),
                plan.name
            )),
            Ok(plan) => plans.push(plan),
            Err(failure) => wrong.push(failure.to_string()),
        }
    }
    if wrong.is_empty() {
        return Ok(plans);
    }
    Err(Failure::misused(wrong.join("\n")))
}

fn check_all(files: &[PathBuf], slo: &[PathBuf], allowed: &[String]) -> Result<Outcome, Failure> {
    let plans = read_all(files, slo, allowed)?;
    brought::all(&plans)?;
    for (file, plan) in files.iter().zip(plans) {
        let stages = plan.stages.len();
        let longest: Duration = plan.stages.iter().map(Stage::broken_at_most).sum();
        say(&format!(
            "{}: in order: {}, {stages} stages, {} s of faults at most",
            file.display(),
            plan.title,
            longest.as_secs_f64()
        ));
    }
    Ok(Outcome::Held)
}

async fn run_all(args: &RunArgs) -> Result<Outcome, Failure> {
    let stop = stop_on_signal()?;
    if !(0.1..=10.0).contains(&args.scale) {
        return Err(Failure::misused(format!(
            "--scale is {}, expected 0.1 to 10",
            args.scale
        )));
    }
    let plans = read_all(&args.files, &args.slo, &args.allow_remote)?;
    let proxies = brought::all(&plans)?;
    let experiments: Vec<Experiment> = plans
        .into_iter()
        .map(Experiment::of)
        .collect::<Result<_, _>>()?;
    check_target(&host_of(&args.service)?, &args.allow_remote)?;
    let observer = Observer::new(&args.prometheus, &args.service)?;
    let address = unless_stopped(&stop, toxiproxy_address(args, &proxies)).await?;
    // Nothing may have been started yet: it may replace this process.
    keep_calls_direct(address.ip())?;
    let token = args.toxiproxy_token_file.as_deref();
    let token = token.map(read_token).transpose()?;
    make_folder(args.out.as_deref())?;
    let meter = Arc::new(Meter::new(&[CHAOS_FAULT_ACTIVE.metric()]));
    let exposition = offer_metrics(args, &meter).await?;
    let embedded = embedded(args).await?;
    let tools = Tools {
        toxiproxy: unless_stopped(&stop, connect(address, token.as_ref())).await?,
        observer,
        meter,
        scale: args.scale,
        pace: PACE,
        say: Box::new(|line| say(&wrapped(line))),
    };
    // From here on a signal stops the experiments, and nothing that undoes what was made.
    let made = brought::make(&tools.toxiproxy, &proxies).await?;
    let ran = caught(each(&experiments, &tools, &stop, args.out.as_deref())).await;
    let removed = brought::remove(&tools.toxiproxy, &made).await;
    drop((exposition, embedded));
    let worst = ran.unwrap_or_else(|_| Err(Failure::broken("a bug: the runner panicked")))?;
    removed.map(|()| worst)
}

/// Waits for something that may be given up, unless a signal comes first.
async fn unless_stopped<T>(
    stop: &CancellationToken,
    future: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    tokio::select! {
        biased;
        () = stop.cancelled() => {
            Err(Failure::interrupted("stopped by a signal before anything was changed"))
        }
        output = future => output,
    }
}

fn make_folder(out: Option<&Path>) -> Result<(), Failure> {
    let Some(folder) = out else { return Ok(()) };
    let sentence = || format!("cannot make {}", folder.display());
    std::fs::create_dir_all(folder).or_broken(sentence())
}

async fn each(
    experiments: &[Experiment],
    tools: &Tools,
    stop: &CancellationToken,
    out: Option<&Path>,
) -> Result<Outcome, Failure> {
    let mut worst = Outcome::Held;
    for experiment in experiments {
        let journal = runner::run(experiment, tools, stop).await;
        if let Some(folder) = out {
            journal.write(folder)?;
        }
        worst = worst.worst(journal.outcome());
        // After these the next experiment would not start from a known state.
        if matches!(worst, Outcome::Broken | Outcome::Interrupted) {
            break;
        }
    }
    Ok(worst)
}

async fn offer_metrics(args: &RunArgs, meter: &Arc<Meter>) -> Result<Option<Exposition>, Failure> {
    let Some(address) = args.metrics else {
        return Ok(None);
    };
    check_target(&address.ip().to_string(), &args.allow_remote)?;
    let exposition = meter::serve(Arc::clone(meter), address).await?;
    say(&format!("metrics http://{}/metrics", exposition.address));
    Ok(Some(exposition))
}

async fn toxiproxy_address(args: &RunArgs, proxies: &[ProxyWanted]) -> Result<SocketAddr, Failure> {
    match &args.toxiproxy {
        Some(text) => resolve(text, &args.allow_remote).await,
        None if proxies.is_empty() => Err(Failure::misused(
            "no file names a proxy, expected proxies in its extension or --toxiproxy ADDR",
        )),
        None => Ok(EMBEDDED_LISTEN),
    }
}

async fn embedded(args: &RunArgs) -> Result<Option<ToxiproxyChild>, Failure> {
    if args.toxiproxy.is_some() {
        return Ok(None);
    }
    let child = ToxiproxyChild::start(EMBEDDED_LISTEN, &args.allow_remote).await?;
    Ok(Some(child))
}

async fn connect(address: SocketAddr, token: Option<&Token>) -> Result<Toxiproxy, Failure> {
    Ok(match token {
        Some(_) => Toxiproxy::connect_plainly(address, token).await?,
        None => Toxiproxy::connect(address).await?,
    })
}

async fn resolve(text: &str, allowed: &[String]) -> Result<SocketAddr, Failure> {
    let bare = text.trim_start_matches("http://").trim_end_matches('/');
    let wrong = || format!("--toxiproxy is {text:?}, expected HOST:PORT");
    let (host, port) = bare
        .rsplit_once(':')
        .ok_or_else(|| Failure::misused(wrong()))?;
    port.parse::<u16>().or_misused(wrong())?;
    check_target(host, allowed)?;
    let mut found = tokio::net::lookup_host(bare).await.or_misused(wrong())?;
    found.next().ok_or_else(|| Failure::misused(wrong()))
}

fn host_of(url: &str) -> Result<String, Failure> {
    let wrong = || format!("--service is {url:?}, expected http://HOST:PORT");
    let parsed = reqwest::Url::parse(url).or_misused(wrong())?;
    parsed
        .host_str()
        .map(str::to_owned)
        .ok_or_else(|| Failure::misused(wrong()))
}

/// A token that is cancelled by the first SIGINT, SIGTERM or SIGHUP; further ones change nothing.
fn stop_on_signal() -> Result<CancellationToken, Failure> {
    let mut interrupt = Interrupt::listen()?;
    let stop = CancellationToken::new();
    let stopping = stop.clone();
    tokio::spawn(async move {
        interrupt.wait().await;
        stopping.cancel();
        loop {
            interrupt.wait().await;
        }
    });
    Ok(stop)
}

/// Text in lines that fit a terminal; further lines are indented.
fn wrapped(text: &str) -> String {
    let mut lines = String::new();
    let mut columns = 0;
    for word in text.split_whitespace() {
        let clean: String = word
            .chars()
            .filter(|character| !character.is_control())
            .collect();
        let length = clean.chars().count();
        if columns > 0 && columns + 1 + length > COLUMNS_MAX {
            lines.push_str("\n   ");
            columns = 3;
        }
        if columns > 0 {
            lines.push(' ');
            columns += 1;
        }
        lines.push_str(&clean);
        columns += length;
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_for_people_fits_a_terminal() {
        let text = "redis-slow: before: service-answers 200, requests-per-second 17.963, \
                    share-of-server-errors 0, p95-seconds 0.002";
        insta::assert_snapshot!(wrapped(text), @r"
        redis-slow: before: service-answers 200, requests-per-second 17.963,
            share-of-server-errors 0, p95-seconds 0.002
        ");
        assert!(
            wrapped(&"word ".repeat(100))
                .lines()
                .all(|line| line.len() <= COLUMNS_MAX)
        );
    }

    #[tokio::test]
    async fn only_loopback_is_aimed_at_unless_a_host_is_named() {
        let allowed = ["127.0.0.1:8474", "http://localhost:8474/"];
        for text in allowed {
            assert!(resolve(text, &[]).await.is_ok(), "{text}");
        }
        for text in ["192.0.2.1:8474", "8474", "localhost", "localhost:x", ""] {
            let failure = resolve(text, &[]).await.unwrap_err();
            assert_eq!(failure.outcome(), Outcome::Misused, "{text}");
        }
        assert!(
            resolve("192.0.2.1:8474", &["192.0.2.1".to_owned()])
                .await
                .is_ok()
        );
    }
}
