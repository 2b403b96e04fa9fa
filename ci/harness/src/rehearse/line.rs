//! The steps of the line, one after the other.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use outcome::{Failure, OrFail, Outcome};
use tokio::time::Instant;

use super::files::Folder;
use super::inputs::Inputs;
use super::observe::Observer;
use super::stack::{Plan, Stack};
use super::{Args, digest};
use crate::child::Child;
use crate::progress::Progress;
use crate::report::{Rehearsal, Step};

/// Share of the load's time that passes before the first fault, and the most of it.
const STEADY_SHARE: f64 = 0.2;
const STEADY_MAX: Duration = Duration::from_secs(20);

/// How much longer than planned a runner may take before the line is called broken.
const OVERTIME_MAX: Duration = Duration::from_secs(120);

/// How long the slate may take to be clean.
const CLEAN_PATIENCE: Duration = Duration::from_secs(20);

/// How long an alert may be on its way to the desk before the report is written without it.
const DESK_PATIENCE: Duration = Duration::from_secs(10);

/// How long the gate may go on asking until it is sure.
const GATE_WAIT: Duration = Duration::from_secs(60);

/// How long it has to decide on what was sent already; it takes part of a second.
const GATE_ALONE: Duration = Duration::from_secs(3);

/// Requests per second while it asks on, at least: ten thousand clean ones in a minute prove 99.95 %.
const MORE_RATE: u32 = 200;

/// A line that is being run.
#[derive(Debug)]
pub(crate) struct Line<'a> {
    pub(crate) args: &'a Args,
    pub(crate) inputs: &'a Inputs,
    pub(crate) folder: &'a Folder,
    pub(crate) rehearsal: &'a mut Rehearsal,
    pub(crate) progress: &'a mut Progress,
}

