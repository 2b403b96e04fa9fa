//! What one toxic does to the bytes that pass through its place in a chain.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use rand::Rng;
use rand::rngs::StdRng;
use tokio::time::Instant;

use super::End;
use crate::toxiproxy::limit::{CHUNKS_MAX, DELAYING_BYTES_MAX, PASSING_BYTES_MAX, PIECE_TIME};
use crate::toxiproxy::toxic::Effect;

/// Bytes that arrived together.
#[derive(Debug)]
pub(super) struct Chunk {
    pub(super) bytes: Bytes,
    arrived: Instant,
    /// When they may go; a rate or a pause may keep them longer.
    due: Instant,
}

/// One place in a chain: a queue, and what happens there.
#[derive(Debug)]
pub(super) struct Stage {
    pub(super) name: String,
    /// What the toxic does; on connections that it spares, nothing.
    pub(super) effect: Effect,
    /// The toxic works on this connection when this is below its toxicity; drawn once.
    pub(super) draw: f32,
    pub(super) queue: VecDeque<Chunk>,
    pub(super) queued_bytes: usize,
    /// What the stage before has reported.
    pub(super) end: Option<End>,
    /// When the timer of `timeout`, `reset_peer` or `slow_close` began.
    timer: Option<Instant>,
    /// When the piece before has passed, under a rate or with a pause after it.
    free_at: Instant,
    /// Bytes that `limit_data` has let through.
    passed: u64,
}

impl Stage {
    pub(super) fn new(name: &str, effect: Effect, draw: f32, now: Instant) -> Self {
        let timer = matches!(effect, Effect::Timeout { .. }).then_some(now);
        Self {
            name: name.to_owned(),
            effect,
            draw,
            queue: VecDeque::new(),
            queued_bytes: 0,
            end: None,
            timer,
            free_at: now,
            passed: 0,
        }
    }

    pub(super) fn has_room(&self) -> bool {
        let bytes_max = match self.effect {
            Effect::Timeout { .. } => return true,
            Effect::ResetPeer { .. } => return self.timer.is_none(),
            Effect::Latency { .. } => DELAYING_BYTES_MAX,
            // Enough for a few pieces, so that the rate is kept while the source is asked for more.
            Effect::Bandwidth { bytes_per_second } => {
                let pieces = usize::try_from(bytes_per_second / 20).unwrap_or(usize::MAX);
                pieces.clamp(PASSING_BYTES_MAX, DELAYING_BYTES_MAX)
            }
            _ => PASSING_BYTES_MAX,
        };
        self.queued_bytes < bytes_max && self.queue.len() < CHUNKS_MAX
    }

    /// Takes bytes, which a toxic may swallow.
    pub(super) fn accept(
        &mut self,
        mut bytes: Bytes,
        arrived: Instant,
        now: Instant,
        random: &mut StdRng,
    ) {
        let mut due = arrived;
        match self.effect {
            Effect::Timeout { .. } => {
                self.timer = Some(now);
                return;
            }
            Effect::ResetPeer { .. } => {
                self.timer.get_or_insert(now);
                return;
            }
            Effect::LimitData { bytes: limit } => {
                let left = usize::try_from(limit.saturating_sub(self.passed)).unwrap_or(usize::MAX);
                bytes.truncate(left);
                self.passed += bytes.len() as u64;
                if self.passed >= limit {
                    self.end = Some(End::Cut);
                }
                if bytes.is_empty() {
                    return;
                }
            }
            Effect::Latency { latency, jitter } => due += jittered(latency, jitter, random),
            Effect::Noop
            | Effect::Bandwidth { .. }
            | Effect::SlowClose { .. }
            | Effect::Slicer { .. } => {}
        }
        self.queued_bytes += bytes.len();
        self.queue.push_back(Chunk {
            bytes,
            arrived,
            due,
        });
    }

    /// When the next bytes go; `None` when there are none, or none ever will.
    pub(super) fn next_due(&self) -> Option<Instant> {
        let chunk = self.queue.front()?;
        match self.effect {
            Effect::Bandwidth {
                bytes_per_second: 0,
            } => None,
            Effect::Bandwidth { bytes_per_second } => {
                let piece = piece(bytes_per_second, chunk.bytes.len());
                Some(self.free_at.max(chunk.due) + time_of(piece, bytes_per_second))
            }
            Effect::Slicer { .. } => Some(self.free_at.max(chunk.due)),
            _ => Some(chunk.due),
        }
    }

