//! `proofmark rehearse`: the whole line on loopback, from a drawn picture to a release verdict.
//!
//! The stack comes up, load runs, faults are set and taken away, the gate judges, and everything
//! goes down again. Whatever happens on the way, the report says how far it came.

mod inputs;
mod ports;
mod scrape;
mod sabotage;
mod own_server;
mod collector;
mod proxies;
mod pictures;
mod binaries;
mod rules;
mod crew;
mod service;
mod stack;
mod files;
mod line;
mod digest;
mod observe;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use outcome::{Failure, OrFail, Outcome};

use crate::interrupt::Interrupt;
use crate::progress::Progress;
use crate::report::{self, Rehearsal};
use crate::say::say;
use files::Folder;
use inputs::Inputs;
use line::Line;
use sabotage::Sabotage;
use stack::Stack;

/// Shortest load that leaves time for every experiment and for its traces to fade.
const DURATION_MIN: Duration = Duration::from_secs(20);

/// Longest load: a rehearsal is not a soak.
const DURATION_MAX: Duration = Duration::from_secs(3600);

/// Arguments of `proofmark rehearse`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Folder for the report; one of an earlier rehearsal is replaced.
    #[arg(long, default_value = "report")]
    out: PathBuf,
    /// How long the load runs, 20s to 1h.
    #[arg(long, default_value = "90s", value_parser = duration)]
    duration: Duration,
    /// Requests per second, 1 to 10000, instead of what the plan says.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    rate: Option<u32>,
    /// Experiments to run instead of the usual ones, in this order; give the load time for them with
    /// --duration.
    #[arg(long, value_name = "FILE", num_args = 1..)]
    experiments: Vec<PathBuf>,
    /// Make the service misbehave; the verdict must then be fail.
    #[arg(long)]
    sabotage: Option<Sabotage>,
    /// Root of the project, which holds objectives, plans, experiments and runbooks.
    #[arg(long, default_value = ".")]
    root: PathBuf,
}

/// A duration of a rehearsal, from text such as `90s`.
fn duration(text: &str) -> Result<Duration, String> {
    let duration = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    if (DURATION_MIN..=DURATION_MAX).contains(&duration) {
        return Ok(duration);
    }
    Err("expected 20s to 1h".to_owned())
}

/// Runs the line and leaves the report.
///
/// # Errors
/// [`Failure::misused`] for bad arguments or files, before anything is started;
/// [`Failure::broken`] when the report cannot be written; [`Failure::interrupted`] after Ctrl-C.
pub(crate) async fn run(args: Args) -> Result<Outcome, Failure> {
    let inputs = Inputs::read(&args.root, &args.experiments)?;
    let folder = Folder::replace(&args.out)?;
    let mut interrupted = Interrupt::listen()?;
    let mut stack = Stack::new(&folder.logs())?;
    let mut rehearsal = Rehearsal::begun(
        env!("CARGO_PKG_VERSION").to_owned(),
        args.sabotage.map(Sabotage::as_str),
        Timestamp::now(),
    );
    let mut progress = Progress::for_stderr();
    let reached = {
        let mut line = Line {
            args: &args,
            inputs: &inputs,
            folder: &folder,
            rehearsal: &mut rehearsal,
            progress: &mut progress,
        };
        tokio::select! {
            reached = line.run(&mut stack) => reached,
            () = interrupted.wait() => Err(Failure::interrupted("interrupted: everything was stopped")),
        }
    };
    progress.begin("stop", None);
    let stopped = stack.stop().await;
    progress.done("");
    folder.remove_work()?;
    conclude(&mut rehearsal, reached, stopped);
    let card = draw_verdict(&rehearsal, folder.path())?;
    rehearsal.pictures.push(card);
    rehearsal.write(folder.path())?;
    say(&report::terminal(&rehearsal));
    say(&format!(
        "report:  {}\n",
        folder.path().join("index.html").display()
    ));
    Ok(rehearsal.worst())
}

/// Turns what went wrong outside of the steps into a last step, so that the report shows it.
fn conclude(rehearsal: &mut Rehearsal, reached: Result<(), Failure>, stopped: Result<(), Failure>) {
    for failure in [reached.err(), stopped.err()].into_iter().flatten() {
        rehearsal.steps.push(report::Step {
            name: "rehearsal",
            outcome: failure.outcome(),
            seconds: 0.0,
            detail: failure.to_string(),
        });
    }
    rehearsal.conclude(rehearsal.worst(), Timestamp::now());
}

/// Draws the verdict as a card beside the report.
fn draw_verdict(rehearsal: &Rehearsal, folder: &Path) -> Result<report::Picture, Failure> {
    let sentence = "cannot draw the card of the verdict";
    let fonts = render::Fonts::bundled().or_broken(sentence)?;
    let scene = render::Scene::Card(report::card(rehearsal));
    let drawn = render::Painter::new(Arc::new(fonts))
        .draw(&scene, &mut |_| ())
        .or_broken(sentence)?;
    let file = "verdict.png".to_owned();
    std::fs::write(folder.join(&file), drawn.png).or_broken(sentence)?;
    Ok(report::Picture {
        file,
        alt: "Card: the verdict".to_owned(),
        width: drawn.width / 2,
    })
}
