//! Who is connected, since when each has been waiting for a request, and who gives way first.
//!
//! A seat is `waiting` from its connection's first moment to the end of a request's head, and again
//! from the last byte of an answer; in between it is `busy`. A waiting seat may be told to go: by a
//! newcomer when all seats are taken, the one that waited longest first, or because it waited too
//! long. Telling it and beginning a request exclude each other, so no request that was begun is lost.
//!
//! Beginning and ending a request touches one atomic number; a look at all seats is taken only when
//! somebody has to go, and finds many at a time.

use std::collections::BinaryHeap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::{Duration, Instant};

/// Nobody sits here.
const EMPTY: u64 = u64::MAX;
/// A request is being answered.
const BUSY: u64 = u64::MAX - 1;
/// Whoever sits here has to go.
const GONE: u64 = u64::MAX - 2;

/// Seats beyond the cap for those who were told to go and have not left yet.
const LEAVING_MAX: usize = 64;

/// Who waited longest, as many as one look at all seats finds.
const FOUND_MAX: usize = 64;

/// How long a look that found nobody counts, in milliseconds: a flood of newcomers must not look
/// for each of them.
const FOUND_NOBODY_MS: u64 = 2;

/// The seats of a listener.
#[derive(Debug)]
pub(super) struct Seats {
    seats: Box<[Seat]>,
    seated_max: usize,
    begun: Instant,
    book: Mutex<Book>,
}

/// On a cache line of its own: each is written twice for each request.
#[derive(Debug)]
#[repr(align(64))]
struct Seat {
    /// One of the marks above, or since when it waits, in milliseconds from the beginning.
    since: AtomicU64,
    waker: Mutex<Option<Waker>>,
}

#[derive(Debug)]
struct Book {
    free: Vec<usize>,
    /// Those who were not told to go.
    seated: usize,
    /// Who waited longest at the last look, the longest last: since when, and where.
    found: Vec<(u64, usize)>,
    /// Until when the last look counts because it found nobody.
    nobody_until: u64,
}

/// Why there is no seat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoSeat {
    /// Everybody is busy.
    AllBusy,
    /// Many were told to go and have not left yet: in a moment there are seats.
    Leaving,
}

/// A seat that was taken.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Seated {
    pub(super) index: usize,
    /// Whether somebody had to go for it.
    pub(super) displaced: bool,
}

impl Seats {
    /// Room for `seated_max` at a time.
    pub(super) fn new(seated_max: usize, now: Instant) -> Self {
        let count = seated_max + LEAVING_MAX;
        let seat = |_| Seat {
            since: AtomicU64::new(EMPTY),
            waker: Mutex::new(None),
        };
        Self {
            seats: (0..count).map(seat).collect(),
            seated_max,
            begun: now,
            book: Mutex::new(Book {
                free: (0..count).rev().collect(),
                seated: 0,
                found: Vec::with_capacity(FOUND_MAX),
                nobody_until: 0,
            }),
        }
    }

    /// Takes a seat; whoever waited longest goes for it when there is none.
    pub(super) fn sit(&self, now: Instant) -> Result<Seated, NoSeat> {
        let now_ms = self.millis(now);
        let mut book = self.lock();
        let Some(&index) = book.free.last() else {
            return Err(NoSeat::Leaving);
        };
        let displaced = book.seated >= self.seated_max;
        if displaced && !self.displace(&mut book, now_ms) {
            return Err(NoSeat::AllBusy);
        }
        book.free.pop();
        book.seated += 1;
        self.seats[index].since.store(now_ms, Ordering::Release);
        Ok(Seated { index, displaced })
    }

    /// Gives the seat back.
    pub(super) fn leave(&self, index: usize) {
        let mut book = self.lock();
        let before = self.seats[index].since.swap(EMPTY, Ordering::AcqRel);
        *self.seats[index].lock() = None;
        if before != GONE {
            book.seated -= 1;
        }
        book.free.push(index);
    }

    /// The head of a request was read. False if the seat was told to go.
    pub(super) fn begin(&self, index: usize) -> bool {
        let since = &self.seats[index].since;
        let before = since.load(Ordering::Acquire);
        let (success, failure) = (Ordering::AcqRel, Ordering::Acquire);
        before != GONE
            && since
                .compare_exchange(before, BUSY, success, failure)
                .is_ok()
    }

