//! Bounded waiting line in front of workers: what does not fit is refused, what waits too long
//! expires.
//!
//! Refusing early keeps the wait of everyone else short: a full line of length `n` before `w`
//! workers of mean cost `c` waits `n × c ÷ w`, and that is what a refused caller is told.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::Deadline;

/// Share of the newest cost in the mean: about the last ten costs count.
const MEAN_WEIGHT: f64 = 0.1;

/// A first-in, first-out line of at most `length_max` entries.
#[derive(Debug)]
pub struct WaitingLine<T> {
    entries: VecDeque<Waiting<T>>,
    length_max: usize,
    workers: usize,
    cost_mean: Duration,
}

#[derive(Debug)]
struct Waiting<T> {
    item: T,
    since: Instant,
    deadline: Deadline,
}

/// The line is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{length_max} wait already; there should be room in {retry_after:?}")]
pub struct Full {
    /// How many may wait.
    pub length_max: usize,
    /// Until the line of now is likely to be gone.
    pub retry_after: Duration,
}

/// What a worker gets from the line.
#[derive(Debug, PartialEq, Eq)]
pub enum Taken<T> {
    /// The next entry, and how long it waited.
    Next(T, Duration),
    /// An entry whose deadline has passed: to be told so, not to be worked on.
    Expired(T, Duration),
    /// Nobody waits.
    Nobody,
}

impl<T> WaitingLine<T> {
    /// An empty line before `workers` workers.
    #[must_use]
    pub fn new(length_max: usize, workers: usize) -> Self {
        Self {
            entries: VecDeque::new(),
            length_max,
            workers: workers.max(1),
            cost_mean: Duration::ZERO,
        }
    }

    /// Puts `item` at the end.
    ///
    /// # Errors
    /// [`Full`]; `item` is dropped then.
    pub fn enter(&mut self, item: T, now: Instant, deadline: Deadline) -> Result<(), Full> {
        if self.entries.len() >= self.length_max {
            return Err(Full {
                length_max: self.length_max,
                retry_after: self.wait_expected(),
            });
        }
        self.entries.push_back(Waiting {
            item,
            since: now,
            deadline,
        });
        Ok(())
    }

    /// Takes the first of the line.
    pub fn take(&mut self, now: Instant) -> Taken<T> {
        let Some(Waiting {
            item,
            since,
            deadline,
        }) = self.entries.pop_front()
        else {
            return Taken::Nobody;
        };
        let waited = now.saturating_duration_since(since);
        if deadline.has_passed(now) {
            return Taken::Expired(item, waited);
        }
        Taken::Next(item, waited)
    }

    /// Learns what working on one entry cost.
    pub fn learn_cost(&mut self, cost: Duration) {
        self.cost_mean = if self.cost_mean.is_zero() {
            cost
        } else {
            self.cost_mean.mul_f64(1.0 - MEAN_WEIGHT) + cost.mul_f64(MEAN_WEIGHT)
        };
    }

    /// How many wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nobody waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How long someone who joined now would wait.
    #[must_use]
    pub fn wait_expected(&self) -> Duration {
        self.cost_mean
            .mul_f64(self.entries.len() as f64 / self.workers as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn millis(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    #[test]
    fn a_full_line_says_when_to_come_back() {
        let t0 = Instant::now();
        let deadline = Deadline::after(t0, millis(1_000));
        let mut line = WaitingLine::new(4, 2);
        line.learn_cost(millis(100));
        for name in ["a", "b", "c", "d"] {
            assert_eq!(line.enter(name, t0, deadline), Ok(()));
        }
        let full = Full {
            length_max: 4,
            retry_after: millis(200),
        };
        assert_eq!(line.enter("e", t0, deadline), Err(full));
        assert_eq!(line.take(t0 + millis(50)), Taken::Next("a", millis(50)));
        assert_eq!(line.enter("e", t0, deadline), Ok(()));
    }

    #[test]
    fn who_waited_past_the_deadline_is_not_served() {
        let t0 = Instant::now();
        let mut line = WaitingLine::new(4, 1);
        line.enter("late", t0, Deadline::after(t0, millis(10)))
            .unwrap();
        line.enter("early", t0, Deadline::after(t0, millis(100)))
            .unwrap();
        assert_eq!(
            line.take(t0 + millis(50)),
            Taken::Expired("late", millis(50))
        );
        assert_eq!(line.take(t0 + millis(50)), Taken::Next("early", millis(50)));
        assert_eq!(line.take(t0 + millis(50)), Taken::<&str>::Nobody);
    }

    #[test]
    fn the_mean_follows_the_cost() {
        let mut line = WaitingLine::new(1, 1);
        line.enter(
            (),
            Instant::now(),
            Deadline::after(Instant::now(), millis(1)),
        )
        .unwrap();
        line.learn_cost(millis(10));
        assert_eq!(line.wait_expected(), millis(10));
        for _ in 0..100 {
            line.learn_cost(millis(30));
        }
        assert!(
            line.wait_expected() > millis(29),
            "{:?}",
            line.wait_expected()
        );
    }

    proptest! {
        /// The line never grows past its maximum, loses nothing, and keeps the order.
        #[test]
        fn what_goes_in_comes_out_in_order(enters in prop::collection::vec(any::<bool>(), 0..300)) {
            let now = Instant::now();
            let mut line = WaitingLine::new(8, 1);
            let (mut next_in, mut next_out) = (0, 0);
            for enter in enters {
                if enter {
                    let waiting = next_in - next_out;
                    let entered = line.enter(next_in, now, Deadline::after(now, millis(1)));
                    prop_assert_eq!(entered.is_ok(), waiting < 8);
                    next_in += i32::from(entered.is_ok());
                } else if let Taken::Next(item, _) = line.take(now) {
                    prop_assert_eq!(item, next_out);
                    next_out += 1;
                } else {
                    prop_assert_eq!(next_in, next_out);
                }
                prop_assert!(line.len() <= 8);
            }
        }
    }
}