    /// The next bytes that go at `now`.
    pub(super) fn take_due(&mut self, now: Instant, random: &mut StdRng) -> Option<Bytes> {
        let due = self.next_due().filter(|due| *due <= now)?;
        let chunk = self.queue.front_mut()?;
        let length = chunk.bytes.len();
        let piece = match self.effect {
            Effect::Bandwidth { bytes_per_second } => {
                self.free_at = due;
                piece(bytes_per_second, length)
            }
            Effect::Slicer {
                average,
                variation,
                delay,
            } => {
                self.free_at = due + delay;
                slice(average, variation, random).min(length)
            }
            _ => length,
        };
        let bytes = chunk.bytes.split_to(piece);
        if chunk.bytes.is_empty() {
            self.queue.pop_front();
        }
        self.queued_bytes -= bytes.len();
        Some(bytes)
    }

    /// Everything that waits, in order.
    pub(super) fn take_all(&mut self) -> VecDeque<Bytes> {
        self.queued_bytes = 0;
        let chunks = std::mem::take(&mut self.queue);
        chunks.into_iter().map(|chunk| chunk.bytes).collect()
    }

    /// Is told that nothing more will come.
    pub(super) fn note_end(&mut self, end: End, now: Instant) {
        if self.end.is_some() {
            return;
        }
        self.end = Some(end);
        if matches!(
            self.effect,
            Effect::ResetPeer { .. } | Effect::SlowClose { .. }
        ) {
            self.timer.get_or_insert(now);
        }
    }

    /// Does something else from now on, with what waits as well. True when bytes are missing that
    /// the other side would take for sent.
    pub(super) fn become_other(
        &mut self,
        effect: Effect,
        now: Instant,
        random: &mut StdRng,
    ) -> bool {
        let had_swallowed = self.has_swallowed();
        let same_kind = std::mem::discriminant(&effect) == std::mem::discriminant(&self.effect);
        self.effect = effect;
        self.free_at = now;
        match effect {
            Effect::Timeout { .. } => self.timer = Some(now),
            Effect::SlowClose { .. } if self.end.is_some() => {
                self.timer.get_or_insert(now);
            }
            _ => {}
        }
        let is_counted = matches!(effect, Effect::LimitData { .. }) && same_kind;
        if is_counted {
            // What has passed is counted already; a lower limit closes with the next bytes.
            return false;
        }
        self.queued_bytes = 0;
        for chunk in std::mem::take(&mut self.queue) {
            self.accept(chunk.bytes, chunk.arrived, now, random);
        }
        had_swallowed && !same_kind
    }

    /// When its toxic closes the connection or lets its end through, if nothing else happens.
    pub(super) fn end_due(&self) -> Option<Instant> {
        match self.effect {
            Effect::Timeout { timeout } if timeout.is_zero() => None,
            Effect::Timeout { timeout } | Effect::ResetPeer { timeout } => {
                self.timer.map(|began| began + timeout)
            }
            Effect::SlowClose { delay } if self.queue.is_empty() => {
                self.timer.map(|began| began + delay)
            }
            _ => None,
        }
    }

    /// Whether bytes were, or may have been, thrown away, so that going on would be a lie.
    pub(super) fn has_swallowed(&self) -> bool {
        match self.effect {
            Effect::Timeout { .. } => true,
            Effect::ResetPeer { .. } => self.timer.is_some(),
            Effect::LimitData { .. } => self.end == Some(End::Cut),
            _ => false,
        }
    }

    /// What the next stage is to be told at `now`.
    pub(super) fn end_to_pass(&self, now: Instant) -> Option<End> {
        if self.end == Some(End::Cut) && self.queue.is_empty() {
            return Some(End::Cut);
        }
        let is_due = self.end_due().is_some_and(|due| due <= now);
        match self.effect {
            Effect::Timeout { .. } | Effect::ResetPeer { .. } => is_due.then_some(End::Cut),
            Effect::SlowClose { .. } => self.end.filter(|_| is_due && self.queue.is_empty()),
            _ => self.end.filter(|_| self.queue.is_empty()),
        }
    }
}

fn jittered(latency: Duration, jitter: Duration, random: &mut StdRng) -> Duration {
    if jitter.is_zero() {
        return latency;
    }
    let spread = jitter.mul_f64(random.random_range(0.0..2.0));
    (latency + spread).saturating_sub(jitter)
}

/// Bytes that go at once under a rate: those of [`PIECE_TIME`], at least one.
fn piece(bytes_per_second: u64, length: usize) -> usize {
    let pieces_per_second = u64::try_from(1_000 / PIECE_TIME.as_millis()).unwrap_or(1);
    let piece = (bytes_per_second / pieces_per_second).max(1);
    usize::try_from(piece).unwrap_or(usize::MAX).min(length)
}

fn time_of(bytes: usize, bytes_per_second: u64) -> Duration {
    let nanos = bytes as u128 * 1_000_000_000 / u128::from(bytes_per_second.max(1));
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

/// The size of one slice, at least one byte.
fn slice(average: usize, variation: usize, random: &mut StdRng) -> usize {
    let least = average.saturating_sub(variation).max(1);
    let most = average.saturating_add(variation).max(least);
    random.random_range(least..=most)
}
