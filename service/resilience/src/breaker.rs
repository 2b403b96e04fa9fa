//! Circuit breaker: stop calling a dependency that keeps failing.
//!
//! `Closed` admits every call, `Open` none, `HalfOpen` one probe. A probe that never reports
//! expires after one cooldown, like an open circuit. Source: Nygard, *Release It!*, 2nd ed.

use std::time::{Duration, Instant};

/// When a circuit opens, and for how long.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Policy {
    /// Failures in a row that open the circuit; 0 counts as 1.
    pub failures_max: u32,
    /// From opening to the next probe.
    pub cooldown: Duration,
    /// Largest random addition to the cooldown, as a share of it, so that many instances do not
    /// probe in the same moment. At least 0; 0.2 makes 30 s into 30 to 36 s.
    pub jitter_ratio: f64,
}

/// How one call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// The dependency answered.
    Success,
    /// It did not, or not in time.
    Failure,
}

/// Whether calls go through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Circuit {
    /// Every call does.
    Closed,
    /// One probe does.
    HalfOpen,
    /// None does.
    Open,
}

/// The right to make one call; to be handed back with how it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pass {
    generation: u64,
}

/// A call that may not be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the circuit is open; the next probe is due in {retry_after:?}")]
pub struct Refused {
    /// Until the next probe.
    pub retry_after: Duration,
}

/// A circuit breaker for one dependency.
#[derive(Debug)]
pub struct Breaker {
    policy: Policy,
    state: State,
    /// Rises with every change of state, so that a late answer cannot speak about a later state.
    generation: u64,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Closed { failures: u32 },
    Open { until: Instant },
    HalfOpen { until: Instant },
}

impl Breaker {
    /// A closed circuit.
    #[must_use]
    pub fn new(policy: Policy) -> Self {
        Self {
            policy,
            state: State::Closed { failures: 0 },
            generation: 0,
        }
    }

    /// Asks to make one call at `now`.
    ///
    /// # Errors
    /// [`Refused`] holds the wait until the next probe.
    pub fn admit(&mut self, now: Instant) -> Result<Pass, Refused> {
        match self.state {
            State::Closed { .. } => {}
            State::Open { until } | State::HalfOpen { until } if now < until => {
                return Err(Refused {
                    retry_after: until - now,
                });
            }
            State::Open { .. } | State::HalfOpen { .. } => {
                self.enter(State::HalfOpen {
                    until: now + self.policy.cooldown,
                });
            }
        }
        Ok(Pass {
            generation: self.generation,
        })
    }

    /// Reports how the call of `pass` ended at `now`. `chance` (0 to below 1) decides the jitter of
    /// the cooldown, should this open the circuit.
    ///
    /// A call that was admitted before the circuit changed says nothing about it now.
    pub fn record(&mut self, pass: Pass, class: Class, now: Instant, chance: f64) {
        if pass.generation != self.generation {
            return;
        }
        match (self.state, class) {
            (State::Closed { .. }, Class::Success) => self.state = State::Closed { failures: 0 },
            (State::HalfOpen { .. }, Class::Success) => self.enter(State::Closed { failures: 0 }),
            (State::Closed { failures }, Class::Failure)
                if failures + 1 < self.policy.failures_max =>
            {
                self.state = State::Closed {
                    failures: failures + 1,
                };
            }
            (State::Closed { .. } | State::HalfOpen { .. }, Class::Failure) => {
                self.enter(State::Open {
                    until: now + self.cooldown(chance),
                });
            }
            // No pass is given out while the circuit is open.
            (State::Open { .. }, _) => {}
        }
    }

    /// Whether calls go through, as of the last call of [`Breaker::admit`] or [`Breaker::record`].
    #[must_use]
    pub fn circuit(&self) -> Circuit {
        match self.state {
            State::Closed { .. } => Circuit::Closed,
            State::HalfOpen { .. } => Circuit::HalfOpen,
            State::Open { .. } => Circuit::Open,
        }
    }

    fn enter(&mut self, state: State) {
        self.state = state;
        self.generation += 1;
    }

