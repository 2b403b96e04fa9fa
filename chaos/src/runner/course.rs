//! What should be broken at a moment of a stage, and which changes lead there.
//!
//! A stage says which faults are set while it lasts; a ramp moves their numbers there step by step,
//! and flapping turns one on and off. There is no clock, no socket and no experiment here: time comes
//! in as what has passed since the stage began.

use std::time::Duration;

use crate::client::{Change, Toxic};
use crate::experiment::model::{Fault, FaultKind, Stage};
use crate::processes::Act;

/// Steps of a ramp at most, a second each.
const RAMP_STEPS_MAX: u64 = 3_600;

/// The state in which a fault holds what it breaks.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum State {
    /// A toxic with these numbers.
    Toxic { proxy: String, toxic: Toxic },
    /// A proxy that refuses connections.
    Down { proxy: String },
    /// A flapping proxy that works at the moment.
    Up { proxy: String },
    /// A process to which this was done.
    Process { process: String, act: Act },
}

/// A fault and the state in which it should be.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Wanted {
    pub(super) fault: Fault,
    pub(super) state: State,
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Step {
    /// A fault is set, or gets another state.
    Set(Box<Wanted>),
    /// The fault of this name is taken away.
    Undo(String),
}

/// The faults of `stage` as they should be when it has lasted for `elapsed`; `before` is the stage
/// before it.
pub(super) fn wanted(before: Option<&Stage>, stage: &Stage, elapsed: Duration) -> Vec<Wanted> {
    let step = Ramp::of(stage.ramp).at(elapsed);
    let earlier = |fault: &Fault| before?.faults.iter().find(|other| other.name == fault.name);
    let wanted = stage.faults.iter().map(|fault| Wanted {
        fault: fault.clone(),
        state: state(earlier(fault), fault, step, elapsed),
    });
    wanted.collect()
}

/// When the wanted state changes next, counted from the start of the stage.
pub(super) fn next_change(stage: &Stage, elapsed: Duration) -> Option<Duration> {
    let flaps = stage.faults.iter().filter_map(|fault| match fault.kind {
        FaultKind::Flapping { period, duty, .. } => Some(next_flap(period, duty, elapsed)),
        _ => None,
    });
    flaps.chain(Ramp::of(stage.ramp).next(elapsed)).min()
}

/// The steps from what is set to what is wanted: first what goes, then what comes or changes.
pub(super) fn steps(set: &[Wanted], wanted: &[Wanted]) -> Vec<Step> {
    let gone = set.iter().rev().filter(|held| {
        let mut names = wanted.iter().map(|other| &other.fault.name);
        !names.any(|name| *name == held.fault.name)
    });
    let gone = gone.map(|held| Step::Undo(held.fault.name.clone()));
    let changed = wanted.iter().filter(|other| {
        let mut held = set.iter();
        let held = held.find(|held| held.fault.name == other.fault.name);
        held.is_none_or(|held| held.state != other.state)
    });
    gone.chain(changed.cloned().map(Box::new).map(Step::Set))
        .collect()
}

impl State {
    /// The change of a proxy that leads from `before` to this state; `None` when the proxy is there
    /// already, or it is no proxy.
    pub(super) fn change_from(&self, before: Option<&Self>) -> Option<Change> {
        match (self, before) {
            (Self::Toxic { proxy, toxic }, None) => Some(Change::Add {
                proxy: proxy.clone(),
                toxic: toxic.clone(),
            }),
            (Self::Toxic { proxy, toxic }, Some(_)) => Some(Change::Update {
                proxy: proxy.clone(),
                toxic: toxic.clone(),
            }),
            (Self::Down { proxy }, _) => Some(Change::Enable {
                proxy: proxy.clone(),
                enabled: false,
            }),
            (Self::Up { proxy }, Some(Self::Down { .. })) => Some(Change::Enable {
                proxy: proxy.clone(),
                enabled: true,
            }),
            (Self::Up { .. } | Self::Process { .. }, _) => None,
        }
    }

    /// The change of a proxy that takes the fault away, in whatever state of it; `None` when it is no
    /// proxy that is broken.
    pub(super) fn undo(&self) -> Option<Change> {
        match self {
            Self::Toxic { proxy, toxic } => Some(Change::Remove {
                proxy: proxy.clone(),
                name: toxic.name.clone(),
            }),
            Self::Down { proxy } | Self::Up { proxy } => Some(Change::Enable {
                proxy: proxy.clone(),
                enabled: true,
            }),
            Self::Process { .. } => None,
        }
    }

    /// In words: `latency 800 ms on redis`.
    pub(super) fn words(&self) -> String {
        match self {
            Self::Toxic { proxy, toxic } => {
                let numbers = toxic.attributes.iter().filter(|(_, value)| **value != 0);
                let mut numbers: Vec<String> = numbers
                    .map(|(name, value)| format!("{name} {value}{}", unit(&toxic.kind, name)))
                    .collect();
                if toxic.toxicity < 1.0 {
                    numbers.push(format!("of {:.0} % of connections", toxic.toxicity * 100.0));
                }
                // The latency of a latency needs no name.
                let own = format!("{} ", toxic.kind);
                let numbers = numbers.join(", ");
                let numbers = numbers.strip_prefix(&own).unwrap_or(&numbers);
                let stream = match toxic.stream.as_str() {
                    "upstream" => "requests to",
                    _ => "answers of",
                };
                match numbers {
                    "" => format!("{} on {stream} {proxy}", toxic.kind),
                    some => format!("{} {some} on {stream} {proxy}", toxic.kind),
                }
            }
            Self::Down { proxy } => format!("{proxy} refuses connections"),
            Self::Up { proxy } => format!("{proxy} is up between two falls"),
            Self::Process { process, act } => format!(
                "{process} {}",
                match act {
                    Act::Pause => "is paused",
                    Act::Kill => "is killed",
                    Act::Restart => "is restarted",
                }
            ),
        }
    }
}

