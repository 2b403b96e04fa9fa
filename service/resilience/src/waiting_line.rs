//! Bounded waiting line in front of workers, by predicted cost: what does not fit is refused, what
//! waits too long expires, and dear work does not hold up cheap work.
//!
//! - **Bounds.** Entries, the sum of their costs and the sum of their bytes are bounded. Dear entries
//!   may take half of each bound, so that they never fill the line.
//! - **Fairness.** All workers but one may be busy with dear entries. Where there is one worker, or
//!   all classes wait, each dear entry is paid for: the next one waits until cheap entries of the
//!   same cost were taken, or none waits.
//! - **Deadlines.** Who would wait beyond the deadline is refused at once, and told when to come back.
//! - **Learning.** Predictions are for no machine in particular; the ratio of what entries took to
//!   what was predicted makes them fit this one.
//!
//! Source: *Deficit round robin*, Shreedhar and Varghese, SIGCOMM 1995, with one queue in debt.

mod pace;
mod queue;

use std::time::{Duration, Instant};

use crate::Deadline;
use pace::Pace;
use queue::{Queue, Waiting};

/// What a line allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineBounds {
    /// Workers behind the line, at least 1.
    pub workers: usize,
    /// Entries that wait at most.
    pub length_max: usize,
    /// Sum of the predicted costs that wait at most. An empty line takes one entry of any cost.
    pub cost_max: Duration,
    /// Sum of the bytes that wait at most. An empty line takes one entry of any size.
    pub bytes_max: usize,
    /// An entry of this cost or more is dear.
    pub dear: Duration,
}

/// What one entry asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Load {
    /// Time that one worker is predicted to need.
    pub cost: Duration,
    /// Memory that it holds while it waits.
    pub bytes: usize,
}

/// Which bound turned an entry away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// As many wait as may.
    Length,
    /// As much work waits as may.
    Cost,
    /// As many bytes wait as may.
    Bytes,
    /// It would still wait at its deadline.
    Deadline,
}

/// The line does not take an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the line is full ({bound:?}); there should be room in {retry_after:?}")]
pub struct Full {
    /// What it did not fit.
    pub bound: Bound,
    /// Until those who wait now are likely to be gone.
    pub retry_after: Duration,
}

/// What a worker gets from the line.
#[derive(Debug, PartialEq, Eq)]
pub enum Taken<T> {
    /// The next entry, and what [`WaitingLine::finish`] wants to know about it.
    Next(T, Begun),
    /// An entry whose deadline has passed: to be told so, not to be worked on.
    Expired(T),
    /// Nobody waits whose turn it is.
    Nobody,
}

/// An entry that is being worked on. A worker hands it back with [`WaitingLine::finish`].
#[derive(Debug, PartialEq, Eq)]
#[must_use = "the line counts the worker as busy until it is finished"]
pub struct Begun {
    /// What was predicted.
    pub cost: Duration,
    /// How long it waited.
    pub waited: Duration,
    is_dear: bool,
}

/// A line of two classes, each first in, first out.
#[derive(Debug)]
pub struct WaitingLine<T> {
    bounds: LineBounds,
    cheap: Queue<T>,
    dear: Queue<T>,
    /// Workers that are busy with a dear entry.
    dear_begun: usize,
    /// Cost of cheap entries to take before the next dear one, while cheap ones wait.
    owed: Duration,
    pace: Pace,
}

impl<T> WaitingLine<T> {
    /// An empty line.
    #[must_use]
    pub fn new(bounds: LineBounds) -> Self {
        let workers = bounds.workers.max(1);
        Self {
            bounds: LineBounds { workers, ..bounds },
            cheap: Queue::new(),
            dear: Queue::new(),
            dear_begun: 0,
            owed: Duration::ZERO,
            pace: Pace::default(),
        }
    }

    /// Puts `item` at the end of its class.
    ///
    /// # Errors
    /// [`Full`]; `item` is dropped then.
    pub fn enter(
        &mut self,
        item: T,
        load: Load,
        now: Instant,
        deadline: Deadline,
    ) -> Result<(), Full> {
        let is_dear = load.cost >= self.bounds.dear;
        let wait = self.wait_expected(is_dear);
        if let Some(bound) = self.bound_crossed(load, is_dear, wait, deadline.left(now)) {
            return Err(Full {
                bound,
                retry_after: wait,
            });
        }
        let entry = Waiting {
            item,
            load,
            since: now,
            deadline,
        };
        if is_dear {
            self.dear.push(entry);
        } else {
            self.cheap.push(entry);
        }
        Ok(())
    }