    fn cooldown(&self, chance: f64) -> Duration {
        let jitter = (self.policy.jitter_ratio * chance).clamp(0.0, 1.0);
        self.policy.cooldown + self.policy.cooldown.mul_f64(jitter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn secs(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn policy(failures_max: u32) -> Policy {
        Policy {
            failures_max,
            cooldown: secs(5),
            jitter_ratio: 0.0,
        }
    }

    /// A breaker that one failure has opened at `t0`.
    fn opened(t0: Instant) -> Breaker {
        let mut breaker = Breaker::new(policy(1));
        let pass = breaker.admit(t0).unwrap();
        breaker.record(pass, Class::Failure, t0, 0.0);
        breaker
    }

    #[test]
    fn a_failed_probe_reopens_the_circuit_for_a_full_cooldown() {
        let t0 = Instant::now(); // Only differences from `t0` matter.
        let mut breaker = opened(t0);
        assert_eq!(
            breaker.admit(t0 + secs(4)),
            Err(Refused {
                retry_after: secs(1)
            })
        );
        let probe = breaker.admit(t0 + secs(5)).unwrap();
        breaker.record(probe, Class::Failure, t0 + secs(6), 0.0);
        assert_eq!(
            breaker.admit(t0 + secs(10)),
            Err(Refused {
                retry_after: secs(1)
            })
        );
    }

    #[test]
    fn a_probe_that_succeeds_closes_the_circuit() {
        let t0 = Instant::now();
        let mut breaker = opened(t0);
        let probe = breaker.admit(t0 + secs(5)).unwrap();
        assert_eq!(breaker.circuit(), Circuit::HalfOpen);
        breaker.record(probe, Class::Success, t0 + secs(5), 0.0);
        assert_eq!(breaker.circuit(), Circuit::Closed);
        assert!(breaker.admit(t0 + secs(5)).is_ok());
    }

    #[test]
    fn only_one_probe_goes_through_and_one_that_is_silent_expires() {
        let t0 = Instant::now();
        let mut breaker = opened(t0);
        assert!(breaker.admit(t0 + secs(5)).is_ok());
        assert_eq!(
            breaker.admit(t0 + secs(6)),
            Err(Refused {
                retry_after: secs(4)
            })
        );
        assert!(breaker.admit(t0 + secs(10)).is_ok());
    }

    #[test]
    fn failures_must_come_in_a_row() {
        let t0 = Instant::now();
        let mut breaker = Breaker::new(policy(3));
        for class in [
            Class::Failure,
            Class::Failure,
            Class::Success,
            Class::Failure,
            Class::Failure,
        ] {
            let pass = breaker.admit(t0).unwrap();
            breaker.record(pass, class, t0, 0.0);
            assert_eq!(breaker.circuit(), Circuit::Closed);
        }
        let pass = breaker.admit(t0).unwrap();
        breaker.record(pass, Class::Failure, t0, 0.0);
        assert_eq!(breaker.circuit(), Circuit::Open);
    }

    #[test]
    fn a_call_from_before_the_circuit_opened_cannot_close_it() {
        let t0 = Instant::now();
        let mut breaker = Breaker::new(policy(1));
        let slow = breaker.admit(t0).unwrap();
        let failed = breaker.admit(t0).unwrap();
        breaker.record(failed, Class::Failure, t0, 0.0);
        breaker.record(slow, Class::Success, t0 + secs(1), 0.0);
        assert_eq!(breaker.circuit(), Circuit::Open);
        let probe = breaker.admit(t0 + secs(5)).unwrap();
        breaker.record(slow, Class::Success, t0 + secs(6), 0.0);
        assert_eq!(breaker.circuit(), Circuit::HalfOpen);
        breaker.record(probe, Class::Success, t0 + secs(6), 0.0);
        assert_eq!(breaker.circuit(), Circuit::Closed);
    }

    #[test]
    fn jitter_lengthens_the_cooldown_by_at_most_its_share() {
        let t0 = Instant::now();
        for (chance, retry_after) in [(0.0, secs(30)), (0.5, secs(33)), (1.0, secs(36))] {
            let policy = Policy {
                failures_max: 1,
                cooldown: secs(30),
                jitter_ratio: 0.2,
            };
            let mut breaker = Breaker::new(policy);
            let pass = breaker.admit(t0).unwrap();
            breaker.record(pass, Class::Failure, t0, chance);
            assert_eq!(breaker.admit(t0), Err(Refused { retry_after }));
        }
    }

    proptest! {
        /// Whatever happens, a refusal never asks to wait longer than one cooldown, and a caller
        /// who waits as long as told is admitted.
        #[test]
        fn waiting_as_told_is_always_enough(
            steps in prop::collection::vec((0_u64..8_000, any::<bool>(), any::<bool>(), 0.0..1.0_f64), 1..200)
        ) {
            let mut now = Instant::now();
            let mut breaker = Breaker::new(Policy { failures_max: 3, cooldown: secs(5), jitter_ratio: 0.2 });
            for (pause_ms, succeeds, reports, chance) in steps {
                now += Duration::from_millis(pause_ms);
                let pass = match breaker.admit(now) {
                    Ok(pass) => pass,
                    Err(refused) => {
                        prop_assert!(refused.retry_after <= secs(6));
                        now += refused.retry_after;
                        breaker.admit(now).unwrap()
                    }
                };
                let class = if succeeds { Class::Success } else { Class::Failure };
                if reports {
                    breaker.record(pass, class, now, chance);
                }
            }
        }
    }
}
