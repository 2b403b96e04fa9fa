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
use crate::experiment::{Around, Plan};
use crate::interrupt::Interrupt;
use crate::lease::guard;
use crate::processes::Processes;
use crate::report;
use crate::runner::{self, Observer, Tools, caught};
use crate::say::say;
use crate::show::Screen;
use crate::telemetry::Telemetry;
use crate::toxiproxy::{Token, ToxiproxyChild, read_token};

/// Experiments of one call.
const FILES_MAX: usize = 64;

/// Time between two readings of the probes.
const PACE: Duration = Duration::from_secs(1);

/// Shortest and longest lease.
const LEASE_MIN: Duration = Duration::from_secs(3);
const LEASE_MAX: Duration = Duration::from_secs(600);

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
    Run(Box<RunArgs>),
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
    /// The keeper of processes that a rehearsal offers; needed where a process is paused or killed.
    #[arg(long, value_name = "URL")]
    processes: Option<String>,
    /// How long a fault may outlive this process, 3s to 10m; it is renewed every third of that.
    #[arg(long, value_name = "DURATION", default_value = "60s", value_parser = lease)]
    lease: Duration,
    /// Collector of spans and log records, such as http://127.0.0.1:4318, by OTLP over HTTP.
    #[arg(long, value_name = "URL", env = "OTEL_EXPORTER_OTLP_ENDPOINT")]
    otlp: Option<String>,
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
        let longest: Duration = plan
            .stages
            .iter()
            .map(|stage| stage.broken_at_most(1.0))
            .sum();
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
    check_scale(&plans, args.scale)?;
    let proxies = brought::all(&plans)?;
    check_target(&host_of("--service", &args.service)?, &args.allow_remote)?;
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
        processes: unless_stopped(&stop, processes(args)).await?,
        observer: Arc::new(observer),
        meter,
        telemetry: Telemetry::new(args.otlp.as_deref())?,
        scale: args.scale,
        pace: PACE,
        lease: args.lease,
        holder: holder(),
        show: Box::new(Screen::of_stdout()),
    };
    // From here on a signal stops the experiments, and nothing that undoes what was made.
    let made = brought::make(&tools.toxiproxy, &proxies).await?;
    let ran = caught(each(&plans, &tools, &stop, args.out.as_deref())).await;
    let removed = brought::remove(&tools.toxiproxy, &made).await;
    close(&tools).await;
    drop((exposition, embedded));
    let worst = ran.unwrap_or_else(|_| Err(Failure::broken("a bug: the runner panicked")))?;
    removed.map(|()| worst)
}

/// Stretched holds must stay within what each file allows.
fn check_scale(plans: &[Plan], scale: f64) -> Result<(), Failure> {
    for plan in plans {
        let longest: Duration = plan
            .stages
            .iter()
            .map(|stage| stage.broken_at_most(scale))
            .sum();
        let allowed = plan.blast_radius.as_ref().map(|radius| radius.duration);
        if let Some(allowed) = allowed.filter(|allowed| longest > *allowed) {
            return Err(Failure::misused(format!(
                "--scale {scale} breaks things for up to {} s in {}, expected at most {} s, as its blast radius says",
                longest.as_secs_f64(),
                plan.name,
                allowed.as_secs_f64()
            )));
        }
    }
    Ok(())
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
    plans: &[Plan],
    tools: &Tools,
    stop: &CancellationToken,
    out: Option<&Path>,
) -> Result<Outcome, Failure> {
    let mut worst = Outcome::Held;
    for plan in plans {
        if let Some(folder) = out {
            tools.telemetry.log_to(folder, &plan.name)?;
        }
        let journal = runner::run(plan, tools, stop).await;
        if let Some(folder) = out {
            journal.write(folder)?;
            report::write(&journal, folder)?;
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

/// Finds the keeper of processes, which must be on this machine or named.
async fn processes(args: &RunArgs) -> Result<Option<Processes>, Failure> {
    let Some(url) = &args.processes else {
        return Ok(None);
    };
    check_target(&host_of("--processes", url)?, &args.allow_remote)?;
    let sentence = "the processes are not under control";
    Processes::connect(url).await.map(Some).or_broken(sentence)
}

/// Whom the leases of this process belong to.
fn holder() -> String {
    let unique: u32 = rand::random();
    format!("proofmark-{}-{unique:08x}", std::process::id())
}

/// Sends the last spans, without holding up anything else.
async fn close(tools: &Tools) {
    tokio::task::block_in_place(|| tools.telemetry.close());
}

/// A lease, from text such as `60s`.
fn lease(text: &str) -> Result<Duration, String> {
    let lease = humantime_serde::re::humantime::parse_duration(text);
    let lease = lease.map_err(|error| error.to_string())?;
    let is_whole = lease.subsec_nanos() == 0;
    if is_whole && (LEASE_MIN..=LEASE_MAX).contains(&lease) {
        return Ok(lease);
    }
    Err("expected whole seconds from 3s to 10m".to_owned())
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

fn host_of(argument: &str, url: &str) -> Result<String, Failure> {
    let wrong = || format!("{argument} is {url:?}, expected http://HOST:PORT");
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

#[cfg(test)]
mod tests {
    use super::*;

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
