//! What both directions of a connection share: that it has to go, and whether it is of any use.
//!
//! A connection over which nothing has moved for long is closed, or it would be kept for ever: one
//! whose peer has stopped to read, and, much sooner, one of which one side has said all it had to
//! say. Bytes that a toxic holds back are on their way; as long as there are such, nothing is closed.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::limit::{HALF_OPEN_TIME, IDLE_TIME};
use super::toxic::Stream;

/// How long nothing may move over a connection before it is closed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// While both sides may still say something.
    pub(crate) idle: Duration,
    /// When one side has ended.
    pub(crate) half_open: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            idle: IDLE_TIME,
            half_open: HALF_OPEN_TIME,
        }
    }
}

/// What the two links of a connection share.
#[derive(Debug)]
pub(crate) struct Ends {
    /// Cancelled when the connection has to go, by whomever.
    pub(crate) closed: CancellationToken,
    /// Links through which something can still come.
    alive: AtomicUsize,
    began: Instant,
    /// When bytes last moved, in milliseconds since it began.
    moved_ms: AtomicU64,
    /// Whether bytes or an end wait for their time, upstream and downstream.
    waiting: [AtomicBool; 2],
}

impl Ends {
    /// The ends of a connection of two links.
    pub(crate) fn new(closed: CancellationToken) -> Self {
        Self {
            closed,
            alive: AtomicUsize::new(2),
            began: Instant::now(),
            moved_ms: AtomicU64::new(0),
            waiting: Default::default(),
        }
    }

    /// Notes that nothing can come through one of the links any more.
    pub(crate) fn one_is_exhausted(&self) {
        if self.alive.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.closed.cancel();
        }
    }

    /// Notes that bytes moved.
    pub(crate) fn moved(&self, now: Instant) {
        let since = now.saturating_duration_since(self.began).as_millis();
        let since = u64::try_from(since).unwrap_or(u64::MAX);
        self.moved_ms.store(since, Ordering::Relaxed);
    }

    /// Notes whether a toxic of this direction holds something back until its time.
    pub(crate) fn set_waiting(&self, stream: Stream, waiting: bool) {
        self.waiting[usize::from(stream == Stream::Downstream)].store(waiting, Ordering::Relaxed);
    }

    /// Returns when nothing has moved for too long.
    pub(crate) async fn abandoned(&self, patience: Patience) {
        while let Some(pause) = self.look_after(patience, Instant::now()) {
            tokio::time::sleep(pause).await;
        }
    }

    /// When to look again; never when nothing has moved for too long. It may become half open at any
    /// time, and that is only seen by looking.
    fn look_after(&self, patience: Patience, now: Instant) -> Option<Duration> {
        let left = self.left(patience, now);
        if left.is_zero() && !self.is_waiting() {
            return None;
        }
        Some(left.clamp(patience.half_open / 4, patience.half_open))
    }

    fn left(&self, patience: Patience, now: Instant) -> Duration {
        let moved = Duration::from_millis(self.moved_ms.load(Ordering::Relaxed));
        let silent = now.saturating_duration_since(self.began + moved);
        let limit = match self.alive.load(Ordering::Acquire) {
            2 => patience.idle,
            _ => patience.half_open,
        };
        limit.saturating_sub(silent)
    }

    fn is_waiting(&self) -> bool {
        let mut both = self.waiting.iter();
        both.any(|waiting| waiting.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Patience = Patience {
        idle: Duration::from_secs(100),
        half_open: Duration::from_secs(8),
    };

    fn seconds(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    #[test]
    fn an_idle_connection_is_kept_for_longer_than_a_half_open_one() {
        let ends = Ends::new(CancellationToken::new());
        let look_at = |second| ends.look_after(PATIENCE, ends.began + seconds(second));
        assert_eq!(look_at(0), Some(seconds(8)));
        assert_eq!(look_at(95), Some(seconds(5)));
        assert_eq!(look_at(99), Some(seconds(2)));
        assert_eq!(look_at(100), None);
        ends.moved(ends.began + seconds(99));
        assert_eq!(look_at(100), Some(seconds(8)));
        ends.one_is_exhausted();
        assert_eq!(look_at(100), Some(seconds(7)));
        assert_eq!(look_at(107), None);
    }

    #[test]
    fn what_a_toxic_holds_back_is_waited_for() {
        let ends = Ends::new(CancellationToken::new());
        ends.one_is_exhausted();
        ends.set_waiting(Stream::Downstream, true);
        let much_later = ends.began + seconds(1_000);
        assert_eq!(ends.look_after(PATIENCE, much_later), Some(seconds(2)));
        ends.set_waiting(Stream::Downstream, false);
        assert_eq!(ends.look_after(PATIENCE, much_later), None);
    }
}