impl Line<'_> {
    /// Runs every step. Outcomes of the steps go into the rehearsal.
    ///
    /// # Errors
    /// The failure that kept the line from going on.
    pub(crate) async fn run(&mut self, stack: &mut Stack) -> Result<(), Failure> {
        self.bring_up(stack).await?;
        let observer = Observer::new(stack.prometheus)?;
        self.clean_slate(&observer).await?;
        let began = Timestamp::now();
        let mut load = self.start_load(stack).await?;
        let load_began = Instant::now();
        self.steady(stack, &observer, &mut load).await?;
        self.faults(stack, &observer, &mut load).await?;
        self.finish_load(stack, &observer, load, load_began).await?;
        self.gate(stack, began).await?;
        self.look(stack, &observer, began).await
    }

    fn step(&mut self, name: &'static str, outcome: Outcome, began: Instant, detail: String) {
        self.progress.done(&detail);
        let seconds = began.elapsed().as_secs_f64();
        self.rehearsal.steps.push(Step {
            name,
            outcome,
            seconds,
            detail,
        });
    }

    async fn bring_up(&mut self, stack: &mut Stack) -> Result<(), Failure> {
        let began = Instant::now();
        self.progress.begin("stack", None);
        let work = self.folder.work();
        let plan = Plan {
            binaries: &self.inputs.binaries,
            work: &work,
            objectives: &self.inputs.objectives,
            load_plan: &self.inputs.plan,
            root: &self.inputs.root,
            sabotage: self.args.sabotage,
        };
        stack.start(&plan).await?;
        let detail = format!("{} parts are ready", stack.size());
        self.step("stack", Outcome::Held, began, detail);
        Ok(())
    }

    /// Waits until Prometheus sees the service, and sees that nothing has happened to it yet.
    async fn clean_slate(&mut self, observer: &Observer) -> Result<(), Failure> {
        let began = Instant::now();
        self.progress.begin("clean slate", None);
        let deadline = began + CLEAN_PATIENCE;
        while !observer.service_is_fresh().await {
            if Instant::now() > deadline {
                return Err(Failure::inconclusive(format!(
                    "Prometheus did not see a fresh service within {} s",
                    CLEAN_PATIENCE.as_secs()
                )));
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        self.step(
            "clean slate",
            Outcome::Held,
            began,
            "the service is scraped and fresh".into(),
        );
        Ok(())
    }

    async fn start_load(&mut self, stack: &Stack) -> Result<Child, Failure> {
        let mut args = words(["load", "--target"]);
        args.push(format!("http://{}", stack.service));
        args.extend([
            s("--plan"),
            text(&stack.load_plan),
            s("--out"),
            text(&self.folder.load()),
        ]);
        args.extend([s("--metrics"), stack.load_metrics.to_string()]);
        args.extend([
            s("--duration"),
            format!("{}s", self.args.duration.as_secs()),
        ]);
        if let Some(rate) = self.args.rate {
            args.extend([s("--rate"), rate.to_string()]);
        }
        stack.run_verb("load", args).await
    }

    async fn steady(
        &mut self,
        stack: &mut Stack,
        observer: &Observer,
        load: &mut Child,
    ) -> Result<(), Failure> {
        let began = Instant::now();
        let time = self.args.duration.mul_f64(STEADY_SHARE).min(STEADY_MAX);
        self.progress.begin("steady load", Some(time));
        while began.elapsed() < time {
            self.second(stack, observer).await?;
            if load.has_ended() {
                return Err(ended_early(load).await);
            }
        }
        let detail = observer.pulse().await;
        self.step("steady load", Outcome::Held, began, detail);
        Ok(())
    }

    /// Lets one second pass, with everything alive and the display fresh.
    async fn second(&mut self, stack: &mut Stack, observer: &Observer) -> Result<(), Failure> {
        stack.check_alive().await?;
        self.progress.tick(&observer.pulse().await);
        tokio::time::sleep(Duration::from_secs(1)).await;
        Ok(())
    }

    /// Runs the experiments for as long as there is load: without it a fault shows nothing.
    async fn faults(
        &mut self,
        stack: &mut Stack,
        observer: &Observer,
        load: &mut Child,
    ) -> Result<(), Failure> {
        let began = Instant::now();
        self.progress.begin("faults", None);
        let mut args = words(["chaos", "run"]);
        args.extend(self.inputs.experiments.iter().map(|file| text(file)));
        args.extend([s("--slo"), text(&self.inputs.objectives_folder)]);
        args.extend([s("--toxiproxy"), stack.toxiproxy.to_string()]);
        args.extend([s("--processes"), url(stack.processes)]);
        if let Some(collector) = &stack.collector {
            args.extend([s("--otlp"), url(collector.address)]);
        }
        args.extend([s("--prometheus"), url(stack.prometheus)]);
        args.extend([s("--service"), url(stack.service)]);
        args.extend([s("--metrics"), stack.chaos_metrics.to_string()]);
        args.extend([s("--out"), text(&self.folder.chaos())]);
        let mut chaos = stack.run_verb("chaos", args).await?;
        while !chaos.has_ended() && !load.has_ended() {
            self.second(stack, observer).await?;
        }
        let outlived = !chaos.has_ended();
        let outcome = if outlived {
            chaos.stop().await?;
            Outcome::Inconclusive
        } else {
            Outcome::of_exit_code(chaos.wait().await?.code())
        };
        self.rehearsal.experiments = digest::experiments(&self.folder.chaos())?;
        let held = self
            .rehearsal
            .experiments
            .iter()
            .filter(|found| found.outcome == Outcome::Held)
            .count();
        let all = self.inputs.experiments.len();
        let more = if outlived {
            "; the load ended first, give it more --duration"
        } else {
            ""
        };
        // A journal that says missed counts, also when the experiments after it were cut short.
        let outcomes = self.rehearsal.experiments.iter().map(|found| found.outcome);
        let outcome = outcomes
            .filter(|found| *found == Outcome::Missed)
            .fold(outcome, Outcome::worst);
        self.step(
            "faults",
            outcome,
            began,
            format!("{held} of {all} experiments held{more}"),
        );
        Ok(())
    }

    async fn finish_load(
        &mut self,
        stack: &mut Stack,
        observer: &Observer,
        mut load: Child,
        load_began: Instant,
    ) -> Result<(), Failure> {
        let left = self.args.duration.saturating_sub(load_began.elapsed());
        self.progress.begin("recovery", Some(left));
        let outcome = self.watch(stack, observer, &mut load, left).await?;
        let found = digest::load(&self.folder.load())?;
        let detail = found.as_ref().map_or(
            "it left no result: see logs/load.log".into(),
            crate::report::load_line,
        );
        // Without a result there is nothing that could have held.
        let outcome = if found.is_some() {
            outcome
        } else {
            outcome.worst(Outcome::Inconclusive)
        };
        self.rehearsal.load = found;
        self.step("load", outcome, load_began, detail);
        Ok(())
    }

    /// Waits for a runner to end, while the stack lives.
    async fn watch(
        &mut self,
        stack: &mut Stack,
        observer: &Observer,
        runner: &mut Child,
        expected: Duration,
    ) -> Result<Outcome, Failure> {
        let deadline = Instant::now() + expected + OVERTIME_MAX;
        while !runner.has_ended() {
            if Instant::now() > deadline {
                return Err(Failure::broken(format!(
                    "{} did not come to its end",
                    runner.name
                )));
            }
            self.second(stack, observer).await?;
        }
        Ok(Outcome::of_exit_code(runner.wait().await?.code()))
    }

    async fn gate(&mut self, stack: &Stack, began: Timestamp) -> Result<(), Failure> {
        let started = Instant::now();
        self.progress.begin("gate", None);
        // The last answers are in Prometheus after one more scrape.
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        let window = Timestamp::now().duration_since(began).as_secs() + 1;
        let mut args = words(["gate", "--prometheus"]);
        args.extend([
            url(stack.prometheus),
            s("--slo"),
            text(&self.inputs.objectives_folder),
        ]);
        args.extend([
            s("--window"),
            format!("{window}s"),
            s("--out"),
            text(&self.folder.gate()),
        ]);
        args.extend([s("--release"), self.rehearsal.release.clone()]);
        args.extend([s("--wait"), format!("{}s", GATE_WAIT.as_secs())]);
        let mut gate = stack.run_verb("gate", args).await?;
        let outcome = self.decide(stack, &mut gate).await?;
        self.rehearsal.objectives = digest::objectives(&self.folder.gate())?;
        let passed = self
            .rehearsal
            .objectives
            .iter()
            .filter(|objective| objective.verdict == "pass")
            .count();
        let all = self.rehearsal.objectives.len();
        let detail = format!(
            "{}: {passed} of {all} objectives",
            crate::report::verdict(outcome)
        );
        self.step("gate", outcome, started, detail);
        Ok(())
    }

    /// Waits for the gate. While it needs more requests to be sure, it gets more.
    async fn decide(&mut self, stack: &Stack, gate: &mut Child) -> Result<Outcome, Failure> {
        let began = Instant::now();
        while !gate.has_ended() && began.elapsed() < GATE_ALONE {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        if gate.has_ended() {
            return Ok(Outcome::of_exit_code(gate.wait().await?.code()));
        }
        let mut load = self.more_load(stack).await?;
        let code = gate.wait().await?.code();
        if !load.has_ended() {
            load.stop().await?;
        }
        Ok(Outcome::of_exit_code(code))
    }

    /// The load once more, for as long as the gate may wait. What it says of itself does not count.
    async fn more_load(&self, stack: &Stack) -> Result<Child, Failure> {
        let rate = self.args.rate.unwrap_or(MORE_RATE).max(MORE_RATE);
        let mut args = words(["load", "--target"]);
        args.push(format!("http://{}", stack.service));
        args.extend([s("--plan"), text(&stack.load_plan)]);
        args.extend([s("--rate"), rate.to_string()]);
        args.extend([s("--duration"), format!("{}s", GATE_WAIT.as_secs())]);
        stack.run_verb("more-load", args).await
    }

    /// Alerts and pictures. They explain the verdict and do not change it.
    async fn look(
        &mut self,
        stack: &Stack,
        observer: &Observer,
        began: Timestamp,
    ) -> Result<(), Failure> {
        let started = Instant::now();
        self.progress.begin("report", None);
        let deadline = started + DESK_PATIENCE;
        let mut alerts = observer.alerts(began).await?;
        loop {
            digest::mark_delivered(&mut alerts, &desk_alerts(stack.desk).await?);
            if alerts.iter().all(|alert| alert.at_desk) || Instant::now() > deadline {
                break;
            }
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
        self.rehearsal.alerts = alerts;
        let journals = digest::faults(&self.folder.chaos())?;
        self.rehearsal.pictures = observer.draw(began, &journals, self.folder.path()).await?;
        let detail = format!("{} alerts fired", self.rehearsal.alerts.len());
        self.step("report", Outcome::Held, started, detail);
        Ok(())
    }
}

/// Why there is no load: what the runner says by its exit code, in its last words.
async fn ended_early(load: &mut Child) -> Failure {
    let code = load.wait().await.ok().and_then(|status| status.code());
    let sentence = format!("the load ended early: {}", load.last_words());
    match Outcome::of_exit_code(code) {
        Outcome::Misused => Failure::misused(sentence),
        Outcome::Inconclusive => Failure::inconclusive(sentence),
        _ => Failure::broken(sentence),
    }
}

async fn desk_alerts(desk: SocketAddr) -> Result<Vec<desk::AlertRecord>, Failure> {
    let sentence = "the desk does not list its alerts";
    let http = reqwest::Client::builder()
        .no_proxy()
        .timeout(Duration::from_secs(5))
        .build()
        .or_broken(sentence)?;
    let answer = http
        .get(format!("http://{desk}/alerts"))
        .send()
        .await
        .or_broken(sentence)?;
    let list: desk::AlertList = answer
        .error_for_status()
        .or_broken(sentence)?
        .json()
        .await
        .or_broken(sentence)?;
    Ok(list.alerts)
}

fn words<const N: usize>(words: [&str; N]) -> Vec<String> {
    words.map(str::to_owned).to_vec()
}

fn s(word: &str) -> String {
    word.to_owned()
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

fn url(address: SocketAddr) -> String {
    format!("http://{address}")
}