    /// The last byte of an answer was sent.
    pub(super) fn wait(&self, index: usize, now: Instant) {
        let since = self.millis(now);
        self.seats[index].since.store(since, Ordering::Release);
    }

    /// Whether the seat was told to go.
    pub(super) fn is_gone(&self, index: usize) -> bool {
        self.seats[index].since.load(Ordering::Acquire) == GONE
    }

    /// Who is to be woken when the seat has to go.
    pub(super) fn watch(&self, index: usize, waker: &Waker) {
        *self.seats[index].lock() = Some(waker.clone());
    }

    /// Tells whoever has waited for `patience` to go.
    pub(super) fn expire(&self, patience: Duration, now: Instant) {
        let patience = u64::try_from(patience.as_millis()).unwrap_or(GONE);
        let now_ms = self.millis(now);
        let mut book = self.lock();
        for (index, seat) in self.seats.iter().enumerate() {
            let since = seat.since.load(Ordering::Relaxed);
            if since < GONE && since.saturating_add(patience) <= now_ms {
                self.tell(&mut book, since, index);
            }
        }
    }

    /// Tells the one who waited longest to go, if anybody waits.
    pub(super) fn make_room(&self, now: Instant) -> bool {
        self.displace(&mut self.lock(), self.millis(now))
    }

    /// Wakes everybody.
    pub(super) fn wake_all(&self) {
        for seat in &self.seats {
            seat.wake();
        }
    }

    /// How many sit, those who are about to leave included.
    pub(super) fn open(&self) -> usize {
        self.seats.len() - self.lock().free.len()
    }

    fn displace(&self, book: &mut Book, now_ms: u64) -> bool {
        if self.tell_next_found(book) {
            return true;
        }
        if now_ms < book.nobody_until {
            return false;
        }
        self.look(book);
        if book.found.is_empty() {
            book.nobody_until = now_ms + FOUND_NOBODY_MS;
        }
        self.tell_next_found(book)
    }

    /// Those who were found and have begun a request since are passed over.
    fn tell_next_found(&self, book: &mut Book) -> bool {
        while let Some((since, index)) = book.found.pop() {
            if self.tell(book, since, index) {
                return true;
            }
        }
        false
    }

    /// Finds those who waited longest.
    fn look(&self, book: &mut Book) {
        let mut oldest = BinaryHeap::with_capacity(FOUND_MAX + 1);
        for (index, seat) in self.seats.iter().enumerate() {
            let since = seat.since.load(Ordering::Relaxed);
            if since < GONE {
                oldest.push((since, index));
                if oldest.len() > FOUND_MAX {
                    oldest.pop();
                }
            }
        }
        book.found = oldest.into_sorted_vec();
        book.found.reverse();
    }

    /// Tells a seat to go if it still waits since then.
    fn tell(&self, book: &mut Book, since: u64, index: usize) -> bool {
        let seat = &self.seats[index];
        let (success, failure) = (Ordering::AcqRel, Ordering::Acquire);
        let is_told = seat
            .since
            .compare_exchange(since, GONE, success, failure)
            .is_ok();
        if is_told {
            book.seated -= 1;
            seat.wake();
        }
        is_told
    }

    fn millis(&self, now: Instant) -> u64 {
        let millis = now.saturating_duration_since(self.begun).as_millis();
        // It takes half a billion years to reach the marks.
        u64::try_from(millis).unwrap_or(0).min(GONE - 1)
    }

