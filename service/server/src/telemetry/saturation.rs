//! How short of CPU the service is, from the best source that this machine has.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use signals::CpuSource;

use super::Figures;
use crate::clock;

/// Clock ticks a second in `/proc/self/stat`: fixed by the kernel's interface.
const TICKS_PER_SECOND: f64 = 100.0;

/// A source and its counters at one moment.
#[derive(Debug, Clone, PartialEq)]
enum Reading {
    /// Periods in which the cgroup could run, and of them those in which it was throttled.
    Cgroup { periods: u64, throttled: u64 },
    /// Microseconds in which some task waited for a CPU.
    Pressure { waited_us: u64 },
    /// CPU seconds that the process used.
    Process { used: f64 },
}

impl Reading {
    fn source(&self) -> CpuSource {
        match self {
            Self::Cgroup { .. } => CpuSource::Cgroup,
            Self::Pressure { .. } => CpuSource::Pressure,
            Self::Process { .. } => CpuSource::Process,
        }
    }

    /// Saturation from `earlier` to this, from 0 to 1; none if the two are not comparable.
    fn ratio(&self, earlier: &Self, elapsed: Duration, cores: usize) -> Option<f64> {
        let ratio = match (earlier, self) {
            (
                Self::Cgroup {
                    periods: from,
                    throttled: before,
                },
                Self::Cgroup {
                    periods: to,
                    throttled: after,
                },
            ) => share(
                after.checked_sub(*before)? as f64,
                to.checked_sub(*from)? as f64,
            ),
            (Self::Pressure { waited_us: from }, Self::Pressure { waited_us: to }) => {
                share(to.checked_sub(*from)? as f64, elapsed.as_micros() as f64)
            }
            (Self::Process { used: from }, Self::Process { used: to }) => {
                share(to - from, elapsed.as_secs_f64() * cores as f64)
            }
            _ => return None,
        };
        Some(ratio)
    }
}

fn share(part: f64, whole: f64) -> f64 {
    if whole > 0.0 {
        (part / whole).clamp(0.0, 1.0)
    } else {
        0.0
    }
}

/// Reads the saturation every `every`, for as long as it is polled.
pub(crate) async fn watch(figures: Arc<Figures>, every: Duration) {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut earlier: Option<(Reading, Instant)> = None;
    let mut ticks = tokio::time::interval(every);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let Some(reading) = read() else { continue };
        let now = clock::now();
        let ratio = earlier.and_then(|(before, at)| {
            reading.ratio(&before, now.saturating_duration_since(at), cores)
        });
        // The first reading has nothing to compare with; its series is there all the same.
        figures.saturation(reading.source(), ratio.unwrap_or(0.0));
        earlier = Some((reading, now));
    }
}

fn read() -> Option<Reading> {
    let cgroup = || cgroup_of(&fs::read_to_string("/proc/self/cgroup").ok()?);
    let cpu_stat = cgroup().and_then(|folder| fs::read_to_string(folder.join("cpu.stat")).ok());
    let pressure = || parse_pressure(&fs::read_to_string("/proc/pressure/cpu").ok()?);
    let process = || parse_process(&fs::read_to_string("/proc/self/stat").ok()?);
    cpu_stat
        .as_deref()
        .and_then(parse_cgroup)
        .or_else(pressure)
        .or_else(process)
}

/// The folder of the process' cgroup of version 2.
fn cgroup_of(proc_self_cgroup: &str) -> Option<PathBuf> {
    let path = proc_self_cgroup
        .lines()
        .find_map(|line| line.strip_prefix("0::/"))?;
    Some(PathBuf::from("/sys/fs/cgroup").join(path))
}

/// `cpu.stat`; without a limit of CPU time it has no periods.
fn parse_cgroup(text: &str) -> Option<Reading> {
    let field = |name: &str| -> Option<u64> {
        let mut words = text.lines().filter_map(|line| line.split_once(' '));
        words.find(|(word, _)| *word == name)?.1.trim().parse().ok()
    };
    let (periods, throttled) = (field("nr_periods")?, field("nr_throttled")?);
    (periods > 0).then_some(Reading::Cgroup { periods, throttled })
}

/// `some avg10=0.00 avg60=0.00 avg300=0.00 total=12345`.
fn parse_pressure(text: &str) -> Option<Reading> {
    let some = text.lines().find(|line| line.starts_with("some "))?;
    let total = some
        .split(' ')
        .find_map(|word| word.strip_prefix("total="))?;
    Some(Reading::Pressure {
        waited_us: total.trim().parse().ok()?,
    })
}

/// Fields 14 and 15 of `/proc/self/stat`; the second may hold spaces and parentheses.
fn parse_process(text: &str) -> Option<Reading> {
    let (_, fields) = text.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(Reading::Process {
        used: (user + system) as f64 / TICKS_PER_SECOND,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEN: Duration = Duration::from_secs(10);

    #[test]
    fn throttled_periods_count_where_there_is_a_limit() {
        let before = parse_cgroup("usage_usec 5\nnr_periods 100\nnr_throttled 10\n").unwrap();
        let after = parse_cgroup("usage_usec 9\nnr_periods 200\nnr_throttled 35\n").unwrap();
        assert_eq!(after.ratio(&before, TEN, 2), Some(0.25));
        assert_eq!(parse_cgroup("usage_usec 5\n"), None);
        assert_eq!(parse_cgroup("nr_periods 0\nnr_throttled 0\n"), None);
    }

    #[test]
    fn pressure_is_time_waited_over_time() {
        let before =
            parse_pressure("some avg10=1.00 total=1000000\nfull avg10=0.00 total=0\n").unwrap();
        let after =
            parse_pressure("some avg10=1.00 total=3000000\nfull avg10=0.00 total=0\n").unwrap();
        assert_eq!(after.ratio(&before, TEN, 2), Some(0.2));
        assert_eq!(parse_pressure(""), None);
    }

    #[test]
    fn without_both_the_process_counts_against_the_cores() {
        let stat = |used: u64| format!("1 (a b) c) S {} {used} 0 0 0", "0 ".repeat(10).trim_end());
        let before = parse_process(&stat(100)).unwrap();
        let after = parse_process(&stat(1_100)).unwrap();
        assert_eq!(after.ratio(&before, TEN, 2), Some(0.5));
        assert_eq!(before.ratio(&after, TEN, 2), Some(0.0));
    }

    #[test]
    fn a_change_of_source_gives_no_ratio() {
        let pressure = Reading::Pressure { waited_us: 0 };
        assert_eq!(
            pressure.ratio(&Reading::Process { used: 0.0 }, TEN, 2),
            None
        );
    }

    #[test]
    fn this_machine_has_a_source() {
        assert!(read().is_some());
        assert_eq!(
            cgroup_of("1:cpu:/a\n0::/b/c\n"),
            Some(PathBuf::from("/sys/fs/cgroup/b/c"))
        );
    }
}
