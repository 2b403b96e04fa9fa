//! Recording rules of the objectives, named and labelled as Sloth does it.
//!
//! Of objectives over events, all events and the bad ones of five minutes are kept as well: an exact
//! bound takes counts, and a ratio has none. The gate reads long windows from them.
//!
//! One difference: Sloth averages the 5-minute ratios over the period, so a quiet night weighs as
//! much as a busy noon. Here each window, the period too, is the ratio of its own events.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use slo::gate::{RECORDED_BAD_EVENTS, RECORDED_EVENTS};
use slo::{Objective, window};

use crate::names::{SLOTH_ID, SLOTH_SERVICE, SLOTH_SLO, SLOTH_WINDOW};
use crate::rule::{Group, Recording, Rule};
use crate::settings::Pace;

/// Windows up to this one are recorded at the base interval, longer ones more slowly: they read
/// more and change less.
const SHORT_MAX: Duration = Duration::from_secs(6 * 3_600);
/// Pace of the long windows. At 30 s that is 2 minutes, well inside Prometheus' 5-minute lookback.
const LONG_PACE: Pace = Pace::times(4);

/// Window of the current burn rate.
pub(crate) const SHORTEST: Duration = Duration::from_secs(300);

/// Labels that join the series of one objective.
const JOIN: &str = "on (sloth_id, sloth_service, sloth_slo) group_left ()";

/// A series that a recording rule adds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Recorded {
    /// Its name.
    pub name: String,
    /// Names of its labels.
    pub labels: Vec<&'static str>,
}

/// Name of the recorded error ratio over a window of this length.
pub(crate) fn ratio_name(length: Duration) -> String {
    format!("slo:sli_error:ratio_rate{}", window::text(length))
}

/// Sloth's identifier of an objective.
pub(crate) fn id(objective: &Objective) -> String {
    objective.recorded_id()
}

/// The labels that every series of an objective carries.
pub(crate) fn labels(objective: &Objective) -> BTreeMap<&'static str, String> {
    BTreeMap::from([
        (SLOTH_ID, id(objective)),
        (SLOTH_SERVICE, objective.service.clone()),
        (SLOTH_SLO, objective.name.clone()),
    ])
}

fn labels_of_window(objective: &Objective, length: Duration) -> BTreeMap<&'static str, String> {
    let mut labels = labels(objective);
    labels.insert(SLOTH_WINDOW, window::text(length));
    labels
}

