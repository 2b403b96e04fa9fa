//! The bare client of the gate's benchmark: the questions that a query log of Prometheus holds, asked
//! again with nothing but HTTP GET and reading the body. `ci/peers/gate` calls it.
//!
//! `ask all` takes the time of all of them, so many at the same time; `ask kinds` asks one after the
//! other and tells which kind of question takes how much.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::{Args, Parser};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use reqwest::{Client, Url};
use tokio::time::Instant;

/// The most questions of a log.
const QUESTIONS_MAX: usize = 1_000_000;

/// The most kinds that are printed.
const KINDS_MAX: usize = 12;

/// The most characters of a kind, so that a line has no more than eighty.
const KIND_LENGTH_MAX: usize = 48;

type Failure = Box<dyn std::error::Error>;

/// Asks the questions of a query log again.
#[derive(Debug, Parser)]
enum Ask {
    /// All at once; prints milliseconds, questions and kilobytes of answers.
    All {
        #[command(flatten)]
        what: What,
        /// The most questions at the same time.
        #[arg(long, default_value_t = 8)]
        concurrency: usize,
    },
    /// One after the other; prints questions, milliseconds and share of each kind.
    Kinds {
        #[command(flatten)]
        what: What,
    },
}

#[derive(Debug, Args)]
struct What {
    /// Prometheus server, such as http://127.0.0.1:9090.
    #[arg(long)]
    prometheus: Url,
    /// Its query log.
    #[arg(long)]
    log: PathBuf,
}

struct Question {
    query: String,
    url: Url,
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let client = Client::builder().no_proxy().no_gzip().build()?;
    match Ask::parse() {
        Ask::All { what, concurrency } => {
            let questions = questions(&what.prometheus, &what.log)?;
            let started = Instant::now();
            let answers = stream::iter(&questions).map(|question| answer(&client, question));
            let answers = answers.buffer_unordered(concurrency.max(1));
            let sizes: Vec<usize> = answers.try_collect().await?;
            let kilobytes = sizes.iter().sum::<usize>() as f64 / 1e3;
            let millis = started.elapsed().as_secs_f64() * 1e3;
            println!("{millis:.1} {} {kilobytes:.0}", sizes.len());
        }
        Ask::Kinds { what } => {
            let questions = questions(&what.prometheus, &what.log)?;
            kinds(&client, &questions).await?;
        }
    }
    Ok(())
}

/// The size of the body.
async fn answer(client: &Client, question: &Question) -> Result<usize, Failure> {
    let response = client.get(question.url.clone()).send().await?;
    let status = response.status();
    let body = response.bytes().await?;
    if !status.is_success() {
        return Err(format!("{status} for {}", question.query).into());
    }
    Ok(body.len())
}

/// Every question of the log in its order.
fn questions(prometheus: &Url, log: &Path) -> Result<Vec<Question>, Failure> {
    let text =
        std::fs::read_to_string(log).map_err(|error| format!("{}: {error}", log.display()))?;
    let lines = text.lines().filter(|line| !line.is_empty());
    let questions = lines.take(QUESTIONS_MAX).enumerate().map(|(index, line)| {
        let place = || format!("{}:{}: not a line of a query log", log.display(), index + 1);
        question(prometheus, line).ok_or_else(place)
    });
    let questions = questions.collect::<Result<Vec<_>, _>>()?;
    if questions.is_empty() {
        return Err(format!("{}: no question in it", log.display()).into());
    }
    Ok(questions)
}

fn question(prometheus: &Url, line: &str) -> Option<Question> {
    let line: serde_json::Value = serde_json::from_str(line).ok()?;
    let params = &line["params"];
    let text = |name: &str| Some(params[name].as_str()?.to_owned());
    let query = text("query")?;
    let mut url = prometheus.clone();
    let step = params["step"].as_f64()?;
    if step > 0.0 {
        url.set_path("/api/v1/query_range");
        url.query_pairs_mut()
            .append_pair("query", &query)
            .append_pair("start", &text("start")?)
            .append_pair("end", &text("end")?)
            .append_pair("step", &step.to_string());
    } else {
        url.set_path("/api/v1/query");
        url.query_pairs_mut()
            .append_pair("query", &query)
            .append_pair("time", &text("end")?);
    }
    Some(Question { query, url })
}

async fn kinds(client: &Client, questions: &[Question]) -> Result<(), Failure> {
    let mut kinds: BTreeMap<String, (usize, f64)> = BTreeMap::new();
    for question in questions {
        let started = Instant::now();
        answer(client, question).await?;
        let kind = kinds.entry(kind(&question.query)).or_default();
        kind.0 += 1;
        kind.1 += started.elapsed().as_secs_f64() * 1e3;
    }
    let whole: f64 = kinds.values().map(|(_, millis)| millis).sum();
    let mut kinds: Vec<_> = kinds.into_iter().collect();
    kinds.sort_by(|(_, one), (_, other)| other.1.total_cmp(&one.1));
    for (kind, (count, millis)) in kinds.iter().take(KINDS_MAX) {
        let (each, share) = (millis / *count as f64, 100.0 * millis / whole);
        let kind: String = kind.chars().take(KIND_LENGTH_MAX).collect();
        println!("{count:6} {millis:9.0} {each:7.2} {share:4.0} %  {kind}");
    }
    Ok(())
}

/// A question without what it asks about: every selector becomes `m`.
fn kind(query: &str) -> String {
    let mut kind = String::new();
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    for character in query.chars() {
        match character {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ if quoted => {}
            '{' => {
                if depth == 0 {
                    let named = |c: char| c.is_ascii_alphanumeric() || "_:".contains(c);
                    let name_begins = kind.trim_end_matches(named).len();
                    let recorded = kind[name_begins..].starts_with("slo:");
                    kind.truncate(name_begins);
                    kind.push_str(if recorded { "recorded" } else { "m" });
                }
                depth += 1;
            }
            '}' => depth = depth.saturating_sub(1),
            '\n' => {}
            _ if depth == 0 => kind.push(character),
            _ => {}
        }
    }
    kind
}
