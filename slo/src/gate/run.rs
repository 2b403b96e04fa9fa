//! The command: arguments in, report out.

use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use outcome::{Failure, OrFail, Outcome};

use super::ask::{Deadline, Source};
use super::collect::{Clock, Judgement, TOOL, judge_by};
use super::folder::{self, Draft};
use super::inputs::{Inputs, Run};
use super::looks::Looks;
use super::plan::Options;
use super::record::Recorder;
use super::render::{Style, html, junit, markdown, terminal};
use super::report::Severity;
use super::{replay, selftest};
use crate::prometheus::{AccessArgs, Client};
use crate::statistics::Bound;
use crate::{text, window};

/// Judge a release by its objectives before it ships.
///
/// Asks Prometheus how each objective did, and answers pass (exit code 0), fail (1) or
/// inconclusive (3). Whatever cannot be known is inconclusive, never a pass.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Args {
    #[command(subcommand)]
    verb: Option<Verb>,
    #[command(flatten)]
    judge: JudgeArgs,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Reach an earlier verdict again from its evidence, without asking anybody.
    Replay(replay::Args),
    /// Show that every objective can block a release, and that nothing unknown ever passes.
    Selftest(selftest::Args),
}

#[derive(Debug, clap::Args)]
struct JudgeArgs {
    /// Prometheus server, such as http://127.0.0.1:9090; the one that the objectives name when left
    /// out.
    #[arg(long, value_name = "URL")]
    prometheus: Option<String>,
    /// Objectives: OpenSLO or Sloth files, folders of them, or patterns such as 'slo/*.yaml'.
    #[arg(long, value_name = "PATH", required = true, num_args = 1..)]
    slo: Vec<PathBuf>,
    /// Policy, such as slo/gate.yaml: criteria, weights, budgets, golden signals.
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Window to judge, such as 1h or 90s.
    #[arg(long, value_name = "DURATION", default_value = "1h", value_parser = window::parse)]
    window: Duration,
    /// End of the window, as RFC 3339; now, by the clock of Prometheus, when left out.
    #[arg(long, value_name = "TIME", conflicts_with = "wait")]
    at: Option<Timestamp>,
    /// Name of the release, for the report.
    #[arg(long, value_name = "NAME")]
    release: Option<String>,
    /// Judge only series with this label, such as instance=127.0.0.1:8081.
    #[arg(long = "match", value_name = "LABEL=VALUE", num_args = 1.., value_parser = matcher)]
    matchers: Vec<(String, String)>,
    /// Fewer events than this prove nothing; what the policy says, or 1000, when left out.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    min_events: Option<u64>,
    /// How sure a verdict must be, above 0.5 and at most 0.9999; what the policy says, or 0.95,
    /// when left out.
    #[arg(long, value_name = "SHARE", value_parser = confidence)]
    confidence: Option<f64>,
    /// A warning is a fail.
    #[arg(long, conflicts_with = "advisory")]
    strict: bool,
    /// Report only: the exit code is 0 whatever the verdict is.
    #[arg(long)]
    advisory: bool,
    /// Ask again until it is decided, for at most this long. The window begins where that of the
    /// first look began, and verdicts stay as sure although there are many looks.
    #[arg(long, value_name = "DURATION", value_parser = window::parse)]
    wait: Option<Duration>,
    #[command(flatten)]
    access: AccessArgs,
    /// How long Prometheus may take for all answers of a look together.
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = window::parse)]
    timeout: Duration,
    /// The most queries at the same time.
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u8).range(1..=64))]
    concurrency: u8,
    /// Folder for gate.html, gate.json, gate.md, gate.junit.xml and the evidence.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

fn confidence(text: &str) -> Result<f64, String> {
    let expected = || format!("{text:?} is not a share such as 0.95, above 0.5 and at most 0.9999");
    let share: f64 = text.parse().map_err(|_| expected())?;
    if share > 0.5 && share <= 0.9999 {
        Ok(share)
    } else {
        Err(expected())
    }
}

