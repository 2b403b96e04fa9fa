//! Waits for a moment to a fraction of a millisecond.
//!
//! The timers of tokio count whole milliseconds and are late by one or two, which is much of a small
//! latency and all of a slicer's pause. The system's own timer is not; each link that waits has one.

use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};
use tokio::io::unix::AsyncFd;
use tokio::time::Instant;

/// Shortest wait: what is due within it goes together, or tiny pauses would cost all of a processor.
const GRAIN: Duration = Duration::from_micros(250);

/// A timer that is made when it is first needed.
#[derive(Debug, Default)]
pub(crate) struct Alarm {
    timer: Option<AsyncFd<OwnedFd>>,
}

impl Alarm {
    /// Returns at `due`, or [`GRAIN`] from now, whichever is later. It may be given up and called
    /// again.
    pub(crate) async fn until(&mut self, due: Instant) {
        // Without descriptors for a timer a coarser one is better than none.
        if self.try_until(due).await.is_err() {
            self.timer = None;
            tokio::time::sleep_until(due).await;
        }
    }

    async fn try_until(&mut self, due: Instant) -> io::Result<()> {
        let left = due.saturating_duration_since(Instant::now()).max(GRAIN);
        let timer = match &mut self.timer {
            Some(timer) => timer,
            none => none.insert(new_timer()?),
        };
        // Setting it anew also forgets that it went off for an earlier call.
        timerfd_settime(timer.get_ref(), TimerfdTimerFlags::empty(), &once(left))?;
        loop {
            let mut ready = timer.readable().await?;
            let went_off =
                ready.try_io(|timer| Ok(rustix::io::read(timer.get_ref(), &mut [0; 8])?));
            if let Ok(read) = went_off {
                return read.map(|_| ());
            }
        }
    }
}

#[expect(
    deprecated,
    reason = "its successor is unsafe for types that may close early, which an OwnedFd never does"
)]
fn new_timer() -> io::Result<AsyncFd<OwnedFd>> {
    let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
    AsyncFd::new(timerfd_create(TimerfdClockId::Monotonic, flags)?)
}

fn once(left: Duration) -> Itimerspec {
    let never = Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    let left = Timespec {
        tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: left.subsec_nanos().into(),
    };
    Itimerspec {
        it_interval: never,
        it_value: left,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_never_goes_off_early_and_can_be_set_again() {
        let mut alarm = Alarm::default();
        for milliseconds in [0, 3, 1, 7] {
            let due = Instant::now() + Duration::from_millis(milliseconds);
            alarm.until(due).await;
            assert!(Instant::now() >= due);
        }
    }

    #[tokio::test]
    async fn what_was_given_up_is_forgotten() {
        let mut alarm = Alarm::default();
        let soon = Instant::now() + Duration::from_millis(5);
        let given_up = alarm.until(soon);
        assert!(
            tokio::time::timeout(Duration::ZERO, given_up)
                .await
                .is_err()
        );
        // It has gone off by now, for nobody.
        tokio::time::sleep_until(soon + Duration::from_millis(5)).await;
        let due = Instant::now() + Duration::from_millis(20);
        alarm.until(due).await;
        assert!(Instant::now() >= due);
    }
}
