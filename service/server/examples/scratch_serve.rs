//! scratch
use clap::Parser;
#[derive(Parser)]
struct Cli { #[command(flatten)] args: server::Args }
#[tokio::main]
async fn main() {
    match server::run(Cli::parse().args).await { Ok(o) => std::process::exit(o.exit_code().into()), Err(f) => { eprintln!("proofmark: {f}"); std::process::exit(f.outcome().exit_code().into()) } }
}
