//! Shows that the gate can block: the user's own objectives, and every input that it must not
//! mistake for a good one, through the real client and a server that says what it is told to.

mod input;
mod world;
mod server;
mod mutant;
mod weighed;
mod table;

use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use outcome::{Failure, Outcome};

use self::input::{Expected, Input};
use self::mutant::Mutant;
use self::server::Server;
use self::world::World;
use super::inputs::Inputs;
use super::plan::Options;
use super::report::{Severity, Verdict};
use crate::objective::Objective;
use crate::prometheus::Client;
use crate::statistics::Bound;
use crate::text;

/// Show that every objective can block a release, and that nothing unknown ever passes.
///
/// Runs the objectives against good, bad and unknowable answers of a server inside this process.
/// Exit code 0 when each verdict is as it must be, 1 otherwise.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Objectives: OpenSLO or Sloth files, folders of them, or patterns such as 'slo/*.yaml'.
    #[arg(long, value_name = "PATH", required = true, num_args = 1..)]
    slo: Vec<PathBuf>,
    /// Policy, such as slo/gate.yaml: an objective must block with it, too.
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
}

/// The window that is judged.
const WINDOW: Duration = Duration::from_secs(3_600);

/// How long a server may take that answers; all are in this process.
const TIMEOUT: Duration = Duration::from_secs(20);

/// How long one may take that never does.
const TIMEOUT_OF_SILENCE: Duration = Duration::from_millis(300);

/// The most objectives that are tested.
const OBJECTIVES_MAX: usize = 500;

/// What came of one input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cell {
    /// What it must be; `None` where the input does not apply.
    expected: Option<Expected>,
    /// What it was.
    seen: Option<Verdict>,
}

impl Cell {
    fn is_right(self) -> bool {
        match (self.expected, self.seen) {
            (None, None) => true,
            (Some(expected), Some(seen)) => expected.is_met_by(seen),
            _ => false,
        }
    }
}

/// What came of one objective.
#[derive(Debug, Clone)]
pub(super) struct Column {
    name: String,
    cells: Vec<Cell>,
    mutants: Vec<Cell>,
    /// What it does to the whole by the policy; empty without one.
    weighed: Vec<Cell>,
}

/// Tests every objective, and prints what came of it.
///
/// # Errors
/// [`Failure::misused`] for files that are not understood, [`Failure::broken`] when no server can be
/// started.
pub(super) async fn run(args: Args) -> Result<Outcome, Failure> {
    let inputs = Inputs::load(&args.slo, args.policy.as_deref())?;
    if inputs.objectives.len() > OBJECTIVES_MAX {
        let message = format!("expected at most {OBJECTIVES_MAX} objectives for a self-test");
        return Err(Failure::misused(message));
    }
    let mut columns = Vec::new();
    for (index, objective) in inputs.objectives.iter().enumerate() {
        let mut column = column(objective).await?;
        if let Some((_, policy)) = &inputs.policy {
            column.weighed = weighed::weighed(policy, &inputs.objectives, index);
        }
        columns.push(column);
    }
    let (text, outcome) = table::table(&columns);
    text::print(&text)?;
    Ok(outcome)
}

/// Tests one objective.
pub(super) async fn column(objective: &Objective) -> Result<Column, Failure> {
    let mut cells = Vec::new();
    for input in Input::ALL {
        let expected = input.expected(objective);
        let seen = match expected {
            Some(_) => Some(verdict(objective, objective, *input).await?),
            None => None,
        };
        cells.push(Cell { expected, seen });
    }
    let mut mutants = Vec::new();
    for mutant in Mutant::ALL {
        mutants.push(mutated(objective, *mutant).await?);
    }
    Ok(Column {
        name: objective.name.clone(),
        cells,
        mutants,
        weighed: Vec::new(),
    })
}

async fn mutated(objective: &Objective, mutant: Mutant) -> Result<Cell, Failure> {
    let Some(changed) = mutant.of(objective) else {
        return Ok(Cell {
            expected: None,
            seen: None,
        });
    };
    Ok(Cell {
        expected: Some(mutant.expected()),
        seen: Some(verdict(objective, &changed, mutant.input()).await?),
    })
}

/// Judges `judged` in a world that was made for `known`.
async fn verdict(known: &Objective, judged: &Objective, input: Input) -> Result<Verdict, Failure> {
    let now = Timestamp::now();
    let options = Options {
        window: WINDOW,
        at: None,
        matchers: Vec::new(),
        events_min: 1_000,
        bound: Bound::default(),
        timeout: if input == Input::Silent {
            TIMEOUT_OF_SILENCE
        } else {
            TIMEOUT
        },
        concurrency: 8,
        release: None,
        severity: Severity::Usual,
        is_budget_left_to_policy: false,
    };
    let world = World::new(known, &options, now, input)?;
    let server = Server::start(world).await?;
    let client = Client::new(&server.url(), options.timeout)?;
    let report = super::judge(&client, std::slice::from_ref(judged), &options).await?;
    Ok(report.verdict)
}

#[cfg(test)]
mod tests;
