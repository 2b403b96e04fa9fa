//! `proofmark load`: the shell around a load.

use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use goose::metrics::GooseMetrics;
use meter::{Exposition, Meter};
use outcome::{Failure, OrFail, Outcome, check_target};
use reqwest::Url;
use signals::{LOAD_RATE_WANTED, LOAD_REQUEST, LoadResult as Class, RequestName};
use tokio::sync::watch;

use crate::attack::{self, Load, Reports};
use crate::pace::Pace;
use crate::plan::Plan;
use crate::result::{K6Metrics, LoadResult, RequestResult, SCHEMA, Totals, per_second};
use crate::schedule::Schedule;
use crate::sender::Sender;
use crate::tally::Tally;
use crate::values::{Rate, Span};
use crate::verdict::{self, Evidence};
use crate::{interrupt, summary};

/// How long to wait for the first connection.
const REACH_TIMEOUT: Duration = Duration::from_secs(3);

/// Arguments of `proofmark load`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where to send the load, such as http://127.0.0.1:8080.
    #[arg(long, value_name = "URL")]
    target: String,
    /// The plan: requests, rate, thresholds.
    #[arg(long, value_name = "FILE")]
    plan: PathBuf,
    /// Folder for load.json and goose's reports; nothing is written without it.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// A host that is not loopback and may be loaded all the same; repeatable.
    #[arg(long, value_name = "HOST")]
    allow_remote: Vec<String>,
    /// Duration instead of the plan's, such as 30s.
    #[arg(long, value_name = "D")]
    duration: Option<Span>,
    /// Requests per second instead of the plan's.
    #[arg(long, value_name = "R")]
    rate: Option<Rate>,
    /// Offer /metrics here while the load runs; port 0 takes a free one.
    #[arg(long, value_name = "ADDR")]
    metrics: Option<SocketAddr>,
    /// How long /metrics stays after the load, so that the end is scraped.
    #[arg(long, value_name = "D", default_value = "2s")]
    linger: Span,
    /// Offer goose's live dashboard here, on loopback; port 0 takes a free one. Needs --out.
    #[arg(long, value_name = "ADDR")]
    dashboard: Option<SocketAddr>,
    /// Repeat the requests of an earlier run; load.json names its seed.
    #[arg(long, value_name = "N")]
    seed: Option<u32>,
}

/// Sends the load of a plan and holds it against its thresholds.
///
/// Held when every threshold and the rate held, missed when a threshold did not, inconclusive when
/// the rate was not kept, nothing was answered as expected, or the target could not be reached.
///
/// # Errors
/// A plan or target that cannot be used, a target that cannot be reached, a taken port, a folder
/// that cannot be written.
pub async fn run(args: Args) -> Result<Outcome, Failure> {
    let plan = read_plan(&args)?;
    let target = origin_of(&args.target)?;
    check_target(&host_of(&target)?, &args.allow_remote)?;
    if args.dashboard.is_some() && args.out.is_none() {
        return Err(Failure::misused(
            "--dashboard writes a report of its own: name a folder for it with --out",
        ));
    }
    let dashboard = args.dashboard.map(dashboard_address).transpose()?;
    let mut stop = interrupt::watched()?;
    tokio::select! {
        reached = reach(&target) => reached?,
        _ = stop.wait_for(|is_stopped| *is_stopped) => {
            return Err(Failure::interrupted("interrupted before the load began"));
        }
    }
    if let Some(folder) = &args.out {
        let sentence = format!("cannot create the folder {}", folder.display());
        std::fs::create_dir_all(folder).or_broken(sentence)?;
    }
    let meter = Arc::new(meter_of(&plan));
    let exposition = offer(&meter, &args, dashboard).await?;
    let seed = args.seed.unwrap_or_else(rand::random);
    let load = Arc::new(load(plan, &target, seed, meter, stop.clone())?);
    let reports = Reports {
        folder: args.out.clone(),
        dashboard,
    };
    let started_at = jiff::Timestamp::now();
    let metrics = attack::run(&load, &reports).await?;
    load.meter.set(&LOAD_RATE_WANTED, (), 0.0);
    let is_interrupted = *stop.borrow();
    let (outcome, result) = conclude(&load, &metrics, seed, started_at, is_interrupted);
    if let Some(folder) = &args.out {
        write_result(folder, &result)?;
    }
    say(&summary::of(&result));
    linger(exposition, args.linger.0, stop).await;
    Ok(outcome)
}

fn read_plan(args: &Args) -> Result<Plan, Failure> {
    let file = args.plan.display();
    let text =
        std::fs::read_to_string(&args.plan).or_misused(format!("cannot read the plan {file}"))?;
    Plan::parse(&text)
        .and_then(|plan| plan.with(args.rate, args.duration))
        .map_err(|error| Failure::misused(format!("{file}:{error}")))
}

fn origin_of(target: &str) -> Result<Url, Failure> {
    let refused = |why: &str| {
        Failure::misused(format!(
            "--target {target:?}: {why}; expected http://HOST:PORT"
        ))
    };
    let url: Url = target.parse().map_err(|_| refused("it is not a URL"))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
        return Err(refused("it is not HTTP"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(refused("it holds a user name or password"));
    }
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        return Err(refused("paths belong into the plan"));
    }
    Ok(url)
}

fn host_of(target: &Url) -> Result<String, Failure> {
    let host = target.host_str().map(str::to_owned);
    host.ok_or_else(|| Failure::misused(format!("--target {target}: it names no host")))
}

