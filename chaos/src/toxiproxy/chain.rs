//! One direction of one connection, as a chain of stages that is told what time it is.
//!
//! Each toxic of the direction is a stage with a bounded queue; a last stage without a toxic holds
//! what the destination has not taken yet. When the toxics change, a stage that goes away hands all
//! it holds to the next one, behind what that holds already, so no byte is lost or overtaken. There
//! is no socket and no clock here: [`super::link`] brings both.

mod stage;

use bytes::{Buf, Bytes};
use rand::Rng;
use rand::rngs::StdRng;
use tokio::time::Instant;

use super::toxic::{Effect, Toxic};
use stage::Stage;

/// Why nothing more will come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// The sender has said all it had to say.
    Finished,
    /// A toxic closed the connection.
    Cut,
}

/// The stages of one direction of one connection.
#[derive(Debug)]
pub(crate) struct Chain {
    /// One for each toxic, then the one that holds what the destination has not taken.
    stages: Vec<Stage>,
    random: StdRng,
}

impl Chain {
    /// A chain with these toxics of its direction.
    pub(crate) fn new<'a>(
        toxics: impl Iterator<Item = &'a Toxic>,
        random: StdRng,
        now: Instant,
    ) -> Self {
        let last = Stage::new("", Effect::Noop, 1.0, now);
        let mut chain = Self {
            stages: vec![last],
            random,
        };
        chain.change(toxics, now);
        chain
    }

    /// Whether a toxic resets this connection, so that closing it must send RST.
    pub(crate) fn resets(&self) -> bool {
        self.stages
            .iter()
            .any(|stage| matches!(stage.effect, Effect::ResetPeer { .. }))
    }

    /// Whether it takes more from the source.
    pub(crate) fn wants_input(&self) -> bool {
        self.stages[0].end.is_none() && self.stages[0].has_room()
    }

    /// Takes what the source sent.
    pub(crate) fn push(&mut self, bytes: Bytes, now: Instant) {
        self.stages[0].accept(bytes, now, now, &mut self.random);
    }

    /// Takes the end of what the source sends.
    pub(crate) fn finish(&mut self, now: Instant) {
        self.stages[0].note_end(End::Finished, now);
    }

    /// What the destination should be sent next.
    pub(crate) fn output(&self) -> Option<&[u8]> {
        self.last().queue.front().map(|chunk| &*chunk.bytes)
    }

    /// Says how many bytes of [`Chain::output`] the destination took.
    pub(crate) fn written(&mut self, count: usize) {
        let Some(last) = self.stages.last_mut() else {
            return;
        };
        let Some(chunk) = last.queue.front_mut() else {
            return;
        };
        let count = count.min(chunk.bytes.len());
        chunk.bytes.advance(count);
        last.queued_bytes -= count;
        if chunk.bytes.is_empty() {
            last.queue.pop_front();
        }
    }

    /// Why the destination will be sent nothing more, once it has been sent everything.
    pub(crate) fn end(&self) -> Option<End> {
        self.last().end.filter(|_| self.last().queue.is_empty())
    }

    /// Whether nothing can reach the destination any more, because the source has ended and what
    /// it sent was swallowed. Only a change of toxics would close such a connection.
    pub(crate) fn is_exhausted(&self) -> bool {
        let blocking =
            |stage: &Stage| stage.end.is_some() && matches!(stage.effect, Effect::Timeout { .. });
        match self.stages.iter().position(blocking) {
            Some(place) => self.stages[place + 1..]
                .iter()
                .all(|stage| stage.queue.is_empty()),
            None => self.end().is_some(),
        }
    }

    /// Moves everything that is due to where it belongs at `now`.
    pub(crate) fn advance(&mut self, now: Instant) {
        while self.advance_once(now) {}
    }

    fn advance_once(&mut self, now: Instant) -> bool {
        let mut moved = false;
        for place in 1..self.stages.len() {
            let (before, rest) = self.stages.split_at_mut(place);
            let (Some(stage), Some(next)) = (before.last_mut(), rest.first_mut()) else {
                continue;
            };
            while next.has_room()
                && let Some(bytes) = stage.take_due(now, &mut self.random)
            {
                next.accept(bytes, now, now, &mut self.random);
                moved = true;
            }
            if next.end.is_none()
                && let Some(end) = stage.end_to_pass(now)
            {
                next.note_end(end, now);
                moved = true;
            }
        }
        moved
    }

    /// When time alone will change something, if ever.
    pub(crate) fn next_wake(&self, now: Instant) -> Option<Instant> {
        let pairs = self.stages.iter().zip(&self.stages[1..]);
        let dues = pairs.flat_map(|(stage, next)| {
            let end = stage.end_due().filter(|_| next.end.is_none());
            [stage.next_due(), end]
        });
        dues.flatten().filter(|due| *due > now).min()
    }

    /// Adopts the toxics of its direction, in their order, without losing what is on its way.
    pub(crate) fn change<'a>(&mut self, toxics: impl Iterator<Item = &'a Toxic>, now: Instant) {
        let wanted: Vec<&Toxic> = toxics.collect();
        let mut place = 0;
        while place + 1 < self.stages.len() {
            let name = &self.stages[place].name;
            match wanted.iter().find(|toxic| toxic.name == *name) {
                Some(toxic) => {
                    self.update(place, toxic, now);
                    place += 1;
                }
                None => self.remove(place, now),
            }
        }
        for toxic in wanted.into_iter().skip(place) {
            self.append(toxic, now);
        }
    }

    fn update(&mut self, place: usize, toxic: &Toxic, now: Instant) {
        let effect = effect_on(toxic, self.stages[place].draw);
        if effect == self.stages[place].effect {
            return;
        }
        let stage = &mut self.stages[place];
        if stage.become_other(effect, now, &mut self.random) {
            self.stages[place + 1].note_end(End::Cut, now);
        }
    }

    fn remove(&mut self, place: usize, now: Instant) {
        let mut gone = self.stages.remove(place);
        let swallowed = gone.has_swallowed();
        let chunks = gone.take_all();
        let next = &mut self.stages[place];
        for bytes in chunks {
            next.accept(bytes, now, now, &mut self.random);
        }
        let end = if swallowed { Some(End::Cut) } else { gone.end };
        if let Some(end) = end {
            next.note_end(end, now);
        }
    }

    fn append(&mut self, toxic: &Toxic, now: Instant) {
        let draw = self.random.random();
        let mut stage = Stage::new(&toxic.name, effect_on(toxic, draw), draw, now);
        // What has passed the place of the new stage already goes on as it would have.
        stage.end = self.last().end;
        let place = self.stages.len() - 1;
        self.stages.insert(place, stage);
    }

    fn last(&self) -> &Stage {
        &self.stages[self.stages.len() - 1]
    }
}

fn effect_on(toxic: &Toxic, draw: f32) -> Effect {
    if draw < toxic.toxicity {
        toxic.effect
    } else {
        Effect::Noop
    }
}

#[cfg(test)]
mod tests;
