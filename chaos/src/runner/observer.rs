//! Reads probes: from Prometheus, and from the service itself.

use std::time::Duration;

use jiff::Timestamp;
use outcome::{Failure, OrFail};
use slo::prometheus;

use crate::experiment::model::Tolerance;
use crate::experiment::{Probe, Source};
use crate::journal::{Activity, Doing, SteadyState, seconds_since};

/// How long one reading may take.
const READ_TIME_MAX: Duration = Duration::from_secs(5);

/// Reads probes.
#[derive(Debug)]
pub(crate) struct Observer {
    prometheus: prometheus::Client,
    http: reqwest::Client,
    service: String,
}

/// What a probe gave.
#[derive(Debug, Clone)]
pub(crate) struct Reading {
    pub(crate) name: String,
    /// The value, or why it is not known.
    pub(crate) value: Result<f64, String>,
    /// Whether the value is one, and is within tolerance.
    pub(crate) holds: bool,
    pub(crate) tolerance: Tolerance,
    activity: Activity,
}

/// An alert as Prometheus shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AlertState {
    pub(crate) name: String,
    /// Firing, or only pending.
    pub(crate) is_firing: bool,
}

/// Alerts that are looked at.
const ALERTS_MAX: usize = 64;

impl Reading {
    /// A probe that has not been read.
    pub(crate) fn not_yet(probe: &Probe) -> Self {
        Self::of(probe, Timestamp::now(), Err("no answer yet".to_owned()))
    }

    fn of(probe: &Probe, start: Timestamp, value: Result<f64, String>) -> Self {
        let holds = value
            .as_ref()
            .is_ok_and(|value| probe.tolerance.accepts(*value));
        let expected = format!("expected {}", probe.tolerance);
        let activity = Activity {
            activity: Doing::probe(&probe.name),
            start,
            end: Timestamp::now(),
            duration: seconds_since(start),
            status: if value.is_ok() { "succeeded" } else { "failed" }.to_owned(),
            output: value.as_ref().ok().copied(),
            tolerance_met: value.is_ok().then_some(holds),
            detail: value.as_ref().err().cloned().unwrap_or(expected),
        };
        Self {
            name: probe.name.clone(),
            value,
            holds,
            tolerance: probe.tolerance,
            activity,
        }
    }

    /// The reading as the journal keeps it.
    pub(crate) fn activity(&self) -> Activity {
        self.activity.clone()
    }

    /// `name value (wanted range)`, or why there is no value.
    pub(crate) fn complaint(&self) -> String {
        match &self.value {
            Ok(value) => format!(
                "{} is {}, {}",
                self.name,
                short(*value),
                self.activity.detail
            ),
            Err(why) => format!("{} is not known: {why}", self.name),
        }
    }
}

impl Observer {
    pub(crate) fn new(prometheus: &str, service: &str) -> Result<Self, Failure> {
        let http = reqwest::Client::builder().no_proxy().timeout(READ_TIME_MAX);
        let http = http.redirect(reqwest::redirect::Policy::none()).build();
        Ok(Self {
            prometheus: prometheus::Client::new(prometheus, READ_TIME_MAX)?,
            http: http.or_broken("cannot make an HTTP client")?,
            service: service.trim_end_matches('/').to_owned(),
        })
    }

    /// Reads one probe.
    pub(crate) async fn read(&self, probe: &Probe) -> Reading {
        let start = Timestamp::now();
        let value = match &probe.source {
            Source::PromQl(query) => self.query(query).await,
            Source::Status(path) => self.status(path).await,
        };
        Reading::of(probe, start, value)
    }

    /// The alerts that are pending or firing.
    pub(crate) async fn alerts(&self) -> Result<Vec<AlertState>, String> {
        let query = "ALERTS{alertstate=~\"pending|firing\"}";
        let answer = self.prometheus.instant(query, None).await;
        let answer = answer.map_err(|error| error.to_string())?;
        let states = answer.vector.iter().filter_map(|sample| {
            Some(AlertState {
                name: sample.labels.get("alertname")?.clone(),
                is_firing: sample.labels.get("alertstate")? == "firing",
            })
        });
        Ok(states.take(ALERTS_MAX).collect())
    }

    /// The value of one query, when it is a number.
    pub(crate) async fn value(&self, query: &str) -> Result<f64, String> {
        self.query(query).await
    }

    async fn query(&self, query: &str) -> Result<f64, String> {
        let answer = self
            .prometheus
            .instant(query, None)
            .await
            .map_err(|error| error.to_string())?;
        if let Some(warning) = answer.warnings.first() {
            return Err(format!("Prometheus doubts it: {warning}"));
        }
        match answer.vector.as_slice() {
            [one] if one.value.is_finite() => Ok(one.value),
            [one] => Err(format!("the query gave {}", one.value)),
            [] => Err("the query gave nothing".to_owned()),
            many => Err(format!(
                "the query gave {} series, expected one",
                many.len()
            )),
        }
    }

    async fn status(&self, path: &str) -> Result<f64, String> {
        let url = format!("{}{path}", self.service);
        match self.http.get(url).send().await {
            Ok(answer) => Ok(f64::from(answer.status().as_u16())),
            Err(error) if error.is_timeout() => Err("no answer in time".to_owned()),
            Err(_) => Err("the service cannot be reached".to_owned()),
        }
    }
}

/// The steady state as the journal keeps it.
pub(crate) fn steady_state(readings: &[Reading]) -> SteadyState {
    SteadyState {
        steady_state_met: readings.iter().all(|reading| reading.holds),
        probes: readings.iter().map(Reading::activity).collect(),
    }
}

/// Three digits are enough for a person.
pub(crate) fn short(value: f64) -> String {
    if value == value.trunc() && value.abs() < 1e15 {
        return format!("{value}");
    }
    if value.abs() >= 100.0 {
        format!("{value:.0}")
    } else {
        format!("{value:.3}")
    }
}
