//! `proofmark rehearse`: the whole line on loopback, from a drawn picture to a release verdict.
//!
//! The stack comes up, load runs, faults are set and taken away, the gate judges, and everything
//! goes down again. Whatever happens on the way, the report says how far it came.

mod ports;
mod scrape;
mod sabotage;
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

use crate::progress::Progress;
use crate::report::{self, Rehearsal};
use files::Folder;
use line::Line;
use sabotage::Sabotage;
use stack::{Binaries, Stack};

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
    #[arg(long, default_value = "75s", value_parser = humantime::parse_duration)]
    duration: Duration,
    /// Requests per second, instead of what the plan says.
    #[arg(long)]
    rate: Option<f64>,
    /// Make the service misbehave; the verdict must then be fail.
    #[arg(long)]
    sabotage: Option<Sabotage>,
    /// Root of the project, which holds objectives, plans, experiments and runbooks.
    #[arg(long, default_value = ".")]
    root: PathBuf,
}

/// Everything that a rehearsal needs, found and checked before anything is started.
#[derive(Debug)]
struct Inputs {
    root: PathBuf,
    objectives_folder: PathBuf,
    objectives: Vec<slo::Objective>,
    plan: PathBuf,
    experiments: Vec<PathBuf>,
    binaries: Binaries,
}

/// The experiments, in the order in which they are run.
const EXPERIMENTS: [&str; 3] = ["redis-slow.yaml", "redis-gone.yaml", "redis-back.yaml"];

impl Inputs {
    fn read(root: &Path) -> Result<Self, Failure> {
        let root = root
            .canonicalize()
            .or_misused(format!("there is no folder {}", root.display()))?;
        let objectives_folder = root.join("slo/objectives");
        let objectives = slo::load(std::slice::from_ref(&objectives_folder))?;
        let plan = root.join("loadtests/plans/rehearsal.yaml");
        let experiments: Vec<PathBuf> = EXPERIMENTS
            .iter()
            .map(|name| root.join("chaos/experiments").join(name))
            .collect();
        for file in experiments.iter().chain([&plan]) {
            if !file.is_file() {
                return Err(Failure::misused(format!(
                    "there is no {}: run this in the root of the project, or name it with --root",
                    file.display()
                )));
            }
        }
        Ok(Self {
            root,
            objectives_folder,
            objectives,
            plan,
            experiments,
            binaries: Binaries::find()?,
        })
    }
}

/// Runs the line and leaves the report.
///
/// # Errors
/// [`Failure::misused`] for bad arguments or files, before anything is started;
/// [`Failure::broken`] when the report cannot be written; [`Failure::interrupted`] after Ctrl-C.
pub(crate) async fn run(args: Args) -> Result<Outcome, Failure> {
    if !(DURATION_MIN..=DURATION_MAX).contains(&args.duration) {
        return Err(Failure::misused(format!(
            "--duration is {}, expected 20s to 1h",
            humantime::format_duration(args.duration)
        )));
    }
    let inputs = Inputs::read(&args.root)?;
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
    print!("{}", report::terminal(&rehearsal));
    println!("report:  {}", folder.path().join("index.html").display());
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

/// SIGINT and SIGTERM.
#[derive(Debug)]
struct Interrupt {
    int: tokio::signal::unix::Signal,
    term: tokio::signal::unix::Signal,
}

impl Interrupt {
    fn listen() -> Result<Self, Failure> {
        use tokio::signal::unix::{SignalKind, signal};
        let sentence = "cannot listen for signals";
        Ok(Self {
            int: signal(SignalKind::interrupt()).or_broken(sentence)?,
            term: signal(SignalKind::terminate()).or_broken(sentence)?,
        })
    }

    async fn wait(&mut self) {
        tokio::select! {
            _ = self.int.recv() => {}
            _ = self.term.recv() => {}
        }
    }
}