    fn lock(&self) -> MutexGuard<'_, Book> {
        // Nothing that is done under the lock panics halfway.
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seat {
    fn lock(&self) -> MutexGuard<'_, Option<Waker>> {
        self.waker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wake(&self) {
        if let Some(waker) = &*self.lock() {
            waker.wake_by_ref();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MILLI: Duration = Duration::from_millis(1);

    fn index(seated: Result<Seated, NoSeat>) -> usize {
        seated.unwrap().index
    }

    #[test]
    fn whoever_waited_longest_gives_way_and_busy_ones_do_not() {
        let t0 = Instant::now(); // Only differences from `t0` matter.
        let seats = Seats::new(3, t0);
        let first = index(seats.sit(t0));
        let second = index(seats.sit(t0 + MILLI));
        let third = index(seats.sit(t0 + 2 * MILLI));
        assert!(seats.begin(first));
        seats.wait(first, t0 + 3 * MILLI);
        assert!(seats.begin(third));
        // The second has waited since 1, the first since 3; the third is busy.
        let fourth = seats.sit(t0 + 4 * MILLI).unwrap();
        assert!(fourth.displaced && seats.is_gone(second) && !seats.is_gone(first));
        assert!(!seats.begin(second), "who was told to go begins nothing");
        assert!(seats.begin(fourth.index));
        let fifth = seats.sit(t0 + 5 * MILLI).unwrap();
        assert!(seats.is_gone(first));
        assert!(seats.begin(fifth.index));
        assert_eq!(seats.sit(t0 + 6 * MILLI), Err(NoSeat::AllBusy));
        seats.leave(third);
        assert!(!seats.sit(t0 + 6 * MILLI).unwrap().displaced);
        assert_eq!(seats.open(), 5, "two have not left yet");
    }

    #[test]
    fn a_look_that_found_nobody_counts_for_a_moment_only() {
        let t0 = Instant::now();
        let seats = Seats::new(1, t0);
        let only = index(seats.sit(t0));
        assert!(seats.begin(only));
        assert_eq!(seats.sit(t0), Err(NoSeat::AllBusy));
        seats.wait(only, t0);
        assert_eq!(seats.sit(t0 + MILLI), Err(NoSeat::AllBusy));
        assert!(seats.sit(t0 + 2 * MILLI).is_ok());
    }

    #[test]
    fn who_waits_too_long_is_told_to_go_and_only_they() {
        let t0 = Instant::now();
        let seats = Seats::new(3, t0);
        let (old, busy) = (index(seats.sit(t0)), index(seats.sit(t0)));
        assert!(seats.begin(busy));
        let young = index(seats.sit(t0 + 5 * MILLI));
        seats.expire(10 * MILLI, t0 + 9 * MILLI);
        assert!(!seats.is_gone(old));
        seats.expire(10 * MILLI, t0 + 10 * MILLI);
        assert!(seats.is_gone(old) && !seats.is_gone(busy) && !seats.is_gone(young));
    }

    #[test]
    fn those_who_do_not_leave_take_no_more_than_their_spare_seats() {
        let t0 = Instant::now();
        let seats = Seats::new(2, t0);
        let taken = (0..1_000).filter(|_| seats.sit(t0).is_ok()).count();
        assert_eq!(taken, 2 + LEAVING_MAX);
        assert_eq!(seats.open(), 2 + LEAVING_MAX);
        assert_eq!(seats.sit(t0), Err(NoSeat::Leaving));
    }

    proptest! {
        /// Against a plain list: the same ones sit, wait and go.
        #[test]
        fn it_does_as_a_plain_list_does(
            steps in prop::collection::vec((0_u8..4, any::<prop::sample::Index>(), 0_u32..5), 0..200),
        ) {
            const SEATED_MAX: usize = 4;
            let mut now = Instant::now();
            let seats = Seats::new(SEATED_MAX, now);
            // Where each sits, and since when it waits; none while it is busy.
            let mut model: Vec<(usize, Option<Instant>)> = Vec::new();
            for (step, chosen, pause) in steps {
                // Beyond the time for which a look counts, so that the list is as good.
                now += (pause + 3) * MILLI;
                match step {
                    0 => {
                        let oldest = model.iter().filter_map(|&(index, since)| Some((since?, index))).min();
                        let displaced = model.len() == SEATED_MAX;
                        let seated = seats.sit(now);
                        prop_assert_eq!(seated.is_ok(), !displaced || oldest.is_some());
                        let Ok(seated) = seated else { continue };
                        prop_assert_eq!(seated.displaced, displaced);
                        if displaced {
                            let (_, gone) = oldest.unwrap();
                            prop_assert!(seats.is_gone(gone));
                            model.retain(|&(index, _)| index != gone);
                            seats.leave(gone);
                        }
                        model.push((seated.index, Some(now)));
                    }
                    _ if model.is_empty() => {}
                    1 => {
                        let at = chosen.index(model.len());
                        prop_assert!(seats.begin(model[at].0));
                        model[at].1 = None;
                    }
                    2 => {
                        let at = chosen.index(model.len());
                        seats.wait(model[at].0, now);
                        model[at].1 = Some(now);
                    }
                    _ => seats.leave(model.swap_remove(chosen.index(model.len())).0),
                }
                prop_assert_eq!(seats.open(), model.len());
            }
        }
    }
}
