//! What this thread has just answered: a repeated query needs no parsing, no hash and no shared
//! cache.
//!
//! A picture is a function of its query, so an entry is never wrong. It holds no memory: when the
//! cache drops the picture, the entry is dead. It counts for a moment only, so that the cache keeps
//! learning which pictures are wanted.

use std::cell::RefCell;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use super::Picture;

/// Entries of one thread.
const ENTRIES_MAX: usize = 256;

/// How long an entry counts.
const FRESH: Duration = Duration::from_millis(100);

/// Longer queries are not remembered.
const QUERY_BYTES_MAX: usize = 1_024;

thread_local! {
    static RECENT: RefCell<Recent> = RefCell::new(Recent::new());
}

/// The entries of one thread, each at the place that its query hashes to.
#[derive(Debug)]
struct Recent {
    entries: Vec<Option<Entry>>,
    /// Seeded by chance, so that nobody can choose queries that displace each other.
    hasher: RandomState,
}

#[derive(Debug)]
struct Entry {
    /// Which server it belongs to: tests run several in one process.
    owner: usize,
    query: String,
    picture: Weak<Picture>,
    until: Instant,
}

impl Recent {
    fn new() -> Self {
        Self {
            entries: (0..ENTRIES_MAX).map(|_| None).collect(),
            hasher: RandomState::new(),
        }
    }

    fn place(&self, query: &str) -> usize {
        // The remainder is below the number of entries.
        (self.hasher.hash_one(query) % ENTRIES_MAX as u64) as usize
    }

    fn find(&self, owner: usize, query: &str, now: Instant) -> Option<Arc<Picture>> {
        let entry = self.entries[self.place(query)].as_ref()?;
        let is_it = entry.owner == owner && entry.query == query && now < entry.until;
        if is_it { entry.picture.upgrade() } else { None }
    }

    fn keep(&mut self, owner: usize, query: &str, picture: &Arc<Picture>, now: Instant) {
        if query.len() > QUERY_BYTES_MAX {
            return;
        }
        let place = self.place(query);
        let (picture, until) = (Arc::downgrade(picture), now + FRESH);
        match &mut self.entries[place] {
            Some(entry) if entry.owner == owner && entry.query == query => {
                entry.picture = picture;
                entry.until = until;
            }
            other => {
                *other = Some(Entry {
                    owner,
                    query: query.to_owned(),
                    picture,
                    until,
                })
            }
        }
    }
}

/// The picture that this thread answered `query` of `owner` with a moment ago.
pub(super) fn find(owner: usize, query: &str, now: Instant) -> Option<Arc<Picture>> {
    RECENT.with_borrow(|recent| recent.find(owner, query, now))
}

/// Remembers what `query` was answered with.
pub(super) fn keep(owner: usize, query: &str, picture: &Arc<Picture>, now: Instant) {
    RECENT.with_borrow_mut(|recent| recent.keep(owner, query, picture, now));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture() -> Arc<Picture> {
        Arc::new(Picture::new(bytes::Bytes::from_static(b"png"), 0))
    }

    #[test]
    fn an_entry_counts_for_its_owner_its_query_and_its_moment() {
        let t0 = Instant::now();
        let (mut recent, picture) = (Recent::new(), picture());
        recent.keep(1, "title=a", &picture, t0);
        assert!(recent.find(1, "title=a", t0).is_some());
        assert!(recent.find(2, "title=a", t0).is_none());
        assert!(recent.find(1, "title=b", t0).is_none());
        assert!(recent.find(1, "title=a", t0 + FRESH).is_none());
    }

    #[test]
    fn an_entry_does_not_keep_its_picture_in_memory() {
        let t0 = Instant::now();
        let (mut recent, picture) = (Recent::new(), picture());
        recent.keep(1, "title=a", &picture, t0);
        drop(picture);
        assert!(recent.find(1, "title=a", t0).is_none());
    }

    #[test]
    fn entries_are_bounded() {
        let t0 = Instant::now();
        let (mut recent, picture) = (Recent::new(), picture());
        for index in 0..10_000 {
            recent.keep(1, &format!("title={index}"), &picture, t0);
        }
        recent.keep(1, &"x".repeat(QUERY_BYTES_MAX + 1), &picture, t0);
        assert_eq!(recent.entries.len(), ENTRIES_MAX);
        assert!(
            recent
                .entries
                .iter()
                .flatten()
                .all(|entry| entry.query.len() <= QUERY_BYTES_MAX)
        );
    }
}