impl Wanted {
    /// What the fault is in this stage, in words, whatever its state at the moment.
    pub(super) fn words(&self) -> String {
        match &self.fault.kind {
            FaultKind::Flapping {
                proxy,
                period,
                duty,
            } => {
                let (share, seconds) = (duty * 100.0, period.as_secs_f64());
                format!("{proxy} refuses connections {share:.0} % of every {seconds} s")
            }
            _ => self.state.words(),
        }
    }
}

/// The unit of an attribute, with the space before it.
fn unit(kind: &str, attribute: &str) -> &'static str {
    match (kind, attribute) {
        ("slicer", "delay") => " µs",
        (_, "latency" | "jitter" | "delay" | "timeout") => " ms",
        (_, "rate") => " kB/s",
        (_, "average_size" | "size_variation" | "bytes") => " bytes",
        _ => "",
    }
}

fn state(earlier: Option<&Fault>, fault: &Fault, step: Share, elapsed: Duration) -> State {
    let process = |process: &String, act| State::Process {
        process: process.clone(),
        act,
    };
    match &fault.kind {
        FaultKind::Toxic { proxy, toxic } => {
            let from = match earlier.map(|fault| &fault.kind) {
                Some(FaultKind::Toxic { toxic, .. }) => toxic.clone(),
                _ => harmless(toxic),
            };
            State::Toxic {
                proxy: proxy.clone(),
                toxic: between(&from, toxic, step),
            }
        }
        FaultKind::Down { proxy } => State::Down {
            proxy: proxy.clone(),
        },
        FaultKind::Flapping {
            proxy,
            period,
            duty,
        } => {
            let proxy = proxy.clone();
            if is_down(*period, *duty, elapsed) {
                State::Down { proxy }
            } else {
                State::Up { proxy }
            }
        }
        FaultKind::Paused { process: name } => process(name, Act::Pause),
        FaultKind::Killed { process: name } => process(name, Act::Kill),
        FaultKind::Restarted { process: name } => process(name, Act::Restart),
    }
}

/// A ramp in steps of a second; the last step is the end exactly.
#[derive(Debug, Clone, Copy)]
struct Ramp {
    steps: u64,
}

/// `done` of `all` steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Share {
    done: u64,
    all: u64,
}

impl Ramp {
    fn of(time: Duration) -> Self {
        let seconds = time.as_secs() + u64::from(time.subsec_nanos() > 0);
        Self {
            steps: seconds.clamp(1, RAMP_STEPS_MAX),
        }
    }

    fn at(self, elapsed: Duration) -> Share {
        Share {
            done: elapsed.as_secs().saturating_add(1).min(self.steps),
            all: self.steps,
        }
    }

    fn next(self, elapsed: Duration) -> Option<Duration> {
        let Share { done, all } = self.at(elapsed);
        (done < all).then(|| Duration::from_secs(done))
    }
}

/// The same toxic before it does any harm: without its delays, or where it has none on no
/// connection.
fn harmless(toxic: &Toxic) -> Toxic {
    let mut from = toxic.clone();
    let delays: &[&str] = match toxic.kind.as_str() {
        "latency" => &["latency", "jitter"],
        "slow_close" | "slicer" => &["delay"],
        _ => &[],
    };
    if delays.is_empty() {
        from.toxicity = 0.0;
    }
    for name in delays {
        if let Some(value) = from.attributes.get_mut(*name) {
            *value = 0;
        }
    }
    from
}

fn between(from: &Toxic, to: &Toxic, share: Share) -> Toxic {
    let mut toxic = to.clone();
    if share.done >= share.all {
        return toxic;
    }
    // Steps are few and values are milliseconds or bytes: far below 2^53.
    #[expect(clippy::cast_precision_loss, reason = "see above")]
    let part = share.done as f64 / share.all as f64;
    toxic.toxicity = from.toxicity + (to.toxicity - from.toxicity) * part;
    for (name, value) in &mut toxic.attributes {
        let start = from.attributes.get(name).copied().unwrap_or(*value);
        let done = i128::from(*value - start) * i128::from(share.done) / i128::from(share.all);
        *value = start + i64::try_from(done).unwrap_or_default();
    }
    toxic
}

fn is_down(period: Duration, duty: f64, elapsed: Duration) -> bool {
    into_period(period, elapsed) < period.mul_f64(duty)
}

fn next_flap(period: Duration, duty: f64, elapsed: Duration) -> Duration {
    let into = into_period(period, elapsed);
    let began = elapsed.saturating_sub(into);
    let turns = period.mul_f64(duty);
    if into < turns {
        began + turns
    } else {
        began + period
    }
}

fn into_period(period: Duration, elapsed: Duration) -> Duration {
    let nanos = elapsed.as_nanos() % period.as_nanos().max(1);
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests;
