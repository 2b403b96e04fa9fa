//! The moment by which a request must be answered; every stage inherits it.

use std::time::{Duration, Instant};

/// A moment after which nobody waits for an answer any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline {
    until: Instant,
}

impl Deadline {
    /// `patience` after `now`.
    #[must_use]
    pub fn after(now: Instant, patience: Duration) -> Self {
        Self {
            until: now + patience,
        }
    }

    /// Time left at `now`; zero once it has passed.
    #[must_use]
    pub fn left(self, now: Instant) -> Duration {
        self.until.saturating_duration_since(now)
    }

    /// Whether it has passed at `now`. At the moment itself it has.
    #[must_use]
    pub fn has_passed(self, now: Instant) -> bool {
        self.until <= now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_passes_when_nothing_is_left_of_it() {
        let t0 = Instant::now();
        let deadline = Deadline::after(t0, Duration::from_secs(5));
        assert_eq!(
            deadline.left(t0 + Duration::from_secs(2)),
            Duration::from_secs(3)
        );
        assert!(!deadline.has_passed(t0 + Duration::from_secs(4)));
        assert!(deadline.has_passed(t0 + Duration::from_secs(5)));
        assert_eq!(deadline.left(t0 + Duration::from_secs(9)), Duration::ZERO);
    }
}