/// Names of the files of a report.
const FILES: [&str; 4] = [REPORT_FILE, "gate.md", "gate.junit.xml", "gate.html"];

/// The report for programs.
pub(super) const REPORT_FILE: &str = "gate.json";

/// Folder of the evidence, inside that of the report.
pub(super) const EVIDENCE_FOLDER: &str = "evidence";

fn matcher(text: &str) -> Result<(String, String), String> {
    let expected = || format!("{text:?} is not a matcher such as instance=127.0.0.1:8081");
    let (label, value) = text.split_once('=').ok_or_else(expected)?;
    let mut characters = label.chars();
    let starts_well = characters
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic() || first == '_');
    let goes_on_well = characters.all(|rest| rest.is_ascii_alphanumeric() || rest == '_');
    if !starts_well || !goes_on_well || label == "__name__" || value.is_empty() {
        return Err(expected());
    }
    Ok((label.to_owned(), value.to_owned()))
}

/// Judges, prints the report, and writes it when told where; or does what the subcommand says.
///
/// # Errors
/// [`Failure::misused`] for bad arguments or objectives, [`Failure::broken`] when the report cannot
/// be written. A Prometheus that does not answer is no error but an inconclusive verdict.
pub async fn run(args: Args) -> Result<Outcome, Failure> {
    match args.verb {
        None => judge(args.judge).await,
        Some(Verb::Replay(args)) => replay::run(args).await,
        Some(Verb::Selftest(args)) => selftest::run(args).await,
    }
}

async fn judge(args: JudgeArgs) -> Result<Outcome, Failure> {
    let inputs = Inputs::load(&args.slo, args.policy.as_deref())?;
    let address = address(args.prometheus.as_deref(), &inputs)?;
    let client = Client::with(&address, args.timeout, args.access.access()?)?;
    if let Some(folder) = &args.out {
        prepare(folder)?;
    }
    let mut options = options(&args, &inputs);
    let looks = Looks::new(args.wait);
    let (look, draft) = loop {
        let (look, draft) = look(&client, &inputs, &options, args.out.as_deref()).await?;
        match looks.next(&look.report, &options) {
            None => break (look, draft),
            Some(pause) => tokio::time::sleep(pause).await,
        }
        options.window = looks.window(args.window);
    };
    if let (Some(folder), Some(draft)) = (&args.out, draft) {
        publish(folder, draft, &look, &inputs, &options, client.address())?;
    }
    text::print(&terminal(&look.report, Style::of_stdout()))?;
    Ok(look.report.outcome())
}

/// Events of which fewer prove nothing, when nobody says how many.
const EVENTS_MIN: u64 = 1_000;

/// How sure a verdict must be, when nobody says so.
const CONFIDENCE: f64 = 0.95;

fn options(args: &JudgeArgs, inputs: &Inputs) -> Options {
    let policy = inputs.policy.as_ref().map(|(_, policy)| policy);
    let level = args.confidence.or(policy.map(|policy| policy.confidence));
    let level = level.unwrap_or(CONFIDENCE);
    let events_min = args
        .min_events
        .or(policy.and_then(|policy| policy.min_events));
    Options {
        window: args.window,
        at: args.at,
        matchers: args.matchers.clone(),
        events_min: events_min.unwrap_or(EVENTS_MIN),
        bound: match args.wait {
            None => Bound::Exact { level },
            Some(_) => Bound::Sequence { level },
        },
        timeout: args.timeout,
        concurrency: usize::from(args.concurrency),
        release: args.release.as_deref().map(text::shown),
        severity: match (args.strict, args.advisory) {
            (true, _) => Severity::Strict,
            (_, true) => Severity::Advisory,
            _ => Severity::Usual,
        },
        is_budget_left_to_policy: inputs.is_budget_left_to_policy(),
    }
}

