//! The newest data of each chart, kept for the time when there is no newer.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::Data;

/// Charts whose data is kept.
const ENTRIES_MAX: usize = 128;

/// All points that are kept, together.
const BYTES_MAX: usize = 16 * 1024 * 1024;

/// Data from before, and how old it is.
#[derive(Debug, Clone)]
pub(crate) struct LastGood {
    pub(crate) data: Arc<Data>,
    pub(crate) age: Duration,
}

/// The newest data of each chart, by what is asked for.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    entries: HashMap<[u8; 32], Entry>,
    size_bytes: usize,
}

#[derive(Debug)]
struct Entry {
    data: Arc<Data>,
    since: Instant,
    size_bytes: usize,
}

impl Shelf {
    /// Keeps `data` as the newest of `id`; what is oldest gives way.
    pub(super) fn keep(&self, id: [u8; 32], data: &Arc<Data>, now: Instant) {
        let size_bytes = data.size_bytes();
        if size_bytes > BYTES_MAX {
            return;
        }
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.remove(&id);
        while kept.entries.len() >= ENTRIES_MAX || kept.size_bytes + size_bytes > BYTES_MAX {
            let oldest = kept.entries.iter().min_by_key(|(_, entry)| entry.since);
            let Some(oldest) = oldest.map(|(id, _)| *id) else {
                break;
            };
            kept.remove(&oldest);
        }
        kept.size_bytes += size_bytes;
        let entry = Entry {
            data: Arc::clone(data),
            since: now,
            size_bytes,
        };
        kept.entries.insert(id, entry);
    }

    /// The newest data of `id`, unless it is older than `age_max`.
    pub(super) fn find(&self, id: &[u8; 32], now: Instant, age_max: Duration) -> Option<LastGood> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = kept.entries.get(id)?;
        let age = now.saturating_duration_since(entry.since);
        (age <= age_max).then(|| LastGood {
            data: Arc::clone(&entry.data),
            age,
        })
    }
}

impl Kept {
    fn remove(&mut self, id: &[u8; 32]) {
        if let Some(entry) = self.entries.remove(id) {
            self.size_bytes -= entry.size_bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::tests::data;
    use proptest::prelude::*;

    const AGE_MAX: Duration = Duration::from_secs(3_600);

    fn id(index: usize) -> [u8; 32] {
        let mut id = [0; 32];
        id[..8].copy_from_slice(&(index as u64).to_le_bytes());
        id
    }

    #[test]
    fn the_newest_is_found_with_its_age() {
        let t0 = Instant::now();
        let shelf = Shelf::default();
        shelf.keep(id(1), &Arc::new(data(3)), t0);
        shelf.keep(id(1), &Arc::new(data(5)), t0 + Duration::from_secs(60));
        let found = shelf
            .find(&id(1), t0 + Duration::from_secs(90), AGE_MAX)
            .unwrap();
        assert_eq!(found.data.series[0].points.len(), 5);
        assert_eq!(found.age, Duration::from_secs(30));
        assert!(shelf.find(&id(2), t0, AGE_MAX).is_none());
        let late = t0 + Duration::from_secs(61) + AGE_MAX;
        assert!(
            shelf.find(&id(1), late, AGE_MAX).is_none(),
            "too old to be of use"
        );
    }

    #[test]
    fn the_oldest_gives_way() {
        let t0 = Instant::now();
        let shelf = Shelf::default();
        for index in 0..ENTRIES_MAX + 10 {
            let now = t0 + Duration::from_secs(index as u64);
            shelf.keep(id(index), &Arc::new(data(1)), now);
        }
        let now = t0 + Duration::from_secs(200);
        assert!(shelf.find(&id(9), now, AGE_MAX).is_none());
        assert!(shelf.find(&id(10), now, AGE_MAX).is_some());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn neither_entries_nor_bytes_exceed_their_maximum(
            steps in prop::collection::vec((0_usize..200, 0_usize..400_000), 1..60)
        ) {
            let (t0, shelf) = (Instant::now(), Shelf::default());
            for (index, (key, points)) in steps.into_iter().enumerate() {
                let now = t0 + Duration::from_secs(index as u64);
                shelf.keep(id(key), &Arc::new(data(points)), now);
                let kept = shelf.kept.lock().unwrap();
                let sum: usize = kept.entries.values().map(|entry| entry.size_bytes).sum();
                prop_assert_eq!(sum, kept.size_bytes);
                prop_assert!(sum <= BYTES_MAX && kept.entries.len() <= ENTRIES_MAX);
            }
        }
    }
}
