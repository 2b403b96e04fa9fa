//! One class of a line, with the sums of what waits in it.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::Load;
use crate::Deadline;

/// Someone who waits.
#[derive(Debug)]
pub(super) struct Waiting<T> {
    pub(super) item: T,
    pub(super) load: Load,
    pub(super) since: Instant,
    pub(super) deadline: Deadline,
}

/// First in, first out.
#[derive(Debug)]
pub(super) struct Queue<T> {
    entries: VecDeque<Waiting<T>>,
    cost: Duration,
    bytes: usize,
}

impl<T> Queue<T> {
    pub(super) fn new() -> Self {
        Self {
            entries: VecDeque::new(),
            cost: Duration::ZERO,
            bytes: 0,
        }
    }

    pub(super) fn push(&mut self, entry: Waiting<T>) {
        self.cost += entry.load.cost;
        self.bytes += entry.load.bytes;
        self.entries.push_back(entry);
    }

    pub(super) fn pop(&mut self) -> Option<Waiting<T>> {
        let entry = self.entries.pop_front()?;
        self.cost -= entry.load.cost;
        self.bytes -= entry.load.bytes;
        Some(entry)
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(super) fn cost(&self) -> Duration {
        self.cost
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }
}
