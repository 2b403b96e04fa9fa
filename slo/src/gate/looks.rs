//! When to look again: until it is decided, cannot be any more, or there is no time left.

use std::time::{Duration, Instant};

use super::plan::Options;
use super::reason::Reason;
use super::report::{Report, Verdict};

/// Looks in the time that there is, unless they would come faster than once a second or slower than
/// twice a minute.
const LOOKS_WANTED: u32 = 20;

/// How many times as many events as came so far may come: then it is not hopeless yet.
const SURGE_MAX: f64 = 4.0;

/// Looks at Prometheus over some time.
#[derive(Debug)]
pub(super) struct Looks {
    began: Instant,
    limit: Option<Duration>,
}

impl Looks {
    /// Begins now; without a limit there is one look.
    pub(super) fn new(limit: Option<Duration>) -> Self {
        Self {
            began: Instant::now(),
            limit,
        }
    }

    /// The window now: its beginning stays where that of the first look was.
    pub(super) fn window(&self, first: Duration) -> Duration {
        first + Duration::from_secs(self.began.elapsed().as_secs())
    }

    /// How long to wait before the next look, or `None` when this was the last one.
    pub(super) fn next(&self, report: &Report, options: &Options) -> Option<Duration> {
        let limit = self.limit?;
        pause(report, options.window, limit, self.began.elapsed())
    }
}

fn pause(
    report: &Report,
    window: Duration,
    limit: Duration,
    elapsed: Duration,
) -> Option<Duration> {
    let left = limit.checked_sub(elapsed)?;
    if report.verdict != Verdict::Inconclusive || is_hopeless(report, window, left) {
        return None;
    }
    let pause = (limit / LOOKS_WANTED).clamp(Duration::from_secs(1), Duration::from_secs(30));
    (pause <= left).then_some(pause)
}

/// Whether some objective needs more events than can be expected in the time that is left.
fn is_hopeless(report: &Report, window: Duration, left: Duration) -> bool {
    let share_left = left.as_secs_f64() / window.as_secs_f64();
    report.objectives.iter().any(|judged| {
        let Some(total) = judged.total_events.filter(|total| *total > 0.0) else {
            return false;
        };
        let expected = total * share_left * SURGE_MAX;
        judged.reasons.iter().any(|explained| {
            matches!(explained.reason, Reason::Undecided { more_needed, .. }
                if more_needed.is_none_or(|more| more as f64 > expected))
        })
    })
}

#[cfg(test)]
mod tests;