    /// Takes the entry whose turn it is.
    pub fn take(&mut self, now: Instant) -> Taken<T> {
        let is_dear = self.is_turn_of_dear();
        let queue = if is_dear {
            &mut self.dear
        } else {
            &mut self.cheap
        };
        let Some(entry) = queue.pop() else {
            return Taken::Nobody;
        };
        if entry.deadline.has_passed(now) {
            return Taken::Expired(entry.item);
        }
        let cost = entry.load.cost;
        if is_dear {
            self.dear_begun += 1;
            self.owed = cost;
        } else {
            self.owed = self.owed.saturating_sub(cost);
        }
        let begun = Begun {
            cost,
            waited: now.saturating_duration_since(entry.since),
            is_dear,
        };
        Taken::Next(entry.item, begun)
    }

    /// Takes note that a worker is free again, and learns from how long it `took`.
    pub fn finish(&mut self, begun: Begun, took: Duration) {
        if begun.is_dear {
            self.dear_begun = self.dear_begun.saturating_sub(1);
        }
        self.pace.learn(begun.cost, took);
    }

    /// Whether [`WaitingLine::take`] would give an entry.
    #[must_use]
    pub fn has_next(&self) -> bool {
        !self.cheap.is_empty() || self.is_turn_of_dear()
    }

    /// How many wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.cheap.len() + self.dear.len()
    }

    /// Whether nobody waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Sum of the predicted costs that wait.
    #[must_use]
    pub fn cost(&self) -> Duration {
        self.cheap.cost() + self.dear.cost()
    }

    /// Sum of the bytes that wait.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.cheap.bytes() + self.dear.bytes()
    }

    /// How long an entry that joined now would wait, if it is dear or not.
    #[must_use]
    pub fn wait_expected(&self, is_dear: bool) -> Duration {
        let (cheap, dear) = (self.cheap.cost(), self.dear.cost());
        let workers = shares(self.bounds.workers);
        // While both wait, each class gets as much time as the other.
        let predicted = if is_dear {
            dear / shares(self.dear_workers()) + cheap.min(dear) / workers
        } else {
            (cheap + dear.min(cheap)) / workers
        };
        self.pace.fit(predicted)
    }

    /// Workers that may be busy with dear entries.
    fn dear_workers(&self) -> usize {
        (self.bounds.workers - 1).max(1)
    }

    fn is_turn_of_dear(&self) -> bool {
        let may = !self.dear.is_empty() && self.dear_begun < self.dear_workers();
        may && (self.cheap.is_empty() || self.owed.is_zero())
    }

    fn bound_crossed(
        &self,
        load: Load,
        is_dear: bool,
        wait: Duration,
        left: Duration,
    ) -> Option<Bound> {
        let bounds = &self.bounds;
        let (length, cost, bytes) = (self.len(), self.cost(), self.bytes());
        if length >= bounds.length_max {
            return Some(Bound::Length);
        }
        if length > 0 && cost + load.cost > bounds.cost_max {
            return Some(Bound::Cost);
        }
        if length > 0 && bytes.saturating_add(load.bytes) > bounds.bytes_max {
            return Some(Bound::Bytes);
        }
        if is_dear && let Some(bound) = self.half_crossed(load) {
            return Some(bound);
        }
        (wait > left).then_some(Bound::Deadline)
    }

    /// The bound of which dear entries would take more than half.
    fn half_crossed(&self, load: Load) -> Option<Bound> {
        let (bounds, dear) = (&self.bounds, &self.dear);
        if dear.is_empty() {
            return None;
        }
        if dear.len() >= bounds.length_max / 2 {
            return Some(Bound::Length);
        }
        if dear.cost() + load.cost > bounds.cost_max / 2 {
            return Some(Bound::Cost);
        }
        (dear.bytes().saturating_add(load.bytes) > bounds.bytes_max / 2).then_some(Bound::Bytes)
    }
}

/// A number of workers as a divisor.
fn shares(workers: usize) -> u32 {
    // There are at least one and never four billion.
    u32::try_from(workers.max(1)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
