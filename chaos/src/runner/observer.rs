//! Reads probes: from Prometheus, and from the service itself.

use std::time::Duration;

use jiff::Timestamp;
use outcome::{Failure, OrFail};
use slo::prometheus;

use crate::experiment::{Probe, Source};
use crate::journal::{Activity, SteadyState};

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
    activity: Activity,
}

impl Reading {
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
        let holds = value
            .as_ref()
            .is_ok_and(|value| probe.tolerance.accepts(*value));
        let expected = format!("expected {}", probe.tolerance);
        let activity = Activity {
            name: probe.name.clone(),
            kind: "probe".to_owned(),
            start,
            end: Timestamp::now(),
            status: if value.is_ok() { "succeeded" } else { "failed" }.to_owned(),
            output: value.as_ref().ok().copied(),
            tolerance_met: value.is_ok().then_some(holds),
            detail: value.as_ref().err().cloned().unwrap_or(expected),
        };
        Reading {
            name: probe.name.clone(),
            value,
            holds,
            activity,
        }
    }

    /// Reads all probes, one after the other.
    pub(crate) async fn read_all(&self, probes: &[Probe]) -> Vec<Reading> {
        let mut readings = Vec::with_capacity(probes.len());
        for probe in probes {
            readings.push(self.read(probe).await);
        }
        readings
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