/// The matchers of the series of an objective, in braces.
pub(crate) fn selector(objective: &Objective) -> String {
    let matchers: Vec<String> = labels(objective)
        .iter()
        .map(|(name, value)| format!(r#"{name}="{value}""#))
        .collect();
    format!("{{{}}}", matchers.join(","))
}

/// The rules of all objectives.
pub(crate) fn groups(objectives: &[Objective]) -> Vec<Group> {
    objectives.iter().flat_map(of_objective).collect()
}

/// What the rules of all objectives add, each name once.
pub(crate) fn recorded(objectives: &[Objective]) -> Vec<Recorded> {
    let mut series: BTreeMap<String, BTreeSet<&'static str>> = BTreeMap::new();
    for rule in groups(objectives).into_iter().flat_map(|group| group.rules) {
        if let Rule::Recording(rule) = rule {
            series
                .entry(rule.name)
                .or_default()
                .extend(rule.labels.into_keys());
        }
    }
    let recorded = |(name, labels): (String, BTreeSet<&'static str>)| Recorded {
        name,
        labels: labels.into_iter().collect(),
    };
    series.into_iter().map(recorded).collect()
}

fn of_objective(objective: &Objective) -> [Group; 3] {
    let (short, long): (Vec<Duration>, Vec<Duration>) = windows(objective)
        .into_iter()
        .partition(|length| *length <= SHORT_MAX);
    let ratios = |windows: &[Duration]| -> Vec<Rule> {
        windows
            .iter()
            .map(|length| Rule::Recording(ratio(objective, *length)))
            .collect()
    };
    let mut of_short = ratios(&short);
    of_short.extend(events(objective));
    let id = id(objective);
    let group = |name: String, pace, rules| Group { name, pace, rules };
    [
        group(
            format!("sloth-slo-sli-recordings-{id}"),
            Pace::BASE,
            of_short,
        ),
        group(
            format!("sloth-slo-sli-recordings-{id}-long"),
            LONG_PACE,
            ratios(&long),
        ),
        group(
            format!("sloth-slo-meta-recordings-{id}"),
            Pace::BASE,
            meta(objective),
        ),
    ]
}

/// Every window that an alert looks at, and the period, shortest first.
fn windows(objective: &Objective) -> BTreeSet<Duration> {
    let of_alerts = slo::burn::PAGE.iter().chain(&slo::burn::TICKET);
    let pairs = of_alerts.flat_map(|pair| [pair.short, pair.long]);
    pairs.chain([SHORTEST, objective.window]).collect()
}

fn ratio(objective: &Objective, length: Duration) -> Recording {
    Recording {
        name: ratio_name(length),
        expr: objective.indicator.error_ratio(&window::text(length)),
        labels: labels_of_window(objective, length),
    }
}

/// All events and the bad ones of the shortest window, of an objective over events.
fn events(objective: &Objective) -> Vec<Rule> {
    let Some(counts) = objective.event_counts(&window::text(SHORTEST)) else {
        return Vec::new();
    };
    let rule = |name: &str, expr: String| {
        Rule::Recording(Recording {
            name: name.to_owned(),
            expr,
            labels: labels_of_window(objective, SHORTEST),
        })
    };
    vec![
        rule(RECORDED_EVENTS, counts.total),
        rule(RECORDED_BAD_EVENTS, counts.bad),
    ]
}

fn meta(objective: &Objective) -> Vec<Rule> {
    let select = selector(objective);
    let target = objective.target;
    let rule = |name: &str, expr: String| {
        Rule::Recording(Recording {
            name: name.to_owned(),
            expr,
            labels: labels(objective),
        })
    };
    let windowed = |name: &str, expr: String, length: Duration| {
        let labels = labels_of_window(objective, length);
        Rule::Recording(Recording {
            name: name.to_owned(),
            expr,
            labels,
        })
    };
    let burn = |name: &str, length: Duration| {
        let ratio = ratio_name(length);
        let expr = format!("{ratio}{select}\n/ {JOIN}\nslo:error_budget:ratio{select}");
        windowed(name, expr, length)
    };
    let days = objective.window.as_secs_f64() / 86_400.0;
    let mut info = labels(objective);
    info.insert("sloth_mode", "proofmark".to_owned());
    info.insert("sloth_objective", decimal(target * 100.0));
    info.insert("sloth_spec", "openslo/v1".to_owned());
    vec![
        rule("slo:objective:ratio", format!("vector({target})")),
        rule("slo:error_budget:ratio", format!("vector(1-{target})")),
        rule("slo:time_period:days", format!("vector({days})")),
        burn("slo:current_burn_rate:ratio", SHORTEST),
        burn("slo:period_burn_rate:ratio", objective.window),
        windowed(
            "slo:period_error_budget_remaining:ratio",
            format!("1 - slo:period_burn_rate:ratio{select}"),
            objective.window,
        ),
        Rule::Recording(Recording {
            name: "sloth_slo_info".to_owned(),
            expr: "vector(1)".to_owned(),
            labels: info,
        }),
    ]
}

/// A number with at most 9 decimals, without the noise of binary fractions: `0.0005`.
pub(crate) fn decimal(number: f64) -> String {
    let text = format!("{number:.9}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_written_with_the_digits_that_were_meant() {
        let texts = [1.0 - 0.9995, 99.95, 0.02 * 168.0, 0.1 * 168.0 / 72.0, 50.0].map(decimal);
        assert_eq!(texts, ["0.0005", "99.95", "3.36", "0.233333333", "50"]);
    }
}
