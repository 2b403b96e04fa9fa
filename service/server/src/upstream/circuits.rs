//! One circuit for each upstream, so that a dead one does not cost the others.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use resilience::{Breaker, Circuit, Class, Pass, Policy};
use signals::{Dependency, field};

use super::FetchError;
use super::target::Origin;
use crate::clock;
use crate::config;
use crate::telemetry::{Figures, Line, Log, Severity, Telemetry};

/// The circuits of all origins that pictures may come from.
#[derive(Debug)]
pub(super) struct Circuits {
    breakers: Mutex<Vec<(Origin, Breaker)>>,
    figures: Arc<Figures>,
    log: Log,
}

impl Circuits {
    pub(super) fn new<'a>(
        origins: impl Iterator<Item = &'a Origin>,
        settings: &config::Breaker,
        telemetry: &Telemetry,
    ) -> Self {
        let policy = Policy {
            failures_max: u32::try_from(settings.failures_max.get()).unwrap_or(u32::MAX),
            cooldown: settings.cooldown.get(),
            jitter_ratio: settings.jitter_ratio.get(),
        };
        let mut breakers: Vec<(Origin, Breaker)> = Vec::new();
        for origin in origins {
            if breakers.iter().all(|(known, _)| known != origin) {
                breakers.push((origin.clone(), Breaker::new(policy)));
            }
        }
        Self {
            breakers: Mutex::new(breakers),
            figures: Arc::clone(&telemetry.figures),
            log: telemetry.log.clone(),
        }
    }

    /// Asks to make one call.
    pub(super) fn admit(&self, origin: &Origin) -> Result<Pass, FetchError> {
        let mut breakers = self.lock();
        let admitted = breaker(&mut breakers, origin)
            .ok_or(FetchError::CircuitOpen)?
            .admit(clock::now())
            .map_err(|_| FetchError::CircuitOpen);
        self.show(&breakers);
        admitted
    }

    /// Takes note of how a call ended.
    pub(super) fn record(&self, origin: &Origin, pass: Pass, failure: Option<&FetchError>) {
        let class = match failure {
            Some(error) if error.speaks_against_upstream() => Class::Failure,
            _ => Class::Success,
        };
        let mut breakers = self.lock();
        let Some(breaker) = breaker(&mut breakers, origin) else {
            return;
        };
        let before = breaker.circuit();
        breaker.record(pass, class, clock::now(), clock::chance());
        let after = breaker.circuit();
        if before == after {
            return;
        }
        self.show(&breakers);
        drop(breakers);
        let line = match after {
            Circuit::Closed => Line::new(
                Severity::Info,
                format!("{origin} answers again: its circuit is closed"),
            ),
            _ => Line::new(
                Severity::Warn,
                format!("{origin} fails: its circuit is open, cards go without its pictures"),
            ),
        };
        let line = line.word(field::DEPENDENCY, Dependency::Pictures.as_str());
        self.log.write(&match failure {
            Some(error) => line.text(field::ERROR, super::with_causes(error)),
            None => line,
        });
    }

    /// Shows the worst of all circuits: there is one metric, and upstreams are not its labels.
    fn show(&self, breakers: &[(Origin, Breaker)]) {
        let any = |circuit| breakers.iter().any(|(_, b)| b.circuit() == circuit);
        let worst = [Circuit::Open, Circuit::HalfOpen]
            .into_iter()
            .find(|&c| any(c));
        self.figures
            .circuit(Dependency::Pictures, worst.unwrap_or(Circuit::Closed));
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(Origin, Breaker)>> {
        // No call inside can panic half way.
        self.breakers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn breaker<'a>(breakers: &'a mut [(Origin, Breaker)], origin: &Origin) -> Option<&'a mut Breaker> {
    let found = breakers.iter_mut().find(|(known, _)| known == origin);
    found.map(|(_, breaker)| breaker)
}
