//! When a failed question is asked again: twice at most, and not for long.

use std::error::Error;
use std::io::{self, ErrorKind};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use super::SourceError;

/// How long to wait before each further try.
const WAITS: [Duration; 2] = [Duration::from_millis(200), Duration::from_millis(600)];

/// The longest wait that a server can ask for.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(5);

/// Tries that a client may spend before any answer earns them back: a server that is down is not
/// asked three times for each of hundreds of questions.
const BUDGET_MAX: u32 = 30;

/// A try that failed, and whether another may do better.
#[derive(Debug)]
pub(super) struct Failed {
    pub(super) error: SourceError,
    pub(super) again: Again,
}

/// Whether to ask again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Again {
    /// Another try would end the same.
    Never,
    /// After the usual wait.
    Soon,
    /// After this long, when that is longer than the usual wait.
    After(Duration),
}

impl Again {
    /// What an HTTP status and `Retry-After`, in seconds, mean.
    pub(super) fn of_status(status: u16, retry_after: Option<u64>) -> Self {
        match (status, retry_after) {
            (429 | 502 | 503 | 504, Some(seconds)) => Self::After(Duration::from_secs(seconds)),
            (429 | 502 | 503 | 504, None) => Self::Soon,
            _ => Self::Never,
        }
    }

    /// What a failure of the network means: one that ended a connection may be over soon.
    pub(super) fn of_transport(error: &reqwest::Error) -> Self {
        let mut cause: Option<&dyn Error> = Some(error);
        while let Some(error) = cause {
            let is_broken = error.downcast_ref::<io::Error>().is_some_and(is_break)
                || error
                    .downcast_ref::<hyper::Error>()
                    .is_some_and(hyper::Error::is_incomplete_message);
            if is_broken {
                return Self::Soon;
            }
            cause = error.source();
        }
        Self::Never
    }

    /// How long to wait after `tries` tries; none when that was the last, or when there is no time
    /// `left` after the wait.
    pub(super) fn wait(self, tries: usize, left: Duration) -> Option<Duration> {
        let usual = *WAITS.get(tries.checked_sub(1)?)?;
        let wait = match self {
            Self::Never => return None,
            Self::Soon => usual,
            Self::After(wanted) => wanted.min(RETRY_AFTER_MAX).max(usual),
        };
        (wait < left).then_some(wait)
    }
}

fn is_break(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionRefused
            | ErrorKind::ConnectionReset
            | ErrorKind::ConnectionAborted
            | ErrorKind::BrokenPipe
            | ErrorKind::UnexpectedEof
    )
}

/// How many further tries a client has left.
#[derive(Debug)]
pub(super) struct Budget(AtomicU32);

impl Budget {
    pub(super) fn new() -> Self {
        Self(AtomicU32::new(BUDGET_MAX))
    }

    /// Takes one try; false when none is left.
    pub(super) fn spend(&self) -> bool {
        let take = |left: u32| left.checked_sub(1);
        let taken = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take);
        taken.is_ok()
    }

    /// An answer earns one try back.
    pub(super) fn earn(&self) {
        let give = |left: u32| (left < BUDGET_MAX).then_some(left + 1);
        // Err only says that it is full.
        let _ = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, give);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_may_pass_is_tried_again() {
        for status in [429, 502, 503, 504] {
            assert_eq!(Again::of_status(status, None), Again::Soon);
            let after = Again::After(Duration::from_secs(2));
            assert_eq!(Again::of_status(status, Some(2)), after);
        }
        for status in [200, 301, 400, 401, 403, 404, 413, 422, 500, 501] {
            assert_eq!(Again::of_status(status, Some(2)), Again::Never, "{status}");
        }
    }

    #[test]
    fn waits_are_few_and_bounded() {
        let millis = |again: Again| {
            let wait = |tries| Some(again.wait(tries, Duration::MAX)?.as_millis());
            (1..=4).map(wait).collect::<Vec<_>>()
        };
        assert_eq!(millis(Again::Soon), [Some(200), Some(600), None, None]);
        assert_eq!(millis(Again::Never), [None; 4]);
        let after = |seconds| Again::After(Duration::from_secs(seconds));
        assert_eq!(millis(after(0)), [Some(200), Some(600), None, None]);
        assert_eq!(millis(after(2)), [Some(2_000), Some(2_000), None, None]);
        assert_eq!(
            millis(after(u64::MAX)),
            [Some(5_000), Some(5_000), None, None]
        );
    }

    #[test]
    fn a_wait_that_ends_after_the_deadline_is_not_begun() {
        let left = Duration::from_millis;
        assert_eq!(Again::Soon.wait(1, left(201)), Some(left(200)));
        assert_eq!(Again::Soon.wait(1, left(200)), None);
        assert_eq!(Again::Soon.wait(2, left(201)), None);
        let slow_down = Again::After(Duration::from_secs(3_600));
        assert_eq!(slow_down.wait(1, left(4_000)), None);
        assert_eq!(slow_down.wait(1, left(5_001)), Some(left(5_000)));
    }

    #[test]
    fn tries_are_spent_and_earned_back() {
        let budget = Budget::new();
        budget.earn();
        let spent = (0..100).filter(|_| budget.spend()).count();
        assert_eq!(spent, BUDGET_MAX as usize);
        budget.earn();
        assert_eq!((budget.spend(), budget.spend()), (true, false));
    }
}
