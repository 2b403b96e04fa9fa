//! The one home of clocks and chance: everything else is given the time.

use std::time::{Duration, Instant, SystemTime};

/// The monotonic clock; a paused tokio clock steers it.
pub(crate) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// The wall clock, for timestamps only.
pub(crate) fn wall() -> SystemTime {
    SystemTime::now()
}

/// When `moment` was on the wall clock, given that it is `wall_now` at `now`.
pub(crate) fn wall_at(moment: Instant, now: Instant, wall_now: SystemTime) -> SystemTime {
    wall_now
        .checked_sub(now.saturating_duration_since(moment))
        .unwrap_or(SystemTime::UNIX_EPOCH)
}

/// A number from 0 to below 1.
pub(crate) fn chance() -> f64 {
    rand::random()
}

/// Random bytes that nobody can guess: the generator is seeded by the system.
pub(crate) fn secret<const N: usize>() -> [u8; N] {
    rand::random()
}

/// How long something took, from `start` to now.
pub(crate) fn since(start: Instant) -> Duration {
    now().saturating_duration_since(start)
}
