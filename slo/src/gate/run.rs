//! The command: arguments in, report out.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use outcome::{Failure, OrFail, Outcome};

use super::collect::judge;
use super::plan::Options;
use super::render::{Style, junit, markdown, terminal};
use super::report::Report;
use crate::prometheus::Client;
use crate::{text, window};

/// Judge a release by its objectives before it ships.
///
/// Asks Prometheus how each objective did, and answers pass (exit code 0), fail (1) or
/// inconclusive (3). Whatever cannot be known is inconclusive, never a pass.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Prometheus server, such as http://127.0.0.1:9090.
    #[arg(long, value_name = "URL")]
    prometheus: String,
    /// Objectives: OpenSLO files, or folders of them.
    #[arg(long, value_name = "PATH", required = true, num_args = 1..)]
    slo: Vec<PathBuf>,
    /// Window to judge, such as 1h or 90s.
    #[arg(long, value_name = "DURATION", default_value = "1h", value_parser = window::parse)]
    window: Duration,
    /// End of the window, as RFC 3339; now, by the clock of Prometheus, when left out.
    #[arg(long, value_name = "TIME")]
    at: Option<Timestamp>,
    /// Name of the release, for the report.
    #[arg(long, value_name = "NAME")]
    release: Option<String>,
    /// Judge only series with this label, such as instance=127.0.0.1:8081.
    #[arg(long = "match", value_name = "LABEL=VALUE", num_args = 1.., value_parser = matcher)]
    matchers: Vec<(String, String)>,
    /// Fewer events than this prove nothing.
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(1..))]
    min_events: u64,
    /// How long Prometheus may take for all answers together.
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = window::parse)]
    timeout: Duration,
    /// The most queries at the same time.
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u8).range(1..=64))]
    concurrency: u8,
    /// Folder for gate.json, gate.md and gate.junit.xml.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Names of the files of a report.
const FILES: [&str; 3] = ["gate.json", "gate.md", "gate.junit.xml"];

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

/// Judges, prints the report, and writes it when told where.
///
/// # Errors
/// [`Failure::misused`] for bad arguments or objectives, [`Failure::broken`] when the report cannot
/// be written. A Prometheus that does not answer is no error but an inconclusive verdict.
pub async fn run(args: Args) -> Result<Outcome, Failure> {
    let client = Client::new(&args.prometheus, args.timeout)?;
    let objectives = crate::load(&args.slo)?;
    if let Some(folder) = &args.out {
        prepare(folder)?;
    }
    let options = Options {
        window: args.window,
        at: args.at,
        matchers: args.matchers,
        events_min: args.min_events,
        timeout: args.timeout,
        concurrency: usize::from(args.concurrency),
        release: args.release.as_deref().map(text::shown),
    };
    let report = judge(&client, &objectives, &options).await?;
    if let Some(folder) = &args.out {
        write(folder, &report)?;
    }
    text::print(&terminal(&report, Style::of_stdout()))?;
    Ok(report.verdict.outcome())
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
    Ok(())
}

fn write(folder: &Path, report: &Report) -> Result<(), Failure> {
    let texts = [report.json(), markdown(report), junit(report)];
    for (name, text) in FILES.iter().zip(texts) {
        let file = folder.join(name);
        fs::write(&file, text).or_broken(format!("cannot write {}", file.display()))?;
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
