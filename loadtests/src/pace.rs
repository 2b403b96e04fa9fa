//! The pace: which request a free user sends next, and when.
//!
//! All users share one schedule and take the next number from it; a number belongs to one user, who
//! sleeps until it is due. When every user is waiting for an answer, numbers become late: they are
//! sent as soon as a user is free and measured from when they were due, or dropped when that was
//! too long ago. So the rate is kept through short stalls, and a long one shows.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use crate::schedule::Schedule;
use crate::tally::Tally;

/// A timer fires up to this late on a busy machine; only what is later counts as late.
const TIMER_SLACK: Duration = Duration::from_millis(5);
/// From the last user's arrival to the first request.
const HEAD_START: Duration = Duration::from_millis(20);

/// One request to send, by its number in the schedule.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Turn {
    pub(crate) number: u64,
    /// What its latency counts from.
    pub(crate) counts_from: Instant,
}

/// The shared schedule.
#[derive(Debug)]
pub(crate) struct Pace {
    schedule: Schedule,
    late_max: Duration,
    users: usize,
    arrived: AtomicUsize,
    left: AtomicUsize,
    next: AtomicU64,
    start: watch::Sender<Option<Instant>>,
    stop: watch::Receiver<bool>,
}

impl Pace {
    /// A schedule for this many users, which `stop` ends early.
    pub(crate) fn new(
        schedule: Schedule,
        users: usize,
        late_max: Duration,
        stop: watch::Receiver<bool>,
    ) -> Self {
        Self {
            schedule,
            late_max,
            users,
            arrived: AtomicUsize::new(0),
            left: AtomicUsize::new(0),
            next: AtomicU64::new(0),
            start: watch::Sender::new(None),
            stop,
        }
    }

    pub(crate) fn schedule(&self) -> &Schedule {
        &self.schedule
    }

    /// When the load began, once all users are there.
    pub(crate) fn started(&self) -> Option<Instant> {
        *self.start.borrow()
    }

    /// Whether every user has sent its last request.
    pub(crate) fn is_over(&self) -> bool {
        self.left.load(Ordering::Relaxed) >= self.users
    }

    /// Waits for all users, so that none starts before goose has started the last. `None` when it
    /// was stopped before.
    pub(crate) async fn arrive(&self) -> Option<Instant> {
        let mut start = self.start.subscribe();
        if self.arrived.fetch_add(1, Ordering::Relaxed) + 1 == self.users {
            self.start.send_replace(Some(Instant::now() + HEAD_START));
        }
        let mut stop = self.stop.clone();
        tokio::select! {
            started = start.wait_for(Option::is_some) => started.ok().and_then(|start| *start),
            _ = stop.wait_for(|stop| *stop) => None,
        }
    }

    /// Takes the next request and waits until it is due. `None` when the load is over or stopped.
    pub(crate) async fn take(&self, start: Instant, tally: &Tally) -> Option<Turn> {
        loop {
            if *self.stop.borrow() {
                return None;
            }
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let due = start + self.schedule.due(number)?;
            if due.elapsed() > self.late_max {
                tally.dropped_one();
                continue;
            }
            let mut stop = self.stop.clone();
            tokio::select! {
                () = tokio::time::sleep_until(due) => {}
                _ = stop.wait_for(|stop| *stop) => return None,
            }
            let now = Instant::now();
            let is_late = now.duration_since(due) > TIMER_SLACK;
            return Some(Turn {
                number,
                counts_from: if is_late { due } else { now },
            });
        }
    }

    /// A user has sent its last request.
    pub(crate) fn leave(&self) {
        self.left.fetch_add(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Shape, ShapeKind};

    /// 100 requests per second for a second.
    fn pace(users: usize, stop: watch::Receiver<bool>) -> Pace {
        let shape = Shape {
            kind: ShapeKind::Steady,
            rate: 100.0,
            duration: Duration::from_secs(1),
            ramp_up: None,
        };
        Pace::new(
            Schedule::new(&shape),
            users,
            Duration::from_millis(300),
            stop,
        )
    }

    #[tokio::test]
    async fn no_request_leaves_before_it_is_due_and_each_is_taken_once() {
        let (_keep, stop) = watch::channel(false);
        let (pace, tally) = (pace(2, stop), Tally::new(1));
        let user = async || {
            let mut numbers = Vec::new();
            let start = pace.arrive().await.unwrap();
            while let Some(turn) = pace.take(start, &tally).await {
                assert!(turn.counts_from >= start + pace.schedule().due(turn.number).unwrap());
                numbers.push(turn.number);
            }
            pace.leave();
            numbers
        };
        let (mut numbers, more) = tokio::join!(user(), user());
        numbers.extend(more);
        numbers.sort_unstable();
        assert_eq!(numbers.len() as u64 + tally.dropped(), 100);
        assert!(numbers.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(pace.is_over());
    }

    #[tokio::test]
    async fn after_a_stall_late_requests_count_from_when_they_were_due_and_older_ones_are_dropped()
    {
        let (_keep, stop) = watch::channel(false);
        let (pace, tally) = (pace(1, stop), Tally::new(1));
        let start = pace.arrive().await.unwrap();
        tokio::time::sleep_until(start + Duration::from_millis(505)).await;
        // Due at 0.0 s to 0.2 s: more than 0.3 s late.
        let turn = pace.take(start, &tally).await.unwrap();
        assert!(turn.number >= 21, "{}", turn.number);
        assert_eq!(turn.number, tally.dropped());
        assert_eq!(
            turn.counts_from,
            start + Duration::from_millis(10 * turn.number)
        );
    }

    #[tokio::test]
    async fn a_stop_wakes_a_waiting_user_and_one_that_still_waits_for_others() {
        let (stopper, stop) = watch::channel(false);
        let (alone, crowd, tally) = (pace(1, stop.clone()), pace(2, stop), Tally::new(1));
        let start = Instant::now() + Duration::from_secs(3_600);
        let _ = alone.arrive().await.unwrap();
        let (turn, arrived, ()) = tokio::join!(alone.take(start, &tally), crowd.arrive(), async {
            stopper.send_replace(true);
        });
        assert!(turn.is_none() && arrived.is_none());
    }
}