/// Goose's dashboard wants a number for its port, and loopback unless it has a token.
fn dashboard_address(asked: SocketAddr) -> Result<SocketAddr, Failure> {
    if !asked.ip().is_loopback() {
        return Err(Failure::misused(format!(
            "--dashboard {asked}: expected a loopback address"
        )));
    }
    let sentence = format!("cannot offer the dashboard on {asked}");
    TcpListener::bind(asked)
        .and_then(|free| free.local_addr())
        .or_broken(sentence)
}

/// One connection, so that a target that is not there is said at once.
async fn reach(target: &Url) -> Result<(), Failure> {
    let address = (
        host_of(target)?,
        target.port_or_known_default().unwrap_or(80),
    );
    let host = address.0.trim_matches(['[', ']']).to_owned();
    let connecting = tokio::net::TcpStream::connect((host, address.1));
    let sentence = format!("cannot reach {}; nothing was sent", origin_text(target));
    match tokio::time::timeout(REACH_TIMEOUT, connecting).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(Failure::inconclusive(sentence).because(error)),
        Err(_) => Err(Failure::inconclusive(format!(
            "{sentence}: no answer within 3 s"
        ))),
    }
}

fn origin_text(target: &Url) -> String {
    target.as_str().trim_end_matches('/').to_owned()
}

fn meter_of(plan: &Plan) -> Meter {
    let meter = Meter::new(&[LOAD_REQUEST.metric(), LOAD_RATE_WANTED.metric()]).with_process();
    for request in &plan.requests {
        for class in Class::ALL {
            meter.seed(&LOAD_REQUEST, (RequestName(request.name.clone()), *class));
        }
    }
    meter.seed(&LOAD_RATE_WANTED, ());
    meter
}

async fn offer(
    meter: &Arc<Meter>,
    args: &Args,
    dashboard: Option<SocketAddr>,
) -> Result<Option<Exposition>, Failure> {
    if let Some(address) = dashboard {
        say(&format!("dashboard http://{address}\n"));
    }
    let Some(address) = args.metrics else {
        return Ok(None);
    };
    let exposition = meter::serve(Arc::clone(meter), address).await?;
    say(&format!("metrics http://{}/metrics\n", exposition.address));
    Ok(Some(exposition))
}

fn load(
    plan: Plan,
    target: &Url,
    seed: u32,
    meter: Arc<Meter>,
    stop: watch::Receiver<bool>,
) -> Result<Load, Failure> {
    let origin = origin_text(target);
    let schedule = Schedule::new(&plan.shape);
    Ok(Load {
        pace: Pace::new(schedule, plan.users(), plan.timeouts.late, stop.clone()),
        tally: Tally::new(plan.requests.len()),
        sender: Sender::new(&plan, &origin, seed, stop)?,
        meter,
        origin,
        plan,
    })
}

fn conclude(
    load: &Load,
    metrics: &GooseMetrics,
    seed: u32,
    started_at: jiff::Timestamp,
    is_interrupted: bool,
) -> (Outcome, LoadResult) {
    let Load {
        plan, tally, pace, ..
    } = load;
    let total = tally.total();
    let dropped = tally.dropped();
    // Interrupted users leave requests of the future behind; only what was handed out was due.
    let due = if is_interrupted {
        total.sent + dropped
    } else {
        pace.schedule().count()
    };
    let whole = if is_interrupted {
        tally.last_sent()
    } else {
        plan.shape.duration
    };
    let wanted_rate = per_second(due, whole);
    let achieved_rate = per_second(total.sent, whole.max(tally.last_sent()));
    let (outcome, reasons) = verdict::judge(&Evidence {
        thresholds: &metrics.thresholds,
        total: &total,
        wanted_rate,
        achieved_rate,
        rate_held_min: plan.rate_held_min,
        is_interrupted,
    });
    let of_request = |(request, tally): (&crate::Request, _)| {
        RequestResult::of(&request.name, request.method.as_str(), tally)
    };
    let result = LoadResult {
        schema: SCHEMA.to_owned(),
        plan: plan.name.clone(),
        target: load.origin.clone(),
        started_at: started_at.to_string(),
        seed,
        outcome: outcome.to_string(),
        reasons,
        duration_seconds: whole.as_secs_f64(),
        wanted_rate,
        achieved_rate,
        rate_held_min: plan.rate_held_min,
        totals: Totals::of(&total, due, dropped),
        requests: plan
            .requests
            .iter()
            .zip(&tally.snapshot())
            .map(of_request)
            .collect(),
        thresholds: metrics.thresholds.iter().map(verdict::of_result).collect(),
        k6: K6Metrics::of(&total, dropped, whole),
    };
    (outcome, result)
}

/// Written whole or not at all: a reader never sees half a result.
fn write_result(folder: &Path, result: &LoadResult) -> Result<(), Failure> {
    let path = folder.join("load.json");
    let sentence = format!("cannot write {}", path.display());
    let mut text = serde_json::to_string_pretty(result).or_broken(sentence.clone())?;
    text.push('\n');
    let partial = folder.join("load.json.partial");
    std::fs::write(&partial, text)
        .and_then(|()| std::fs::rename(&partial, &path))
        .or_broken(sentence)
}

/// Standard output may be gone; the result is in the files and the exit code.
fn say(text: &str) {
    let mut stdout = std::io::stdout().lock();
    let _ = stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush());
}

async fn linger(exposition: Option<Exposition>, time: Duration, mut stop: watch::Receiver<bool>) {
    if exposition.is_some() {
        let _ = tokio::time::timeout(time, stop.wait_for(|stop| *stop)).await;
    }
}
