//! What differs between the checked-in files and those of a rehearsal.

use std::time::Duration;

/// Shortest evaluation interval that a pace gives, unless the base interval is shorter still.
const INTERVAL_MIN: Duration = Duration::from_secs(1);

/// How often rules are evaluated, and where links and alerts go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Base evaluation interval. Each group runs at a multiple of it, and what is counted in
    /// evaluations (`for`, `keep_firing_for`, the waits of Alertmanager) follows it.
    pub interval: Duration,
    /// What stands before `/<AlertName>.md`: a folder of the project, or a URL that serves it.
    pub runbook_base: String,
    /// Address of Grafana.
    pub dashboard_base: String,
    /// Address of a rendering service that draws the charts that alerts point at.
    pub chart_base: String,
    /// Address of the webhook that takes every alert.
    pub desk_url: String,
}

/// The checked-in files: evaluation each 30 s, pages in this repository, everything on one host.
impl Default for Settings {
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(30),
            runbook_base: "runbooks".to_owned(),
            dashboard_base: "http://127.0.0.1:3000".to_owned(),
            chart_base: "http://127.0.0.1:8080".to_owned(),
            desk_url: "http://127.0.0.1:8090/webhook".to_owned(),
        }
    }
}

impl Settings {
    /// Where the page of an alert is.
    #[must_use]
    pub fn runbook_url(&self, alert: &str) -> String {
        format!("{}/{alert}.md", self.runbook_base.trim_end_matches('/'))
    }

    /// Where the dashboard is.
    #[must_use]
    pub fn dashboard_url(&self) -> String {
        format!(
            "{}/d/{}",
            self.dashboard_base.trim_end_matches('/'),
            crate::DASHBOARD_UID
        )
    }

    /// Where the chart of that name is drawn over the last hour, as a PNG. It needs no signature, so
    /// that it works from plain Alertmanager.
    #[must_use]
    pub fn chart_url(&self, chart: &str) -> String {
        format!(
            "{}/v1/chart.png?name={chart}&range=1h",
            self.chart_base.trim_end_matches('/')
        )
    }

    /// The base interval times a pace.
    pub(crate) fn at(&self, pace: Pace) -> Duration {
        let scaled = self.interval * pace.times / pace.per;
        scaled.max(INTERVAL_MIN.min(self.interval))
    }
}

/// A multiple of the base interval, as a fraction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pace {
    times: u32,
    per: u32,
}

impl Pace {
    /// The base interval itself.
    pub(crate) const BASE: Self = Self::times(1);

    /// So many base intervals.
    pub(crate) const fn times(times: u32) -> Self {
        Self { times, per: 1 }
    }

    /// Such a part of the base interval.
    pub(crate) const fn part(per: u32) -> Self {
        Self { times: 1, per }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rehearsal_evaluates_each_second_and_no_group_faster() {
        let default = Settings::default();
        let rehearsal = Settings {
            interval: Duration::from_secs(1),
            ..Settings::default()
        };
        let seconds = |settings: &Settings| {
            [Pace::part(3), Pace::part(2), Pace::BASE, Pace::times(2)]
                .map(|pace| settings.at(pace).as_secs_f64())
        };
        assert_eq!(seconds(&default), [10.0, 15.0, 30.0, 60.0]);
        assert_eq!(seconds(&rehearsal), [1.0, 1.0, 1.0, 2.0]);
    }

    #[test]
    fn a_base_with_a_slash_at_its_end_gives_the_same_links() {
        let settings = Settings {
            runbook_base: "https://example.org/runbooks/".to_owned(),
            dashboard_base: "https://example.org/grafana/".to_owned(),
            ..Settings::default()
        };
        assert_eq!(
            settings.runbook_url("A"),
            "https://example.org/runbooks/A.md"
        );
        assert_eq!(
            settings.dashboard_url(),
            "https://example.org/grafana/d/proofmark-golden-signals"
        );
    }
}
