//! Memory that the bodies of all requests hold together: a thousand that nearly arrive must not be
//! a thousand times the largest.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How much is held of how much.
#[derive(Debug)]
pub(super) struct Held {
    bytes: AtomicUsize,
    bytes_max: usize,
}

/// A share of it, given back when dropped.
#[derive(Debug)]
pub(super) struct Claim {
    held: Arc<Held>,
    bytes: usize,
}

impl Held {
    pub(super) fn new(bytes_max: usize) -> Self {
        Self {
            bytes: AtomicUsize::new(0),
            bytes_max,
        }
    }

    /// A share of nothing, yet.
    pub(super) fn claim(held: &Arc<Self>) -> Claim {
        Claim {
            held: Arc::clone(held),
            bytes: 0,
        }
    }
}

impl Claim {
    /// Makes it a share of `bytes`, no fewer than before; false, and as before, if there is no room.
    pub(super) fn resize(&mut self, bytes: usize) -> bool {
        let more = bytes.saturating_sub(self.bytes);
        let fits = |held: usize| {
            held.checked_add(more)
                .filter(|&sum| sum <= self.held.bytes_max)
        };
        let (success, failure) = (Ordering::Relaxed, Ordering::Relaxed);
        let has_room = self.held.bytes.fetch_update(success, failure, fits).is_ok();
        if has_room {
            self.bytes += more;
        }
        has_room
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.held.bytes.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_share_one_bound_and_give_back_what_they_had() {
        let held = Arc::new(Held::new(100));
        let (mut one, mut other) = (Held::claim(&held), Held::claim(&held));
        assert!(one.resize(60));
        assert!(!other.resize(41));
        assert!(other.resize(40));
        assert!(!one.resize(61));
        assert!(one.resize(50), "less is no more");
        drop(one);
        assert!(other.resize(100));
        assert!(!other.resize(usize::MAX));
        drop(other);
        assert_eq!(held.bytes.load(Ordering::Relaxed), 0);
    }
}
