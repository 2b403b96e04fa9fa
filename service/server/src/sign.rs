//! `proofmark sign`: makes signed URLs and keys, and says whether a signature holds.

mod target;

use std::io;
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use outcome::{Failure, OrFail, Outcome};

use crate::signature::{self, FRESH_BYTES};
use crate::{Config, Keyring, clock, command};
use target::{Target, check_base};

/// How long a URL holds unless somebody says otherwise.
const LIFETIME: Duration = Duration::from_secs(3_600);

/// Arguments of `sign`.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// What to sign: a URL, or a path with its query, under /v1/.
    #[arg(required_unless_present = "new_key")]
    url: Option<String>,
    /// TOML file of the service, which names the keys.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// One setting of the service (can be repeated).
    #[arg(long = "set", value_name = "KEY=VALUE")]
    settings: Vec<String>,
    /// Name of the key that signs [default: the first one]
    #[arg(long, value_name = "ID")]
    key: Option<String>,
    /// Time that it holds, like 30m or 7days [default: 1h]
    #[arg(long, value_name = "DURATION", conflicts_with = "until")]
    expires: Option<humantime::Duration>,
    /// Until when it holds (RFC 3339).
    #[arg(long, value_name = "TIME")]
    until: Option<jiff::Timestamp>,
    /// Scheme and host before a path [default: http.listen]
    #[arg(long, value_name = "URL")]
    base: Option<String>,
    /// Only say whether the URL's signature holds (0 or 1).
    #[arg(long, conflicts_with_all = ["key", "expires", "until", "base"])]
    check: bool,
    /// Print a line with a new key [default ID: today]
    #[arg(
        long, value_name = "ID", num_args = 0..=1, default_missing_value = "",
        conflicts_with_all = ["url", "key", "expires", "until", "base", "check"]
    )]
    new_key: Option<String>,
}

/// What is printed, and how the command ends.
#[derive(Debug, PartialEq, Eq)]
struct Said {
    /// For standard output: one line.
    answer: String,
    /// For standard error, one line each.
    notes: Vec<String>,
    outcome: Outcome,
}

/// Prints a signed URL, a new key, or whether a signature holds.
///
/// [`Outcome::Held`], or [`Outcome::Missed`] for a signature that does not hold.
///
/// # Errors
/// [`Failure::misused`] for a bad configuration, a missing key or a URL that cannot be signed;
/// [`Failure::broken`] when standard output cannot be written.
pub fn run(args: Args) -> Result<Outcome, Failure> {
    let now = clock::wall();
    let said = match &args.new_key {
        Some(id) => new_key(id, &clock::secret(), now)?,
        None => {
            let config = command::layered(args.config.as_deref(), &args.settings)?;
            execute(&config, &args, now)?
        }
    };
    for note in &said.notes {
        command::say(io::stderr(), &format!("{note}\n"))?;
    }
    command::say(io::stdout(), &format!("{}\n", said.answer))?;
    Ok(said.outcome)
}

fn new_key(id: &str, random: &[u8; FRESH_BYTES], now: SystemTime) -> Result<Said, Failure> {
    let today = shown(now).chars().take(10).collect::<String>();
    let id = if id.is_empty() { &today } else { id };
    let note = "Add this line to the file that signing.keys_file names; its first key signs. Start the \
                service again.";
    Ok(Said {
        answer: signature::fresh(id, random).or_misused(format!("--new-key {id}"))?,
        notes: vec![note.to_owned()],
        outcome: Outcome::Held,
    })
}

fn execute(config: &Config, args: &Args, now: SystemTime) -> Result<Said, Failure> {
    let keyring = Keyring::new(config).or_misused("configuration")?;
    let url = args.url.as_deref().unwrap_or_default();
    let target = Target::parse(url)?;
    if args.check {
        return Ok(check(&keyring, &target, now));
    }
    let expires = expires(args, &keyring, now)?;
    let signed = keyring
        .sign(target.path, target.query, args.key.as_deref(), expires, now)
        .or_misused("cannot sign")?;
    let mut notes = Vec::new();
    if !signature::is_needed(target.path, target.query) {
        let note = "This URL holds without a signature too: only picture= of a card and query= of a \
                    chart need one.";
        notes.push(note.to_owned());
    }
    let (bytes, max) = (signed.len(), config.http.url_bytes_max.get());
    if bytes > max {
        notes.push(format!(
            "The service will refuse this URL: its {bytes} bytes are more than http.url_bytes_max, \
             {max}."
        ));
    }
    let base = match (target.base, args.base.as_deref()) {
        ("", None) => format!("http://{}", config.http.listen),
        ("", Some(base)) => check_base(base)?.to_owned(),
        (own, None) => own.to_owned(),
        (own, Some(_)) => {
            let sentence = format!("--base is for a path; this URL has {own} already");
            return Err(Failure::misused(sentence));
        }
    };
    Ok(Said {
        answer: format!("{base}{signed}"),
        notes,
        outcome: Outcome::Held,
    })
}

fn check(keyring: &Keyring, target: &Target<'_>, now: SystemTime) -> Said {
    let (answer, outcome) = match keyring.check(target.path, target.query, now) {
        Ok(unsigned) => {
            let left = unsigned.expires.duration_since(now).unwrap_or_default();
            let answer = format!(
                "holds until {}, {} more, by key {}",
                shown(unsigned.expires),
                signature::span(left),
                unsigned.key
            );
            (answer, Outcome::Held)
        }
        Err(error) => (format!("does not hold: {error}"), Outcome::Missed),
    };
    Said {
        answer,
        notes: Vec::new(),
        outcome,
    }
}

/// When the URL stops to hold, in unix seconds.
fn expires(args: &Args, keyring: &Keyring, now: SystemTime) -> Result<u64, Failure> {
    if let Some(until) = args.until {
        // A time before 1970 has passed like any other.
        return Ok(u64::try_from(until.as_second()).unwrap_or_default());
    }
    let lifetime = args.expires.map_or_else(
        || LIFETIME.min(keyring.lifetime_max()),
        |lifetime| *lifetime,
    );
    let since_epoch = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    // Whole seconds, and never longer than was asked for.
    Ok(since_epoch.saturating_add(lifetime).as_secs())
}

/// A time as people write it, to the second.
fn shown(time: SystemTime) -> String {
    humantime::format_rfc3339_seconds(time).to_string()
}

#[cfg(test)]
mod tests;