/// The Prometheus that is named, or the only one that the objectives name.
fn address(named: Option<&str>, inputs: &Inputs) -> Result<String, Failure> {
    if let Some(named) = named {
        return Ok(named.to_owned());
    }
    let sources = inputs.objectives.iter().map(|objective| &objective.source);
    let sources: BTreeSet<&Option<String>> = sources.collect();
    match sources.into_iter().collect::<Vec<_>>().as_slice() {
        [Some(only)] => Ok(only.clone()),
        _ => Err(Failure::misused(
            "expected --prometheus URL: the objectives do not all name the same one",
        )),
    }
}

/// One look at Prometheus; what it answers goes into a draft of the evidence.
async fn look(
    client: &Client,
    inputs: &Inputs,
    options: &Options,
    out: Option<&Path>,
) -> Result<(Judgement, Option<Draft>), Failure> {
    let evidence = out.map(|folder| folder.join(EVIDENCE_FOLDER));
    let draft = evidence.as_deref().map(Draft::beside).transpose()?;
    let recorder = draft.as_ref().map(|draft| Recorder::new(draft.path()));
    let recorder = recorder.transpose()?;
    let source = Source::Live {
        client,
        recorder: recorder.as_ref(),
        deadline: Deadline::after(options.timeout),
    };
    let address = client.address();
    let subject = inputs.subject(out.is_some());
    let look = judge_by(source, address, subject, options, Clock::Ours).await?;
    if let Some(recorder) = recorder {
        recorder.finish()?;
    }
    Ok((look, draft))
}

/// Makes the folder and takes away the report of an earlier run, which must not be mistaken for
/// that of this one if it ends early.
fn prepare(folder: &Path) -> Result<(), Failure> {
    fs::create_dir_all(folder).or_broken(format!("cannot make {}", folder.display()))?;
    for name in FILES {
        let file = folder.join(name);
        match fs::remove_file(&file) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(error).or_broken(format!("cannot replace {}", file.display()));
            }
            _ => {}
        }
    }
    let evidence = folder.join(EVIDENCE_FOLDER);
    match fs::remove_dir_all(&evidence) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(error).or_broken(format!("cannot replace {}", evidence.display()))
        }
        _ => Ok(()),
    }
}

/// Seals the evidence and writes the report beside it, each whole or not at all.
fn publish(
    folder: &Path,
    draft: Draft,
    look: &Judgement,
    inputs: &Inputs,
    options: &Options,
    address: &str,
) -> Result<(), Failure> {
    let report = &look.report;
    let json = report.json();
    let evidence = draft.path();
    Run::new(inputs, options, address, look.skew_seconds).write(inputs, evidence)?;
    fs::write(evidence.join(REPORT_FILE), &json)
        .or_broken(format!("cannot write {}", evidence.display()))?;
    folder::seal(evidence, TOOL)?;
    draft.publish()?;
    let history = look.history.clone().unwrap_or_default();
    let page = html(report, &history);
    let texts = [json, markdown(report), junit(report), page];
    for (name, text) in FILES.iter().zip(texts) {
        let file = folder.join(name);
        let partial = folder.join(format!("{name}.partial"));
        fs::write(&partial, text)
            .and_then(|()| fs::rename(&partial, &file))
            .or_broken(format!("cannot write {}", file.display()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_matcher_is_a_label_and_a_value() {
        let pair = |label: &str, value: &str| Ok((label.to_owned(), value.to_owned()));
        assert_eq!(matcher("instance=a:1"), pair("instance", "a:1"));
        assert_eq!(matcher("_x=a=b"), pair("_x", "a=b"));
        for text in [
            "",
            "a",
            "=b",
            "a=",
            "1a=b",
            "a-b=c",
            "__name__=up",
            "a b=c",
            "é=c",
        ] {
            assert!(matcher(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_earlier_report_is_taken_away_first() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("a/b");
        prepare(&inner).unwrap();
        for name in FILES {
            fs::write(inner.join(name), "pass").unwrap();
        }
        prepare(&inner).unwrap();
        assert_eq!(fs::read_dir(&inner).unwrap().count(), 0);
    }
}
