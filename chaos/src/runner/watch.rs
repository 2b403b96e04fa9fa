//! Probes that are read over and over beside the run, so that a slow one holds up nothing.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::Instant;

use super::observer::{AlertState, Observer, Reading};
use crate::experiment::Probe;

/// What was asked for longer ago than this, or three paces, is not known any more: the next answer
/// does not come.
const STALE_AFTER: Duration = Duration::from_secs(2);

/// Reads some probes until it is dropped.
#[derive(Debug)]
pub(super) struct Watch {
    probes: Arc<[Slot]>,
    stale_after: Duration,
    _reading: JoinSet<()>,
}

#[derive(Debug)]
struct Slot {
    probe: Probe,
    latest: Mutex<Option<Latest>>,
}

/// What a probe gave last, and when it was asked.
#[derive(Debug, Clone)]
struct Latest {
    asked: Instant,
    reading: Reading,
}

impl Watch {
    /// Begins to read, each probe in its own time, `pace` apart.
    pub(super) fn start(observer: &Arc<Observer>, probes: Vec<Probe>, pace: Duration) -> Self {
        let slots = probes.into_iter().map(|probe| Slot {
            probe,
            latest: Mutex::new(None),
        });
        let slots: Arc<[Slot]> = slots.collect();
        let mut reading = JoinSet::new();
        for number in 0..slots.len() {
            let (slots, observer) = (Arc::clone(&slots), Arc::clone(observer));
            reading.spawn(async move {
                let mut ticks = tokio::time::interval(pace);
                ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
                loop {
                    ticks.tick().await;
                    let asked = Instant::now();
                    let reading = observer.read(&slots[number].probe).await;
                    *slots[number].lock() = Some(Latest { asked, reading });
                }
            });
        }
        Self {
            probes: slots,
            stale_after: STALE_AFTER.max(pace * 3),
            _reading: reading,
        }
    }

    /// What the probes gave last, when it was asked for at `since` or later and not too long ago; else
    /// they are not known.
    pub(super) fn latest(&self, since: Instant) -> Vec<Reading> {
        let slots = self.probes.iter();
        let is_known =
            |latest: &Latest| latest.asked >= since && latest.asked.elapsed() <= self.stale_after;
        let readings = slots.map(|slot| match &*slot.lock() {
            Some(latest) if is_known(latest) => latest.reading.clone(),
            _ => Reading::not_yet(&slot.probe),
        });
        readings.collect()
    }
}

impl Slot {
    fn lock(&self) -> MutexGuard<'_, Option<Latest>> {
        // A whole value is put in its place: nothing can be half changed.
        self.latest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Asks which alerts there are until it is dropped.
#[derive(Debug)]
pub(super) struct AlertWatch {
    seen: Arc<Mutex<Vec<AlertState>>>,
    _asking: JoinSet<()>,
}

impl AlertWatch {
    /// Begins to ask, `pace` apart. An answer that does not come changes nothing.
    pub(super) fn start(observer: &Arc<Observer>, pace: Duration) -> Self {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (noted, observer) = (Arc::clone(&seen), Arc::clone(observer));
        let mut asking = JoinSet::new();
        asking.spawn(async move {
            let mut ticks = tokio::time::interval(pace);
            ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            loop {
                ticks.tick().await;
                if let Ok(states) = observer.alerts().await {
                    *noted.lock().unwrap_or_else(PoisonError::into_inner) = states;
                }
            }
        });
        Self {
            seen,
            _asking: asking,
        }
    }

    /// The alerts as they were last seen.
    pub(super) fn latest(&self) -> Vec<AlertState> {
        let seen = self.seen.lock();
        seen.unwrap_or_else(PoisonError::into_inner).clone()
    }
}
