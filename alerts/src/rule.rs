//! Rules as values, and how Prometheus reads them.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::Serialize;
use slo::window;

use crate::Settings;
use crate::names::SERVICE;
use crate::settings::Pace;

/// How bad an alert is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// Users are hurt now.
    Critical,
    /// Users will be hurt, or a few are.
    Warning,
    /// Good to know.
    Info,
}

impl Severity {
    /// The value of the label `severity`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Warning => "warning",
            Self::Info => "info",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Where an alert goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Routing {
    /// It wakes a person.
    Page,
    /// It waits for working hours.
    Ticket,
}

impl Routing {
    /// The value of the label `routing`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::Ticket => "ticket",
        }
    }
}

impl fmt::Display for Routing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// How long something has to last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hold {
    /// In so many evaluations one after the other.
    Evaluations(u32),
    /// The same, and at least for so long.
    EvaluationsOver(u32, Duration),
    /// For so long, however often it is evaluated.
    Time(Duration),
}

impl Hold {
    /// As a duration: between the first of `n` evaluations and the last there are `n - 1` intervals.
    fn duration(self, interval: Duration) -> Duration {
        match self {
            Self::Evaluations(count) => interval * count.saturating_sub(1),
            Self::EvaluationsOver(count, least) => {
                Self::Evaluations(count).duration(interval).max(least)
            }
            Self::Time(duration) => duration,
        }
    }
}

/// One alert.
#[derive(Debug, Clone)]
pub(crate) struct Alert {
    /// Its name, in CamelCase.
    pub(crate) name: String,
    /// Which signal it watches, for the name of its group.
    pub(crate) signal: &'static str,
    /// PromQL; each series of its result is one alert.
    pub(crate) expr: String,
    /// How long the expression holds before the alert fires.
    pub(crate) hold: Hold,
    /// How long it fires on after the expression stopped holding, against flapping.
    pub(crate) keep: Hold,
    /// How bad it is.
    pub(crate) severity: Severity,
    /// Where it goes.
    pub(crate) routing: Routing,
    /// Service that it is about.
    pub(crate) service: String,
    /// More labels.
    pub(crate) labels: BTreeMap<&'static str, String>,
    /// A fixed sentence.
    pub(crate) summary: String,
    /// Sentences with the values of this alert, as a template of Prometheus.
    pub(crate) description: String,
    /// Name of the chart of the rendering service that shows what it watches.
    pub(crate) chart: Option<&'static str>,
}

/// One recording rule.
#[derive(Debug, Clone)]
pub(crate) struct Recording {
    /// Name of the series.
    pub(crate) name: String,
    /// PromQL.
    pub(crate) expr: String,
    /// Labels that are added.
    pub(crate) labels: BTreeMap<&'static str, String>,
}

/// One rule.
#[derive(Debug, Clone)]
pub(crate) enum Rule {
    Recording(Recording),
    Alert(Alert),
}

/// Rules that are evaluated one after the other, at one pace.
#[derive(Debug, Clone)]
pub(crate) struct Group {
    pub(crate) name: String,
    pub(crate) pace: Pace,
    pub(crate) rules: Vec<Rule>,
}

#[derive(Serialize)]
struct GroupYaml<'a> {
    name: &'a str,
    interval: String,
    rules: Vec<RuleYaml<'a>>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum RuleYaml<'a> {
    Recording {
        record: &'a str,
        expr: &'a str,
        labels: &'a BTreeMap<&'static str, String>,
    },
    Alert {
        alert: &'a str,
        expr: &'a str,
        #[serde(rename = "for")]
        hold: String,
        keep_firing_for: String,
        labels: BTreeMap<&'a str, &'a str>,
        annotations: Annotations<'a>,
    },
}

#[derive(Serialize)]
struct Annotations<'a> {
    summary: &'a str,
    description: &'a str,
    runbook_url: String,
    dashboard_url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    chart_url: Option<String>,
}

/// The groups of one file as YAML.
pub(crate) fn to_yaml(groups: &[Group], settings: &Settings) -> String {
    let groups: Vec<GroupYaml<'_>> = groups.iter().map(|group| group.yaml(settings)).collect();
    crate::yaml_text(&BTreeMap::from([("groups", groups)]))
}

impl Group {
    fn yaml<'a>(&'a self, settings: &Settings) -> GroupYaml<'a> {
        let interval = settings.at(self.pace);
        GroupYaml {
            name: &self.name,
            interval: window::text(interval),
            rules: self
                .rules
                .iter()
                .map(|rule| rule.yaml(interval, settings))
                .collect(),
        }
    }
}

impl Rule {
    fn yaml<'a>(&'a self, interval: Duration, settings: &Settings) -> RuleYaml<'a> {
        match self {
            Self::Recording(Recording { name, expr, labels }) => RuleYaml::Recording {
                record: name,
                expr,
                labels,
            },
            Self::Alert(alert) => alert.yaml(interval, settings),
        }
    }
}

impl Alert {
    fn yaml<'a>(&'a self, interval: Duration, settings: &Settings) -> RuleYaml<'a> {
        let mut labels: BTreeMap<&str, &str> = self
            .labels
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        labels.insert("severity", self.severity.as_str());
        labels.insert("routing", self.routing.as_str());
        labels.insert(SERVICE, &self.service);
        RuleYaml::Alert {
            alert: &self.name,
            expr: &self.expr,
            hold: window::text(self.hold.duration(interval)),
            keep_firing_for: window::text(self.keep.duration(interval)),
            labels,
            annotations: Annotations {
                summary: &self.summary,
                description: &self.description,
                runbook_url: settings.runbook_url(&self.name),
                dashboard_url: settings.dashboard_url(),
                chart_url: self.chart.map(|chart| settings.chart_url(chart)),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_evaluations_span_two_intervals() {
        let interval = Duration::from_secs(15);
        assert_eq!(
            Hold::Evaluations(3).duration(interval),
            Duration::from_secs(30)
        );
        assert_eq!(Hold::Evaluations(1).duration(interval), Duration::ZERO);
        assert_eq!(Hold::Evaluations(0).duration(interval), Duration::ZERO);
        assert_eq!(
            Hold::Time(interval).duration(Duration::from_secs(1)),
            interval
        );
        let over = Hold::EvaluationsOver(3, Duration::from_secs(20));
        assert_eq!(over.duration(interval), Duration::from_secs(30));
        assert_eq!(
            over.duration(Duration::from_secs(1)),
            Duration::from_secs(20)
        );
    }
}
