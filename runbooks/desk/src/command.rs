//! `proofmark desk`: the shell around the store and its listener.

use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use outcome::{Failure, OrFail, Outcome};
use rusqlite::ErrorCode;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{oneshot, watch};

use crate::http::{self, Desk, LIST_MAX};
use crate::record::AlertList;
use crate::store::{Store, StoreError};
use crate::{listener, table};

/// How long a write waits for another process that writes.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Arguments of `proofmark desk`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Receive Alertmanager's webhooks on /webhook and keep their alerts.
    Serve(ServeArgs),
    /// List the alerts that were kept, newest first.
    Alerts(AlertsArgs),
}

#[derive(Debug, clap::Args)]
struct ServeArgs {
    /// Where to listen; port 0 takes a free one. The bound address is printed.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8090")]
    listen: SocketAddr,
    /// SQLite file that keeps the alerts; created when it is not there.
    #[arg(long, value_name = "FILE")]
    db: PathBuf,
    /// Alerts to keep; beyond, the longest unheard of go, resolved ones first.
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    keep: u64,
}

#[derive(Debug, clap::Args)]
struct AlertsArgs {
    /// SQLite file that keeps the alerts.
    #[arg(long, value_name = "FILE")]
    db: PathBuf,
    /// Write JSON instead of a table.
    #[arg(long)]
    json: bool,
    /// List at most this many.
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=i64::from(LIST_MAX)))]
    limit: u32,
}

/// Runs the desk, or lists what it kept.
///
/// # Errors
/// A file that is not a desk's, a taken port.
pub async fn run(args: Args) -> Result<Outcome, Failure> {
    match args.verb {
        Verb::Serve(args) => serve(args).await,
        Verb::Alerts(args) => alerts(&args),
    }
}

async fn serve(args: ServeArgs) -> Result<Outcome, Failure> {
    let (stop, outcome) = stopped()?;
    let store = Store::open(&args.db, args.keep, BUSY_TIMEOUT)
        .map_err(|error| not_opened(&args.db, error))?;
    let sentence = format!("cannot listen on {}", args.listen);
    let listener = TcpListener::bind(args.listen)
        .await
        .or_broken(sentence.clone())?;
    let address = listener.local_addr().or_broken(sentence)?;
    say(&format!("listening http://{address}\n"));
    listener::serve(listener, http::app(Desk::new(store)), stop).await;
    // The listener only ends after a signal, and then this is known.
    Ok(outcome.await.unwrap_or(Outcome::Held))
}

fn alerts(args: &AlertsArgs) -> Result<Outcome, Failure> {
    let failed = |error| not_opened(&args.db, error);
    let store = Store::open_existing(&args.db).map_err(failed)?;
    let alerts = store.newest(args.limit).map_err(failed)?;
    if args.json {
        let list = AlertList::new(alerts);
        let text = serde_json::to_string_pretty(&list).or_broken("cannot write alerts as JSON")?;
        say(&format!("{text}\n"));
    } else {
        say(&table::of(&alerts, Timestamp::now()));
    }
    Ok(Outcome::Held)
}

fn not_opened(file: &Path, error: StoreError) -> Failure {
    let sentence = format!("cannot use the alerts in {}", file.display());
    let is_other_file = match &error {
        StoreError::Foreign | StoreError::Version { .. } => true,
        StoreError::Sqlite(cause) => matches!(
            cause.sqlite_error_code(),
            Some(ErrorCode::CannotOpen | ErrorCode::NotADatabase)
        ),
    };
    if is_other_file {
        Failure::misused(sentence).because(error)
    } else {
        Failure::broken(sentence).because(error)
    }
}

/// Becomes `true` on SIGTERM, which is how a server is stopped, or SIGINT, by which a person
/// interrupts it. Both end a desk in order; the second part says which it was.
fn stopped() -> Result<(watch::Receiver<bool>, oneshot::Receiver<Outcome>), Failure> {
    let sentence = "cannot install the signal handlers";
    let mut terminate = signal(SignalKind::terminate()).or_broken(sentence)?;
    let mut interrupt = signal(SignalKind::interrupt()).or_broken(sentence)?;
    let (stopper, stop) = watch::channel(false);
    let (ended, outcome) = oneshot::channel();
    tokio::spawn(async move {
        let how = tokio::select! {
            _ = terminate.recv() => Outcome::Held,
            _ = interrupt.recv() => Outcome::Interrupted,
        };
        // Nobody asks when the desk ended by itself.
        let _ = ended.send(how);
        stopper.send_replace(true);
    });
    Ok((stop, outcome))
}

/// A closed standard output ends a listing, it is not an error.
fn say(text: &str) {
    let mut stdout = std::io::stdout().lock();
    let _ = stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush());
}
