//! What was sent and what came back, counted.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use signals::LoadResult as Class;

use crate::latencies::Latencies;

/// What one request came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Answer {
    /// Whether the plan expected it.
    pub(crate) class: Class,
    /// The status, when there was an answer.
    pub(crate) status: Option<u16>,
    /// Why there was none.
    pub(crate) failure: Option<&'static str>,
}

/// The counts of one kind of request.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct RequestTally {
    pub(crate) sent: u64,
    pub(crate) expected: u64,
    pub(crate) unexpected: u64,
    pub(crate) failed: u64,
    pub(crate) statuses: BTreeMap<u16, u64>,
    pub(crate) failures: BTreeMap<&'static str, u64>,
    pub(crate) latencies: Latencies,
}

impl RequestTally {
    fn record(&mut self, answer: Answer, elapsed: Duration) {
        match answer.class {
            Class::Expected => self.expected += 1,
            Class::Unexpected => self.unexpected += 1,
            Class::Failed => self.failed += 1,
        }
        if let Some(status) = answer.status {
            *self.statuses.entry(status).or_default() += 1;
        }
        if let Some(failure) = answer.failure {
            *self.failures.entry(failure).or_default() += 1;
        }
        self.latencies.record(elapsed);
    }

    pub(crate) fn add(&mut self, other: &Self) {
        self.sent += other.sent;
        self.expected += other.expected;
        self.unexpected += other.unexpected;
        self.failed += other.failed;
        for (status, count) in &other.statuses {
            *self.statuses.entry(*status).or_default() += count;
        }
        for (failure, count) in &other.failures {
            *self.failures.entry(failure).or_default() += count;
        }
        self.latencies.add(&other.latencies);
    }
}

/// All counts of a load, filled by many users at once.
#[derive(Debug)]
pub(crate) struct Tally {
    requests: Vec<Mutex<RequestTally>>,
    dropped: AtomicU64,
    last_sent_micros: AtomicU64,
}

impl Tally {
    /// Counts for this many kinds of requests.
    pub(crate) fn new(kinds: usize) -> Self {
        Self {
            requests: (0..kinds).map(|_| Mutex::default()).collect(),
            dropped: AtomicU64::new(0),
            last_sent_micros: AtomicU64::new(0),
        }
    }

    /// A request of this kind leaves, this long after the start of the load.
    pub(crate) fn sent(&self, kind: usize, since_start: Duration) {
        let micros = u64::try_from(since_start.as_micros()).unwrap_or(u64::MAX);
        self.last_sent_micros.fetch_max(micros, Ordering::Relaxed);
        self.of(kind).sent += 1;
    }

    /// The answer to a request of this kind.
    pub(crate) fn answered(&self, kind: usize, answer: Answer, elapsed: Duration) {
        self.of(kind).record(answer, elapsed);
    }

    /// A request was due but could not be sent in time.
    pub(crate) fn dropped_one(&self) {
        self.dropped.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// When the last request left, after the start of the load.
    pub(crate) fn last_sent(&self) -> Duration {
        Duration::from_micros(self.last_sent_micros.load(Ordering::Relaxed))
    }

    /// The counts of each kind as they stand.
    pub(crate) fn snapshot(&self) -> Vec<RequestTally> {
        (0..self.requests.len())
            .map(|kind| self.of(kind).clone())
            .collect()
    }

    /// The counts of all kinds together.
    pub(crate) fn total(&self) -> RequestTally {
        let mut total = RequestTally::default();
        for kind in 0..self.requests.len() {
            total.add(&self.of(kind));
        }
        total
    }

    fn of(&self, kind: usize) -> MutexGuard<'_, RequestTally> {
        // Counting cannot panic half-way, so a poisoned lock still holds whole counts.
        self.requests[kind]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_answer_is_counted_once_and_kinds_add_up() {
        let tally = Tally::new(2);
        let answer = |class, status, failure| Answer {
            class,
            status,
            failure,
        };
        for kind in [0, 0, 1] {
            tally.sent(kind, Duration::from_millis(7));
        }
        tally.answered(
            0,
            answer(Class::Expected, Some(200), None),
            Duration::from_millis(1),
        );
        tally.answered(
            0,
            answer(Class::Unexpected, Some(500), None),
            Duration::from_millis(2),
        );
        tally.answered(
            1,
            answer(Class::Failed, None, Some("timeout")),
            Duration::from_millis(3),
        );
        tally.dropped_one();
        let total = tally.total();
        assert_eq!(
            (total.sent, total.expected, total.unexpected, total.failed),
            (3, 1, 1, 1)
        );
        assert_eq!(total.statuses, BTreeMap::from([(200, 1), (500, 1)]));
        assert_eq!(total.failures, BTreeMap::from([("timeout", 1)]));
        assert_eq!(total.latencies.max(), Duration::from_millis(3));
        assert_eq!(
            (tally.dropped(), tally.last_sent()),
            (1, Duration::from_millis(7))
        );
        assert_eq!(tally.snapshot()[1].sent, 1);
    }
}
