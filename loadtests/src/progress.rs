//! Live progress: one rewritten line on a terminal, a plain line every five seconds elsewhere.

use std::io::{IsTerminal, Write};
use std::time::Duration;

use signals::LOAD_RATE_WANTED;
use tokio::time::{Instant, MissedTickBehavior};

use crate::attack::Load;
use crate::summary;

/// Between two updates.
const TICK: Duration = Duration::from_secs(1);
/// Updates between two plain lines.
const TICKS_PER_PLAIN_LINE: u64 = 5;
/// How long goose may take to write its reports before it is told to stop waiting for a browser.
const REPORTS_WAIT: Duration = Duration::from_secs(10);

/// Shows how the load goes, and keeps the wanted rate in the metrics. It never returns.
pub(crate) async fn show(load: &Load) -> std::convert::Infallible {
    let is_terminal = std::io::stderr().is_terminal();
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut sent_before = 0;
    let mut over_since: Option<Instant> = None;
    for tick in 0_u64.. {
        ticks.tick().await;
        let elapsed = load.elapsed();
        let wanted = if load.pace.is_over() {
            0.0
        } else {
            load.pace.schedule().rate_at(elapsed)
        };
        load.meter.set(&LOAD_RATE_WANTED, (), wanted);
        if load.pace.is_over() {
            let since = *over_since.get_or_insert_with(Instant::now);
            if since.elapsed() > REPORTS_WAIT {
                // After a run goose waits for ever for an open page of its dashboard.
                goose::trigger_killswitch("the load is over");
            }
            continue;
        }
        let total = load.tally.total();
        #[expect(clippy::cast_precision_loss, reason = "shown without digits")]
        let rate = (total.sent - sent_before) as f64 / TICK.as_secs_f64();
        sent_before = total.sent;
        let p95 = total.latencies.percentile(95.0);
        let bad = total.unexpected + total.failed;
        let line = summary::progress(elapsed, rate, wanted, p95, bad, load.tally.dropped());
        print(&line, is_terminal, tick);
    }
    unreachable!("a process does not live for 2^64 seconds")
}

/// Leaves the rewritten line, so that what follows starts on one of its own.
pub(crate) fn finish() {
    if std::io::stderr().is_terminal() {
        eprintln!();
    }
}

fn print(line: &str, is_terminal: bool, tick: u64) {
    let mut stderr = std::io::stderr().lock();
    // Nobody can be told that standard error is gone.
    let _ = if is_terminal {
        write!(stderr, "\r{line:<79}").and_then(|()| stderr.flush())
    } else if tick > 0 && tick.is_multiple_of(TICKS_PER_PLAIN_LINE) {
        writeln!(stderr, "{line}")
    } else {
        Ok(())
    };
}
