//! The processes of these tests: this test binary, once more, as what its words say.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use clap::Parser;

use super::super::*;
use crate::client::Toxic;
use crate::toxiproxy::ToxiproxyChild;

/// Where a child finds its words, one a line.
const WORDS: &str = "CHAOS_LEASE_WORDS";

#[derive(Debug, Parser)]
enum Line {
    #[command(subcommand)]
    Chaos(Chaos),
    Toxiproxy(crate::toxiproxy::Args),
    Runner {
        address: SocketAddr,
        seconds: u64,
    },
    /// Brings a server of its own.
    Owner {
        listen: SocketAddr,
    },
}

#[derive(Debug, clap::Subcommand)]
enum Chaos {
    Guard,
}

/// No test of its own: what the tests below start, with `--ignored`.
#[test]
#[ignore = "the child of the other tests"]
fn child() {
    let words = std::env::var(WORDS).unwrap();
    crate::helpers_start_by(again);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let line = Line::parse_from(["chaos"].into_iter().chain(words.lines()));
    let outcome = runtime.block_on(async {
        match line {
            Line::Chaos(Chaos::Guard) => guard::run().await,
            Line::Toxiproxy(args) => crate::toxiproxy::run(args).await,
            Line::Owner { listen } => {
                let _own = ToxiproxyChild::start(listen, &[]).await?;
                println!("\nstarted");
                std::future::pending().await
            }
            Line::Runner { address, seconds } => {
                hold(address, seconds).await;
                Ok(outcome::Outcome::Held)
            }
        }
    });
    std::process::exit(outcome.map_or(70, |outcome| i32::from(outcome.exit_code())));
}

pub(super) fn again(words: &[&OsStr]) -> Command {
    let words: Vec<&str> = words.iter().map(|word| word.to_str().unwrap()).collect();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args([
            "lease::tests::processes::child",
            "--exact",
            "--ignored",
            "--nocapture",
        ])
        .env(WORDS, words.join("\n"))
        .env("NO_PROXY", "127.0.0.1");
    command
}

/// Sets two faults and keeps them; says when they are set, when the lease is lost, and what became
/// of a further fault.
async fn hold(address: SocketAddr, seconds: u64) {
    let toxiproxy = Toxiproxy::connect(address).await.unwrap();
    let names = ["redis", "etcd"].map(str::to_owned);
    let time = Duration::from_secs(seconds);
    let lease = Lease::take(&toxiproxy, "held", &names, time).await.unwrap();
    lease.make(&toxiproxy, &down()).await.unwrap();
    lease.make(&toxiproxy, &slow()).await.unwrap();
    println!("\nset");
    lease.lost().cancelled().await;
    println!("lost");
    let more = lease.make(&toxiproxy, &slow()).await;
    println!("more: {}", more.unwrap_err());
    std::future::pending::<()>().await;
}

pub(super) fn slow() -> Change {
    let toxic = Toxic {
        name: "slow".to_owned(),
        kind: "latency".to_owned(),
        stream: "downstream".to_owned(),
        toxicity: 1.0,
        attributes: [("latency".to_owned(), 50)].into(),
    };
    let proxy = "redis".to_owned();
    Change::Add { proxy, toxic }
}

fn down() -> Change {
    let proxy = "etcd".to_owned();
    let enabled = false;
    Change::Enable { proxy, enabled }
}

/// A process that is killed by its own handle.
#[derive(Debug)]
pub(super) struct Process(pub(super) Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Process {
    pub(super) fn start(words: &[&str]) -> Self {
        let words: Vec<&OsStr> = words.iter().map(OsStr::new).collect();
        let mut command = again(&words);
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
        Self(child.unwrap())
    }

    pub(super) fn runner(address: SocketAddr, seconds: &str) -> Self {
        Self::start(&["runner", &address.to_string(), seconds])
    }

    /// The rest of the next line that has `word` in it.
    pub(super) fn line(&mut self, word: &'static str) -> String {
        let output = self.0.stdout.as_mut().unwrap();
        // Byte by byte: what follows is for the next call.
        let mut lines = BufReader::with_capacity(1, output).lines();
        lines
            .find_map(|line| Some(line.unwrap().split_once(word)?.1.to_owned()))
            .unwrap()
    }

    pub(super) fn signal(&self, name: &str) {
        let pid = self.0.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &pid]).status();
        assert!(sent.unwrap().success());
    }
}
