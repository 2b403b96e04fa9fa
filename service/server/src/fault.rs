//! The fault switch of a rehearsal, so that a verdict can be seen to fail.

use std::time::Duration;

use crate::config::{Config, FaultMode};

/// What the service does wrong on purpose.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fault {
    mode: FaultMode,
    errors_ratio: f64,
    latency_ratio: f64,
    latency: Duration,
}

/// What happens to one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mishap {
    /// Nothing.
    None,
    /// It is answered with 500.
    Error,
    /// It is answered this much later.
    Delay(Duration),
}

impl Fault {
    pub(crate) fn new(config: &Config) -> Self {
        let fault = &config.fault;
        Self {
            mode: fault.mode,
            errors_ratio: fault.errors_ratio.get(),
            latency_ratio: fault.latency_ratio.get(),
            latency: fault.latency.get(),
        }
    }

    /// The warning to write at the start, if anything is wrong on purpose.
    pub(crate) fn warning(&self) -> Option<String> {
        match self.mode {
            FaultMode::None => None,
            FaultMode::Errors => {
                let share = self.errors_ratio * 100.0;
                Some(format!(
                    "SABOTAGE: {share} % of the /v1 requests are answered with 500 on purpose"
                ))
            }
            FaultMode::Latency => {
                let (share, latency) = (self.latency_ratio * 100.0, self.latency);
                Some(format!(
                    "SABOTAGE: {share} % of the /v1 requests take {latency:?} longer on purpose"
                ))
            }
        }
    }

    /// Whether nothing goes wrong on purpose.
    pub(crate) fn is_off(&self) -> bool {
        self.mode == FaultMode::None
    }

    /// What happens to a request that draws `chance`, from 0 to below 1.
    pub(crate) fn befall(&self, chance: impl Fn() -> f64) -> Mishap {
        match self.mode {
            FaultMode::Errors if chance() < self.errors_ratio => Mishap::Error,
            FaultMode::Latency if chance() < self.latency_ratio => Mishap::Delay(self.latency),
            _ => Mishap::None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(mode: FaultMode) -> Fault {
        Fault {
            mode,
            errors_ratio: 0.02,
            latency_ratio: 0.05,
            latency: Duration::from_millis(800),
        }
    }

    #[test]
    fn the_share_decides() {
        assert_eq!(fault(FaultMode::Errors).befall(|| 0.019), Mishap::Error);
        assert_eq!(fault(FaultMode::Errors).befall(|| 0.02), Mishap::None);
        let delay = Mishap::Delay(Duration::from_millis(800));
        assert_eq!(fault(FaultMode::Latency).befall(|| 0.049), delay);
        assert_eq!(fault(FaultMode::None).befall(|| 0.0), Mishap::None);
    }

    #[test]
    fn sabotage_is_said_loudly() {
        assert!(fault(FaultMode::None).warning().is_none());
        insta::assert_snapshot!(
            fault(FaultMode::Errors).warning().unwrap(),
            @"SABOTAGE: 2 % of the /v1 requests are answered with 500 on purpose"
        );
    }
}
