//! What was fetched a moment ago, so that a hundred cards with one logo fetch it once.

use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use lru::LruCache;

use super::Outcome;

/// Entries at most; failures weigh nothing, so that their number needs a bound of its own.
const ENTRIES_MAX: NonZeroUsize = NonZeroUsize::new(256).expect("not zero");

/// Outcomes by the hash of their URL, each for its time.
#[derive(Debug)]
pub(super) struct Recent {
    entries: LruCache<[u8; 32], Entry>,
    bytes: usize,
    bytes_max: usize,
    picture_ttl: Duration,
    failure_ttl: Duration,
}

#[derive(Debug)]
struct Entry {
    outcome: Outcome,
    until: Instant,
}

impl Recent {
    /// Nothing yet; at most `bytes_max` bytes of pixels.
    pub(super) fn new(bytes_max: usize, picture_ttl: Duration, failure_ttl: Duration) -> Self {
        Self {
            entries: LruCache::new(ENTRIES_MAX),
            bytes: 0,
            bytes_max,
            picture_ttl,
            failure_ttl,
        }
    }

    /// What came of a URL, if that still counts at `now`.
    pub(super) fn find(&mut self, id: &[u8; 32], now: Instant) -> Option<Outcome> {
        let entry = self.entries.get(id)?;
        if now < entry.until {
            return Some(entry.outcome.clone());
        }
        self.forget(id);
        None
    }

    /// Keeps what came of a URL; the ones that were not asked for longest give way.
    pub(super) fn keep(&mut self, id: [u8; 32], outcome: &Outcome, now: Instant) {
        let (bytes, ttl) = match outcome {
            Ok(raster) => (raster.rgba().len(), self.picture_ttl),
            Err(_) => (0, self.failure_ttl),
        };
        self.forget(&id);
        if bytes > self.bytes_max || ttl.is_zero() {
            return;
        }
        while self.bytes + bytes > self.bytes_max || self.entries.len() == ENTRIES_MAX.get() {
            let Some((_, oldest)) = self.entries.pop_lru() else {
                break;
            };
            self.bytes -= oldest.bytes();
        }
        self.bytes += bytes;
        let (outcome, until) = (outcome.clone(), now + ttl);
        self.entries.put(id, Entry { outcome, until });
    }

    fn forget(&mut self, id: &[u8; 32]) {
        if let Some(entry) = self.entries.pop(id) {
            self.bytes -= entry.bytes();
        }
    }
}

impl Entry {
    fn bytes(&self) -> usize {
        self.outcome
            .as_ref()
            .map_or(0, |raster| raster.rgba().len())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use render::Raster;

    use super::super::FetchError;
    use super::*;

    fn secs(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn recent(bytes_max: usize) -> Recent {
        Recent::new(bytes_max, secs(60), secs(2))
    }

    fn picture(side: u32) -> Outcome {
        Ok(Raster::from_rgba(side, side, vec![7; (side * side * 4) as usize]).unwrap())
    }

    #[test]
    fn pictures_and_failures_are_kept_for_their_own_time() {
        let t0 = Instant::now(); // Only differences from `t0` matter.
        let mut recent = recent(1_000);
        recent.keep([1; 32], &picture(2), t0);
        recent.keep([2; 32], &Err(Arc::new(FetchError::Late)), t0);
        assert!(recent.find(&[1; 32], t0 + secs(59)).is_some());
        assert!(recent.find(&[1; 32], t0 + secs(60)).is_none());
        assert!(recent.find(&[2; 32], t0 + secs(1)).unwrap().is_err());
        assert!(recent.find(&[2; 32], t0 + secs(2)).is_none());
        assert_eq!((recent.bytes, recent.entries.len()), (0, 0));
    }

    #[test]
    fn bytes_and_entries_are_bounded_and_counted_right() {
        let t0 = Instant::now();
        let mut recent = recent(1_000);
        for round in 0..1_000_u32 {
            let id = [(round % 250) as u8; 32];
            recent.keep(id, &picture(1 + round % 16), t0);
            let counted: usize = recent.entries.iter().map(|(_, entry)| entry.bytes()).sum();
            assert_eq!(recent.bytes, counted);
            assert!(counted <= 1_000);
        }
        assert!(
            recent.find(&[231; 32], t0).is_none(),
            "larger than everything"
        );
        for id in 0..1_000_u32 {
            let mut key = [0; 32];
            key[..4].copy_from_slice(&id.to_be_bytes());
            recent.keep(key, &Err(Arc::new(FetchError::Late)), t0);
        }
        assert_eq!(recent.entries.len(), ENTRIES_MAX.get());
    }

    #[test]
    fn what_was_asked_for_last_stays() {
        let t0 = Instant::now();
        let mut recent = recent(32);
        recent.keep([1; 32], &picture(2), t0);
        recent.keep([2; 32], &picture(2), t0);
        assert!(recent.find(&[1; 32], t0).is_some());
        recent.keep([3; 32], &picture(2), t0);
        assert!(recent.find(&[1; 32], t0).is_some());
        assert!(recent.find(&[2; 32], t0).is_none());
    }
}
